"""Calling a client that may be sync or async, and calling it again when that can help."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from wirewright.narrow import is_mapping

__all__ = ["RETRY_DELAYS", "call", "field_of", "settle", "text_of", "with_retry"]

RETRY_DELAYS = (0.75, 1.5, 2.25)
"""Seconds between the attempts of `with_retry` (sheet §7.8)."""

_CLIENT_ERRORS = range(400, 500)
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429})


async def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Await what is awaitable, run the rest in a thread so that no I/O holds up the event loop."""
    if inspect.iscoroutinefunction(function):
        return await function(*args, **kwargs)
    result = await asyncio.to_thread(function, *args, **kwargs)
    return await result if inspect.isawaitable(result) else result


def settle(value: Any, loop: asyncio.AbstractEventLoop | None) -> Any:
    """The result of a value that an async client gave to sync code running in a worker thread."""
    if not inspect.isawaitable(value):
        return value
    if loop is None:
        if inspect.iscoroutine(value):
            value.close()
        raise TypeError("an async client needs the event loop of a run; here only a sync one can be used")
    return asyncio.run_coroutine_threadsafe(_as_coroutine(value), loop).result()


async def _as_coroutine(value: Awaitable[Any]) -> Any:
    return await value


async def with_retry(
    function: Callable[..., Any],
    *args: Any,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    **kwargs: Any,
) -> Any:
    """Call up to four times; an answer that no repetition changes (a 4xx) is final at once."""
    for delay in RETRY_DELAYS:
        try:
            return await call(function, *args, **kwargs)
        except Exception as error:
            if _is_final(error):
                raise
        await sleep(delay)
    return await call(function, *args, **kwargs)


def _is_final(error: Exception) -> bool:
    status = getattr(error, "status_code", None)
    return status in _CLIENT_ERRORS and status not in _WORTH_ANOTHER_TRY


def field_of(value: Any, name: str, default: Any = None) -> Any:
    """A member of a client's answer, be it an object or a mapping; `None` counts as absent."""
    found = value.get(name) if is_mapping(value) else getattr(value, name, None)
    return default if found is None else found


def text_of(value: Any, *names: str) -> str:
    """The first non-empty text among members; the word `None` is no id (sheet §14, 12)."""
    for name in names:
        found = field_of(value, name)
        if found and str(found) != "None":
            return str(found)
    return ""
