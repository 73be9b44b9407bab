"""OpenTelemetry spans for calls, as hooks: `Client(..., hooks=[OpenTelemetry()])`. Needs the extra `telemetry`.

One client span per attempt, named and attributed by the semantic conventions for HTTP; the trace context travels in the
request's headers. No header, query or body is recorded: they may hold secrets.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from opentelemetry import propagate, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

from wirewright.errors import StatusError, WirewrightError
from wirewright.hooks import Hooks
from wirewright.messages import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from wirewright.flow import Exchange


class OpenTelemetry(Hooks):
    """Hooks that make spans with the given provider, else the global one."""

    def __init__(self, tracer_provider: TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("wirewright", tracer_provider=tracer_provider)
        self._spans: dict[int, Span] = {}
        self._lock = threading.Lock()

    def on_request(self, call: Exchange, attempt: int, http: HttpRequest) -> None:
        operation = call.request.operation
        address = urlsplit(http.origin)
        attributes: dict[str, Any] = {
            "http.request.method": http.method,
            "url.template": operation.path,
            "server.address": address.hostname or "",
            "wirewright.operation": operation.id,
        }
        if address.port is not None:
            attributes["server.port"] = address.port
        if attempt > 1:
            attributes["http.request.resend_count"] = attempt - 1
        span = self._tracer.start_span(f"{http.method} {operation.path}", kind=SpanKind.CLIENT, attributes=attributes)
        propagate.inject(http.headers, context=trace.set_span_in_context(span))
        with self._lock:
            self._spans[id(call)] = span

    def on_response(self, call: Exchange, attempt: int, response: HttpResponse) -> None:
        span = self._take(call)
        if span is not None:
            span.set_attribute("http.response.status_code", response.status)
            if response.status >= 400:
                span.set_attribute("error.type", str(response.status))
                span.set_status(Status(StatusCode.ERROR))
            span.end()

    def on_retry(self, call: Exchange, attempt: int, delay: float, reason: str) -> None:
        self._fail(call, reason)

    def on_error(self, call: Exchange, attempts: int, error: WirewrightError) -> None:
        if not isinstance(error, StatusError):
            self._fail(call, type(error).__name__)

    def _fail(self, call: Exchange, kind: str) -> None:
        """End the span of an attempt that had no answer."""
        span = self._take(call)
        if span is not None:
            span.set_attribute("error.type", kind)
            span.set_status(Status(StatusCode.ERROR))
            span.end()

    def _take(self, call: Exchange) -> Span | None:
        with self._lock:
            return self._spans.pop(id(call), None)
