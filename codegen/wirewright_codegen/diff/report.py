"""Changes in words, gathered: one line for what belongs together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wirewright_codegen.diff.compare import Diff
from wirewright_codegen.diff.values import Change, Class

TEXT_RULES = frozenset({"description-changed", "example-changed", "links-changed", "operation-tags-changed",
                        "extension-changed"})  # fmt: skip
_TOGETHER = {
    "optional-property-added": "new properties: {list}",
    "optional-property-added-to-closed": "new properties where none were allowed: {list}",
    "property-removed": "properties gone: {list}",
    "required-property-removed": "required properties gone: {list}",
    "required-property-added": "new and required properties: {list}",
    "property-became-required": "properties now required: {list}",
    "property-became-optional": "properties that may be absent now: {list}",
    "optional-parameter-added": "new parameters: {list}",
    "required-parameter-added": "new and required parameters: {list}",
    "parameter-removed": "parameters gone: {list}",
    "enum-value-added": "new values: {list}",
    "enum-value-removed": "values gone: {list}",
    "error-status-added": "may fail with {list}",
    "error-status-removed": "no longer documents failing with {list}",
    "stream-event-added": "new events: {list}",
    "stream-event-removed": "events gone: {list}",
    "variant-added": "may be {list}",
    "schema-added": "new: {list}",
    "schema-removed": "gone: {list}",
}
_MANY = 6
Quote = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a report: the places, what happened there, and the changes that it stands for.

    `quoted`: names in the text went through the reporter's quotes, and the rest is words of ours.
    """

    places: tuple[str, ...]
    text: str
    changes: tuple[Change, ...]
    quoted: bool = False

    @property
    def do(self) -> str:
        """What to do about it."""
        return self.changes[0].do


def lines_of(changes: Iterable[Change], quote: Quote = str) -> list[Line]:
    """Lines for changes, in their order: first those of one owner together, then those with the same words."""
    return list(_same_words(_same_owner(changes, quote), quote))


def owner_of(change: Change) -> str:
    """The type or operation that a change belongs to: the place without its last member, where there is one."""
    member = change.element.member
    place = change.place
    if change.rule in ("schema-added", "schema-removed"):
        return "types"
    for mark in (".", " · query ", " · header ", " · path ", " · cookie "):
        if member is not None and place.endswith(f"{mark}{member}"):
            return place.removesuffix(f"{mark}{member}")
    return place


def _same_owner(changes: Iterable[Change], quote: Quote) -> Iterator[Line]:
    groups: dict[tuple[str, str, str], list[Change]] = defaultdict(list)
    for change in changes:
        if change.rule in _TOGETHER:
            groups[(change.rule, owner_of(change), f"{change.senders}{change.receivers}")].append(change)
        else:
            groups[(change.rule, change.place, change.fingerprint)].append(change)
    for (rule, owner, _), group in groups.items():
        if rule in _TOGETHER:
            names = [quote(_subject(change)) for change in group]
            text = _TOGETHER[rule].format(list=", ".join(dict.fromkeys(names)))
            yield Line((owner,), text, tuple(group), quoted=True)
        else:
            yield Line((owner,), group[0].text, tuple(group))


def _subject(change: Change) -> str:
    value = change.after if change.after is not None and change.rule.endswith("-added") else change.before
    if change.rule.startswith(("enum-", "variant-", "error-", "stream-")):
        return str(value)
    return change.element.member or str(value)  # a type's own name


def _same_words(lines: Iterable[Line], quote: Quote) -> Iterator[Line]:
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        groups[(line.text, line.changes[0].rule)].append(line)
    for (text, _), group in groups.items():
        places = tuple(dict.fromkeys(place for line in group for place in line.places))
        changes = tuple(change for line in group for change in line.changes)
        yield Line(places, text, changes, quoted=group[0].quoted)


def places_of(line: Line, quote: Quote = str, *, many: int = _MANY) -> str:
    """The places of a line, the first few by name."""
    shown = ", ".join(quote(place) for place in line.places[:many])
    rest = len(line.places) - many
    return f"{shown} and {rest} more" if rest > 0 else shown


def sides(change: Change) -> str:
    """Both classes in words: `senders break, receivers at risk`."""
    words = {Class.breaking: "break", Class.risky: "at risk", Class.compatible: "work on"}
    return f"senders {words[change.senders]}, receivers {words[change.receivers]}"


def summary_of(diff: Diff) -> str:
    """How many changes of each class, and the version that they ask for."""
    if not diff.changes:
        return "nothing changed"
    counted = ", ".join(f"{count} {name}" for name, count in diff.counts().items() if count)
    step = diff.step
    asks = f"asks for a {diff.bump.name} version"
    if step.least is None:
        return f"{counted}; {asks}"
    if diff.old == diff.new:
        return f"{counted}; {asks}: {step.least} at least, and the version is still {diff.new}"
    verdict = "is enough" if step.enough else "is not enough"
    return f"{counted}; {asks}: {step.least} at least, {diff.new} {verdict}"
