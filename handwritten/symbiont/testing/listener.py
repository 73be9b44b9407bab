"""A port of its own for the HTTP Input listener: nothing is there but `POST /webhook...`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from wirewright.sandbox import Answer, Call, Clock
from wirewright.sandbox.incoming import Receive, Scope, Send, read_request
from wirewright.sandbox.render import render
from wirewright.sandbox.server import HttpServer, listen

Handler = Callable[[Call], Awaitable[Answer]]
PATH = "/webhook"


class ListenerPort:
    """Serves one handler at one path, on a free port for 0."""

    def __init__(self, handler: Handler, clock: Clock, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handler, self._clock = handler, clock
        self._socket = listen(host, port)
        self._host = host
        self.port: int = self._socket.getsockname()[1]
        self._server = HttpServer(self._serve, self._socket)

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self.port}{PATH}"

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = await read_request(scope, receive)
        path = incoming.raw_path
        if path != PATH and not path.startswith(PATH + "/"):
            answer = Answer(404)
        elif incoming.method != "POST":
            answer = Answer(405, headers={"allow": "POST"})
        else:
            answer = await self._handler(incoming.call(0, self._clock))
        outgoing = render(answer)
        length = (b"content-length", str(len(outgoing.body)).encode())
        headers = [*outgoing.headers, length]
        await send({"type": "http.response.start", "status": outgoing.status, "headers": headers})
        await send({"type": "http.response.body", "body": outgoing.body})
