"""Cedar policies of an agent, decided by Cedar itself.

Two things are more forgiving than Cedar, because programs for the SDK rely on them: an action may be written as text
(`action == "tool_call"`), and where no active policy permits anything, what none forbids is permitted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cedarpy
from wirewright.contract.shapes import is_object

from symbiont.testing.base import Json

_cedar: Any = cedarpy  # some of its types are not known
_TEXT_ACTION = re.compile(r"\baction\s*(==|in)\s*\"")
_PERMIT = re.compile(r"\bpermit\s*\(")
_COMMENT = re.compile(r"//[^\n]*")
_ALL = "permit(principal, action, resource);"
RESOURCES = {"tool_call": ("Tool", "name"), "delegate": ("Agent", "target")}


class PolicyError(ValueError):
    """The text is not Cedar; the message says why."""


@dataclass(frozen=True, slots=True)
class Policy:
    name: str
    source: str
    active: bool = True

    def to_json(self) -> Json:
        return {"name": self.name, "source": self.source, "active": self.active}


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    reason: str | None = None

    def to_json(self) -> Json:
        return {"decision": "allow" if self.allowed else "deny", "reason": self.reason, "modified_action": None}


def check(source: str) -> None:
    """Raises PolicyError for what Cedar cannot read."""
    try:
        cedarpy.policies_to_json_str(_as_cedar(source))
    except ValueError as error:
        raise PolicyError(str(error).strip().replace("\n", ": ")) from error


def decide(agent: str, policies: Sequence[Policy], action: Json) -> Verdict:
    """What the active policies say to an action in the form of `ProposedAction`."""
    active = [policy for policy in policies if policy.active]
    if not active:
        return Verdict(True, "no policy")
    texts = [_as_cedar(policy.source) for policy in active]
    permits = any(_PERMIT.search(_COMMENT.sub("", text)) for text in texts)
    rules, names = _numbered(active, texts)
    if not permits:
        rules += "\n" + _ALL
    resource, entities, context = _question(agent, action)
    request = {
        "principal": f"Agent::{json.dumps(agent)}",
        "action": f"Action::{json.dumps(action['type'])}",
        "resource": resource,
        "context": context,
    }
    answer = _cedar.is_authorized(request, rules, entities)
    reasons = [names.get(reason, "default") for reason in answer.diagnostics.reasons]
    if answer.allowed:
        return Verdict(True, f"permitted by {', '.join(dict.fromkeys(reasons))}" if permits else "not forbidden")
    return Verdict(False, f"forbidden by {', '.join(dict.fromkeys(reasons))}" if reasons else "no policy permits it")


def _numbered(policies: Sequence[Policy], texts: Sequence[str]) -> tuple[str, dict[str, str]]:
    """All policies as one text, and which policy each of Cedar's own names (`policy0`, ...) belongs to."""
    names: dict[str, str] = {}
    for policy, text in zip(policies, texts, strict=True):
        for _ in json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]:
            names[f"policy{len(names)}"] = policy.name
    return "\n".join(texts), names


def _question(agent: str, action: Json) -> tuple[str, list[Any], Json]:
    """The resource, the entities with their `name` and `id`, and the context of one action."""
    kind, member = RESOURCES.get(action["type"], ("Agent", ""))
    name = str(action.get(member) or agent)
    attributes = {"name": name, "id": name}
    entities: list[Any] = [{"uid": {"type": kind, "id": name}, "attrs": attributes, "parents": []}]
    if (kind, name) != ("Agent", agent):
        entities.append({"uid": {"type": "Agent", "id": agent}, "attrs": {"name": agent, "id": agent}, "parents": []})
    given = {key: value for key, value in _arguments(action).items() if isinstance(value, str | bool | int)}
    return f"{kind}::{json.dumps(name)}", entities, {"arguments": given}


def _arguments(action: Json) -> Json:
    """The arguments of a tool as an object; empty where they are none."""
    try:
        read: Any = json.loads(action.get("arguments") or "{}")
    except ValueError:
        return {}
    return read if is_object(read) else {}


def _as_cedar(source: str) -> str:
    return _TEXT_ACTION.sub(r'action \1 Action::"', source)
