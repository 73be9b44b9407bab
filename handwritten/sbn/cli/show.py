"""What commands print beyond tables and facts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from wirewright.commands import output
from wirewright.commands.views import Facts, Given, Rows
from wirewright.records import listed, mapped

Answer = dict[str, Any]
CSK = {"S": "Structure", "H": "Homeostasis", "D": "Diversity", "R": "Resources", "E": "Exchange"}
LEDGER = Rows(
    "index kind id subject_kind=subject_ref.kind subject_id=subject_ref.id", at="proof_ledger", quiet="id", said=""
)
LEDGER_HEAD = Facts(
    {
        "Proof Surface*": "proof_surface_id",
        "Terminal Kind*": "proof_chain.terminal_proof_kind",
        "Entries": "#proof_ledger",
    },
    said="Proof ledger of {block_id}",
)
CALIBRATED = Facts(
    {
        "Regime": "regime",
        "Metallic": "metallic_label",
        "Lambda": "lambda_score",
        "Observations": "observations",
        "Version": "version_tag",
    }
)
TEMPLATE = Facts(
    {
        "Name": "name",
        "Domain": "domain",
        "Version": "version",
        "Nodes": "#nodes",
        "Edges": "#edges",
        "Linked workflow_id*": "metadata.workflow_id",
    }
)
IMPORTED = Facts({"Source": "$source", "State*": "state?draft"}, quiet="workflow_id|id", said="Imported as {id}")
BUNDLED = Facts(
    {"Source": "$source", "Imported*": "imported|count", "Activated": "$activate"},
    quiet="imported|count",
    said="Imported a bundle",
)
QUEUE = Rows("suggestion_id branch_kind reason subject predicate fact_count=#fact_ids", at="review_queue", said="")


def proof_ledger(value: Answer, form: str, given: Given) -> None:
    """A proof ledger: what it proves, then its entries."""
    if form not in {"json", "quiet"}:
        LEDGER_HEAD.show(value, form, given)
    LEDGER.show(value, form, given)


def receipt_ledger(receipt: Answer) -> None:
    """A receipt's proof ledger, when it has one."""
    if receipt.get("proof_ledger"):
        LEDGER.show(receipt, "table", {})


def approvals(proposal: Answer) -> None:
    """How many approvals a proposal has and needs."""
    said = f"{proposal.get('approvals_received', '?')}/{proposal.get('approvals_required', '?')}"
    output.echo_fields([("Approvals", said, False)])


def proposal(value: Answer) -> None:
    """A proposal's approvals and text."""
    approvals(value)
    if description := output.pick(value, "document.description"):
        typer.echo(f"\n{description}")


def fact(value: Answer) -> None:
    """A fact's text, claims and entities."""
    if value.get("text"):
        typer.echo(f"\nText:\n  {value['text']}")
    for name in ("claims", "entities"):
        if value.get(name):
            typer.echo(f"\n{name.capitalize()}:")
            for item in value[name]:
                typer.echo(f"  - {item if isinstance(item, str) else output.pick(item, 'text|name|claim')}")


def queue(answer: Answer) -> None:
    """The review queue."""
    QUEUE.show(answer, "table", {})


def bars(csk: dict[str, float] | None) -> None:
    """CSK dimensions as bars of ten, on stderr."""
    if not csk:
        return
    typer.echo("\nCSK:")
    for name, label in CSK.items():
        value = float(csk.get(name) or 0)
        filled = int(value * 10)
        colour = typer.colors.RED if value < 0.45 else typer.colors.YELLOW if value < 0.65 else typer.colors.GREEN
        typer.secho(f"  {label:<12} {'#' * filled}{'.' * (10 - filled)} {value:.2f}", fg=colour, err=True)


def guidance(answer: Answer) -> None:
    """What a frontier's dimensions suggest."""
    bars(answer.get("csk"))
    if answer.get("regime_guidance"):
        typer.echo(f"\nGuidance: {answer['regime_guidance']}")
    for hint in listed(answer, "intervention_hints"):
        mark = "!" if hint.get("severity") == "critical" else "~"
        score = output.pick(hint, "score:.2f")
        typer.echo(f"  {mark} [{hint.get('severity')}] {hint.get('dimension')}={score}: {hint.get('message')}")


def frontiers(answer: Answer) -> None:
    """The frontiers that a key may use."""
    if answer.get("effective_frontiers"):
        typer.echo("\n  Effective frontiers:")
        for frontier in answer["effective_frontiers"]:
            typer.echo(f"    {frontier}")


