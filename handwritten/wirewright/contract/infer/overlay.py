"""Proposals as an OpenAPI Overlay (1.0), for the spec as it was written where that can be, else for its canonical form.

A canonical document has no references but to schemas, and all that is inline has a name. `x-source` says where each
operation and schema came from; from there the way is followed through the references of the original.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirewright.contract.document import SpecDocument
from wirewright.contract.infer.proposals import Change, Proposal, Tokens
from wirewright.contract.shapes import is_array, is_object

if TYPE_CHECKING:
    from wirewright_codegen.read import Document


@dataclass(frozen=True)
class Where:
    """A place in the files of a spec; `line` is counted from 1, where it is known."""

    file: str
    tokens: Tokens
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Sources:
    """Finds the places of a canonical document in the files that it was made of."""

    def __init__(self, document: SpecDocument, source: Document | None) -> None:
        self._canonical = document.raw
        self._source = source

    @classmethod
    def of(cls, document: SpecDocument, spec: str | Path | None) -> Sources:
        """With the files of a spec; without them everything stays where the canonical document has it."""
        if spec is None:
            return cls(document, None)
        from wirewright_codegen.read import read_document

        return cls(document, read_document(spec))

    @property
    def root(self) -> str:
        """The name of the file that the spec starts in; empty when there are no files."""
        return self._source.name if self._source else ""

    @property
    def root_value(self) -> Any:
        return self._source.files[self._source.name].value if self._source else self._canonical

    def find(self, at: Tokens) -> Where | None:
        """Where a part of the canonical document was written; None when it was not written in one place."""
        if self._source is None:
            return None
        start = self._start(at)
        if start is None:
            return None
        (file, tokens), rest = start
        found = self._follow(file, tokens, rest)
        if found is None:
            return None
        file, tokens = found
        pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in tokens)
        return Where(file, tokens, self._source.line(file, pointer))

    def _start(self, at: Tokens) -> tuple[tuple[str, Tokens], Tokens] | None:
        """The nearest part above that says where it came from, and the way from there."""
        for length in (3, 2, 1):
            if length > len(at):
                continue
            held = _get(self._canonical, at[:length])
            if is_object(held) and isinstance(held.get("x-source"), str):
                file, _, fragment = held["x-source"].partition("#")
                tokens = tuple(part.replace("~1", "/").replace("~0", "~") for part in fragment.split("/")[1:])
                return (file or self.root, tokens), at[length:]
        return ((self.root, ()), at) if at[:1] == ("paths",) and len(at) <= 2 else None

    def _follow(self, file: str, tokens: Tokens, rest: Tokens) -> tuple[str, Tokens] | None:
        assert self._source is not None
        at = self._dereferenced(file, tokens)
        for index, part in enumerate(rest):
            if at is None:
                return None
            held = _get(self._source.files[at[0]].value, at[1])
            if part == "parameters" and index == 0 and is_object(held) and "parameters" not in held:
                return None
            if not (is_object(held) and part in held) and not (is_array(held) and str(part).isdigit()):
                return None
            at = self._dereferenced(at[0], (*at[1], part))
        return at

    def _dereferenced(self, file: str, tokens: Tokens) -> tuple[str, Tokens] | None:
        from wirewright_codegen.read.sources import resolve_name

        assert self._source is not None
        for _ in range(32):
            source = self._source.files.get(file)
            held = _get(source.value, tokens) if source is not None else None
            if held is None:
                return None
            if not is_object(held) or not isinstance(held.get("$ref"), str):
                return file, tokens
            name, _, fragment = held["$ref"].partition("#")
            file = resolve_name(file, name) if name else file
            tokens = tuple(part.replace("~1", "/").replace("~0", "~") for part in fragment.split("/")[1:])
        return None


def _get(value: Any, tokens: Tokens) -> Any:
    for part in tokens:
        if is_object(value) and part in value:
            value = value[part]
        elif is_array(value) and str(part).isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def overlay_of(
    document: SpecDocument, proposals: Iterable[Proposal], spec: str | Path | None = None, *, title: str = ""
) -> dict[str, Any]:
    """An overlay that makes the proposals. With `spec` it is for that file, when all of them have their place in it.

    Otherwise it is for the canonical document (`spec.json` of a generated package); `extends` says which.
    """
    wanted = list(proposals)
    sources = Sources.of(document, spec)
    found = {at: sources.find(at) for each in wanted for change in each.changes for at in _targets(change)}
    own = all(where is not None and where.file == sources.root for where in found.values())
    writer = _Writer(
        {at: where.tokens for at, where in found.items() if where is not None} if own else {},
        sources.root_value if own else document.raw,
    )
    return {
        "overlay": "1.0.0",
        "info": {"title": f"{title or document.title}: what traffic shows and the spec lacks", "version": "1"},
        "extends": sources.root if own and sources.root else "spec.json",
        "actions": [action for proposal in wanted for action in writer.actions(proposal)],
    }


def _targets(change: Change) -> list[Tokens]:
    """The places that an action for the change has to name."""
    if change.remove_item is not None and change.remove is not None:
        return [change.remove]
    return [change.at, *([change.remove] if change.remove is not None else [])]


@dataclass(frozen=True)
class _Writer:
    """Writes changes as actions on one document; `places` says where parts of the canonical one are in it."""

    places: Mapping[Tokens, Tokens]
    document: Any

    def actions(self, proposal: Proposal) -> Iterator[dict[str, Any]]:
        told = f"{proposal.operation}: {proposal.what} (seen {proposal.seen} times)"
        for change in proposal.changes:
            if change.remove is not None:
                path = self._path(change.remove)
                item = f"[?@ == {json.dumps(change.remove_item)}]" if change.remove_item is not None else ""
                yield {"target": path + item, "description": told, "remove": True}
            if change.update is not None:
                yield {"target": self._path(change.at), "description": told, "update": self._spoken(change.update)}

    def _path(self, at: Tokens) -> str:
        """A JSONPath (RFC 9535)."""
        tokens = self.places.get(at, at)
        steps: list[str] = []
        held = self.document
        for part in tokens:
            in_list = is_array(held)
            steps.append(f"[{part}]" if in_list else f"[{json.dumps(part, ensure_ascii=False)}]")
            held = _get(held, (part,))
        return "$" + "".join(steps)

    def _spoken(self, update: Any) -> Any:
        """In the words of the document's version: before 3.1 null is no type."""
        if not str(self.document.get("openapi", "3.0")).startswith("3.0"):
            return update
        return _with_nullable(update)


def _with_nullable(value: Any) -> Any:
    if is_array(value):
        return [_with_nullable(item) for item in value]
    if not is_object(value):
        return value
    made = {name: _with_nullable(member) for name, member in value.items() if name != "security" or member}
    branches = made.get("anyOf")
    if not is_array(branches) or {"type": "null"} not in branches:
        return made
    rest = [branch for branch in branches if branch != {"type": "null"}]
    del made["anyOf"]
    if len(rest) == 1 and "$ref" not in rest[0]:
        return {**rest[0], **made, "nullable": True}
    return {**made, "anyOf": rest, "nullable": True}
