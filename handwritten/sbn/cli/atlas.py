"""`sbn atlas`: apps, keys, bindings, frontiers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sbn._models import listed, mapped
from sbn.cli import output
from sbn.cli._config import get_atlas
from sbn.cli.cards import add_cards
from sbn.cli.specs import pairs, workflow_specs
from sbn.cli.table import Facts, Group, Row, Rows, form_of, split_list

_group = Group("Apps, keys, bindings and frontiers.")
atlas_app = _group.app
AppId = Annotated[str, typer.Argument(help="The app's id.")]
Workflow = Annotated[str, typer.Option("--workflow", "-w", help="The workflow.")]
Text = Annotated[str | None, typer.Option()]
Many = Annotated[list[str], typer.Option(help="May be repeated.")]
CSK = {"S": "Structure", "H": "Homeostasis", "D": "Diversity", "R": "Resources", "E": "Exchange"}


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


def _guidance(answer: dict[str, Any]) -> None:
    bars(answer.get("csk"))
    if answer.get("regime_guidance"):
        typer.echo(f"\nGuidance: {answer['regime_guidance']}")
    for hint in listed(answer, "intervention_hints"):
        mark = "!" if hint.get("severity") == "critical" else "~"
        typer.echo(
            f"  {mark} [{hint.get('severity')}] {hint.get('dimension')}={output.pick(hint, 'score:.2f')}: "
            f"{hint.get('message')}"
        )


def _frontiers(answer: dict[str, Any]) -> None:
    if answer.get("effective_frontiers"):
        typer.echo("\n  Effective frontiers:")
        for frontier in answer["effective_frontiers"]:
            typer.echo(f"    {frontier}")


_group.add(
    Row(
        "apps",
        "atlas.list_apps",
        "",
        Rows(
            "app_name client_id declared_workflows bound_key_count attestation_ready status created_at",
            at="apps",
            said="",
        ),
    ),
    Row(
        "frontiers",
        "atlas.list_frontiers",
        "--family --regime --kind",
        Rows("canonical_path c_max regime metallic_label pulse_type", at="frontiers", said=""),
    ),
    Row(
        "couplings",
        "atlas.list_couplings",
        "--frontier-id --min-strength=0.0",
        Rows("frontier_a_id frontier_b_id coupling_type strength direction", at="couplings", said=""),
    ),
    Row(
        "detect",
        "atlas.detect_couplings",
        "",
        Facts("Detected*=detected", quiet="detected", said="{value[detected]} new couplings"),
    ),
    Row(
        "keys bind",
        "atlas.bind_existing_key",
        "app_id key_id",
        Facts(
            "Key ID*=record.id; Prefix=record.prefix; Plan=record.plan; Attestation Ready*=attestation_ready",
            quiet="record.id",
            said="Key {key_id} bound to {app_id}",
            also=_frontiers,
        ),
    ),
)


@_group.command("resolve")
def resolve(
    ctx: typer.Context,
    workflow: Workflow,
    event_type: Annotated[str | None, typer.Option("--event-type", "-e")] = None,
    frontier_hint: Text = None,
) -> None:
    """Find the frontier that scores a workflow."""
    with _group.client(ctx) as client:
        answer = client.atlas.resolve(workflow=workflow, event_type=event_type, frontier_hint=frontier_hint)
    lines = (
        "Frontier*=scoring_frontier; C_max=c_max; Regime*=regime; Metallic=metallic_label; Lambda=lambda_score; "
        "Steering=steering_layer"
    )
    Facts(lines, quiet="scoring_frontier", said="{id} scores it", also=_guidance).show(answer, form_of(ctx), {})


@_group.command("register")
def register(
    ctx: typer.Context,
    name: Annotated[str, typer.Option("--name", "-n", help="The app's name.")],
    family: Annotated[str, typer.Option("--family", "-f", help="The app's family.")],
    workflows: Annotated[str | None, typer.Option("--workflows", "-w", help="Workflows, comma-separated.")] = None,
    workflow: Many = [],
    workflow_spec: Annotated[list[str], typer.Option(help="A spec as JSON; may be repeated.")] = [],
    workflow_specs_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Specs in a file.")
    ] = None,
    bind: Annotated[list[str], typer.Option(help="workflow=frontier; may be repeated.")] = [],
    pulse: Annotated[list[str], typer.Option(help="workflow=pulse type; may be repeated.")] = [],
    events: Annotated[list[str], typer.Option(help="workflow=a,b; may be repeated.")] = [],
    ttl: Annotated[int, typer.Option(help="Lifetime of tokens, in seconds.")] = 3600,
) -> None:
    """Register an app and its workflows."""
    declared = list(dict.fromkeys([*split_list(workflows), *workflow]))
    specs = workflow_specs(
        declared,
        inline=workflow_spec,
        file=workflow_specs_file,
        bind=pairs(bind, "--bind"),
        pulse=pairs(pulse, "--pulse"),
        events={name: split_list(value) for name, value in pairs(events, "--events").items()},
    )
    if not specs:
        raise ValueError("Name at least one workflow: --workflow, --workflows, or a spec.")
    with _group.client(ctx) as client:
        app = client.atlas.register_app(
            app_name=name,
            app_family=family,
            declared_workflows=declared or [spec["workflow"] for spec in specs],
            workflow_specs=specs,
            token_ttl_seconds=ttl,
        )
    if form_of(ctx) == "json":
        output.echo_json(app)
        return
    output.success(f"{name} is registered as {app.get('app_id')}")
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


@_group.command("token")
def token(
    ctx: typer.Context,
    client_id: Annotated[str, typer.Option(envvar="ATLAS_CLIENT_ID", help="The app's client id.")] = "",
    client_secret: Annotated[str, typer.Option(envvar="ATLAS_CLIENT_SECRET", help="Its secret.")] = "",
) -> None:
    """Exchange an app's credentials for a token."""
    client_id, client_secret = (
        client_id or ctx.obj.atlas_client_id or "",
        client_secret or ctx.obj.atlas_client_secret or "",
    )
    if not client_id or not client_secret:
        raise typer.BadParameter("--client-id and --client-secret are needed")
    with _group.client(ctx) as client:
        answer = client.atlas.exchange_token(client_id=client_id, client_secret=client_secret)
    if form_of(ctx) == "json":
        output.echo_json(answer)
    elif form_of(ctx) == "quiet":
        output.echo_quiet(answer["access_token"])
    else:
        output.success(f"A token for {answer.get('expires_in')} seconds")
        typer.echo(f"  Bearer: {answer['access_token']}")


