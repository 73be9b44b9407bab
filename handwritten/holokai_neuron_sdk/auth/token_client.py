"""The token endpoint (RFC 6749, RFC 8628)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from holokai_neuron_sdk._http import Answer, HttpPort, opened_port
from holokai_neuron_sdk.auth.types import OAuthTokenError, TokenResponse

if TYPE_CHECKING:
    import httpx


async def request_token(token_endpoint: str, form: dict[str, str], client: httpx.AsyncClient) -> TokenResponse:
    """Ask for a token.

    Raises:
        OAuthTokenError: any answer but a token.
        Exception: what the network raised.
    """
    async with opened_port(client) as port:
        return await request_token_on(port, token_endpoint, form)


async def request_token_on(port: HttpPort, token_endpoint: str, form: dict[str, str]) -> TokenResponse:
    """The same, over connections that are open already."""
    answer = await post_form(port, token_endpoint, form)
    document = json_object(answer)
    if not 200 <= answer.status < 300:
        error, description = document.get("error"), document.get("error_description")
        raise OAuthTokenError(
            error if isinstance(error, str) else f"http_{answer.status}",
            answer.status,
            description if isinstance(description, str) else None,
        )
    access_token, expires_in = document.get("access_token"), document.get("expires_in")
    if not isinstance(access_token, str) or not isinstance(expires_in, int | float):
        raise OAuthTokenError("invalid_response", answer.status)
    return TokenResponse(
        access_token=access_token,
        token_type=_text(document, "token_type") or "bearer",
        expires_in=expires_in,
        scope=_text(document, "scope"),
        client_id=_text(document, "client_id"),
        client_secret=_text(document, "client_secret"),
    )


async def post_form(port: HttpPort, url: str, form: dict[str, str]) -> Answer:
    """POST a form, fields in the order of `form`."""
    headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
    return await port.send("POST", url, headers, urlencode(form).encode())


def json_object(answer: Answer) -> dict[str, Any]:
    """The body's object; empty when it is something else."""
    try:
        document = json.loads(answer.content)
    except ValueError:
        return {}
    return cast("dict[str, Any]", document) if isinstance(document, dict) else {}


def _text(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) else None
