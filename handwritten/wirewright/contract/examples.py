"""Example values: those that a spec gives, else made up from the schema, the same each time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from wirewright.contract.document import MediaType
from wirewright.contract.schemas import Schemas

_DEPTH = 6
_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT1H",
    "email": "user@example.com",
    "idn-email": "user@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uri-reference": "/example",
    "iri": "https://example.com/",
    "iri-reference": "/example",
    "uri-template": "/example/{id}",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "byte": "ZXhhbXBsZQ==",
    "binary": "example",
    "json-pointer": "/example",
    "relative-json-pointer": "0",
    "regex": "^example$",
}


class NoValue(ValueError):
    """The schema allows no value, or none that could be made up."""


def documented_example(form: MediaType, schemas: Schemas) -> tuple[bool, Any]:
    """Whether the spec gives an example of this body, and the first one. An example that breaks its schema is passed over."""
    for value in _documented(form, schemas):
        if form.validator is None or form.validator.is_valid(value):
            return True, value
    return False, None


def _documented(form: MediaType, schemas: Schemas) -> list[Any]:
    found = [form.declared["example"]] if "example" in form.declared else []
    for example in form.declared.get("examples", {}).values():
        for member in ("value", "dataValue"):
            if isinstance(example, Mapping) and member in example:
                found.append(example[member])
    return found + _own_examples(schemas.resolve(form.schema))


def _own_examples(schema: Any) -> list[Any]:
    if not isinstance(schema, Mapping):
        return []
    found = [schema["example"]] if "example" in schema else []
    examples = schema.get("examples")
    return found + (list(examples) if isinstance(examples, list) else [])


def synthesise(schemas: Schemas, schema: Any, *, optional: bool = True) -> Any:
    """A value of the schema: examples, defaults and first choices where they are given, else the plainest value.

    `optional` also fills members that are not required (down to a few levels). Raises NoValue where there is none.
    """
    return _make(schemas, schema, optional, 0, ())


def _make(schemas: Schemas, schema: Any, optional: bool, depth: int, trail: tuple[int, ...]) -> Any:
    schema = schemas.resolve(schema)
    if schema is False:
        raise NoValue("the schema allows nothing")
    if not isinstance(schema, Mapping):
        return {}
    if id(schema) in trail or depth > 24:
        if trail.count(id(schema)) > 1 or depth > 24:
            raise NoValue("the schema has no end")
        optional = False
    trail = (*trail, id(schema))
    if "const" in schema:
        return schema["const"]
    for key in ("examples", "example", "default", "enum"):
        if key in schema:
            value = schema[key][0] if key in {"examples", "enum"} and schema[key] else schema[key]
            if not (key == "default" and value is None):
                return value
    for keyword in ("anyOf", "oneOf"):
        if schema.get(keyword):
            return _choose(schemas, schema, schema[keyword], optional, depth, trail)
    return _by_type(schemas, schema, optional, depth, trail)


def _choose(
    schemas: Schemas, schema: Mapping[str, Any], branches: list[Any], optional: bool, depth: int, trail: tuple[int, ...]
) -> Any:
    ordered = sorted(branches, key=lambda branch: schemas.resolve(branch) == {"type": "null"})
    for branch in ordered:
        try:
            made = _make(schemas, branch, optional, depth, trail)
        except NoValue:
            continue
        tag = schema.get("discriminator", {}).get("propertyName")
        if isinstance(made, dict) and isinstance(tag, str):
            mapping = schema["discriminator"].get("mapping", {})
            reference = branch.get("$ref") if isinstance(branch, Mapping) else None
            made.update({tag: name for name, target in mapping.items() if target == reference and tag not in made})
        return made
    raise NoValue("no branch of the union has a value")


def _by_type(schemas: Schemas, schema: Mapping[str, Any], optional: bool, depth: int, trail: tuple[int, ...]) -> Any:
    declared = schema.get("type")
    kind = next((name for name in declared if name != "null"), "null") if isinstance(declared, list) else declared
    if kind is None:
        kind = _implied(schema)
    if kind == "object":
        return _object(schemas, schema, optional, depth, trail)
    if kind == "array":
        return _array(schemas, schema, optional, depth, trail)
    if kind == "string":
        return _string(schema)
    if kind in {"integer", "number"}:
        return _number(schema, kind == "integer")
    return {"boolean": True, "null": None}.get(kind, {}) if kind else {}


def _implied(schema: Mapping[str, Any]) -> str | None:
    if "properties" in schema or "required" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    if "pattern" in schema or "minLength" in schema or "format" in schema:
        return "string"
    return "number" if "minimum" in schema or "maximum" in schema else None


def _object(schemas: Schemas, schema: Mapping[str, Any], optional: bool, depth: int, trail: tuple[int, ...]) -> Any:
    required = set(schema.get("required", ()))
    made: dict[str, Any] = {}
    for name, member in schema.get("properties", {}).items():
        if name not in required and (not optional or depth >= _DEPTH):
            continue
        try:
            made[name] = _make(schemas, member, optional, depth + 1, trail)
        except NoValue:
            if name in required:
                raise
    extra = schema.get("additionalProperties", {})
    for name in sorted(required - made.keys()):
        made[name] = _make(schemas, extra, False, depth + 1, trail)
    index = 0
    while len(made) < schema.get("minProperties", 0) and index < 100:
        made.setdefault(f"key{index}", _make(schemas, extra, False, depth + 1, trail))
        index += 1
    return made


def _array(schemas: Schemas, schema: Mapping[str, Any], optional: bool, depth: int, trail: tuple[int, ...]) -> Any:
    made = [_make(schemas, item, optional, depth + 1, trail) for item in schema.get("prefixItems", ())]
    wanted = max(schema.get("minItems", 0), 1 if optional and depth < _DEPTH and "prefixItems" not in schema else 0)
    wanted = min(wanted, schema.get("maxItems", wanted))
    while len(made) < wanted:
        try:
            item = _make(schemas, schema.get("items", {}), optional, depth + 1, trail)
        except NoValue:
            if len(made) >= schema.get("minItems", 0):
                break
            raise
        made.append(_distinct(item, len(made)) if schema.get("uniqueItems") else item)
    return made


def _distinct(item: Any, number: int) -> Any:
    if number == 0 or isinstance(item, bool):
        return item
    if isinstance(item, str):
        return f"{item}{number}"
    return item + number if isinstance(item, int | float) else item


def _string(schema: Mapping[str, Any]) -> str:
    text = _FORMATS.get(str(schema.get("format")), "string")
    if "pattern" in schema:
        return _matching(str(schema["pattern"]), schema.get("minLength", 0), schema.get("maxLength"))
    if len(text) < schema.get("minLength", 0):
        text += "x" * (schema["minLength"] - len(text))
    return text[: schema["maxLength"]] if "maxLength" in schema else text


def _matching(pattern: str, shortest: int, longest: int | None) -> str:
    from wirewright.contract.patterns import matching_text

    text = matching_text(pattern, shortest, longest)
    if text is None:
        raise NoValue(f"no text could be made up for the pattern {pattern}")
    return text


def _number(schema: Mapping[str, Any], whole: bool) -> int | float:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = schema.get("multipleOf") or (1 if whole else None)
    value: float = 0 if whole else 0.5
    if low is not None or above is not None:
        value = max(value, *(bound for bound in (low, above) if bound is not None))
    if high is not None or below is not None:
        value = min(value, *(bound for bound in (high, below) if bound is not None))
    if step:
        value = math.ceil(value / step) * step
        value += step if above is not None and value <= above else 0
        value -= step if (below is not None and value >= below) or (high is not None and value > high) else 0
    elif above is not None and value <= above:
        value = above + (1 if below is None else (below - above) / 2)
    elif below is not None and value >= below:
        value = below - (1 if above is None else (below - above) / 2)
    return int(value) if whole or (isinstance(step, int) and float(value).is_integer()) else value
