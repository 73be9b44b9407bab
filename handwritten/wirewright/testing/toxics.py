"""The eight classic ways in which a network hurts, as transformations of a stream of bytes (they are toxiproxy's).

A toxic reads chunks and yields what is left of them, when it is time. `Reset` and `Cut` end the connection: with a TCP
reset, or without a word. Every choice comes from the `random` of its connection, so that a seed replays it.
"""

from __future__ import annotations

import asyncio
import random as _random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

Direction = Literal["downstream", "upstream"]


class Cut(Exception):  # noqa: N818 - an event, not an error
    """The connection is closed now."""


class Reset(Cut):
    """... with a TCP reset."""


@dataclass(frozen=True, kw_only=True)
class Toxic:
    """`direction`: "downstream" is from the server to the client. `toxicity`: the share of connections it is in."""

    direction: Direction = "downstream"
    toxicity: float = 1.0

    async def pipe(self, chunks: AsyncIterator[bytes], random: _random.Random) -> AsyncIterator[bytes]:
        """What arrives, of what was sent."""
        async for chunk in chunks:
            yield chunk


@dataclass(frozen=True)
class Latency(Toxic):
    """Every chunk arrives `seconds` late, more or less by up to `jitter`; order is kept."""

    seconds: float
    jitter: float = 0.0

    async def pipe(self, chunks: AsyncIterator[bytes], random: _random.Random) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            await asyncio.sleep(max(0.0, self.seconds + self.jitter * (2 * random.random() - 1)))
            yield chunk


@dataclass(frozen=True)
class Down(Toxic):
    """Nobody listens: connections are refused (`toxicity` below 1: reset at once)."""


@dataclass(frozen=True)
class Bandwidth(Toxic):
    """At most `rate` bytes per second."""

    rate: int

    async def pipe(self, chunks: AsyncIterator[bytes], random: _random.Random) -> AsyncIterator[bytes]:
        size = max(1, self.rate // 20)
        async for chunk in chunks:
            for start in range(0, len(chunk), size):
                part = chunk[start : start + size]
                await asyncio.sleep(len(part) / self.rate)
                yield part


@dataclass(frozen=True)
class SlowClose(Toxic):
    """The end of the connection comes `seconds` late."""

    seconds: float

    async def pipe(self, chunks: AsyncIterator[bytes], random: _random.Random) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            yield chunk
        await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class Timeout(Toxic):
    """Nothing arrives, and the connection is closed after `seconds`; None leaves it open: half-open silence."""

    seconds: float | None = None

    async def pipe(self, chunks: AsyncIterator[bytes], random: _random.Random) -> AsyncIterator[bytes]:
        swallowing = asyncio.ensure_future(_swallow(chunks))
        try:
            await asyncio.wait([swallowing], timeout=self.seconds)
        finally:
            swallowing.cancel()
        raise Cut
        yield b""


async def _swallow(chunks: AsyncIterator[bytes]) -> None:
    async for _ in chunks:
        pass
    await asyncio.Event().wait()


@dataclass(frozen=True)
class ResetPeer(Toxic):
    """The connection is reset (TCP RST) after `seconds`, whatever goes on."""

    seconds: float = 0.0

    async def pipe(self, chunks: AsyncIterator[bytes], random: _random.Random) -> AsyncIterator[bytes]:
        deadline = asyncio.get_running_loop().time() + self.seconds
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    chunk = await anext(chunks, None)
            except TimeoutError:
                raise Reset from None
            if chunk is None:
                return
            yield chunk


@dataclass(frozen=True)
class Slicer(Toxic):
    """Chunks arrive in pieces of about `size` bytes, more or less by up to `variation`, `seconds` apart."""

    size: int = 1
    variation: int = 0
    seconds: float = 0.0

    async def pipe(self, chunks: AsyncIterator[bytes], random: _random.Random) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            start = 0
            while start < len(chunk):
                end = start + max(1, self.size + random.randint(-self.variation, self.variation))
                yield chunk[start:end]
                start = end
                await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class LimitData(Toxic):
    """The connection is closed after so many bytes."""

    size: int

    async def pipe(self, chunks: AsyncIterator[bytes], random: _random.Random) -> AsyncIterator[bytes]:
        left = self.size
        async for chunk in chunks:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                raise Cut
