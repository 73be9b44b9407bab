"""Heartbeats on their own, for embedders that run leases without a `Neuron` (which has its own, inside the session)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from holokai_neuron_sdk._lease_runner import utcnow
from holokai_neuron_sdk.protocol import POST_PATH, HeartbeatFrame, HeartbeatInFlightEntry
from holokai_neuron_sdk.transport import Transport

DEFAULT_INTERVAL_MS = 10_000


class HeartbeatLoop:
    """POSTs a heartbeat every `interval_ms` while the transport is connected, listing what `in_flight` answers."""

    def __init__(
        self,
        *,
        transport: Transport,
        neuron_id: str,
        in_flight: Callable[[], list[HeartbeatInFlightEntry]],
        interval_ms: int = DEFAULT_INTERVAL_MS,
        logger: logging.Logger | None = None,
    ) -> None:
        self._transport = transport
        self._neuron_id = neuron_id
        self._in_flight = in_flight
        self._interval = interval_ms / 1000
        self._log = logger or logging.getLogger("holokai_neuron_sdk.heartbeat")
        self._task: asyncio.Task[None] | None = None
        self._ending: asyncio.Event | None = None
        self._ticking = False

    def start(self) -> None:
        """Begin; the first heartbeat comes after one interval. Nothing happens when it runs already."""
        running = self._task is not None and not self._task.done()
        if running and self._ending and not self._ending.is_set():
            return
        self._ending = asyncio.Event()  # one per loop: a loop that was told to end ends, whatever is started after it
        self._task = asyncio.create_task(self._loop(self._ending), name="neuron-heartbeat")

    def stop(self) -> None:
        """Ask the loop to end."""
        if self._ending:
            self._ending.set()

    async def aclose(self) -> None:
        """End the loop and wait for it. It may be started again."""
        self.stop()
        if self._task is not None:
            await asyncio.wait({self._task})
            self._task = None

    async def tick(self) -> None:
        """One heartbeat now, unless another is under way or there is no connection. Never raises."""
        if self._ticking or not self._transport.is_connected():
            return
        self._ticking = True
        try:
            frame = HeartbeatFrame(
                type="heartbeat", neuron_id=self._neuron_id, in_flight=self._in_flight(), sent_at=utcnow()
            )
            await self._transport.post(POST_PATH.heartbeat, frame)
        except Exception as error:
            self._log.warning("heartbeat not delivered: %s", error)
        finally:
            self._ticking = False

    async def _loop(self, ending: asyncio.Event) -> None:
        while not ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), self._interval)
                return
            await self.tick()
