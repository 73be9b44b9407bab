"""Runs that outlive their process: each sealed step is on disk before the next one starts.

One SQLite file, in WAL mode with `synchronous=FULL`: what was acknowledged survives a crash and a power cut. Steps
that end side by side share a commit. Whoever resumes a run takes it over: its former owner, should it still live,
cannot write to it any more.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirewright.narrow import is_mapping

from .artifact import ProofArtifact
from .plain import plain
from .results import RunResult, WaitForEvent
from .resume import RESUME_KEYS, ResumePoint
from .template import DAGTemplate

if TYPE_CHECKING:
    from .run import Run

__all__ = ["Journal", "JournalError", "RunTakenOverError"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY,
    owner INTEGER NOT NULL,          -- grows each time that the run is taken over
    template TEXT NOT NULL,
    facts TEXT NOT NULL,             -- what a resume document says of the run as a whole
    slot_id TEXT,                    -- null when there is none, or it is closed
    config TEXT NOT NULL,
    wait TEXT,                       -- the event that the run waits for
    payload TEXT,                    -- the event, once it has come
    status TEXT,                     -- null until the run ends
    result TEXT
);
CREATE TABLE IF NOT EXISTS steps (
    run_id TEXT NOT NULL REFERENCES runs(run_id),
    step_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    proof TEXT,                      -- null for a step that was skipped
    added TEXT,
    seconds REAL,
    record TEXT,                     -- how the proof came about: what was hashed, returned, granted
    PRIMARY KEY (run_id, step_id)
) WITHOUT ROWID;
"""
_VERSION = 1
_FINAL = frozenset({"complete", "failed", "partial"})

Write = Callable[[sqlite3.Connection], None]


class JournalError(Exception):
    """The journal refuses, for instance because a new run has the id of an old one."""


class RunTakenOverError(JournalError):
    """Somebody else has resumed the run; who began it cannot write to it any more."""

    def __init__(self, run_id: str) -> None:
        super().__init__(f"run {run_id!r} was taken over: somebody else has resumed it")


class _Pending:
    """A write that waits for a commit, and what became of it."""

    def __init__(self, write: Write) -> None:
        self.write = write
        self.done = False
        self.error: BaseException | None = None


