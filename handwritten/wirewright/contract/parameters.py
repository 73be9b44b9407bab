"""Reads parameters off the wire: every location and style of OpenAPI, back to JSON values.

The counterpart of `wirewright.parameters`, which writes them. Text becomes a number, boolean or null where the schema
says so and the text allows it; anything else stays text, and validation says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote, unquote_plus

from wirewright.contract.bodies import is_json, read_json, split_pairs
from wirewright.contract.schemas import Schemas, Validator, branch_of, type_names
from wirewright.contract.shapes import is_array, is_object

Pairs = Sequence[tuple[str, str]]
Coerce = Callable[[str], Any]

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
DEFAULT_STYLE = {"path": "simple", "query": "form", "header": "simple", "cookie": "form", "querystring": "form"}


class Absent:
    """The type of ABSENT: a parameter that was not sent."""

    def __bool__(self) -> bool:
        return False


ABSENT = Absent()
DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|", "tabDelimited": "\t"}


def retyped(schemas: Schemas, schema: Any, value: Any) -> Any:
    """A value whose leaves are text, with the leaves turned into what the schema says."""
    if isinstance(value, str):
        if value[:1] in "{[" and (nested := _nested(schemas, schema, value)) is not None:
            return nested
        array = branch_of(schemas, schema, "array")
        return [coercion(schemas, array.get("items", {}))(value)] if array else coercion(schemas, schema)(value)
    if is_array(value):
        items = branch_of(schemas, schema, "array").get("items", {})
        return [retyped(schemas, items, item) for item in value]
    if is_object(value):
        declared = branch_of(schemas, schema, "object")
        if not declared and branch_of(schemas, schema, "array") and all(name.isdigit() for name in value):
            return retyped(schemas, schema, [value[name] for name in sorted(value, key=int)])  # `a[0][b]=1`
        properties, extra = declared.get("properties", {}), declared.get("additionalProperties", {})
        return {name: retyped(schemas, properties.get(name, extra), member) for name, member in value.items()}
    return value


def _nested(schemas: Schemas, schema: Any, text: str) -> Any:
    """An object or a list that is written as JSON inside a form, as OpenAPI says; None when it is none."""
    if not any(branch_of(schemas, schema, kind) for kind in ("object", "array")):
        return None
    try:
        value = _content(text)
    except ValueError:
        return None
    return value if is_object(value) or is_array(value) else None


def _text(text: str) -> str:
    return text


def coercion(schemas: Schemas, schema: Any) -> Coerce:
    """How text becomes a scalar of this schema."""
    names = type_names(schemas, schema)
    if names <= {"string"}:
        return _text

    def coerce(text: str) -> Any:
        if "integer" in names and _INTEGER.fullmatch(text):
            return int(text)
        if "number" in names and _NUMBER.fullmatch(text):
            return float(text) if not _INTEGER.fullmatch(text) else int(text)
        if "boolean" in names and text in {"true", "false"}:
            return text == "true"
        if "null" in names and text in {"null", ""}:
            return None if text == "null" or "string" not in names else text
        return text

    return coerce


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter. `decode` answers its value or ABSENT, and raises ValueError when it cannot be read."""

    name: str
    location: str
    required: bool
    style: str
    explode: bool
    shape: str  # "scalar", "array" or "object"
    coerce: Coerce
    members: Mapping[str, Coerce]  # of an object; "*" for any other member
    retype: Callable[[Any], Any]  # nested text to what the schema says
    media_type: str | None
    validator: Validator | None

    @property
    def _delimiter(self) -> str:
        return DELIMITERS.get(self.style, ",")

    def decode_path(self, raw: str) -> Any:
        if self.media_type:
            return _content(unquote(raw))
        prefix = {"label": ".", "matrix": ";"}.get(self.style)
        if prefix is None:
            split = self.style in DELIMITERS
            return self._delimited(unquote(raw) if split else raw, self._delimiter, str if split else unquote)
        if not raw.startswith(prefix):
            raise ValueError(f"must start with {prefix!r}")
        if self.style == "label":
            return self._delimited(raw[1:], "." if self.explode else ",", unquote)
        return self._matrix(raw[1:])

    def decode_query(self, pairs: Pairs, claimed: frozenset[str] = frozenset()) -> Any:
        """`claimed` are the names of the other parameters: an open object takes whatever nobody else does."""
        if self.style == "deepObject":
            return self._deep(pairs)
        if self.shape == "object" and self.explode and not self.media_type:
            return self._exploded_object(pairs, claimed)
        found = [raw for name, raw in pairs if name == self.name]
        if not found:
            return ABSENT
        if self.media_type:
            return _content(unquote_plus(found[0]))
        if self.shape == "array" and (self.explode or len(found) > 1):
            return self.retype([unquote_plus(raw) for raw in found])
        if self.style == "spaceDelimited":
            return self._delimited(found[0].replace("+", "%20"), "%20", unquote_plus)
        if self.style in DELIMITERS:
            escaped = re.compile(f"%{ord(self._delimiter):02x}", re.IGNORECASE)
            return self._delimited(escaped.sub(self._delimiter, found[0]), self._delimiter, unquote_plus)
        return self._delimited(found[-1], ",", unquote_plus)

    def decode_querystring(self, query: str) -> Any:
        """The whole query as one value (OpenAPI 3.2 `in: querystring`)."""
        if self.media_type and is_json(self.media_type):
            return _content(unquote(query))
        found: dict[str, list[str]] = {}
        for name, raw in split_pairs(query):
            found.setdefault(name, []).append(unquote_plus(raw))
        return self.retype({name: values[0] if len(values) == 1 else values for name, values in found.items()})

    def decode_header(self, raw: str) -> Any:
        return _content(raw) if self.media_type else self._delimited(raw, self._delimiter, str.strip)

    def decode_cookie(self, pairs: Pairs) -> Any:
        """Style `form` is percent-decoded, `cookie` (OpenAPI 3.2) is not."""
        clean = unquote if self.style == "form" else str
        if self.shape == "object" and self.explode and not self.media_type:
            return self._exploded_object(pairs, frozenset())
        found = [raw for name, raw in pairs if name == self.name]
        if not found:
            return ABSENT
        if self.media_type:
            return _content(unquote(found[0]))
        if self.shape == "array" and self.explode:
            return [self.coerce(clean(raw)) for raw in found]
        return self._delimited(found[0], ",", clean)

    def _member(self, name: str, text: str) -> Any:
        return self.members.get(name, self.members.get("*", self.coerce))(text)

    def _delimited(self, raw: str, delimiter: str, clean: Callable[[str], str]) -> Any:
        if self.shape == "scalar":
            return self.coerce(clean(raw))
        pieces = raw.split(delimiter) if raw else []
        if self.shape == "array":
            return self.retype([clean(piece) for piece in pieces])
        if self.explode:
            halves = [piece.partition("=") for piece in pieces]
            return {clean(name): self._member(clean(name), clean(text)) for name, _, text in halves}
        if len(pieces) % 2:
            raise ValueError("must be name,value pairs")
        names = [clean(piece) for piece in pieces[::2]]
        return {name: self._member(name, clean(piece)) for name, piece in zip(names, pieces[1::2], strict=True)}

    def _matrix(self, raw: str) -> Any:
        pairs = [(name, text) for name, _, text in (piece.partition("=") for piece in raw.split(";"))]
        if self.shape == "object" and self.explode:
            return {unquote(name): self._member(unquote(name), unquote(text)) for name, text in pairs}
        if any(unquote(name) != self.name for name, _ in pairs):
            raise ValueError(f"must be of the form ;{self.name}=value")
        if self.shape == "array" and self.explode:
            return [self.coerce(unquote(text)) for _, text in pairs]
        return self._delimited(pairs[0][1], ",", unquote)

    def _deep(self, pairs: Pairs) -> Any:
        """`filter[owner][name]=x`: any depth; a name that comes again, ends in `[]` or in numbers makes a list."""
        found: dict[str, Any] = {}
        for key, raw in pairs:
            name, bracket, rest = key.partition("[")
            if name == self.name and bracket and rest.endswith("]"):
                steps = rest[:-1].split("][")
                _put(found, [self.name, *(steps if steps[-1] else steps[:-1])], unquote_plus(raw))
        return self.retype(found[self.name]) if found else ABSENT

    def _exploded_object(self, pairs: Pairs, claimed: frozenset[str]) -> Any:
        """Its members are parameters of their own: those it declares or, when it declares none, all that are left."""
        found: dict[str, list[str]] = {}
        is_open = set(self.members) <= {"*"}
        for name, raw in pairs:
            if name in self.members or (is_open and name not in claimed):
                found.setdefault(name, []).append(unquote_plus(raw))
        plain = {name: values[0] if len(values) == 1 else values for name, values in found.items()}
        return self.retype(plain) if plain else ABSENT


