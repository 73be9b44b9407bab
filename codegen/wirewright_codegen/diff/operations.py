"""Two operations side by side: what is called, with what, and what answers."""

from __future__ import annotations

from typing import Any

from wirewright_codegen.diff import keywords
from wirewright_codegen.diff.calls import Call
from wirewright_codegen.diff.facts import Scope, members
from wirewright_codegen.diff.messages import Messages
from wirewright_codegen.diff.schemas import Schemas
from wirewright_codegen.diff.security import compare_requirements
from wirewright_codegen.diff.shapes import described, shown
from wirewright_codegen.diff.values import At, Element, Json
from wirewright_codegen.read.values import is_list

_FLAT = ("x-positional", "x-raw", "x-result", "x-body-argument", "x-flat", "x-argument", "x-omit")
_HANDLED = frozenset(
    ("operationId", "summary", "description", "externalDocs", "tags", "parameters", "requestBody", "responses",
     "security", "servers", "deprecated", "callbacks", "x-sunset", "x-stability-level", "x-method", "x-pagination",
     "x-idempotency-key", "x-idempotent", "x-source", *_FLAT)
)  # fmt: skip
_PARAMETER = frozenset(
    ("name", "in", "required", "schema", "content", "style", "explode", "allowReserved", "allowEmptyValue",
     "description", "example", "examples", "deprecated", "x-sunset", "x-stability-level", "x-argument", "x-omit",
     "x-source")
)  # fmt: skip
_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}


class Operations:
    """Compares operations; every one yields a scope for what is sent and one for what is received."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._messages = Messages(schemas)

    def compare(self, old: Call, new: Call) -> list[Scope]:
        """One operation that is in both documents."""
        element = Element(operations=tuple(dict.fromkeys((old.id, new.id))))
        users = {new.id or old.id}
        sent = Scope(element, {new.request}, set(users))
        answered = Scope(element, {new.response}, set(users))
        at = At(new.label, old.pointer, new.pointer)
        self._names(sent, at, old, new)
        self._manners(sent, at, old.declared, new.declared)
        compare_requirements(sent, at, old.declared, new.declared)
        self._parameters(sent, at, old, new)
        self._messages.request(sent, at, old.declared.get("requestBody"), new.declared.get("requestBody"))
        self._messages.responses(answered, at, members(old.declared, "responses"), members(new.declared, "responses"))
        return [sent, answered]

    @staticmethod
    def gone(call: Call) -> Scope:
        """One that only the old document has."""
        scope = Scope(Element((call.id,)), {call.request}, {call.id})
        rule = "deprecated-operation-removed" if call.declared.get("deprecated") else "operation-removed"
        scope.note(rule, At(call.label, call.pointer, None), call.id, subject=call.id)
        return scope

    @staticmethod
    def new(call: Call) -> Scope:
        """One that only the new document has."""
        scope = Scope(Element((call.id,)), {call.request}, {call.id})
        scope.note("operation-added", At(call.label, None, call.pointer), None, call.id, subject=call.id)
        return scope

    @staticmethod
    def _names(scope: Scope, at: At, old: Call, new: Call) -> None:
        if old.route != new.route:
            scope.note("operation-moved", at, old.label, new.label, subject=new.id)
        for was, is_ in zip(old.variables, new.variables, strict=False):
            if was != is_:
                scope.note("path-parameter-renamed", at, was, is_, member=was)
        if old.id != new.id:
            scope.note("operation-id-changed", at, old.id, new.id)
        tags = _tags(old.declared), _tags(new.declared)
        if tags[0][:1] != tags[1][:1]:
            scope.note("operation-resource-changed", at, *(shown(next(iter(found), None)) for found in tags))
        elif tags[0] != tags[1]:
            scope.note("operation-tags-changed", at, tags[0], tags[1])
        if old.declared.get("x-method") != new.declared.get("x-method"):
            methods = [found.declared.get("x-method") or f"what {found.id} says" for found in (old, new)]
            scope.note("operation-method-changed", at, *methods)

    @staticmethod
    def _manners(scope: Scope, at: At, old: Json, new: Json) -> None:
        keywords.compare_text(scope, at, old, new)
        keywords.compare_life(scope, at, old, new)
        _presence(scope, at, "pagination", old.get("x-pagination"), new.get("x-pagination"))
        _presence(scope, at, "idempotency-key", old.get("x-idempotency-key"), new.get("x-idempotency-key"))
        safe = bool(old.get("x-idempotent")), bool(new.get("x-idempotent"))
        if safe[0] != safe[1]:
            scope.note("idempotence-gained" if safe[1] else "idempotence-lost", at)
        flat = [key for key in _FLAT if old.get(key) != new.get(key)]
        if flat:
            scope.note("flat-call-changed", at, [old.get(k) for k in flat], [new.get(k) for k in flat],
                       subject=", ".join(flat))  # fmt: skip
        if old.get("servers") != new.get("servers"):
            scope.note("operation-servers-changed", at, old.get("servers"), new.get("servers"))
        keywords.compare_rest(scope, at, old, new, _HANDLED)

    def _parameters(self, scope: Scope, at: At, old: Call, new: Call) -> None:
        before, after = _by_key(old), _by_key(new)
        moved = _moves(before, after)
        for key, (index, declared) in before.items():
            if key in after:
                place, other = after[key]
                here = At(
                    f"{at.label} · {key[0]} {declared['name']}",
                    f"{at.old}/parameters/{index}",
                    f"{at.new}/parameters/{place}",
                )
                self._parameter(scope.member(str(declared["name"])), here, declared, other)
            elif key not in moved:
                self._lost(scope, at.to(f" · {key[0]} {declared['name']}", "parameters", index, new=False), declared)
        for key, (index, declared) in after.items():
            name = str(declared["name"])
            if key in before:
                continue
            here = at.to(f" · {declared['in']} {name}", "parameters", index, old=False)
            was = next((gone for gone, came in moved.items() if came == key), None)
            if was is not None:
                scope.note("parameter-moved", here, was[0], declared["in"], subject=name, member=name)
                continue
            rule = "required-parameter-added" if declared.get("required") else "optional-parameter-added"
            said = described(self._schemas.new, _schema(declared))
            scope.note(rule, here, None, said, subject=name, member=name)

    def _lost(self, scope: Scope, here: At, declared: Json) -> None:
        rule = "required-parameter-removed" if declared.get("required") else "parameter-removed"
        said = described(self._schemas.old, _schema(declared))
        scope.note(rule, here, said, subject=str(declared["name"]), member=str(declared["name"]))

    def _parameter(self, scope: Scope, at: At, old: Json, new: Json) -> None:
        if old == new:
            scope.equal_parts(old)
            return
        name = str(new["name"])
        needed, needs = bool(old.get("required")), bool(new.get("required"))
        if needed != needs:
            scope.note("parameter-became-required" if needs else "parameter-became-optional", at, subject=name)
        before, after = _writing(old), _writing(new)
        if before != after:
            scope.note("parameter-serialisation-changed", at, before, after, subject=name)
        keywords.compare_text(scope, at, old, new)
        keywords.compare_life(scope, at, old, new)
        flat = [key for key in ("x-argument", "x-omit") if old.get(key) != new.get(key)]
        if flat:
            scope.note("flat-call-changed", at, [old.get(k) for k in flat], [new.get(k) for k in flat],
                       subject=", ".join(flat))  # fmt: skip
        keywords.compare_rest(scope, at, old, new, _PARAMETER)
        self._schemas.compare(scope, at.to("", "schema"), _schema(old), _schema(new))


def _schema(declared: Json) -> Any:
    """The schema of a parameter's value, whichever way it is written."""
    content = members(declared, "content")
    return next((members(form, "schema") for form in content.values()), declared.get("schema", {}))


