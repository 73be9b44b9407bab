"""How methods are made from generated operations, and answers become what the SDK promises.

A method is one line: the function that builds its request, and how its answer is read. Sync and async clients share it
(`wirewright.calls`).
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import logging
from collections.abc import Callable, Hashable, Mapping
from typing import Any, ClassVar, ParamSpec, Protocol, TypeVar, cast

from wirewright.calls import Call, Flow, Reply, present
from wirewright.narrow import is_mapping, is_sequence
from wirewright.request import Request

from symbiont.exceptions import APIError

__all__ = [
    "Answer",
    "FlowMethod",
    "Json",
    "Method",
    "as_given",
    "built",
    "filled",
    "given",
    "many",
    "member",
    "named",
    "nothing",
    "one",
    "present",
    "record",
    "records",
    "rows",
    "untyped",
    "whole",
    "with_id",
]

P = ParamSpec("P")
T = TypeVar("T")
Json = Mapping[str, Any]
log = logging.getLogger("symbiont")


class Answer(Reply, frozen=True):
    """What came back. `lenient`: a model takes what does not fit it (`validation_mode`)."""

    lenient: bool = False

    @property
    def status_code(self) -> int:
        return self.status

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")

    @property
    def ok(self) -> bool:
        return self.status < 400


class Method(Call[P, T]):
    """A `Call` that can also be looked at and called on the class: `Client.health_check(client)`."""

    def __init__(self, build: Callable[P, Request[Any]], read: Callable[[Reply], T]) -> None:
        super().__init__(_ours(build), read)

    @property
    def __signature__(self) -> inspect.Signature:
        own = inspect.signature(self.build)
        me = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        return own.replace(parameters=[me, *own.parameters.values()])

    def __call__(self, face: Any, /, *args: Any, **kwargs: Any) -> Any:
        me: Any = self
        return me.__get__(face, type(face))(*args, **kwargs)


def _ours(build: Callable[P, Request[Any]]) -> Callable[P, Request[Any]]:
    """The same function without what its documentation says of errors: those are the SDK's own here."""
    text, raises, _ = inspect.cleandoc(build.__doc__ or "").partition("\n\nRaises:")
    if not raises:
        return build
    ours = functools.wraps(build)(functools.partial(build))
    ours.__doc__ = f"{text}\n"
    return ours


class FlowMethod(Flow[Any, P, T]):
    """A method of several calls, written once for both clients as a generator that yields them."""

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.steps)

    def __call__(self, face: Any, /, *args: Any, **kwargs: Any) -> Any:
        me: Any = self
        return me.__get__(face, type(face))(*args, **kwargs)


# How bodies are made -------------------------------------------------------------------------------------------------


def filled(model: Any, value: Any, *, by_alias: bool = False) -> Any:
    """The body for a model or a mapping that becomes one: every field, in JSON types, `null` where nothing was said.

    Raises pydantic's `ValidationError` for a mapping that is no such model.
    """
    checked = value if isinstance(value, model) else model.model_validate(value)
    return checked.model_dump(mode="json", by_alias=by_alias)


