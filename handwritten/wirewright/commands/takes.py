"""What a command takes, in brief, and the parameters that Typer makes of it.

Arguments are separated by spaces: `name` is positional, `--name` an option. In this order there may follow
`|-n` a short form, `/--off` the opposite of a flag, `:parameter` the parameter it is for where that has another name,
marks, `$NAME` an environment variable, `=value` a default. Marks: `,` splits at commas, `@` reads JSON from a file (or
stdin with `-`), `{` the same but an object only, `*` may be repeated, `!` must be given, `<` is a file to read, `>` one
to write. Types, defaults and help come from the call: from its signature and the `Args:` of its docstring.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import typer

_BRIEF = re.compile(
    r"(?P<dash>--)?(?P<name>\w[\w-]*)(?P<short>\|-\w)?(?P<off>/--[\w-]+)?(?::(?P<to>\w+))?"
    r"(?P<marks>[,@{*!<>]*)(?:\$(?P<env>\w+))?(?:=(?P<default>.*))?"
)
_TYPES: Mapping[str, type] = {"int": int, "float": float, "bool": bool, "Path": Path}
_MARKED = {
    ",": "Comma-separated.",
    "@": "A JSON file, or - for stdin.",
    "{": "A JSON file with an object, or - for stdin.",
    "*": "May be repeated.",
    "<": "A file to read.",
    ">": "Write to this file.",
}
"""The help of what has none of its own."""
_HELP = re.compile(r"^    (\w+): (.*)$", re.MULTILINE)


def read_json(source: str, *, only: type | None = None) -> Any:
    """JSON from a file, or from stdin for `-`. Raises OSError or ValueError."""
    text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{source} is not JSON: {error}") from error
    if only is not None and not isinstance(value, only):
        raise ValueError(f"{source} must hold a JSON object.")
    return value


def split_list(text: str | None) -> list[str]:
    """Comma-separated values, stripped, empty ones dropped."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


@dataclass(frozen=True)
class Taken:
    """One argument: its name on the command line, the parameter of the call it is for, and Typer's parameter."""

    name: str
    target: str
    parameter: inspect.Parameter
    marks: str

    def value(self, given: Any) -> Any:
        """What the call is given."""
        if "@" in self.marks or "{" in self.marks:
            return read_json(given, only=dict if "{" in self.marks else None) if given else None
        if "," in self.marks:
            return None if given is None else split_list(given)
        return list(cast("Sequence[object]", given)) or None if "*" in self.marks else given


def taken(brief: str, call: Callable[..., Any], minimum: Mapping[str, float], *, docs: str = "") -> list[Taken]:
    """What a command takes. Raises ValueError.

    Args:
        brief: all of it, in brief.
        call: where types and defaults come from.
        minimum: the least that numbers may be, by parameter.
        docs: a docstring whose help wins over the call's own.
    """
    known = inspect.signature(call).parameters
    helps = dict(_HELP.findall(f"{inspect.getdoc(call) or ''}\n{docs}"))
    found: list[Taken] = []
    for word in brief.split():
        match = _BRIEF.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r} is no argument in brief")
        found.append(_taken(match, known, helps, minimum))
    return found


def _taken(
    match: re.Match[str],
    known: Mapping[str, inspect.Parameter],
    helps: Mapping[str, str],
    minimum: Mapping[str, float],
) -> Taken:
    flag = match["name"].replace("-", "_")
    target, marks = match["to"] or flag, match["marks"]
    source = known.get(target)
    kind: Any = Path if set(marks) & set("<>") else str if set(marks) & set(",@{") else _kind(source)
    default: Any = source.default if source and isinstance(source.default, int | float | str) else None
    if match["default"] is not None:
        default = kind(match["default"])
    about: dict[str, Any] = {"exists": True, "dir_okay": False} if "<" in marks else {}
    about["help"] = helps.get(target) or next((_MARKED[mark] for mark in marks if mark in _MARKED), None)
    if not match["dash"]:
        several: Any = list[kind] if "*" in marks else kind
        annotated: Any = Annotated[several, typer.Argument(**about)]
        default = inspect.Parameter.empty
    else:
        about |= {"min": minimum.get(target) if kind in {int, float} else None, "envvar": match["env"]}
        names = [f"--{match['name']}{match['off'] or ''}", *([match["short"][1:]] if match["short"] else [])]
        info = typer.Option(*names, **about)
        if "*" in marks:
            annotated, default = Annotated[list[kind], info], []
        elif "!" in marks:
            annotated, default = Annotated[kind, info], inspect.Parameter.empty
        else:
            annotated = Annotated[kind if default is not None else kind | None, info]
    parameter = inspect.Parameter(flag, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotated)
    return Taken(flag, target, parameter, marks)


def _kind(source: inspect.Parameter | None) -> type:
    return _TYPES.get(str(source.annotation).removesuffix(" | None"), str) if source else str
