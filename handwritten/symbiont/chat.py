"""Talking to a runtime over its WebSocket `/ws/chat` (protocol sheet §4.6).

    async with AsyncClient(api_key="...").chat() as session:
        print((await session.ask("Which agents are running?")).content)

Needs the extra `symbiont-chat` (websockets). A session is one connection; it does not reconnect, since a runtime
forgets a conversation with its connection.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from wirewright import codecs
from wirewright.codecs import CodecError

from symbiont._http import root_of
from symbiont.exceptions import APIError, AuthenticationError, NotFoundError, SymbiontError

if TYPE_CHECKING:
    from symbiont_api.v1_16.models import ChatServerFrame

    from symbiont._base import BaseClient

log = logging.getLogger("symbiont.chat")
_WIRE = logging.getLogger("symbiont.chat.socket")
_WIRE.setLevel(logging.INFO)  # one level below, the library logs the address, which has the token in it

SILENCE = 90.0
"""Seconds without a frame after which a connection is given up; a runtime says `Pong` every 30."""
MAX_FRAME = 16 * 1024 * 1024


@dataclass
class ChatAnswer:
    """What a runtime answered: the text, and everything that happened on the way (tools, policies)."""

    content: str
    request_id: str | None = None
    events: list[ChatServerFrame] = field(default_factory=list[Any])


class ChatSession:
    """One conversation. Open it with `async with`; `silence` and `open_timeout` are seconds."""

    def __init__(
        self, base_url: str, token: str | None, *, silence: float | None = SILENCE, open_timeout: float = 10.0
    ) -> None:
        root = root_of(base_url.rstrip("/"))
        scheme, _, rest = root.partition("://")
        self.url = f"{'wss' if scheme.lower() == 'https' else 'ws'}://{rest}/ws/chat"
        self._token = token
        self._silence = silence
        self._open_timeout = open_timeout
        self._socket: Any = None
        self._asking = asyncio.Lock()
        self._owed = 0  # answers that are still to come

    @classmethod
    def of(cls, client: BaseClient, **options: Any) -> ChatSession:
        """A session with a client's address and credentials."""
        return cls(client.config.base_url, client.bearer_token(), **options)

    def __repr__(self) -> str:
        return f"<ChatSession {self.url}>"

    async def connect(self) -> None:
        """Open the connection, anew where it was open. Raises `AuthenticationError` or another `SymbiontError`."""
        connect = _library()
        from websockets.exceptions import InvalidStatus, WebSocketException

        address = f"{self.url}?token={quote(self._token or '', safe='')}"
        await self.aclose()
        self._owed = 0
        try:
            self._socket = await connect(
                address, open_timeout=self._open_timeout, max_size=MAX_FRAME, logger=_WIRE, proxy=None
            )
        except InvalidStatus as error:
            raise _refusal(error.response.status_code) from None
        except (OSError, TimeoutError, WebSocketException) as error:
            raise APIError(f"The chat could not be reached: {type(error).__name__}", None) from None

    async def aclose(self) -> None:
        """Close the connection. Whoever waits for an answer gets an `APIError`, also when it comes in this moment."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def ask(self, content: str) -> ChatAnswer:
        """Say something and wait for the whole answer. Raises `APIError` when the runtime could not answer."""
        answer = ChatAnswer("")
        async for frame in self.stream(content):
            answer.events.append(frame)
            answer.request_id = getattr(frame, "request_id", None) or answer.request_id
            if frame.type == "ChatChunk":
                answer.content += frame.content
        return answer

    async def stream(self, content: str) -> AsyncIterator[ChatServerFrame]:
        """Say something and follow what happens until the answer is complete. One at a time; others wait."""
        async with self._asking:
            await self.send(content)
            ahead, self._owed = self._owed, self._owed + 1
            async for frame in self.frames():
                is_last = frame.type == "Error" or (frame.type == "ChatChunk" and frame.done)
                self._owed -= is_last
                if ahead:  # still the answer to a question that nobody waits for any more
                    ahead -= is_last
                    continue
                if frame.type == "Error":
                    raise APIError(f"The chat failed: {frame.code}", None, frame.message)
                yield frame
                if is_last:
                    return
        raise APIError("The chat ended before the answer did", None)

    async def send(self, content: str) -> str:
        """Say something, and do not wait; the id it was sent with (a runtime does not echo it)."""
        identifier = str(uuid.uuid4())
        await self._write({"type": "ChatSend", "id": identifier, "content": content})
        return identifier

    async def ping(self) -> None:
        """Ask for a sign of life; it comes as a `Pong`, which `frames` does not show."""
        await self._write({"type": "Ping"})

    async def frames(self) -> AsyncIterator[ChatServerFrame]:
        """Everything the runtime says until it closes, but for signs of life and what only later versions know.

        Raises `APIError` after silence.
        """
        from symbiont_api.v1_16.models import ChatServerFrame

        decode = codecs.get("pydantic").decoder(ChatServerFrame)
        while (text := await self._read()) is not None:
            try:
                frame: ChatServerFrame | dict[str, Any] = decode(text)
            except CodecError as error:
                log.warning("a frame of the chat could not be read: %s", error)
                continue
            if isinstance(frame, dict):
                log.info("a frame of the chat is of an unknown type")
            elif frame.type != "Pong":
                yield frame

    async def _write(self, frame: dict[str, Any]) -> None:
        closed = self._closed()
        try:
            await self._socket.send(codecs.get("msgspec").encode(frame).decode())
        except closed as error:
            raise APIError("The chat's connection was lost", None) from error

    async def _read(self) -> bytes | None:
        closed, socket = self._closed(), self._socket
        try:
            async with asyncio.timeout(self._silence):
                text = await socket.recv()
        except TimeoutError:
            raise APIError(f"The chat was silent for {self._silence:g} s", None) from None
        except closed:
            return None
        if self._socket is not socket:
            return None
        return text.encode() if isinstance(text, str) else text

    def _closed(self) -> type[Exception]:
        from websockets.exceptions import ConnectionClosed

        if self._socket is None:
            raise APIError("The chat is not connected: use `async with`", None)
        return ConnectionClosed


def _library() -> Any:
    try:
        from websockets.asyncio.client import connect
    except ModuleNotFoundError as error:
        needed = "the chat needs websockets: pip install 'wirewright[symbiont-chat]'"
        raise ModuleNotFoundError(needed, name=error.name) from error
    return connect


def _refusal(status: int) -> SymbiontError:
    if status == 401:
        return AuthenticationError("Authentication failed - check your credentials")
    if status == 404:
        return NotFoundError("The runtime has no chat")
    return APIError(f"The chat was refused with status {status}", status)
