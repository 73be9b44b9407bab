"""A planted private key is in no repr, error, log or document."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from symbiont import agentpin, schemapin
from wirewright.signing import Key

PAIR = agentpin.generate_key_pair()
PRIVATE, PUBLIC = PAIR
PLANTED = [line for line in PRIVATE.splitlines() if "-----" not in line]
JWK = Key.from_pem(PRIVATE, kid="k").as_jwk(private=True)
PLANTED.append(JWK["d"])
SWAPPED = PRIVATE.replace("A", "B", 3)
CLAIMS = {"iss": "e.com"}

ATTEMPTS: dict[str, Callable[[], Any]] = {
    "pair": lambda: PAIR,
    "key": lambda: Key.from_pem(PRIVATE),
    "plan": lambda: agentpin.rotation.RotationPlan(new_key_pair=PAIR, new_kid="n", new_jwk={}, old_kid="o"),
    "workflow": lambda: schemapin.SchemaSigningWorkflow(PRIVATE),
    "client": lambda: agentpin.AgentPinClient(None),
    "a broken key": lambda: agentpin.sign_data(SWAPPED, b"x"),
    "a key as a public one": lambda: agentpin.generate_key_id(PRIVATE),
    "a key as a JWK": lambda: agentpin.jwk_to_pem(JWK | {"x": JWK["d"]}),
    "a private JWK": lambda: agentpin.jwk_to_pem(JWK),
    "another algorithm": lambda: agentpin.encode_jwt({"alg": "none"}, CLAIMS, PRIVATE),
    "a credential": lambda: agentpin.issue_credential(PRIVATE, "k", "e.com", "a", None, [], None, None, 5),
    "an attestation": lambda: agentpin.create_attestation(PRIVATE, "k", "m", "maker", "a", "d", "b", []),
    "a card": lambda: agentpin.build_and_sign_agent_card("u", {"name": "n"}, PRIVATE, "k", "https://e.com/x"),
    "a document": lambda: agentpin.build_discovery_document(
        "e.com", "maker", [agentpin.pem_to_jwk(PUBLIC, "k")], [], 0
    ),
    "a key in a signature": lambda: agentpin.verify_signature(PUBLIC, b"x", PRIVATE),
    "a key in a token": lambda: agentpin.decode_jwt_unverified(PRIVATE),
    "a key in a pin store": lambda: agentpin.KeyPinStore.from_json(json.dumps([{"domain": PRIVATE}])),
    "a key as a schema's": lambda: schemapin.verify_schema_offline(
        {}, "x", "d", "t", {"public_key_pem": PRIVATE}, None, schemapin.KeyPinStore()
    ),
}


@pytest.mark.promise("No secret is in a repr or an error")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_nothing_shows_the_key(attempt, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    try:
        shown = ATTEMPTS[attempt]()
        text = f"{shown!r} {shown!s}"
    except Exception as error:
        text = f"{error!r} {error!s} {traceback.format_exception_only(error)}"
    text += caplog.text + "".join(capsys.readouterr())
    assert not [secret for secret in PLANTED if secret in text]