class Journal:
    """A file of runs. Safe to share between threads, runners and processes.

    Args:
        path: the file; made with its folders if it is missing.
        timeout: seconds to wait for another process that is writing.
    """

    def __init__(self, path: str | Path, *, timeout: float = 30.0) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(self.path, timeout=timeout, isolation_level=None, check_same_thread=False)
        self._commit = threading.Lock()
        self._queue = threading.Lock()
        self._pending: list[_Pending] = []
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA foreign_keys=ON")
        with self._commit:
            self._prepare()

    def close(self) -> None:
        with self._commit:
            self._connection.close()

    # -- what a run writes -----------------------------------------------------------------------------------------

    def begin(self, run: Run) -> int:
        """Write a run down, or note how it goes on; answers what its later writes show as their right to.

        Raises:
            NotJsonError: the inputs, the configuration or the template hold what JSON cannot.
            JournalError: a new run has the id of an old one.
            RunTakenOverError: somebody else has resumed the run meanwhile.
        """
        point = run.point()
        point.proofs, point.step_outputs, point.skipped, point.current_outputs, point.returned = {}, {}, [], {}, {}
        point.granted = None if point.granted is None else {}
        facts = {
            "template": _json(run.template.to_dict(), f"template {run.template.name!r}"),
            "facts": _json(point.to_dict(), f"run {run.run_id!r}"),
            "slot_id": point.slot_id,
            "config": _json(_kept_config(run.config), "config"),
            "payload": _json(run.payload, "the event") if run.payload else None,
        }
        if run.owner:
            self._write(lambda db: self._go_on(db, run, facts), run)
            return run.owner
        self._write(lambda db: self._insert(db, run, facts))
        return 1

    def seal(self, run: Run, proof: ProofArtifact, added: Mapping[str, Any], seconds: float) -> None:
        """A step is sealed; its wait, if it had one, is over."""
        step, record = proof.step_id, _record(proof.step_id, run.documents, run.returned, run.granted)
        row = (_told(proof.to_dict()), _json(added, f"what step {step!r} added"), seconds, record)
        waited = (
            run.resumed is not None and run.resumed.wait_event is not None and run.resumed.wait_event.node_id == step
        )

        def write(db: sqlite3.Connection) -> None:
            _insert_step(db, run.run_id, step, *row)
            if waited:
                db.execute("UPDATE runs SET wait = NULL, payload = NULL WHERE run_id = ?", (run.run_id,))

        self._write(write, run)

    def skip(self, run: Run, step_id: str) -> None:
        self._write(lambda db: _insert_step(db, run.run_id, step_id), run)

    def wait(self, run: Run, wait: WaitForEvent) -> None:
        """The run stops until the event comes."""
        kept = _json(wait.to_dict(), f"the wait of step {wait.node_id!r}")
        update = "UPDATE runs SET wait = ?, payload = NULL WHERE run_id = ?"
        self._write(lambda db: db.execute(update, (kept, run.run_id)), run)

    def released(self, run: Run) -> None:
        """The run's slot is closed; should it go on, it needs a new one."""
        self._write(lambda db: db.execute("UPDATE runs SET slot_id = NULL WHERE run_id = ?", (run.run_id,)), run)

    def end(self, run: Run, result: RunResult) -> None:
        """The run has ended. One that was interrupted can be resumed; the others answer their result again."""
        kept = _told(result.to_document())
        update = "UPDATE runs SET status = ?, result = ? WHERE run_id = ?"
        self._write(lambda db: db.execute(update, (result.status.value, kept, run.run_id)), run)

    # -- what a resumed run reads ----------------------------------------------------------------------------------

    def load(self, run_id: str) -> tuple[DAGTemplate, ResumePoint, dict[str, Any]]:
        """Take a run over: template, standing and configuration. Who ran it before cannot write to it any more.

        Raises:
            KeyError: there is no such run.
        """
        found: list[tuple[Any, list[Any]]] = []

        def read(db: sqlite3.Connection) -> None:
            db.execute("UPDATE runs SET owner = owner + 1 WHERE run_id = ?", (run_id,))
            query = "SELECT template, facts, config, owner, slot_id, wait, payload FROM runs WHERE run_id = ?"
            row = db.execute(query, (run_id,)).fetchone()
            columns = "step_id, proof, added, seconds, record"
            steps = db.execute(f"SELECT {columns} FROM steps WHERE run_id = ? ORDER BY position", (run_id,))  # noqa: S608
            found.append((row, steps.fetchall()))

        self._write(read)
        row, steps = found[0]
        if row is None:
            raise KeyError(f"run {run_id!r} is not in the journal {self.path.name}")
        template, facts, config, owner, slot_id, wait, payload = row
        point = ResumePoint.from_dict(json.loads(facts))
        point.owner, point.slot_id = owner, slot_id
        point.wait_event = WaitForEvent.from_dict(json.loads(wait)) if wait else None
        point.payload = json.loads(payload) if payload else {}
        point.skipped = [step for step, proof, *_ in steps if proof is None]
        point.step_outputs = {}
        for step, proof, added, seconds, record in steps:
            if proof is not None:
                point.proofs[step] = ProofArtifact.from_dict(json.loads(proof))
                point.step_outputs[step] = json.loads(added)
                point.durations_ms[step] = seconds * 1000
                point.recall(step, **json.loads(record))
        return DAGTemplate.from_dict(json.loads(template)), point, json.loads(config)

    def template(self, run_id: str) -> DAGTemplate:
        """The template of a run, which is not taken over. Raises KeyError when there is no such run."""
        row = self._one("SELECT template FROM runs WHERE run_id = ?", run_id)
        if row is None:
            raise KeyError(f"run {run_id!r} is not in the journal {self.path.name}")
        return DAGTemplate.from_dict(json.loads(row[0]))

    def knows(self, run_id: str) -> bool:
        return self._one("SELECT 1 FROM runs WHERE run_id = ?", run_id) is not None

    def unfinished(self, run_id: str) -> bool:
        """Is the run there, with something left to do?"""
        row = self._one("SELECT status FROM runs WHERE run_id = ?", run_id)
        return row is not None and row[0] not in _FINAL

    def result(self, run_id: str) -> RunResult | None:
        """How a run ended; None when it has not, or was interrupted."""
        row = self._one("SELECT status, result FROM runs WHERE run_id = ?", run_id)
        return RunResult.from_dict(json.loads(row[1])) if row is not None and row[0] in _FINAL else None

    def runs(self, *, unfinished: bool = False) -> list[str]:
        """The ids of all runs, oldest first, or of those with something left to do."""
        with self._commit:
            rows = self._connection.execute("SELECT run_id, status FROM runs ORDER BY rowid").fetchall()
        return [run_id for run_id, status in rows if not unfinished or status not in _FINAL]

    def forget(self, run_id: str) -> None:
        """Delete a run."""

        def write(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM steps WHERE run_id = ?", (run_id,))
            db.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))

        self._write(write)

    # -- the file --------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        with self._transaction() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise JournalError(f"{self.path.name} was written by a newer pgdag (format {version}, not {_VERSION})")
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_VERSION}")

    @staticmethod
    def _insert(db: sqlite3.Connection, run: Run, facts: Mapping[str, Any]) -> None:
        if db.execute("SELECT 1 FROM runs WHERE run_id = ?", (run.run_id,)).fetchone():
            raise JournalError(f"run {run.run_id!r} is in the journal already; resume({run.run_id!r}) goes on with it")
        insert = (
            "INSERT INTO runs (run_id, owner, template, facts, slot_id, config, payload, wait) VALUES (?,1,?,?,?,?,?,?)"
        )
        resumed = run.resumed
        wait = _json(resumed.wait_event.to_dict(), "the wait") if resumed is not None and resumed.wait_event else None
        db.execute(insert, (run.run_id, *facts.values(), wait))
        if resumed is not None:
            _adopt(db, resumed)

    @staticmethod
    def _go_on(db: sqlite3.Connection, run: Run, facts: Mapping[str, Any]) -> None:
        """A run that was loaded goes on. Steps that it does not count as done, to try them again, are forgotten."""
        kept = "template=?, facts=?, slot_id=?, config=?, payload=?, status=NULL, result=NULL"
        update = f"UPDATE runs SET {kept} WHERE run_id=?"  # noqa: S608
        db.execute(update, (*facts.values(), run.run_id))
        assert run.resumed is not None
        done = {*run.resumed.proofs, *run.resumed.skipped}
        for (step,) in db.execute("SELECT step_id FROM steps WHERE run_id = ?", (run.run_id,)).fetchall():
            if step not in done:
                db.execute("DELETE FROM steps WHERE run_id = ? AND step_id = ?", (run.run_id, step))

    def _one(self, query: str, run_id: str) -> Any:
        with self._commit:
            return self._connection.execute(query, (run_id,)).fetchone()

    def _write(self, write: Callable[[sqlite3.Connection], object], run: Run | None = None) -> None:
        """Write and wait for the commit. The first to come commits for all that wait beside it."""

        def checked(db: sqlite3.Connection) -> None:
            if run is not None:
                row = db.execute("SELECT owner FROM runs WHERE run_id = ?", (run.run_id,)).fetchone()
                if row is None or row[0] != run.owner:
                    raise RunTakenOverError(run.run_id)
            write(db)

        pending = _Pending(checked)
        with self._queue:
            self._pending.append(pending)
        with self._commit:
            if not pending.done:
                with self._queue:
                    batch, self._pending = self._pending, []
                self._commit_batch(batch)
        if pending.error is not None:
            raise pending.error

    def _commit_batch(self, batch: list[_Pending]) -> None:
        try:
            with self._transaction() as db:
                for pending in batch:
                    self._try(db, pending)
        except BaseException as error:
            for pending in batch:
                pending.error = pending.error or error
        finally:
            for pending in batch:
                pending.done = True

    @staticmethod
    def _try(db: sqlite3.Connection, pending: _Pending) -> None:
        """One write of a batch; if it fails, it leaves nothing behind and the others stand."""
        db.execute("SAVEPOINT one")
        try:
            pending.write(db)
        except Exception as error:
            pending.error = error
            db.execute("ROLLBACK TO one")
        db.execute("RELEASE one")

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection, None, None]:
        db = self._connection
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _json(value: object, name: str) -> str:
    """What a resumed run will go on with: it must come back as it is."""
    return json.dumps(plain(value, name))


