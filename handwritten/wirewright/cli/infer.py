"""`wirewright infer`: what does a spec lack, by the traffic that was recorded?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirewright.cli import complete
from wirewright.cli.contract import open_spec
from wirewright.cli.report import NO, CliError, Format, FormatOption, out, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from wirewright.contract.document import SpecDocument
    from wirewright.contract.infer.overlay import Sources
    from wirewright.contract.infer.proposals import Proposal
    from wirewright.contract.recording import Traffic

_MARKS = {"adds": "[green]+[/]", "loosens": "[yellow]~[/]"}


def run(
    recording: Annotated[Path, typer.Argument(help="An HTTP Archive (.har): a recorder's, a browser's, a proxy's.")],
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROTOCOL|FILE]",
            help="The spec to compare with; without it a spec is begun.",
            autocompletion=complete.protocols,
        ),
    ] = None,
    *,
    version: Annotated[str | None, typer.Option(help="Version of the protocol; its default otherwise.")] = None,
    url: Annotated[
        str | None,
        typer.Option(help="Base URL of the server; other traffic is passed over.", show_default="the only one"),
    ] = None,
    examples: Annotated[bool, typer.Option("--examples", help="Propose examples for the spec instead.")] = False,
    overlay: Annotated[
        Path | None, typer.Option(help="Write the proposals to this file, as an OpenAPI Overlay (YAML or JSON).")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit code 1 when the spec lacks something.")] = False,
    form: FormatOption = Format.text,
) -> None:
    """Propose what a spec lacks: operations, parameters, answers and members that were seen, rules that were broken.

    Nothing is changed. `wirewright generate --overlay` applies the overlay; `extends` in it says to which document.
    """
    from wirewright.contract.infer import overlay_of, propose
    from wirewright.contract.infer.examples import examples_of
    from wirewright.contract.infer.overlay import Sources

    traffic, base = _traffic(recording, url)
    document = open_spec(what, version) if what else _begun(base)
    proposals = examples_of(document, traffic) if examples else propose(document, traffic)
    file = _file(what, version)
    if overlay is not None:
        _write(overlay, overlay_of(document, proposals, file))
    if form is Format.json:
        found = [proposal.to_json() for proposal in proposals]
        print_json({"exchanges": len(traffic), "proposals": found, "overlay": overlay_of(document, proposals, file)})
    else:
        _print(out(), len(traffic), proposals, Sources.of(document, file))
    if check and proposals:
        raise typer.Exit(NO)


def _traffic(recording: Path, url: str | None) -> tuple[list[Traffic], str]:
    """The exchanges with one server, and its base URL."""
    from wirewright.contract.comparing import of_server, origins
    from wirewright.contract.har import HarError, read_har

    try:
        traffic = read_har(recording)
    except HarError as error:
        raise CliError(str(error)) from None
    known = origins(traffic)
    if url is None and len(known) > 1:
        raise CliError(f"the recording talks to {', '.join(known)}", hint="say which one: --url", code=2)
    base = url or (known[0] if known else "")
    chosen = of_server(traffic, base) if base else traffic
    if not chosen:
        raise CliError(f"the recording has no exchange with {base or 'any server'}", place=recording.name)
    return chosen, base


def _begun(base: str) -> SpecDocument:
    """A spec that says nothing yet."""
    from wirewright.contract.document import SpecDocument

    servers = [{"url": base}] if base else []
    title = base.partition("://")[2] or "Recorded"
    return SpecDocument(
        {"openapi": "3.1.0", "info": {"title": title, "version": "0.1"}, "servers": servers, "paths": {}}
    )


def _file(what: str | None, version: str | None) -> Path | None:
    """The entry file of the spec, where there is one."""
    if what is None:
        return None
    path = Path(what)
    if path.exists():
        return path
    from wirewright.protocols import find_protocol

    return find_protocol(what).spec_file(version)


def _write(path: Path, overlay: dict[str, Any]) -> None:
    if path.suffix == ".json":
        path.write_text(json.dumps(overlay, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return
    import yaml

    path.write_text(yaml.safe_dump(overlay, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")


def _print(console: Console, exchanges: int, proposals: list[Proposal], sources: Sources) -> None:
    from rich.markup import escape

    for operation in dict.fromkeys(proposal.operation for proposal in proposals):
        own = [proposal for proposal in proposals if proposal.operation == operation]
        console.print(f"[bold]{escape(operation)}[/]  [dim]{escape(own[0].example)}[/]")
        for proposal in own:
            where = sources.find(proposal.place)
            place = f"  [dim]{escape(str(where))}[/]" if where else ""
            console.print(f"  {_MARKS[proposal.nature]} {escape(proposal.what)}  [dim]×{proposal.seen}[/]{place}")
    lacks = f"the spec lacks {len(proposals)} things" if proposals else "the spec lacks nothing"
    console.print(f"{lacks}  [dim]{exchanges} exchanges[/]")
