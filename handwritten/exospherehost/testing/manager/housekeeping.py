"""What a server does besides answering: cron, work that others left behind, leases."""

from __future__ import annotations

from exospherehost.testing.manager import moments
from exospherehost.testing.manager.claims import Claims
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.progress import Progress
from exospherehost.testing.manager.schedule import Schedule
from exospherehost.testing.manager.verification import Verification

PERIOD_SECONDS = 1.0
"""How often a server does a round."""


class Housekeeping:
    """One round does everything once; a server does one about every second."""

    def __init__(
        self, context: Context, schedule: Schedule, verification: Verification, progress: Progress, claims: Claims
    ) -> None:
        self._context = context
        self._schedule = schedule
        self._verification = verification
        self._progress = progress
        self._claims = claims
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
