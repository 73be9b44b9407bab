"""Results and errors, for people and for machines."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

NO, USAGE, INPUT, MISSING, DEFECT, INTERRUPTED = 1, 2, 3, 4, 70, 130
_EXTRAS = {
    "uvicorn": "sandbox",
    "jsonschema_rs": "sandbox",
    "wirewright_codegen": "codegen",
    "datamodel_code_generator": "codegen",
    "openapi_python_client": "codegen",
    "jinja2": "codegen",
    "yaml": "codegen",
    "ruff": "codegen",
    "pydantic": "all",
    "jsonpath_rfc9535": "codegen",
    "schemathesis": "contract",
    "hypothesis": "contract",
    "pytest": "contract",
    "mypy": "impact",
    "cryptography": "all",
    "joserfc": "all",
    "rfc8785": "all",
    "http_sfv": "all",
    "jsonschema": "sandbox",
    "sqlalchemy": "sandbox",
    "websockets": "all",
    "cedarpy": "all",
    "croniter": "all",
    "opentelemetry": "telemetry",
    "redis": "outbox-redis",
    "psycopg": "postgres",
}


class Format(StrEnum):
    text = "text"
    json = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="For people, or one JSON value for machines.")]


class CliError(Exception):
    """An error in one clear sentence. `place` is where in the input; `hint` what to do about it."""

    def __init__(self, message: str, *, place: str | None = None, hint: str | None = None, code: int = INPUT) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint
        self.code = code


def out() -> Console:
    """The terminal, for results."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """The terminal, for progress and errors."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=not sys.stderr.isatty())


def show(result: Any, form: Format, as_text: Callable[[Console], None]) -> None:
    """Prints a result: the JSON value, or what `as_text` writes."""
    if form is Format.json:
        print_json(result)
    else:
        as_text(out())


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def explain(error: Exception, *, as_json: bool) -> int:
    """Says what went wrong in one sentence, with the place, and answers the exit code."""
    told = _told(error)
    if as_json:
        print_json({"error": {"message": told.message, "place": told.place, "hint": told.hint, "code": told.code}})
        return told.code
    console = err()
    from rich.markup import escape

    place = f"{escape(told.place)}: " if told.place else ""
    console.print(f"[bold red]error:[/] {place}{escape(told.message)}")
    if told.hint:
        console.print(f"[dim]{escape(told.hint)}[/]")
    return told.code


def _told(error: Exception) -> CliError:
    from wirewright.protocols import ProtocolError

    if isinstance(error, CliError):
        return error
    if type(error).__module__.startswith("wirewright_codegen"):
        return _of_codegen(error)
    if isinstance(error, ProtocolError):
        return CliError(str(error))
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in _EXTRAS:
        extra = _EXTRAS[(error.name or "").partition(".")[0]]
        return CliError(f"{error.name} is not installed", hint=f"pip install 'wirewright[{extra}]'", code=MISSING)
    if isinstance(error, OSError) and error.strerror:
        code = (
            MISSING
            if error.errno in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL, errno.EROFS, errno.ENOSPC}
            else INPUT
        )
        return CliError(error.strerror.lower(), place=str(error.filename) if error.filename else None, code=code)
    hint = "This is a defect of wirewright, or of a plug-in: --debug shows where."
    return CliError(f"{type(error).__name__}: {error}", hint=hint, code=DEFECT)


def _of_codegen(error: Exception) -> CliError:
    """The generator's errors carry a sentence and a place."""
    reason = getattr(error, "reason", None)
    if reason is None:
        return CliError(str(error))
    place = str(getattr(error, "file", None) or "")
    if getattr(error, "line", None):
        place += f":{getattr(error, 'line', '')}"
    if getattr(error, "pointer", None):
        place += f"#{getattr(error, 'pointer', '')}"
    return CliError(str(reason), place=place or None)
