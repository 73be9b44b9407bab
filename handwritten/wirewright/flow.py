"""The way of a call, written once for sync and async: generators that yield steps to a driver.

In order: fail-open boundary (`wirewright.delivery`), idempotency key, retry and budget, credentials and signing,
transport; then the answer is decoded.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Mapping
from typing import Any

from msgspec import UNSET

from wirewright.auth import select
from wirewright.bodies import Upload
from wirewright.breaker import Breaker
from wirewright.errors import (
    AuthError,
    ConnectionLost,
    NotAttempted,
    RateLimited,
    ServerError,
    TransportError,
    WirewrightError,
)
from wirewright.hooks import log
from wirewright.messages import HttpRequest, HttpResponse, Timeout
from wirewright.plan import plan_of
from wirewright.request import Request
from wirewright.response import Response
from wirewright.retry import NO_RETRY, Failure, RetryPolicy, RetryQuota, decide, retry_after
from wirewright.settings import Settings, split_base_url
from wirewright.steps import Call, Send, Sleep, Step, Wait

ATTEMPT_HEADER = "x-retry-attempt"
DEFAULT_KEY_HEADER = "idempotency-key"


class Exchange:
    """One call on its way; what hooks get as `call`.

    `request`, `attempts` so far, and the `idempotency_key` if it carries one, are there to be read.
    """

    __slots__ = (
        "_auths",
        "_breaker",
        "_deadline_at",
        "_http",
        "_http_sent",
        "_paid",
        "_policy",
        "_quota",
        "_refreshed",
        "_replayed",
        "_started",
        "_stream",
        "attempts",
        "base_url",
        "idempotency_key",
        "plan",
        "prefix",
        "repeatable",
        "request",
        "server",
        "settings",
    )

    def __init__(self, settings: Settings, request: Request[Any], *, stream: bool = False) -> None:
        options = request.options
        self.request = request
        self.plan = plan_of(request.operation)
        self.attempts = 0
        self.idempotency_key: str | None = None
        self.settings = settings
        self._stream = stream
        self._started = settings.clock.monotonic()
        limit = settings.deadline if options.deadline is UNSET else options.deadline
        self._deadline_at = None if limit is None else self._started + limit
        self._breaker: Breaker | None = None
        self._quota: RetryQuota
        self._policy: RetryPolicy = settings.retry if options.retry is UNSET else (options.retry or NO_RETRY)
        self._auths: Any = None
        self._http: HttpRequest | None = None
        self._paid: float = 0
        self._refreshed = self._replayed = False
        self.repeatable = False
        self.prefix = settings.prefix
        self.base_url = settings.origin + settings.prefix
        self.server = ""

    def within(self, seconds: float | None) -> None:
        """Let the whole call take no longer than so many seconds."""
        if seconds is not None:
            latest = self._started + seconds
            self._deadline_at = latest if self._deadline_at is None else min(self._deadline_at, latest)

    # -- building

    def prepare(self, extra: Mapping[str, str] | None = None) -> HttpRequest:
        """The request on the wire, before credentials. Raises `RequestError`."""
        if self._http is None:
            self._http = self._build()
        if extra:
            self._http.headers.update(extra)
        return self._http

    def _build(self) -> HttpRequest:
        settings, request, operation = self.settings, self.request, self.request.operation
        encoder = self.plan.encoder
        origin, prefix = settings.origin, settings.prefix
        if operation.server is not None:
            origin, prefix = _server(operation.server, origin, prefix)
            self.prefix, self.server = prefix, origin + prefix
        self._breaker, self._quota = settings.guards(origin)
        headers = {**settings.headers, "accept": encoder.accept, **encoder.headers(request)}
        content = self._body(headers)
        self._add_key(headers)
        options = request.options
        return HttpRequest(
            operation.method,
            origin,
            prefix + encoder.target(request),
            headers,
            content,
            timeout=settings.timeout if options.timeout is UNSET else Timeout.of(options.timeout),
            max_bytes=settings.max_response_bytes,
            stream=self._stream,
        )

    def _body(self, headers: dict[str, str]) -> bytes | Upload | None:
        payload = self.plan.encoder.payload(self.request)
        if payload is None:
            if self.request.operation.method in {"POST", "PUT", "PATCH"}:
                headers["content-length"] = "0"
            return None
        headers.setdefault("content-type", payload.media_type)
        content: bytes | Upload = payload.content
        length = len(content) if isinstance(content, bytes) else content.length
        if length is None:
            headers["transfer-encoding"] = "chunked"
        else:
            headers["content-length"] = str(length)
        return content

    def _add_key(self, headers: dict[str, str]) -> None:
        """An idempotency key, made once per call and kept over retries; one that the caller gave is kept."""
        operation, given = self.request.operation, self.request.options.idempotency_key
        name = operation.idempotency_header
        if name is not None or given is not UNSET:
            name = (name or DEFAULT_KEY_HEADER).lower()
            key = given if isinstance(given, str) else headers.get(name) or str(uuid.uuid4())
            self.idempotency_key = headers[name] = key
        self.repeatable = operation.is_idempotent or self.idempotency_key is not None

    # -- sending

    def run(self) -> Generator[Step, Any, Response[Any]]:
        """The call with its answer decoded. Raises the error tree."""
        settings = self.settings
        try:
            response = yield from self.answer()
            value = self.plan.decoder.value(response)
        except WirewrightError as error:
            self.note(error)
            raise
        elapsed = settings.clock.monotonic() - self._started
        if settings.hooks:
            settings.hooks.tell("on_success", self, self.attempts, elapsed)
        return Response(
            response.status,
            response.headers,
            value,
            self.request,
            attempts=self.attempts,
            elapsed=elapsed,
            content=response.content,
        )

    def note(self, error: WirewrightError) -> None:
        error.request, error.attempts = self.request, self.attempts
        if self.settings.hooks:
            self.settings.hooks.tell("on_error", self, self.attempts, error)

    def answer(self, extra: Mapping[str, str] | None = None) -> Generator[Step, Any, HttpResponse]:
        """A successful answer, not decoded."""
        http = self.prepare(extra)
        decoder, breaker = self.plan.decoder, self._breaker
        cause: Callable[[], WirewrightError] | None = None
        while True:
            self._admit(cause)
            self.attempts += 1
            try:
                response = yield from self._attempt(http)
            except TransportError as error:
                if breaker is not None:
                    breaker.record(False, self.settings.clock.monotonic(), self.settings.random)
                if self._free_replay(error):
                    self.attempts -= 1
                    continue
                failure, cause = Failure(sent=error.sent), _always(error)
            except BaseException:
                if breaker is not None:
                    breaker.release()
                raise
            else:
                status = response.status
                if breaker is not None:
                    breaker.record(status < 500, self.settings.clock.monotonic(), self.settings.random)
                if decoder.is_success(status):
                    self._quota.succeeded(self._paid)
                    return response
                if status == 401 and self._credentials_refreshed(response):
                    continue
                failure = Failure(status=status, headers=response.headers)
                cause = self._refusal(response)
            yield Sleep(self._delay(failure, cause))

    def _admit(self, cause: Callable[[], WirewrightError] | None) -> None:
        """Neither late nor kept out by the breaker; else what went wrong before, or `NotAttempted`."""
        if self._deadline_at is not None and self.settings.clock.monotonic() >= self._deadline_at:
            raise cause() if cause else NotAttempted("the deadline passed before sending", reason="deadline")
        breaker = self._breaker
        if breaker is not None and not breaker.allow(self.settings.clock.monotonic()):
            raise cause() if cause else NotAttempted("the circuit is open", reason="circuit_open")

    def _attempt(self, base: HttpRequest) -> Generator[Step, Any, HttpResponse]:
        settings = self.settings
        if self._auths is None:
            auth = settings.auth if self.request.options.auth is UNSET else self.request.options.auth
            self._auths = select(auth, self.request.operation.security)
        http = base.copy() if self._auths or self.attempts > 1 or settings.hooks else base
        http.budget = None if self._deadline_at is None else self._deadline_at - settings.clock.monotonic()
        if self.attempts > 1:
            http.headers[ATTEMPT_HEADER] = str(self.attempts)
        if settings.hooks:
            settings.hooks.tell("on_request", self, self.attempts, http)
        for auth in self._auths:
            steps = auth.apply(http, settings.clock)
            if steps is not None:
                yield from self._within_budget(steps, http.budget)
        self._http_sent = http
        response: HttpResponse = yield Send(http)
        if settings.hooks:
            settings.hooks.tell("on_response", self, self.attempts, response)
        return response

    @staticmethod
    def _within_budget(steps: Generator[Step, Any, None], budget: float | None) -> Generator[Step, Any, None]:
        """The steps of an `Auth`, limited in time."""
        answer: Any = None
        try:
            step = next(steps)
            while True:
                if isinstance(step, Wait):
                    step = Wait(step.future, budget)
                elif isinstance(step, Call):
                    step = Call(step.function, step.blocking, budget)
                try:
                    answer = yield step
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration:
            return
        finally:
            steps.close()

    # -- after a failed attempt

    def _free_replay(self, error: TransportError) -> bool:
        """A pooled connection that the server had closed: once, at once, not counted."""
        stale = isinstance(error, ConnectionLost) and error.reused and not error.bytes_received
        if not stale or self._replayed or (error.sent and not self.repeatable):
            return False
        self._replayed = True
        return self._can_resend()

    def _can_resend(self) -> bool:
        content = self._http.content if self._http is not None else None
        return not isinstance(content, Upload) or content.replayable or not content.opened

    def _credentials_refreshed(self, response: HttpResponse) -> bool:
        """After a 401: whether any credentials may be better now. At most once per call."""
        if self._refreshed:
            raise self._final_refusal(response)
        better = [auth for auth in self._auths if auth.refused(self._http_sent, response)]
        self._refreshed = bool(better)
        return self._refreshed and self._can_resend()

    def _final_refusal(self, response: HttpResponse) -> AuthError:
        error = AuthError("the credentials were refused, and the refreshed ones too")
        error.__cause__ = self.plan.decoder.error(response)
        return error

    def _refusal(self, response: HttpResponse) -> Callable[[], WirewrightError]:
        def make() -> WirewrightError:
            error = self.plan.decoder.error(response)
            if isinstance(error, RateLimited | ServerError):
                error.retry_after = retry_after(response.headers, self.settings.clock.time())
                if error.retry_after:
                    error.message += f", retry after {error.retry_after:g} s"
            return error

        return make

    def _delay(self, failure: Failure, cause: Callable[[], WirewrightError]) -> float:
        """Seconds until the next attempt. Raises the cause when there is to be none."""
        settings = self.settings
        verdict = decide(
            self._policy,
            failure,
            attempt=self.attempts,
            repeatable=self.repeatable,
            now=settings.clock.time(),
            random=settings.random,
        )
        if verdict.delay is None:
            raise cause()
        if self._deadline_at is not None and settings.clock.monotonic() + verdict.delay >= self._deadline_at:
            raise cause()
        if not self._can_resend():
            raise _annotated(cause(), "not tried again: the body is a stream that cannot be read twice")
        paid = self._quota.acquire(failure.status)
        if paid is None:
            raise _annotated(cause(), "not tried again: the retry quota is empty")
        self._paid = paid
        reason = str(failure.status) if failure.status else str(cause())
        log.info(
            "%s: attempt %d in %.3f s after %s", self.request.operation.id, self.attempts + 1, verdict.delay, reason
        )
        if settings.hooks:
            settings.hooks.tell("on_retry", self, self.attempts + 1, verdict.delay, reason)
        return verdict.delay


def _annotated(error: WirewrightError, note: str) -> WirewrightError:
    error.message += f" ({note})"
    return error


def _always(error: WirewrightError) -> Callable[[], WirewrightError]:
    return lambda: error


def _server(server: str, origin: str, prefix: str) -> tuple[str, str]:
    """An operation's own server: absolute, or relative to the client's base URL."""
    if "://" in server:
        return split_base_url(server)
    return origin, server.rstrip("/") if server.startswith("/") else f"{prefix}/{server}".rstrip("/")


def call(settings: Settings, request: Request[Any]) -> Generator[Step, Any, Response[Any]]:
    """One call: a `Response`, or the error tree."""
    return Exchange(settings, request).run()
