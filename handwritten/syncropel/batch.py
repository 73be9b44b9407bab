"""Many records in few requests.

`POST /v1/records/batch` is a proposal (spec 0.8) that no released kernel answers; one that does not know it answers
404, 405 or 501, and the records are sent one by one, in the same order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from syncropel_api.v0_8.operations.records import emit_records

from syncropel import wire
from syncropel.checks import is_array, is_object
from syncropel.emission import Emission, EmitResult, to_result

if TYPE_CHECKING:
    from wirewright.client import AsyncClient
    from wirewright.request import Options

MAX_RECORDS = 500
"""Records in one request."""

_UNKNOWN = frozenset({404, 405, 501})

Item = tuple[Emission, Any]
"""What is emitted, and the record that it became, as a `wire.json_body`."""


@dataclass
class Support:
    """Whether the kernel knows batches, as far as was seen; None when it was never asked."""

    known: bool | None = None


async def send(
    client: AsyncClient, options: Options, support: Support, items: Sequence[Item]
) -> AsyncIterator[EmitResult]:
    """The results of all items, in order."""
    for start in range(0, len(items), MAX_RECORDS):
        chunk = items[start : start + MAX_RECORDS]
        sent = await _together(client, options, support, chunk) if support.known is not False else None
        if sent is not None:
            for result in sent:
                yield result
            continue
        for emission, record in chunk:
            yield await _alone(client, options, emission, record)


async def _alone(client: AsyncClient, options: Options, emission: Emission, record: Any) -> EmitResult:
    request = wire.emit_request(record)
    request.options = options
    return to_result(await client.deliver(request), emission)


async def _together(
    client: AsyncClient, options: Options, support: Support, chunk: Sequence[Item]
) -> list[EmitResult] | None:
    """The results of one request, None where the kernel knows no batches."""
    request = wire.verbatim(emit_records(wire.batch_body(record for _, record in chunk)))
    request.options = options
    outcome = await client.deliver(request)
    if wire.status_of(outcome.error) in _UNKNOWN and not support.known:
        support.known = False
        return None
    if outcome.error is not None:
        return [to_result(outcome, emission) for emission, _ in chunk]
    support.known = True
    answers = wire.json_object(outcome.value).get("data")
    padded: list[Any] = [*(answers if is_array(answers) else ()), *[None] * len(chunk)]
    return [_result(emission, answer, outcome.attempts) for (emission, _), answer in zip(chunk, padded, strict=False)]


def _result(emission: Emission, answer: Any, attempts: int) -> EmitResult:
    entry: dict[str, Any] = answer if is_object(answer) else {}
    status, record = entry.get("status"), entry.get("record")
    receipt: dict[str, Any] = record if is_object(record) else {}
    success = isinstance(status, int) and 200 <= status < 300
    return EmitResult(
        success=success,
        record_id=receipt.get("id") if success else None,
        clock=receipt.get("clock") if success else None,
        error=None if success else wire.batch_error(status, entry.get("error")),
        retried=max(attempts - 1, 0),
        kind=emission.kind,
        act=emission.act,
        thread=emission.thread,
    )
