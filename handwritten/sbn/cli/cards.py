"""`sbn atlas cards`: frontier cards from files and options."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from wirewright.commands.output import pick
from wirewright.commands.takes import read_json
from wirewright.records import listed, mapped

from sbn.errors import SbnError

Card = dict[str, Any]
META = "authored_by label description card_version"
IDENTITY = "ecology frontier policy surface path_id app_family"
PRIOR = "c_max cmax_default cmax_source family_class"
DOCUMENTS = "scientific_contract operational_form diagnostics notes"


def request_of(document: Card) -> Card:
    """What a card file says, as fields of a request; what it does not say is left out."""
    card = mapped(document, "frontier_card") or document
    places = {"meta": META, "identity": IDENTITY, "registration_prior": PRIOR}
    fields: Card = {name: mapped(card, place).get(name) for place, names in places.items() for name in names.split()}
    fields |= {name: card.get(name) for name in DOCUMENTS.split()}
    fields |= {
        "domain": pick(document, "canonical_path")
        or pick(card, "identity.scope|identity.surface|meta.card_id")
        or document.get("card_id"),
        "pulse_type": pick(card, "operational_form.native_pulse"),
        "workflow_bindings": pick(card, "bindings.workflows") or None,
        "api_key_ids": pick(card, "bindings.api_keys") or None,
        "app_id": next(iter(listed(mapped(card, "bindings"), "apps")), None),
    }
    return {name: value for name, value in fields.items() if value is not None}


def needed(fields: Card, *names: str) -> Card:
    """The fields, when none of these is missing. Raises BadParameter."""
    missing = [name for name in names if not fields.get(name)]
    if missing:
        raise typer.BadParameter(f"missing: {', '.join(missing)}")
    return fields


def _whole(fields: Card) -> Card:
    return needed(fields, "domain", "app_family", "family_class", "authored_by")


def _collected(given: Card) -> Card:
    """The options of `register` and `version`, on top of what their file says."""
    file = given.pop("file")
    fields = request_of(read_json(str(file), only=dict)) if file else {}
    for name, value in given.items():
        if value is not None:
            document = name.removesuffix("_file")
            fields[document] = value if name == document else read_json(str(value), only=dict)
    return fields


def register(client: Any, **given: Any) -> Card:
    """Register a frontier card, from a file or options."""
    card: Card = client.atlas.register_card(**_whole(_collected(given)))
    return card


def version(client: Any, card_ref: str, **given: Any) -> Card:
    """Add a version to a frontier card."""
    fields = _collected(given)
    fields.pop("domain", None)
    card: Card = client.atlas.version_card(card_ref, **needed(fields, "authored_by"))
    return card


def import_(client: Any, path: Path, *, supersede_existing: bool = False, change_note: str | None = None) -> Card:
    """Register the card of a file, or add it as a version.

    Args:
        path: A card file.
        supersede_existing: Add a version where it exists.
    """
    fields = _whole(request_of(read_json(str(path), only=dict)))
    card: Card
    try:
        client.atlas.get_card(fields["domain"])
    except SbnError as error:
        if error.status_code != 404:
            raise
        card = client.atlas.register_card(**fields)
    else:
        if not supersede_existing:
            raise ValueError(f"The card {fields['domain']} exists; pass --supersede-existing to add a version.")
        card = client.atlas.version_card(fields.pop("domain"), **fields, change_note=change_note)
    return card


def attach(
    client: Any,
    card_ref: str,
    *,
    app_id: str,
    workflow: Sequence[str] | None = None,
    key_id: Sequence[str] | None = None,
    pulse_type: str | None = None,
    history_action: str = "attached",
) -> Card:
    """Bind an app's workflows and keys to a card's frontier.

    Args:
        card_ref: The card's id, path or frontier.
        app_id: The app.
        history_action: Word for the history.
    """
    frontier = pick(client.atlas.get_card(card_ref), "frontier_id|canonical_path|card_id")
    said = {"frontier_id": frontier, "pulse_type": pulse_type, "history_action": history_action}
    bound = [client.atlas.upsert_binding(app_id, workflow=name, **said)["binding"] for name in workflow or ()]
    keys = [client.atlas.bind_existing_key(app_id, key_id=key)["record"] for key in key_id or ()]
    named = {"workflow": "workflow", "frontier": "frontier", "pulse": "pulse_type"}
    return {
        "card_ref": card_ref,
        "app_id": app_id,
        "workflows": [{name: pick(binding, place) for name, place in named.items()} for binding in bound],
        "bound_keys": [{"key_id": pick(key, "id"), "prefix": pick(key, "prefix")} for key in keys],
    }


def run(
    client: Any,
    card_ref: str,
    *,
    actor: str = "sbn.atlas.card_runner",
    entries: Sequence[str] | None = None,
    inputs_json: str | None = None,
    inputs_file: Path | None = None,
    config: Sequence[str] | None = None,
    config_json: str | None = None,
    config_file: Path | None = None,
    **said: Any,
) -> Card:
    """Run a card's workflow.

    Args:
        card_ref: The card's id, path or frontier.
        workflow: The workflow.
        actor: On whose behalf.
        entries: name=value; may be repeated.
        inputs_file: A JSON file.
        config: name=value; a value that is JSON is read as such.
        config_file: A JSON file.
    """
    inputs = values_of(entries or (), inputs_json, inputs_file, "--input")
    settings = values_of(config or (), config_json, config_file, "--config")
    answer: Card = client.atlas.run_card(card_ref, actor=actor, inputs=inputs, config=settings, **said)
    return answer


def values_of(entries: Sequence[str], text: str | None, file: Path | None, option: str) -> Card:
    """An object from a file, then JSON text, then `name=value` entries; the later win."""
    found: Card = read_json(str(file), only=dict) if file else {}
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
