"""The names and signatures that programs of 0.1.1 and 0.2.0 rely on."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from dataclasses import FrozenInstanceError
from typing import Any, get_args

import holokai_neuron_sdk
import pytest
from holokai_neuron_sdk import auth

ROOT_NAMES = [
    "__version__",
    "Neuron",
    "Handler",
    "HandlerContext",
    "TerminalFailure",
    "run_lease",
    "HeartbeatLoop",
    "AuthCallback",
    "HttpTransport",
    "ReconnectInfo",
    "TransportCallbacks",
    "TransportError",
    "PROTOCOL_VERSION",
    "POST_PATH",
    "SSE_PATH",
    "SSE_EVENT",
    "Capability",
    "CapabilityScope",
    "CapabilityScopeOnBehalfOf",
    "CapabilityType",
    "UserId",
    "NeuronId",
    "LeaseId",
    "TaskPayload",
    "LeasePayload",
    "RegisterFrame",
    "UpdateCapabilityFrame",
    "HeartbeatFrame",
    "HeartbeatInFlightEntry",
    "AckFrame",
    "NackFrame",
    "NackKind",
    "ProgressFrame",
    "NeuronToServerFrame",
    "RegisteredFrame",
    "LeaseFrame",
    "CancelFrame",
    "CapabilityRevokedFrame",
    "DisconnectFrame",
    "ServerToNeuronFrame",
    "parse_server_frame",
    "SseEvent",
    "parse_sse_stream",
]
AUTH_NAMES = [
    "ClientAuthenticator",
    "CredentialRevokedError",
    "EnrollResult",
    "EnrollmentError",
    "OAuthEndpoints",
    "OAuthTokenError",
    "StoredCredential",
    "TokenResponse",
    "client_secret_post",
    "create_client_credentials_auth",
    "default_credential_path",
    "discover_endpoints",
    "enroll",
    "read_credential_file",
    "write_credential_file",
]
HOMES = {
    "neuron": "Neuron",
    "transport": "HttpTransport TransportCallbacks TransportError ReconnectInfo AuthCallback",
    "sse": "SseEvent parse_sse_stream",
    "_heartbeat": "HeartbeatLoop DEFAULT_INTERVAL_MS",
    "_lease_runner": "run_lease HandlerContext TerminalFailure Handler",
    "protocol": (
        "CapabilityScopeAny CapabilityType NackKind NeuronToServerFrame ServerToNeuronFrame "
        "parse_server_frame POST_PATH"
    ),
    "auth.types": (
        "OAuthEndpoints StoredCredential TokenResponse ClientAuthenticator client_secret_post EnrollmentErrorCode"
    ),
    "auth.discovery": "discover_endpoints DEFAULT_TOKEN_PATH DEFAULT_DEVICE_AUTHORIZATION_PATH DISCOVERY_PATH",
    "auth.token_client": "request_token",
    "auth.credential_file": "default_credential_path read_credential_file write_credential_file",
    "auth.client_credentials": "create_client_credentials_auth DEFAULT_REFRESH_BUFFER_S",
    "auth.enrollment": "enroll EnrollResult DEVICE_CODE_GRANT",
    "_cli": "main",
}
SIGNATURES = {
    "neuron.Neuron": (
        "(*, gateway_url=None, neuron_id, auth=None, transport=None, logger=None, "
        "heartbeat_interval_ms=10000, initial_reconnect_delay_ms=500, max_reconnect_delay_ms=30000)"
    ),
    "neuron.Neuron.register_handler": "(self, capability, handler, *, input_schema=None, output_schema=None)",
    "neuron.Neuron.update_capability": "(self, capability_type, *, concurrency)",
    "neuron.Neuron.stop": "(self, *, drain=True, timeout=30.0)",
    "neuron.Neuron.on": "(self, event, callback)",
    "_heartbeat.HeartbeatLoop": "(*, transport, neuron_id, in_flight, interval_ms=10000, logger=None)",
    "_lease_runner.run_lease": "(*, lease, handler, transport, logger, cancel_event)",
    "_lease_runner.HandlerContext": "(*, lease, transport, cancel_event, logger)",
    "_lease_runner.HandlerContext.progress": "(self, *, percent=None, message=None, data=None)",
    "_lease_runner.HandlerContext.fail": "(self, reason, *, code=None)",
    "_lease_runner.TerminalFailure": "(reason, code=None)",
    "transport.TransportError": "(message, status_code)",
    "transport.ReconnectInfo": "(attempt, delay_ms, reason)",
    "sse.SseEvent": "(event, data)",
    "sse.parse_sse_stream": "(byte_chunks)",
    "auth.discovery.discover_endpoints": "(moku_base_url, *, client=None, logger=None)",
    "auth.token_client.request_token": "(token_endpoint, form, client)",
    "auth.credential_file.write_credential_file": "(path, credential)",
    "auth.client_credentials.create_client_credentials_auth": (
        "(credential_path=None, *, client=None, logger=None, refresh_buffer_s=60.0, authenticator=None, now=None)"
    ),
    "auth.enrollment.enroll": (
        "(*, moku_base_url, client_name, hostname=None, capability_types=None, credential_path=None, "
        "client=None, logger=None, out=None, sleep=None)"
    ),
    "auth.types.TokenResponse": (
        "(access_token, token_type, expires_in, scope=None, client_id=None, client_secret=None)"
    ),
    "auth.types.StoredCredential": "(client_id, client_secret, token_endpoint, moku_base_url)",
    "auth.types.OAuthTokenError": "(error, status, description=None)",
    "auth.types.EnrollmentError": "(message, code)",
    "_cli.main": "(argv=None)",
}


def find(path: str) -> Any:
    module, *names = path.split(".")
    if module == "auth":
        module = f"auth.{names.pop(0)}"
    found: Any = importlib.import_module(f"holokai_neuron_sdk.{module}")
    for name in names:
        found = getattr(found, name)
    return found


def bare(signature: inspect.Signature) -> str:
    parameters = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


def test_the_root_exports_exactly_the_published_names() -> None:
    assert sorted(holokai_neuron_sdk.__all__) == sorted(ROOT_NAMES)
    for name in ROOT_NAMES:
        assert getattr(holokai_neuron_sdk, name) is not None
    assert set(ROOT_NAMES) <= set(dir(holokai_neuron_sdk))
    with pytest.raises(AttributeError, match="nothing"):
        holokai_neuron_sdk.nothing  # noqa: B018


def test_auth_exports_exactly_the_published_names() -> None:
    assert sorted(auth.__all__) == sorted(AUTH_NAMES)
    for name in AUTH_NAMES:
        assert getattr(auth, name) is not None
    assert not set(AUTH_NAMES) & set(holokai_neuron_sdk.__all__)


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in HOMES.items() for n in names.split()])
def test_every_name_is_where_it_was(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(f"holokai_neuron_sdk.{module}"), name)


@pytest.mark.parametrize(("path", "expected"), SIGNATURES.items())
def test_signatures(path: str, expected: str) -> None:
    assert bare(inspect.signature(find(path))) == expected


def test_the_transport_takes_what_it_took_and_one_thing_more() -> None:
    assert bare(inspect.signature(holokai_neuron_sdk.HttpTransport)) == (
        "(*, gateway_url, neuron_id, auth, logger=None, initial_reconnect_delay_ms=500, max_reconnect_delay_ms=30000, "
        "client=None, request_timeout=30.0, idle_timeout=None)"
    )


def test_literals() -> None:
    assert get_args(holokai_neuron_sdk.NackKind) == ("retryable", "terminal", "schema-mismatch", "cancelled")
    assert set(get_args(find("auth.types.EnrollmentErrorCode"))) == {
        "expired_token", "access_denied", "invalid_response", "device_request_failed",
    }  # fmt: skip
    assert find("auth.enrollment.DEVICE_CODE_GRANT") == "urn:ietf:params:oauth:grant-type:device_code"
    assert find("_heartbeat.DEFAULT_INTERVAL_MS") == 10_000
    assert holokai_neuron_sdk.__version__ == "0.2.0"


@pytest.mark.parametrize("value", [
    holokai_neuron_sdk.ReconnectInfo(1, 500, "r"),
    holokai_neuron_sdk.SseEvent("e", "d"),
    auth.TokenResponse("t", "bearer", 1.0),
])  # fmt: skip
def test_values_are_frozen(value: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(value, next(iter(value.__dataclass_fields__)), 1)


def test_secrets_are_not_in_reprs() -> None:
    credential = auth.StoredCredential("c-1", "s3cret", "https://t", "https://m")
    token = auth.TokenResponse("s3cret", "bearer", 1.0, client_secret="s3cret")
    assert "s3cret" not in f"{credential!r} {token!r} {auth.client_secret_post('c-1', 's3cret')!r}"


def test_importing_it_loads_neither_an_http_library_nor_a_model() -> None:
    code = "import sys, holokai_neuron_sdk, holokai_neuron_sdk.auth; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"httpx", "httpcore", "aiohttp", "pydantic", "jsonschema"} & set(done.stdout.split())