@_group.command("env")
def env(
    ctx: typer.Context,
    app_id: Annotated[str | None, typer.Option(help="The app's id; without it the Atlas credentials' own.")] = None,
    form: Annotated[str, typer.Option("--format", "-f", help="dotenv or json.")] = "dotenv",
) -> None:
    """Show an app's configuration."""
    if app_id:
        with _group.client(ctx) as client:
            answer = client.atlas.get_env(app_id, format=form)
    else:
        with get_atlas(ctx.obj) as atlas:
            answer = atlas.dotenv() if form == "dotenv" else atlas.get_env(form)
    if isinstance(answer, str):
        typer.echo(answer, nl=False)
    else:
        output.echo_json(answer)


@_group.command("revoke")
def revoke(
    ctx: typer.Context, app_id: AppId, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
) -> None:
    """Revoke an app."""
    if not yes:
        typer.confirm(f"Revoke {app_id}?", abort=True)
    with _group.client(ctx) as client:
        answer = client.atlas.revoke_app(app_id)
    Facts("Status*=status", quiet="app_id", said=f"{app_id} is revoked").show(answer, form_of(ctx), {})


@_group.command("tree")
def tree(ctx: typer.Context) -> None:
    """Show frontiers by app family."""
    with _group.client(ctx) as client:
        answer = client.atlas.list_frontiers()
    if form_of(ctx) == "json":
        output.echo_json(answer)
        return
    families: dict[str, list[dict[str, Any]]] = {}
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


