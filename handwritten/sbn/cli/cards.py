"""`sbn atlas cards`: frontier cards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from sbn._models import listed, mapped
from sbn.cli import output
from sbn.cli.table import Facts, Group, Row, Rows, form_of, read_json

Ref = Annotated[str, typer.Argument(help="The card's id, path or frontier.")]
Text = Annotated[str | None, typer.Option()]
Number = Annotated[float | None, typer.Option()]
Many = Annotated[list[str], typer.Option(help="May be repeated.")]
File = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A JSON file.")]
Entries = Annotated[list[str], typer.Option(help="name=value; a value that is JSON is read as such.")]
IDENTITY = ("ecology", "frontier", "policy", "surface", "path_id")
PRIOR = ("c_max", "cmax_default", "cmax_source")
DOCUMENTS = ("scientific_contract", "operational_form", "diagnostics", "notes")
WRITTEN = "Canonical Path*=canonical_path; Version*=card_version; Authored By=authored_by"


def request_of(document: dict[str, Any]) -> dict[str, Any]:
    """What a card file says, as fields of a request; what it does not say is left out."""
    card = mapped(document, "frontier_card") or document
    meta, identity, prior = (mapped(card, name) for name in ("meta", "identity", "registration_prior"))
    bindings, form = mapped(card, "bindings"), mapped(card, "operational_form")
    apps = listed(bindings, "apps")
    scope = document.get("canonical_path") or identity.get("scope") or identity.get("surface")
    fields: dict[str, Any] = {
        "domain": scope or meta.get("card_id") or document.get("card_id"),
        "app_family": identity.get("app_family"),
        "family_class": prior.get("family_class"),
        **{name: meta.get(name) for name in ("authored_by", "label", "description", "card_version")},
        **{name: identity.get(name) for name in IDENTITY},
        **{name: prior.get(name) for name in PRIOR},
        "pulse_type": form.get("native_pulse"),
        "workflow_bindings": bindings.get("workflows") or None,
        "api_key_ids": bindings.get("api_keys") or None,
        "app_id": apps[0] if apps else None,
        **{name: card.get(name) for name in DOCUMENTS},
    }
    return {name: value for name, value in fields.items() if value is not None}


def needed(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    """The fields, when none of these is missing. Raises BadParameter."""
    missing = [name for name in names if not fields.get(name)]
    if missing:
        raise typer.BadParameter(f"missing: {', '.join(missing)}")
    return fields


def values_of(entries: list[str], text: str | None, file: Path | None, option: str) -> dict[str, Any]:
    """An object from a file, then JSON text, then `name=value` entries; the later win."""
    found: dict[str, Any] = read_json(str(file), only=dict) if file else {}
    if text:
        found |= json.loads(text)
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{entry!r} is not name=value", param_hint=option)
        try:
            found[name.strip()] = json.loads(value)
        except json.JSONDecodeError:
            found[name.strip()] = value
    return found


def _collected(given: dict[str, Any]) -> dict[str, Any]:
    """The options of `register` and `version`, on top of what their file says."""
    file = given.pop("file")
    fields = request_of(read_json(str(file), only=dict)) if file else {}
    renamed = {"workflow": "workflow_bindings", "api_key_id": "api_key_ids"}
    for name, value in given.items():
        if name.endswith("_file"):
            if value:
                fields[name.removesuffix("_file")] = read_json(str(value), only=dict)
        elif value not in (None, []):
            fields[renamed.get(name, name)] = value
    return fields


def add_cards(group: Group) -> None:
    """The card commands."""
    group.add(
        Row(
            "cards list",
            "atlas.list_cards",
            "",
            Rows(
                "card_id label family_class=declared_prior.family_class app_family=frontier_card.identity.app_family "
                "authored_by card_version declared_cmax=declared_prior.theoretical_c_max "
                "effective_cmax=empirical_local.effective_c_max",
                at="cards",
                quiet="card_id",
                said="",
            ),
        ),
        Row(
            "cards show",
            "atlas.get_card",
            "card_ref",
            Facts(
                "Canonical Path*=canonical_path; Label=label; Version=card_version; Authored By=authored_by; "
                "Family Class=declared_prior.family_class; "
                "Declared C_max*=declared_prior.theoretical_c_max; Effective C_max*=empirical_local.effective_c_max; "
                "Effective Source=empirical_local.effective_source",
                quiet="card_id",
                said="Card {id}",
            ),
        ),
    )
    _writing(group)
    _moving(group)
    _using(group)


def _writing(group: Group) -> None:
    @group.command("cards register")
    def register(
        ctx: typer.Context,
        file: File = None,
        domain: Text = None,
        app_family: Text = None,
        family_class: Text = None,
        authored_by: Text = None,
        label: Text = None,
        description: Text = None,
        ecology: Text = None,
        frontier: Text = None,
        policy: Text = None,
        surface: Text = None,
        path_id: Text = None,
        pulse_type: Text = None,
        workflow: Many = [],
        api_key_id: Many = [],
        app_id: Text = None,
        card_version: Text = None,
        c_max: Number = None,
        cmax_default: Number = None,
        cmax_source: Text = None,
        scientific_contract_file: File = None,
        operational_form_file: File = None,
        diagnostics_file: File = None,
        notes_file: File = None,
    ) -> None:
        """Register a frontier card, from a file or options."""
        fields = _collected({name: value for name, value in locals().items() if name not in {"ctx", "group"}})
        needed(fields, "domain", "app_family", "family_class", "authored_by")
        with group.client(ctx) as client:
            card = client.atlas.register_card(**fields)
        view = Facts(
            f"{WRITTEN}; Family Class=declared_prior.family_class", quiet="card_id", said="Card {id} registered"
        )
        view.show(card, form_of(ctx), {})

    @group.command("cards version")
    def version(
        ctx: typer.Context,
        card_ref: Ref,
        file: File = None,
        authored_by: Text = None,
        family_class: Text = None,
        app_family: Text = None,
        label: Text = None,
        description: Text = None,
        ecology: Text = None,
        frontier: Text = None,
        policy: Text = None,
        surface: Text = None,
        path_id: Text = None,
        pulse_type: Text = None,
        workflow: Many = [],
        api_key_id: Many = [],
        app_id: Text = None,
        card_version: Text = None,
        c_max: Number = None,
        cmax_default: Number = None,
        cmax_source: Text = None,
        change_note: Text = None,
        scientific_contract_file: File = None,
        operational_form_file: File = None,
        diagnostics_file: File = None,
        notes_file: File = None,
    ) -> None:
        """Add a version to a frontier card."""
        fields = _collected({n: value for n, value in locals().items() if n not in {"ctx", "group", "card_ref"}})
        fields.pop("domain", None)
        needed(fields, "authored_by")
        with group.client(ctx) as client:
            card = client.atlas.version_card(card_ref, **fields)
        view = Facts(f"{WRITTEN}; Change Note=$change_note", quiet="card_id", said="Card {id} has a new version")
        view.show(card, form_of(ctx), {"change_note": change_note})


def _moving(group: Group) -> None:
    @group.command("cards import")
    def import_(
        ctx: typer.Context,
        path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A card file.")],
        supersede_existing: Annotated[
            bool, typer.Option("--supersede-existing", help="Add a version where it exists.")
        ] = False,
        change_note: Text = None,
    ) -> None:
        """Register the card of a file, or add it as a version."""
        from sbn.errors import SbnError

        fields = needed(
            request_of(read_json(str(path), only=dict)), "domain", "app_family", "family_class", "authored_by"
        )
        with group.client(ctx) as client:
            try:
                client.atlas.get_card(fields["domain"])
            except SbnError as error:
                if error.status_code != 404:
                    raise
                card = client.atlas.register_card(**fields)
            else:
                if not supersede_existing:
                    raise ValueError(f"The card {fields['domain']} exists; pass --supersede-existing to add a version.")
                reference = fields.pop("domain")
                card = client.atlas.version_card(reference, **fields, change_note=change_note)
        Facts(WRITTEN, quiet="card_id", said="Card {id} imported").show(card, form_of(ctx), {})

    @group.command("cards export")
    def export(
        ctx: typer.Context, card_ref: Ref, out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None
    ) -> None:
        """Export a frontier card."""
        with group.client(ctx) as client:
            card = client.atlas.get_card(card_ref)
        if out is None:
            output.echo_json(card)
            return
        out.write_text(json.dumps(card, indent=2, default=str) + "\n", encoding="utf-8")
        if form_of(ctx) == "quiet":
            output.echo_quiet(out)
        else:
            output.success(f"Exported to {out}")


def _using(group: Group) -> None:
    @group.command("cards attach")
    def attach(
        ctx: typer.Context,
        card_ref: Ref,
        app_id: Annotated[str, typer.Option(help="The app.")],
        workflow: Many = [],
        key_id: Many = [],
        pulse_type: Text = None,
        history_action: Annotated[str, typer.Option(help="Word for the history.")] = "attached",
    ) -> None:
        """Bind an app's workflows and keys to a card's frontier."""
        with group.client(ctx) as client:
            frontier = output.pick(client.atlas.get_card(card_ref), "frontier_id|canonical_path|card_id")
            bound = [
                client.atlas.upsert_binding(
                    app_id, workflow=name, frontier_id=frontier, pulse_type=pulse_type, history_action=history_action
                )
                for name in workflow
            ]
            keys = [client.atlas.bind_existing_key(app_id, key_id=key) for key in key_id]
        named = {"workflow": "workflow", "frontier": "frontier", "pulse": "pulse_type"}
        rows = [{name: output.pick(item, f"binding.{place}") for name, place in named.items()} for item in bound]
        held = [{"key_id": output.pick(key, "record.id"), "prefix": output.pick(key, "record.prefix")} for key in keys]
        if form_of(ctx) == "json":
            output.echo_json({"card_ref": card_ref, "app_id": app_id, "workflows": rows, "bound_keys": held})
        elif form_of(ctx) == "quiet":
            output.echo_quiet(card_ref)
        else:
            output.success(f"{card_ref} is attached to {app_id}")
            output.echo_table(("workflow", "frontier", "pulse"), [list(row.values()) for row in rows])
            output.echo_table(("key_id", "prefix"), [list(row.values()) for row in held])

    @group.command("cards run")
    def run(
        ctx: typer.Context,
        card_ref: Ref,
        workflow: Annotated[str | None, typer.Option("--workflow", "-w", help="The workflow.")] = None,
        actor: Annotated[str, typer.Option(help="On whose behalf.")] = "sbn.atlas.card_runner",
        run_id: Text = None,
        api_key_id: Text = None,
        entries: Annotated[list[str], typer.Option("--input", help="name=value; may be repeated.")] = [],
        inputs_json: Text = None,
        inputs_file: File = None,
        config: Entries = [],
        config_json: Text = None,
        config_file: File = None,
    ) -> None:
        """Run a card's workflow."""
        with group.client(ctx) as client:
            answer = client.atlas.run_card(
                card_ref,
                workflow=workflow,
                actor=actor,
                run_id=run_id,
                api_key_id=api_key_id,
                inputs=values_of(entries, inputs_json, inputs_file, "--input"),
                config=values_of(config, config_json, config_file, "--config"),
            )
        view = Facts(
            "Run ID=run_id; Workflow=workflow.lane; Workflow ID=workflow.workflow_id; Edge ID=edge.edge_id; "
            "Proof Hash=artifacts.proof_hash; Slot Receipt=artifacts.slot_receipt_id; "
            "Attestation=artifacts.slot_attestation_status; Blocks Composed=artifacts.blocks_composed; "
            "Blocks Attested=artifacts.blocks_attested; Blocks Queued=artifacts.blocks_attestation_enqueued; "
            "Evidence=artifacts.evidence_packet_path",
            quiet="run_id",
            said="Ran {card_ref}",
        )
        view.show(answer, form_of(ctx), {"card_ref": card_ref})
