"""The webhooks of a generated package take the verifiers of `wirewright.signing` as they are."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from wirewright.signing import (
    GitHubWebhooks,
    HttpMessage,
    Key,
    MismatchError,
    SlackWebhooks,
    StandardWebhooks,
    StripeWebhooks,
    VerificationError,
    sign_message,
    verify_message,
)
from wirewright_codegen.pipeline import Target, generate

SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1"},
    "paths": {},
    "components": {
        "schemas": {"Order": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}}
    },
    "webhooks": {
        "order.paid": {
            "post": {
                "operationId": "orderPaid",
                "summary": "An order was paid.",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                "responses": {"204": {"description": "Taken."}},
            }
        }
    },
}
BODY = b'{"id":"o1"}'
NOW = 1_800_000_000


@pytest.fixture(scope="module")
def webhooks(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("generated")
    source = root / "orders.json"
    source.write_text(json.dumps(SPEC))
    result = generate(Target(Path(source), "signed_orders_api", root, "msgspec", cache=root / ".cache"), verify=False)
    assert result.ok, result.as_json()
    sys.path.insert(0, str(root))
    yield importlib.import_module("signed_orders_api.webhooks")
    sys.path.remove(str(root))


SECRET = b"a secret of thirty-two bytes, ok"
PAIR = Key.generate()
SENDERS: dict[str, tuple[Any, Any, dict[str, str]]] = {
    "standard": (
        StandardWebhooks(SECRET, time=lambda: NOW),
        StandardWebhooks(SECRET, time=lambda: NOW),
        StandardWebhooks(SECRET, time=lambda: NOW).sign("msg_1", BODY),
    ),
    "standard asymmetric": (
        StandardWebhooks(PAIR, time=lambda: NOW),
        StandardWebhooks(PAIR.public(), time=lambda: NOW),
        StandardWebhooks(PAIR, time=lambda: NOW).sign("msg_1", BODY),
    ),
    "github": (GitHubWebhooks(SECRET), GitHubWebhooks(SECRET), GitHubWebhooks(SECRET).sign(BODY)),
    "stripe": (None, StripeWebhooks(SECRET, time=lambda: NOW), StripeWebhooks(SECRET, time=lambda: NOW).sign(BODY)),
    "slack": (None, SlackWebhooks(SECRET, time=lambda: NOW), SlackWebhooks(SECRET, time=lambda: NOW).sign(BODY)),
}


@pytest.mark.parametrize("scheme", SENDERS)
def test_a_signed_message_is_parsed_and_a_changed_one_is_not_even_read(webhooks, scheme):
    _, receiver, headers = SENDERS[scheme]
    order = webhooks.parse_order_paid(BODY, headers=headers, verify=receiver.verify)
    assert order.id == "o1"
    with pytest.raises(MismatchError):
        webhooks.parse("order.paid", b"not even JSON", headers=headers, verify=receiver.verify)
    with pytest.raises(VerificationError):
        webhooks.parse("order.paid", BODY, verify=receiver.verify)


def test_http_message_signatures_fit_with_a_line_that_says_where_the_message_was_sent(webhooks):
    url = "https://me.example/hooks"

    def verify(headers: Any, body: bytes) -> None:
        message = HttpMessage(list(headers.items()), method="POST", url=url, body=body)
        verify_message(message, PAIR.public(), now=NOW, required=["@method", "@target-uri"])

    from wirewright.signing import content_digest

    fields = {"Content-Digest": content_digest(BODY)}
    sent = HttpMessage(list(fields.items()), method="POST", url=url, body=BODY)
    fields |= sign_message(sent, PAIR, ["@method", "@target-uri", "content-digest"], params={"created": NOW})
    assert webhooks.parse_order_paid(BODY, headers=fields, verify=verify).id == "o1"
    with pytest.raises(MismatchError):
        webhooks.parse_order_paid(b'{"id":"o2"}', headers=fields, verify=verify)