@_group.command("instrumentation")
def instrumentation(
    ctx: typer.Context,
    family: Text = None,
    frontier_id: Text = None,
    event_type: Text = None,
    source_app: Text = None,
    window_days: Annotated[int, typer.Option(help="How far to look back, in days.")] = 14,
    only_weak: Annotated[bool, typer.Option("--only-weak/--all", help="Only segments with weak events.")] = True,
    limit: Annotated[int, typer.Option(help="At most this many segments.")] = 10,
) -> None:
    """Show how well events are instrumented."""
    with get_atlas(ctx.obj) as atlas:
        report = atlas.get_instrumentation_report(
            family=family,
            frontier_id=frontier_id,
            event_type=event_type,
            source_app=source_app,
            window_days=window_days,
            only_weak=only_weak,
            limit=limit,
        )
    lines = (
        "Window Days=window_days; Total Events=summary.total_events; Strong*=summary.strong_events; "
        "Weak*=summary.weak_events; Weak Rate=summary.weak_rate:.4f"
    )
    Facts(lines, quiet="summary.weak_events", said="Instrumentation", also=_segments).show(report, form_of(ctx), {})


def _segments(report: dict[str, Any]) -> None:
    summary = mapped(report, "summary")
    for title, name in (("Status", "status_counts"), ("Missing", "missing_dimension_counts")):
        ranked = sorted(mapped(summary, name).items(), key=lambda item: -item[1])[:6]
        if ranked:
            typer.echo(f"  {title}: {', '.join(f'{key}={count}' for key, count in ranked)}")
    columns = ["frontier_id", "event_type", "source_app", "weak_rate", "weak_events"]
    rows = [
        [*(segment.get(column) for column in columns), ", ".join(listed(segment, "sample_missing_dimensions"))]
        for segment in listed(report, "weak_segments")
    ]
    output.echo_table([*columns, "missing_dims"], rows)


@_group.command("calibrate")
def calibrate(
    ctx: typer.Context,
    frontier: Annotated[str | None, typer.Option("--frontier", "-f", help="The frontier; without it, all.")] = None,
    window: Annotated[int, typer.Option("--window", "-w", min=1, help="How far to look back, in days.")] = 7,
    force: Annotated[bool, typer.Option("--force", help="Also without enough work.")] = False,
) -> None:
    """Measure a frontier's ceiling anew, or every frontier's."""
    with _group.client(ctx) as client:
        if frontier:
            answer = client.atlas.calibrate_frontier(frontier_id=frontier, window_days=window, force=force)
        else:
            answer = client.atlas.calibrate_all(window_days=window, force=force)
    if form_of(ctx) == "json":
        output.echo_json(answer)
    elif frontier:
        output.success(f"Calibrated {answer.get('frontier')}")
        typer.echo(f"\n  C_max         {answer.get('previous_cmax')} -> {answer.get('c_max')}")
        lines = (
            "Regime=regime; Metallic=metallic_label; Lambda=lambda_score; Observations=observations; "
            "Version=version_tag"
        )
        output.echo_fields(Facts(lines).fields(answer, {}))
        bars(answer.get("csk"))
    else:
        results = listed(answer, "results")
        output.success(f"Calibrated {len(results)} frontiers")
        for result in results:
            typer.echo(f"  {result['frontier']}: {result['previous_cmax']} -> {result['c_max']} ({result['regime']})")


@_group.command("keys mint")
def mint(
    ctx: typer.Context,
    app_id: AppId,
    label: Annotated[str | None, typer.Option("--label", "-l", help="A label.")] = None,
    scope: Many = [],
) -> None:
    """Mint an API key bound to an app."""
    with _group.client(ctx) as client:
        answer = client.atlas.mint_bound_key(app_id, label=label, scopes=list(scope) or None)
    scopes = ", ".join(output.pick(answer, "record.scopes") or [])
    view = Facts(
        "API Key*=api_key; Prefix=prefix; Plan=record.plan; Scopes=$scopes; Attestation Ready*=attestation_ready",
        quiet="api_key",
        said="A key for {app_id}",
        also=_frontiers,
    )
    view.show(answer, form_of(ctx), {"app_id": app_id, "scopes": scopes})


# Bindings and their history -----------------------------------------------------------------------------------------


