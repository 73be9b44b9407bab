"""The server of a spec as an ASGI application: route, check, ask the rule, answer, record."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wirewright.contract.checks import decode_request
from wirewright.contract.document import SpecOperation
from wirewright.contract.masking import Masker
from wirewright.contract.problems import Problem
from wirewright.contract.routing import Match, Router
from wirewright.contract.security import check_security
from wirewright.sandbox.answers import UNSET, Answer, Call, Refuse
from wirewright.sandbox.errors import invalid_status
from wirewright.sandbox.faults import NO_PLAN, Faults, Plan
from wirewright.sandbox.incoming import Incoming, Receive, Scope, Send, read_head, read_request
from wirewright.sandbox.mock import answer_from_spec, gateway_page
from wirewright.sandbox.recording import BODY_KEPT, Exchange, Recording
from wirewright.sandbox.render import Outgoing, raw_headers, render
from wirewright.sandbox.rules import Rules, Setting
from wirewright.sandbox.sockets import INTERNAL_ERROR, Socket, SocketClosedError, deny
from wirewright.sandbox.surface import PREFIX, ControlSurface
from wirewright.sandbox.topic import Lagged, Topic
from wirewright.sandbox.verify import verify_answer, watch_stream
from wirewright.sandbox.wire import Channel, Cut, Wire

log = logging.getLogger("wirewright.sandbox")
_STATUS = re.compile("[2-5][0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a sandbox treats what comes."""

    keep: int = 1000  # exchanges that are remembered
    verify: bool = False  # check answers, too
    security: bool = False  # refuse requests without the documented credentials
    seen: Callable[[Exchange], None] | None = None  # called when an exchange's answer goes out, or is cut off


