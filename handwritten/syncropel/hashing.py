"""Record ids and pattern hashes: SHA-256 over canonical JSON, in lowercase hex (protocol sheet §4)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from syncropel.canonical import canonical_json

if TYPE_CHECKING:
    from syncropel.record import Record

RECORD_FIELDS = ("act", "actor", "body", "clock", "data_type", "parents", "thread")
"""The keys of a record that its id is made from, in the order in which they travel."""


def sha256_hex(data: str) -> str:
    """SHA-256 of the UTF-8 bytes of `data`. A lone surrogate raises `UnicodeEncodeError`."""
    return hashlib.sha256(data.encode()).hexdigest()


def record_id(record: Record | dict[str, Any], *, fields: int = 6) -> str:
    """The hash of a record.

    For a `Record`, `fields=6` (the default) leaves `data_type` out and `fields=7` takes it in; **the id that a kernel
    assigns is the one with `fields=7`**. A dict is hashed as it is, whatever `fields` says, its `parents` unsorted.
    """
    if isinstance(record, dict):
        return sha256_hex(canonical_json(record))
    return sha256_hex(canonical_json(record.to_dict() if fields == 6 else record.to_dict_7field()))


def server_record_id(payload: Mapping[str, Any]) -> str:
    """The id that a kernel gives to a submitted record: over those of the seven fields that are there, as received."""
    return sha256_hex(canonical_json({name: payload[name] for name in RECORD_FIELDS if name in payload}))


@dataclass
class HashLevels:
    """Four hashes of one act, from exact (`l0`, with all parameters) to its bare shape (`l3`)."""

    l0: str
    l1: str
    l2: str
    l3: str


_SHAPE_KEYS = frozenset({"operation", "input_shape", "output_shape"})


def hash_levels(act: str, body: dict[str, Any]) -> HashLevels:
    """The pattern hashes of `act` with `body`: by parameters, by domain, by act and shape, by shape alone."""
    shape = {"in": body.get("input_shape", "VOID"), "out": body.get("output_shape", "VOID")}
    operation = {"op": body.get("operation", act.lower()), "p": act}
    params = {key: value for key, value in body.items() if key not in _SHAPE_KEYS}
    levels = (
        {**shape, **operation, "params": params},
        {**shape, **operation, "d": body.get("domain", "")},
        {**shape, "p": act},
        shape,
    )
    return HashLevels(*(sha256_hex(canonical_json(level)) for level in levels))
