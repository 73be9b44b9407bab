"""Bodies, media types, streams and answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wirewright_codegen.diff import keywords
from wirewright_codegen.diff.facts import Scope, members
from wirewright_codegen.diff.schemas import Schemas
from wirewright_codegen.diff.shapes import use_of
from wirewright_codegen.diff.values import At, Json
from wirewright_codegen.operations.media import is_json
from wirewright_codegen.read.values import is_map

_MEDIA = frozenset(
    ("schema", "itemSchema", "x-sse-events", "encoding", "itemEncoding", "prefixEncoding", "example", "examples",
     "x-envelope", "x-source")
)  # fmt: skip
_ENCODINGS = ("encoding", "itemEncoding", "prefixEncoding")
_BODY = frozenset(("required", "content", "description", "x-source"))
_RESPONSE = frozenset(("description", "headers", "content", "links", "summary", "x-source"))
_HEADER = frozenset(("description", "required", "schema", "deprecated", "example", "examples", "style", "explode",
                     "content", "x-source"))  # fmt: skip


class Messages:
    """Compares what goes over the wire."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def request(self, scope: Scope, at: At, old: Any, new: Any) -> None:
        """The request body."""
        here = at.to(" · body", "requestBody", old=is_map(old), new=is_map(new))
        if not is_map(old) and not is_map(new):
            return
        if not is_map(old):
            rule = "required-request-body-added" if new.get("required") else "optional-request-body-added"
            scope.note(rule, here, None, sorted(members(new, "content")))
            return
        if not is_map(new):
            scope.note("request-body-removed", here, sorted(members(old, "content")))
            return
        if bool(old.get("required")) != bool(new.get("required")):
            scope.note("request-body-became-required" if new.get("required") else "request-body-became-optional", here)
        keywords.compare_text(scope, here, old, new)
        keywords.compare_rest(scope, here, old, new, _BODY)
        self.content(scope, here, members(old, "content"), members(new, "content"))

    def content(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        """The forms that a body may have."""
        for name, form in old.items():
            if name not in new:
                scope.note("media-type-removed", at.to("", "content", name, new=False), name, subject=name)
            else:
                label = f" {name}" if len(new) > 1 else ""
                self._form(scope, at.to(label, "content", name), form, new[name])
        for name in new:
            if name not in old:
                scope.note("media-type-added", at.to("", "content", name, old=False), None, name, subject=name)
        was, is_ = _preferred(name for name in old if name in new), _preferred(name for name in new if name in old)
        if was != is_:
            scope.note("default-media-type-changed", at, was, is_)

    def _form(self, scope: Scope, at: At, old: Any, new: Any) -> None:
        if old == new:
            scope.equal_parts(old)
            return
        was, is_ = old if is_map(old) else {}, new if is_map(new) else {}
        if ("itemSchema" in was) == ("itemSchema" in is_):
            self._whole(scope, at, was, is_)
        else:
            scope.note("stream-added" if "itemSchema" in is_ else "stream-removed", at)
        if "itemSchema" in was and "itemSchema" in is_:
            self._schemas.compare(scope, at.to(" · each", "itemSchema"), was["itemSchema"], is_["itemSchema"])
        self._events(scope, at, members(was, "x-sse-events"), members(is_, "x-sse-events"))
        if any(was.get(key) != is_.get(key) for key in _ENCODINGS):
            changed = [key for key in _ENCODINGS if was.get(key) != is_.get(key)]
            scope.note("encoding-changed", at, [was.get(k) for k in changed], [is_.get(k) for k in changed])
        keywords.compare_text(scope, at, was, is_)
        keywords.compare_rest(scope, at, was, is_, _MEDIA)

    def _whole(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        if old.get("x-envelope") == new.get("x-envelope"):
            self._schemas.compare(scope, at.to("", "schema"), old.get("schema", {}), new.get("schema", {}))
        else:
            self._envelopes(scope, at, old, new)

    def _envelopes(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        """The value is wrapped another way: values are compared, rather than answers."""
        before, after = old.get("x-envelope"), new.get("x-envelope")
        if before is None and is_map(after) and after.get("optional"):
            scope.note("envelope-allowed", at, None, after.get("member"))
        else:
            scope.note("envelope-changed", at, _wrapping(before), _wrapping(after))
        was = _value(self._schemas.old, old)
        self._schemas.compare(scope, at.to(" · value", "schema"), was, _value(self._schemas.new, new))

    def _events(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        for name, schema in old.items():
            if name not in new:
                scope.note("stream-event-removed", at.to("", "x-sse-events", name, new=False), name, subject=name)
            else:
                self._schemas.compare(scope, at.to(f" · event {name}", "x-sse-events", name), schema, new[name])
        for name in new:
            if name not in old:
                scope.note("stream-event-added", at.to("", "x-sse-events", name, old=False), None, name, subject=name)

    def responses(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        """The documented answers, by status."""
        for status, answer in old.items():
            if status not in new:
                here = at.to("", "responses", status, new=False)
                scope.note(f"{_kind(status)}-status-removed", here, status, subject=status)
            else:
                self._response(scope, at.to(f" · {status}", "responses", status), answer, new[status])
        for status in new:
            if status not in old:
                here = at.to("", "responses", status, old=False)
                scope.note(f"{_kind(status)}-status-added", here, None, status, subject=status)

    def _response(self, scope: Scope, at: At, old: Any, new: Any) -> None:
        if old == new:
            scope.equal_parts(old)
            return
        self._headers(scope, at, members(old, "headers"), members(new, "headers"))
        if members(old, "links") != members(new, "links"):
            scope.note("links-changed", at, old.get("links"), new.get("links"))
        keywords.compare_text(scope, at, old, new)
        keywords.compare_rest(scope, at, old, new, _RESPONSE)
        self.content(scope, at, members(old, "content"), members(new, "content"))

    def _headers(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        names = {name.lower(): name for name in new}
        for name, header in old.items():
            other = names.pop(name.lower(), None)
            here = at.to(f" · header {name}", "headers", name, new=other is not None)
            if other is None:
                rule = "required-response-header-removed" if header.get("required") else "response-header-removed"
                scope.note(rule, here, name, subject=name, member=name)
            else:
                self._header(scope.member(name), here, header, new[other])
        for name in names.values():
            here = at.to(f" · header {name}", "headers", name, old=False)
            scope.note("response-header-added", here, None, name, subject=name, member=name)

    def _header(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        if old == new:
            scope.equal_parts(old)
            return
        name = scope.element.member or ""
        if bool(old.get("required")) != bool(new.get("required")):
            rule = "response-header-became-required" if new.get("required") else "response-header-became-optional"
            scope.note(rule, at, subject=name)
        keywords.compare_text(scope, at, old, new)
        keywords.compare_life(scope, at, old, new)
        keywords.compare_rest(scope, at, old, new, _HEADER)
        self._schemas.compare(scope, at.to("", "schema"), old.get("schema", {}), new.get("schema", {}))


def _preferred(names: Iterable[str]) -> str | None:
    """The form that generated clients take when none is named: the first that is JSON, else the first."""
    return min(names, key=lambda name: not is_json(name), default=None)


def _wrapping(envelope: Any) -> str:
    if envelope is None:
        return "not at all"
    if is_map(envelope):
        return f"{envelope.get('member')}, or not at all" if envelope.get("optional") else str(envelope.get("member"))
    return str(envelope)


def _value(schemas: Json, form: Json) -> Any:
    """The schema of the value that an answer holds."""
    envelope, schema = form.get("x-envelope"), form.get("schema", {})
    if envelope is None:
        return schema
    member = str(envelope.get("member")) if is_map(envelope) else str(envelope)
    return members(use_of(schemas, schema).schema, "properties").get(member, {})


def _kind(status: str) -> str:
    """A success or an error; the default stands for errors, as generated clients read it."""
    return "success" if status[:1] in ("1", "2", "3") else "error"
