"""A kernel in memory, for the tests of adapters: no server, no port, no event loop (protocol sheet §16)."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from syncropel.checks import is_object
from syncropel.hashing import server_record_id

if TYPE_CHECKING:
    import httpx

Record = dict[str, Any]


class MockKernel:
    """Takes records as a real kernel does, ids and the uniqueness of clocks included; the rest it leaves to tests.

    `records` holds what was accepted, in order, `threads` the same by thread. It knows the record operations of
    version 0.1 and `/health`; the whole protocol, over real HTTP, is `wirewright serve syncropel`.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.threads: dict[str, list[Record]] = defaultdict(list)
        self._sequence = 0
        self._failing_posts = 0
        self._failing_gets = 0

    # Looking

    def records_in(self, thread: str) -> list[Record]:
        """The records of a thread."""
        return list(self.threads.get(thread, ()))

    def records_by_kind(self, kind: str) -> list[Record]:
        """The records of a kind."""
        return [record for record in self.records if is_object(record["body"]) and record["body"].get("kind") == kind]

    def records_by_actor(self, actor: str) -> list[Record]:
        """The records of an actor."""
        return [record for record in self.records if record["actor"] == actor]

    def count(self) -> int:
        """How many records were accepted."""
        return len(self.records)

    # Steering

    def clear(self) -> None:
        """Forget everything."""
        self.records.clear()
        self.threads.clear()
        self._sequence = self._failing_posts = self._failing_gets = 0

    def fail_next_post(self, n: int = 1) -> None:
        """Break the connection of the next `n` emits."""
        self._failing_posts += n

    def fail_next_get(self, n: int = 1) -> None:
        """Break the connection of the next `n` reads."""
        self._failing_gets += n

    def transport(self) -> httpx.MockTransport:
        """A transport for `Client(transport=...)`, sync and async; all of them share this kernel."""
        import httpx

        return httpx.MockTransport(self._answer)

    # Answering

    def _answer(self, request: httpx.Request) -> httpx.Response:
        import httpx

        path = request.url.path
        if request.method == "POST" and path == "/v1/records":
            if self._failing_posts > 0:
                self._failing_posts -= 1
                raise httpx.ConnectError("mock-injected failure", request=request)
            status, body = self._ingest(json.loads(request.content))
        else:
            if request.method == "GET" and self._failing_gets > 0:
                self._failing_gets -= 1
                raise httpx.ConnectError("mock-injected failure", request=request)
            status, body = self._read(request, path)
        return httpx.Response(status, json=body)

    def _read(self, request: httpx.Request, path: str) -> tuple[int, dict[str, Any]]:
        if request.method == "GET" and path == "/health":
            return 200, {"status": "ok", "store": "mock", "records": self.count()}
        if request.method == "GET" and path.startswith("/v1/threads/") and path.endswith("/records"):
            return 200, {"object": "list", "data": self.records_in(path.split("/")[3])}
        if request.method == "GET" and path == "/v1/records":
            return 200, {"object": "list", "data": self._listed(dict(request.url.params))}
        return 404, {"error": f"mock: no handler for {request.method} {path}"}

    def _listed(self, query: dict[str, str]) -> list[Record]:
        wanted = {name: query[name] for name in ("thread", "actor") if name in query}
        matching = [r for r in self.records if all(r[name] == value for name, value in wanted.items())]
        return matching[: int(query.get("limit", 100))]

    def _ingest(self, payload: Record) -> tuple[int, dict[str, Any]]:
        record: Record = {
            "object": "record",
            "id": server_record_id(payload),
            "act": payload.get("act"),
            "actor": payload.get("actor"),
            "body": payload.get("body", {}),
            "clock": payload.get("clock", 0),
            "data_type": payload.get("data_type", "SCALAR"),
            "parents": payload.get("parents", []),
            "thread": payload.get("thread", ""),
        }
        self._sequence += 1
        thread = self.threads[record["thread"]]
        if any(_same_clock(record, other) for other in thread):
            where = f"thread={record['thread']} actor={record['actor']} clock={record['clock']}"
            return 400, {"error": "INGEST_FAILED", "message": f"DuplicateClock: {where}"}
        self.records.append(record)
        thread.append(record)
        return 200, {**record, "sequence": self._sequence}


def _same_clock(record: Record, other: Record) -> bool:
    return bool(other["actor"] == record["actor"] and other["clock"] == record["clock"] and other["id"] != record["id"])
