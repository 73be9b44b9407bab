"""A request as the ASGI server hands it over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from wirewright.sandbox.answers import Call
from wirewright.sandbox.clock import Clock

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class Incoming:
    """Path and query still percent-encoded; `pairs` are the headers in order, `headers` by lower-case name."""

    method: str
    raw_path: str
    query: str
    pairs: list[tuple[str, str]]
    headers: dict[str, str]
    scheme: str
    body: bytes

    @property
    def target(self) -> str:
        return f"{self.raw_path}?{self.query}" if self.query else self.raw_path

    def call(self, number: int, clock: Clock) -> Call:
        """What rules are given, before it is decoded."""
        url = f"{self.scheme}://{self.headers.get('host') or 'sandbox'}{self.target}"
        return Call(self.method, url, headers=self.headers, raw_body=self.body, number=number, clock=clock)


async def read_request(scope: Scope, receive: Receive) -> Incoming:
    """The whole request. A client that leaves before the end of its body has sent what came."""
    incoming = read_head(scope)
    incoming.body = await _read_body(receive)
    return incoming


def read_head(scope: Scope) -> Incoming:
    """The request without its body; also that of a WebSocket."""
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return Incoming(
        method=scope.get("method", "GET"),
        raw_path=raw_path.decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        pairs=pairs,
        headers=_joined(pairs),
        scheme=scope.get("scheme", "http"),
        body=b"",
    )


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        if name not in headers:
            headers[name] = value
        else:
            headers[name] += ("; " if name == "cookie" else ", ") + value
    return headers


async def _read_body(receive: Receive) -> bytes:
    message = await receive()
    if not message.get("more_body"):
        return bytes(message.get("body", b""))
    pieces = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        pieces.append(message.get("body", b""))
    return b"".join(pieces)
