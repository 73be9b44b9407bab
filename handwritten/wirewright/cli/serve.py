"""`wirewright serve`: a sandbox server in the terminal."""

from __future__ import annotations

import asyncio
import errno
import inspect
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from wirewright.cli import complete
from wirewright.cli.report import MISSING, CliError, Format, FormatOption, out

if TYPE_CHECKING:
    from wirewright.sandbox import Exchange, Rules, Sandbox


def run(
    what: Annotated[
        str,
        typer.Argument(
            metavar="PROTOCOL|FILE", help="An installed protocol, or any spec file.", autocompletion=complete.protocols
        ),
    ],
    *,
    version: Annotated[str | None, typer.Option(help="Version of the protocol; its default otherwise.")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="0 picks a free one.", show_default="8080, or the protocol's own"),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    data: Annotated[str | None, typer.Option(help="File or database URL that keeps the state.")] = None,
    chaos: Annotated[str, typer.Option(help="Faults, such as 'latency=50ms±20ms,reset=1%,status=503:2%,seed=7'.")] = "",
    seed: Annotated[int | None, typer.Option(help="Makes ids and faults the same each time.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check the answers against the spec, too.")] = False,
    security: Annotated[
        bool, typer.Option("--security", help="Refuse requests without the documented credentials.")
    ] = False,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="NAME=VALUE", help="An option of the rules; may be repeated."),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Short for --option profile=...")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not list the requests.")] = False,
    form: FormatOption = Format.text,
) -> None:
    """Serve a protocol, or any spec, as a sandbox.

    What has no rule is answered from the spec's examples. The control surface is under /_sandbox: state, reset, faults,
    requests with their verdicts.
    """
    log = _Log(form)
    sandbox = _sandbox(
        what,
        version,
        [*(option or []), *([f"profile={profile}"] if profile else [])],
        port=port,
        host=host,
        data=data,
        chaos=chaos,
        seed=seed,
        verify=verify,
        security=security,
        seen=None if quiet else log.line,
    )
    with _listening(host, port):
        asyncio.run(_serve(sandbox, lambda: log.tell(lambda: _announce(sandbox, form))))


@contextmanager
def _listening(host: str, port: int | None) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES}:
            raise
        where = host if port is None else f"{host}:{port}"
        reason = os.strerror(error.errno).lower()
        raise CliError(reason, place=where, hint="--port 0 takes a port that is free", code=MISSING) from None


def _sandbox(what: str, version: str | None, options: list[str], **settings: Any) -> Sandbox:
    from wirewright.protocols import find_protocol
    from wirewright.sandbox import Rules, Sandbox
    from wirewright.sandbox.faults import parse_faults
    from wirewright.sandbox.loading import load_document

    try:
        parse_faults(settings["chaos"])
    except ValueError as error:
        raise CliError(str(error), place="--chaos") from None
    if _is_file(what):
        if version is not None:
            raise CliError("a file has no --version to choose")
        settings["port"] = 8080 if settings["port"] is None else settings["port"]
        return Sandbox(document=load_document(Path(what)), **settings, **parse_options(Rules, options))
    protocol = find_protocol(what)
    if settings["port"] is None:
        settings["port"] = protocol.port
    chosen = protocol.version(version)
    return Sandbox(what, chosen, **settings, **parse_options(protocol.rules(chosen), options))


def _is_file(what: str) -> bool:
    return "/" in what or "\\" in what or Path(what).suffix in {".json", ".yaml", ".yml"} or Path(what).is_file()


def parse_options(rules: type[Rules], given: list[str]) -> dict[str, Any]:
    """`name=value` texts as the keyword arguments of the rules' `setup`, by the types that it declares."""
    parameters = inspect.signature(rules.setup, eval_str=True).parameters
    known = {name: p.annotation for name, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.replace("-", "_")
        if not equals or name not in known:
            there = ", ".join(known) or "none"
            raise CliError(f"there is no option {name!r}; the rules have: {there}", place="--option")
        found[name] = _typed(name, value, known[name])
    return found


def _typed(name: str, text: str, wanted: Any) -> Any:
    kinds = set(get_args(wanted)) or {wanted}
    if bool in kinds and text.lower() in {"true", "yes", "on", "1", "false", "no", "off", "0"}:
        return text.lower() in {"true", "yes", "on", "1"}
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                continue
    if str in kinds or wanted in {Any, inspect.Parameter.empty}:
        return text
    raise CliError(f"{text!r} is no value for {name}", place="--option")


async def _serve(sandbox: Sandbox, announce: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    async with sandbox:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, ended.set)
            except NotImplementedError:  # Windows: Ctrl-C raises KeyboardInterrupt instead
                break
        announce()
        await ended.wait()


def _announce(sandbox: Sandbox, form: Format) -> None:
    app = sandbox.app
    if form is Format.json:
        about = {"url": sandbox.url, "title": app.document.title, "version": sandbox.version}
        print_line({"serving": about | {"rules": len(app.ruled), "from_spec": len(app.unruled)}})
        return
    from rich.markup import escape

    console = out()
    console.print(f"[bold]{escape(app.document.title)}[/] {escape(sandbox.version)} on [bold cyan]{sandbox.url}[/]")
    answered = f"{len(app.ruled)} operations by rules, {len(app.unruled)} from the spec's examples"
    console.print(f"[dim]{answered} · look at it in a browser: {sandbox.url}/_sandbox/page · Ctrl-C stops[/]")
    if sandbox.faults.faults:
        kinds = ", ".join(fault.kind for fault in sandbox.faults.faults)
        console.print(f"[yellow]chaos: {kinds}, seed {sandbox.faults.seed}[/]")


def print_line(value: Any) -> None:
    """One JSON value on one line."""
    import json

    sys.stdout.write(json.dumps(value, separators=(",", ":"), default=str) + "\n")
    sys.stdout.flush()


class _Log:
    """One line for each exchange, as long as somebody reads them."""

    def __init__(self, form: Format) -> None:
        self._form = form
        self._console = out()
        self._read = True

    def line(self, exchange: Exchange) -> None:
        self.tell(lambda: self._print(exchange))

    def tell(self, write: Callable[[], None]) -> None:
        """Never raises for what is wrong with the terminal: the server goes on."""
        if not self._read:
            return
        try:
            write()
        except (OSError, SystemExit):  # `wirewright serve sbn | head`; rich makes the latter of a broken pipe
            self._read = False
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _print(self, exchange: Exchange) -> None:
        if self._form is Format.json:
            print_line({"exchange": exchange.to_json()})
            return
        from rich.markup import escape

        status = exchange.status
        colour = "dim" if status is None else "green" if status < 400 else "yellow" if status < 500 else "red"
        shown = str(status) if status else "cut"
        by = exchange.answered_by or exchange.faults
        line = f"[{colour}]{shown:>4}[/] {exchange.method:6} {escape(exchange.shown_target)} [dim]{escape(by)}[/]"
        problems = [*exchange.request_problems, *exchange.answer_problems]
        if problems:
            line += f" [yellow]{escape(str(problems[0]))}[/]"
        self._console.print(line)
