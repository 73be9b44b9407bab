"""Example values: those that a spec gives, else made up from the schema, the same each time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wirewright.contract.bodies import EVENT_STREAM, JSON_LINES, media_type_of
from wirewright.contract.document import MediaType
from wirewright.contract.schemas import Schemas
from wirewright.contract.shapes import is_array, is_object

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
_SAID = ("const", "examples", "example", "default", "enum")
_TELLING = {
    "object": {"properties", "required", "additionalProperties", "minProperties"},
    "array": {"items", "prefixItems", "minItems"},
    "string": {"pattern", "minLength", "maxLength", "format"},
    "number": {"minimum", "maximum", "multipleOf"},
}


class NoValueError(ValueError):
    """The schema allows no value, or none that could be made up."""


def documented_example(form: MediaType, schemas: Schemas) -> tuple[bool, Any]:
    """Whether the spec gives an example of this body, and the first one that its schema allows."""
    for value in _documented(form, schemas):
        if form.validator is None or form.validator.is_valid(value):
            return True, value
    return False, None


def _documented(form: MediaType, schemas: Schemas) -> list[Any]:
    found = [form.declared["example"]] if "example" in form.declared else []
    for example in form.declared.get("examples", {}).values():
        for member in ("value", "dataValue"):
            if is_object(example) and member in example:
                found.append(example[member])
    return found + _own_examples(schemas.resolve(form.schema))


def serialised_examples(form: MediaType) -> list[str]:
    """Whole bodies as text (OpenAPI 3.2 `serializedValue`), such as the frames of an event stream.

    Before 3.2 the example of a stream is a text, too: that of its frames or lines.
    """
    streamed = media_type_of(form.name) in {EVENT_STREAM, *JSON_LINES}
    words = ("serializedValue", "x-serializedValue", *(("value",) if streamed else ()))
    examples = [example for example in form.declared.get("examples", {}).values() if is_object(example)]
    found = [
        next((example[word] for word in words if isinstance(example.get(word), str)), None) for example in examples
    ]
    given = [form.declared["example"]] if streamed and isinstance(form.declared.get("example"), str) else []
    return given + [text for text in found if text is not None]


def _own_examples(schema: Any) -> list[Any]:
    if not is_object(schema):
        return []
    found = [schema["example"]] if "example" in schema else []
    examples = schema.get("examples")
    return found + (list(examples) if is_array(examples) else [])


def allowed_value(form: MediaType, schemas: Schemas) -> Any:
    """A value that the body's schema allows, with examples inside it where that can be had, else without."""
    for optional, given in ((True, True), (True, False), (False, False)):
        try:
            value = synthesise(schemas, form.schema, optional=optional, given=given)
        except NoValueError:
            continue
        if form.validator is None or form.validator.is_valid(value):
            return value
    return synthesise(schemas, form.schema, optional=False)


def synthesise(schemas: Schemas, schema: Any, *, optional: bool = True, given: bool = True) -> Any:
    """A value of the schema: examples, defaults and first choices where they are given, else the plainest value.

    `optional` also fills members that are not required (down to a few levels); without `given`, examples and defaults
    are passed over. Raises NoValueError where there is none.
    """
    return _Maker(schemas, given).make(schema, _Place(optional))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a value we are: what is filled there, and the schemas above."""

    optional: bool
    depth: int = 0
    trail: tuple[int, ...] = ()

    @property
    def generous(self) -> bool:
        return self.optional and self.depth < _DEPTH

    def under(self, schema: Mapping[str, Any]) -> _Place:
        """The place inside this schema; a schema inside itself is kept as small as it can be."""
        times = self.trail.count(id(schema))
        if times > 1 or len(self.trail) > 64:
            raise NoValueError("the schema has no end")
        return _Place(self.optional and not times, self.depth, (*self.trail, id(schema)))

    def deeper(self) -> _Place:
        return replace(self, depth=self.depth + 1)


class _Maker:
    def __init__(self, schemas: Schemas, given: bool) -> None:
        self._schemas = schemas
        self._given = _SAID if given else ("const", "enum")

    def make(self, schema: Any, place: _Place) -> Any:
        schema = self._schemas.resolve(schema)
        if schema is False or schema == {"not": {}}:
            raise NoValueError("the schema allows nothing")
        if not is_object(schema):
            return {}
        for key in self._given:
            value = schema.get(key)
            if key in {"examples", "enum"} and is_array(value) and value:
                return value[0]
            if (value is not None and key not in {"examples", "enum"}) or (key == "const" and key in schema):
                return value
        place = place.under(schema)
        for keyword in ("anyOf", "oneOf"):
            if schema.get(keyword):
                return self._choose(schema, schema[keyword], place)
        kind = _kind(schema)
        if kind == "object":
            return self._object(schema, place.deeper())
        if kind == "array":
            return self._array(schema, place.deeper())
        if kind == "string":
            return _string(schema)
        if kind in {"integer", "number"}:
            return _number(schema, kind == "integer")
        plain: dict[str, Any] = {"boolean": True, "null": None}
        return plain.get(kind, {})

    def _choose(self, schema: Mapping[str, Any], branches: list[Any], place: _Place) -> Any:
        for branch in sorted(branches, key=lambda branch: bool(self._schemas.resolve(branch) == {"type": "null"})):
            try:
                made = self.make(branch, place)
            except NoValueError:
                continue
            return _tagged(schema, branch, made) if is_object(made) else made
        raise NoValueError("no branch of the union has a value")

    def _object(self, schema: Mapping[str, Any], place: _Place) -> Any:
        required = set(schema.get("required", ()))
        made: dict[str, Any] = {}
        for name, member in schema.get("properties", {}).items():
            if name not in required and not place.generous:
                continue
            try:
                made[name] = self.make(member, place)
            except NoValueError:
                if name in required:
                    raise
        extra = schema.get("additionalProperties", {})
        spare = replace(place, optional=False)
        for name in sorted(required - made.keys()):
            made[name] = self.make(extra, spare)
        for index in range(schema.get("minProperties", 0) - len(made)):
            made[f"key{index}"] = self.make(extra, spare)
        return made

    def _array(self, schema: Mapping[str, Any], place: _Place) -> Any:
        made = [self.make(item, place) for item in schema.get("prefixItems", ())]
        least = schema.get("minItems", 0)
        wanted = max(least, 1 if place.generous and not made else 0)
        for number in range(len(made), min(wanted, schema.get("maxItems", wanted))):
            try:
                item = self.make(schema.get("items", {}), place)
            except NoValueError:
                if number >= least:
                    break
                raise
            made.append(_distinct(item, number) if schema.get("uniqueItems") else item)
        return made


def _tagged(schema: Mapping[str, Any], branch: Any, made: dict[str, Any]) -> dict[str, Any]:
    """With the discriminator's member, where the branch does not say it itself."""
    discriminator = schema.get("discriminator")
    reference = branch.get("$ref") if is_object(branch) else None
    if not is_object(discriminator) or discriminator.get("propertyName") in made:
        return made
    names = [name for name, target in discriminator.get("mapping", {}).items() if target == reference]
    return {**made, str(discriminator.get("propertyName")): names[0]} if names else made


def _kind(schema: Mapping[str, Any]) -> str:
    """The JSON type of the value to make; empty for any."""
    declared = schema.get("type")
    if is_array(declared):
        return next((str(name) for name in declared if name != "null"), "null")
    if declared is not None:
        return str(declared)
    for kind, keys in _TELLING.items():
        if not keys.isdisjoint(schema):
            return kind
    return ""


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
        raise NoValueError(f"no text could be made up for the pattern {pattern}")
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
