"""The page of checks, out of the rule table: `CHECKS.md` beside this module."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from wirewright_codegen.diff.rules import RULES, Rule
from wirewright_codegen.diff.table import NOT_COVERED
from wirewright_codegen.diff.values import Class, Effect, Flow

FILE = Path(__file__).with_name("CHECKS.md")
_HEAD = """<!-- Generated from the rule table (wirewright_codegen.diff.table); a test keeps it true. -->

# What `wirewright diff` checks

Every row is a rule. A change of a message has a class for those who **send** it and one for those who **receive** it:

- **breaking**: a program that used what it was promised stops working: the other side refuses what it sends, it cannot
  read what comes, or its code no longer runs against the newly generated client;
- **risky**: it works on or not, by the values it meets or by how carefully it was written;
- **compatible**: it works on, whatever it does.

*Sent* is what clients send (parameters, request bodies, answers to webhooks): the senders are clients, the
receivers servers. *Received* is what clients receive (answers, streams, webhooks): the senders are servers, the
receivers clients.
A schema that travels both ways has the worse of both. A schema that no operation names counts for both.

The version asks for a **major** step when something breaks clients, for a **minor** one when something is risky for
them or new, for a **patch** when only text changed; below 1.0.0 for the step after that one, as is the habit there.

The last column names the checks of [oasdiff](https://github.com/oasdiff/oasdiff) that a row answers, as patterns.
Nothing that differs is passed over: what has no row of its own is `keyword-changed` or `extension-changed`.
"""


def page() -> str:
    """The page's text."""
    areas: dict[str, list[Rule]] = defaultdict(list)
    for rule in RULES.values():
        areas[rule.area].append(rule)
    parts = [_HEAD, f"{len(RULES)} rules.\n"]
    for area, rules in areas.items():
        parts.append(f"## {area}\n")
        parts.append("| rule | sent: senders / receivers | received: senders / receivers | asks for | oasdiff |")
        parts.append("| --- | --- | --- | --- | --- |")
        parts += [_row(rule) for rule in rules]
        parts.append("")
    parts.append("## Checks of oasdiff without a row\n")
    parts += [f"- `{pattern}`: {reason}" for pattern, reason in NOT_COVERED.items()]
    return "\n".join(parts) + "\n"


def _row(rule: Rule) -> str:
    sent, received = (_both(rule.effects.get(flow)) for flow in (Flow.sent, Flow.received))
    worst = max(rule.clients([flow]) for flow in rule.effects)
    least = min(rule.clients([flow]) for flow in rule.effects)
    asks = sorted({rule.asks(worst).name, rule.asks(least).name})
    covers = " ".join(f"`{name}`" for name in rule.covers)
    return f"| `{rule.id}` | {sent} | {received} | {' or '.join(asks)} | {covers} |"


def _both(effect: Effect | None) -> str:
    if effect is None:
        return "–"
    words = {Class.breaking: "**breaking**", Class.risky: "risky", Class.compatible: "compatible"}
    return f"{words[effect.senders]} / {words[effect.receivers]}"


def write() -> None:
    """Write the page."""
    FILE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
