"""Canonical JSON: the one text of a value that record ids are made from.

Not RFC 8785: integral floats are written as integers of any size, other floats in Python's shortest form (`1e-07`),
and keys are sorted by Unicode code point. Strings are not normalised; ids depend on it. Rules: protocol sheet §4.
"""

from __future__ import annotations

import json
import math
from typing import Any

from syncropel.checks import is_array, is_object, type_name


def canonical_value(value: Any) -> Any:
    """`value` prepared for canonical JSON: keys sorted at every depth, integral floats as integers.

    Raises `ValueError` for NaN and infinities, `TypeError` for anything that is no JSON value (tuples included).
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int | str):
        return value
    if is_array(value):
        return [canonical_value(item) for item in value]
    if is_object(value):
        return {key: canonical_value(value[key]) for key in sorted(value)}
    raise TypeError(f"Unsupported type: {type_name(value)}")


def _number(value: float) -> float | int:
    if not math.isfinite(value):
        raise ValueError("NaN and Infinity not allowed in canonical JSON")
    return int(value) if value.is_integer() else value


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def canonical_json(record_dict: Any) -> str:
    """The canonical text of any JSON value. Raises as `canonical_value`."""
    return _encode(canonical_value(record_dict))
