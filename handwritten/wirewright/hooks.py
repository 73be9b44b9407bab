"""What a client tells while it works, for logs, metrics and traces."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wirewright.errors import WirewrightError
    from wirewright.flow import Exchange
    from wirewright.messages import HttpRequest, HttpResponse

log = logging.getLogger("wirewright")


class Hooks:
    """Override what you need; every method may be called from any thread. What a hook raises is logged, not passed on.

    `call` is the same object for all events of one call, `call.request` the request value. `attempt` counts from 1.
    """

    def on_request(self, call: Exchange, attempt: int, http: HttpRequest) -> None:
        """An attempt is about to be sent; headers may still be added."""

    def on_response(self, call: Exchange, attempt: int, response: HttpResponse) -> None:
        """An answer came, of any status."""

    def on_retry(self, call: Exchange, attempt: int, delay: float, reason: str) -> None:
        """The call will be tried again, attempt number `attempt` in `delay` seconds."""

    def on_success(self, call: Exchange, attempts: int, elapsed: float) -> None:
        """The call succeeded, after `elapsed` seconds."""

    def on_error(self, call: Exchange, attempts: int, error: WirewrightError) -> None:
        """The call failed for good."""


class HookSet:
    """All hooks of a client. False when there are none, so that the hot path may skip them."""

    __slots__ = ("_hooks",)

    def __init__(self, hooks: Sequence[Any] = ()) -> None:
        self._hooks = tuple(hooks)

    def __bool__(self) -> bool:
        return bool(self._hooks)

    def tell(self, event: str, *args: Any) -> None:
        """Call `event` of every hook that has it."""
        for hook in self._hooks:
            method: Callable[..., None] | None = getattr(hook, event, None)
            if method is None:
                continue
            try:
                method(*args)
            except Exception:
                log.exception("hook %s.%s failed", type(hook).__name__, event)
