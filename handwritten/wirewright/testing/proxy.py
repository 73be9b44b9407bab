"""A TCP proxy that puts toxics into the connections it carries."""

from __future__ import annotations

import asyncio
import random as _random
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Self

from wirewright.testing.toxics import Cut, Direction, Down, Reset, Toxic

_CHUNK = 64 * 1024
_RST = struct.pack("ii", 1, 0)


class _Connection:
    """Both ends of one connection."""

    def __init__(self, number: int, client: asyncio.StreamWriter, server: asyncio.StreamWriter | None = None) -> None:
        self.number = number
        self.client = client
        self.server = server

    def end(self, *, reset: bool) -> None:
        for writer in (self.client, self.server):
            if writer is None:
                continue
            raw = writer.get_extra_info("socket")
            if reset and raw is not None:
                with suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
            writer.transport.abort()


class ChaosProxy:
    """Carries TCP connections to `target`, with toxics; runs in a thread of its own, for sync and async tests alike.

    Toxics apply to the connections made after they were added, in the order in which they were. What happens in the
    n-th connection depends on `seed` and n alone; `log` says which toxics each had: (n, direction, names).
    """

    def __init__(self, target: tuple[str, int], *toxics: Toxic, seed: int = 0, port: int = 0) -> None:
        self.target, self.seed, self.port = target, seed, port
        self.connections = 0
        self.log: list[tuple[int, Direction, tuple[str, ...]]] = []
        self._toxics: tuple[Toxic, ...] = toxics
        self._open: set[_Connection] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    # -- for tests

    @property
    def url(self) -> str:
        """`http://` and the address it listens at."""
        return f"http://127.0.0.1:{self.port}"

    def add(self, *toxics: Toxic) -> Self:
        """More toxics, for the connections to come."""
        self._set((*self._toxics, *toxics))
        return self

    def clear(self) -> None:
        """No toxics for the connections to come; those that are open keep theirs."""
        self._set(())

    def break_all(self, *, reset: bool = True) -> None:
        """End all open connections, by a TCP reset or without a word."""

        def end() -> None:
            for connection in list(self._open):
                connection.end(reset=reset)

        self._run(end)

    def start(self) -> Self:
        """Listen; at the same port as before after a `stop`. Raises OSError when that is taken."""
        ready: list[BaseException | None] = []
        started = threading.Event()

        async def serve() -> None:
            try:
                self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
                await self._listen()
                ready.append(None)
            except BaseException as error:
                ready.append(error)
                return
            finally:
                started.set()
            await self._stopping.wait()
            await self._end()

        self._thread = threading.Thread(target=lambda: asyncio.run(serve()), name="chaos-proxy", daemon=True)
        self._thread.start()
        started.wait()
        if ready[0] is not None:
            raise ready[0]
        return self

    def stop(self) -> None:
        """Break everything and stop listening."""
        if self._thread is not None:
            self._run(self._stopping.set)
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # -- inside its thread

    def _run(self, function: Callable[[], object]) -> None:
        """Call a function in the proxy's thread and wait for it."""
        assert self._loop is not None
        done = threading.Event()

        def call() -> None:
            try:
                function()
            finally:
                done.set()

        self._loop.call_soon_threadsafe(call)
        done.wait(5)

    def _set(self, toxics: tuple[Toxic, ...]) -> None:
        self._toxics = toxics
        if self._thread is None or self._loop is None:
            return
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)

    def _is_down(self) -> bool:
        return any(isinstance(toxic, Down) and toxic.toxicity >= 1 for toxic in self._toxics)

    async def _listen(self) -> None:
        """Listen, or not, as the toxics say."""
        if self._is_down() and self._server is not None:
            self._server.close()
            self._server = None
        elif not self._is_down() and self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._open):
            connection.end(reset=False)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = _Connection(self.connections, writer)
        toxics = self._toxics
        self._open.add(connection)
        try:
            down = self._drawn(toxics, connection.number, "downstream")
            up = self._drawn(toxics, connection.number, "upstream")
            if any(isinstance(toxic, Down) for toxic, _ in (*down, *up)):
                raise Reset
            back, connection.server = await asyncio.open_connection(*self.target)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(_piped(_chunks(reader), up), connection.server))
                both.create_task(_pump(_piped(_chunks(back), down), writer))
        except* (Cut, OSError) as group:
            connection.end(reset=group.subgroup(Reset) is not None)
        finally:
            connection.end(reset=False)
            self._open.discard(connection)

    def _drawn(
        self, toxics: tuple[Toxic, ...], number: int, direction: Direction
    ) -> list[tuple[Toxic, _random.Random]]:
        """The toxics of one direction of the n-th connection, each with a randomness of its own."""
        drawn: list[tuple[Toxic, _random.Random]] = []
        for index, toxic in enumerate(toxics):
            random = _random.Random(f"{self.seed}:{number}:{index}")  # noqa: S311 - reproducible on purpose
            if toxic.direction == direction and random.random() < toxic.toxicity:
                drawn.append((toxic, random))
        if drawn:
            self.log.append((number, direction, tuple(type(toxic).__name__ for toxic, _ in drawn)))
        return drawn


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while chunk := await reader.read(_CHUNK):
        yield chunk


def _piped(chunks: AsyncIterator[bytes], toxics: list[tuple[Toxic, _random.Random]]) -> AsyncIterator[bytes]:
    for toxic, random in toxics:
        chunks = toxic.pipe(chunks, random)
    return chunks


async def _pump(chunks: AsyncIterator[bytes], writer: asyncio.StreamWriter) -> None:
    async for chunk in chunks:
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
