"""Ending tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any


def forget(together: asyncio.Future[Any]) -> None:
    """Look at the exception of tasks that are no longer waited for, so that asyncio does not complain about it."""
    if not together.cancelled():
        together.exception()


async def cancelled(tasks: Sequence[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
