"""Serves an ASGI application over HTTP from the running event loop, with a hand on each connection.

uvicorn's protocol does the HTTP; its `Server` is left out, so that start and stop take no polling interval, and so that
a fault can reset or close the very connection it is meant for.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, cast

_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_QUIET: dict[str, Any] = {
    "access_log": False,
    "log_config": None,
    "log_level": "critical",
    "server_header": False,
    "date_header": False,
}


class SocketConnection:
    """A connection of the server, as faults handle it."""

    __slots__ = ("_transport",)

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def reset(self) -> None:
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self._transport.abort()

    def close(self) -> None:
        self._transport.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns off Nagle on every connection: no answer waits for a delayed ack.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(512)
    except OSError:
        found.close()
        raise
    found.setblocking(False)
    return found


@lru_cache
def _with_connection(protocol_class: Any) -> Any:
    """uvicorn's protocol, which tells the application of the connection it came on."""

    def connection_made(self: Any, transport: asyncio.Transport) -> None:
        self.app_state = {**self.app_state, "connection": SocketConnection(transport)}
        protocol_class.connection_made(self, transport)

    return type("WithConnection", (protocol_class,), {"connection_made": connection_made})


class HttpServer:
    """Serves one application on one socket until `stop()`; WebSockets, too, if asked and the library is there."""

    def __init__(self, app: Any, sock: socket.socket, *, websockets: bool = False) -> None:
        self._app = app
        self._socket = sock
        self._ws = "websockets-sansio" if websockets and find_spec("websockets") else "none"
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        from uvicorn.config import Config
        from uvicorn.server import ServerState

        config = Config(self._app, lifespan="off", interface="asgi3", ws=self._ws, timeout_keep_alive=75, **_QUIET)
        config.load()
        self._state = ServerState()
        protocol_class: Any = config.http_protocol_class

        def connect() -> asyncio.Protocol:
            made = _with_connection(protocol_class)(config=config, server_state=self._state, app_state={})
            return cast(asyncio.Protocol, made)

        self._server = await asyncio.get_running_loop().create_server(connect, sock=self._socket)

    async def stop(self, grace: float = 1.0) -> None:
        """Takes no more connections, lets running answers end for `grace` seconds, then breaks what is left."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._state.tasks:
            await asyncio.wait(list(self._state.tasks), timeout=grace)
        for task in list(self._state.tasks):
            task.cancel()
        for connection in list(self._state.connections):
            connection.transport.close()
        await asyncio.sleep(0)
        for connection in list(self._state.connections):
            connection.transport.abort()
