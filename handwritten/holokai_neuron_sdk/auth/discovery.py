"""Where the identity provider's endpoints are (RFC 8414)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from holokai_neuron_sdk._http import Answer, opened_port
from holokai_neuron_sdk.auth.token_client import json_object
from holokai_neuron_sdk.auth.types import OAuthEndpoints

if TYPE_CHECKING:
    import httpx

DISCOVERY_PATH = "/.well-known/oauth-authorization-server"
DEFAULT_TOKEN_PATH = "/api/v1/auth/token"  # noqa: S105 - a path
DEFAULT_DEVICE_AUTHORIZATION_PATH = "/api/v1/auth/device"


async def discover_endpoints(
    moku_base_url: str, *, client: httpx.AsyncClient | None = None, logger: logging.Logger | None = None
) -> OAuthEndpoints:
    """The endpoints under `moku_base_url`: those that it tells, else the usual ones. Never raises for the network.

    Told URLs keep their path only: what the provider thinks its address is need not be reachable from here.
    """
    base = moku_base_url.rstrip("/")
    log = logger or logging.getLogger("holokai_neuron_sdk.auth")
    fallback = OAuthEndpoints(base + DEFAULT_TOKEN_PATH, base + DEFAULT_DEVICE_AUTHORIZATION_PATH)
    try:
        async with opened_port(client) as port:
            answer = await port.send("GET", base + DISCOVERY_PATH, {"accept": "application/json"})
    except Exception as error:
        log.debug("no discovery at %s: %r", base, error)
        return fallback
    return _told(base, answer) or fallback


def _told(base: str, answer: Answer) -> OAuthEndpoints | None:
    if not 200 <= answer.status < 300:
        return None
    document = json_object(answer)
    token, device = document.get("token_endpoint"), document.get("device_authorization_endpoint")
    if not isinstance(token, str) or not isinstance(device, str):
        return None
    return OAuthEndpoints(_on_base(base, token), _on_base(base, device))


def _on_base(base: str, told: str) -> str:
    try:
        parts = urlsplit(told)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme and parts.netloc:
        return base + parts.path
    return base + (told if told.startswith("/") else f"/{told}")
