"""The way of a call, written once for sync and async: generators that yield steps.

In order: idempotency key, retry and budget, auth, transport; then the answer is decoded.
"""

from __future__ import annotations

import random as _random
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from wirewright.auth import Auth
from wirewright.decode import ResponseDecoder
from wirewright.encode import RequestEncoder
from wirewright.errors import TransportError, WirewrightError
from wirewright.messages import HttpRequest, HttpResponse, Timeout
from wirewright.operation import Operation
from wirewright.request import Request
from wirewright.response import Outcome, Response
from wirewright.retry import RetryPolicy
from wirewright.steps import Send, Sleep, Step

Flow = Generator[Step, Any, Any]


class Settings(msgspec.Struct):
    """What a client was made with."""

    origin: str
    prefix: str
    headers: dict[str, str]
    auth: Auth | None
    retry: RetryPolicy
    timeout: Timeout
    deadline: float | None
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = _random.random


def split_base_url(url: str) -> tuple[str, str]:
    """Origin and path prefix (without a slash at its end)."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"base_url must be an absolute http or https URL, not {url!r}")
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")


class Plan:
    """An operation, compiled."""

    def __init__(self, operation: Operation) -> None:
        self.encoder = RequestEncoder(operation)
        self.decoder = ResponseDecoder(operation)


def plan_of(operation: Operation) -> Plan:
    """The operation's plan, made on first use."""
    plan: Plan | None = operation._plan
    if plan is None:
        plan = operation._plan = Plan(operation)
    return plan


def build(settings: Settings, request: Request[Any], plan: Plan) -> HttpRequest:
    """The first attempt, before auth."""
    encoder, options, operation = plan.encoder, request.options, request.operation
    target = settings.prefix + encoder.target(request)
    headers = {**settings.headers, "accept": encoder.accept, **encoder.headers(request)}
    payload = encoder.payload(request)
    content: Any = None
    if payload is not None:
        content = payload.content
        headers["content-type"] = payload.media_type
    if operation.idempotency_header:
        key = options.idempotency_key if options.idempotency_key is not UNSET else str(uuid.uuid4())
        headers.setdefault(operation.idempotency_header.lower(), str(key))
    timeout = settings.timeout if options.timeout is UNSET else Timeout.of(options.timeout)
    return HttpRequest(operation.method, settings.origin, target, headers, content, timeout=timeout)


def call(settings: Settings, request: Request[Any]) -> Generator[Step, Any, Response[Any]]:
    """One call: answered by a `Response`, or raises the error tree."""
    plan = plan_of(request.operation)
    start = settings.clock()
    attempts = 0
    try:
        http = build(settings, request, plan)
        retry = settings.retry if request.options.retry is UNSET else request.options.retry or RetryPolicy(attempts=1)
        repeatable = request.operation.is_idempotent or bool(request.operation.idempotency_header) or retry.retry_unsafe
        while True:
            attempts += 1
            try:
                response = yield from attempt(settings, request, http)
            except TransportError as error:
                if attempts >= retry.attempts or not (repeatable or not error.sent):
                    raise
            else:
                if plan.decoder.is_success(response.status):
                    value = plan.decoder.value(response)
                    return Response(
                        response.status,
                        response.headers,
                        value,
                        request,
                        attempts,
                        settings.clock() - start,
                        response.content,
                    )
                if attempts >= retry.attempts or not repeatable or response.status not in retry.statuses:
                    raise plan.decoder.error(response)
            yield Sleep(min(retry.cap, retry.base * retry.factor ** (attempts - 1)) * settings.random())
    except WirewrightError as error:
        error.request, error.attempts = request, attempts
        raise


def attempt(settings: Settings, request: Request[Any], http: HttpRequest) -> Generator[Step, Any, HttpResponse]:
    """Credentials, then the wire."""
    auth = settings.auth if request.options.auth is UNSET else request.options.auth
    if auth is not None:
        yield from auth.apply(http)
    response: HttpResponse = yield Send(http)
    return response


def deliver(settings: Settings, request: Request[Any]) -> Generator[Step, Any, Outcome[Any]]:
    """As `call`, but what network and server do wrong is answered, not raised."""
    try:
        response = yield from call(settings, request)
    except WirewrightError as error:
        return Outcome(False, error=error, attempts=error.attempts)
    return Outcome(True, response.value, attempts=response.attempts)


def lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Header names in lower case."""
    return {name.lower(): value for name, value in (headers or {}).items()}
