"""Following references over all files of a document: pointers, `$id`, `$anchor`, `$dynamicRef`, `$recursiveRef`."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from wirewright_codegen.canonical.places import At
from wirewright_codegen.errors import ForbiddenReferenceError, SpecError
from wirewright_codegen.read.document import Document, self_of
from wirewright_codegen.read.pointer import escape, from_fragment, lookup, split
from wirewright_codegen.read.sources import joined, resolve_name
from wirewright_codegen.read.values import is_list, is_map

_MAX_HOPS = 50


class References:
    """Where references lead, seen from where they stand."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._walking = 0

    def id(self, at: At) -> str:
        """A location as text: `#/pointer`, led by the file's name when it is not the document's own."""
        return f"{'' if at.file == self.document.name else at.file}#{at.pointer}"

    def error(self, reason: str, at: At) -> SpecError:
        """An error that names a location."""
        return SpecError(reason, file=at.file, pointer=at.pointer or None, line=self.document.line(at.file, at.pointer))

    def value(self, at: At) -> Any:
        """What stands at a location. Raises SpecError when there is nothing."""
        source = self.document.files.get(at.file)
        if source is None:
            raise SpecError("there is no such file", file=at.file)
        return lookup(source.value, at.pointer)

    def target(self, reference: object, at: At) -> At:
        """The location that a reference points to. Raises SpecError when there is nothing there.

        Raises ForbiddenReferenceError when it asks for something that must not be read.
        """
        if not isinstance(reference, str):
            raise self.error("a reference must be text", at)
        address, _, fragment = reference.partition("#")
        base = self._resource(address, at)
        if fragment and "/" not in fragment:
            return self._anchor(base, from_fragment(fragment), reference, at)
        for pointer in _spellings(fragment):
            found = At(base.file, base.pointer + pointer)
            if base.pointer and not self._exists(found):
                found = At(base.file, pointer)  # a component with `$id` that refers to its document all the same
            if self._exists(found):
                return found
            walked = self._walked(found)
            if walked is not None:
                return walked
        raise self.error(f"the reference {reference!r} points to nothing", at)

    def _walked(self, at: At) -> At | None:
        """Where a pointer leads when the references on its way are followed: JSON Pointer does not, people do."""
        if self._walking >= _MAX_HOPS or at.file not in self.document.files:
            return None
        self._walking += 1
        try:
            here = At(at.file, "")
            for token in split(at.pointer):
                if not self._exists(here.child(token)):
                    _, here = self.followed(self.value(here), here)
                here = here.child(token)
                self.value(here)
        except (LookupError, ValueError):
            return None
        finally:
            self._walking -= 1
        return here

    def followed(self, raw: Any, at: At) -> tuple[Any, At]:
        """A value, or what its `$ref` leads to in the end, and where that stands.

        A value that still has a `$ref` is one that leads nowhere. Raises ForbiddenReferenceError as `target` does.
        """
        for _ in range(_MAX_HOPS):
            if not is_map(raw) or "$ref" not in raw:
                break
            try:
                target = self.target(raw["$ref"], at)
            except ForbiddenReferenceError:
                raise
            except SpecError:
                break
            raw, at = self.value(target), target
        return raw, at

    def recursive(self, at: At, entry: At) -> At:
        """The target of `$recursiveRef: "#"`: the resource it stands in, or the schema when no `$id` makes one."""
        enclosing = self._enclosing(at)
        return enclosing if enclosing.pointer or at.file != self.document.name else entry

    def dynamic(self, reference: object, at: At) -> list[At]:
        """All that `$dynamicRef` may mean, as the schema is reached: every schema with that `$dynamicAnchor`.

        Where a program came from decides, which types cannot say. What allows nothing is a place left open, and no
        target of its own.
        """
        first = self.target(reference, at)
        raw = self.value(first)
        name = raw.get("$dynamicAnchor") if is_map(raw) else None
        if name is None or not str(reference).endswith(f"#{name}"):
            return [first]
        return [other for other in self._dynamic[name] if not self._is_open(other)] or [first]

    def _is_open(self, at: At) -> bool:
        raw = self.value(at)
        return is_map(raw) and raw.get("not") in ({}, True)

    def _exists(self, found: At) -> bool:
        try:
            self.value(found)
        except (LookupError, ValueError, SpecError):
            return False
        return True

    def _resource(self, address: str, at: At) -> At:
        if not self._ids:
            return self._file(address, address, at) if address else At(at.file, "")
        enclosing = self._enclosing(at)
        if not address:
            return enclosing
        base = self._base.get(enclosing, enclosing.file)
        absolute = joined(base, address)
        if absolute in self._ids:
            return self._ids[absolute]
        if absolute in self.document.files:
            return At(absolute, "")
        return self._file(address, address, at)

    def _file(self, address: str, reference: str, at: At) -> At:
        name = resolve_name(at.file, address)
        if name in self.document.files:
            return At(name, "")
        failure = self.document.failures.get(name)
        reason = f"the reference {reference!r} cannot be followed" + (f": {failure.reason}" if failure else "")
        error = self.error(reason, at)
        if isinstance(failure, ForbiddenReferenceError):
            raise ForbiddenReferenceError(error.reason, file=error.file, pointer=error.pointer, line=error.line)
        raise error

    def _anchor(self, base: At, name: str, reference: str, at: At) -> At:
        found = self._anchors.get((base, name))
        if found is None:
            raise self.error(f"the reference {reference!r} points to nothing", at)
        return found

    def _enclosing(self, at: At) -> At:
        """The innermost schema resource (root of a file, or schema with `$id`) that a location lies in."""
        pointer = at.pointer
        while pointer and At(at.file, pointer) not in self._base:
            pointer = pointer.rpartition("/")[0]
        return At(at.file, pointer)

    @cached_property
    def _index(self) -> tuple[dict[str, At], dict[At, str], dict[tuple[At, str], At], dict[str, list[At]]]:
        ids: dict[str, At] = {}
        bases: dict[At, str] = {}
        anchors: dict[tuple[At, str], At] = {}
        dynamic: dict[str, list[At]] = {}
        for name, source in self.document.files.items():
            base = joined(name, self_of(source.value))
            if base != name:
                ids[base], bases[At(name, "")] = At(name, ""), base
            stack: list[tuple[Any, str, At, str]] = [(source.value, "", At(name, ""), base)]
            while stack:
                node, pointer, resource, base = stack.pop()
                if is_list(node):
                    stack.extend((item, f"{pointer}/{n}", resource, base) for n, item in enumerate(node))
                elif is_map(node):
                    identifier = node.get("$id")
                    if isinstance(identifier, str):
                        address, _, fragment = identifier.partition("#")
                        if address:
                            base = joined(base, address)
                            resource = At(name, pointer)
                            ids[base] = resource
                            bases[resource] = base
                        if fragment:  # the anchors of drafts 6 and 7
                            anchors[resource, fragment] = At(name, pointer)
                    for key in ("$anchor", "$dynamicAnchor"):
                        if isinstance(node.get(key), str):
                            anchors[resource, node[key]] = At(name, pointer)
                    if isinstance(node.get("$dynamicAnchor"), str):
                        dynamic.setdefault(node["$dynamicAnchor"], []).append(At(name, pointer))
                    stack.extend(
                        (item, f"{pointer}/{escape(key)}", resource, base)
                        for key, item in node.items()
                        if key not in ("enum", "const") or (is_map(item) and pointer.endswith("/properties"))
                    )
        return ids, bases, anchors, {name: sorted(found, key=self.id) for name, found in dynamic.items()}

    @property
    def _dynamic(self) -> dict[str, list[At]]:
        return self._index[3]

    @property
    def _ids(self) -> dict[str, At]:
        return self._index[0]

    @property
    def _base(self) -> dict[At, str]:
        return self._index[1]

    @property
    def _anchors(self) -> dict[tuple[At, str], At]:
        return self._index[2]


def _spellings(fragment: str) -> list[str]:
    """The pointer of a fragment; and what is meant by one without its first slash, by one alone, by `%2F` in a name."""
    if not fragment:
        return [""]
    if fragment == "/":
        return ["/", ""]
    whole = fragment if fragment.startswith("/") else f"/{fragment}"
    names = [from_fragment(token) for token in whole.split("/")]
    return list(dict.fromkeys([from_fragment(whole), "/".join(name.replace("/", "~1") for name in names)]))
