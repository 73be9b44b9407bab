"""Keywords of schemas that are compared one by one: text, defaults, limits, formats."""

from __future__ import annotations

from typing import Any

from wirewright_codegen.diff.facts import Scope
from wirewright_codegen.diff.shapes import python_format
from wirewright_codegen.diff.values import At
from wirewright_codegen.read.values import is_map

_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_TEXT = {
    "description": "description",
    "title": "title",
    "summary": "summary",
    "$comment": "comment",
    "externalDocs": "link",
}
_EXAMPLES = ("example", "examples", "xml")
_FLAT = ("x-argument", "x-omit")
_CONTENT = ("contentMediaType", "contentEncoding", "contentSchema")
_STRUCTURE = frozenset(
    ("$ref", "anyOf", "type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems",
     "not", "discriminator", "x-discriminator", "format", "pattern", "multipleOf", "uniqueItems", *_UPPER, *_LOWER)
)  # fmt: skip
_HANDLED = frozenset(
    (*_TEXT, *_EXAMPLES, *_FLAT, *_CONTENT, "deprecated", "default", "readOnly", "writeOnly", "x-constraints",
     "x-source", "x-sunset", "x-stability-level")
)  # fmt: skip


def compare_beside(scope: Scope, at: At, old: Any, new: Any) -> None:
    """Everything that a schema says besides what kind of values it allows."""
    was, is_ = old if is_map(old) else {}, new if is_map(new) else {}
    if was == is_:
        return
    compare_text(scope, at, was, is_)
    compare_life(scope, at, was, is_)
    _default(scope, at, was, is_)
    for key in ("readOnly", "writeOnly"):
        if bool(was.get(key)) != bool(is_.get(key)):
            scope.note("access-changed", at, was.get(key), is_.get(key), subject=key)
    flat = [key for key in _FLAT if was.get(key) != is_.get(key)]
    if flat:
        scope.note("flat-call-changed", at, _some(was, flat), _some(is_, flat), subject=", ".join(flat))
    content = [key for key in _CONTENT if was.get(key) != is_.get(key)]
    if content:
        scope.note("content-encoding-changed", at, _some(was, content), _some(is_, content))
    if was.get("x-constraints") != is_.get("x-constraints"):
        scope.note("constraint-changed", at, was.get("x-constraints"), is_.get("x-constraints"))
    _rest(scope, at, was, is_, _HANDLED | _STRUCTURE)


def compare_text(scope: Scope, at: At, old: Any, new: Any) -> None:
    """Descriptions and examples."""
    changed = [word for key, word in _TEXT.items() if old.get(key) != new.get(key)]
    if changed:
        keys = [key for key in _TEXT if old.get(key) != new.get(key)]
        scope.note("description-changed", at, _some(old, keys), _some(new, keys), subject=" and ".join(changed))
    keys = [key for key in _EXAMPLES if old.get(key) != new.get(key)]
    if keys:
        scope.note("example-changed", at, _some(old, keys), _some(new, keys))


def compare_life(scope: Scope, at: At, old: Any, new: Any) -> None:
    """Deprecation, sunset and stability."""
    if bool(old.get("deprecated")) != bool(new.get("deprecated")):
        until = f", to be removed on {new['x-sunset']}" if new.get("x-sunset") else ""
        scope.note("deprecated" if new.get("deprecated") else "undeprecated", at, subject=until)
    elif old.get("x-sunset") != new.get("x-sunset"):
        scope.note("sunset-changed", at, old.get("x-sunset"), new.get("x-sunset"))
    if old.get("x-stability-level") != new.get("x-stability-level"):
        scope.note("stability-changed", at, old.get("x-stability-level"), new.get("x-stability-level"))


def compare_rest(scope: Scope, at: At, old: Any, new: Any, handled: frozenset[str]) -> None:
    """What no rule names: nothing that differs is passed over."""
    _rest(scope, at, old, new, handled)


def _rest(scope: Scope, at: At, old: Any, new: Any, handled: frozenset[str]) -> None:
    for key in sorted({*old, *new} - handled, key=str):
        if old.get(key) != new.get(key):
            rule = "extension-changed" if str(key).startswith("x-") else "keyword-changed"
            scope.note(rule, at, old.get(key), new.get(key), subject=str(key))


def _default(scope: Scope, at: At, old: Any, new: Any) -> None:
    if ("default" in old) != ("default" in new):
        rule = "default-added" if "default" in new else "default-removed"
        scope.note(rule, at, old.get("default"), new.get("default"))
    elif old.get("default") != new.get("default"):
        scope.note("default-changed", at, old.get("default"), new.get("default"))


def compare_limits(scope: Scope, at: At, old: Any, new: Any) -> None:
    """Bounds, patterns, uniqueness and multiples."""
    for key in _UPPER:
        _bound(scope, at, key, old.get(key), new.get(key), sign=1)
    for key in _LOWER:
        _bound(scope, at, key, old.get(key), new.get(key), sign=-1)
    _pattern(scope, at, old.get("pattern"), new.get("pattern"))
    if bool(old.get("uniqueItems")) != bool(new.get("uniqueItems")):
        scope.note("uniqueness-required" if new.get("uniqueItems") else "uniqueness-dropped", at)
    _multiple(scope, at, old.get("multipleOf"), new.get("multipleOf"))


def _bound(scope: Scope, at: At, key: str, old: Any, new: Any, *, sign: int) -> None:
    if old == new or (
        old in (None, 0) and new in (None, 0) and sign < 0 and key.startswith("min") and key != "minimum"
    ):
        return
    tightened = old is None or (new is not None and _number(new) * sign < _number(old) * sign)
    scope.note("limit-tightened" if tightened else "limit-loosened", at, old, new, subject=key)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _pattern(scope: Scope, at: At, old: Any, new: Any) -> None:
    if old == new:
        return
    rule = "pattern-added" if old is None else "pattern-removed" if new is None else "pattern-changed"
    scope.note(rule, at, old, new)


def _multiple(scope: Scope, at: At, old: Any, new: Any) -> None:
    if old == new:
        return
    if old is None or (new is not None and _number(old) and not _number(new) % _number(old)):
        rule = "limit-tightened"
    elif new is None or (_number(new) and not _number(old) % _number(new)):
        rule = "limit-loosened"
    else:
        rule = "multiple-changed"
    scope.note(rule, at, old, new, subject="multipleOf")


def compare_formats(scope: Scope, at: At, old: Any, new: Any) -> None:
    """The format of a string: some decide the Python type, the others are hints."""
    before, after = old.get("format"), new.get("format")
    if before == after:
        return
    types = python_format(before), python_format(after)
    if types[0] == types[1]:
        rule = "format-hint-changed"
    elif types[0] is None:
        rule = "format-added"
    else:
        rule = "format-removed" if types[1] is None else "format-changed"
    scope.note(rule, at, before, after)


def _some(value: Any, keys: list[str]) -> Any:
    found = {key: value[key] for key in keys if key in value}
    return next(iter(found.values())) if len(found) == 1 and len(keys) == 1 else found or None