def _put(into: dict[str, Any], path: list[str], text: str) -> None:
    for part in path[:-1]:
        inner = into.setdefault(part, {})
        if not is_object(inner):
            raise ValueError(f"{part} is both a value and an object")
        into = inner
    held = into.get(path[-1])
    into[path[-1]] = text if held is None else [*held, text] if is_array(held) else [held, text]


def _content(text: str) -> Any:
    try:
        return read_json(text.encode())
    except ValueError as error:
        raise ValueError(f"is {error}") from error


def read_parameter(schemas: Schemas, declared: Mapping[str, Any], place: str) -> Parameter:
    """A parameter object of the canonical document, ready to decode."""
    location = "querystring" if declared.get("x-querystring") is True else str(declared["in"])
    media_type, schema, schema_place = _typed(declared, place)
    names = type_names(schemas, schema)
    shape = "array" if "array" in names else "object" if "object" in names else "scalar"
    style = str(declared.get("x-style") or declared.get("style", DEFAULT_STYLE.get(location, "form")))
    item = branch_of(schemas, schema, "array").get("items", {}) if shape == "array" else schema
    return Parameter(
        name=str(declared["name"]),
        location=location,
        required=bool(declared.get("required", location == "path")),
        style=style,
        explode=bool(declared.get("explode", style in {"form", "deepObject"})),
        shape=shape,
        coerce=coercion(schemas, item),
        members=_members(schemas, branch_of(schemas, schema, "object")) if shape == "object" else {},
        retype=partial(retyped, schemas, schema),
        media_type=media_type,
        validator=schemas.usable(schema_place) if schema_place else None,
    )


def _typed(declared: Mapping[str, Any], place: str) -> tuple[str | None, Any, str | None]:
    content = declared.get("content")
    if is_object(content) and content:
        media_type, value = next(iter(content.items()))
        name = str(media_type).replace("~", "~0").replace("/", "~1")
        has_schema = is_object(value) and "schema" in value
        return str(media_type), value.get("schema", {}), f"{place}/content/{name}/schema" if has_schema else None
    return None, declared.get("schema", {}), place + "/schema" if "schema" in declared else None


def _members(schemas: Schemas, schema: Mapping[str, Any]) -> dict[str, Coerce]:
    properties, extra = schema.get("properties", {}), schema.get("additionalProperties", {})
    return {str(name): coercion(schemas, value) for name, value in properties.items()} | {"*": coercion(schemas, extra)}
