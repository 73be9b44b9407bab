"""What a rule is given and what it may answer."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from wirewright.sandbox.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from wirewright.contract.document import SpecOperation
    from wirewright.contract.problems import Problem

T = TypeVar("T")
UNSET = msgspec.UNSET


@dataclass(slots=True)
class Call:
    """A request that a rule answers. It has been checked against the spec, unless the rule said `validate=False`.

    `path`, `query`, `cookies` and `header_values` hold decoded values by wire name (a number where the schema says so);
    query parameters that the spec does not know are kept as text. `headers` are the raw ones by lower-case name. `body`
    is JSON as builtins, text as str, a form as a dict (files are `Upload`s), anything else bytes; None without a body.
    """

    method: str
    url: str  # with scheme and host, as the client wrote it
    operation: SpecOperation | None = None
    path: dict[str, Any] = field(default_factory=dict[str, Any])
    query: dict[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    header_values: dict[str, Any] = field(default_factory=dict[str, Any])
    cookies: dict[str, Any] = field(default_factory=dict[str, Any])
    body: Any = None
    raw_body: bytes = b""
    media_type: str | None = None
    problems: Sequence[Problem] = ()  # what breaks the spec, for rules that take such requests too
    number: int = 0  # of this request, counted from 1 since the start or the last reset
    clock: Clock = SYSTEM_CLOCK

    def now(self) -> datetime:
        """The sandbox's time, in UTC."""
        return self.clock.now()

    @property
    def base_url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"

    def decode(self, type_: type[T]) -> T:
        """The body as a msgspec struct, dataclass or typed builtin. Raises `msgspec.ValidationError`."""
        return msgspec.convert(self.body, type_)

    @property
    def bearer(self) -> str | None:
        """The token of `Authorization: Bearer ...`."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" and token.strip() else None


@dataclass(slots=True)
class Answer:
    """A status, a body and headers.

    `body` may be any JSON value (None is `null`), bytes, or UNSET for none at all; a str is a JSON string when the
    media type is JSON (the default) and plain text otherwise. An iterable of bytes as `chunks` is sent piece by piece.
    """

    status: int = 200
    body: Any = UNSET
    headers: Mapping[str, str] | None = None
    media_type: str | None = None  # default: application/json, or application/octet-stream for bytes
    chunks: AsyncIterable[bytes] | Iterable[bytes] | None = None


@dataclass(slots=True)
class Event:
    """One server-sent event. `data` is any JSON value, written on one line; with `raw` it is text, sent as it is."""

    event: str | None = None
    data: Any = UNSET
    id: str | None = None
    retry: int | None = None  # milliseconds
    comment: str | None = None
    raw: bool = False


EventLike = Event | tuple[str | None, Any] | tuple[str | None, Any, str | None] | bytes


@dataclass(slots=True)
class Events:
    """A stream of server-sent events.

    `source` yields `Event`s, `(event, data)` or `(event, data, id)` tuples, or bytes which are sent as they are.
    Headers go out at once. When nothing was sent for `heartbeat` seconds, `heartbeat_event` is sent: a comment by
    default; a callable is called each time. `farewell` is sent when the sandbox stops with the stream still open.
    """

    source: AsyncIterable[Any] | Iterable[Any]
    heartbeat: float | None = 15.0
    heartbeat_event: Any = field(default_factory=lambda: Event(comment="keepalive"))
    farewell: Any = None
    status: int = 200
    headers: Mapping[str, str] | None = None


@dataclass(slots=True)
class Lines:
    """A stream of JSON lines; `source` yields JSON values."""

    source: AsyncIterable[Any] | Iterable[Any]
    media_type: str = "application/jsonl"
    status: int = 200
    headers: Mapping[str, str] | None = None


class Refuse(Exception):  # noqa: N818 - it reads as a command: raise Refuse(404, ...)
    """Raise it anywhere below a rule to answer with an error. Without a body the protocol's own error shape is used."""

    def __init__(
        self,
        status: int,
        body: Any = UNSET,
        *,
        code: str | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status}: {message or code or body}")
        self.status = status
        self.body = body
        self.code = code
        self.message = message
        self.headers = headers


AnyAnswer = Answer | Events | Lines
