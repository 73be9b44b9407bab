"""The record plane of the sandbox: ingest, list, query, search and watch (protocol sheet §24)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from wirewright.sandbox import Answer, Call, Event, Events, Refuse, Rules, control, rule

from syncropel.checks import is_object
from syncropel.hashing import server_record_id
from syncropel.inference import QUERY_KIND, RESULT_KIND
from syncropel.record import ActType, DataType
from syncropel.signing import SIGNATURE_KEY, SignatureError, verify
from syncropel.testing import filters, ranking
from syncropel.testing.store import DuplicateClockError, Entry, RecordStore

DEFAULTS: Mapping[str, Any] = {
    "act": None,
    "actor": None,
    "body": {},
    "clock": 0,
    "data_type": "SCALAR",
    "parents": [],
    "thread": "",
}
"""What is stored for keys that a record leaves out; they take no part in its id."""

KERNEL_DID = "did:sync:kernel"
MAX_GROUPS = 10_000
MAX_LIMIT = 10_000
KEY_FACT = "key:"


def stored_form(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A submitted record as it is stored. Raises `ValueError` for what has no canonical form."""
    identified = {"object": "record", "id": server_record_id(payload)}
    return {**identified, **{name: payload.get(name, default) for name, default in DEFAULTS.items()}}


