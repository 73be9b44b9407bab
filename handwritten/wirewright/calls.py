"""Flat calls: methods made from functions that build requests, sync or async by the face they are read from.

    class GatewayCalls:                                  # generated: one line per operation
        close_slot = Call(close_slot, unwrapped)

    class Gateway(GatewayCalls, Face): ...               # gateway.close_slot("s") -> dict
    class AsyncGateway(GatewayCalls, AsyncFace): ...     # await gateway.close_slot("s") -> dict

A method that needs several requests is a `flow`: a generator that yields functions to call; what they answer (awaited
by an async face) is sent back in. So every method is written once. Arguments and types are those of the function, for
people, checkers and `inspect` alike.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeGuard, TypeVar, cast, overload

import msgspec

from wirewright import operation as _operation
from wirewright.operation import Content, Parameter
from wirewright.request import Request

__all__ = [
    "AsyncFace",
    "AsyncPerformer",
    "Call",
    "Face",
    "Flow",
    "Operation",
    "Parameter",
    "Performer",
    "Reply",
    "Request",
    "Steps",
    "flow",
    "is_array",
    "is_object",
    "member",
    "part",
    "present",
    "text",
    "unwrapped",
    "unwrapped_list",
    "whole",
    "whole_list",
]

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")
F = TypeVar("F")
Steps = Generator[Callable[[], Any], Any, T]
"""What a flow returns: it yields functions without arguments and is sent what they answer."""


class Reply(msgspec.Struct, frozen=True):
    """An answer as it came: `status`, `headers` by lower-case name, and the bytes of its body."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The body as plain values; an empty body is an empty object. Raises `ValueError` when it is no JSON."""
        return msgspec.json.decode(self.content) if self.content else {}


class Performer(Protocol):
    """Sends a request and answers with what came back, or raises the SDK's errors."""

    def perform(self, request: Request[Any], read: Callable[[Reply], T]) -> T: ...


class AsyncPerformer(Protocol):
    """As `Performer`, async."""

    async def perform(self, request: Request[Any], read: Callable[[Reply], T]) -> T: ...


class Face:
    """Base of sync faces."""

    def __init__(self, transport: Performer) -> None:
        self._transport = transport


class AsyncFace:
    """Base of async faces."""

    def __init__(self, transport: AsyncPerformer) -> None:
        self._transport = transport


class Operation(_operation.Operation):
    """An operation whose answers are read by the caller: nothing is decoded, and the server is the client's."""

    __slots__ = ()

    def __init__(
        self,
        id: str,
        method: str,
        path: str,
        *,
        parameters: Sequence[Parameter] = (),
        media_type: str = "application/json",
        idempotency_header: str | None = None,
        idempotent: bool | None = None,
    ) -> None:
        super().__init__(
            id,
            method,
            path,
            codec="msgspec",
            parameters=parameters,
            request=(Content(media_type),),
            responses={"2XX": (Content("*/*", lambda: bytes),), "304": ()},
            idempotency_header=idempotency_header,
            idempotent=idempotent,
        )


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


# How an answer is read ----------------------------------------------------------------------------------------------


def whole(reply: Reply) -> dict[str, Any]:
    """The body as it is."""
    return cast("dict[str, Any]", reply.json())


def whole_list(reply: Reply) -> list[dict[str, Any]]:
    """The body as it is, an array."""
    return cast("list[dict[str, Any]]", reply.json())


def text(reply: Reply) -> str:
    """The body as text."""
    return reply.content.decode(errors="replace")


def unwrapped(reply: Reply) -> dict[str, Any]:
    """The body's `data` where there is some, else the body."""
    body: Any = reply.json()
    if not is_object(body):
        return cast("dict[str, Any]", body)
    return body.get("data") or body


def unwrapped_list(reply: Reply) -> list[dict[str, Any]]:
    """As `unwrapped`, an array."""
    return cast("list[dict[str, Any]]", unwrapped(reply))


