"""How answers are shown: as a table, as lines of label and value, as a document.

A command says so with these keys: `rows` or `facts` or `document`, or `show` for what none of them can say
(`module:function`, called with the answer, the output format and the values given).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from wirewright.calls import is_array
from wirewright.commands import output

Given = Mapping[str, Any]


class View(Protocol):
    """How an answer is shown. `form`: table, json or quiet; `given`: the values of the command's arguments."""

    def show(self, value: Any, form: str, given: Given) -> None: ...


@dataclass(frozen=True)
class Rows:
    """A list, as a table. `columns`: names, or `name=place` (see `output.pick`; `#` is the row's number).

    `at`: where in the answer the list is.

    `wrap`: the member that holds the list in JSON, when the call answers a bare list. `blanks`: quiet output keeps
    empty ids.
    """

    columns: str
    at: str = ""
    wrap: str = ""
    quiet: str = ""
    said: str = "{count} found"
    blanks: bool = False

    def show(self, value: Any, form: str, given: Given) -> None:
        items = value if is_array(value) else self._items(value)
        names = [(name, place or name) for name, _, place in (c.partition("=") for c in self.columns.split())]
        if form == "json":
            output.echo_json({self.wrap: value} if self.wrap and isinstance(value, list) else value)
        elif form == "quiet" and self.quiet.startswith("$"):
            output.echo_quiet(given[self.quiet[1:]])
        elif form == "quiet" and self.quiet:
            ids = [output.pick(item, self.quiet) or "" for item in items]
            output.echo_quiet([identity for identity in ids if identity or self.blanks])
        else:
            if self.said:
                output.success(self.said.format(**{"count": len(items), "value": value, **given}))
            table = [
                [number if place == "#" else output.pick(item, place) for _, place in names]
                for number, item in enumerate(items, 1)
            ]
            output.echo_table([name.partition(":")[0] for name, _ in names], table)

    def _items(self, value: Any) -> list[Any]:
        for place in self.at.split("|"):
            found = output.pick(value, place)
            if is_array(found):
                return found
        return []


@dataclass(frozen=True)
class Facts:
    """One thing, as lines of label and place: `{"State*": "state", "Trust": "trust_score:.4f"}`; `*` highlights.

    A place `$name` is what the command was given. `then`: prints what the lines do not hold.
    """

    lines: Mapping[str, str] = field(default_factory=dict[str, str])
    quiet: str = ""
    said: str = ""
    then: Callable[[Any], None] | None = None

    def show(self, value: Any, form: str, given: Given) -> None:
        if form == "json":
            output.echo_json(value)
        elif form == "quiet" and self.quiet:
            output.echo_quiet(self._identity(value, given))
        else:
            identity = output.pick(value, self.quiet) if self.quiet else None
            if self.said:
                output.success(self.said.format(**{"value": value, "id": identity, **given}))
            output.echo_fields(self.fields(value, given))
            if self.then:
                self.then(value)

    def _identity(self, value: Any, given: Given) -> Any:
        if self.quiet.startswith("$"):
            return given[self.quiet[1:]]
        found = output.pick(value, self.quiet)
        return given.get(self.quiet, "") if found is None else found

    def fields(self, value: Any, given: Given) -> list[tuple[str, Any, bool]]:
        """Label, value, and whether it is highlighted."""
        found: list[tuple[str, Any, bool]] = []
        for label, place in self.lines.items():
            said = output.shown(given.get(place[1:])) if place.startswith("$") else output.pick(value, place)
            found.append((label.rstrip("*"), said, label.endswith("*")))
        return found


@dataclass(frozen=True)
class Document:
    """A document: into a file when `option` names one, else to stdout.

    `echo`: as JSON it goes to stdout even when it went into a file.
    """

    option: str
    facts: Facts
    echo: bool = True

    def show(self, value: Any, form: str, given: Given) -> None:
        path: Path | None = given[self.option]
        if path:
            path.write_text(json.dumps(value, indent=2, default=str) + "\n", encoding="utf-8")
        if not path or (form == "json" and self.echo):
            output.echo_json(value)
        elif form == "quiet":
            output.echo_quiet(path)
        else:
            self.facts.show(value, "table", given)


@dataclass(frozen=True)
class Shown:
    """What a function prints."""

    function: Callable[[Any, str, Given], None]

    def show(self, value: Any, form: str, given: Given) -> None:
        self.function(value, form, given)


def view_of(row: Mapping[str, Any], named: Callable[[str], Callable[..., Any]]) -> View | None:
    """The view that a command declares. `named`: finds `module:function`."""
    if "show" in row:
        return Shown(named(row["show"]))
    if "rows" in row:
        return Rows(row["rows"], **{key: row[key] for key in ("at", "wrap", "quiet", "said", "blanks") if key in row})
    then = named(row["then"]) if "then" in row else None
    facts = Facts(row.get("facts", {}), row.get("quiet", ""), row.get("said", ""), then)
    if "document" in row:
        return Document(row["document"], facts, row.get("echo", True))
    return facts if "facts" in row or "quiet" in row else None
