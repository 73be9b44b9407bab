"""`[tool.wirewright]` of a `pyproject.toml` as targets. Every key is also an option of the command line.

[tool.wirewright]
out = "generated"                       # defaults for all packages

[[tool.wirewright.packages]]
spec = "specs/syncropel/0.7"
package = "syncropel_api.v0_7"
models = "msgspec"
"""

from __future__ import annotations

import keyword
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from wirewright_codegen.earlier import with_earlier
from wirewright_codegen.targets import FLAVOURS, Target

_PATHS = frozenset({"out", "root", "cache"})
_FLAGS = frozenset({"cli", "prune", "allow_remote", "allow_loss", "changelog", "share"})
_IMPORTED = frozenset({"attr", "attrs", "httpx", "msgspec", "pydantic", "typer", "wirewright", "wirewright_codegen"})
_KEYS = frozenset(field.name for field in fields(Target)) - {"earlier"}


class ConfigError(ValueError):
    """`[tool.wirewright]` is not what it should be; the message names the key."""


def load_config(pyproject: Path) -> list[Target]:
    """The targets that a `pyproject.toml` lists, in its order; paths are relative to its folder.

    Raises:
        ConfigError: the file cannot be read, or a key is unknown, missing or of the wrong type.
    """
    try:
        content: dict[str, Any] = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"there is no {pyproject.name} here") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{pyproject.name} cannot be read: {error}") from None
    tool: dict[str, Any] = content.get("tool", {})
    section: dict[str, Any] = _of(tool.get("wirewright", {}), dict, "tool.wirewright", "a table")
    defaults = {key: value for key, value in section.items() if key != "packages"}
    packages: list[Any] = _of(section.get("packages", []), list, "tool.wirewright.packages", "a list of tables")
    for number, package in enumerate(packages):
        _of(package, dict, f"tool.wirewright.packages[{number}]", "a table")
    targets = [
        make_target({**defaults, **package}, pyproject.parent, f"tool.wirewright.packages[{number}]")
        for number, package in enumerate(packages)
    ]
    _refuse_twice(targets)
    return with_earlier(targets)


def make_target(values: Mapping[str, Any], folder: Path, place: str = "tool.wirewright") -> Target:
    """One target out of plain values, from `place`; without one, options of a command line. Raises `ConfigError`."""
    unknown = sorted(set(values) - _KEYS)
    if unknown:
        raise ConfigError(f"{place}: {unknown[0]!r} is no option; there are {', '.join(sorted(_KEYS))}")
    for key in ("spec", "package"):
        if key not in values:
            raise ConfigError(f"{place}: {key!r} is missing")
    given = {key: _value(key, value, folder, _at(place, key)) for key, value in values.items()}
    given.setdefault("out", folder / "generated")
    given.setdefault("cache", folder / ".wirewright" / "cache")
    return Target(**given)


def _at(place: str, key: str) -> str:
    return f"{place}.{key}" if place else f"--{key.replace('_', '-')}"


def _value(key: str, value: Any, folder: Path, place: str) -> Any:
    if key in _FLAGS:
        return _of(value, bool, place, "true or false")
    if key == "pagination":
        return _of(value, dict, place, "a table")
    if key == "overlay":
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        return tuple(folder / _of(item, str, place, "a path or a list of paths") for item in items)
    text: str = _of(value, str, place, "a string")
    if key == "models" and text not in FLAVOURS:
        raise ConfigError(f"{place}: {text!r} is no flavour; there are {', '.join(FLAVOURS)}")
    if key in ("package", "calls"):
        _check_package(text, place)
    if key == "spec":
        return text if text.startswith(("http://", "https://")) else folder / text
    return folder / text if key in _PATHS else text


def _check_package(name: str, place: str) -> None:
    parts = name.split(".")
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
        raise ConfigError(f"{place}: {name!r} is no name of a package")
    if parts[0] in sys.stdlib_module_names or parts[0] in _IMPORTED:
        raise ConfigError(f"{place}: there is already a Python package called {parts[0]}, which it would hide")


def _of(value: Any, kind: type, place: str, words: str) -> Any:
    if not isinstance(value, kind):
        raise ConfigError(f"{place} is not {words}")
    return value


def _refuse_twice(targets: list[Target]) -> None:
    seen: set[Path] = set()
    for target in targets:
        if target.folder in seen:
            raise ConfigError(f"two packages are called {target.package!r}")
        seen.add(target.folder)
