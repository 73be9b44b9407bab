"""One lease, from its input to its final frame: validate, call the handler, validate, classify."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Never, Protocol

from pydantic_core import from_json, to_json

from holokai_neuron_sdk import _schemas
from holokai_neuron_sdk.protocol import (
    POST_PATH,
    AckFrame,
    LeasePayload,
    NackFrame,
    NackKind,
    ProgressFrame,
    TaskPayload,
)

Handler = Callable[[Any, "HandlerContext"], Awaitable[Any] | Any]


class Poster(Protocol):
    """The part of a transport that a lease needs."""

    async def post(self, path: str, frame: Any) -> Any: ...


class TerminalFailure(Exception):  # noqa: N818 - a published name
    """The task has failed for good; raised by `HandlerContext.fail`."""

    def __init__(self, reason: str, code: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class HandlerContext:
    """What a handler knows of its lease, and how it talks to the gateway before it returns.

    `cancelled` is set when the gateway cancels the lease, when the lease expires and when the neuron stops without
    waiting; the handler's task is cancelled right after. `log` writes `lease_id` and `task_id` with every record.
    """

    def __init__(
        self, *, lease: LeasePayload, transport: Poster, cancel_event: asyncio.Event, logger: logging.Logger
    ) -> None:
        self.lease = lease
        self.cancelled = cancel_event
        self.log = logging.LoggerAdapter(logger, {"lease_id": lease.lease_id, "task_id": lease.task.task_id})
        self._transport = transport

    @property
    def task(self) -> TaskPayload:
        """The task of the lease."""
        return self.lease.task

    @property
    def lease_id(self) -> str:
        """The lease that the gateway holds for this delivery."""
        return self.lease.lease_id

    async def progress(self, *, percent: float | None = None, message: str | None = None, data: Any = None) -> None:
        """Tell the gateway how far the work has come, and wait for its answer.

        `percent` is between 0 and 100; `data` is anything that JSON can say. Never raises for what the network or the
        arguments do: the handler's work matters more than news of it. What went wrong is logged.
        """
        try:
            given = {"percent": percent, "message": message, "data": jsonable(data)}
            fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
            frame = ProgressFrame(type="progress", lease_id=self.lease_id, sent_at=utcnow(), **fields)
            await self._transport.post(POST_PATH.progress, frame)
        except Exception as error:
            self.log.warning("progress not delivered: %s", error)

    def fail(self, reason: str, *, code: str | None = None) -> Never:
        """End the task as failed for good, with no retry. Raises; do not catch it."""
        raise TerminalFailure(reason, code)


async def run_lease(
    *,
    lease: LeasePayload,
    handler: Handler,
    transport: Poster,
    logger: logging.Logger,
    cancel_event: asyncio.Event,
) -> None:
    """Run one lease and POST its ack or nack once; a POST that fails is logged.

    Raises:
        asyncio.CancelledError: the handler was cancelled. The nack has been POSTed by then: a cancellation that arrives
            during the POST waits for it.
    """
    report, cancellation = await _outcome(lease, handler, transport, logger, cancel_event)
    posting = asyncio.ensure_future(_post_once(report, transport, logger))
    while not posting.done():
        try:
            await asyncio.shield(posting)
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation:
        raise cancellation


async def execute(
    *,
    lease: LeasePayload,
    handler: Handler,
    transport: Poster,
    logger: logging.Logger,
    cancel_event: asyncio.Event,
) -> AckFrame | NackFrame:
    """Run one lease and answer its final frame, without sending it. A cancelled handler gives a frame as well."""
    report, _ = await _outcome(lease, handler, transport, logger, cancel_event)
    return report


def handler_aborted(lease_id: str) -> NackFrame:
    """The final frame of a handler that was cancelled."""
    return _nack(lease_id, "cancelled", "handler aborted", code="CANCELLED")


def handler_threw(lease_id: str, error: BaseException) -> NackFrame:
    """The final frame of a handler that raised."""
    return _nack(lease_id, "retryable", _words(error), code="HANDLER_THREW")


async def _outcome(
    lease: LeasePayload, handler: Handler, transport: Poster, logger: logging.Logger, cancel_event: asyncio.Event
) -> tuple[AckFrame | NackFrame, asyncio.CancelledError | None]:
    lease_id = lease.lease_id
    mismatch = _schemas.problem(lease.input_schema, lease.task.input)
    if mismatch:
        return _mismatch(lease_id, "INPUT", "lease input does not match inputSchema", mismatch), None
    context = HandlerContext(lease=lease, transport=transport, cancel_event=cancel_event, logger=logger)
    try:
        output = handler(lease.task.input, context)
        if inspect.isawaitable(output):
            output = await output
    except asyncio.CancelledError as error:
        return handler_aborted(lease_id), error
    except TerminalFailure as failure:
        code = str(failure.code or "HANDLER_TERMINAL")
        return _nack(lease_id, "terminal", _words(failure.reason, "handler failed"), code=code), None
    except Exception as error:
        context.log.info("handler raised %s", _words(error), exc_info=error)
        return (handler_aborted(lease_id) if cancel_event.is_set() else handler_threw(lease_id, error)), None
    return _success(lease, output), None


def _success(lease: LeasePayload, output: Any) -> AckFrame | NackFrame:
    mismatch = _schemas.problem(lease.output_schema, output)
    if mismatch:
        return _mismatch(lease.lease_id, "OUTPUT", "handler output does not match outputSchema", mismatch)
    try:
        return AckFrame(type="ack", lease_id=lease.lease_id, output=jsonable(output), completed_at=utcnow())
    except Exception as error:  # pydantic's own error, or whatever a user's generator or serializer raises
        reason = f"handler output is not JSON: {_words(error)}"
        return _nack(lease.lease_id, "terminal", reason, code="OUTPUT_NOT_SERIALIZABLE")


def jsonable(value: Any) -> Any:
    """What a frame carries for a value of a handler: what JSON can say, and what it will say when read back.

    Made once, before anything is sent, so that a repeated frame says the same (a generator can be read once) and a
    value that is no JSON is noticed while there is still something else to report.
    """
    if value is None or type(value) in (int, bool):
        return value
    return from_json(to_json(value, by_alias=True, exclude_none=True, inf_nan_mode="null"))


def utcnow() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def _mismatch(lease_id: str, side: str, reason: str, error: str) -> NackFrame:
    return _nack(
        lease_id, "schema-mismatch", reason, code=f"{side}_SCHEMA_MISMATCH", details={"errors": [_clean(error)]}
    )


def _nack(lease_id: str, kind: NackKind, reason: str, **more: Any) -> NackFrame:
    return NackFrame(type="nack", lease_id=lease_id, kind=kind, reason=reason, failed_at=utcnow(), **more)


def _words(error: object, default: str = "") -> str:
    """Text of an error that is fit for a frame: never empty, and never something that is no Unicode."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return _clean(text) or default or type(error).__name__


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


async def _post_once(report: AckFrame | NackFrame, transport: Poster, logger: logging.Logger) -> None:
    path = POST_PATH.ack if isinstance(report, AckFrame) else POST_PATH.nack
    try:
        await transport.post(path, report)
    except Exception as error:
        logger.warning("%s of lease %s not delivered: %s", report.type, report.lease_id, error)
