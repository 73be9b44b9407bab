"""Which uses a change touches although the type checker says nothing: one table, by rule."""

from __future__ import annotations

import re
from collections.abc import Callable

from wirewright_codegen.diff import Change
from wirewright_codegen.impact.carriers import Carriers
from wirewright_codegen.impact.uses import UNKNOWN, Use

Touches = Callable[[Change, Use], bool]


def _branches(change: Change, use: Use) -> bool:
    """Code that decides by the values it knows."""
    return use.kind == "branch"


def _names_value(change: Change, use: Use) -> bool:
    """Code that names the value that is gone."""
    return use.kind in ("branch", "write") and change.before in use.values


def _writes(change: Change, use: Use) -> bool:
    """What is written may no longer be allowed; a constant that is, is not touched."""
    return use.kind == "write" and any(value is UNKNOWN or not _allowed(change, value) for value in use.values)


def _omits(change: Change, use: Use) -> bool:
    """Code that leaves the choice to the other side."""
    return use.kind == "omit"


def _calls(change: Change, use: Use) -> bool:
    return use.kind == "call"


def _reads(change: Change, use: Use) -> bool:
    return use.kind in ("read", "show", "branch")


def _shows(change: Change, use: Use) -> bool:
    """Whatever a value is, it can be written as text."""
    return use.kind == "show"


def _spreads(change: Change, use: Use) -> bool:
    """No type checker knows what a mapping holds."""
    return use.kind == "spread"


TOUCHES: dict[str, Touches] = {
    "enum-value-added": _branches,
    "enum-dropped": _branches,
    "variant-added": _branches,
    "variant-removed": _branches,
    "enum-value-removed": _names_value,
    "enum-introduced": _writes,
    "limit-tightened": _writes,
    "pattern-added": _writes,
    "pattern-changed": _writes,
    "uniqueness-required": _writes,
    "multiple-changed": _writes,
    "constraint-changed": _writes,
    "format-hint-changed": _writes,
    "default-added": _omits,
    "default-changed": _omits,
    "default-removed": _omits,
    "property-became-optional": _shows,
    "became-nullable": _shows,
    "required-property-added": _spreads,
    "property-became-required": _spreads,
    "required-parameter-added": _spreads,
    "parameter-became-required": _spreads,
    "type-dropped": _reads,
    "type-given": _reads,
    "security-required": _calls,
    "security-alternative-removed": _calls,
    "security-scope-added": _calls,
    "idempotency-key-removed": _calls,
    "idempotence-lost": _calls,
    "success-status-removed": _calls,
    "success-status-added": _calls,
    "stream-event-removed": _calls,
    "operation-servers-changed": _calls,
    "sunset-changed": _calls,
}
"""What is not here either changes types, so that the type checker sees it, or asks for nothing but the new client."""

_SENDING = frozenset({"write", "omit", "spread", "call"})


def touches(change: Change, use: Use, carriers: Carriers) -> bool:
    """Whether a use is one to look at."""
    test = TOUCHES.get(change.rule)
    return test is not None and _matters(change, use) and is_about(change, use, carriers) and test(change, use)


def _matters(change: Change, use: Use) -> bool:
    """Whether the change is of consequence for the way in which the message is used."""
    from wirewright_codegen.diff import RULES, Class, Flow

    if use.operation is not None:
        return change.clients > Class.compatible
    flow = Flow.sent if use.kind in _SENDING else Flow.received
    if change.rule == "enum-value-removed":  # a value that is named is looked at, whichever way it goes
        return True
    return flow in change.flows and RULES[change.rule].clients([flow]) > Class.compatible


def is_about(change: Change, use: Use, carriers: Carriers) -> bool:
    """Whether a change and a use are about the same class or operation, and the same member of it; or the change is
    about the type of that member.
    """
    element = change.element
    owner = use.operation or use.schema
    if element.member is None and owner and use.member:
        carried = {member for name in element.schemas for member in carriers.get(name, ())}
        if (owner, use.member) in carried:
            return True
    if use.kind == "spread":
        return owner in (element.operations if use.operation else element.schemas)
    if use.operation is not None:
        member = element.member in (None, use.member) if use.kind != "call" else element.member is None
        return use.operation in element.operations and member
    return use.schema in element.schemas and element.member == use.member


def _allowed(change: Change, value: object) -> bool:
    """Whether a constant keeps the new rule."""
    after = change.after
    if change.rule == "enum-introduced":
        return isinstance(after, list) and value in after
    if change.rule in ("pattern-added", "pattern-changed") and isinstance(value, str):
        try:
            return re.search(str(after), value) is not None
        except re.error:
            return False
    if change.rule == "limit-tightened" and isinstance(after, int | float):
        return _within(change.subject, after, value)
    return False


def _within(keyword: str, limit: float, value: object) -> bool:
    size = len(value) if isinstance(value, str) else value
    if not isinstance(size, int | float) or isinstance(value, str) != keyword.endswith("Length"):
        return False
    checks: dict[str, bool] = {
        "maximum": size <= limit,
        "exclusiveMaximum": size < limit,
        "minimum": size >= limit,
        "exclusiveMinimum": size > limit,
        "maxLength": size <= limit,
        "minLength": size >= limit,
        "multipleOf": not size % limit if limit else True,
    }
    return checks.get(keyword, False)