class RecordRules(Rules):
    """Records and what follows them."""

    records: RecordStore
    searching: bool
    strict: bool
    signatures_required: bool
    responding: bool
    heartbeat: float

    def open_records(self) -> None:
        """The empty record plane, or what the file holds."""
        self.records = RecordStore(self.data)
        self.keys = {} if self.records.file is None else self.records.file.facts(KEY_FACT)
        self.lagging = 0

    @rule("emit_record")
    def emit(self, call: Call) -> Answer:
        """One record."""
        return Answer(200, _receipt(self.ingest(call.body, call)))

    @rule("emit_records")
    def emit_many(self, call: Call) -> Answer:
        """Records one after the other, each with its own outcome."""
        return Answer(
            200, {"object": "batch", "data": [self._attempt(payload, call) for payload in call.body["records"]]}
        )

    def _attempt(self, payload: dict[str, Any], call: Call) -> dict[str, Any]:
        try:
            return {"status": 200, "record": _receipt(self.ingest(payload, call))}
        except Refuse as refusal:
            return {"status": refusal.status, "error": {"error": refusal.code, "message": refusal.message}}

    def ingest(self, payload: dict[str, Any], call: Call) -> Entry:
        """Store a record. Raises `Refuse`."""
        try:
            record = stored_form(payload)
        except (ValueError, RecursionError) as error:
            raise Refuse(400, code="INVALID_RECORD", message=f"The record has no canonical form: {error}") from error
        self._check_actor(payload, call)
        self._check_signature(payload)
        if self.strict:
            _check_names(record)
        try:
            entry = self.records.add(record)
        except DuplicateClockError as error:
            raise Refuse(400, code="INGEST_FAILED", message=str(error)) from error
        if self.responding and record["act"] == "INTEND" and record["body"].get("kind") == QUERY_KIND:
            self._respond(record)
        return entry

    def speaks_for(self, call: Call) -> str | None:
        """The DID that the call's credentials belong to, where they do; see `MembershipRules`."""
        return None

    def _check_actor(self, payload: Mapping[str, Any], call: Call) -> None:
        owner = self.speaks_for(call)
        if owner is not None and payload.get("actor") != owner:
            raise Refuse(403, code="FORBIDDEN", message=f"These credentials speak for {owner} only")

    def _check_signature(self, payload: Mapping[str, Any]) -> None:
        """A signature must hold; and an actor keeps the key that it first signed with."""
        try:
            key = verify(payload)
        except SignatureError as error:
            raise Refuse(400, code="INVALID_SIGNATURE", message=str(error)) from error
        actor = payload.get("actor")
        known = self.keys.get(str(actor))
        if key is None:
            if self.signatures_required or known is not None:
                raise Refuse(400, code="SIGNATURE_MISSING", message=f"Records of {actor} must carry {SIGNATURE_KEY}")
        elif known is None:
            self._remember_key(str(actor), key)
        elif key != known:
            raise Refuse(400, code="INVALID_SIGNATURE", message=f"{actor} signs with {known}, not with {key}")

    def _remember_key(self, actor: str, key: str) -> None:
        self.keys[actor] = key
        if self.records.file is not None:
            self.records.file.keep(KEY_FACT + actor, key)

    def _respond(self, question: Mapping[str, Any]) -> None:
        """Answer a question as a responder would: with its own input, as a record of the kernel."""
        asked, fold = question["body"].get("input"), question["body"].get("fold")
        body: dict[str, Any] = {
            "kind": RESULT_KIND,
            "fulfills": question["id"],
            "answer": asked.get("inline", asked) if is_object(asked) else asked,
            "fold_function": str(fold.get("function", "")) if is_object(fold) else "",
            "_v": 1,
        }
        answer: dict[str, Any] = {
            "act": "KNOW",
            "actor": KERNEL_DID,
            "body": body,
            "clock": len(self.records) + 1,
            "data_type": question["data_type"],
            "parents": [question["id"]],
            "thread": question["thread"],
        }
        self.records.add(stored_form(answer))

    @rule("list_records")
    def list_records(self, call: Call) -> Answer:
        """Records of all threads, or of one."""
        query = call.query
        found = self.records.select(
            thread=query.get("thread"),
            actor=query.get("actor"),
            since=query.get("since"),
            limit=int(query.get("limit", 100)),
        )
        return Answer(200, {"object": "list", "data": found})

    @rule("list_thread_records")
    def list_thread(self, call: Call) -> Answer:
        """Records of one thread."""
        query = call.query
        found = self.records.select(
            thread=call.path["thread"], since=query.get("since"), limit=int(query.get("limit", 100))
        )
        return Answer(200, {"object": "list", "data": found})

    @rule("check_health")
    def health(self, call: Call) -> Answer:
        """Always well."""
        return Answer(200, {"status": "ok", "store": self.records.kind, "records": len(self.records)})

    # Queries

    @rule("query_records")
    def query(self, call: Call) -> Answer:
        """Records by a filter, or figures about them."""
        asked = call.body
        try:
            matches = filters.compile_filter(asked.get("filter", {}))
            entries = self.records.entries(asked.get("thread"))
            found = filters.ordered((r for _, r in entries if matches(r)), asked.get("sort"))
            if "aggregates" in asked:
                return Answer(200, self._aggregate(asked, found, len(entries)))
        except filters.FilterError as error:
            raise Refuse(400, code="INVALID_FILTER", message=str(error)) from error
        return Answer(200, self._page(asked, found))

    def _page(self, asked: Mapping[str, Any], found: list[Mapping[str, Any]]) -> dict[str, Any]:
        start = _offset(asked["cursor"]) if "cursor" in asked else int(asked.get("offset", 0))
        end = start + min(int(asked.get("limit", MAX_LIMIT)), MAX_LIMIT)
        page: list[Any] = found[start:end]
        if "select" in asked:
            page = [filters.selected(record, asked["select"]) for record in page]
        answer: dict[str, Any] = {
            "object": "list",
            "data": page,
            "next_cursor": str(end) if start < end < len(found) else None,
        }
        if asked.get("explain"):
            indexed = ["thread"] if "thread" in asked else []
            answer["plan"] = {"sql": "thread = ?" if indexed else "TRUE", "indexed": indexed, "matched": len(found)}
        return answer

    def _aggregate(self, asked: Mapping[str, Any], found: list[Mapping[str, Any]], scanned: int) -> dict[str, Any]:
        figures = filters.compile_aggregates(asked["aggregates"])
        groups = filters.grouped(found, asked.get("group_by", []))
        if len(groups) > MAX_GROUPS:
            body = {
                "object": "error",
                "type": "invalid_request_error",
                "code": "AGGREGATION_CAP",
                "message": f"More than {MAX_GROUPS} groups",
                "hint": "Narrow the filter, or group by fewer fields",
            }
            raise Refuse(422, body)
        rows = [
            {"key": key, "aggregates": {name: figure(records) for name, figure in figures.items()}}
            for key, records in groups
        ]
        plan = {
            "budget": MAX_GROUPS,
            "complete": True,
            "groups": len(rows),
            "rows_scanned": scanned,
            "watermark_seq": len(self.records),
        }
        return {"object": "aggregation", "groups": rows, "plan": plan}

    @rule("search_records")
    def search(self, call: Call) -> Answer:
        """Records by the words that they share with a text."""
        asked = call.body
        if not self.searching:
            raise Refuse(503, code="SEARCH_DISABLED", message="No embedding provider is configured")
        if not asked["query"].strip():
            raise Refuse(400, code="INVALID_REQUEST", message="query must not be empty")
        ranked = ranking.rank(asked["query"], (record for _, record in self.records.entries()), int(asked["k"]))
        hits = [{"score": score, "record": record} for score, record in ranked if _wanted(record, asked)]
        return Answer(200, {"embedder": ranking.EMBEDDER, "k": int(asked["k"]), "data": hits})

    # Watching

    @rule("watch_thread")
    async def watch(self, call: Call) -> Events:
        """The records of a thread as they arrive."""
        thread = call.path["thread"]
        after = self._position(thread, call)
        return Events(
            self._frames(thread, after),
            heartbeat=self.heartbeat,
            heartbeat_event=self._heartbeat,
            farewell=Event("server_shutdown", {"retry_after_ms": 1000}),
        )

    def _position(self, thread: str, call: Call) -> int:
        """The sequence number to start behind. A cursor of another log starts over: readers know what they had."""
        cursor = call.headers.get("last-event-id")
        if cursor:
            epoch, _, sequence = cursor.partition("-")
            return int(sequence) if epoch == self.records.epoch and sequence.isdigit() else 0
        since = call.query.get("since_clock")
        entries = self.records.entries(thread)
        if since is not None:
            return next((entry.sequence - 1 for entry in entries if entry.record["clock"] >= since), len(self.records))
        return len(self.records)

    async def _frames(self, thread: str, after: int) -> AsyncIterator[Event]:
        """A heartbeat, which tells the cursor to start from; then the records."""
        lagging = self.lagging
        yield Event("heartbeat", self._beat(), self._cursor(after))
        async for sequence, record in self.records.follow(thread, after):
            if lagging != self.lagging:
                yield Event("error", {"code": "lagged", "message": "The reader was told that it is too slow"})
                return
            yield Event("record.created", {"id": record["id"], "record": record}, self._cursor(sequence))

    def _cursor(self, sequence: int) -> str:
        return f"{self.records.epoch}-{sequence}"

    def _beat(self) -> dict[str, Any]:
        return {"at": int(self.clock.time() * 1000)}

    def _heartbeat(self) -> Event:
        return Event("heartbeat", self._beat())

    # Control

    @control("POST", "/syncropel/lag")
    def lag(self, call: Call) -> Answer:
        """Tell all watchers, before their next record, that they are too slow."""
        self.lagging += 1
        return Answer(200, {"ok": True})

    @control("POST", "/syncropel/records")
    def plant(self, call: Call) -> Answer:
        """Ingest a record past all checks of who sends it."""
        return Answer(200, _receipt(self.records.add(stored_form(call.body))))


def _receipt(entry: Entry) -> dict[str, Any]:
    return {**entry.record, "sequence": entry.sequence}


def _wanted(record: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    if any(name in asked and record[name] != asked[name] for name in ("thread", "actor")):
        return False
    if "kind" in asked and record["body"].get("kind") != asked["kind"]:
        return False
    return "after_clock" not in asked or bool(record["clock"] > asked["after_clock"])


def _offset(cursor: str) -> int:
    if not cursor.isdigit():
        raise Refuse(400, code="INVALID_CURSOR", message=f"{cursor!r} is no cursor of this kernel")
    return int(cursor)


def _check_names(record: Mapping[str, Any]) -> None:
    for name, kind in (("act", ActType), ("data_type", DataType)):
        allowed = [member.value for member in kind]
        if record[name] not in allowed:
            raise Refuse(400, code="INVALID_RECORD", message=f"{name} must be one of {', '.join(allowed)}")
