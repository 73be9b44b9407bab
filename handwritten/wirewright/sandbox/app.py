"""The server of a spec as an ASGI application: route, check, ask the rule, answer, record."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Callable
from typing import Any

from wirewright.contract.checks import check_content, check_response, decode_request
from wirewright.contract.document import SpecOperation
from wirewright.contract.problems import Problem
from wirewright.contract.routing import Match, Router
from wirewright.contract.security import check_security
from wirewright.sandbox.answers import UNSET, Answer, Call, Refuse
from wirewright.sandbox.errors import invalid_status
from wirewright.sandbox.faults import NO_PLAN, Faults, Plan
from wirewright.sandbox.mock import answer_from_spec, gateway_page
from wirewright.sandbox.recording import Exchange, Recording
from wirewright.sandbox.render import Outgoing, event_bytes, raw_headers, render
from wirewright.sandbox.rules import Rules, Setting
from wirewright.sandbox.wire import Cut, Receive, Send, Wire

log = logging.getLogger("wirewright.sandbox")
Page = Callable[[Call], Answer]
_CONTROL = "/_sandbox"


class App:
    """One sandbox's server. `rules` is the present state; `reset()` puts a fresh one in its place."""

    def __init__(
        self,
        rules_type: type[Rules],
        setting: Setting,
        *,
        faults: Faults,
        keep: int = 1000,
        verify: bool = False,
        security: bool = False,
        page: Page | None = None,
    ) -> None:
        from wirewright.sandbox.control import ControlSurface

        self.setting = setting
        self.document = setting.document
        self.rules_type = rules_type
        self.rules = rules_type(setting)
        self.router = Router(self.document, rules_type.wide)
        self.recording = Recording(keep)
        self.faults = faults
        self.verify = verify
        self.security = security
        self.page = page
        self.stopping = asyncio.Event()
        self.control = ControlSurface(self)
        self._count = 0

    async def start(self) -> None:
        await self.rules.start()

    async def stop(self) -> None:
        self.stopping.set()
        await self.rules.end()

    async def reset(self) -> None:
        """A fresh state: streams of the old one end, records and faults are forgotten."""
        old = self.rules
        await old.end()
        old.erase()
        self.rules = self.rules_type(self.setting)
        self.recording.clear()
        self.faults.clear()
        self._count = 0
        await self.rules.start()

    @property
    def ruled(self) -> list[str]:
        """Operations that a rule answers."""
        return [operation.id for operation in self.document.operations if operation.id in self.rules.functions]

    @property
    def unruled(self) -> list[str]:
        """Operations that are answered from the spec for want of a rule."""
        return [operation.id for operation in self.document.operations if operation.id not in self.rules.functions]

    @property
    def unused(self) -> list[str]:
        """Rules whose operationId this version of the spec does not have."""
        return sorted(self.rules.functions.keys() - self.document.by_id.keys())

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _refuse_other(scope, receive, send)
            return
        body = await _read(receive)
        raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        headers = _joined(pairs)
        connection = scope.get("state", {}).get("connection")
        method: str = scope["method"]
        if raw_path == _CONTROL or raw_path.startswith(_CONTROL + "/"):
            call = self._call(None, method, scope, headers, raw_path, query, body)
            wire = Wire(send, receive, connection, self.stopping, self.setting.clock, NO_PLAN)
            await self._deliver(wire, await self.control.answer(call, raw_path.removeprefix(_CONTROL) or "/", query), method)
            return
        match = self._match(method, raw_path, query)
        self._count += 1
        operation = match.operation if match else None
        exchange = Exchange(
            number=self._count,
            at=self.setting.clock.time(),
            method=method,
            target=f"{raw_path}?{query}" if query else raw_path,
            headers=pairs,
            body=body,
            operation=operation.id if operation else None,
        )
        self.recording.add(exchange)
        plan = self.faults.plan(self._count, method, exchange.operation) if self.faults.faults else NO_PLAN
        exchange.faults = str(plan)
        wire = Wire(send, receive, connection, self.stopping, self.setting.clock, plan)
        call = self._call(operation, method, scope, headers, raw_path, query, body)
        try:
            await wire.open()
            started = time.perf_counter()
            outgoing = await self._outgoing(call, match, exchange, plan, query)
            exchange.seconds = time.perf_counter() - started
            await self._deliver(wire, outgoing, method, exchange, operation)
        except Cut:
            return

    def _match(self, method: str, raw_path: str, query: str) -> Match | None:
        match = self.router.match(method, raw_path, query)
        return self.router.match("GET", raw_path, query) if match is None and method == "HEAD" else match

    def _call(
        self, operation: SpecOperation | None, method: str, scope: Any, headers: dict[str, str], path: str, query: str, body: bytes
    ) -> Call:
        host = headers.get("host") or "sandbox"
        return Call(
            operation=operation,
            method=method,
            url=f"{scope.get('scheme', 'http')}://{host}{path}" + (f"?{query}" if query else ""),
            path={},
            query={},
            headers=headers,
            header_values={},
            cookies={},
            body=None,
            raw_body=body,
            media_type=None,
            clock=self.setting.clock,
            number=self._count,
        )

    async def _outgoing(self, call: Call, match: Match | None, exchange: Exchange, plan: Plan, query: str) -> Outgoing:
        try:
            if plan is not NO_PLAN and (spoilt := self._instead(plan, call)):
                return spoilt
            if match is None:
                return self._no_operation(call, exchange, query)
            answer = await self._answer(call, match, exchange, query)
            if plan is not NO_PLAN and plan.get("duplicate"):
                answer = await self._answer(call, match, exchange, query)
        except Refuse as refusal:
            answer = self._refused(refusal, call, exchange)
        except Exception as error:
            log.exception("the rule of %s failed", call.operation)
            exchange.answer_problems.append(Problem("schema", "rule", f"{type(error).__name__}: {error}"))
            exchange.answered_by = "error"
            answer = self.rules.error(500, "internal_error", f"the sandbox's rule failed: {error}", [], call)
        outgoing = render(answer, call.operation.success_status if call.operation else 200)
        if exchange.answered_by:
            outgoing.headers.append((b"x-sandbox-answer", exchange.answered_by.encode()))
        if plan is not NO_PLAN and plan.get("garble"):
            outgoing.body = outgoing.body[: len(outgoing.body) // 2] + b"\xff{"
        return outgoing

    def _instead(self, plan: Plan, call: Call) -> Outgoing | None:
        """The answer of a fault that keeps the request from the rules."""
        if plan.get("html"):
            return render(gateway_page())
        if plan.get("empty"):
            return Outgoing(200, [(b"content-type", b"application/json")])
        status = plan.get("status")
        if status is None:
            return None
        code = int(status.value or 503)
        answer = self.rules.error(code, "injected_fault", "this failure was asked for", [], call)
        outgoing = render(answer)
        if code in {429, 503} and not any(name == b"retry-after" for name, _ in outgoing.headers):
            outgoing.headers.append((b"retry-after", b"0"))
        return outgoing

    async def _answer(self, call: Call, match: Match, exchange: Exchange, query: str) -> Any:
        operation = match.operation
        decoded = decode_request(match, query, call.headers, call.raw_body)
        call.path, call.query, call.cookies = decoded.path, decoded.query, decoded.cookies
        call.header_values, call.body, call.media_type = decoded.headers, decoded.body, decoded.media_type
        call.problems = decoded.problems
        exchange.request_problems = decoded.problems
        function, validate = self.rules.functions.get(operation.id, (None, True))
        exchange.answered_by = "rule"
        if operation.security:
            unauthorised = check_security(operation, query, call.headers)
            if unauthorised and self.security:
                exchange.request_problems = decoded.problems + unauthorised
                raise Refuse(401, code="unauthorized", message=str(unauthorised[0].message))
        if (early := self.rules.before(call)) is not None:
            return early
        if decoded.problems and validate:
            exchange.answered_by = "error"
            status = self.rules.invalid_status or invalid_status(operation, decoded.problems)
            return self.rules.error(status, "validation_error", str(decoded.problems[0]), decoded.problems, call)
        if function is None:
            return self._from_spec(call, operation, exchange)
        answer = function(call)
        return await answer if inspect.isawaitable(answer) else answer

    def _from_spec(self, call: Call, operation: SpecOperation, exchange: Exchange) -> Any:
        asked = call.headers.get("x-sandbox-status", "")
        answer, exchange.answered_by = answer_from_spec(
            operation, call.headers.get("accept", ""), int(asked) if asked.isdigit() else None
        )
        return answer

    def _no_operation(self, call: Call, exchange: Exchange, query: str) -> Outgoing:
        path = exchange.target.partition("?")[0]
        if path == "/" and self.page is not None and call.method in {"GET", "HEAD"}:
            exchange.answered_by = "page"
            return render(self.page(call))
        exchange.answered_by = "error"
        exchange.request_problems = [Problem("unknown_operation", "path", f"the spec has no {call.method} {path}")]
        allowed = self.router.allowed(path, query)
        if allowed:
            message = f"{call.method} is not a method of {path}; it has {', '.join(allowed)}"
            answer = self.rules.error(405, "method_not_allowed", message, [], call)
            answer.headers = {**(answer.headers or {}), "allow": ", ".join(allowed)}
        else:
            answer = self.rules.error(404, "not_found", f"there is no {call.method} {path}", [], call)
        return render(answer)

    def _refused(self, refusal: Refuse, call: Call, exchange: Exchange) -> Answer:
        exchange.answered_by = exchange.answered_by or "error"
        if refusal.body is not UNSET:
            return Answer(refusal.status, refusal.body, headers=refusal.headers)
        code = refusal.code or f"status_{refusal.status}"
        answer = self.rules.error(refusal.status, code, refusal.message or code, [], call)
        answer.headers = {**(answer.headers or {}), **(refusal.headers or {})}
        return answer

    async def _deliver(
        self, wire: Wire, outgoing: Outgoing, method: str, exchange: Exchange | None = None, operation: SpecOperation | None = None
    ) -> None:
        if exchange is not None:
            exchange.status = outgoing.status
            exchange.answer_headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in outgoing.headers]
            exchange.answer_body = outgoing.body
            if self.verify and operation and exchange.answered_by != "error":
                self._verify(outgoing, exchange, operation)
        if outgoing.stream is None or method == "HEAD":
            await wire.whole(outgoing, head=method == "HEAD")
            return
        await wire.stream(outgoing, self._watcher(exchange, operation) if exchange and operation else None)

    def _verify(self, outgoing: Outgoing, exchange: Exchange, operation: SpecOperation) -> None:
        """Notes what of an answer its spec does not allow, on the exchange and in a header."""
        found = check_response(operation, outgoing.status, exchange.answer_headers, outgoing.body)
        if outgoing.stream is not None:
            found = [problem for problem in found if not problem.place.startswith(("body", "event"))]
        exchange.answer_problems += found
        if found:
            outgoing.headers += raw_headers({"x-sandbox-verdict": _one_line(str(found[0]))})

    def _watcher(self, exchange: Exchange, operation: SpecOperation) -> Callable[[bytes], None]:
        """Keeps the beginning of a stream and, when verifying, judges each piece of it."""
        response = operation.response(exchange.status or 200)
        headers = {name.lower(): value for name, value in exchange.answer_headers}

        def seen(piece: bytes) -> None:
            if len(exchange.answer_body) < 64 * 1024:
                exchange.answer_body += piece
            if self.verify and response and headers.get("content-type", "") != "application/octet-stream":
                exchange.answer_problems += check_content(response, exchange.method, response_status, headers, piece)

        response_status = exchange.status or 200
        return seen


def _one_line(text: str) -> str:
    return text.encode("ascii", "replace").decode().replace("\n", " ")[:500]


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = value if name not in headers else headers[name] + ("; " if name == "cookie" else ", ") + value
    return headers


async def _read(receive: Receive) -> bytes:
    message = await receive()
    if message["type"] == "http.disconnect":
        return b""
    if not message.get("more_body"):
        return bytes(message.get("body", b""))
    pieces = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        pieces.append(message.get("body", b""))
    return b"".join(pieces)


async def _refuse_other(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1011, "reason": "this sandbox speaks HTTP only"})


__all__ = ["App", "event_bytes"]
