"""Closed forms of the generated models.

Generated models are open, as everywhere in Wirewright: unknown fields and odd values survive. This protocol is closed:
a frame with an unknown field, an empty id or a negative number is refused on both sides. So each class here is the
generated one with the constraints that the spec states, read from the spec that the package carries.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, cast

from neuron_api.v1_0 import models
from pydantic import BaseModel, ConfigDict, Field, create_model

Schema = dict[str, Any]
# As plain values: their parameters are not known before the spec is read.
_list: Any = list
_literal: Any = Literal
_PREFIX = "#/components/schemas/"
_SCALARS: dict[str, Any] = {"integer": int, "number": float, "boolean": bool, "null": None}
_CONSTRAINTS = {
    "minLength": "min_length",
    "pattern": "pattern",
    "minimum": "ge",
    "maximum": "le",
    "minItems": "min_length",
}


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


@cache
def _schemas() -> dict[str, Schema]:
    document = json.loads(files("neuron_api.v1_0").joinpath("spec.json").read_bytes())
    return cast("dict[str, Schema]", document["components"]["schemas"])


@cache
def closed(name: str) -> Any:
    """The closed form of a schema: a class for an object, else a type with its constraints."""
    schema = _schemas()[name]
    return _model(name, schema) if schema.get("type") == "object" else _type(schema)


def closed_model(name: str, **validators: Callable[..., Any]) -> Any:
    """The closed class of an object, with validators that the schema cannot express."""
    return _model(name, _schemas()[name], validators)


def _model(name: str, schema: Schema, validators: dict[str, Callable[..., Any]] | None = None) -> type[BaseModel]:
    generated: type[BaseModel] = getattr(models, name)
    required = set(schema.get("required", ()))
    fields: dict[str, Any] = {}
    for attribute, field in generated.model_fields.items():
        wire = field.serialization_alias or attribute
        kind = _type(schema["properties"][wire])
        fields[attribute] = _field(kind, schema["properties"][wire], wire, required=wire in required)
    return create_model(
        name,
        __base__=(generated, _Closed),
        __module__="holokai_neuron_sdk.protocol",
        __doc__=generated.__doc__,
        __validators__=validators or {},
        **fields,
    )


def _field(kind: Any, schema: Schema, wire: str, *, required: bool) -> tuple[Any, Any]:
    if "const" in schema:
        return kind, Field(default=schema["const"], alias=wire)
    if required:
        return kind, Field(alias=wire)
    return kind | None if kind is not Any else Any, Field(default=None, alias=wire)


def _type(schema: Schema) -> Any:
    if "$ref" in schema:
        return closed(schema["$ref"].removeprefix(_PREFIX))
    if "const" in schema:
        return _literal[schema["const"]]
    if "enum" in schema:
        return _literal[tuple(schema["enum"])]
    if "anyOf" in schema:
        first, *others = (_type(member) for member in schema["anyOf"])
        for other in others:
            first |= other
        return first
    return _constrained(_plain(schema), schema)


def _plain(schema: Schema) -> Any:
    match schema.get("type"):
        case "string":
            return datetime if schema.get("format") == "date-time" else str
        case "array":
            return _list[_type(schema["items"])]
        case "object":
            return dict[str, Any]
        case None:
            return Any
        case kind:
            return _SCALARS[kind]


def _constrained(kind: Any, schema: Schema) -> Any:
    given = {ours: schema[theirs] for theirs, ours in _CONSTRAINTS.items() if theirs in schema}
    return Annotated[kind, Field(**given)] if given else kind
