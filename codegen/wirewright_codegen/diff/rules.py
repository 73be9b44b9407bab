"""The rule table: every kind of change, what it means for senders and receivers, and what to do about it.

A row has one effect for messages that clients send and one for messages that they receive, each written as
`<senders>/<receivers>`: b breaking, r risky, c compatible. `b/c` in the first column reads: clients that send it break,
servers that receive it do not. `-` stands where the change cannot be about such messages.

The last column names the checks of oasdiff that a row covers, as patterns: they are the catalogue that people know.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from wirewright_codegen.diff.table import ROWS
from wirewright_codegen.diff.values import Bump, Class, Effect, Flow

_CLASSES = {"b": Class.breaking, "r": Class.risky, "c": Class.compatible}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row.

    Attributes:
        id: its name, kebab-case.
        area: what it is about, a heading of the page.
        text: what happened; `{subject}`, `{before}` and `{after}` are filled in.
        do: what the author of a client does about it.
        effects: by flow.
        bump: what a change of this kind asks for when it is compatible.
        covers: patterns of oasdiff's check ids.
    """

    id: str
    area: str
    text: str
    do: str
    effects: dict[Flow, Effect]
    bump: Bump
    covers: tuple[str, ...]

    def effect(self, flows: Collection[Flow]) -> Effect:
        """The worst for each side over the flows that the message has; over all of the rule when it has none."""
        chosen = [effect for flow, effect in self.effects.items() if flow in flows] or list(self.effects.values())
        return Effect(max(effect.senders for effect in chosen), max(effect.receivers for effect in chosen))

    def clients(self, flows: Collection[Flow]) -> Class:
        """What it means for clients: they send what is sent and receive what is received."""
        roles = {flow: e.senders if flow is Flow.sent else e.receivers for flow, e in self.effects.items()}
        return max([role for flow, role in roles.items() if flow in flows] or roles.values())

    def asks(self, clients: Class) -> Bump:
        """The part of the version that it asks to raise."""
        return {Class.breaking: Bump.major, Class.risky: max(Bump.minor, self.bump), Class.compatible: self.bump}[
            clients
        ]


def _effect(text: str) -> Effect | None:
    if text == "-":
        return None
    senders, receivers = text.split("/")
    return Effect(_CLASSES[senders], _CLASSES[receivers])


def _rules() -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for area, rows in ROWS.items():
        for identity, sent, received, bump, text, do, covers in rows:
            given = {Flow.sent: _effect(sent), Flow.received: _effect(received)}
            effects = {flow: effect for flow, effect in given.items() if effect is not None}
            rules[identity] = Rule(identity, area, text, do, effects, Bump[bump], tuple(covers.split()))
    return rules


RULES = _rules()
