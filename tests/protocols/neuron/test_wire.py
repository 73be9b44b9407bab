"""Frames on the wire: vectors, what is accepted, what is dropped, and that the models say what the spec says."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from holokai_neuron_sdk import protocol
from holokai_neuron_sdk.protocol import (
    POST_PATH,
    SSE_EVENT,
    SSE_PATH,
    AckFrame,
    Capability,
    HeartbeatFrame,
    HeartbeatInFlightEntry,
    NackFrame,
    ProgressFrame,
    RegisterFrame,
    UpdateCapabilityFrame,
    encode,
    parse_server_frame,
    parse_server_json,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import TypeAdapter, ValidationError
from wirewright.protocols import find_protocol

from .conftest import MOMENT

STAMP = "2025-01-02T03:04:05.678900Z"
ECHO = Capability(type="acme/echo", scope="any", concurrency=4)
MAIL = Capability(type="acme/mail.v2", scope={"onBehalfOf": "u-1"}, concurrency=1, lease_ttl_ms=30000)  # type: ignore[call-arg, arg-type]
ENTRY = HeartbeatInFlightEntry(lease_id="l-1", task_id="t-1", started_at=MOMENT)  # type: ignore[call-arg]

SENT = [
    (
        RegisterFrame(neuron_id="n-1", protocol_version="1.0.0", capabilities=[ECHO, MAIL]),
        '{"type":"register","neuronId":"n-1","protocolVersion":"1.0.0","capabilities":[{"type":"acme/echo","scope":"any","concurrency":4},{"type":"acme/mail.v2","scope":{"onBehalfOf":"u-1"},"concurrency":1,"leaseTtlMs":30000}]}',
    ),
    (
        UpdateCapabilityFrame(neuron_id="n-1", capability=ECHO),
        '{"type":"update-capability","neuronId":"n-1","capability":{"type":"acme/echo","scope":"any","concurrency":4}}',
    ),
    (
        HeartbeatFrame(neuron_id="n-1", in_flight=[ENTRY], sent_at=MOMENT),
        '{"type":"heartbeat","neuronId":"n-1","inFlight":[{"leaseId":"l-1","taskId":"t-1","startedAt":"'
        + STAMP
        + '"}],"sentAt":"'
        + STAMP
        + '"}',
    ),
    (
        AckFrame(lease_id="l-1", output={"ok": True}, completed_at=MOMENT),
        '{"type":"ack","leaseId":"l-1","output":{"ok":true},"completedAt":"' + STAMP + '"}',
    ),
    (
        AckFrame(lease_id="l-1", output=None, completed_at=MOMENT),
        '{"type":"ack","leaseId":"l-1","completedAt":"' + STAMP + '"}',
    ),
    (
        NackFrame(
            lease_id="l-1",
            kind="schema-mismatch",
            reason="lease input does not match inputSchema",
            code="INPUT_SCHEMA_MISMATCH",
            details={"errors": ["'a' is a required property"]},
            failed_at=MOMENT,
        ),
        '{"type":"nack","leaseId":"l-1","kind":"schema-mismatch","reason":"lease input does not match inputSchema",'
        '"code":"INPUT_SCHEMA_MISMATCH","details":{"errors":["\'a\' is a required property"]},"failedAt":"'
        + STAMP
        + '"}',
    ),
    (
        NackFrame(lease_id="l-1", kind="retryable", reason="boom", code="HANDLER_THREW", failed_at=MOMENT),
        '{"type":"nack","leaseId":"l-1","kind":"retryable","reason":"boom","code":"HANDLER_THREW","failedAt":"'
        + STAMP
        + '"}',
    ),
    (
        ProgressFrame(lease_id="l-1", percent=50, message="half", data={"k": None}, sent_at=MOMENT),
        '{"type":"progress","leaseId":"l-1","percent":50.0,"message":"half","data":{"k":null},"sentAt":"'
        + STAMP
        + '"}',
    ),
    (
        ProgressFrame(lease_id="l-1", sent_at=MOMENT),
        '{"type":"progress","leaseId":"l-1","sentAt":"' + STAMP + '"}',
    ),
]
RECEIVED: dict[str, dict[str, Any]] = {
    "registered": {"type": "registered", "sessionId": "s-1", "capabilities": [], "acceptedAt": "2025-01-01T00:00:00Z"},
    "lease": {
        "type": "lease",
        "sentAt": "2025-01-01T00:00:00Z",
        "lease": {
            "leaseId": "l-1",
            "expiresAt": "2025-01-01T00:01:00Z",
            "task": {"taskId": "t-1", "workflowId": "w-1", "capability": "acme/echo", "input": None, "attempt": 0},
        },
    },
    "cancel": {"type": "cancel", "leaseId": "l-1", "reason": "user", "cancelledAt": "2025-01-01T00:00:00Z"},
    "capability-revoked": {
        "type": "capability-revoked",
        "capability": "acme/echo",
        "reason": "r",
        "revokedAt": "2025-01-01T00:00:00Z",
    },
    "disconnect": {"type": "disconnect", "reason": "r", "reconnectable": True, "sentAt": "2025-01-01T00:00:00Z"},
}


def changed(name: str, path: str, value: Any) -> dict[str, Any]:
    """A frame with one member set, or removed when the value is `...`."""
    frame = copy.deepcopy(RECEIVED[name])
    *parents, last = path.split(".")
    holder = frame
    for part in parents:
        holder = holder[part]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    return frame


@pytest.mark.parametrize(("frame", "expected"), SENT)
def test_a_frame_is_written_so(frame: Any, expected: str) -> None:
    assert encode(frame).decode() == expected


def test_a_whole_second_has_no_fraction() -> None:
    frame = ProgressFrame(lease_id="l", sent_at=datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert b'"2025-01-02T03:04:05Z"' in encode(frame)


def test_a_dict_is_sent_as_given() -> None:
    assert encode({"a": None, "é": [1]}) == '{"a":null,"é":[1]}'.encode()


@pytest.mark.parametrize("name", RECEIVED)
def test_the_smallest_frame_of_each_type_is_read(name: str) -> None:
    assert parse_server_frame(RECEIVED[name]).type == name
    assert parse_server_json(json.dumps(RECEIVED[name])) == parse_server_frame(RECEIVED[name])
    assert TypeAdapter(protocol.ServerToNeuronFrame).validate_python(RECEIVED[name]).type == name


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        *[
            ("lease", f"lease.task.{member}", ...)
            for member in ("input", "attempt", "workflowId", "taskId", "capability")
        ],
        ("lease", "lease.expiresAt", ...),
        ("lease", "sentAt", ...),
        ("lease", "lease.task.attempt", -1),
        ("lease", "lease.task.attempt", 1.5),
        ("lease", "lease.task.metadata", [1]),
        ("lease", "lease.task.onBehalfOf", ""),
        ("lease", "lease.leaseId", ""),
        ("lease", "lease.leaseId", 7),
        ("lease", "lease.task.extra", 1),
        ("lease", "lease.extra", 1),
        ("cancel", "reason", ""),
        ("registered", "protocolVersion", "1.0.0"),
        ("disconnect", "reconnectable", ...),
        ("cancel", "type", "ping"),
    ],
)
def test_a_frame_with_this_flaw_is_refused(name: str, path: str, value: Any) -> None:
    with pytest.raises(ValueError):
        parse_server_json(json.dumps(changed(name, path, value)))


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("lease", "lease.task.attempt", "2"),
        ("lease", "lease.task.attempt", 2.0),
        ("lease", "lease.task.onBehalfOf", None),
        ("lease", "lease.inputSchema", None),
        ("lease", "sentAt", "2025-01-01 00:00:00+00:00"),
        ("lease", "sentAt", 1735689600),
        ("disconnect", "reconnectable", "yes"),
        ("disconnect", "code", None),
    ],
)
def test_inbound_leniency_is_kept(name: str, path: str, value: Any) -> None:
    assert parse_server_json(json.dumps(changed(name, path, value))).type == name


def test_inbound_frames_may_use_python_names() -> None:
    frame = {"type": "cancel", "lease_id": "l-1", "reason": "r", "cancelled_at": "2025-01-01T00:00:00Z"}
    assert parse_server_frame(frame) == parse_server_frame(changed("cancel", "reason", "r"))


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ({}, KeyError),
        ({"type": "ping"}, KeyError),
        ([], TypeError),
        ({"type": []}, TypeError),
        ({"type": "cancel"}, ValidationError),
    ],
)
def test_parse_server_frame_raises(payload: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_server_frame(payload)


@pytest.mark.parametrize(("value", "valid"), [
    ("a/b", True), ("a/b/c.v", True), ("A_.-/Z-", True),
    ("a", False), ("a//b", False), ("/a", False), ("a/", False), ("a b/c", False), ("é/b", False),
    ("a\\b/c", False), ("", False), ("a/b\n", False),
])  # fmt: skip
def test_capability_types(value: str, valid: bool) -> None:
    try:
        Capability(type=value, scope="any", concurrency=1)
    except ValidationError:
        assert not valid
    else:
        assert valid


@pytest.mark.parametrize("ttl", [999, 3_600_001])
def test_a_lease_lives_between_a_second_and_an_hour(ttl: int) -> None:
    with pytest.raises(ValidationError):
        Capability.model_validate({"type": "a/b", "scope": "any", "concurrency": 1, "leaseTtlMs": ttl})


@pytest.mark.parametrize(
    "scope", ["any", {"onBehalfOf": "u"}, {"on_behalf_of": "u"}, protocol.CapabilityScopeOnBehalfOf(on_behalf_of="u")]
)  # type: ignore[call-arg]
def test_scopes_in_every_spelling(scope: Any) -> None:
    written = json.loads(encode(Capability(type="a/b", scope=scope, concurrency=1)))["scope"]
    assert written == ("any" if scope == "any" else {"onBehalfOf": "u"})


def test_a_capability_type_is_offered_once_whatever_its_scope() -> None:
    other = ECHO.model_copy(update={"scope": protocol.CapabilityScopeOnBehalfOf(on_behalf_of="u")})  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="duplicate"):
        RegisterFrame(neuron_id="n", protocol_version="1", capabilities=[ECHO, other])


def test_constants() -> None:
    assert protocol.PROTOCOL_VERSION == "1.0.0"
    assert vars(SSE_EVENT) == {name.replace("-", "_"): name for name in RECEIVED}
    document = find_protocol("neuron").document()
    documented = {operation.path for operation in document.operations}
    assert {SSE_PATH, *vars(POST_PATH).values()} == {path for path in documented if path.startswith("/neuron/")}


# The models and the spec say the same.

SPEC = Path(__file__).parents[3] / "specs/neuron/1.0"
FILES = sorted((SPEC / "frames").glob("*.schema.yaml")) + sorted((SPEC / "schemas").glob("*.schema.yaml"))


def class_name(file: Path) -> str:
    return str(yaml.safe_load(file.read_text())["title"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_example_of_the_spec_is_read_and_written_back(file: Path) -> None:
    adapter = TypeAdapter(getattr(protocol, class_name(file)))
    for example in yaml.safe_load(file.read_text())["examples"]:
        value = adapter.validate_python(example)
        written = json.loads(adapter.dump_json(value, by_alias=True, exclude_none=True))
        expected = json.loads(json.dumps(example))
        assert without_nulls(written) == without_nulls(expected)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


MOMENTS = FormatChecker()


@MOMENTS.checks("date-time", raises=ValueError)
def is_moment(value: object) -> bool:
    """RFC 3339, near enough; the library checks it only where an extra is installed."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def schema_of(name: str) -> Draft202012Validator:
    raw = find_protocol("neuron").document().raw
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": raw["components"]},
        format_checker=MOMENTS,
    )


