"""Neurons: processes that offer capabilities to a BigBrain gateway and run the tasks it leases to them.

    neuron = Neuron(gateway_url="https://api.holokai.dev", neuron_id="my-neuron-1", auth=lambda: "<bearer token>")
    neuron.register_handler(Capability(type="example/echo", scope="any", concurrency=4), echo)
    await neuron.start()

Everything is loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach

if TYPE_CHECKING:
    from holokai_neuron_sdk._heartbeat import HeartbeatLoop
    from holokai_neuron_sdk._lease_runner import Handler, HandlerContext, TerminalFailure, run_lease
    from holokai_neuron_sdk.neuron import Neuron
    from holokai_neuron_sdk.protocol import (
        POST_PATH,
        PROTOCOL_VERSION,
        SSE_EVENT,
        SSE_PATH,
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
        NeuronToServerFrame,
        ProgressFrame,
        RegisteredFrame,
        RegisterFrame,
        ServerToNeuronFrame,
        TaskPayload,
        UpdateCapabilityFrame,
        UserId,
        parse_server_frame,
    )
    from holokai_neuron_sdk.sse import SseEvent, parse_sse_stream
    from holokai_neuron_sdk.transport import (
        AuthCallback,
        HttpTransport,
        ReconnectInfo,
        TransportCallbacks,
        TransportError,
    )

__version__ = "0.2.0"

_HOMES = {
    "neuron": "Neuron",
    "_lease_runner": "Handler HandlerContext TerminalFailure run_lease",
    "_heartbeat": "HeartbeatLoop",
    "transport": "AuthCallback HttpTransport ReconnectInfo TransportCallbacks TransportError",
    "sse": "SseEvent parse_sse_stream",
    "protocol": (
        "POST_PATH PROTOCOL_VERSION SSE_EVENT SSE_PATH AckFrame CancelFrame Capability CapabilityRevokedFrame "
        "CapabilityScope CapabilityScopeOnBehalfOf CapabilityType DisconnectFrame HeartbeatFrame "
        "HeartbeatInFlightEntry LeaseFrame LeaseId LeasePayload NackFrame NackKind NeuronId "
        "NeuronToServerFrame ProgressFrame RegisterFrame RegisteredFrame ServerToNeuronFrame TaskPayload "
        "UpdateCapabilityFrame UserId parse_server_frame"
    ),
}

__all__ = [
    "POST_PATH",
    "PROTOCOL_VERSION",
    "SSE_EVENT",
    "SSE_PATH",
    "AckFrame",
    "AuthCallback",
    "CancelFrame",
    "Capability",
    "CapabilityRevokedFrame",
    "CapabilityScope",
    "CapabilityScopeOnBehalfOf",
    "CapabilityType",
    "DisconnectFrame",
    "Handler",
    "HandlerContext",
    "HeartbeatFrame",
    "HeartbeatInFlightEntry",
    "HeartbeatLoop",
    "HttpTransport",
    "LeaseFrame",
    "LeaseId",
    "LeasePayload",
    "NackFrame",
    "NackKind",
    "Neuron",
    "NeuronId",
    "NeuronToServerFrame",
    "ProgressFrame",
    "ReconnectInfo",
    "RegisterFrame",
    "RegisteredFrame",
    "ServerToNeuronFrame",
    "SseEvent",
    "TaskPayload",
    "TerminalFailure",
    "TransportCallbacks",
    "TransportError",
    "UpdateCapabilityFrame",
    "UserId",
    "__version__",
    "parse_server_frame",
    "parse_sse_stream",
    "run_lease",
]

__getattr__, __dir__ = attach(__name__, _HOMES)
