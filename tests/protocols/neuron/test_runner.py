"""One lease: what a handler's outcome becomes on the wire (protocol sheet §4.6, §4.8, §10.2, §10.3)."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from holokai_neuron_sdk import HandlerContext, TerminalFailure, run_lease
from holokai_neuron_sdk._schemas import SchemaCache
from holokai_neuron_sdk.protocol import LeasePayload, encode
from pydantic import BaseModel, Field

from .conftest import lease_frame

S = {"type": "object", "required": ["a"]}
NO_TYPE = "'foo' is not valid under any of the given schemas"
NO_JSON = "handler output is not JSON: Unable to serialize unknown type:"
DRAFT_4 = "http://json-schema.org/draft-04/schema#"
LOG = logging.getLogger("test")


class Posts:
    """A transport that keeps what is POSTed. `fail` makes that many POSTs raise first."""

    def __init__(self, fail: int = 0) -> None:
        self.frames: list[dict[str, Any]] = []
        self.fail = fail

    async def post(self, path: str, frame: Any) -> None:
        if self.fail:
            self.fail -= 1
            raise ConnectionError("cut")
        body = json.loads(encode(frame))
        assert path == f"/neuron/{body['type']}"
        self.frames.append(body)


def lease(task_input: Any = None, input_schema: Any = None, output_schema: Any = None) -> LeasePayload:
    payload = lease_frame(task_input=task_input).lease
    return payload.model_copy(update={"input_schema": input_schema, "output_schema": output_schema})


async def run(handler: Any, payload: LeasePayload | None = None, *, cancel: str = "") -> dict[str, Any]:
    """The final frame, without its moment and lease id. `cancel`: set the event only, or cancel the task too."""
    posts, event = Posts(), asyncio.Event()
    task = asyncio.ensure_future(
        run_lease(lease=payload or lease(), handler=handler, transport=posts, logger=LOG, cancel_event=event)
    )
    if cancel:
        await asyncio.sleep(0)
        event.set()
        if cancel == "task":
            task.cancel()
    await asyncio.wait({task})
    (frame,) = posts.frames
    return {name: value for name, value in frame.items() if name not in ("leaseId", "completedAt", "failedAt")}


def retryable(reason: str) -> dict[str, Any]:
    return {"type": "nack", "kind": "retryable", "reason": reason, "code": "HANDLER_THREW"}


def terminal(reason: str, code: str = "HANDLER_TERMINAL") -> dict[str, Any]:
    return {"type": "nack", "kind": "terminal", "reason": reason, "code": code}


def mismatch(side: str, error: str) -> dict[str, Any]:
    reason = {
        "INPUT": "lease input does not match inputSchema",
        "OUTPUT": "handler output does not match outputSchema",
    }[side]
    return {
        "type": "nack",
        "kind": "schema-mismatch",
        "reason": reason,
        "code": f"{side}_SCHEMA_MISMATCH",
        "details": {"errors": [error]},
    }


CANCELLED = {"type": "nack", "kind": "cancelled", "reason": "handler aborted", "code": "CANCELLED"}


def returning(value: Any) -> Any:
    async def handler(task_input: Any, ctx: HandlerContext) -> Any:
        return value

    return handler


def raising(error: BaseException) -> Any:
    async def handler(task_input: Any, ctx: HandlerContext) -> Any:
        raise error

    return handler


def failing(reason: str, code: str | None = None) -> Any:
    async def handler(task_input: Any, ctx: HandlerContext) -> Any:
        ctx.fail(reason, code=code)

    return handler


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (returning({"r": 1}), {"type": "ack", "output": {"r": 1}}),
        (returning(None), {"type": "ack"}),
        (returning((1, 2)), {"type": "ack", "output": [1, 2]}),
        (lambda task_input, ctx: {"sync": True}, {"type": "ack", "output": {"sync": True}}),
        (raising(RuntimeError("boom")), retryable("boom")),
        (raising(RuntimeError()), retryable("RuntimeError")),
        (raising(KeyError("k")), retryable("'k'")),
        (raising(TimeoutError()), retryable("TimeoutError")),
        (raising(Unprintable()), retryable("Unprintable")),
        (raising(ValueError("\ud800")), retryable("?")),
        (raising(asyncio.CancelledError()), CANCELLED),
        (raising(TerminalFailure("bad", None)), terminal("bad")),
        (failing("bad", "X1"), terminal("bad", "X1")),
        (failing("bad"), terminal("bad")),
        (failing("bad", ""), terminal("bad")),
        # The first client sent nothing for these.
        (failing(""), terminal("handler failed")),
        (returning(object()), terminal(f"{NO_JSON} <class 'object'>", "OUTPUT_NOT_SERIALIZABLE")),
    ],
)  # fmt: skip
async def test_outcomes(handler: Any, expected: dict[str, Any]) -> None:
    assert await run(handler) == expected


@pytest.mark.parametrize(
    ("payload", "handler", "expected"),
    [
        (lease({"a": 1}, S), returning(1), {"type": "ack", "output": 1}),
        (lease({}, S), returning(1), mismatch("INPUT", "'a' is a required property")),
        (lease({}, {}), returning(1), {"type": "ack", "output": 1}),
        (lease({}, True), returning(1), {"type": "ack", "output": 1}),
        (lease({}, {"type": "foo"}), returning(1), mismatch("INPUT", f"invalid schema: {NO_TYPE}")),
        (lease({}, "foo"), returning(1), mismatch("INPUT", "invalid schema: 'foo' is not of type 'object', 'boolean'")),
        (lease(None, None, {"type": "array"}), returning((1, 2)), mismatch("OUTPUT", "(1, 2) is not of type 'array'")),
        (lease(None, None, {"type": "array"}), returning([1]), {"type": "ack", "output": [1]}),
        (lease("x", {"$schema": DRAFT_4, "minLength": 1}), returning(1), {"type": "ack", "output": 1}),
        (lease({}, {"$schema": "urn:unknown", **S}), returning(1), mismatch("INPUT", "'a' is a required property")),
        (lease("no date", {"format": "date"}), returning(1), {"type": "ack", "output": 1}),
        # The first client sent nothing for these.
        (lease({}, 5), returning(1), mismatch("INPUT", "invalid schema: 5 is not of type 'object', 'boolean'")),
    ],
)  # fmt: skip
async def test_schemas(payload: LeasePayload, handler: Any, expected: dict[str, Any]) -> None:
    assert await run(handler, payload) == expected


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/nowhere"},
        {"$ref": "http://127.0.0.1:1/schema.json"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "#"},
        {"pattern": "("},
    ],
)
async def test_a_schema_that_cannot_be_applied_is_a_mismatch_and_nothing_is_fetched(
    schema: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *args: pytest.fail("something was fetched"))
    monkeypatch.setattr("urllib.request.urlopen", lambda *args, **kwargs: pytest.fail("something was fetched"))
    frame = await run(returning(1), lease("x", schema))
    assert (frame["kind"], frame["code"]) == ("schema-mismatch", "INPUT_SCHEMA_MISMATCH")
    assert frame["details"]["errors"][0].startswith("invalid schema: ")


async def cooperative(task_input: Any, ctx: HandlerContext) -> None:
    await asyncio.sleep(60)


async def turning(task_input: Any, ctx: HandlerContext) -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise ValueError("turned") from None


async def giving_up(task_input: Any, ctx: HandlerContext) -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        ctx.fail("gave up")


async def winning(task_input: Any, ctx: HandlerContext) -> str:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return "won"
    return "slept"


async def heeding(task_input: Any, ctx: HandlerContext) -> None:
    await ctx.cancelled.wait()
    raise RuntimeError("heard of it")


@pytest.mark.parametrize(
    ("handler", "cancel", "expected"),
    [
        (cooperative, "task", CANCELLED),
        (turning, "task", CANCELLED),
        (giving_up, "task", terminal("gave up")),
        (winning, "task", {"type": "ack", "output": "won"}),
        (heeding, "event", CANCELLED),
    ],
)
async def test_cancellation(handler: Any, cancel: str, expected: dict[str, Any]) -> None:
    assert await run(handler, cancel=cancel) == expected


async def test_the_cancellation_goes_on_after_the_nack() -> None:
    posts = Posts()
    with pytest.raises(asyncio.CancelledError):
        await run_lease(
            lease=lease(),
            handler=raising(asyncio.CancelledError()),
            transport=posts,
            logger=LOG,
            cancel_event=asyncio.Event(),
        )
    assert posts.frames[0]["kind"] == "cancelled"


async def test_a_cancellation_during_the_post_does_not_abort_it() -> None:
    posted, release = asyncio.Event(), asyncio.Event()

    class Slow(Posts):
        async def post(self, path: str, frame: Any) -> None:
            posted.set()
            await release.wait()
            await super().post(path, frame)

    posts = Slow()
    task = asyncio.ensure_future(
        run_lease(lease=lease(), handler=returning(1), transport=posts, logger=LOG, cancel_event=asyncio.Event())
    )
    await posted.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    release.set()
    await asyncio.wait({task})
    assert task.cancelled()
    assert posts.frames[0]["type"] == "ack"


async def test_a_post_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    await run_lease(
        lease=lease(), handler=returning(1), transport=Posts(fail=1), logger=LOG, cancel_event=asyncio.Event()
    )
    assert "ack of lease l-1 not delivered: cut" in caplog.text


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: int | None = None


class Model(BaseModel):
    some_name: int = Field(default=1, serialization_alias="someName")
    nothing: int | None = None


def numbers() -> Iterator[int]:
    yield from (1, 2)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, 2), [1, 2]),
        ({1}, [1]),
        (numbers(), [1, 2]),
        (b"text", "text"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Path("a/b"), "a/b"),
        (Colour.RED, "red"),
        (datetime(2025, 1, 1, tzinfo=UTC), "2025-01-01T00:00:00Z"),
        (date(2025, 1, 1), "2025-01-01"),
        (timedelta(seconds=90), "PT1M30S"),
        (1 + 2j, "1+2j"),
        (Point(1), {"x": 1, "y": None}),
        (Model(), {"someName": 1}),
        ({"a": float("nan"), "b": float("inf")}, {"a": None, "b": None}),
        ({1: "a", None: "b", (1, 2): "c"}, {"1": "a", "None": "b", "1,2": "c"}),
        ({"a": None}, {"a": None}),
    ],
)
async def test_values_of_handlers_as_json(value: Any, expected: Any) -> None:
    assert await run(returning(value)) == {"type": "ack", "output": expected}


async def an_async_generator() -> Any:
    yield 1


@pytest.mark.parametrize(
    "value",
    [object(), print, range(3), b"\xff", "\ud800", an_async_generator()],
    ids=lambda value: type(value).__name__,
)
async def test_what_is_no_json_fails_the_task_for_good_instead_of_silently(value: Any) -> None:
    frame = await run(returning(value))
    assert (frame["kind"], frame["code"]) == ("terminal", "OUTPUT_NOT_SERIALIZABLE")


async def test_a_generator_function_is_a_handler() -> None:
    def handler(task_input: Any, ctx: HandlerContext) -> Iterator[int]:
        yield from range(3)

    assert await run(handler) == {"type": "ack", "output": [0, 1, 2]}


# The context.


async def test_progress_is_posted_and_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    posts = Posts()
    context = HandlerContext(lease=lease(), transport=posts, cancel_event=asyncio.Event(), logger=LOG)
    await context.progress(percent=50, message="half", data={"k": None})
    await context.progress()
    await context.progress(percent=101)
    await context.progress(data=object())
    posts.fail = 1
    await context.progress(percent=1)
    assert [{k: v for k, v in f.items() if k not in ("type", "leaseId", "sentAt")} for f in posts.frames] == [
        {"percent": 50.0, "message": "half", "data": {"k": None}},
        {},
    ]
    assert caplog.text.count("progress not delivered") == 3


def test_the_context_knows_its_lease() -> None:
    payload = lease({"x": 1})
    context = HandlerContext(lease=payload, transport=Posts(), cancel_event=asyncio.Event(), logger=LOG)
    assert (context.lease, context.task, context.lease_id) == (payload, payload.task, "l-1")
    assert context.log.extra == {"lease_id": "l-1", "task_id": "task-of-l-1"}


# Schemas.


def test_a_schema_is_compiled_once_and_old_ones_are_forgotten() -> None:
    cache = SchemaCache(size=2)
    first = cache.get({"type": "object"})
    assert cache.get({"type": "object"}) is first
    cache.get({"type": "string"})
    cache.get({"type": "null"})
    assert len(cache) == 2
    assert cache.get({"type": "object"}) is not first


def test_a_schema_nested_without_end_is_invalid() -> None:
    endless: dict[str, Any] = {}
    endless["not"] = endless
    assert "invalid schema" in (SchemaCache().get(endless).problem(1) or "")