FRAMES = [
    (class_name(file), example)
    for file in FILES
    for example in yaml.safe_load(file.read_text())["examples"]
    if isinstance(example, dict)
]
ODD = st.one_of(
    st.sampled_from(["", "x", "acme/echo", None, [], {}, -1, 0, 1, 999, 101, True, {"onBehalfOf": ""}, "any", [{}]]),
    st.integers(),
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much], deadline=None)
@given(st.sampled_from(FRAMES), st.data())
def test_what_the_spec_refuses_in_form_the_models_refuse_and_the_other_way_round(
    sample: tuple[str, dict[str, Any]], data: st.DataObject
) -> None:
    """One member of a good frame is changed, added or removed; strings are not turned into numbers by the spec."""
    name, example = sample
    frame = copy.deepcopy(example)
    key = data.draw(st.sampled_from([*frame, "extra"]))
    if data.draw(st.booleans()) and key in frame:
        del frame[key]
    else:
        frame[key] = data.draw(ODD)
    wanted = schema_of(name).is_valid(frame)
    try:
        TypeAdapter(getattr(protocol, name)).validate_python(frame)
    except ValidationError:
        assert not wanted, frame
    else:
        lenient = ("type" not in frame, frame.get(key, ...) is None, isinstance(frame.get(key), bool | int))
        assert wanted or any(lenient), frame