@_group.command("bindings set")
def set_binding(
    ctx: typer.Context,
    app_id: AppId,
    workflow: Workflow,
    frontier: Annotated[str, typer.Option("--frontier", "-f", help="The frontier.")],
    pulse: Text = None,
    events: Annotated[str | None, typer.Option(help="Events, comma-separated.")] = None,
    history_action: Text = None,
) -> None:
    """Bind a workflow to a frontier."""
    with _group.client(ctx) as client:
        answer = client.atlas.upsert_binding(
            app_id,
            workflow=workflow,
            frontier_id=frontier,
            pulse_type=pulse,
            event_types=split_list(events) if events is not None else None,
            history_action=history_action,
        )
    said = ", ".join(output.pick(answer, "binding.event_types") or [])
    view = Facts(
        "Workflow=binding.workflow; Frontier*=binding.frontier; Pulse*=binding.pulse_type; Events=$events; "
        "Source=binding.source_kind; Auto Provisioned=binding.auto_provisioned; Attestation Ready*=attestation_ready",
        quiet="binding.frontier",
        said="{workflow} is bound to {frontier}",
    )
    view.show(answer, form_of(ctx), {"workflow": workflow, "frontier": frontier, "events": said})


def _history(client: Any, app_id: str, workflow: str) -> list[dict[str, Any]]:
    """A workflow's contract history, newest first. Raises BadParameter when app or workflow is not known."""
    apps = listed(client.atlas.list_apps(), "apps")
    app = next((app for app in apps if app.get("app_id") == app_id), None)
    if app is None:
        raise typer.BadParameter(f"there is no app {app_id}", param_hint="app_id")
    spec = next((spec for spec in listed(app, "workflow_specs") if spec.get("workflow") == workflow), None)
    if spec is None:
        raise typer.BadParameter(f"the app has no workflow {workflow}", param_hint="--workflow")
    return sorted(spec.get("contract_history") or [], key=lambda row: str(row.get("changed_at")), reverse=True)


@_group.command("bindings history")
def history(ctx: typer.Context, app_id: AppId, workflow: Workflow) -> None:
    """Show how a binding changed, the newest first."""
    with _group.client(ctx) as client:
        rows = _history(client, app_id, workflow)
    if form_of(ctx) == "json":
        output.echo_json({"app_id": app_id, "workflow": workflow, "history": rows})
    elif form_of(ctx) == "quiet":
        output.echo_quiet([row.get("changed_at") for row in rows])
    else:
        output.success(f"History of {workflow}")
        places = ("changed_at", "action", "frontier_id|frontier", "pulse_type")
        table = [
            [index, *(output.pick(row, place) for place in places), ", ".join(listed(row, "event_types"))]
            for index, row in enumerate(rows, 1)
        ]
        output.echo_table(("index", "changed_at", "action", "frontier", "pulse", "events"), table)


@_group.command("bindings restore")
def restore(
    ctx: typer.Context,
    app_id: AppId,
    workflow: Workflow,
    index: Annotated[int, typer.Option(min=1, help="Row of `bindings history`; 1 is the newest.")],
) -> None:
    """Bring an earlier binding back."""
    with _group.client(ctx) as client:
        rows = _history(client, app_id, workflow)
        if index > len(rows):
            raise typer.BadParameter(f"there are {len(rows)} rows", param_hint="--index")
        row = rows[index - 1]
        answer = client.atlas.upsert_binding(
            app_id,
            workflow=workflow,
            frontier_id=str(output.pick(row, "frontier_id|frontier")),
            pulse_type=row.get("pulse_type"),
            event_types=row.get("event_types"),
            history_action="restored",
        )
    given = {"changed": row.get("changed_at"), "action": "restored", "workflow": workflow, "index": index}
    given["events"] = ", ".join(output.pick(answer, "binding.event_types") or [])
    view = Facts(
        "Workflow=binding.workflow; Frontier*=binding.frontier; Pulse*=binding.pulse_type; Events=$events; "
        "Changed At=$changed; Action*=$action",
        quiet="binding.frontier",
        said="{workflow} is as in row {index} again",
    )
    view.show(answer, form_of(ctx), given)


add_cards(_group)
