"""What the bodies that were seen say about the schemas that describe them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from wirewright.contract.document import MediaType
from wirewright.contract.infer.proposals import Change, Gathering, Make, Tokens
from wirewright.contract.infer.schema_of import in_words, schema_of
from wirewright.contract.schemas import json_type
from wirewright.contract.shapes import is_array, is_object
from wirewright.contract.walking import Node, walk_closely
from wirewright.messages import MASK

_BOUNDS = {
    "maximum": max,
    "exclusiveMaximum": max,
    "minimum": min,
    "exclusiveMinimum": min,
    "maxLength": max,
    "minLength": min,
    "maxItems": max,
    "minItems": min,
    "maxProperties": max,
    "minProperties": min,
}
_OTHERS = ("pattern", "multipleOf", "uniqueItems", "format", "const")


class BodyObserver:
    """Enters what it sees in JSON values into a gathering. `example` tells which exchange it is looking at."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering

    def look(self, operation: str, form: MediaType, value: Any, example: str) -> None:
        """Compares a body with its schema, part by part. A form without a schema is given one."""
        if "schema" not in form.declared:
            place = tokens_of(form.place)
            make: Make = partial(_schema, place, form.name)
            self._gathering.add("adds", operation, (form.place, "schema"), value, make, example=example)
            return
        for node in walk_closely(form, value):
            for key, sample, nature, tell in _observations(node):
                self._gathering.add(nature, operation, (node.place, *key), sample, tell, example=example)


def tokens_of(pointer: str) -> Tokens:
    """The parts of a JSON pointer."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _schema(place: Tokens, name: str, samples: list[Any]) -> tuple[str, tuple[Change, ...]]:
    schema = schema_of(samples)
    return f"{name} has no schema; it was {in_words(schema)}", (Change(place, {"schema": schema}),)


Observation = tuple[tuple[Any, ...], Any, Any, Make]


def _observations(node: Node) -> Iterator[Observation]:
    """Key, sample, nature and maker of each thing that a part of a body shows."""
    schema, value, place = node.schema, node.value, tokens_of(node.place)
    if value == MASK:
        return
    if not _has_type(schema, value):
        yield ("type", node.use), value, "loosens", partial(_other_type, tokens_of(node.use), schema, node.place)
        return
    if "enum" in schema and value not in schema["enum"]:
        yield ("enum", repr(value)), value, "adds", partial(_enum_value, place)
    if is_object(value):
        yield from _of_object(node, place)
    yield from _of_rules(schema, value, place)


def _has_type(schema: dict[str, Any], value: Any) -> bool:
    declared = schema.get("type")
    if declared is None:
        return not ("anyOf" in schema or "oneOf" in schema)
    names = {str(name) for name in declared} if is_array(declared) else {str(declared)}
    kind = json_type(value)
    whole = isinstance(value, float) and value.is_integer() and "integer" in names
    return kind in names or (kind == "integer" and "number" in names) or whole


def _of_object(node: Node, place: Tokens) -> Iterator[Observation]:
    schema, value = node.schema, node.value
    known, extra = schema.get("properties", {}), schema.get("additionalProperties")
    if not is_object(extra) or not extra:
        for name in value.keys() - known.keys():
            if extra is not True or known:
                yield ("member", name), value[name], "adds", partial(_member, place, name)
    for name in schema.get("required", ()):
        if name not in value:
            yield ("required", name), None, "loosens", partial(_optional, place, str(name))


def _of_rules(schema: dict[str, Any], value: Any, place: Tokens) -> Iterator[Observation]:
    for rule, widest in _BOUNDS.items():
        size = _size(rule, value)
        if rule in schema and size is not None and _breaks(rule, size, schema[rule]):
            yield (rule,), size, "loosens", partial(_bound, place, rule, widest)
    for rule in _OTHERS:
        if rule in schema and _breaks_other(rule, schema[rule], value):
            yield (rule,), value, "loosens", partial(_dropped, place, rule)


def _size(rule: str, value: Any) -> Any:
    if rule.endswith("Length"):
        return len(value) if isinstance(value, str) else None
    if rule.endswith("Items"):
        return len(value) if is_array(value) else None
    if rule.endswith("Properties"):
        return len(value) if is_object(value) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _breaks(rule: str, size: Any, bound: Any) -> bool:
    if rule.startswith("exclusive"):
        return bool(size >= bound if rule.endswith("Maximum") else size <= bound)
    return bool(size > bound if rule.startswith("max") else size < bound)


def _breaks_other(rule: str, wanted: Any, value: Any) -> bool:
    if rule == "const":
        return bool(value != wanted)
    if rule == "pattern":
        return isinstance(value, str) and re.search(str(wanted), value) is None
    if rule == "uniqueItems":
        return bool(wanted) and is_array(value) and any(value.count(item) > 1 for item in value)
    if rule == "multipleOf":
        return isinstance(value, int | float) and not isinstance(value, bool) and value % wanted != 0
    return isinstance(value, str) and _wrong_format(str(wanted), value)


def _wrong_format(name: str, text: str) -> bool:
    """Whether the validator refuses the text for its format."""
    import jsonschema_rs

    schema = {"type": "string", "format": name}
    return not jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(text)


# Sentences and changes ------------------------------------------------------------------------------------------------


def _member(place: Tokens, name: str, samples: list[Any]) -> tuple[str, tuple[Change, ...]]:
    schema = schema_of(samples)
    return f"member `{name}`: {in_words(schema)}", (Change(place, {"properties": {name: schema}}),)


def _enum_value(place: Tokens, samples: list[Any]) -> tuple[str, tuple[Change, ...]]:
    return f"value {samples[0]!r} of an enum", (Change((*place, "enum"), samples[0]),)


def _optional(place: Tokens, name: str, samples: list[Any]) -> tuple[str, tuple[Change, ...]]:
    change = Change(place, remove=(*place, "required"), remove_item=name)
    return f"member `{name}` is required, and is left out", (change,)


def _other_type(use: Tokens, schema: dict[str, Any], place: str, samples: list[Any]) -> tuple[str, tuple[Change, ...]]:
    """Where the schema is used: the schema as it was, or what was seen."""
    seen = schema_of(samples)
    named = tokens_of(place) != use and place.startswith("/components/schemas/")
    branches = [{"$ref": f"#{place}"}] if named else schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
    new = {"anyOf": [*branches, *(seen["anyOf"] if set(seen) == {"anyOf"} else [seen])]}
    what = f"is {in_words(schema)}, and was {in_words(seen)}"
    *above, name = use
    return what, (Change(tuple(above), {str(name): new}, remove=use),)


def _bound(place: Tokens, rule: str, widest: Any, samples: list[Any]) -> tuple[str, tuple[Change, ...]]:
    """The bound that allows what was seen; an exclusive one gives way to an inclusive one."""
    limit = widest(samples)
    if rule.startswith("exclusive"):
        plain = rule.removeprefix("exclusive").lower()
        return f"`{rule}` is broken by {limit}", (Change(place, {plain: limit}, remove=(*place, rule)),)
    return f"`{rule}` is broken by {limit}", (Change(place, {rule: limit}),)


def _dropped(place: Tokens, rule: str, samples: list[Any]) -> tuple[str, tuple[Change, ...]]:
    return f"`{rule}` is broken by {samples[0]!r:.60}", (Change(place, remove=(*place, rule)),)
