"""The state manager behind its 18 operations: what is HTTP about it. The state machine is in `manager`."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from wirewright.contract.problems import Problem
from wirewright.contract.routing import Router
from wirewright.sandbox import Answer, Call, Rules, control, rule
from wirewright.sandbox.answers import UNSET
from wirewright.sandbox.picture import Picture

from exospherehost.testing.manager import Behaviour, Manager, Refusal, Settings, bodies, url_of
from exospherehost.testing.manager.database import IN_MEMORY, Database
from exospherehost.testing.manager.housekeeping import PERIOD_SECONDS
from exospherehost.testing.picture import draw
from exospherehost.testing.wire import (
    LOCAL_ORIGINS,
    REQUEST_ID,
    Cors,
    InvalidRequestError,
    check_syntax,
    read_body,
    request_id,
    toggled_slash,
)

logger = logging.getLogger(__name__)
Body = TypeVar("Body", bound=BaseModel)
DEFAULT_KEY = "sandbox-key"
_MESSAGES = {404: "Not Found", 405: "Method Not Allowed", 500: "internal server error"}


class ExosphereRules(Rules):
    """The Exosphere state manager.

    Options: `api_key` (default: `STATE_MANAGER_SECRET`, else `sandbox-key`); `encryption_key`, URL-safe base64 of 32
    bytes (default: `SECRETS_ENCRYPTION_KEY`, else derived from the API key); `behaviour` `"fixed"`, or `"original"` to
    keep the original's surprises; `lease`, seconds after which a claimed state that nobody reported on can be claimed
    again (default: never); `cors_origins`, separated by commas (default: `CORS_ORIGINS`, else ports 3000 and 3001 of
    this machine).
    """

    def setup(
        self,
        *,
        api_key: str | None = None,
        encryption_key: str | None = None,
        behaviour: str = "fixed",
        lease: float | None = None,
        cors_origins: str | None = None,
    ) -> None:
        """See the class."""
        if behaviour not in {"fixed", "original"}:
            raise ValueError(f'behaviour is "fixed" or "original", not {behaviour!r}')
        self._url = url_of(self.data)
        settings = Settings(
            api_key=api_key or os.environ.get("STATE_MANAGER_SECRET") or DEFAULT_KEY,
            encryption_key=encryption_key or os.environ.get("SECRETS_ENCRYPTION_KEY") or None,
            behaviour=Behaviour.original() if behaviour == "original" else Behaviour(),
            lease=None if lease is None else int(lease * 1000),
            clock=self.clock.time,
            random=self.random.random,
        )
        self.manager = Manager(self._url, settings)
        self._cors = Cors(_origins(os.environ.get("CORS_ORIGINS") if cors_origins is None else cors_origins))
        self._router = Router(self.document)

    async def start(self) -> None:
        """See `Rules`."""
        self.every(PERIOD_SECONDS, self._keep_house)

    async def stop(self) -> None:
        """See `Rules`."""
        self.manager.close()

    def erase(self) -> None:
        """See `Rules`."""
        if self._url != IN_MEMORY:
            database = Database(self._url)
            database.reset()
            database.close()

    async def _keep_house(self) -> None:
        try:
            await self._run(self.manager.housekeeping.round)
        except SQLAlchemyError:  # a database that is away for a while must not end the rounds
            logger.exception("A round of housekeeping failed; the next one tries again")

    # Before and around every operation -------------------------------------------------------------------------

    def before(self, call: Call) -> Answer | None:
        """JSON syntax first, then the key: in the original's order."""
        try:
            if call.operation is not None and call.operation.method in {"POST", "PUT"}:
                check_syntax(call)
        except InvalidRequestError as error:
            return self._answer(call, 422, {"detail": error.detail})
        has_key = call.headers.get("x-api-key") == self.manager.settings.api_key
        if has_key or (call.operation is not None and call.operation.id == "get_health"):
            return None
        return self._answer(call, 401, {"detail": "Invalid API key"})

    def error(self, status: int, code: str, message: str, problems: Sequence[Problem], *, call: Call | None) -> Answer:
        """Errors that no operation gave: unknown paths and methods, a slash too many or too few, faults."""
        if call is not None and (preflight := self._cors.preflight(call)) is not None:
            return preflight
        if call is not None and status == 404 and code == "not_found":
            elsewhere = toggled_slash(call.url)
            if self._router.allowed("/" + elsewhere.partition("://")[2].partition("/")[2].partition("?")[0]):
                return self._answer(call, 307, headers={"location": elsewhere})
        if code == "internal_error":
            return self._answer(call, 500, {"success": False, "detail": f"internal server error: {message}"})
        return self._answer(call, status, {"detail": _MESSAGES.get(status, message)})

    def _answer(
        self, call: Call | None, status: int, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        common = {REQUEST_ID: request_id(call.headers if call else {})}
        every = common | self._cors.headers(call) | (headers or {})
        return Answer(status, UNSET if body is None else body, headers=every)

    async def _run(self, work: Callable[[], Any]) -> Any:
        """Databases in memory answer at once; others are waited for in a thread."""
        return work() if self._url == IN_MEMORY else await asyncio.to_thread(work)

    async def _do(self, call: Call, work: Callable[[], Any], status: int = 200) -> Answer:
        try:
            return self._answer(call, status, await self._run(work))
        except InvalidRequestError as error:
            return self._answer(call, 422, {"detail": error.detail})
        except Refusal as refusal:
            body = {"detail": refusal.detail}
            return self._answer(call, refusal.status, {"success": False, **body} if refusal.status == 500 else body)

    async def _do_with(self, call: Call, model: type[Body], work: Callable[[Body], Any], status: int = 200) -> Answer:
        return await self._do(call, lambda: work(read_body(call, model)), status)

    # Operations ------------------------------------------------------------------------------------------------

    @rule("get_health")
    async def health(self, call: Call) -> Answer:
        """The server is up."""
        return self._answer(call, 200, {"message": "OK"})

    @rule("list_namespaces", validate=False)
    async def namespaces(self, call: Call) -> Answer:
        """Namespaces of registered nodes."""
        return await self._do(call, self.manager.nodes.namespaces)

    @rule("register_nodes", validate=False)
    async def register_nodes(self, call: Call) -> Answer:
        """Add or replace nodes."""
        nodes = self.manager.nodes
        return await self._do_with(call, bodies.RegisterNodes, lambda body: nodes.register(_namespace(call), body))

    @rule("list_nodes", validate=False)
    async def list_nodes(self, call: Call) -> Answer:
        """Registered nodes."""
        return await self._do(call, lambda: self.manager.nodes.list(_namespace(call)))

    @rule("upsert_graph", validate=False)
    async def upsert_graph(self, call: Call) -> Answer:
        """Keep a template and verify it."""
        graphs, graph = self.manager.graphs, call.path["graph_name"]
        return await self._do_with(
            call, bodies.UpsertGraph, lambda body: graphs.upsert(_namespace(call), graph, body), 201
        )

    @rule("get_graph", validate=False)
    async def get_graph(self, call: Call) -> Answer:
        """One template."""
        return await self._do(call, lambda: self.manager.graphs.get(_namespace(call), call.path["graph_name"]))

    @rule("list_graphs", validate=False)
    async def list_graphs(self, call: Call) -> Answer:
        """All templates."""
        return await self._do(call, lambda: self.manager.graphs.list(_namespace(call)))

    @rule("trigger_graph", validate=False)
    async def trigger_graph(self, call: Call) -> Answer:
        """Start a run."""
        launch, graph = self.manager.launch, call.path["graph_name"]
        return await self._do_with(
            call, bodies.TriggerGraph, lambda body: launch.trigger(_namespace(call), graph, body)
        )

    @rule("enqueue_states", validate=False)
    async def enqueue_states(self, call: Call) -> Answer:
        """Claim states."""
        claims = self.manager.claims
        return await self._do_with(call, bodies.Enqueue, lambda body: claims.enqueue(_namespace(call), body))

    @rule("mark_state_executed", validate=False)
    async def executed(self, call: Call) -> Answer:
        """A state was executed."""
        reports, state = self.manager.reports, call.path["state_id"]
        return await self._do_with(call, bodies.Executed, lambda body: reports.executed(state, body))

    @rule("mark_state_errored", validate=False)
    async def errored(self, call: Call) -> Answer:
        """A state failed."""
        reports, state = self.manager.reports, call.path["state_id"]
        return await self._do_with(call, bodies.Errored, lambda body: reports.errored(_namespace(call), state, body))

    @rule("prune_state", validate=False)
    async def prune(self, call: Call) -> Answer:
        """A branch ends."""
        reports, state = self.manager.reports, call.path["state_id"]
        return await self._do_with(call, bodies.Prune, lambda body: reports.prune(state, body))

    @rule("requeue_state_after", validate=False)
    async def requeue_after(self, call: Call) -> Answer:
        """A state is given back."""
        reports, state = self.manager.reports, call.path["state_id"]
        return await self._do_with(call, bodies.ReEnqueueAfter, lambda body: reports.requeue_after(state, body))

    @rule("retry_state", validate=False)
    async def manual_retry(self, call: Call) -> Answer:
        """A state is tried again by hand."""
        reports, state = self.manager.reports, call.path["state_id"]
        return await self._do_with(
            call, bodies.ManualRetry, lambda body: reports.manual_retry(_namespace(call), state, body)
        )

    @rule("get_state_secrets", validate=False)
    async def secrets(self, call: Call) -> Answer:
        """The secrets of a state's graph."""
        return await self._do(call, lambda: self.manager.reports.secrets(_namespace(call), call.path["state_id"]))

    @rule("list_runs", validate=False)
    async def list_runs(self, call: Call) -> Answer:
        """One page of runs."""
        return await self._do(call, lambda: self._runs(call))

    def _runs(self, call: Call) -> dict[str, Any]:
        is_careful = self.manager.settings.behaviour.unknown_states_are_refused
        page = _integer(call, "page", minimum=1 if is_careful else None)
        size = _integer(call, "size", minimum=0 if is_careful else None)
        return self.manager.runs.list(_namespace(call), page, size)

    @rule("get_run_graph", validate=False)
    async def run_graph(self, call: Call) -> Answer:
        """The states of a run."""
        return await self._do(call, lambda: self.manager.runs.graph(_namespace(call), call.path["run_id"]))

    @rule("get_run_node", validate=False)
    async def run_node(self, call: Call) -> Answer:
        """One state of a run."""
        place = (_namespace(call), call.path["graph_name"], call.path["run_id"], call.path["node_id"])
        return await self._do(call, lambda: self.manager.runs.node(*place))

    # Outside the protocol ----------------------------------------------------------------------------------------

    @control("POST", "/cron/tick")
    async def tick(self, call: Call) -> dict[str, int]:
        """Fire cron triggers that are due now, or at `{"at": "2026-01-02T03:04:00"}` (local time)."""
        at = (bodies.as_object(call.body) or {}).get("at")
        fired: int = await self._run(lambda: self.manager.schedule.tick(at and datetime.fromisoformat(at)))
        return {"fired": fired}

    @control("POST", "/claims/release")
    async def release(self, call: Call) -> dict[str, int]:
        """Make states claimable that were claimed `{"older_than": 30}` seconds ago (default: all claimed ones)."""
        seconds = float((bodies.as_object(call.body) or {}).get("older_than", 0))
        released: int = await self._run(lambda: self.manager.claims.reclaim(int(seconds * 1000) - 1))
        return {"released": released}

    def state(self) -> Any:
        """Figures for `GET /_sandbox/state`."""
        return self.manager.overview()

    async def picture(self) -> Picture:
        """The newest runs as graphs."""
        drawn: Picture = await self._run(lambda: draw(self.manager))
        return drawn

    def credentials(self) -> dict[str, str]:
        """The one key."""
        return {"apiKey": self.manager.settings.api_key}


def _namespace(call: Call) -> str:
    return str(call.path["namespace_name"])


def _integer(call: Call, name: str, *, minimum: int | None) -> int:
    text = str(call.path[name])
    try:
        number = int(text)
    except ValueError:
        message = "Input should be a valid integer, unable to parse string as an integer"
        problem: dict[str, Any] = {"type": "int_parsing", "loc": ["path", name], "msg": message, "input": text}
        raise InvalidRequestError([problem]) from None
    if minimum is not None and number < minimum:
        message = f"Input should be greater than or equal to {minimum}"
        problem = {"type": "greater_than_equal", "loc": ["path", name], "msg": message, "input": text}
        raise InvalidRequestError([problem | {"ctx": {"ge": minimum}}])
    return number


def _origins(configured: str | None) -> Sequence[str]:
    if configured is None:
        return LOCAL_ORIGINS
    return [origin.strip() for origin in configured.split(",") if origin.strip()]
