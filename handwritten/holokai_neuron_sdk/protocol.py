"""The wire: frames, their parts, paths and event names.

The frames are the generated models of `neuron_api.v1_0`, closed (see `_closed`). They take Python and wire names alike,
and `encode` writes them with wire names, `None` left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import to_json

if TYPE_CHECKING:
    from neuron_api.v1_0.models import (  # the same names, so that type checkers see the generated classes
        AckFrame,
        CancelFrame,
        Capability,
        CapabilityRevokedFrame,
        CapabilityScope,
        CapabilityScopeOnBehalfOf,
        CapabilityType,
        DisconnectFrame,
        HeartbeatFrame,
        HeartbeatInFlightEntry,
        LeaseFrame,
        LeaseId,
        LeasePayload,
        NackFrame,
        NackKind,
        NeuronId,
        ProgressFrame,
        RegisteredFrame,
        RegisterFrame,
        TaskPayload,
        UpdateCapabilityFrame,
        UserId,
    )
else:
    from holokai_neuron_sdk._closed import closed, closed_model

    def _each_type_once(self):
        """Raises ValueError when a capability type is offered twice, whatever its scope."""
        types = [capability.type for capability in self.capabilities]
        if len(set(types)) < len(types):
            raise ValueError("duplicate capability types")
        return self

    AckFrame = closed("AckFrame")
    CancelFrame = closed("CancelFrame")
    Capability = closed("Capability")
    CapabilityRevokedFrame = closed("CapabilityRevokedFrame")
    CapabilityScope = closed("CapabilityScope")
    CapabilityScopeOnBehalfOf = closed("CapabilityScopeOnBehalfOf")
    CapabilityType = closed("CapabilityType")
    DisconnectFrame = closed("DisconnectFrame")
    HeartbeatFrame = closed("HeartbeatFrame")
    HeartbeatInFlightEntry = closed("HeartbeatInFlightEntry")
    LeaseFrame = closed("LeaseFrame")
    LeaseId = closed("LeaseId")
    LeasePayload = closed("LeasePayload")
    NackFrame = closed("NackFrame")
    NackKind = closed("NackKind")
    NeuronId = closed("NeuronId")
    ProgressFrame = closed("ProgressFrame")
    RegisterFrame = closed_model("RegisterFrame", each_type_once=model_validator(mode="after")(_each_type_once))
    RegisteredFrame = closed("RegisteredFrame")
    TaskPayload = closed("TaskPayload")
    UpdateCapabilityFrame = closed("UpdateCapabilityFrame")
    UserId = closed("UserId")

__all__ = [
    "POST_PATH",
    "PROTOCOL_VERSION",
    "SSE_EVENT",
    "SSE_PATH",
    "AckFrame",
    "CancelFrame",
    "Capability",
    "CapabilityRevokedFrame",
    "CapabilityScope",
    "CapabilityScopeAny",
    "CapabilityScopeOnBehalfOf",
    "CapabilityType",
    "DisconnectFrame",
    "HeartbeatFrame",
    "HeartbeatInFlightEntry",
    "LeaseFrame",
    "LeaseId",
    "LeasePayload",
    "NackFrame",
    "NackKind",
    "NeuronId",
    "NeuronToServerFrame",
    "ProgressFrame",
    "RegisterFrame",
    "RegisteredFrame",
    "ServerToNeuronFrame",
    "TaskPayload",
    "UpdateCapabilityFrame",
    "UserId",
    "encode",
    "parse_server_frame",
    "parse_server_json",
]

NeuronToServerFrame = RegisterFrame | UpdateCapabilityFrame | HeartbeatFrame | AckFrame | NackFrame | ProgressFrame
ServerToNeuronFrame = Annotated[
    RegisteredFrame | LeaseFrame | CancelFrame | CapabilityRevokedFrame | DisconnectFrame, Field(discriminator="type")
]

PROTOCOL_VERSION = "1.0.0"


class CapabilityScopeAny(BaseModel):
    """An empty object; no part of the wire."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class _PostPath:
    """Where each frame of a neuron is POSTed."""

    register: str = "/neuron/register"
    update_capability: str = "/neuron/update-capability"
    heartbeat: str = "/neuron/heartbeat"
    ack: str = "/neuron/ack"
    nack: str = "/neuron/nack"
    progress: str = "/neuron/progress"


@dataclass(frozen=True)
class _SseEvent:
    """Names of the gateway's events."""

    registered: str = "registered"
    lease: str = "lease"
    cancel: str = "cancel"
    capability_revoked: str = "capability-revoked"
    disconnect: str = "disconnect"


POST_PATH = _PostPath()
SSE_PATH = "/neuron/events"
SSE_EVENT = _SseEvent()

_SERVER_FRAMES: dict[str, type[BaseModel]] = {
    SSE_EVENT.registered: RegisteredFrame,
    SSE_EVENT.lease: LeaseFrame,
    SSE_EVENT.cancel: CancelFrame,
    SSE_EVENT.capability_revoked: CapabilityRevokedFrame,
    SSE_EVENT.disconnect: DisconnectFrame,
}
_server_frame: TypeAdapter[Any] = TypeAdapter(ServerToNeuronFrame)


def parse_server_frame(payload: dict[str, Any]) -> ServerToNeuronFrame:
    """The frame in a decoded payload.

    Raises:
        KeyError: there is no type, or an unknown one.
        TypeError: the payload is no object, or its type cannot be a key.
        pydantic.ValidationError: the shape is wrong.
    """
    return cast("ServerToNeuronFrame", _SERVER_FRAMES[payload["type"]].model_validate(payload))


def parse_server_json(text: str) -> ServerToNeuronFrame:
    """The frame in a JSON text. Raises ValueError for anything that is none."""
    return cast("ServerToNeuronFrame", _server_frame.validate_json(text))


def encode(frame: BaseModel | dict[str, Any]) -> bytes:
    """JSON as it is sent: a model by wire names without its `None` fields, a dict as it is."""
    if isinstance(frame, BaseModel):
        return frame.model_dump_json(by_alias=True, exclude_none=True).encode()
    return to_json(frame)
