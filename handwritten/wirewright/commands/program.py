"""Typer apps made from a table of commands."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import typer

from wirewright.commands import output
from wirewright.commands.takes import taken
from wirewright.commands.views import view_of

Row = Mapping[str, Any]
Client = Callable[[Any], AbstractContextManager[Any]]
"""Opens a client with the settings of the invocation."""


@dataclass(frozen=True)
class Program:
    """A table of commands, and what it takes to run them.

    `home`: the package whose modules hold the functions that are named `module:function`. Their first parameter may be
    `client` or `config`, and they may answer a pair: the answer, and more values for the view. `clients`: by the key
    `client` of a group or a command, opened with the settings (`ctx.obj`, which says the `output_format`). `areas`: the
    class of a client's area, where the methods' arguments are looked up. `errors`: what ends a command with one line.
    `minimum`: the least that numbers may be, by parameter.
    """

    table: Mapping[str, Row]
    home: str
    clients: Mapping[str, Client]
    areas: Callable[[str], type]
    errors: tuple[type[Exception], ...] = ()
    minimum: Mapping[str, float] = field(default_factory=dict[str, float])

    def app(self, group: str) -> typer.Typer:
        """The app of a group, with nested groups as the commands' paths name them."""
        said = self.table[group]
        client = self.clients[said.get("client", "")]
        apps = {(): new_app(said["help"])}
        for path, row in self.table[said.get("same", group)]["commands"].items():
            *groups, name = path.split()
            for depth in range(1, len(groups) + 1):
                above = tuple(groups[:depth])
                if above not in apps:
                    apps[above] = new_app(f"{above[-1].replace('-', ' ').capitalize()}.")
                    apps[above[:-1]].add_typer(apps[above], name=above[-1])
            apps[tuple(groups)].command(name)(self._command(self.row(row), client))
        return apps[()]

    def row(self, row: Row) -> Row:
        """A command with what it has from the one that it is `as`."""
        if "as" not in row:
            return row
        group, _, path = row["as"].partition(" ")
        return {**self.row(self.table[group]["commands"][path]), **row}

    def named(self, place: str) -> Callable[..., Any]:
        """The function at `module:function`."""
        module, _, name = place.partition(":")
        found: Callable[..., Any] = getattr(importlib.import_module(f"{self.home}.{module}"), name)
        return found

    def _command(self, row: Row, client: Client) -> Callable[..., None]:
        place: str = row["call"]
        call = self.named(place) if ":" in place else self.declared(place)
        docs = inspect.getdoc(self.named(row["by"])) if "by" in row else None
        arguments = taken(row.get("takes", ""), call, self.minimum, docs=docs or "")
        perform = self._performer(row, self.clients[row["client"]] if "client" in row else client)
        view = view_of(row, self.named)

        def command(ctx: typer.Context, **given: Any) -> None:
            if not given.pop("yes", True):
                typer.confirm(row["asks"].format(**given), abort=True)
            values = {argument.target: argument.value(given[argument.name]) for argument in arguments}
            known = {**given, **values}
            values.pop(row.get("document", ""), None)
            answer, more = _paired(perform(ctx.obj, {**values, **row.get("fixed", {})}))
            if view is not None:
                view.show(answer, ctx.obj.output_format, {**known, **more})

        command.__doc__ = row.get("help") or (inspect.getdoc(call) or "").partition("\n")[0]
        parameters = [argument.parameter for argument in arguments]
        return _typed(self.guarded(command), [*parameters, _YES] if "asks" in row else parameters)

    def _performer(self, row: Row, client: Client) -> Callable[[Any, dict[str, Any]], Any]:
        """What runs a command with its settings and values."""
        place: str = row.get("by") or row["call"]
        if ":" not in place:
            area, _, method = place.partition(".")
            return lambda config, values: _opened(client(config), lambda c: getattr(getattr(c, area), method)(**values))
        function = self.named(place)
        first = next(iter(inspect.signature(function).parameters), "")
        if first == "client":
            return lambda config, values: _opened(client(config), lambda c: function(c, **values))
        if first == "config":
            return lambda config, values: function(config, **values)
        return lambda config, values: function(**values)

    def declared(self, place: str) -> Callable[..., Any]:
        """The function that builds a call's request: it has the call's parameters and help."""
        area, _, method = place.partition(".")
        found = inspect.getattr_static(self.areas(area), method)
        build: Callable[..., Any] = getattr(found, "build", None) or getattr(found, "steps", found)
        return build

    def guarded(self, function: Callable[..., None]) -> Callable[..., None]:
        """Errors of the server, of files and of their content are one line on stderr and exit status 1."""
        expected: tuple[type[Exception], ...] = (*self.errors, OSError, ValueError)

        @functools.wraps(function)
        def guard(*args: Any, **kwargs: Any) -> None:
            try:
                function(*args, **kwargs)
            except expected as error:
                output.failure(str(error))
                raise typer.Exit(1) from None

        return guard


def new_app(help: str) -> typer.Typer:
    """An app without rich help, so that nothing heavy is imported to show it."""
    return typer.Typer(help=help, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def _paired(answer: Any) -> tuple[Any, dict[str, Any]]:
    """An answer, and more values for the view."""
    return cast("tuple[Any, dict[str, Any]]", answer) if type(answer) is tuple else (answer, {})


def _opened(client: AbstractContextManager[Any], use: Callable[[Any], Any]) -> Any:
    with client as opened:
        return use(opened)


_CONTEXT = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
_YES = inspect.Parameter(
    "yes",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")],
)


def _typed(function: Callable[..., None], taken: list[inspect.Parameter]) -> Callable[..., None]:
    """The function with the signature that Typer reads."""
    parameters = [_CONTEXT, *taken]
    attributes: dict[str, Any] = vars(function)
    attributes["__signature__"] = inspect.Signature(parameters)
    attributes.pop("__wrapped__", None)
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return function
