"""temporary hand-written models until generated are there"""
from __future__ import annotations
from datetime import datetime
from typing import Annotated, Any, Literal
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import to_json
from pydantic.alias_generators import to_camel

PROTOCOL_VERSION = "1.0.0"
SSE_PATH = "/neuron/events"
class _PostPath:
    register = "/neuron/register"
    update_capability = "/neuron/update-capability"
    heartbeat = "/neuron/heartbeat"
    ack = "/neuron/ack"
    nack = "/neuron/nack"
    progress = "/neuron/progress"
POST_PATH = _PostPath()
class M(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)
Id = Annotated[str, Field(min_length=1)]
class CapabilityScopeOnBehalfOf(M):
    on_behalf_of: Id
class Capability(M):
    type: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]+(\/[A-Za-z0-9_.\-]+)+$")]
    scope: Literal["any"] | CapabilityScopeOnBehalfOf
    concurrency: Annotated[int, Field(gt=0)]
    lease_ttl_ms: int | None = None
class TaskPayload(M):
    task_id: Id
    workflow_id: Id
    capability: str
    on_behalf_of: Id | None = None
    input: Any
    attempt: Annotated[int, Field(ge=0)]
    metadata: dict[str, Any] | None = None
class LeasePayload(M):
    lease_id: Id
    expires_at: datetime
    task: TaskPayload
    input_schema: Any = None
    output_schema: Any = None
class HeartbeatInFlightEntry(M):
    lease_id: Id
    task_id: Id
    started_at: datetime
class RegisterFrame(M):
    type: Literal["register"] = "register"
    neuron_id: Id
    protocol_version: Id
    capabilities: Annotated[list[Capability], Field(min_length=1)]
class UpdateCapabilityFrame(M):
    type: Literal["update-capability"] = "update-capability"
    neuron_id: Id
    capability: Capability
class HeartbeatFrame(M):
    type: Literal["heartbeat"] = "heartbeat"
    neuron_id: Id
    in_flight: list[HeartbeatInFlightEntry]
    sent_at: datetime
class AckFrame(M):
    type: Literal["ack"] = "ack"
    lease_id: Id
    output: Any
    completed_at: datetime
NackKind = Literal["retryable", "terminal", "schema-mismatch", "cancelled"]
class NackFrame(M):
    type: Literal["nack"] = "nack"
    lease_id: Id
    kind: Literal["retryable", "terminal", "schema-mismatch", "cancelled"]
    reason: Id
    code: str | None = None
    details: Any = None
    failed_at: datetime
class ProgressFrame(M):
    type: Literal["progress"] = "progress"
    lease_id: Id
    percent: float | None = None
    message: str | None = None
    data: Any = None
    sent_at: datetime
class RegisteredFrame(M):
    type: Literal["registered"] = "registered"
    session_id: Id
    capabilities: list[Capability]
    accepted_at: datetime
class LeaseFrame(M):
    type: Literal["lease"] = "lease"
    lease: LeasePayload
    sent_at: datetime
class CancelFrame(M):
    type: Literal["cancel"] = "cancel"
    lease_id: Id
    reason: Id
    cancelled_at: datetime
class CapabilityRevokedFrame(M):
    type: Literal["capability-revoked"] = "capability-revoked"
    capability: str
    reason: Id
    revoked_at: datetime
class DisconnectFrame(M):
    type: Literal["disconnect"] = "disconnect"
    reason: Id
    code: str | None = None
    reconnectable: bool
    sent_at: datetime
NeuronToServerFrame = RegisterFrame | UpdateCapabilityFrame | HeartbeatFrame | AckFrame | NackFrame | ProgressFrame
ServerToNeuronFrame = Annotated[RegisteredFrame | LeaseFrame | CancelFrame | CapabilityRevokedFrame | DisconnectFrame, Field(discriminator="type")]

class _SseEvent:
    registered = "registered"
    lease = "lease"
    cancel = "cancel"
    capability_revoked = "capability-revoked"
    disconnect = "disconnect"
SSE_EVENT = _SseEvent()
_SERVER = TypeAdapter(ServerToNeuronFrame)
def parse_server_json(text: str) -> Any:
    return _SERVER.validate_json(text)
def parse_server_frame(payload: dict[str, Any]) -> Any:
    kinds = {"registered": RegisteredFrame, "lease": LeaseFrame, "cancel": CancelFrame, "capability-revoked": CapabilityRevokedFrame, "disconnect": DisconnectFrame}
    return kinds[payload["type"]].model_validate(payload)
def encode(frame: BaseModel | dict[str, Any]) -> bytes:
    if isinstance(frame, BaseModel):
        return frame.model_dump_json(by_alias=True, exclude_none=True).encode()
    return to_json(frame)
