"""What clients of every profile share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tower_calls import agents, context, lifecycle
from wirewright.calls import Call, Face, Reply, Request, is_object


def data(reply: Reply) -> Any:
    """The body's `data` where there is such a member, even null; else the body."""
    body = reply.json()
    return body["data"] if is_object(body) and "data" in body else body


def told(build: Callable[..., Request[Any]], *names: str) -> Call[..., Any]:
    """A call that tells an agent about one thing: its fields by position."""

    def call(agent_id: str, *values: Any, **named: Any) -> Request[Any]:
        return build(agent_id, **dict(zip(names, values, strict=False)), **named)

    call.__doc__ = build.__doc__
    return Call(call, data)


class BaseProfileClient(Face):
    """Agents, whatever their profile."""

    def __init__(self, transport: Any, *, profile: str = "") -> None:
        super().__init__(transport)
        self._profile = profile

    @property
    def profile_name(self) -> str:
        return self._profile

    _create = Call(agents.create, data)
    _onboard = Call(lifecycle.onboard, data)

    def create(
        self,
        *,
        employee_id: str,
        project_id: str,
        role: str = "standard",
        department: str = "",
        config: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Create an agent with this profile."""
        created: dict[str, Any] = self._create(
            employee_id=employee_id,
            project_id=project_id,
            role=role,
            department=department,
            config=config,
            profile=self._profile,
        )
        return created

    def onboard(
        self, *, employee_id: str, project_id: str, role: str, department: str = "", profile: str | None = None
    ) -> dict[str, Any]:
        """Onboard an employee; the agent has this profile unless another is named."""
        onboarded: dict[str, Any] = self._onboard(
            employee_id=employee_id,
            project_id=project_id,
            role=role,
            department=department,
            profile=profile or self._profile,
        )
        return onboarded

    get = Call(agents.get, data)
    update_config = Call(agents.update_config, data)
    suspend = Call(agents.suspend, data)
    resume = Call(agents.resume, data)
    tick = Call(agents.tick, data)
    suggestions = Call(agents.suggestions, data)
    feedback = Call(agents.feedback, data)
    suggestion_stats = Call(agents.suggestion_stats, data)
    scores = Call(agents.scores, data)
    offboard = Call(lifecycle.offboard, data)
    daily_log = Call(lifecycle.daily_log, data)
    review_data = Call(lifecycle.review_data, data)


class DominionProfileClient(BaseProfileClient):
    """Payroll agents."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport, profile="dominion")

    ingest_batch = told(context.batch, "data")
    ingest_float = told(context.float_health, "data")
    ingest_gec = told(context.gec, "frontier_id", "data")
    ingest_tax_health = told(context.tax_health, "data")
    ingest_csk_hints = told(context.csk_hints, "frontier_id", "hints")
    operator_brief = Call(agents.brief, data)
    translation_log = Call(agents.translation_log, data)
    payout_summary = Call(agents.payout_summary, data)


class GridProfileClient(BaseProfileClient):
    """Operator agents."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport, profile="grid_operator")

    ingest_numa_signals = told(context.numa_signals, "signals")
    ingest_gec = told(context.gec, "frontier_id", "data")
    ingest_csk_hints = told(context.csk_hints, "frontier_id", "hints")
    ingest_stats = told(context.grid_stats, "data")
    operator_brief = Call(agents.brief, data)
    translation_log = Call(agents.translation_log, data)


class StillpointProfileClient(BaseProfileClient):
    """Treasury agents."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport, profile="stillpoint")

    ingest_health = told(context.health_snapshot, "data")
    ingest_reflex = told(context.reflex, "data")
    ingest_yield = told(context.yield_update)
    ingest_gec_hints = told(context.gec_hints, "hints")
    treasury_brief = Call(agents.brief, data)
