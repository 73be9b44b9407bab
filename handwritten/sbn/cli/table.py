"""Commands as rows: a path, the call it makes, its arguments in brief, and how its answer is shown.

    Row("leases list", "acp.list_leases", "project_id --state --limit=20", Rows("lease_id state ...", at="leases"))

Arguments in brief, mapped to the call's parameter of the same name: `name` is positional, `--name` an option; then in
this order
`:parameter` renames, `,` splits at commas, `@` reads JSON from a file (or stdin with `-`), `*` may be repeated, `!`
must be given, `=v`
sets the default. Types and help come from the call.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Protocol, cast

import typer
from wirewright.calls import is_array

from sbn.cli import output
from sbn.cli._config import SbnCliConfig, get_agent_client, get_sbn_client

_BRIEF = re.compile(
    r"(?P<dash>--)?(?P<name>[\w-]+)(?P<off>/--[\w-]+)?(?::(?P<to>\w+))?(?P<marks>[,@*!]*)(?:=(?P<default>.*))?"
)
_TYPES: dict[str, type] = {"int": int, "float": float, "bool": bool}
_HELP = re.compile(r"^    (\w+): (.*)$", re.MULTILINE)
AT_LEAST = {"limit": 1, "offset": 0, "limit_per_lane": 1, "disk_gb": 10, "gpu_count": 0, "vcpus": 1, "ram_gb": 1}


@dataclass(frozen=True)
class Rows:
    """A list, as a table. `columns`: names, or `name=place` (see `output.pick`). `at`: where in the answer the list is.

    `wrap`: the member that holds the list in JSON, when the call answers a bare list. `blanks`: quiet output keeps
    empty ids.
    """

    columns: str
    at: str = ""
    wrap: str = ""
    quiet: str = ""
    said: str = "{count} found"
    blanks: bool = False

    def show(self, value: Any, form: str, given: dict[str, Any]) -> None:
        items = value if is_array(value) else self._items(value)
        names = [(name, place or name) for name, _, place in (c.partition("=") for c in self.columns.split())]
        if form == "json":
            output.echo_json({self.wrap: value} if self.wrap and isinstance(value, list) else value)
        elif form == "quiet" and self.quiet:
            ids = [output.pick(item, self.quiet) or "" for item in items]
            output.echo_quiet([identity for identity in ids if identity or self.blanks])
        else:
            if self.said:
                output.success(self.said.format(count=len(items), value=value, **given))
            table = [[output.pick(item, place) for _, place in names] for item in items]
            output.echo_table([name.partition(":")[0] for name, _ in names], table)

    def _items(self, value: Any) -> list[Any]:
        for place in self.at.split("|"):
            found = output.pick(value, place)
            if is_array(found):
                return found
        return []


@dataclass(frozen=True)
class Facts:
    """One thing, as lines of label and value: `"State*=state; Trust=trust_score:.4f"`; `*` highlights.

    `also`: prints what the lines do not hold. `json`: what the JSON form has instead of the answer.
    """

    lines: str
    quiet: str = ""
    said: str = ""
    also: Callable[[Any], None] | None = None
    json: Callable[[Any], Any] | None = None

    def show(self, value: Any, form: str, given: dict[str, Any]) -> None:
        if form == "json":
            output.echo_json(self.json(value) if self.json else value)
        elif form == "quiet" and self.quiet:
            found = output.pick(value, self.quiet)
            output.echo_quiet(given.get(self.quiet, "") if found is None else found)
        else:
            identity = output.pick(value, self.quiet) if self.quiet else None
            if self.said:
                output.success(self.said.format(value=value, id=identity, **given))
            output.echo_fields(self.fields(value, given))
            if self.also:
                self.also(value)

    def fields(self, value: Any, given: dict[str, Any]) -> list[tuple[str, Any, bool]]:
        found: list[tuple[str, Any, bool]] = []
        for line in self.lines.split("; "):
            label, _, place = line.partition("=")
            shown = given.get(place[1:]) if place.startswith("$") else output.pick(value, place)
            found.append((label.rstrip("*"), shown, label.endswith("*")))
        return found


class View(Protocol):
    """How an answer is shown. `given`: the values of the command's arguments."""

    def show(self, value: Any, form: str, given: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Row:
    """One command."""

    path: str
    call: str
    arguments: str
    view: View
    help: str = ""
    fixed: dict[str, Any] = field(default_factory=dict[str, Any])


# Building Typer apps ------------------------------------------------------------------------------------------------


def new_app(help: str) -> typer.Typer:
    """An app without rich help, so that nothing heavy is imported to show it."""
    return typer.Typer(help=help, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


class Group:
    """An app with nested groups that are made as paths name them."""

    def __init__(self, help: str, *, agent: bool = False, groups: dict[str, str] | None = None) -> None:
        self.app = new_app(help)
        self._agent = agent
        self._help = groups or {}
        self._apps: dict[tuple[str, ...], typer.Typer] = {(): self.app}

    def at(self, path: Sequence[str]) -> typer.Typer:
        """The app of a group."""
        key = tuple(path)
        if key not in self._apps:
            name = " ".join(key)
            self._apps[key] = new_app(self._help.get(name, f"{key[-1].replace('-', ' ').capitalize()}."))
            self.at(key[:-1]).add_typer(self._apps[key], name=key[-1])
        return self._apps[key]

    def add(self, *rows: Row) -> None:
        """Commands from rows."""
        for row in rows:
            *groups, name = row.path.split()
            self.at(groups).command(name, help=row.help or None)(_function(row, agent=self._agent))

    def command(self, path: str, **options: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """A command written by hand; its first parameter is the context. API errors end it with one line."""
        *groups, name = path.split()

        def register(function: Callable[..., None]) -> Callable[..., None]:
            self.at(groups).command(name, **options)(guarded(function))
            return function

        return register

    def client(self, ctx: typer.Context) -> Any:
        """The client of this group."""
        return get_agent_client(ctx.obj) if self._agent else get_sbn_client(ctx.obj)


def guarded(function: Callable[..., None]) -> Callable[..., None]:
    """Errors of the network, of files and of their content are one line on stderr and exit status 1."""

    @functools.wraps(function)
    def guard(*args: Any, **kwargs: Any) -> None:
        from sbn.errors import SbnError, SbnTransportError

        try:
            function(*args, **kwargs)
        except (SbnError, SbnTransportError, OSError, ValueError) as error:
            output.failure(str(error))
            raise typer.Exit(1) from None

    return guard


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


def form_of(ctx: typer.Context) -> str:
    """The output format."""
    config: SbnCliConfig = ctx.obj
    return config.output_format


@dataclass
class _Option:
    """One argument in brief, read."""

    name: str
    target: str
    parameter: inspect.Parameter
    csv: bool
    json: bool
    help: str

    def value(self, given: Any) -> Any:
        if self.json:
            return read_json(given) if given else None
        if self.csv:
            return split_list(given) or None
        return list(cast("tuple[object, ...]", given)) if isinstance(given, tuple) else given


def _options(brief: str, call: Callable[..., Any]) -> list[_Option]:
    known = inspect.signature(call).parameters
    helps = dict(_HELP.findall(inspect.getdoc(call) or ""))
    return [_option(match, known, helps) for match in map(_BRIEF.fullmatch, brief.split()) if match]


def _option(match: re.Match[str], known: Any, helps: dict[str, str]) -> _Option:
    flag = match["name"].replace("-", "_")
    target, marks = match["to"] or flag, match["marks"]
    source = known.get(target)
    annotation = str(source.annotation) if source is not None else "str"
    kind: Any = str if set(marks) & {",", "@"} else _TYPES.get(annotation.removesuffix(" | None"), str)
    missing = source is None or source.default is inspect.Parameter.empty
    default: Any = None if source is None or missing else source.default
    if match["default"] is not None:
        default = kind(match["default"])
    if not match["dash"]:
        many = "*" in marks
        info: Any = typer.Argument(help=helps.get(target))
        annotated: Any = Annotated[list[kind] if many else kind, info]
        default = inspect.Parameter.empty
    else:
        names = f"--{match['name']}{match['off'] or ''}"
        info = typer.Option(names, help=helps.get(target), min=AT_LEAST.get(target) if kind in {int, float} else None)
        if "*" in marks:
            annotated, default = Annotated[list[kind], info], []
        else:
            annotated = Annotated[kind if default is not None else kind | None, info]
        if "!" in marks:
            annotated, default = Annotated[kind, info], inspect.Parameter.empty
    parameter = inspect.Parameter(flag, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotated)
    return _Option(flag, target, parameter, "," in marks, "@" in marks, helps.get(target, ""))


def _function(row: Row, *, agent: bool) -> Callable[..., None]:
    space, _, method = row.call.partition(".")
    call = _declared(space, method)
    options = _options(row.arguments, call)

    def command(ctx: typer.Context, **given: Any) -> None:
        values = {option.target: option.value(given[option.name]) for option in options}
        client = get_agent_client(ctx.obj) if agent else get_sbn_client(ctx.obj)
        with client:
            answer = getattr(getattr(client, space), method)(**values, **row.fixed)
        row.view.show(answer, form_of(ctx), {**given, **values})

    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    parameters = [context, *(option.parameter for option in options)]
    command.__doc__ = row.help or (inspect.getdoc(call) or "").partition("\n")[0]
    guard = guarded(command)
    guard.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    guard.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del guard.__wrapped__  # type: ignore[attr-defined]
    return guard


def _declared(space: str, method: str) -> Callable[..., Any]:
    """The function that builds a call's request: it has the call's parameters and help."""
    import importlib

    from sbn._clients import NAMESPACES

    module, kind = NAMESPACES[space]
    found = inspect.getattr_static(getattr(importlib.import_module(f"sbn.{module}"), kind), method)
    build: Callable[..., Any] = getattr(found, "build", None) or getattr(found, "steps", found)
    return build
