"""Sub-clients, and the way their requests take through a parent's `_request` where that is not ours.

`ScheduleClient(parent)` works with any parent that has `_request(method, path, json=..., params=...)`; a `Client` sends
the request itself, unless somebody replaced its `_request`. How the arguments looked in older SDKs, and so what those
parents expect, is a sub-client's `Style` (protocol sheet §1, §5).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar, overload

from wirewright.calls import AsyncFace, Face, Reply
from wirewright.request import Request

from symbiont import _http
from symbiont._requests import asked_of

T = TypeVar("T")

_VERSIONED = frozenset(
    [
        "re_execute_agent",
        "execute_agent",
        "send_message",
        "receive_messages",
        "get_message_status",
        "send_heartbeat",
        "push_agent_event",
        "list_communication_rules",
        "add_communication_rule",
        "remove_communication_rule",
        "evaluate_communication",
    ]
)
"""Operations whose path begins with the version, which older SDKs doubled."""
_BARE = "remove_channel_mapping"
_UNSLASHED = "get_metrics"


class Style(NamedTuple):
    """How a path begins, and whether both keywords are always given."""

    start: str = ""
    both: bool = False


def through_request(parent: Any, request: Request[Any], style: Style) -> Any:
    """Ask a parent's `_request`; what it answers (to be awaited, perhaps)."""
    identifier = request.operation.id
    path, keywords = asked_of(request)
    start = f"{style.start}api/v1/" if identifier in _VERSIONED else style.start
    if identifier == _UNSLASHED:
        start = ""
    if style.both and identifier != _BARE:
        keywords = {"json": None, "params": None, **keywords}
    return parent._request(request.operation.method, start + _http.below_base(path).lstrip("/"), **keywords)


def is_replaced(client: Any, owner: type) -> bool:
    """Whether `_request` of a client is somebody else's."""
    return "_request" in client.__dict__ or type(client)._request is not owner._request  # type: ignore[attr-defined]


class _Through:
    """Sends the requests of a sub-client: by the parent, when it can perform them, else by its `_request`."""

    def __init__(self, parent: Any, style: Style) -> None:
        self._parent, self._style = parent, style
        self._performs = isinstance(parent, Face | AsyncFace)

    def perform(self, request: Request[Any], read: Callable[[Reply], T]) -> Any:
        if self._performs:
            return self._parent.perform(request, read, self._style)
        found = through_request(self._parent, request, self._style)
        return _awaited(found, read) if inspect.isawaitable(found) else read(found)


async def _awaited(found: Any, read: Callable[[Reply], T]) -> T:
    return read(await found)


class _OfParent:
    style: ClassVar[Style] = Style("/", both=True)

    def __init__(self, parent_client: Any) -> None:
        self._transport: Any = _Through(parent_client, self.style)
        self._client = parent_client

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client!r}>"


class SubClient(_OfParent, Face):
    """A sub-client, made from its parent."""


class AsyncSubClient(_OfParent, AsyncFace):
    """The async twin of a sub-client: the same methods, to be awaited."""


class Sub(Generic[T]):
    """A sub-client as an attribute: its module loads and it is made when first asked for. `home`: `module:Class`."""

    def __init__(self, home: str, text: str) -> None:
        self._home = home
        self.__doc__ = text

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Any, owner: type) -> T: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self
        module, _, kind = self._home.partition(":")
        found = getattr(import_module(f"symbiont.{module}"), kind)(client)
        client.__dict__[self._name] = found
        return found
