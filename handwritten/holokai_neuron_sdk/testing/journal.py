"""What survives a restart of the gateway: a file of JSON lines, the last line of each task counts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from holokai_neuron_sdk.testing.records import Lease, Task


class Journal:
    """Tasks and leases on disk. Without a path it keeps nothing."""

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None
        self._file: TextIO | None = None

    def load(self) -> tuple[list[Task], list[Lease]]:
        """What was kept, in the order of creation; the file is rewritten without what was superseded."""
        tasks: dict[str, dict[str, Any]] = {}
        leases: dict[str, dict[str, Any]] = {}
        if self._path is None:
            return [], []
        for line in self._lines():
            kind, record = line["kind"], line["record"]
            (tasks if kind == "task" else leases)[record["id"]] = record
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w", encoding="utf-8")
        found = [Task(**record) for record in tasks.values()]
        kept = [_lease(record) for record in leases.values()]
        for task in found:
            self.keep(task)
        for lease in kept:
            self.keep(lease)
        return found, kept

    def keep(self, item: Task | Lease) -> None:
        """Write how it stands now."""
        if self._file is None:
            return
        record = {"kind": "task" if isinstance(item, Task) else "lease", "record": asdict(item)}
        self._file.write(json.dumps(record, separators=(",", ":")) + "\n")
        self._file.flush()

    def erase(self) -> None:
        """Forget everything."""
        self.close()
        if self._path:
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _lines(self) -> Iterable[dict[str, Any]]:
        if self._path is None or not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                return  # the line that was being written when the power went


def _lease(record: dict[str, Any]) -> Lease:
    caller, neuron_id = record.pop("neuron")
    return Lease(neuron=(caller, neuron_id), **record)
