"""What an agent thinks: loops, journal, policies, breakers and knowledge (protocol sheet, sections 5.5 and 19.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from wirewright.contract.shapes import is_object
from wirewright.sandbox import Call, control, rule

from symbiont.testing.base import Json, conflict, invalid, need, told
from symbiont.testing.breakers import Breaker
from symbiont.testing.loops import Limits, Loop, Observation
from symbiont.testing.policies import Policy, PolicyError, Verdict, check, decide
from symbiont.testing.script import Model, ToolUse
from symbiont.testing.tools import Tally, ToolRules


@dataclass
class Mind:
    """What one agent has."""

    journal: list[Json] = field(default_factory=list[Json])
    sequence: int = 0
    loops: dict[str, Loop] = field(default_factory=dict[str, Loop])
    cancelled: set[str] = field(default_factory=set[str])
    policies: dict[str, Policy] = field(default_factory=dict[str, Policy])
    breakers: dict[str, Breaker] = field(default_factory=dict[str, Breaker])
    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally])
    facts: list[str] = field(default_factory=list[str])


class ReasoningRules(ToolRules):
    """Minds by agent; any text names one."""

    def setup_reasoning(self) -> None:
        self.minds: dict[str, Mind] = {}
        self.model = Model()

    def mind(self, call: Call) -> Mind:
        return self.mind_of(call.path["agent_id"])

    def mind_of(self, agent: str) -> Mind:
        return self.minds.setdefault(agent, Mind())

    # Loops ----------------------------------------------------------------------------------------------------------

    @rule("run_reasoning_loop")
    def run_reasoning_loop(self, call: Call) -> Json:
        agent, body = call.path["agent_id"], call.body
        mind = self.mind(call)
        extra = [_policy(each) for each in body.get("cedar_policies") or ()]
        before = mind.sequence
        config: Json = body["config"]
        loop = self.make_loop(agent, body["initial_message"], Limits.of(config), extra)
        mind.loops[loop.id] = loop
        loop.run(config)
        written = [entry for entry in mind.journal if entry["sequence"] > before]
        return {"loop_id": loop.id, "result": loop.result(), "journal_entries": written}

    def make_loop(self, agent: str, told: str, limits: Limits, extra: Sequence[Policy] = ()) -> Loop:
        """A loop of this agent under its policies and these, not yet run."""
        mind = self.mind_of(agent)

        def judge(action: Json) -> Verdict:
            return decide(agent, [*mind.policies.values(), *extra], action)

        def write(iteration: int, event: Json) -> None:
            mind.sequence += 1
            entry = {"sequence": mind.sequence, "timestamp": self.stamp(), "agent_id": agent, "iteration": iteration}
            mind.journal.append({**entry, "event": event})

        def use(wanted: ToolUse) -> Observation:
            return self.use_for(mind, wanted)

        return Loop(self.uuid(), agent, told, limits, self.model, judge, use, write, self.stamp())

    def use_for(self, mind: Mind, wanted: ToolUse) -> Observation:
        """One use of a tool, through its breaker."""
        now = self.unix()
        breaker = mind.breakers.setdefault(wanted.name, Breaker())
        if not breaker.allows(now):
            text = f"the circuit breaker of {wanted.name} is open"
            return Observation(wanted.name, text, is_error=True, refused=True)
        seen = self.tool_answer(wanted)
        (breaker.failed if seen.is_error else breaker.succeeded)(now)
        tally = mind.tallies.setdefault(wanted.name, Tally())
        tally.calls, tally.failures = tally.calls + 1, tally.failures + seen.is_error
        return seen

    def tool_answer(self, wanted: ToolUse) -> Observation:
        """What a tool says to this, or why it is not used."""
        tool, given = self.tools.get(wanted.name), wanted.given
        if tool is None:
            return Observation(wanted.name, f"there is no tool {wanted.name}", is_error=True, refused=True)
        faults = tool.faults(given) if is_object(given) else ["the arguments are no JSON object"]
        if faults:
            text = f"[Schema validation failed] {'; '.join(faults)}"
            return Observation(wanted.name, text, is_error=True, refused=True)
        envelope = self.use_tool(tool.name, given)
        text = str(envelope["results"]["output"] or envelope["stderr"])
        return Observation(wanted.name, text, is_error=envelope["exit_code"] != 0)

    @rule("get_reasoning_loop")
    def get_reasoning_loop(self, call: Call) -> Json:
        mind, identity = self.mind(call), call.path["loop_id"]
        state = need(mind.loops, identity, "Loop").state()
        return {**state, "metadata": {"cancelled": True}} if identity in mind.cancelled else state

    @rule("cancel_reasoning_loop")
    def cancel_reasoning_loop(self, call: Call) -> Json:
        mind, identity = self.mind(call), call.path["loop_id"]
        need(mind.loops, identity, "Loop")
        mind.cancelled.add(identity)
        return {"id": identity, "status": "cancelled"}

    @rule("get_loop_diagnostics")
    def get_loop_diagnostics(self, call: Call) -> Json:
        return need(self.mind(call).loops, call.path["loop_id"], "Loop").diagnostics()

    @rule("list_journal_entries")
    def list_journal_entries(self, call: Call) -> Any:
        start, limit = call.query.get("from_sequence", 0), call.query.get("limit", 100)
        return [entry for entry in self.mind(call).journal if entry["sequence"] >= start][:limit]

    @rule("compact_journal")
    def compact_journal(self, call: Call) -> Json:
        mind = self.mind(call)
        kept = [entry for entry in mind.journal if entry["event"]["type"] == "terminated"]
        removed, mind.journal = len(mind.journal) - len(kept), kept
        return {"removed": removed, "remaining": len(kept)}

    # Policies -------------------------------------------------------------------------------------------------------

    @rule("list_cedar_policies")
    def list_cedar_policies(self, call: Call) -> Any:
        return [policy.to_json() for policy in self.mind(call).policies.values()]

    @rule("add_cedar_policy")
    def add_cedar_policy(self, call: Call) -> Json:
        mind, policy = self.mind(call), _policy(call.body)
        if policy.name in mind.policies:
            raise conflict("There is a policy of this name")
        mind.policies[policy.name] = policy
        return {"id": policy.name, "status": "added"}

    @rule("remove_cedar_policy")
    def remove_cedar_policy(self, call: Call) -> Json:
        return {"removed": self.mind(call).policies.pop(call.path["policy_name"], None) is not None}

    @rule("evaluate_cedar_policy")
    def evaluate_cedar_policy(self, call: Call) -> Json:
        return decide(call.path["agent_id"], list(self.mind(call).policies.values()), call.body).to_json()

    # Breakers, knowledge --------------------------------------------------------------------------------------------

    @rule("list_circuit_breakers")
    def list_circuit_breakers(self, call: Call) -> Json:
        return {name: breaker.to_json(self.unix()) for name, breaker in self.mind(call).breakers.items()}

    @rule("reset_circuit_breaker")
    def reset_circuit_breaker(self, call: Call) -> Json:
        name = call.path["tool_name"]
        breakers = self.mind(call).breakers
        if name not in breakers and name in self.tools:
            breakers[name] = Breaker()
        need(breakers, name, "Circuit breaker").reset()
        return {"id": name, "status": "closed"}

    @rule("get_tool_profiles")
    def get_tool_profiles(self, call: Call) -> Any:
        tallies = self.mind(call).tallies
        return [{"tool": name, "calls": t.calls, "failures": t.failures} for name, t in sorted(tallies.items())]

    @rule("recall_knowledge")
    def recall_knowledge(self, call: Call) -> Any:
        words = set(call.body["query"].lower().split())
        hits = [fact for fact in reversed(self.mind(call).facts) if words & set(fact.lower().split())]
        return hits[: max(0, call.body.get("limit", 5))]

    @rule("store_knowledge")
    def store_knowledge(self, call: Call) -> Json:
        body: Json = call.body
        self.mind(call).facts.append(f"{body['subject']} {body['predicate']} {body['object']}")
        return {"id": self.uuid(), "status": "stored"}

    @control("POST", "/model")
    def script_model(self, call: Call) -> Json:
        """`{"turns": [{"content", "tool_calls", "milliseconds", "terminate"}]}`: what the model says next."""
        turns: list[Any] = told(call).get("turns", [])
        self.model.load(turns)
        return {"turns": len(turns)}


def _policy(body: Json) -> Policy:
    policy = Policy(body["name"], body["source"], body.get("active", True))
    try:
        check(policy.source)
    except PolicyError as error:
        raise invalid(f"The policy {policy.name} is not Cedar: {error}") from error
    return policy
