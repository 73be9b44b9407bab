"""Enrollment: a neuron asks, a person approves, the credential is stored (RFC 8628)."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from holokai_neuron_sdk._http import Answer, HttpPort, opened_port
from holokai_neuron_sdk.auth.client_credentials import create_client_credentials_auth
from holokai_neuron_sdk.auth.credential_file import (
    default_credential_path,
    read_credential_file,
    write_credential_file,
)
from holokai_neuron_sdk.auth.discovery import discover_endpoints
from holokai_neuron_sdk.auth.token_client import post_form, request_token_on
from holokai_neuron_sdk.auth.types import (
    CredentialRevokedError,
    EnrollmentError,
    OAuthTokenError,
    StoredCredential,
    TokenResponse,
)

if TYPE_CHECKING:
    import httpx

DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_DEFAULT_INTERVAL_S = 5.0
_SLOWER_S = 5.0
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class EnrollResult:
    """How an enrollment went. The token is there after a new one only; `expires_in` is in seconds."""

    status: Literal["already-enrolled", "enrolled"]
    client_id: str
    credential_path: Path
    access_token: str | None = field(default=None, repr=False)
    expires_in: float | None = None


@dataclass(frozen=True, slots=True)
class _Device:
    """An enrollment that waits for its approval."""

    device_code: str
    user_code: str
    verification_uri: str
    expires_in: float
    interval: float


async def enroll(
    *,
    moku_base_url: str,
    client_name: str,
    hostname: str | None = None,
    capability_types: Sequence[str] | None = None,
    credential_path: str | Path | None = None,
    client: httpx.AsyncClient | None = None,
    logger: logging.Logger | None = None,
    out: Callable[[str], None] | None = None,
    sleep: Sleep | None = None,
) -> EnrollResult:
    """Get a credential and store it, unless there is one that works.

    `out` is told what the person who approves has to do. `sleep` takes seconds.

    Raises:
        EnrollmentError: nobody approved in time, somebody denied, or the provider's answer makes no sense.
        OAuthTokenError: the token endpoint refused for another reason.
        Exception: what the network raised before the polling; while polling the network may come and go.
    """
    path = Path(credential_path) if credential_path is not None else default_credential_path()
    say = out or _print
    log = logger or logging.getLogger("holokai_neuron_sdk.auth")
    existing = await _existing(path, client, log)
    if existing is not None:
        say(f"Already enrolled as {existing.client_id} ({path}).")
        return EnrollResult("already-enrolled", existing.client_id, path)
    endpoints = await discover_endpoints(moku_base_url, client=client, logger=log)
    form = {"client_name": client_name, "hostname": hostname or socket.gethostname()}
    if capability_types:
        form["capability_types"] = ",".join(capability_types)
    async with opened_port(client) as port:
        device = _device(await post_form(port, endpoints.device_authorization_endpoint, form))
        for line in _instructions(device):
            say(line)
        token = await _poll(port, endpoints.token_endpoint, device, sleep or asyncio.sleep, log)
    if not token.client_id or not token.client_secret:
        raise EnrollmentError("the approved enrollment came without a credential", "invalid_response")
    base = moku_base_url.rstrip("/")
    write_credential_file(path, StoredCredential(token.client_id, token.client_secret, endpoints.token_endpoint, base))
    say(f"Enrolled as {token.client_id}; the credential is in {path}.")
    return EnrollResult("enrolled", token.client_id, path, token.access_token, token.expires_in)


async def _existing(path: Path, client: httpx.AsyncClient | None, log: logging.Logger) -> StoredCredential | None:
    """The stored credential, if a token can be had with it."""
    credential = read_credential_file(path)
    if credential is None:
        return None
    try:
        await create_client_credentials_auth(path, client=client, logger=log)()
    except CredentialRevokedError:
        log.warning("the credential %s is not valid any more, enrolling anew", credential.client_id)
        return None
    return credential


def _device(answer: Answer) -> _Device:
    if not 200 <= answer.status < 300:
        more = f" — {answer.text}" if answer.text else ""
        raise EnrollmentError(f"device authorization request failed: {answer.status}{more}", "device_request_failed")
    found: object = json.loads(answer.content)
    document = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    texts = ("device_code", "user_code", "verification_uri")
    if not all(isinstance(document.get(name), str) for name in texts) or not isinstance(
        document.get("expires_in"), int | float
    ):
        raise EnrollmentError("the device authorization answer lacks a field", "invalid_response")
    complete, interval = document.get("verification_uri_complete"), document.get("interval")
    return _Device(
        device_code=document["device_code"],
        user_code=document["user_code"],
        verification_uri=complete if isinstance(complete, str) else document["verification_uri"],
        expires_in=document["expires_in"],
        interval=interval if isinstance(interval, int | float) else _DEFAULT_INTERVAL_S,
    )


def _instructions(device: _Device) -> list[str]:
    return [
        "To enroll this neuron, open",
        f"  {device.verification_uri}",
        f"and enter code: {device.user_code}",
        f"Waiting for approval, {round(device.expires_in / 60)} minutes at most ...",
    ]


async def _poll(
    port: HttpPort, token_endpoint: str, device: _Device, sleep: Sleep, log: logging.Logger
) -> TokenResponse:
    """Ask until it is decided. The network, and a provider that restarts, may fail as often as they like until the
    end.
    """
    deadline = time.monotonic() + device.expires_in
    interval = device.interval
    form = {"grant_type": DEVICE_CODE_GRANT, "device_code": device.device_code}
    while time.monotonic() < deadline:
        await sleep(interval)
        try:
            return await request_token_on(port, token_endpoint, form)
        except OAuthTokenError as error:
            interval = _next_interval(error, interval, log)
        except Exception as error:
            log.warning("polling failed, trying again: %r", error)
    raise EnrollmentError("nobody approved in time", "expired_token")


def _next_interval(error: OAuthTokenError, interval: float, log: logging.Logger) -> float:
    """How long to wait before the next poll; raises when there is no next one."""
    match error.error:
        case "authorization_pending":
            return interval
        case "slow_down":
            return interval + _SLOWER_S
        case "expired_token":
            raise EnrollmentError("nobody approved in time", "expired_token") from error
        case "access_denied":
            raise EnrollmentError("the enrollment was denied", "access_denied") from error
        case _:
            if error.status != 409 and error.status < 500:
                raise error
            log.warning("polling failed, trying again: %s", error)
            return interval


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - what the person at the terminal is to read