def part(name: str) -> Callable[[Reply], dict[str, Any]]:
    """One member of the body."""

    def read(reply: Reply) -> dict[str, Any]:
        found: dict[str, Any] = _members(reply.json()).get(name) or {}
        return found

    return read


def member(name: str) -> Callable[[Reply], list[dict[str, Any]]]:
    """An array of the body, or of the body's `data`; empty when there is none. What is no object in it is skipped."""

    def read(reply: Reply) -> list[dict[str, Any]]:
        body = _members(reply.json())
        for place in (body, _members(body.get("data"))):
            items: Any = place.get(name)
            if is_array(items):
                return [item for item in items if is_object(item)]
        return []

    return read


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def _members(value: Any) -> dict[str, Any]:
    return value if is_object(value) else {}


# Methods ------------------------------------------------------------------------------------------------------------


class Call(Generic[P, T]):
    """A method that sends one request. `build` makes it, `read` makes the result out of the answer."""

    def __init__(self, build: Callable[P, Request[Any]], read: Callable[[Reply], T]) -> None:
        self.build = build
        self.read = read
        self.__doc__ = build.__doc__
        self._name = build.__name__

    def reading(self, read: Callable[[Reply], U]) -> Call[P, U]:
        """The same call, its answer read in another way."""
        return Call(self.build, read)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, face: None, owner: type) -> Self: ...
    @overload
    def __get__(self, face: Face, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, face: AsyncFace, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, face: Face | AsyncFace | None, owner: type) -> Any:
        if face is None:
            return self
        transport = vars(face)["_transport"]
        bound = self._async(transport) if isinstance(face, AsyncFace) else self._sync(transport)
        face.__dict__[self._name] = bound  # found first from now on
        return bound

    def __call__(self, face: Face | AsyncFace, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """As a method is called on its class: `Gateway.close_slot(gateway, "s")`."""
        return self.__get__(face, type(face))(*args, **kwargs)

    def _sync(self, transport: Performer) -> Callable[P, T]:
        build, read = self.build, self.read

        @functools.wraps(build)
        def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return transport.perform(build(*args, **kwargs), read)

        return method

    def _async(self, transport: AsyncPerformer) -> Callable[P, Coroutine[Any, Any, T]]:
        build, read = self.build, self.read

        @functools.wraps(build)
        async def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return await transport.perform(build(*args, **kwargs), read)

        return method


class Flow(Generic[F, P, T]):
    """A method made of several calls; see `flow`."""

    def __init__(self, steps: Callable[Concatenate[F, P], Steps[T]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__

    @overload
    def __get__(self, face: None, owner: type) -> Self: ...
    @overload
    def __get__(self, face: Face, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, face: AsyncFace, owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, face: Face | AsyncFace | None, owner: type) -> Any:
        if face is None:
            return self
        start = functools.partial(self.steps, cast("F", face))
        drive = _drive_async if isinstance(face, AsyncFace) else _drive
        return functools.update_wrapper(functools.partial(drive, start), self.steps)

    def __call__(self, face: Face | AsyncFace, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """As a method is called on its class."""
        return self.__get__(face, type(face))(*args, **kwargs)


def flow(steps: Callable[Concatenate[F, P], Steps[T]]) -> Flow[F, P, T]:
    """Marks a generator method: it yields functions to call, and returns the method's result."""
    return Flow(steps)


def _drive(start: Callable[..., Steps[T]], /, *args: Any, **kwargs: Any) -> T:
    steps = start(*args, **kwargs)
    try:
        step = next(steps)
        while True:
            try:
                answer = step()
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as stop:
        return cast("T", stop.value)


async def _drive_async(start: Callable[..., Steps[T]], /, *args: Any, **kwargs: Any) -> T:
    steps = start(*args, **kwargs)
    try:
        step = next(steps)
        while True:
            try:
                answer = step()
                if hasattr(answer, "__await__"):
                    answer = await answer
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as stop:
        return cast("T", stop.value)
