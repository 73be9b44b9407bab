"""The fail-open boundary: what network and server do wrong is answered, not raised; an outbox keeps what is left."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from typing import Any

from wirewright.bodies import File, Upload
from wirewright.errors import (
    AuthError,
    ClientError,
    NotAttempted,
    RequestError,
    ServerError,
    TransportError,
    WirewrightError,
)
from wirewright.flow import Exchange, Settings
from wirewright.hooks import log
from wirewright.operation import Content, Operation
from wirewright.outbox import Fate, StoredCall
from wirewright.request import Request
from wirewright.response import Outcome
from wirewright.retry import RetryPolicy
from wirewright.steps import Call, Step

_TRANSIENT = (TransportError, NotAttempted, AuthError, ServerError)


def deliver(settings: Settings, request: Request[Any]) -> Generator[Step, Any, Outcome[Any]]:
    """One call as an `Outcome`.

    Raises `RequestError` alone: a call that cannot be built is the caller's to mend.
    """
    exchange = Exchange(settings, request)
    outbox = settings.outbox
    if outbox is None:
        return (yield from _outcome(exchange))
    stored = stored_call(exchange)
    try_now = yield Call(lambda: outbox.store(stored), blocking=True)
    if not try_now:
        return Outcome(False, queued=True)
    outcome = yield from _outcome(exchange)
    fate = fate_of(outcome, settings.retry)
    yield Call(lambda: outbox.settle(stored, fate, str(outcome.error or "")), blocking=True)
    outcome.queued = fate == "postponed"
    return outcome


def _outcome(exchange: Exchange) -> Generator[Step, Any, Outcome[Any]]:
    try:
        response = yield from exchange.run()
    except RequestError:
        raise
    except WirewrightError as error:
        return Outcome(False, error=error, attempts=exchange.attempts)
    except Exception as error:
        log.exception("%s failed unexpectedly", exchange.request.operation.id)
        wrapped = TransportError(f"unexpected {type(error).__name__}", last_error=error, request=exchange.request)
        return Outcome(False, error=wrapped, attempts=exchange.attempts)
    return Outcome(True, response.value, attempts=exchange.attempts)


def fate_of(outcome: Outcome[Any], policy: RetryPolicy) -> Fate:
    """What an outbox is told. An answer that cannot be read was still a delivery."""
    error = outcome.error
    if isinstance(error, _TRANSIENT) or (isinstance(error, ClientError) and error.status in policy.statuses):
        return "postponed"
    return "rejected" if isinstance(error, ClientError) else "delivered"


def stored_call(exchange: Exchange) -> StoredCall:
    """The call as an outbox keeps it. Raises `RequestError` when its body is a stream."""
    http = exchange.prepare()
    if isinstance(http.content, Upload):
        raise RequestError("a call whose body is a stream cannot be kept in an outbox", request=exchange.request)
    return StoredCall(
        id=exchange.idempotency_key or str(uuid.uuid4()),
        operation=exchange.request.operation.id,
        method=http.method,
        target=http.target.removeprefix(exchange.prefix),
        headers=dict(http.headers),
        content=http.content or b"",
        repeatable=exchange.repeatable,
    )


def restored_call(stored: StoredCall) -> Request[None]:
    """A stored call as a request again; its answer's body is not read."""
    media_type = stored.headers.get("content-type", "application/octet-stream")
    operation = Operation(
        stored.operation,
        stored.method,
        stored.target,
        codec="msgspec",
        request=(Content(media_type),),
        responses={"2XX": ()},
        idempotent=stored.repeatable,
    )
    request: Request[None] = Request(operation)
    if stored.content:
        request.body = File(stored.content, media_type=media_type)
    return request.with_options(headers={k: v for k, v in stored.headers.items() if k != "content-length"})


def replay(settings: Settings, stored: StoredCall) -> Generator[Step, Any, Outcome[None]]:
    """Deliver a stored call."""
    return (yield from _outcome(Exchange(settings, restored_call(stored))))
