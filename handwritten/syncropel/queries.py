"""Reading records: queries that fail open, and questions that wait for an answer (protocol sheet §10, §12)."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from syncropel_api.v0_7.operations import health, records, threads
from wirewright.errors import WirewrightError
from wirewright.request import Request
from wirewright.response import Outcome

from syncropel import wire
from syncropel.checks import is_array, is_object
from syncropel.inference import (
    InferOptions,
    InferPending,
    InferResult,
    build_infer_query_body,
    find_infer_result,
    random_thread_id,
)

JsonRecord = dict[str, Any]
SEARCH_DISABLED = 503


class Queries(ABC):
    """The reading half of `Client`. What network and kernel do wrong gives an empty answer."""

    @abstractmethod
    async def _read(self, request: Request[Any]) -> Outcome[bytes | None]:
        """One call, sent once."""

    @abstractmethod
    def _envelope(self, act: str, body: dict[str, Any], thread: str) -> Mapping[str, Any]:
        """A record of this client's actor, outside the grammar."""

    async def query_thread(self, thread: str, *, limit: int | None = 100, since: int | None = None) -> list[JsonRecord]:
        """The records of a thread as they were ingested, at most `limit`, from the clock `since` on."""
        if not thread:
            raise ValueError("query_thread requires a non-empty thread id")
        return _records(await self._read(threads.list_thread_records(thread, limit=limit or None, since=since)))

    async def query(
        self,
        *,
        kind: str | None = None,
        actor: str | None = None,
        thread: str | None = None,
        since: int | None = None,
        limit: int = 100,
        where: Mapping[str, Any] | None = None,
    ) -> list[JsonRecord]:
        """Records that match all that is given; at least one of `kind`, `actor` and `thread`.

        `where` maps dotted paths to values (None also matches what is not there). `kind` and `where` are looked at
        here, after the kernel has applied `limit`, so fewer than `limit` may be left.
        """
        if not (kind or actor or thread):
            raise ValueError("query requires at least one of: kind, actor, thread")
        request = records.list_records(limit=limit, thread=thread or None, actor=actor or None, since=since)
        wanted = {**({"body.kind": kind} if kind else {}), **(where or {})}
        found = _records(await self._read(request))
        return [record for record in found if all(_at(record, path) == value for path, value in wanted.items())]

    async def rich_query(
        self,
        *,
        filter: dict[str, Any],
        thread: str | None = None,
        sort: dict[str, int] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        explain: bool = False,
    ) -> dict[str, Any]:
        """Records by a MongoDB-style filter, as `{"records": [...]}`; with `explain` the kernel may add its `plan`.

        `{}` matches everything. `sort` maps field paths to 1 (ascending) or -1.
        """
        if not is_object(filter):
            raise ValueError("rich_query requires a filter dict")
        optional = {
            "thread": thread,
            "sort": sort,
            "limit": limit,
            "offset": offset,
            "explain": True if explain else None,
        }
        body = {"filter": filter, **{name: value for name, value in optional.items() if value is not None}}
        answer = wire.json_or_none(await self._read(records.query_records(wire.json_body(body))))
        if not is_object(answer):
            return {"records": []}
        return {"records": answer.get("data", []), **({"plan": answer["plan"]} if "plan" in answer else {})}

    async def search(
        self,
        query: str,
        *,
        k: int = 10,
        thread: str | None = None,
        actor: str | None = None,
        kind: str | None = None,
        after_clock: int | None = None,
    ) -> dict[str, Any]:
        """The `k` records closest in meaning, as `{"embedder", "k", "hits"}`; the filters narrow what was ranked.

        A kernel that does not search gives no hits and `"disabled": True`.
        """
        if not query or not query.strip():
            raise ValueError("search requires a non-empty query")
        narrow = {"thread": thread, "actor": actor, "kind": kind, "after_clock": after_clock}
        body = {"query": query, "k": k, **{name: value for name, value in narrow.items() if value is not None}}
        outcome = await self._read(records.search_records(wire.json_body(body)))
        answer = wire.json_or_none(outcome)
        if is_object(answer):
            return {"embedder": answer.get("embedder"), "k": answer.get("k"), "hits": answer.get("data", [])}
        disabled = wire.status_of(outcome.error) == SEARCH_DISABLED
        return {"embedder": None, "k": k, "hits": [], **({"disabled": True} if disabled else {})}

    async def health(self) -> dict[str, Any]:
        """What the kernel says of itself; empty when it does not answer."""
        answer = wire.json_or_none(await self._read(health.check_health()))
        return {} if answer is None else answer

    async def infer(self, request: dict[str, Any], options: InferOptions | None = None) -> InferResult | InferPending:
        """Ask a question of responders and, unless told otherwise, wait for the folded answer.

        Raises `RuntimeError` when the question is not taken, `TimeoutError` when no answer comes in time.
        """
        options = options or InferOptions()
        thread = options.thread or random_thread_id()
        envelope = self._envelope("INTEND", build_infer_query_body(request), thread)
        asked = await self._read(wire.emit_request(wire.json_body(envelope)))
        if asked.error is not None:
            raise _not_taken(asked.error) from asked.error
        receipt = wire.json_object(asked.value)
        pending = InferPending(str(receipt.get("id") or ""), str(receipt.get("thread") or thread))
        return await self._answer(pending, options) if options.wait else pending

    async def _answer(self, question: InferPending, options: InferOptions) -> InferResult:
        give_up = time.monotonic() + options.poll_timeout_ms / 1000
        while True:
            found = find_infer_result(await self.query_thread(question.thread_id), question.correlation_id)
            if found is not None:
                return found
            if time.monotonic() >= give_up:
                raise TimeoutError(
                    f"infer timed out after {options.poll_timeout_ms}ms: no answer with "
                    f"correlation_id={question.correlation_id} on thread={question.thread_id}"
                )
            await asyncio.sleep(options.poll_interval_ms / 1000)


def _not_taken(error: WirewrightError) -> RuntimeError:
    if wire.is_status(error):
        return RuntimeError(f"infer intend rejected (HTTP {error.status}): {wire.text_of(error)[: wire.EXCERPT]}")
    return RuntimeError(f"infer intend failed: {wire.cause_of(error)}")


def _records(outcome: Outcome[bytes | None]) -> list[JsonRecord]:
    answer = wire.json_or_none(outcome)
    found = answer.get("data") if is_object(answer) else answer
    return found if is_array(found) else []


def _at(record: Any, path: str) -> Any:
    """The value at a dotted path, through objects only; None where a step is missing."""
    for step in path.split("."):
        if not is_object(record):
            return None
        record = record.get(step)
    return record
