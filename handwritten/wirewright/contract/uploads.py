"""Files among the values of a multipart body."""

from __future__ import annotations

from typing import Any

from wirewright.bodies import File
from wirewright.contract.schemas import Schemas
from wirewright.contract.shapes import is_array, is_object

_TEXTUAL = ("json", "xml", "yaml", "javascript", "graphql", "x-www-form-urlencoded")


def with_files(schemas: Schemas, schema: Any, value: Any) -> Any:
    """The value with a `File` in place of each text that stands for bytes (OpenAPI 3.0 `format: binary`, 3.1
    `contentMediaType`), which is what generated clients take there."""
    declared = schemas.resolve(schema)
    if not is_object(declared):
        return value
    for variant in declared.get("anyOf", ()):
        value = with_files(schemas, variant, value)
    if is_object(value):
        others, known = declared.get("additionalProperties"), declared.get("properties", {})
        return {name: with_files(schemas, known.get(name, others), each) for name, each in value.items()}
    if is_array(value):
        return [with_files(schemas, declared.get("items"), each) for each in value]
    return File(value.encode(), "example") if isinstance(value, str) and _holds_bytes(declared) else value


def without_files(value: Any) -> Any:
    """The value with texts again in place of the files of `with_files`."""
    if isinstance(value, File) and isinstance(value.content, bytes):
        return value.content.decode()
    if is_object(value):
        return {name: without_files(each) for name, each in value.items()}
    return [without_files(each) for each in value] if is_array(value) else value


def _holds_bytes(schema: Any) -> bool:
    if schema.get("format") == "binary":
        return True
    media_type = str(schema.get("contentMediaType", "text/plain")).partition(";")[0].strip().lower()
    plain = media_type.startswith("text/") or media_type.endswith(_TEXTUAL)
    return not plain and "contentEncoding" not in schema and "format" not in schema
