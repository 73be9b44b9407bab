"""The fail-open boundary: what network and server do wrong is answered, not raised; an outbox keeps what is left."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Mapping
from typing import Any

from msgspec import UNSET

from wirewright.bodies import File, Upload
from wirewright.errors import (
    AuthError,
    ClientError,
    NotAttempted,
    RequestError,
    ServerError,
    StatusError,
    TransportError,
    WirewrightError,
)
from wirewright.flow import ATTEMPT_HEADER, Exchange
from wirewright.hooks import log
from wirewright.messages import is_secret_name
from wirewright.operation import Content, Operation
from wirewright.outbox import Fate, Receipt, StoredCall, blocks
from wirewright.outbox.store import Lease
from wirewright.request import Request
from wirewright.response import Outcome
from wirewright.retry import RetryPolicy
from wirewright.settings import Settings
from wirewright.steps import Call, Step

_TRANSIENT = (TransportError, NotAttempted, AuthError, ServerError)
_PASSING = frozenset({401, 408, 425, 429})


def deliver(settings: Settings, request: Request[Any]) -> Generator[Step, Any, Outcome[Any]]:
    """One call as an `Outcome`.

    Raises `RequestError` alone: a call that cannot be built is the caller's to mend.
    """
    outbox = settings.outbox
    if outbox is None:
        return (yield from _outcome(Exchange(settings, request)))
    blocking = blocks(outbox)
    exchange = Exchange(settings, keyed(request))
    stored = stored_call(exchange)
    receipt: Receipt = yield Call(lambda: outbox.store(stored), blocking=blocking)
    if not receipt.try_now:
        return _untried(receipt, request)
    exchange.within(receipt.seconds)
    try:
        outcome = yield from _outcome(exchange)
    except GeneratorExit:  # the caller was cancelled; the call is kept
        outbox.settle(stored, "postponed")
        raise
    fate = fate_of(outcome, settings.retry)
    yield Call(lambda: outbox.settle(stored, fate, outcome.error), blocking=blocking)
    outcome.queued = fate == "postponed"
    outcome.durable = outcome.queued and receipt.durable
    return outcome


def _untried(receipt: Receipt, request: Request[Any]) -> Outcome[Any]:
    error = NotAttempted(f"the outbox says: {receipt.reason}", reason="outbox", request=request)
    return Outcome(
        False, error=error if receipt.reason else None, queued=receipt.kept, durable=receipt.kept and receipt.durable
    )


def keyed(request: Request[Any]) -> Request[Any]:
    """The request with an idempotency key: what is delivered at least once needs one, whatever the method."""
    if request.operation.idempotency_header is not None or request.options.idempotency_key is not UNSET:
        return request
    return request.with_options(idempotency_key=str(uuid.uuid4()))


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
    """What an outbox is told. An answer that cannot be read was still a delivery.

    A refusal that may pass is no final one: bad credentials (401), throttling, and what comes with a `Retry-After`.
    The server's own word (`x-should-retry`) goes before all of it.
    """
    error = outcome.error
    if not isinstance(error, StatusError):
        return "postponed" if isinstance(error, _TRANSIENT) else "delivered"
    wish = error.headers.get("x-should-retry")
    if wish in {"true", "false"}:
        return "postponed" if wish == "true" else "rejected"
    passing = error.status in _PASSING or error.status in policy.statuses or "retry-after" in error.headers
    if isinstance(error, ServerError) or passing:
        return "postponed"
    return "rejected" if isinstance(error, ClientError) else "delivered"


def stored_call(exchange: Exchange) -> StoredCall:
    """The call as an outbox keeps it. Raises `RequestError` when its body is a stream."""
    http = exchange.prepare()
    if isinstance(http.content, Upload):
        raise RequestError("a call whose body is a stream cannot be kept in an outbox", request=exchange.request)
    key = exchange.request.options.ordering_key
    return StoredCall(
        id=exchange.idempotency_key or str(uuid.uuid4()),
        operation=exchange.request.operation.id,
        method=http.method,
        target=http.target.removeprefix(exchange.prefix),
        headers=_without_credentials(http.headers, exchange.settings.headers),
        content=http.content or b"",
        repeatable=exchange.repeatable,
        base_url=exchange.base_url,
        server=exchange.server,
        key=key if isinstance(key, str) else "",
    )


def _without_credentials(headers: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Headers to be kept: not those of the client itself that carry secrets, which are added when the call is sent."""
    return {name: value for name, value in headers.items() if not (own.get(name) == value and is_secret_name(name))}


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
        server=stored.server or None,
    )
    request: Request[None] = Request(operation)
    if stored.content:
        request.body = File(stored.content, media_type=media_type)
    return request.with_options(headers={k: v for k, v in stored.headers.items() if k != "content-length"})


def replay(settings: Settings, stored: StoredCall) -> Generator[Step, Any, Outcome[None]]:
    """Deliver a stored call."""
    return (yield from _outcome(Exchange(settings, restored_call(stored))))


def redeliver(settings: Settings, lease: Lease, seconds: float) -> Generator[Step, Any, Outcome[None]]:
    """One attempt at a stored call, within so many seconds; when to make the next is the outbox' business."""
    request = restored_call(lease.call).with_options(retry=None)
    if lease.attempts:
        request = request.with_options(headers={ATTEMPT_HEADER: str(lease.attempts + 1)})
    exchange = Exchange(settings, request)
    exchange.within(seconds)
    return (yield from _outcome(exchange))
