"""`sbn atlas`: what takes more than a call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from wirewright.commands.output import pick
from wirewright.commands.takes import split_list
from wirewright.records import listed

from sbn.cli._config import SbnCliConfig, get_atlas, get_sbn_client
from sbn.cli.specs import pairs, workflow_specs

Answer = dict[str, Any]


def register(
    client: Any,
    *,
    name: str,
    family: str,
    workflows: Sequence[str] | None = None,
    workflow: Sequence[str] | None = None,
    workflow_spec: Sequence[str] | None = None,
    workflow_specs_file: Path | None = None,
    bind: Sequence[str] | None = None,
    pulse: Sequence[str] | None = None,
    events: Sequence[str] | None = None,
    ttl: int = 3600,
) -> Answer:
    """Register an app and its workflows.

    Args:
        name: The app's name.
        family: The app's family.
        workflows: Workflows, comma-separated.
        workflow_spec: A spec as JSON; may be repeated.
        workflow_specs_file: Specs in a file.
        bind: workflow=frontier; may be repeated.
        pulse: workflow=pulse type; may be repeated.
        events: workflow=a,b; may be repeated.
        ttl: Lifetime of tokens, in seconds.
    """
    declared = list(dict.fromkeys([*(workflows or ()), *(workflow or ())]))
    specs = workflow_specs(
        declared,
        inline=workflow_spec or (),
        file=workflow_specs_file,
        bind=pairs(bind or (), "--bind"),
        pulse=pairs(pulse or (), "--pulse"),
        events={name: split_list(value) for name, value in pairs(events or (), "--events").items()},
    )
    if not specs:
        raise ValueError("Name at least one workflow: --workflow, --workflows, or a spec.")
    app: Answer = client.atlas.register_app(
        app_name=name,
        app_family=family,
        declared_workflows=declared or [spec["workflow"] for spec in specs],
        workflow_specs=specs,
        token_ttl_seconds=ttl,
    )
    return app


def token(config: SbnCliConfig, *, client_id: str = "", client_secret: str = "") -> Answer:
    """Exchange an app's credentials for a token.

    Args:
        client_id: The app's client id.
        client_secret: Its secret.
    """
    identity, secret = client_id or config.atlas_client_id, client_secret or config.atlas_client_secret
    if not identity or not secret:
        raise typer.BadParameter("--client-id and --client-secret are needed")
    with get_sbn_client(config) as client:
        return client.atlas.exchange_token(client_id=identity, client_secret=secret)


def env(config: SbnCliConfig, *, app_id: str | None = None, form: str = "dotenv") -> Answer | str:
    """Show an app's configuration.

    Args:
        app_id: The app's id; without it the Atlas credentials' own.
        form: dotenv or json.
    """
    if app_id:
        with get_sbn_client(config) as client:
            return client.atlas.get_env(app_id, format=form)
    with get_atlas(config) as atlas:
        return atlas.get_env(form)


def calibrate(
    client: Any, *, frontier: str | None = None, window_days: int = 7, force: bool = False
) -> tuple[Answer, Answer]:
    """Measure a frontier's ceiling anew, or every frontier's.

    Args:
        frontier: The frontier; without it, all.
        window_days: How far to look back, in days.
        force: Also without enough work.
    """
    if frontier:
        answer = client.atlas.calibrate_frontier(frontier_id=frontier, window_days=window_days, force=force)
    else:
        answer = client.atlas.calibrate_all(window_days=window_days, force=force)
    return answer, {"frontier": frontier}


def history(client: Any, app_id: str, *, workflow: str) -> Answer:
    """Show how a binding changed, the newest first.

    Args:
        app_id: The app's id.
        workflow: The workflow.
    """
    apps = listed(client.atlas.list_apps(), "apps")
    app = next((app for app in apps if app.get("app_id") == app_id), None)
    if app is None:
        raise typer.BadParameter(f"there is no app {app_id}", param_hint="app_id")
    spec = next((spec for spec in listed(app, "workflow_specs") if spec.get("workflow") == workflow), None)
    if spec is None:
        raise typer.BadParameter(f"the app has no workflow {workflow}", param_hint="--workflow")
    rows = sorted(spec.get("contract_history") or [], key=lambda row: str(row.get("changed_at")), reverse=True)
    return {"app_id": app_id, "workflow": workflow, "history": rows}


def restore(client: Any, app_id: str, *, workflow: str, index: int) -> tuple[Answer, Answer]:
    """Bring an earlier binding back.

    Args:
        app_id: The app's id.
        workflow: The workflow.
        index: Row of `bindings history`; 1 is the newest.
    """
    rows = history(client, app_id, workflow=workflow)["history"]
    if index > len(rows):
        raise typer.BadParameter(f"there are {len(rows)} rows", param_hint="--index")
    row = rows[index - 1]
    answer = client.atlas.upsert_binding(
        app_id,
        workflow=workflow,
        frontier_id=str(pick(row, "frontier_id|frontier")),
        pulse_type=row.get("pulse_type"),
        event_types=row.get("event_types"),
        history_action="restored",
    )
    return answer, {"changed": row.get("changed_at"), "action": "restored"}
