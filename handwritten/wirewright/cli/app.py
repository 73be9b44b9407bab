"""The tree of commands; a command's module is imported when the command, or its help, is asked for."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from wirewright.cli.report import USAGE, CliError

COMMANDS = ("demo", "generate", "check", "diff", "impact", "watch", "serve", "contract", "infer", "new")
"""Each is the function `run` of the module `wirewright.cli.<name>`, in the order of the help."""


_UsageError: Any = typer.BadParameter.__base__


@contextmanager
def _usage() -> Generator[None]:
    """Wrong usage is told as every other error is, as JSON too."""
    try:
        yield
    except _UsageError as error:
        if error.ctx is None or type(error).__name__ == "NoArgsIsHelpError":
            raise
        raise CliError(error.format_message(), hint=f"{error.ctx.command_path} --help", code=USAGE) from None


class LazyGroup(TyperGroup):
    """Knows its commands by name, and loads them one by one."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with _usage():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        with _usage():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            holder = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
            holder.command(cmd_name)(import_module(f"wirewright.cli.{cmd_name}").run)
            self.commands[cmd_name] = get_command(holder)
        return self.commands[cmd_name]


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False)


def _show_version(asked: bool) -> None:
    if asked:
        import wirewright

        typer.echo(f"wirewright {wirewright.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error. Anywhere in the line.")
    ] = False,
) -> None:
    """Specs in, typed clients out, and the last mile written by hand.

    Exit codes: 0 done · 1 the answer is no · 2 wrong usage · 3 an input cannot be used ·
    4 something is missing here · 70 a defect of wirewright · 130 interrupted.
    """
