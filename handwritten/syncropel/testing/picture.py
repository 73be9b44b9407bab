"""The kernel as people think of it: threads, and records that follow each other in them."""

from __future__ import annotations

from collections.abc import Iterable

from wirewright.sandbox.picture import Item, Lane, Lanes, Picture

from syncropel.checks import is_object
from syncropel.testing.store import Entry, RecordStore


def draw(records: RecordStore, files: Iterable[str]) -> Picture:
    """Threads, the busiest last moment first, and the files that are published."""
    threads: dict[str, list[Entry]] = {}
    for entry in records.entries():
        threads.setdefault(str(entry.record["thread"]), []).append(entry)
    newest_first = sorted(threads.items(), key=lambda thread: -thread[1][-1].sequence)
    lanes = [
        Lane(name, [_item(entry) for entry in entries], note=f"{len(entries)} records")
        for name, entries in newest_first
    ]
    files_lane = [Item(path) for path in files]
    drawings = [Lanes("Threads and their records", lanes, empty="No record yet: emit one.")]
    return [*drawings, Lanes("Files", [Lane("published", files_lane)])] if files_lane else drawings


def _item(entry: Entry) -> Item:
    record = entry.record
    body = record.get("body")
    kind = str(body.get("kind", "")) if is_object(body) else ""
    act = str(record["act"])
    about = f"{record['id']} by {record['actor']}, clock {record['clock']}"
    return Item(f"{act} {kind}".strip(), note=str(record["id"])[:12], about=about)
