"""JSON Schema validators, compiled once for each place of a document that is asked about."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from wirewright.contract.problems import Problem
from wirewright.contract.shapes import is_array, is_object

if TYPE_CHECKING:
    import jsonschema_rs

log = logging.getLogger("wirewright.contract")
_BASE = "urn:wirewright:document"
_MAX_PROBLEMS = 20


def pointer(*parts: str | int) -> str:
    """A JSON pointer from its parts: `pointer("paths", "/a")` is `/paths/~1a`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def look_up(document: Any, place: str) -> Any:
    """The value at a JSON pointer. Raises LookupError where it leads nowhere."""
    value = document
    for part in place.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if is_array(value) else value[key]
    return value


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _never(uri: str) -> Any:
    """A canonical document is whole: nothing is ever fetched for it."""
    raise ValueError(f"{uri} is not part of the document")


class Validator:
    """Checks values against one schema."""

    __slots__ = ("_compiled", "is_valid", "place")

    def __init__(self, place: str, compiled: jsonschema_rs.Draft202012Validator) -> None:
        self.place = place
        self._compiled = compiled
        self.is_valid = compiled.is_valid

    def problems(self, value: Any, where: str) -> list[Problem]:
        """Everything wrong with `value`, at most 20, the deepest cause of a failed union first."""
        if self.is_valid(value):
            return []
        found: list[Problem] = []
        for error in self._compiled.iter_errors(value):
            missing = error.schema_path[-1:] == ["required"]
            found.append(
                Problem(
                    kind="missing" if missing else "schema",
                    place=where + pointer(*error.instance_path),
                    message=error.message if len(error.message) < 300 else error.message[:297] + "...",
                    rule=self.place + pointer(*error.schema_path),
                )
            )
            if len(found) == _MAX_PROBLEMS:
                break
        return found


class Schemas:
    """All schemas of a canonical document, by JSON pointer."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._registry: jsonschema_rs.Registry | None = None
        self._compiled: dict[str, Validator] = {}
        self._unusable: set[str] = set()

    def at(self, place: str) -> Validator:
        """The validator of the schema at a JSON pointer. Raises ValueError when the schema cannot be compiled."""
        validator = self._compiled.get(place)
        if validator is None:
            validator = self._compiled[place] = self._compile(place)
        return validator

    def usable(self, place: str) -> Validator | None:
        """As `at`, but None, with one warning in the log, for a schema that cannot be compiled: it is not checked."""
        if place not in self._unusable:
            try:
                return self.at(place)
            except ValueError as error:
                self._unusable.add(place)
                log.warning("%s; it is not checked", error)
        return None

    def look_up(self, place: str) -> Any:
        """The value at a JSON pointer of the document. Raises LookupError where it leads nowhere."""
        return look_up(self._document, place)

    def resolve(self, schema: Any) -> Any:
        """Follows `$ref` until something else is found."""
        for _ in range(32):
            if not is_object(schema) or not isinstance(schema.get("$ref"), str):
                return schema
            schema = look_up(self._document, schema["$ref"].removeprefix("#"))
        return {}

    def _compile(self, place: str) -> Validator:
        import jsonschema_rs

        if self._registry is None:
            self._registry = jsonschema_rs.Registry([(_BASE, dict(self._document))], retriever=_never)
        try:
            compiled = jsonschema_rs.Draft202012Validator(
                {"$ref": _BASE + "#" + quote(place, safe="/~")},
                registry=self._registry,
                retriever=_never,
                validate_formats=True,
                formats={"byte": _is_base64},
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise ValueError(f"the schema at {place} cannot be used: {error}") from error
        return Validator(place, compiled)


def branch_of(schemas: Schemas, schema: Any, kind: str, _depth: int = 0) -> Mapping[str, Any]:
    """The part of a schema that describes its values of one JSON type: `array` of a nullable array, say. Else empty."""
    schema = schemas.resolve(schema)
    if not is_object(schema) or _depth > 8:
        return {}
    declared = schema.get("type")
    if declared == kind or (is_array(declared) and kind in declared):
        return schema
    for keyword in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(keyword, ()):
            if found := branch_of(schemas, branch, kind, _depth + 1):
                return found
    return {}


def type_names(schemas: Schemas, schema: Any, _depth: int = 0) -> frozenset[str]:
    """The JSON types that a schema allows, as far as it says; empty when it allows any."""
    schema = schemas.resolve(schema)
    if not is_object(schema) or _depth > 8:
        return frozenset()
    declared = schema.get("type")
    if isinstance(declared, str):
        return frozenset({declared})
    if is_array(declared):
        return frozenset(str(name) for name in declared)
    values: Sequence[Any] = [schema["const"]] if "const" in schema else schema.get("enum", ())
    if values:
        return frozenset(json_type(value) for value in values)
    names: frozenset[str] = frozenset()
    for keyword in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(keyword, ()):
            names |= type_names(schemas, branch, _depth + 1)
    return names


def json_type(value: Any) -> str:
    """The JSON type of a value; `integer` for whole numbers that are written as such."""
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"
