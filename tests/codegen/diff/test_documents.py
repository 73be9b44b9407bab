"""Changes of what is neither an operation nor a schema, and of webhooks, where clients are the ones who receive."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from wirewright_codegen.canonical import canonicalise
from wirewright_codegen.diff import Change, Flow, compare
from wirewright_codegen.read import document_of

Json = dict[str, Any]
BASE: Json = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "servers": [{"url": "https://a.test"}, {"url": "https://b.test"}],
    "tags": [{"name": "things"}],
    "paths": {
        "/things": {
            "get": {"operationId": "list_things", "tags": ["things"], "responses": {"200": {"description": "Done"}}}
        }
    },
    "webhooks": {
        "sold": {
            "post": {
                "operationId": "on_sold",
                "tags": ["things"],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sold"}}},
                },
                "responses": {"200": {"description": "Done"}},
            }
        }
    },
    "components": {
        "schemas": {
            "Sold": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "string"}, "by": {"type": "string"}},
            },
            "Alone": {"type": "object", "properties": {"a": {"type": "string"}}},
        },
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "x-key"},
            "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://t.test", "scopes": {}}}},
        },
    },
}


def changed(place: str, value: Any) -> Json:
    """The document with another value at a place; `...` takes it away."""
    document = copy.deepcopy(BASE)
    *above, last = place.split(".")
    current: Any = document
    for key in above:
        current = current[int(key)] if isinstance(current, list) else current[key]
    if value is ...:
        del current[last]
    elif isinstance(current, list):
        current[int(last)] = value
    else:
        current[last] = value
    return document


def changes(new: Json) -> list[Change]:
    old, other = (canonicalise(document_of(document)).document for document in (BASE, new))
    return [change for change in compare(old, other).changes if change.rule != "schema-added"]


SOLD = "components.schemas.Sold"
SCHEMES = "components.securitySchemes"


@pytest.mark.parametrize(
    ("place", "value", "rules", "senders", "receivers", "clients"),
    [
        ("servers", [{"url": "https://a.test"}], ["server-removed"], "risky", "compatible", "risky"),
        (
            "servers",
            [*BASE["servers"], {"url": "https://c.test"}],
            ["server-added"],
            "compatible",
            "compatible",
            "compatible",
        ),
        (
            "servers.0.variables",
            {"region": {"default": "eu"}},
            ["server-changed"],
            "risky",
            "compatible",
            "risky",
        ),
        ("servers", BASE["servers"][::-1], ["default-server-changed"], "risky", "compatible", "risky"),
        (f"{SCHEMES}.key.name", "x-other", ["security-scheme-changed"], "breaking", "breaking", "breaking"),
        (f"{SCHEMES}.key", ..., ["security-scheme-removed"], "risky", "compatible", "risky"),
        (
            f"{SCHEMES}.token",
            {"type": "http", "scheme": "bearer"},
            ["security-scheme-added"],
            "compatible",
            "compatible",
            "compatible",
        ),
        (
            f"{SCHEMES}.oauth.flows.clientCredentials.tokenUrl",
            "https://u.test",
            ["security-scheme-detail-changed"],
            "risky",
            "risky",
            "risky",
        ),
        ("info.description", "Sells.", ["description-changed"], "compatible", "compatible", "compatible"),
        ("info.license", {"name": "MIT"}, ["description-changed"], "compatible", "compatible", "compatible"),
        ("tags.0.description", "Things.", ["description-changed"], "compatible", "compatible", "compatible"),
        ("webhooks", {}, ["operation-removed"], "compatible", "breaking", "breaking"),
        (f"{SOLD}.properties", {"id": {"type": "string"}}, ["property-removed"], "compatible", "breaking", "breaking"),
        (f"{SOLD}.required", [], ["property-became-optional"], "compatible", "breaking", "breaking"),
        (f"{SOLD}.required", ["id", "by"], ["property-became-required"], "breaking", "compatible", "compatible"),
        (
            f"{SOLD}.properties.by",
            {"type": ["string", "null"]},
            ["became-nullable"],
            "compatible",
            "breaking",
            "breaking",
        ),
        (
            "components.schemas.Alone.properties",
            {"b": {}},
            ["optional-property-added", "property-removed"],
            "breaking",
            "breaking",
            "breaking",
        ),
        ("components.schemas.Alone", ..., ["schema-removed"], "risky", "risky", "risky"),
    ],
)
def test_a_change_has_its_rule_and_its_classes(
    place: str, value: Any, rules: list[str], senders: str, receivers: str, clients: str
) -> None:
    found = changes(changed(place, value))
    assert sorted(change.rule for change in found) == rules
    worst = max(found, key=lambda change: change.clients)
    assert (worst.senders.name, worst.receivers.name, worst.clients.name) == (senders, receivers, clients)


def test_a_webhook_goes_to_clients_and_a_schema_alone_may_go_either_way() -> None:
    (hook,) = changes(changed(f"{SOLD}.properties", {"id": {"type": "string"}}))
    assert hook.flows == (Flow.received,)
    assert hook.operations == ("on_sold",)
    alone, _ = changes(changed("components.schemas.Alone.properties", {"b": {}}))
    assert alone.flows == (Flow.sent, Flow.received)
    assert alone.operations == ()


def test_a_schema_that_goes_both_ways_has_the_worse_of_both() -> None:
    both = copy.deepcopy(BASE)
    both["paths"]["/things"]["get"]["responses"]["200"]["content"] = {
        "application/json": {"schema": {"$ref": "#/components/schemas/Alone"}}
    }
    both["paths"]["/things"]["put"] = {
        "operationId": "put_thing",
        "tags": ["things"],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Alone"}}}},
        "responses": {"200": {"description": "Done"}},
    }
    stricter = copy.deepcopy(both)
    stricter["components"]["schemas"]["Alone"]["required"] = ["a"]
    old, new = (canonicalise(document_of(document)).document for document in (both, stricter))
    (change,) = compare(old, new).changes
    assert change.flows == (Flow.sent, Flow.received)
    assert (change.senders.name, change.receivers.name, change.clients.name) == ("breaking", "compatible", "breaking")
    assert change.operations == ("list_things", "put_thing")