def _told(value: object) -> str | None:
    """What is only told of a run: what JSON has no form for is kept as text, as in every hash."""
    return None if value is None else json.dumps(value, default=str)


def _record(
    step: str,
    seals: Mapping[str, Any],
    returned: Mapping[str, list[str]],
    granted: Mapping[str, dict[str, Any]] | None,
) -> str:
    told = {"seal": seals.get(step), "returned": returned.get(step), "granted": (granted or {}).get(step)}
    return json.dumps({name: value for name, value in told.items() if value is not None}, default=str)


def _insert_step(db: sqlite3.Connection, run_id: str, step: str, *row: object) -> None:
    """A step that was sealed (proof, additions, seconds, record) or skipped; the primary key lets it in only once."""
    position = db.execute("SELECT count(*) FROM steps WHERE run_id = ?", (run_id,)).fetchone()[0]
    insert = "INSERT INTO steps (run_id, step_id, position, proof, added, seconds, record) VALUES (?,?,?,?,?,?,?)"
    db.execute(insert, (run_id, step, position, *(row or (None, None, None, None))))


def _adopt(db: sqlite3.Connection, resumed: ResumePoint) -> None:
    """A run resumed from a document brings along what was sealed before it came here."""
    for step, proof in resumed.proofs.items():
        added = resumed.step_outputs.get(step, {})
        record = _record(step, resumed.seal_documents, resumed.returned, resumed.granted)
        _insert_step(db, resumed.run_id, step, _told(proof.to_dict()), _json(added, step), 0.0, record)
    for step in resumed.skipped:
        _insert_step(db, resumed.run_id, step)


def _kept_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Without what resumes a run; templates of sub-workflows in their JSON form."""
    kept = {key: value for key, value in config.items() if key not in RESUME_KEYS}
    table = kept.get("subworkflow_templates")
    if is_mapping(table):
        forms = {name: item.to_dict() if isinstance(item, DAGTemplate) else item for name, item in table.items()}
        kept["subworkflow_templates"] = forms
    return kept
