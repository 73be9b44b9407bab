"""The communication policy gate: who may say what to whom (protocol sheet, section 19.4).

A rule whose `action` is `allow` or `deny`, with no effect of its own, is about every action: programs for the SDK
write so.
"""

from __future__ import annotations

from typing import Any

from wirewright.sandbox import Call, rule

from symbiont.testing.base import Base, Json, conflict, missing

ANY = "*"
EFFECTS = ("allow", "deny")
DEFAULTS: Json = {"effect": "allow", "reason": "", "priority": 0, "max_depth": None}


class GateRules(Base):
    """Rules in the order in which they are asked."""

    def setup_gate(self) -> None:
        self.gate: list[Json] = []

    @rule("list_communication_rules")
    def list_communication_rules(self, call: Call) -> Any:
        return self.gate

    @rule("add_communication_rule")
    def add_communication_rule(self, call: Call) -> Json:
        body: Json = call.body
        identity = body.get("id") or self.uuid()
        if any(known["id"] == identity for known in self.gate):
            raise conflict("There is a rule of this id")
        added: Json = {**DEFAULTS, **body, "id": identity}
        if body["action"] in EFFECTS and "effect" not in body:
            added["effect"] = body["action"]
        self.gate.append(added)
        self.gate.sort(key=lambda known: -known["priority"])
        return added

    @rule("remove_communication_rule")
    def remove_communication_rule(self, call: Call) -> Json:
        identity = call.path["rule_id"]
        kept = [known for known in self.gate if known["id"] != identity]
        if len(kept) == len(self.gate):
            raise missing("Rule")
        self.gate = kept
        return {"id": identity, "status": "removed"}

    @rule("evaluate_communication")
    def evaluate_communication(self, call: Call) -> Json:
        asked = (call.body["sender"], call.body["recipient"], call.body["action"])
        for known in self.gate:
            if _matches(known, asked):
                allowed = known["effect"] == "allow"
                reason = known["reason"] or f"{'allowed' if allowed else 'denied'} by rule {known['id']}"
                return {"allowed": allowed, "rule": known, "reason": reason}
        return {"allowed": False, "rule": None, "reason": "no rule matches"}


def _matches(known: Json, asked: tuple[str, str, str]) -> bool:
    action = ANY if known["action"] in EFFECTS and known["effect"] == known["action"] else known["action"]
    patterns = (known["from_agent"], known["to_agent"], action)
    return all(pattern in {ANY, value} for pattern, value in zip(patterns, asked, strict=True))