class App:
    """One sandbox's server. `rules` is the present state; `reset()` puts a fresh one in its place."""

    def __init__(self, rules_type: type[Rules], setting: Setting, faults: Faults, conduct: Conduct = Conduct()) -> None:
        self.setting = setting
        self.document = setting.document
        self.faults = faults
        self.conduct = conduct
        self.rules_type = rules_type
        self.rules = rules_type(setting)
        self.router = Router(self.document, rules_type.wide_parameters())
        self.recording = Recording(conduct.keep)
        self.live = Topic(keep=0)
        self.stopping = asyncio.Event()
        self._control = ControlSurface(self)
        self._masker = Masker.of(self.document)
        self._has_headers = rules_type.headers is not Rules.headers
        self._count = 0

    async def start(self) -> None:
        await self.rules.start()

    async def stop(self) -> None:
        self.stopping.set()
        self.live.close()
        await self.rules.end()

    async def reset(self) -> None:
        """A fresh state: streams of the old one end, records and faults are forgotten."""
        await self.rules.end()
        self.rules.erase()
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await self._talk(scope, receive, send)
            return
        incoming = await read_request(scope, receive)
        channel = Channel(send, receive, scope.get("state", {}).get("connection"))
        path = incoming.raw_path
        if self._is_for_page(incoming):
            path = f"{PREFIX}/page"
        if path.startswith(PREFIX) and path[len(PREFIX) :][:1] in {"", "/"}:
            call = incoming.call(0, self.setting.clock)
            outgoing = await self._control.answer(call, path.removeprefix(PREFIX) or "/", incoming.query)
            wire = self._wire(channel, NO_PLAN)
            if outgoing.stream is None or incoming.method == "HEAD":
                await wire.whole(outgoing, head=incoming.method == "HEAD")
            else:
                await wire.stream(outgoing)
            return
        await self._exchange(incoming, channel)

    def _is_for_page(self, incoming: Incoming) -> bool:
        """A browser that asks for `/`, where the spec has no such operation."""
        if incoming.raw_path != "/" or incoming.method not in {"GET", "HEAD"}:
            return False
        return "text/html" in incoming.headers.get("accept", "") and self.router.match("GET", "/", "") is None

    async def _talk(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One WebSocket, from its upgrade to its end."""
        await receive()
        incoming = read_head(scope)
        match = self.router.match("GET", incoming.raw_path, incoming.query)
        self._count += 1
        exchange = Exchange(
            number=self._count,
            at=self.setting.clock.time(),
            method="GET",
            target=incoming.target,
            headers=incoming.pairs,
            body=b"",
            operation=match.operation.id if match else None,
            answered_by="rule",
            masker=self._masker,
        )
        self.recording.add(exchange)
        call = incoming.call(exchange.number, self.setting.clock)
        refusal = self._fault_at_the_door(call, exchange) or self._refusal(call, match, incoming, exchange)
        exchange.status = refusal.status if refusal else 101
        self._show(exchange)
        if refusal is not None or match is None:
            await deny(refusal or Outgoing(404, []), scope, send)
            return
        await send({"type": "websocket.accept"})
        socket, code = Socket(receive, send), 1000
        try:
            await self.rules.sockets[match.operation.id](call, socket)
        except SocketClosedError:
            pass
        except Exception as error:
            self._blame(exchange, error)
            code = INTERNAL_ERROR
        await socket.close(code)

    def _fault_at_the_door(self, call: Call, exchange: Exchange) -> Outgoing | None:
        """A fault that answers instead of the upgrade; those of a connection leave WebSockets alone."""
        if not self.faults.faults:
            return None
        plan = self.faults.plan(exchange.number, exchange.method, exchange.operation)
        exchange.faults = str(plan)
        spoilt = self._instead(plan, call)
        exchange.answered_by = "fault" if spoilt else exchange.answered_by
        return spoilt

    def _refusal(self, call: Call, match: Match | None, incoming: Incoming, exchange: Exchange) -> Outgoing | None:
        """Why a WebSocket is not opened, as an HTTP answer."""
        if match is None or match.operation.id not in self.rules.sockets:
            exchange.answered_by = "error"
            return Outgoing(404, [])
        call.operation = match.operation
        decoded = decode_request(match, incoming.query, incoming.headers, b"")
        call.path, call.query, call.cookies, call.header_values = (
            decoded.path,
            decoded.query,
            decoded.cookies,
            decoded.headers,
        )
        try:
            early = self.rules.before(call)
        except Refuse as refusal:
            early = self._refused(refusal, call)
        return None if early is None else render(early)

    def _wire(self, channel: Channel, plan: Plan) -> Wire:
        return Wire(channel, plan, self.setting.clock, self.stopping)

    async def _exchange(self, incoming: Incoming, channel: Channel) -> None:
        """One request of the protocol, from its record to the last byte of its answer."""
        self._count += 1
        match = self.router.match(incoming.method, incoming.raw_path, incoming.query)
        if match is None and incoming.method == "HEAD":
            match = self.router.match("GET", incoming.raw_path, incoming.query)
        exchange = Exchange(
            number=self._count,
            at=self.setting.clock.time(),
            method=incoming.method,
            target=incoming.target,
            headers=incoming.pairs,
            body=incoming.body[:BODY_KEPT],
            operation=match.operation.id if match else None,
            masker=self._masker,
        )
        self.recording.add(exchange)
        plan = NO_PLAN
        if self.faults.faults:
            plan = self.faults.plan(exchange.number, exchange.method, exchange.operation)
            exchange.faults = str(plan)
        wire = self._wire(channel, plan)
        try:
            await wire.open()
            started = time.perf_counter()
            outgoing = await self._answer(incoming, match, exchange, plan)
            exchange.seconds = time.perf_counter() - started
            await self._deliver(wire, outgoing, exchange, match.operation if match else None)
        except Cut:
            if exchange.status is None:
                self._show(exchange)

    async def _answer(self, incoming: Incoming, match: Match | None, exchange: Exchange, plan: Plan) -> Outgoing:
        call = incoming.call(exchange.number, self.setting.clock)
        call.operation = match.operation if match else None
        try:
            if plan.faults and (spoilt := self._instead(plan, call)):
                exchange.answered_by = "fault"
                outgoing = spoilt
            elif match is None:
                outgoing = render(self._no_operation(call, incoming, exchange))
            else:
                result = await self._ask(call, match, incoming, exchange)
                if plan.get("duplicate"):
                    result = await self._ask(call, match, incoming, exchange)
                outgoing = render(result, match.operation.success_status)
        except Refuse as refusal:
            outgoing = render(self._refused(refusal, call))
        except Exception as error:
            self._blame(exchange, error)
            exchange.answered_by = "error"
            message = f"the sandbox's rule failed: {error}"
            outgoing = render(self.rules.error(500, "internal_error", message, [], call=call))
        if self._has_headers:
            outgoing.headers += raw_headers(self.rules.headers(call))
        outgoing.headers.append((b"x-sandbox-answer", exchange.answered_by.encode()))
        if plan.get("garble"):
            outgoing.body = outgoing.body[: len(outgoing.body) // 2] + b"\xff{"
        return outgoing

    def _show(self, exchange: Exchange) -> None:
        """Tells those who look on: its answer goes out, or it was cut off."""
        if self.conduct.seen:
            self.conduct.seen(exchange)
        if self.live.followers:
            self.live.publish("exchange", exchange, str(exchange.number))

    def _blame(self, exchange: Exchange, error: Exception) -> None:
        """A rule has a defect: it is logged, and noted on the exchange."""
        log.error("the rule of %s failed", exchange.operation, exc_info=error)
        exchange.answer_problems.append(Problem("schema", "rule", f"{type(error).__name__}: {error}"))

    async def _ask(self, call: Call, match: Match, incoming: Incoming, exchange: Exchange) -> Any:
        """What the rule, or else the spec, answers to a request that keeps the spec; an error to one that does not."""
        operation = match.operation
        decoded = decode_request(match, incoming.query, incoming.headers, incoming.body)
        call.path, call.query, call.cookies = decoded.path, decoded.query, decoded.cookies
        call.header_values, call.body, call.media_type = decoded.headers, decoded.body, decoded.media_type
        call.problems = exchange.request_problems = decoded.problems
        exchange.answered_by = "error"
        if self.conduct.security:
            exchange.request_problems = decoded.problems + check_security(operation, incoming.query, incoming.headers)
            if len(exchange.request_problems) > len(decoded.problems):
                raise Refuse(401, code="unauthorized", message=exchange.request_problems[-1].message)
        if (early := self.rules.before(call)) is not None:
            return early
        function, validated = self.rules.functions.get(operation.id, (None, True))
        if decoded.problems and validated:
            status = self.rules.invalid_status or invalid_status(operation, decoded.problems)
            return self.rules.error(status, "validation_error", str(decoded.problems[0]), decoded.problems, call=call)
        if function is None:
            answer, exchange.answered_by = answer_from_spec(
                operation, call.headers.get("accept", ""), _asked_status(call)
            )
            return answer
        exchange.answered_by = "rule"
        result = function(call)
        return await result if inspect.isawaitable(result) else result

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
        outgoing = render(self.rules.error(code, "injected_fault", "this failure was asked for", [], call=call))
        if code in {429, 503}:
            outgoing.headers.append((b"retry-after", b"0"))
        return outgoing

    def _no_operation(self, call: Call, incoming: Incoming, exchange: Exchange) -> Answer:
        path = incoming.raw_path
        exchange.answered_by = "error"
        message = f"there is no {call.method} {path}"
        exchange.request_problems = [Problem("unknown_operation", "path", message)]
        allowed = self.router.allowed(path)
        if not allowed:
            return self.rules.error(404, "not_found", message, [], call=call)
        message += f"; this path has {', '.join(allowed)}"
        answer = self.rules.error(405, "method_not_allowed", message, [], call=call)
        if answer.status == 405:  # the rules may know better
            answer.headers = {"allow": ", ".join(allowed), **(answer.headers or {})}
        return answer

    def _refused(self, refusal: Refuse, call: Call) -> Answer:
        if refusal.body is not UNSET:
            return Answer(refusal.status, refusal.body, headers=refusal.headers)
        code = refusal.code or f"status_{refusal.status}"
        answer = self.rules.error(refusal.status, code, refusal.message or code, [], call=call)
        answer.headers = {**(answer.headers or {}), **(refusal.headers or {})}
        return answer

    async def _deliver(
        self, wire: Wire, outgoing: Outgoing, exchange: Exchange, operation: SpecOperation | None
    ) -> None:
        exchange.status = outgoing.status
        exchange.answer_headers = outgoing.header_pairs
        exchange.answer_body = outgoing.body[:BODY_KEPT]
        if self.conduct.verify and operation and exchange.answered_by not in {"fault", "error"}:
            verify_answer(operation, exchange, outgoing)
        self._show(exchange)
        if outgoing.stream is None or exchange.method == "HEAD":
            await wire.whole(outgoing, head=exchange.method == "HEAD")
            return
        try:
            await wire.stream(outgoing, watch_stream(exchange, operation if self.conduct.verify else None))
        except Cut:
            raise
        except Lagged:  # a reader that was too slow, and whose rule says nothing about it
            wire.close()
        except Exception as error:
            self._blame(exchange, error)
            wire.close()


def _asked_status(call: Call) -> int | None:
    """`x-sandbox-status: 404` asks for the documented answer of that status."""
    asked = call.headers.get("x-sandbox-status", "")
    return int(asked) if _STATUS.fullmatch(asked) else None
