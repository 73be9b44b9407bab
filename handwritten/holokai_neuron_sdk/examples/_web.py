"""Plain HTTP for the examples, over the runtime's transport: redirects, a limit on the body, one total time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urljoin, urlsplit

from wirewright.messages import HttpRequest, HttpResponse

from holokai_neuron_sdk._http import open_transport

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 20


@dataclass(frozen=True, slots=True)
class Page:
    """An answer; `body` holds at most as many bytes as were asked for."""

    status: int
    headers: dict[str, str]
    body: bytes
    truncated: bool
    final_url: str


async def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    seconds: float = 10.0,
    max_bytes: int = 1_000_000,
    follow_redirects: bool = True,
) -> Page:
    """One page. Raises ValueError for a URL that is none, and for what the network does
    `wirewright.TransportError`s.
    """
    transport = open_transport()
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    try:
        async with asyncio.timeout(seconds):
            for _ in range(_MOST_REDIRECTS + 1):
                response = await transport.send(_request(method, url, sent, content))
                location = response.headers.get("location")
                if not follow_redirects or response.status not in _REDIRECTS or not location:
                    return await _page(response, url, max_bytes)
                if response.aclose:
                    await response.aclose()
                target = urljoin(url, location)
                if urlsplit(target).netloc != urlsplit(url).netloc:
                    sent = {name: value for name, value in sent.items() if name not in ("authorization", "cookie")}
                if response.status == 303 or (response.status in (301, 302) and method == "POST"):
                    method, content = "GET", None
                url = target
            raise ValueError(f"more than {_MOST_REDIRECTS} redirects")
    finally:
        await transport.aclose()


def _request(method: str, url: str, headers: Mapping[str, str], content: bytes | None) -> HttpRequest:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"not an http(s) URL: {url}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = {"accept": "*/*", "user-agent": "holokai-neuron-sdk example", **headers}
    if content is not None:
        own["content-length"] = str(len(content))
    return HttpRequest(method, f"{parts.scheme}://{parts.netloc}", target, own, content, stream=True)


async def _page(response: HttpResponse, url: str, max_bytes: int) -> Page:
    body = bytearray(response.content)
    if response.body is not None:
        async for chunk in cast("AsyncIterator[bytes]", response.body):  # what an async transport's answers have
            body += chunk
            if len(body) > max_bytes:
                break
        if response.aclose:
            await response.aclose()
    headers = dict(response.headers)
    return Page(response.status, headers, bytes(body[:max_bytes]), len(body) > max_bytes, url)
