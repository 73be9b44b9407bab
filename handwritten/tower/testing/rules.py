"""Agents that are created, told things, tick, suggest and are scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

from wirewright.contract.problems import Problem
from wirewright.sandbox import Answer, Call, Refuse, Rules, rule
from wirewright.sandbox.picture import Picture

from tower.testing.picture import draw

Json = dict[str, Any]
SCORES = ("trust", "skill", "effectiveness", "proficiency", "confidence", "gec_efficiency", "gec_stability")
STATUS_OF = {"accept": "accepted", "reject": "rejected", "ignore": "ignored"}
CONTEXTS = [
    f"context_{kind}"
    for kind in [
        "batch",
        "float_health",
        "gec",
        "tax_health",
        "csk_hints",
        "numa_signals",
        "grid_stats",
        "health_snapshot",
        "reflex",
        "yield_update",
        "gec_hints",
    ]
]


class TowerRules(Rules):
    """One state of the server. `key`: the API key that is needed; none by default."""

    invalid_status: ClassVar[int | None] = 422

    def setup(self, *, key: str | None = None) -> None:
        self.key = key
        self.agents: dict[str, Json] = {}

    def before(self, call: Call) -> Answer | None:
        if self.key is not None and call.headers.get("x-api-key") != self.key:
            raise Refuse(401, code="unauthorized", message="The API key is missing or not known.")
        return None

    def error(
        self, status: int, code: str, message: str, problems: Sequence[Problem], *, call: Call | None = None
    ) -> Answer:
        details: Json = {"problems": [str(problem) for problem in problems]} if problems else {}
        return Answer(status, {"error": {"code": code, "message": message, "details": details}})

    def state(self) -> Any:
        return {"agents": {identity: agent["state"] for identity, agent in self.agents.items()}}

    def picture(self) -> Picture:
        return draw(self.agents.values())

    # Agents ---------------------------------------------------------------------------------------------------------

    def agent(self, call: Call) -> Json:
        found = self.agents.get(call.path["agent_id"])
        if found is None:
            raise Refuse(404, code="agent_not_found", message="There is no such agent.")
        return found

    def public(self, agent: Json) -> Json:
        return {"data": {name: value for name, value in agent.items() if not name.startswith("_")}}

    @rule("agents_create", "lifecycle_onboard")
    def create(self, call: Call) -> Json:
        identity = self.token("agent_", 12)
        agent: Json = {
            "id": identity,
            "agent_id": identity,
            "role": "standard",
            "department": "",
            "profile": None,
            "config": {},
            **call.body,
            "state": "initializing",
            "created_at": self.now().isoformat(),
            "_suggestions": [],
            "_log": [],
            "_scores": dict.fromkeys(SCORES, 0.5),
        }
        self.agents[identity] = agent
        return self.public(agent)

    @rule("agents_get")
    def get(self, call: Call) -> Json:
        return self.public(self.agent(call))

    @rule("agents_update_config")
    def configure(self, call: Call) -> Json:
        agent = self.agent(call)
        agent["config"] = {**agent["config"], **(call.body or {})}
        return self.public(agent)

    @rule("agents_suspend", "agents_resume")
    def suspend(self, call: Call) -> Json:
        agent = self.agent(call)
        agent["state"] = "suspended" if call.operation and call.operation.id == "agents_suspend" else "active"
        return self.public(agent)

    @rule(*CONTEXTS)
    def told(self, call: Call) -> Json:
        agent = self.agent(call)
        kind = call.body.get("type", call.operation.id.removeprefix("context_") if call.operation else "")
        agent["_log"].append({"kind": kind, "summary": f"{kind} received", "at": self.now().isoformat()})
        return {"data": {"agent_id": agent["id"], "accepted": True, "type": kind}}

    @rule("agents_tick")
    def tick(self, call: Call) -> Json:
        """Every piece of context that was not thought about yet becomes a suggestion."""
        agent = self.agent(call)
        if agent["state"] in {"suspended", "archived"}:
            raise Refuse(409, code="invalid_state", message=f"The agent is {agent['state']}.")
        agent["state"] = "active"
        fresh: list[Json] = [
            {
                "id": self.token("sug_", 8),
                "type": "task_guidance",
                "status": "pending",
                "text": f"Look at {entry['kind']}.",
                "confidence": 0.8,
                "created_at": self.now().isoformat(),
            }
            for entry in agent["_log"][len(agent["_suggestions"]) :]
        ]
        agent["_suggestions"] += fresh
        return {"data": {"agent_id": agent["id"], "suggestions": fresh}}

    # Suggestions and scores -----------------------------------------------------------------------------------------

    @rule("agents_suggestions")
    def suggestions(self, call: Call) -> Json:
        status, kind = call.query.get("status"), call.query.get("type")
        listed = [
            item
            for item in reversed(self.agent(call)["_suggestions"])
            if (not status or item["status"] == status) and (not kind or item["type"] == kind)
        ]
        start = int(call.query.get("offset") or 0)
        return {"data": listed[start:][: int(call.query.get("limit") or 20)]}

    def counts(self, agent: Json) -> Json:
        by_status = Counter(str(item["status"]) for item in agent["_suggestions"])
        return {"total": len(agent["_suggestions"]), "by_status": dict(by_status)}

    @rule("agents_suggestion_stats")
    def stats(self, call: Call) -> Json:
        return {"data": self.counts(self.agent(call))}

    @rule("agents_feedback")
    def feedback(self, call: Call) -> Json:
        agent, kind = self.agent(call), call.body["feedback_type"]
        known = {item["id"]: item for item in agent["_suggestions"]}
        suggestion = known.get(call.path["suggestion_id"])
        if suggestion is None:
            raise Refuse(404, code="suggestion_not_found", message="There is no such suggestion.")
        suggestion["status"] = STATUS_OF.get(kind, suggestion["status"])
        moved = {"accept": 0.05, "reject": -0.05}.get(kind, 0.0)
        agent["_scores"]["trust"] = round(min(1.0, max(0.0, agent["_scores"]["trust"] + moved)), 4)
        named = {"suggestion_id": suggestion["id"], "status": suggestion["status"]}
        return {"data": {**named, "feedback_type": kind}}

    @rule("agents_scores")
    def scores(self, call: Call) -> Json:
        agent = self.agent(call)
        return {"data": {"agent_id": agent["id"], **agent["_scores"]}}

    @rule("agents_brief")
    def brief(self, call: Call) -> Json:
        agent = self.agent(call)
        pending = [item for item in agent["_suggestions"] if item["status"] == "pending"]
        headline = f"{len(pending)} suggestions wait." if pending else "Nothing urgent."
        return {"data": {"agent_id": agent["id"], "headline": headline, "items": pending}}

    @rule("agents_translation_log")
    def translation_log(self, call: Call) -> Json:
        return {"data": self.agent(call)["_log"][::-1][: int(call.query.get("limit") or 50)]}

    @rule("agents_payout_summary")
    def payouts(self, call: Call) -> Json:
        self.agent(call)
        return {"data": {"worker_id": call.query["worker_id"], "total": 0, "payouts": []}}

    # Arrival and departure --------------------------------------------------------------------------------------------

    @rule("lifecycle_offboard")
    def offboard(self, call: Call) -> Json:
        agent = self.agent(call)
        agent["state"] = "archived"
        body: dict[str, Any] = call.body or {}
        retained = bool(body.get("retain_knowledge", True))
        if not retained:
            agent["_log"].clear()
        return {"data": {"agent_id": agent["id"], "state": "archived", "retained": retained}}

    @rule("lifecycle_daily_log")
    def daily_log(self, call: Call) -> Json:
        agent, today = self.agent(call), self.now().date().isoformat()
        entries = [entry for entry in agent["_log"] if entry["at"].startswith(today)]
        return {"data": {"agent_id": agent["id"], "date": today, "entries": entries}}

    @rule("lifecycle_review_data")
    def review_data(self, call: Call) -> Json:
        agent = self.agent(call)
        data = {"scores": agent["_scores"], "suggestions": self.counts(agent)}
        return {"data": {"agent_id": agent["id"], **data}}
