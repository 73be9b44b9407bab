"""WebSockets, for protocols that have some beside HTTP; see `rules.socket` for how a rule takes one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from wirewright.sandbox.incoming import Receive, Scope, Send
from wirewright.sandbox.render import Outgoing

GOING_AWAY = 1001
INTERNAL_ERROR = 1011


class SocketClosedError(Exception):
    """The other side has left: nothing can be sent any more. A rule may let it pass."""


class Socket:
    """One open WebSocket, as a rule sees it."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.open = True

    async def frames(self) -> AsyncIterator[str | bytes]:
        """What the client sends, text as str, until it leaves."""
        while self.open:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self.open = False
                return
            text = message.get("text")
            yield text if text is not None else message.get("bytes") or b""

    async def send(self, value: Any) -> None:
        """One frame: bytes as they are, anything else as JSON text. Raises SocketClosedError."""
        data: dict[str, Any] = (
            {"bytes": value}
            if isinstance(value, bytes)
            else {"text": json.dumps(value, ensure_ascii=False, separators=(",", ":"))}
        )
        await self._put({"type": "websocket.send", **data})

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Ends it; a second time does nothing."""
        if self.open:
            self.open = False
            await self._put({"type": "websocket.close", "code": code, "reason": reason}, closing=True)

    async def _put(self, message: dict[str, Any], *, closing: bool = False) -> None:
        if not self.open and not closing:
            raise SocketClosedError
        try:
            await self._send(message)
        except Exception as error:  # what the server raises on a lost connection is its own affair
            self.open = False
            if not closing:
                raise SocketClosedError from error


async def deny(outgoing: Outgoing, scope: Scope, send: Send) -> None:
    """Refuses the upgrade with an HTTP answer, where the server can send one; with its own 403 otherwise."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    status, headers = outgoing.status, outgoing.headers
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": outgoing.body})
