"""Scalars on the wire: how single Python values are written in URLs, forms and headers.

Moments are RFC 3339 and always carry an offset: a naive `datetime` is local time, as everywhere in Python.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import enum
import uuid
from typing import Any

import msgspec

from wirewright.narrow import is_bytes


def moment(value: dt.datetime) -> str:
    """RFC 3339 with an offset."""
    aware = value if value.tzinfo is not None else value.astimezone()
    text = aware.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def text_of(value: Any) -> str:
    """One scalar as it is written in a URL, a form field or a header. Raises `TypeError` for anything else."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, dt.datetime):
        return moment(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(msgspec.to_builtins(value))
    if isinstance(value, int | float | decimal.Decimal | uuid.UUID):
        return str(value)
    if is_bytes(value):
        return base64.b64encode(bytes(value)).decode()
    raise TypeError(f"{type(value).__name__} is no scalar")
