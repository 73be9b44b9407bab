"""Vectors of the protocol sheet, section 18: computed with the original packages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from sbn import GecOperationContract, SbnError, SigningKey, compose_frontier_ref
from sbn import auth as auth_module
from sbn.errors import error_fields
from sbn.hashing import canonical_bytes, chain_hash, snapchore_hash
from sbn.lattice import normalise_edge, normalise_node, normalise_workflow
from sbn.pulses import event_payload, normalise_events, normalise_payload

SEED = bytes(range(32))
TOKEN = (
    "eyJhbGciOiJFZERTQSIsImtpZCI6InNibi1lZDI1NTE5IiwidHlwIjoiSldUIn0.eyJhdWQiOiJzYm4iLCJjZG5hIjoic2RrIiwi"
    "ZXhwIjoxNzY3MjI1OTAw"
    "LCJpYXQiOjE3NjcyMjU2MDAsImlzcyI6Im15LXN2YyIsImp0aSI6IjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmIiwi"
    "cm9sZSI6ImFnZW50Iiwi"
    "c2NvcGUiOlsiYXR0ZXN0LndyaXRlIiwic25hcGNob3JlLnNlYWwiXSwic3ViIjoic2JuLXNkayJ9.q4XwqO89c4Oh6_GinUzyHDe"
    "3Ui3xT8X2Wj33x425pnR"
    "mdSGmr_ANDx7sYf-oX0B7q-dJk0qzeiRZ_Y3BpWmACQ"
)
README = {
    "app_name": "pt_web",
    "gec_domain": "kinetic",
    "frontier": "pushup",
    "constraint_tag": "amrap",
    "phase": "execution",
    "action_weight_map": {"rep_complete": 1.0},
    "interaction_weight_map": {"form_quality": 0.25},
    "event_polarity_weights": {"friendly": 1.0, "neutral": 0.1, "hostile": -1.0},
}


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> SigningKey:
    """The vectors' key, at the vectors' moment."""
    monkeypatch.setattr(auth_module, "_now", lambda: datetime(2026, 1, 1, 0, 0, 0, 900_000, tzinfo=UTC))
    monkeypatch.setattr(auth_module, "_token_id", lambda: "0123456789abcdef0123456789abcdef")
    return SigningKey(Ed25519PrivateKey.from_private_bytes(SEED), "my-svc", "sbn")


def test_a_token_has_exactly_these_bytes(key: SigningKey) -> None:
    scopes = ["snapchore.seal", " attest.write ", "attest.write", ""]

    minted = key.issue_token(subject="sbn-sdk", scopes=scopes, cdna="sdk", ttl_seconds=300)

    assert minted.token == TOKEN
    assert minted.expires_at.isoformat() == "2026-01-01T00:05:00.900000+00:00"


def test_a_token_names_the_tenant(key: SigningKey) -> None:
    minted = key.issue_token(subject="sbn-sdk", scopes="abc", cdna="sdk", ttl_seconds=300, tenant_id="tower-agents")

    assert minted.token.endswith(
        ".GYweBM4CstCpwxxaQ7QrLxIhM551miw6yOFT49z98JlNfGJ8goviTMdHuh1tia13y-_36akklSukHFHvKrgmDQ"
    )


def test_a_payload_signature(key: SigningKey) -> None:
    assert key.sign_payload({"b": 1, "a": "é", "c": [1.0, None]}) == (
        "X6bInR2GCh9SK0bn0_y4SvCzPwL2sE4WsXv0dGQTY4o9bdPc6tmzU6J9vMAnMLL6Wt87SzkCgcI_RNlq_0Q4AQ"
    )


def test_a_key_as_pem(key: SigningKey) -> None:
    pem = key.private_key_pem()

    assert b"MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f" in pem
    for source in (pem, pem.decode()):
        loaded = SigningKey.from_pem(source, issuer="my-svc", audience="sbn")
        assert loaded.private_key.private_bytes_raw() == SEED


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (None, (0, 0, 0, 0)),
        ({}, (0, 0, 0, 0)),
        ({"friendly": 1}, (1, 0, 0, 1)),
        ({"friendly": "2", "hostile": -3, "neutral": "x"}, (2, 0, 0, 2)),
        ({"total": 1, "friendly": 3}, (3, 0, 0, 3)),
        ({"total": 10, "friendly": 3}, (10, 0, 0, 3)),
        ({"total": None, "hostile": 1.9}, (1, 1, 0, 0)),
        ({"weird": 5, "friendly": True}, (1, 0, 0, 1)),
    ],
)
def test_counts_of_events(events: dict[str, Any] | None, expected: tuple[int, ...]) -> None:
    counts = normalise_events(events)

    assert tuple(counts[name] for name in ("total", "hostile", "neutral", "friendly")) == expected
    assert list(counts) == ["total", "hostile", "neutral", "friendly"]


@given(
    st.dictionaries(
        st.sampled_from(["total", "hostile", "neutral", "friendly", "x"]),
        st.one_of(st.integers(), st.floats(), st.text(), st.none()),
    )
)
def test_counts_of_events_are_never_negative_and_add_up(events: dict[str, Any]) -> None:
    counts = normalise_events(events)

    assert min(counts.values()) >= 0
    assert counts["total"] >= counts["hostile"] + counts["neutral"] + counts["friendly"]


def test_a_payload_lists_its_actions() -> None:
    zero = {"total": 0, "hostile": 0, "neutral": 0, "friendly": 0}

    said = normalise_payload({"actions": "x", "interactions": {"a": 1}, "events": None, "z": 1})

    assert said == {"actions": ["x"], "interactions": [{"a": 1}], "events": zero, "z": 1}
    assert normalise_payload({"actions": (1, 2)})["actions"] == [(1, 2)]


def test_an_events_score_is_a_number_whatever_it_says() -> None:
    said = event_payload({"event_type": "e", "score": "bad", "x": 1}, None)

    assert (said["action"], said["score"], said["reinforced"], said["x"]) == ("e", 1.0, True, 1)
    assert "contribution" not in normalise_payload(said)


def test_a_contract_as_slot_metadata() -> None:
    metadata = GecOperationContract(**README).to_slot_metadata()

    assert json.dumps({**metadata, "generation_interval": 60}) == (
        '{"app_name": "pt_web", "gec_domain": "kinetic", "frontier": "pushup", "constraint_tag": "amrap", '
        '"phase": "execution", '
        '"frontier_id": "kinetic.pushup.amrap", "phase_ref": "kinetic.pushup.amrap.execution", '
        '"x_mode": "elapsed_time", "action_weight_map": {"rep_complete": 1.0}, '
        '"interaction_weight_map": {"form_quality": 0.25}, '
        '"event_polarity_weights": {"friendly": 1.0, "neutral": 0.1, "hostile": -1.0}, '
        '"frontier_hint": "kinetic.pushup.amrap", "contract_kind": "gec_operation", "generation_interval": 60}'
    )


def test_a_contract_from_a_mapping_is_cleaned() -> None:
    contract = GecOperationContract.from_mapping(
        {
            "app_name": "My App",
            "gec_domain": "Kinetic",
            "frontier": "Push Up",
            "phase": "Exec",
            "x_mode": "",
            "x_override": "2.5",
            "accepted_action_types": ["A b", "a_b", "", None, "C"],
            "action_weight_map": {"Rep Done": "1.5", "bad": "x", "": 1},
            "event_polarity_weights": [1],
        }
    )
    rendered: dict[str, Any] = {
        "app_name": "My_App",
        "gec_domain": "kinetic",
        "frontier": "push_up",
        "phase": "exec",
        "frontier_id": "kinetic.push_up",
        "phase_ref": "kinetic.push_up.exec",
        "x_mode": "elapsed_time",
        "x_override": 2.5,
        "accepted_action_types": ["a_b", "c"],
        "action_weight_map": {"rep_done": 1.5},
    }

    assert contract.to_dict() == rendered
    assert contract.to_workflow_spec(
        workflow=" w ",
        pulse_type=" Slot_Stream ",
        event_types=["Rep Done", "Rep Done"],
        accepted_pulse_types=["X Y"],
        rollup_mode="A B",
    ) == {
        **rendered,
        "workflow": "w",
        "pulse_type": "slot_stream",
        "event_types": ["Rep_Done"],
        "accepted_pulse_types": ["x_y"],
        "rollup_mode": "a b",
    }


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"frontier_id": " A B "}, "A_B"),
        ({"gec_domain": "Kinetic X", "frontier": "Pushup"}, "kinetic_x.pushup"),
        ({"gec_domain": "", "frontier": " "}, None),
    ],
)
def test_a_frontiers_reference(parts: dict[str, str], expected: str | None) -> None:
    assert compose_frontier_ref(**parts) == expected


def test_an_empty_contract() -> None:
    assert GecOperationContract().to_dict() == {"x_mode": "elapsed_time"}
    assert GecOperationContract(x_override=0.0).to_dict() == {"x_mode": "elapsed_time", "x_override": 0.0}
    assert GecOperationContract(frontier_id="a.b", phase="P").phase_ref == "a.b.p"


@pytest.mark.parametrize(
    ("contract", "observed", "fixed", "total", "missing"),
    [
        (
            {
                "cost_components": {"time": 0.5, "compute": 1, "intervention": 0.75, "reversal_risk": 0.25},
                "cost_required_components": ["compute"],
            },
            {"time": 2, "compute": 1.5, "intervention": 0.5},
            1.0,
            2.875,
            [],
        ),
        ({"cost_composition_rule": "fixed_unit_v1", "cost_required_components": ["a"]}, {"B b": "2"}, 3, 5.0, ["a"]),
    ],
)
def test_a_cost_observation(
    contract: dict[str, Any], observed: dict[str, Any], fixed: float, total: float, missing: list[str]
) -> None:
    cost = GecOperationContract(**contract).compose_cost_observation(observed, fixed_unit_cost=fixed)

    assert cost["total"] == pytest.approx(total)
    assert cost["missing_required_components"] == missing
    assert cost["valid"] is (not missing)


@pytest.mark.parametrize(
    ("payload", "surface", "digest"),
    [
        (
            {"event": "signup", "user": "u-42"},
            '{"canon_version":"SVP-1.0","event":"signup","user":"u-42"}',
            "e445484b03f4d0fc47843314b4f076cb9796418167bb413fcefe83d8b16cb655",
        ),
        ({}, '{"canon_version":"SVP-1.0"}', "ab2b616041b64f2e6ca2a2ffdfb2fe63b213cd6ed785e3b29fba06b121dec6e6"),
        (
            {"a": 1.5, "b": [1, 2.0, {"hash": "x", "k": 0.30000000000000004}], "created_at": "2026-01-01T00:00:00Z"},
            '{"a":1.5,"b":[1,2.0,{"k":0.3}],"canon_version":"SVP-1.0"}',
            "9a8091916a79bdf8c52f461a34356b94aba0ab3214627e6cf46a7be1763136d0",
        ),
        (
            {"n": 1, "f": 1.0, "u": "é", "nested": {"timestamp": "z", "keep": None}},
            '{"canon_version":"SVP-1.0","f":1.0,"n":1,"nested":{"keep":null},"u":"é"}',
            "263a108be10f960941c43d3908ac435af64daef4028dba7941c341150f6f3bb1",
        ),
    ],
)
def test_a_snapchore_hash(payload: dict[str, Any], surface: str, digest: str) -> None:
    assert canonical_bytes(payload).decode() == surface
    assert snapchore_hash(payload) == digest


def test_what_cannot_be_hashed_is_refused() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]

    for payload in ({"a": float("nan")}, {"a": float("inf")}, {"a": deep}):
        with pytest.raises(ValueError, match=r"finite|deeper"):
            snapchore_hash(payload)


def test_a_chain() -> None:
    first = chain_hash(
        index=0, event_type="block_sealed", block_hash="a" * 64, previous=None, timestamp="2026-01-01T00:00:00+00:00"
    )
    second = chain_hash(
        index=1, event_type="block_sealed", block_hash="b" * 64, previous=first, timestamp="2026-01-01T00:00:01+00:00"
    )

    assert first == "a9a9b058b3de225b485b3ee7811a8c9a02961478bc9f9de5398b0688396eb97f"
    assert second == "7ac9b7b0e73a8b5f363ba1a807c9617e9ca8ab9146e241a28dc2c171bbc64ddb"


def test_nodes_and_edges_under_their_canonical_names() -> None:
    node = {"id": "collect", "label": "Collect", "skill": "sense", "color": "red"}
    edge = {"source": "collect", "target": "seal", "type": "sequence", "note": "n"}
    given_envelope = {"workflow": {"nodes": [node], "edges": [edge]}}

    normal = normalise_workflow(given_envelope)

    assert normalise_node(node) == {"step_id": "collect", "name": "Collect", "skill": "sense", "meta": {"color": "red"}}
    assert normalise_edge(edge) == {
        "source_id": "collect",
        "target_id": "seal",
        "edge_type": "sequence",
        "meta": {"note": "n"},
    }
    assert normal["workflow"]["nodes"] == [normalise_node(node)]
    assert given_envelope["workflow"]["nodes"] == [node]  # the caller's own is left alone


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            404,
            {"error": {"message": "m", "code": "c", "details": {"a": 1}}, "details": {"b": 2}},
            "m (status=404, code=c, details={'a': 1, 'b': 2})",
        ),
        (404, {"error": "c", "detail": "d", "message": "m"}, "d (status=404, code=c)"),
        (422, {"detail": [{"loc": ["body"], "msg": "x"}]}, "[{'loc': ['body'], 'msg': 'x'}] (status=422)"),
        (400, {"message": "m", "detail": "d"}, "m (status=400)"),
        (400, ["a"], "Bad Request (status=400, details={'response': ['a']})"),
        (404, {"error": {"code": 7}}, "Not Found (status=404, code=7)"),
    ],
)
def test_an_error_body(status: int, body: Any, expected: str) -> None:
    message, code, details = error_fields(status, json.dumps(body).encode(), "SBN request failed")

    assert str(SbnError(message, status_code=status, code=code, details=details)) == expected


@pytest.mark.parametrize(
    ("status", "content", "expected"), [(400, b"text", "Bad Request"), (599, b"", "SBN request failed")]
)
def test_an_error_without_json(status: int, content: bytes, expected: str) -> None:
    assert error_fields(status, content, "SBN request failed") == (expected, None, {})