def registered(app: Answer, form: str, given: Given) -> None:
    """A new app, its secret among it."""
    if form == "json":
        output.echo_json(app)
        return
    output.success(f"{given['name']} is registered as {app.get('app_id')}")
    typer.echo(f"\n  Client ID:     {app.get('client_id')}")
    typer.echo(f"  Client Secret: {app.get('client_secret')}  (shown once: keep it)")
    typer.echo("\n  Bindings:")
    for binding in listed(app, "bindings"):
        typer.echo(f"    {binding.get('workflow')} -> {binding.get('frontier')}")
    typer.echo("\n  Workflow specs:")
    for spec in listed(app, "workflow_specs"):
        said = ",".join(listed(spec, "event_types")) or "(none)"
        typer.echo(
            f"    {spec['workflow']}: frontier={spec.get('frontier_id')} pulse={spec.get('pulse_type')} events={said}"
        )
    typer.echo(f"\n  Next: sbn atlas token --client-id {app.get('client_id')}")


def token(answer: Answer, form: str, given: Given) -> None:
    """A token."""
    if form == "json":
        output.echo_json(answer)
    elif form == "quiet":
        output.echo_quiet(answer["access_token"])
    else:
        output.success(f"A token for {answer.get('expires_in')} seconds")
        typer.echo(f"  Bearer: {answer['access_token']}")


def env(answer: Answer | str, form: str, given: Given) -> None:
    """An app's configuration, as text or JSON."""
    if isinstance(answer, str):
        typer.echo(answer, nl=False)
    else:
        output.echo_json(answer)


def tree(answer: Answer, form: str, given: Given) -> None:
    """Frontiers by app family."""
    if form == "json":
        output.echo_json(answer)
        return
    families: dict[str, list[Answer]] = {}
    for frontier in listed(answer, "frontiers"):
        families.setdefault(frontier.get("app_family") or "other", []).append(frontier)
    for family, members in sorted(families.items()):
        typer.echo(family)
        for frontier in sorted(members, key=lambda member: str(member.get("canonical_path"))):
            path = str(frontier.get("canonical_path")).removeprefix(f"{family}.")
            facts = [frontier.get("frontier_kind") or "frontier"]
            facts += [f"C_max={frontier['c_max']}"] if frontier.get("c_max") is not None else []
            facts += [frontier["metallic_label"]] if frontier.get("metallic_label") else []
            typer.echo(f"  {path}{' *' if frontier.get('frontier_kind') == 'scoring' else ''} ({', '.join(facts)})")


def segments(report: Answer) -> None:
    """What is missing most, and where."""
    summary = mapped(report, "summary")
    for title, name in (("Status", "status_counts"), ("Missing", "missing_dimension_counts")):
        ranked = sorted(mapped(summary, name).items(), key=lambda item: -item[1])[:6]
        if ranked:
            typer.echo(f"  {title}: {', '.join(f'{key}={count}' for key, count in ranked)}")
    columns = "frontier_id event_type source_app weak_rate weak_events missing_dims=sample_missing_dimensions:,"
    Rows(columns, at="weak_segments", said="").show(report, "table", {})


def calibration(answer: Answer, form: str, given: Given) -> None:
    """A frontier's new ceiling, or every frontier's."""
    if form == "json":
        output.echo_json(answer)
    elif given["frontier"]:
        output.success(f"Calibrated {answer.get('frontier')}")
        typer.echo(f"\n  C_max         {answer.get('previous_cmax')} -> {answer.get('c_max')}")
        output.echo_fields(CALIBRATED.fields(answer, given))
        bars(answer.get("csk"))
    else:
        results = listed(answer, "results")
        output.success(f"Calibrated {len(results)} frontiers")
        for result in results:
            typer.echo(f"  {result['frontier']}: {result['previous_cmax']} -> {result['c_max']} ({result['regime']})")


def attached(answer: Answer, form: str, given: Given) -> None:
    """What was bound to a card's frontier."""
    if form == "json":
        output.echo_json(answer)
    elif form == "quiet":
        output.echo_quiet(answer["card_ref"])
    else:
        output.success(f"{answer['card_ref']} is attached to {answer['app_id']}")
        Rows("workflow frontier pulse", at="workflows", said="").show(answer, form, given)
        Rows("key_id prefix", at="bound_keys", said="").show(answer, form, given)


def imported(answer: Answer, form: str, given: Given) -> None:
    """An imported workflow, or a bundle of them."""
    (BUNDLED if given["bundled"] else IMPORTED).show(answer, form, given)


def template(built: Answer, form: str, given: Given) -> None:
    """A template; into a file when one is named. Quiet output knows only the file."""
    path: Path | None = given["output_path"]
    if path:
        path.write_text(json.dumps(built, indent=2, default=str) + "\n", encoding="utf-8")
    if form == "json":
        output.echo_json(built)
    elif form == "quiet" and path:
        output.echo_quiet(path)
    else:
        output.success(f"Template of {given['workflow_id']}")
        output.echo_fields([("Output", path, False)] if path else TEMPLATE.fields(built, given))
