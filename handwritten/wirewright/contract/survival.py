"""Does a value survive the client? Decoded and encoded again it must say what it said.

Also with what its server may add tomorrow: fields that the spec does not know, and new values of its enums.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from wirewright.contract.document import MediaType
from wirewright.contract.shapes import is_array, is_object
from wirewright.contract.walking import Node, put, walk

UNKNOWN_FIELD = "x_added_tomorrow"
UNKNOWN_FIELD_VALUE = {"list": [1, None, "é"], "flag": True}
UNKNOWN_ENUM_VALUE = "added-tomorrow"
_PRECISION = timedelta.resolution  # Python's own; servers may write nanoseconds
_DURATION = re.compile(
    r"(-?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII
)  # of fixed length


def with_unknown_fields(form: MediaType, value: Any) -> Any | None:
    """The value with a field that the spec does not know in each open object; None when it has no open object."""
    changed, count = value, 0
    for node in walk(form, value):
        if is_object(node.value) and _is_open(node):
            held = _at(changed, node.path)
            changed = put(changed, node.path, {**held, UNKNOWN_FIELD: UNKNOWN_FIELD_VALUE})
            count += 1
    return changed if count else None


def with_unknown_enum_values(form: MediaType, value: Any) -> Any | None:
    """The value with a new value in place of each one of an enum of texts; None when it has none."""
    changed, count = value, 0
    tags: set[tuple[str | int, ...]] = set()
    for node in walk(form, value):
        tags |= {(*node.path, tag) for tag in node.tags}
        if isinstance(node.value, str) and "enum" in node.schema and node.path not in tags:
            changed = put(changed, node.path, UNKNOWN_ENUM_VALUE)
            count += 1
    return changed if count else None


def _is_open(node: Node) -> bool:
    """An object with named members to which others may be added; a map's members mean something else."""
    return bool(node.schema.get("properties")) and node.schema.get("additionalProperties", True) in (True, {})


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def differences(before: Any, after: Any, path: str = "$") -> Iterator[str]:
    """Where two JSON values do not say the same. Two spellings of one moment, number or duration say the same."""
    if is_object(before) and is_object(after):
        for name in before.keys() | after.keys():
            if name not in after:
                yield f"{path}.{name} is lost"
            elif name not in before:
                yield f"{path}.{name} is new: {_short(after[name])}"
            else:
                yield from differences(before[name], after[name], f"{path}.{name}")
    elif is_array(before) and is_array(after):
        if len(before) != len(after):
            yield f"{path} had {len(before)} items, has {len(after)}"
        for index, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from differences(one, other, f"{path}[{index}]")
    elif not _same(before, after):
        yield f"{path} was {_short(before)}, is {_short(after)}"


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, bool) or isinstance(after, bool) or before is None or after is None:
        return before is after
    if isinstance(before, str) and isinstance(after, str):
        return before == after or _mean_the_same(_meaning(before), _meaning(after))
    if isinstance(before, int | float) and isinstance(after, int | float):
        return before == after
    return type(before) is type(after) and bool(before == after)


def _mean_the_same(before: Any, after: Any) -> bool:
    if isinstance(before, datetime) and isinstance(after, datetime):
        return abs(before - after) <= _PRECISION
    return before is not None and bool(before == after)


def _meaning(text: str) -> Any:
    """What a text of a well-known form means; None for any other text."""
    for read in (_moment, time.fromisoformat, date.fromisoformat, _duration, _decimal, _bytes):
        try:
            return read(text)
        except (ValueError, InvalidOperation, binascii.Error):
            continue
    return None


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if "T" not in text.upper() and " " not in text:
        raise ValueError(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _duration(text: str) -> Decimal:
    hit = _DURATION.fullmatch(text)
    if hit is None:
        raise ValueError(text)
    weeks, days, hours, minutes, seconds = (Decimal(part or 0) for part in hit.groups()[1:])
    total = ((weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
    return -total if hit[1] else total


def _decimal(text: str) -> Decimal:
    return Decimal(text)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."