def _presence(scope: Scope, at: At, what: str, old: Any, new: Any) -> None:
    if old == new:
        return
    word = "added" if old is None else "removed" if new is None else "changed"
    scope.note(f"{what}-{word}", at, old, new)


def _tags(declared: Json) -> list[str]:
    tags: Any = declared.get("tags")
    return [str(tag) for tag in tags] if is_list(tags) else []


def _by_key(call: Call) -> dict[tuple[str, str], tuple[int, Json]]:
    """Parameters by location and name; path parameters by their place in the path."""
    found: dict[tuple[str, str], tuple[int, Json]] = {}
    for index, declared in enumerate(call.declared.get("parameters", ())):
        place, name = str(declared.get("in")), str(declared.get("name"))
        if place == "path" and name in call.variables:
            key = (place, str(call.variables.index(name)))
        else:
            key = (place, name.lower() if place == "header" else name)
        found[key] = (index, declared)
    return found


def _moves(before: Any, after: Any) -> dict[tuple[str, str], tuple[str, str]]:
    """Parameters that have their name in another location now."""
    gone = {key[1]: key for key in before if key not in after and key[0] != "path"}
    came = {key[1]: key for key in after if key not in before and key[0] != "path"}
    return {gone[name]: came[name] for name in gone if name in came}


def _writing(declared: Json) -> str:
    """How a parameter's value is written on the wire."""
    content = members(declared, "content")
    if content:
        return f"as {next(iter(content))}"
    place = str(declared.get("in"))
    style = declared.get("style", _STYLES.get(place, "form"))
    explode = declared.get("explode", style == "form")
    extras = [key for key in ("allowReserved", "allowEmptyValue") if declared.get(key)]
    return " ".join([str(style), "exploded" if explode else "joined", *extras])
