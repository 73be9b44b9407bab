"""BitBlocks: the smallest unit of work in a slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sbn_calls import bitblocks as calls
from wirewright.calls import Call, Request
from wirewright.records import Record, at, mapping, number, raw, records, text

from sbn._faces import AsyncSubClient, SubClient

_NAMED = "{0}|payload.metadata.{0}|metadata.{0}"
"""A member of the block, else of its payload's metadata, else of its metadata."""
_refs = at(_NAMED.format("operation_refs"))


def _operation_refs(data: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(_refs(data) or ())


@dataclass(slots=True)
class BitBlock(Record):
    """A BitBlock as the network holds it."""

    id: str = field(metadata=text("id", default=""))
    slot_id: str = field(metadata=text("slot_id", default=""))
    block_type: str = field(metadata=text("block_type", default=""))
    generation: int = field(metadata=number("generation"))
    domain: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any], metadata=mapping("payload"))
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any], metadata=mapping("metadata"))
    snap_hash: str | None = None
    composed_block_id: str | None = None
    created_at: str | None = None
    operation_id: str | None = field(default=None, metadata=raw(_NAMED.format("operation_id")))
    idempotency_key: str | None = field(default=None, metadata=raw(_NAMED.format("idempotency_key")))
    operation_refs: Sequence[Mapping[str, Any]] = field(default=(), metadata={"read": _operation_refs})
    carrier_state: Mapping[str, Any] | None = field(default=None, metadata=raw("carrier_state|payload.carrier_state"))


def _count(data: Mapping[str, Any]) -> int:
    return int(data["count"]) if data.get("count") is not None else len(data.get("bitblocks") or [])


@dataclass(slots=True)
class BitBlockList(Record):
    """The BitBlocks of one slot, in the order of submission."""

    bitblocks: list[BitBlock] = field(metadata=records("bitblocks", BitBlock))
    slot_id: str | None = None
    count: int = field(default=0, metadata={"read": _count})


def _submit_once(fields: Mapping[str, Any], key: str, patient: bool) -> Request[Any]:
    """Submit under an idempotency key of the caller's; without patience, in one attempt."""
    request = Request[Any](calls.SUBMIT, body=fields).with_options(idempotency_key=key)
    return request if patient else request.with_options(retry=None)


class BitBlocksMethods:
    """BitBlocks of a slot."""

    submit_once = Call(_submit_once, BitBlock.of)

    submit = Call(calls.submit, BitBlock.of)
    list = Call(calls.list, BitBlockList.of)


class BitBlocksClient(BitBlocksMethods, SubClient):
    """BitBlocks of a slot."""


class AsyncBitBlocksClient(BitBlocksMethods, AsyncSubClient):
    """BitBlocks of a slot, async."""
