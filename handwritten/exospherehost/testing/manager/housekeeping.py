"""What a server does besides answering: cron, work that others left behind, leases."""

from __future__ import annotations

import logging
import threading

from exospherehost.testing.manager import moments
from exospherehost.testing.manager.claims import Claims
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.progress import Progress
from exospherehost.testing.manager.schedule import Schedule
from exospherehost.testing.manager.verification import Verification

logger = logging.getLogger(__name__)

PERIOD_SECONDS = 1.0


class Housekeeping:
    """One round does everything once; `start` does a round each second in a thread of its own, cron each minute."""

    def __init__(
        self, context: Context, schedule: Schedule, verification: Verification, progress: Progress, claims: Claims
    ) -> None:
        self._context = context
        self._schedule = schedule
        self._verification = verification
        self._progress = progress
        self._claims = claims
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._minute = moments.local(context.settings.clock()).replace(second=0, microsecond=0)

    def round(self) -> None:
        """Finish what a process that died left behind, free claims whose lease is over, fire cron at a new minute."""
        settings = self._context.settings
        orphaned = self._context.now - settings.orphan_age
        self._verification.run_orphans(orphaned)
        self._progress.run_orphans(orphaned)
        if settings.lease is not None:
            self._claims.reclaim(settings.lease)
        minute = moments.local(settings.clock()).replace(second=0, microsecond=0)
        if minute > self._minute:
            self._minute = minute
            self._schedule.tick(minute)

    def start(self) -> None:
        """Do rounds from now on."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name="exosphere housekeeping", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Do no more rounds; one that is under way ends first."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _loop(self) -> None:
        while not self._stopping.wait(PERIOD_SECONDS):
            try:
                self.round()
            except Exception:  # a database that is away for a while must not end the rounds
                logger.exception("A round of housekeeping failed; the next one tries again")
