"""Unions of pydantic models that keep what is none of them: a variant that the server learnt since is a plain dict.

Validation is pydantic-core's own; Python is entered only for values that no variant takes.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import pydantic

from wirewright.narrow import is_mapping


def tagged_union(attribute: str, *models: Any) -> Any:
    """Models that each have another constant in `attribute`. A value with a known tag must fit its model."""

    def unknown(value: dict[str, Any]) -> dict[str, Any]:
        if any(_tag_fits(model, attribute, value) for model in models):
            raise ValueError("it does not fit the model of its tag")
        return value

    tagged: Any = Annotated[_either(models), pydantic.Field(discriminator=attribute)]
    return _in_order(tagged, Annotated[dict[str, Any], pydantic.AfterValidator(unknown)])


def mapped_union(wire: str, attribute: str, mapping: Mapping[str, Any]) -> Any:
    """Models that the value of a property tells apart, which is no constant of theirs; else the best fit.

    `wire` and `attribute` are the property's two names, `mapping` its values.
    """
    names = {tag: model.__name__ for tag, model in mapping.items()}
    models = tuple(dict.fromkeys(mapping.values()))

    def tag(value: Any) -> str | None:
        found = value.get(wire) if is_mapping(value) else getattr(value, attribute, None)
        return names.get(found) if isinstance(found, str) else None

    told: Any = Annotated[
        _either([Annotated[model, pydantic.Tag(model.__name__)] for model in models]), pydantic.Discriminator(tag)
    ]
    return _in_order(told, untagged_union(*models))


def untagged_union(*variants: Any) -> Any:
    """Variants that nothing but their shape tells apart: the best fit, by pydantic's smart mode."""
    return _in_order(_either(variants), dict[str, Any])


def _either(variants: Iterable[Any]) -> Any:
    return functools.reduce(lambda left, right: left | right, variants)


def _in_order(first: Any, last: Any) -> Any:
    return Annotated[first | last, pydantic.Field(union_mode="left_to_right")]


def _tag_fits(model: Any, attribute: str, value: Mapping[str, Any]) -> bool:
    field: pydantic.fields.FieldInfo = model.model_fields[attribute]
    wire = field.validation_alias if isinstance(field.validation_alias, str) else attribute
    tag = value.get(wire)
    return isinstance(tag, str) and tag in typing.get_args(field.annotation)
