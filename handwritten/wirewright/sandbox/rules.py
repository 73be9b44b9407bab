"""The face that a protocol author writes against: what the server of a protocol does beyond its spec.

    from wirewright.sandbox import Answer, Call, Events, Refuse, Rules, Topic, control, rule

    class NotesRules(Rules):
        '''One instance is one state of the server; a reset makes a new one.'''

        def setup(self, *, limit: int = 100) -> None:     # keyword arguments are the options: Sandbox("notes", limit=5)
            self.limit = limit                            # also here: self.version, self.data, self.clock, self.random
            self.notes: dict[str, str] = {}
            self.changes = self.topic()                   # an ordered log that streams follow

        @rule("write_note", wide=["name"])                # an operationId; {name} may contain "/"; already validated
        def write(self, call: Call) -> Answer:            # or async def
            if len(self.notes) >= self.limit:
                raise Refuse(409, code="full", message="no room for more notes")    # in the protocol's error shape
            self.notes[call.path["name"]] = call.body["text"]
            self.changes.publish("note.written", {"name": call.path["name"]})
            return Answer(201, {"name": call.path["name"]}, headers={"location": call.url})

        @rule("watch_notes")
        async def watch(self, call: Call) -> Events:      # server-sent events; resumes after Last-Event-ID
            return Events(self.changes.follow(after=call.headers.get("last-event-id")), heartbeat=10)

        @socket("talk")                                   # a WebSocket at the path of this GET operation
        async def talk(self, call: Call, socket: Socket) -> None:     # it closes when this returns
            async for frame in socket.frames():
                await socket.send({"heard": frame})

        @control("POST", "/notes/clear")                  # POST /_sandbox/notes/clear, outside the protocol
        def clear(self, call: Call) -> Answer:
            self.notes.clear()
            return Answer(200, {"left": 0})

        def state(self) -> object:                        # GET /_sandbox/state
            return {"notes": self.notes}

What has no rule is answered from the spec's example, else from a value made up from the schema; the header
`x-sandbox-answer` says which. A rule may also return a plain JSON value, answered with the operation's success status.
Everything runs in one event loop: rules need no locks, and must not block.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from wirewright.contract.document import SpecDocument
from wirewright.contract.problems import Problem
from wirewright.sandbox.answers import UNSET, Answer, Call
from wirewright.sandbox.clock import SYSTEM_CLOCK, Clock
from wirewright.sandbox.errors import Failure, error_body
from wirewright.sandbox.picture import Picture
from wirewright.sandbox.sockets import Socket
from wirewright.sandbox.topic import Topic

log = logging.getLogger("wirewright.sandbox")
F = TypeVar("F", bound=Callable[..., Any])
RuleFunction = Callable[[Call], Any | Awaitable[Any]]
SocketFunction = Callable[[Call, Socket], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RuleMark:
    operation_ids: tuple[str, ...]
    validate: bool
    wide: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlMark:
    method: str
    path: str


def rule(*operation_ids: str, validate: bool = True, wide: Iterable[str] = ()) -> Callable[[F], F]:
    """Marks the method that answers these operations.

    With `validate=False` it also answers requests that break the spec (`call.problems`). `wide` names the path
    parameters that may contain slashes.
    """

    def mark(function: F) -> F:
        marks = (*getattr(function, "__sandbox_rules__", ()), RuleMark(operation_ids, validate, tuple(wide)))
        function.__sandbox_rules__ = marks  # type: ignore[attr-defined]
        return function

    return mark


def socket(*operation_ids: str) -> Callable[[F], F]:
    """Marks the coroutine that talks over a WebSocket opened at the path of these (GET) operations.

    `before` is asked first; the request itself is not validated. A plain request there is answered by a `rule`.
    """

    def mark(function: F) -> F:
        function.__sandbox_sockets__ = operation_ids  # type: ignore[attr-defined]
        return function

    return mark


def control(method: str, path: str) -> Callable[[F], F]:
    """Marks the method that answers `<method> /_sandbox<path>`; `{name}` in the path is `call.path["name"]`."""

    def mark(function: F) -> F:
        function.__sandbox_control__ = ControlMark(method.upper(), path)  # type: ignore[attr-defined]
        return function

    return mark


@dataclass(frozen=True)
class Setting:
    """What a state of the server is made from; the same for every reset."""

    document: SpecDocument
    version: str = ""
    data: str | None = None  # a path or SQLAlchemy URL, or None for memory only
    clock: Clock = SYSTEM_CLOCK
    seed: int | None = None
    options: Mapping[str, Any] | None = None


class Rules:
    """Base of a protocol's rules; see this module's text for how to write some."""

    wide: ClassVar[Mapping[str, Iterable[str]]] = {}
    """Path parameters that may contain slashes, by operationId; for those without a rule (`@rule(..., wide=...)`)."""

    def __init__(self, setting: Setting) -> None:
        self.document = setting.document
        self.version = setting.version
        self.data = setting.data
        self.clock = setting.clock
        self.random = random.Random(setting.seed)  # noqa: S311 - reproducible on purpose
        self._tasks: set[asyncio.Task[Any]] = set()
        self._topics: list[Topic] = []
        self.setup(**(setting.options or {}))

    # What an author overrides --------------------------------------------------------------------------------------

    def setup(self) -> None:
        """Makes the empty state. Add keyword-only arguments with defaults: they are the sandbox's options."""

    async def start(self) -> None:
        """Called in the event loop before the first request and after each reset; start background work here."""

    async def stop(self) -> None:
        """Called in the event loop before this state is dropped; close files here."""

    def erase(self) -> None:
        """Called before a reset: drop what `data` holds."""

    def state(self) -> Any:
        """The JSON of `GET /_sandbox/state`."""
        return {}

    def picture(self) -> Picture | Awaitable[Picture]:
        """The state as people think of it, for the sandbox's page; see `wirewright.sandbox.picture`. May be async."""
        return []

    def credentials(self) -> Mapping[str, str]:
        """What the page's forms send unless told otherwise, by security scheme: keys that this sandbox made up."""
        return {}

    def before(self, call: Call) -> Answer | None:
        """Called before every rule and example answer: return an Answer or raise Refuse to cut in (authentication)."""
        return None

    def error(self, status: int, code: str, message: str, problems: Sequence[Problem], *, call: Call | None) -> Answer:
        """An error in the protocol's shape, also for unknown routes (404), methods (405), broken requests (400, 422).

        Without an override: the shape that the spec documents for errors, else problem+json (RFC 9457).
        """
        failure = Failure(status, code, message, problems)
        body, media_type = error_body(self.document, call.operation if call else None, failure)
        return Answer(status, body, media_type=media_type)

    def headers(self, call: Call) -> Mapping[str, str]:
        """Headers that every answer of the protocol carries, errors included (a request id, say)."""
        return {}

    invalid_status: ClassVar[int | None] = None
    """Status for requests that break the spec; None: 422 where the operation documents it, else 400."""

    # What an author uses -------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The sandbox's time, in UTC."""
        return self.clock.now()

    def uuid(self) -> str:
        """A version 4 UUID, reproducible when the sandbox has a seed."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def token(self, prefix: str = "", length: int = 24) -> str:
        """A prefix and `length` lower-case hex digits, reproducible when the sandbox has a seed."""
        return prefix + f"{self.random.getrandbits(length * 4):0{length}x}"

    def topic(self, *, keep: int = 100_000, backlog: int = 10_000) -> Topic:
        """An ordered log of events that streams can follow and resume; see `Topic`."""
        topic = Topic(keep=keep, backlog=backlog)
        self._topics.append(topic)
        return topic

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs work in the background for as long as this state lives."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work of the sandbox failed", exc_info=error)

    def every(self, seconds: float, function: Callable[[], Any]) -> asyncio.Task[Any]:
        """Calls a function (sync or async) again and again, by the sandbox's clock."""

        async def repeat() -> None:
            while True:
                await self.clock.sleep(seconds)
                result = function()
                if isinstance(result, Awaitable):
                    await result

        return self.spawn(repeat())

    def after(self, seconds: float, function: Callable[[], Any]) -> asyncio.Task[Any]:
        """Calls a function (sync or async) once, by the sandbox's clock."""

        async def once() -> None:
            await self.clock.sleep(seconds)
            result = function()
            if isinstance(result, Awaitable):
                await result

        return self.spawn(once())

    # What the sandbox uses -----------------------------------------------------------------------------------------

    async def end(self) -> None:
        for topic in self._topics:
            topic.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.stop()

    @classmethod
    def wide_parameters(cls) -> dict[str, tuple[str, ...]]:
        """Path parameters that may contain slashes, by operationId."""
        found = {operation_id: tuple(names) for operation_id, names in cls.wide.items()}
        for _, function in _members(cls):
            for mark in getattr(function, "__sandbox_rules__", ()):
                found |= dict.fromkeys(mark.operation_ids, mark.wide) if mark.wide else {}
        return found

    @cached_property
    def functions(self) -> dict[str, tuple[RuleFunction, bool]]:
        """The rules of this instance by operationId, each with whether requests are validated first."""
        found: dict[str, tuple[RuleFunction, bool]] = {}
        for name, function in _members(type(self)):
            for mark in getattr(function, "__sandbox_rules__", ()):
                found.update(dict.fromkeys(mark.operation_ids, (getattr(self, name), mark.validate)))
        return found

    @cached_property
    def sockets(self) -> dict[str, SocketFunction]:
        """What talks over WebSockets, by operationId."""
        return {
            operation_id: getattr(self, name)
            for name, function in _members(type(self))
            for operation_id in getattr(function, "__sandbox_sockets__", ())
        }

    @cached_property
    def controls(self) -> list[tuple[ControlMark, RuleFunction]]:
        return [
            (function.__sandbox_control__, getattr(self, name))
            for name, function in _members(type(self))
            if hasattr(function, "__sandbox_control__")
        ]


def _members(cls: type) -> list[tuple[str, Any]]:
    """Methods, those of a subclass in place of those they override."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        found.update(vars(base))
    return [(name, value) for name, value in found.items() if callable(value)]


__all__ = [
    "UNSET",
    "ControlMark",
    "RuleFunction",
    "RuleMark",
    "Rules",
    "Setting",
    "SocketFunction",
    "control",
    "rule",
    "socket",
]
