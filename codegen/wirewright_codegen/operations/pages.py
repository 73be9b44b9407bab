"""`x-pagination` of an operation: where its items are, by attribute, and what they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from wirewright_codegen.document import MediaType, Response, UntrustedString
from wirewright_codegen.models.annotations import annotation
from wirewright_codegen.models.schemas import as_schema, ref_name
from wirewright_codegen.models.shapes import field_names
from wirewright_codegen.operations.found import Found
from wirewright_codegen.operations.media import envelope_member
from wirewright_codegen.operations.projection import SCHEMA
from wirewright_codegen.operations.values import Pagination

Schemas = Mapping[str, Any]
STYLES = ("cursor", "offset", "page", "link")


def read_pagination(found: Found, schemas: Schemas, method: str, siblings: Collection[str]) -> Pagination | None:
    """How the pages of an operation are had; None when it does not say, or says something unknown."""
    value = as_schema(found.extra.get("x-pagination"))
    if value is None or value.get("style", "cursor") not in STYLES:
        return None
    attributes, item = _items_at(found, str(value.get("items") or ""), schemas)
    return Pagination(
        style=value.get("style", "cursor"),
        items=attributes,
        next=_text(value, "next"),
        parameter=_text(value, "parameter"),
        limit=_text(value, "limit"),
        item_annotation=annotation(item, "m."),
        method=next(name for name in (f"{method}_all", f"iterate_{method}", f"{method}_pages") if name not in siblings),
    )


def _text(value: Mapping[str, Any], key: str) -> UntrustedString | None:
    return UntrustedString(value[key]) if isinstance(value.get(key), str) else None


def _items_at(found: Found, pointer: str, schemas: Schemas) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """The attributes that a pointer into the answer passes, and the schema of the items it leads to."""
    for response in found.source.responses.values():
        contents: Mapping[UntrustedString, MediaType] = (
            (response.content or {}) if isinstance(response, Response) else {}
        )
        for media in contents.values():
            extra: Mapping[str, Any] = media.model_extra or {}
            if SCHEMA in extra:
                return _walked(extra[SCHEMA], pointer, envelope_member(extra), schemas)
    return (), {}


def _walked(
    schema: Mapping[str, Any], pointer: str, envelope: str | None, schemas: Schemas
) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    attributes: list[str] = []
    for number, step in enumerate(pointer.removeprefix("#").split("/")[1:]):
        key = step.replace("~1", "/").replace("~0", "~")
        properties = _resolved(schema, schemas).get("properties", {})
        if not (number == 0 and key == envelope):
            attributes.append(field_names(properties).get(key, key))
        schema = properties.get(key, {})
    return tuple(attributes), as_schema(_resolved(schema, schemas).get("items")) or {}


def _resolved(schema: Mapping[str, Any], schemas: Schemas) -> Mapping[str, Any]:
    """The object or array behind references and `null`."""
    for _ in range(50):
        name = ref_name(schema)
        if name is not None and name in schemas:
            schema = schemas[name]
        elif "anyOf" in schema:
            schema = _not_null(schema["anyOf"])
        else:
            break
    return schema


def _not_null(variants: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    for variant in variants:
        if variant.get("type") != "null":
            return variant
    return {}
