"""The control surface under `/_sandbox`, the same for every protocol, and what a protocol adds to it.

GET    /_sandbox                 what this is: protocol, version, operations with and without rules
GET    /_sandbox/state           the rules' state
POST   /_sandbox/reset           a fresh state
GET    /_sandbox/faults          faults in force, seed, the last decisions
POST   /_sandbox/faults          add some: {"chaos": "reset=1%"} or {"faults": [{"kind": "reset"}], "seed": 7}
DELETE /_sandbox/faults          no more faults
GET    /_sandbox/requests        the last exchanges with verdicts; ?after=NUMBER, ?limit=N, ?operation=ID, ?broken=1
DELETE /_sandbox/requests        forget them
GET    /_sandbox/requests/7      the exchange of this number
GET    /_sandbox/requests/live   the same as they happen: server-sent events `exchange`
GET    /_sandbox/document        the canonical document that is served
GET    /_sandbox/picture         the state as drawings; see `wirewright.sandbox.picture`
GET    /_sandbox/page            all this for people, in a browser

With ?brief=1 exchanges come without headers, bodies and problems. Web pages of other origins are refused (403).
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import msgspec

from wirewright.contract.bodies import read_body
from wirewright.contract.shapes import is_object
from wirewright.sandbox.answers import UNSET, Answer, Call, Event, Events, Refuse
from wirewright.sandbox.faults import fault_from_json, parse_faults
from wirewright.sandbox.page import page_file
from wirewright.sandbox.picture import clipped
from wirewright.sandbox.recording import Exchange
from wirewright.sandbox.render import Outgoing, render

if TYPE_CHECKING:
    from wirewright.sandbox.app import App

Handler = Callable[[Call], Any]
PREFIX = "/_sandbox"
_NUMBERED = re.compile(r"/requests/(?P<number>[0-9]{1,15})|/page/(?P<file>[\w.]+)", re.ASCII)
log = logging.getLogger("wirewright.sandbox")


class ControlSurface:
    """Answers what is asked under `/_sandbox`."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._own: dict[tuple[str, str], Handler] = {
            ("GET", "/"): self._about,
            ("GET", "/state"): self._state,
            ("POST", "/reset"): self._reset,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._add_faults,
            ("DELETE", "/faults"): self._clear_faults,
            ("GET", "/requests"): self._requests,
            ("DELETE", "/requests"): self._clear_requests,
            ("GET", "/requests/live"): self._live,
            ("GET", "/document"): self._document,
            ("GET", "/picture"): self._picture,
            ("GET", "/page"): self._page,
        }

    async def answer(self, call: Call, path: str, query: str) -> Outgoing:
        try:
            _refuse_other_origins(call)
            call.query = dict(parse_qsl(query, keep_blank_values=True))
            call.body = (
                read_body(call.raw_body, call.headers.get("content-type", "application/json"))
                if call.raw_body
                else None
            )
            result = self._handler(call, path)(call)
            return render(await result if inspect.isawaitable(result) else result)
        except Refuse as refusal:
            body = {"error": refusal.message or refusal.code} if refusal.body is UNSET else refusal.body
            return render(Answer(refusal.status, body, headers=refusal.headers))
        except (ValueError, msgspec.MsgspecError) as error:
            return render(Answer(400, {"error": str(error)}))
        except Exception as error:
            log.error("%s /_sandbox%s failed", call.method, path, exc_info=error)
            return render(Answer(500, {"error": f"{type(error).__name__}: {error}"}))

    def _handler(self, call: Call, path: str) -> Handler:
        path = path.rstrip("/") or "/"
        method = "GET" if call.method == "HEAD" else call.method
        if (method, path) in self._own:
            return self._own[method, path]
        if method == "GET" and (found := _NUMBERED.fullmatch(path)):
            call.path = found.groupdict("")
            return self._request if found["number"] else self._page
        others = {method for method, known in self._own if known == path}
        for mark, function in self._app.rules.controls:
            found = _compiled(mark.path).fullmatch(path)
            if found and mark.method == call.method:
                call.path = {name: unquote(value) for name, value in found.groupdict().items()}
                return function
            if found:
                others.add(mark.method)
        if others:
            raise Refuse(
                405, message=f"{path} has {', '.join(sorted(others))}", headers={"allow": ", ".join(sorted(others))}
            )
        raise Refuse(404, message=f"the control surface has no {call.method} {path}")

    def _about(self, call: Call) -> Any:
        app = self._app
        return {
            "title": app.document.title,
            "version": app.setting.version or app.document.raw.get("info", {}).get("version"),
            "rules": app.ruled,
            "from_spec": app.unruled,
            "controls": [f"{mark.method} /_sandbox{mark.path}" for mark, _ in app.rules.controls],
            "requests": app.recording.total,
            "verify": app.conduct.verify,
            "credentials": app.rules.credentials(),
        }

    def _state(self, call: Call) -> Any:
        return self._app.rules.state()

    async def _reset(self, call: Call) -> Any:
        await self._app.reset()
        return {"reset": True}

    def _faults(self, call: Call) -> Any:
        return self._app.faults.to_json()

    def _add_faults(self, call: Call) -> Any:
        body = call.body
        if not is_object(body) or not body.keys() <= {"chaos", "faults", "seed"} or not body:
            raise ValueError('send {"chaos": "..."} or {"faults": [...], "seed": 7}')
        faults, seed = parse_faults(str(body.get("chaos", "")))
        faults += [fault_from_json(fault) for fault in body.get("faults", [])]
        if "seed" in body:
            seed = msgspec.convert(body["seed"], int)
        self._app.faults.extend(faults, seed)
        return self._app.faults.to_json()

    def _clear_faults(self, call: Call) -> Any:
        self._app.faults.clear()
        return self._app.faults.to_json()

    def _requests(self, call: Call) -> Any:
        after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 100))
        operation = call.query.get("operation")
        found = [
            exchange
            for exchange in self._app.recording
            if exchange.number > after
            and (operation is None or exchange.operation == operation)
            and (call.query.get("broken", "") in {"", "0"} or not exchange.kept)
        ]
        show = _form(call)
        return {"total": self._app.recording.total, "requests": [show(exchange) for exchange in found[-limit:]]}

    def _request(self, call: Call) -> Any:
        number = int(call.path["number"])
        for exchange in self._app.recording:
            if exchange.number == number:
                return {**exchange.to_json(), "checked": self._app.conduct.verify}
        raise Refuse(404, message=f"request {number} is not remembered")

    def _clear_requests(self, call: Call) -> Any:
        self._app.recording.clear()
        return {"total": 0}

    def _live(self, call: Call) -> Any:
        show = _form(call)

        async def shown() -> AsyncIterator[Event]:
            async for event in self._app.live.follow():
                yield replace(event, data=show(event.data))

        return Events(shown())

    def _document(self, call: Call) -> Any:
        return Answer(200, self._app.document.raw)

    async def _picture(self, call: Call) -> Any:
        drawn = self._app.rules.picture()
        return clipped(await drawn if inspect.isawaitable(drawn) else drawn)

    def _page(self, call: Call) -> Any:
        return page_file(call.path.get("file") or "index.html")


def _form(call: Call) -> Callable[[Exchange], dict[str, Any]]:
    return Exchange.to_json if call.query.get("brief", "") in {"", "0"} else Exchange.brief


def _refuse_other_origins(call: Call) -> None:
    """A page from elsewhere in the same browser could reset the sandbox, or read what was sent to it."""
    origin = call.headers.get("origin")
    if origin is not None and origin.rpartition("//")[2] != call.headers.get("host"):
        raise Refuse(403, message="the control surface is not for pages of other origins")


def _compiled(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))
