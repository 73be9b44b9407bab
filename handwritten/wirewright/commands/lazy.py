"""The top of a command line: it lists groups by name, and loads one when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer.core import TyperGroup


class _Commands(dict[str, Any]):
    """Commands by name; those of a group are made when they are asked for."""

    def __init__(self, ready: Mapping[str, Any], groups: Mapping[str, str], load: Callable[[str], typer.Typer]) -> None:
        super().__init__({**ready, **dict.fromkeys(groups)})
        self._load = load

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        if found is None:
            found = self[name] = typer.main.get_command(self._load(name))
            found.name = name
        return found

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if super().__contains__(name) else default

    def items(self) -> Any:
        return {name: self[name] for name in self}.items()

    def values(self) -> Any:
        return {name: self[name] for name in self}.values()


def lazy_group(groups: Mapping[str, str], load: Callable[[str], typer.Typer]) -> type[TyperGroup]:
    """A class for `Typer(cls=...)`. `groups`: the help of each; `load` makes a group's app."""

    class LazyGroup(TyperGroup):
        """Its help needs none of the groups."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = _Commands(self.commands, groups, load)

        def list_commands(self, ctx: Any) -> list[str]:
            return list(self.commands)

        def format_commands(self, ctx: Any, formatter: Any) -> None:
            own = [(name, self.commands[name].help or "") for name in self.commands if name not in groups]
            with formatter.section("Commands"):
                formatter.write_dl([*own, *groups.items()])

    return LazyGroup