def given(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not None."""
    return {name: item for name, item in dataclasses.asdict(value).items() if item is not None}


def as_given(value: Any) -> Any:
    """A body in the caller's own form: a mapping as it is, a model with the fields that were set."""
    return value if is_mapping(value) else value.model_dump(mode="json", by_alias=True, exclude_unset=True)


def with_id(operation: Callable[[str, Any], Request[Any]], body: Any, name: str) -> Request[Any]:
    """A request whose path names a member of its body."""
    return operation(body[name], body)


def untyped(value: Any) -> Any:
    """An argument whose type the SDK's users know by another name than the spec (an agent's id is any text)."""
    return value


# How answers are read ------------------------------------------------------------------------------------------------


def whole(reply: Reply) -> dict[str, Any]:
    """The body as it is; an empty one is an empty object."""
    return cast("dict[str, Any]", reply.json())


def rows(reply: Reply) -> list[Any]:
    """The body as it is, an array."""
    return cast("list[Any]", reply.json())


def nothing(reply: Reply) -> None:
    """The body is not looked at."""


def member(name: str, kind: type[T]) -> Callable[[Reply], T]:
    """One member of the body, as it is."""

    def read(reply: Reply) -> T:
        body = _object(reply)
        if name not in body:
            raise _misfit(reply, f"object with {name}")
        return cast("T", body[name])

    return read


def one(model: Callable[[], type[T]]) -> Callable[[Reply], T]:
    """The body as a model. `model` is called when the first answer is read, so that it loads no sooner."""
    return lambda reply: _as(model(), _body(reply), reply)


def many(model: Callable[[], type[T]]) -> Callable[[Reply], list[T]]:
    """An array of models."""
    return lambda reply: [_as(model(), item, reply) for item in _items(reply)]


def named(model: Callable[[], type[T]]) -> Callable[[Reply], dict[str, T]]:
    """Models by name."""
    return lambda reply: {name: _as(model(), item, reply) for name, item in _object(reply).items()}


def record(kind: type[T], **lists: type[Any]) -> Callable[[Reply], T]:
    """The body as a dataclass. `lists`: members that are arrays of dataclasses, empty when they are missing."""

    def read(reply: Reply) -> T:
        body = dict(_object(reply))
        for name, item in lists.items():
            body[name] = [_built(item, each, reply) for each in body.get(name) or ()]
        return _built(kind, body, reply)

    return read


def records(kind: type[T]) -> Callable[[Reply], list[T]]:
    """An array of dataclasses."""
    return lambda reply: [_built(kind, item, reply) for item in _items(reply)]


def _built(kind: type[T], fields: Any, reply: Reply) -> T:
    if not is_mapping(fields):
        raise _misfit(reply, "object")
    return built(kind, fields, lenient=_is_lenient(reply))


def built(kind: type[T], fields: Mapping[str, Any], *, lenient: bool = False) -> T:
    """A dataclass from JSON: members it does not have are left out, those that are missing and may be None are None.

    Raises `TypeError` when one is missing that may not, unless that is `lenient`ly taken as None.
    """
    known = _known(cast("Hashable", kind))
    return kind(**{n: fields.get(n) for n, need in known.items() if n in fields or need is _NULL or (lenient and need)})


_NULL, _NEEDED = "may be None", "is needed"


@functools.cache
def _known(kind: Hashable) -> Mapping[str, str]:
    """The fields of a dataclass, and what becomes of those that have no default when they are missing."""
    missing = dataclasses.MISSING
    return {
        field.name: (_NULL if "None" in str(field.type) else _NEEDED)
        if field.default is missing and field.default_factory is missing
        else ""
        for field in dataclasses.fields(cast("Any", kind))
    }


class _Model(Protocol):
    model_fields: ClassVar[Mapping[str, Any]]

    @classmethod
    def model_validate(cls, obj: Any) -> Any: ...

    @classmethod
    def model_construct(cls, **values: Any) -> Any: ...


def _as(model: type[T], value: Any, reply: Reply) -> T:
    """Raises pydantic's `ValidationError` when an answer does not fit; a lenient client takes it as it is."""
    kind = cast("type[_Model]", model)
    try:
        return cast("T", kind.model_validate(value))
    except ValueError as error:
        if not _is_lenient(reply) or not is_mapping(value):
            raise
        log.warning("an answer does not fit %s: %d problems", model.__name__, str(error).count("\n") // 2)
        needed = [name for name, field in kind.model_fields.items() if field.is_required()]
        return cast("T", kind.model_construct(**{**dict.fromkeys(needed), **value}))


def _is_lenient(reply: Reply) -> bool:
    return getattr(reply, "lenient", False) is True


def _body(reply: Reply) -> Any:
    if getattr(reply, "content", None) == b"":
        raise APIError("API answered nothing where an object was expected", reply.status, "")
    return reply.json()


def _object(reply: Reply) -> Mapping[str, Any]:
    body = _body(reply)
    if not is_mapping(body):
        raise _misfit(reply, "object")
    return body


def _items(reply: Reply) -> list[Any]:
    body = _body(reply)
    if not is_sequence(body):
        raise _misfit(reply, "array")
    return list(body)


def _misfit(reply: Reply, wanted: str) -> APIError:
    text = reply.content.decode(errors="replace") if isinstance(getattr(reply, "content", None), bytes) else None
    return APIError(f"API answered something else than an {wanted}", getattr(reply, "status", None), text)
