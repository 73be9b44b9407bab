"""The values of a diff: classes, flows, places and changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Any

Json = Mapping[str, Any]


class Class(IntEnum):
    """What a change does to a program that was written before it.

    - compatible: it works on, whatever it does;
    - risky: it works on or not, by the values it meets or by how carefully it was written;
    - breaking: it used what it was promised, and no longer works: the other side refuses it, it cannot read what
      comes, or its code no longer runs against the newly generated client.
    """

    compatible = 0
    risky = 1
    breaking = 2


class Flow(StrEnum):
    """Which way a message goes. Who sends and who receives follows from it."""

    sent = "sent"
    """By clients: parameters and request bodies; the answers to webhooks."""
    received = "received"
    """By clients: answers, streams; webhooks."""


class Bump(IntEnum):
    """The part of a version number that a change asks to raise."""

    none = 0
    patch = 1
    minor = 2
    major = 3


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to those who send the message that it is about, and to those who receive it.

    Both are programs as they were before the change, meeting the other side as it is after it; and programs whose
    author takes the newly generated client.
    """

    senders: Class
    receivers: Class


@dataclass(frozen=True, slots=True)
class At:
    """A place: as people call it, and the JSON pointers in the old and the new canonical document (None: not there)."""

    label: str
    old: str | None
    new: str | None

    def to(self, label: str, *keys: str | int, old: bool = True, new: bool = True) -> At:
        """A place below; `old` and `new` say in which document it is."""
        steps = "".join(f"/{escaped(key)}" for key in keys)
        return At(
            self.label + label,
            None if self.old is None or not old else self.old + steps,
            None if self.new is None or not new else self.new + steps,
        )


def escaped(key: str | int) -> str:
    """One token of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


@dataclass(frozen=True, slots=True)
class Element:
    """What of the generated code a change is about.

    Attributes:
        operations: operationIds, the old first; empty when it is about a schema.
        schemas: class names, the old first; empty when it is about an operation.
        member: the property or parameter, by wire name.
    """

    operations: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    member: str | None = None


@dataclass(frozen=True)
class Change:
    """One difference between two documents.

    Attributes:
        rule: id of the rule that classes it.
        place: where, for people: `Slot.state`, `POST /slots · query limit`.
        text: what happened, one clause.
        do: what the author of a client does about it; empty when there is nothing to do.
        subject: the thing that it happened to, where the text names one: a property, a keyword, a value.
        before: the value it had, as JSON; None when it had none.
        after: the value it has.
        flows: the ways that the message goes; both for a schema that no operation names.
        senders: what it means for those who send.
        receivers: what it means for those who receive.
        clients: what it means for programs that use a generated client: the worst of the roles they play.
        bump: what it asks of the version number.
        operations: operationIds whose messages it is in.
        element: what of the generated code it is about.
        old, new: JSON pointers in the canonical documents; None where it is not there.
        source: where it is written, file and JSON pointer, in the new spec when it is there.
    """

    rule: str
    place: str
    text: str
    do: str
    subject: str
    before: Any
    after: Any
    flows: tuple[Flow, ...]
    senders: Class
    receivers: Class
    clients: Class
    bump: Bump
    operations: tuple[str, ...]
    element: Element
    old: str | None = None
    new: str | None = None
    source: str | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that stay as long as the change does, whatever else changes around it."""
        question = [self.rule, self.place, self.before, self.after, sorted(self.flows)]
        text = json.dumps(question, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    @property
    def worst(self) -> Class:
        """The worse of the two sides."""
        return max(self.senders, self.receivers)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "fingerprint": self.fingerprint,
            "rule": self.rule,
            "place": self.place,
            "text": self.text,
            "do": self.do,
            "senders": self.senders.name,
            "receivers": self.receivers.name,
            "clients": self.clients.name,
            "bump": self.bump.name,
            "flows": [flow.value for flow in self.flows],
            "before": self.before,
            "after": self.after,
            "operations": list(self.operations),
            "old": self.old,
            "new": self.new,
            "source": self.source,
        }
