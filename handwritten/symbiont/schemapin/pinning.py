"""Keys that are pinned for tools, in a SQLite file (protocol sheet §10)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from symbiont.agentpin._values import now_iso, objects, text
from symbiont.schemapin.discovery import PublicKeyDiscovery
from symbiont.schemapin.interactive import InteractiveHandler, InteractivePinningManager, UserDecision

_TABLES = """
CREATE TABLE IF NOT EXISTS pinned_keys (
    tool_id TEXT PRIMARY KEY, public_key_pem TEXT NOT NULL, domain TEXT NOT NULL, developer_name TEXT,
    pinned_at TEXT NOT NULL, last_verified TEXT);
CREATE TABLE IF NOT EXISTS domain_policies (domain TEXT PRIMARY KEY, policy TEXT NOT NULL, created_at TEXT NOT NULL);
"""
_COLUMNS = "tool_id, public_key_pem, domain, developer_name, pinned_at, last_verified"


class PinningMode(Enum):
    """Who decides on a key that was not seen before: nobody (it is taken), a person, or nobody (it is refused)."""

    AUTOMATIC = "automatic"
    INTERACTIVE = "interactive"
    STRICT = "strict"


class PinningPolicy(Enum):
    """What was decided for a domain. `interactive_only` asks a person, whatever the mode."""

    DEFAULT = "default"
    ALWAYS_TRUST = "always_trust"
    NEVER_TRUST = "never_trust"
    INTERACTIVE_ONLY = "interactive_only"


class KeyPinning:
    """Keys and policies in a file: `~/.schemapin/pinned_keys.db` unless another is given.

    A key that has changed is never taken without a person's word.
    """

    def __init__(
        self,
        db_path: str | None = None,
        mode: PinningMode = PinningMode.AUTOMATIC,
        interactive_handler: InteractiveHandler | None = None,
    ) -> None:
        self.db_path = Path(db_path) if db_path else Path.home() / ".schemapin" / "pinned_keys.db"
        self.mode = mode
        self.interactive_manager = InteractivePinningManager(interactive_handler) if interactive_handler else None
        self.db_path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as db:
            db.executescript(_TABLES)

    # Keys ----------------------------------------------------------------------------------------------------------

    def pin_key(self, tool_id: str, public_key_pem: str, domain: str, developer_name: str | None = None) -> bool:
        """Pin a key. False when the tool has one already."""
        values = (tool_id, public_key_pem, domain, developer_name, now_iso(), None)
        with self._open() as db:
            done = db.execute("INSERT OR IGNORE INTO pinned_keys VALUES (?, ?, ?, ?, ?, ?)", values)
            return done.rowcount == 1

    def get_pinned_key(self, tool_id: str) -> str | None:
        """The tool's key."""
        return (self.get_key_info(tool_id) or {}).get("public_key_pem")

    def is_key_pinned(self, tool_id: str) -> bool:
        """Whether the tool has a key."""
        return self.get_key_info(tool_id) is not None

    def update_last_verified(self, tool_id: str) -> bool:
        """Note that a signature was good now. False when the tool has no key."""
        with self._open() as db:
            done = db.execute("UPDATE pinned_keys SET last_verified = ? WHERE tool_id = ?", (now_iso(), tool_id))
            return done.rowcount == 1

    def list_pinned_keys(self) -> list[dict[str, Any]]:
        """All tools with a key, the newest first, without the keys."""
        return [{name: value for name, value in row.items() if name != "public_key_pem"} for row in self._rows()]

    def remove_pinned_key(self, tool_id: str) -> bool:
        """Forget a tool's key. False when it has none."""
        with self._open() as db:
            return db.execute("DELETE FROM pinned_keys WHERE tool_id = ?", (tool_id,)).rowcount == 1

    def get_key_info(self, tool_id: str) -> dict[str, Any] | None:
        """All that is known of a tool's key."""
        return next(iter(self._rows("WHERE tool_id = ?", tool_id)), None)

    def export_pinned_keys(self) -> str:
        """All keys as JSON."""
        rows = [{**row, "public_key_pem": row.pop("public_key_pem")} for row in self._rows()]
        return json.dumps(rows, indent=2)

    def import_pinned_keys(self, json_data: str, overwrite: bool = False) -> int:
        """Pin what another exported; how many were taken. What cannot be read is passed over."""
        try:
            entries = objects(json.loads(json_data))
        except (ValueError, RecursionError):
            return 0
        taken = 0
        for entry in entries:
            tool, pem, domain = (text(entry.get(name)) for name in ("tool_id", "public_key_pem", "domain"))
            if tool is None or pem is None or domain is None:
                continue
            if overwrite:
                self.remove_pinned_key(tool)
            taken += self.pin_key(tool, pem, domain, text(entry.get("developer_name")))
        return taken

    # Policies ------------------------------------------------------------------------------------------------------

    def set_domain_policy(self, domain: str, policy: PinningPolicy) -> bool:
        """What is to happen with a domain's keys from now on."""
        with self._open() as db:
            db.execute("INSERT OR REPLACE INTO domain_policies VALUES (?, ?, ?)", (domain, policy.value, now_iso()))
        return True

    def get_domain_policy(self, domain: str) -> PinningPolicy:
        """What was decided for a domain."""
        with self._open() as db:
            row = db.execute("SELECT policy FROM domain_policies WHERE domain = ?", (domain,)).fetchone()
        return PinningPolicy(row[0]) if row else PinningPolicy.DEFAULT

    # Deciding ------------------------------------------------------------------------------------------------------

    def interactive_pin_key(
        self,
        tool_id: str,
        public_key_pem: str,
        domain: str,
        developer_name: str | None = None,
        force_prompt: bool = False,
    ) -> bool:
        """Whether a key may be used, by policy, mode and, where they say so, a person."""
        policy, known = self.get_domain_policy(domain), self.get_key_info(tool_id)
        if policy is PinningPolicy.NEVER_TRUST:
            return False
        is_same = known is not None and known["public_key_pem"] == public_key_pem
        if is_same and not force_prompt:
            return True
        asks = self.mode is PinningMode.INTERACTIVE or policy is PinningPolicy.INTERACTIVE_ONLY
        if policy is not PinningPolicy.ALWAYS_TRUST and self.mode is not PinningMode.STRICT and asks:
            return self._ask(tool_id, public_key_pem, domain, developer_name)
        takes = policy is PinningPolicy.ALWAYS_TRUST or self.mode is PinningMode.AUTOMATIC
        if known is None and takes:
            return self.pin_key(tool_id, public_key_pem, domain, developer_name)
        return is_same

    def verify_with_interactive_pinning(
        self, tool_id: str, domain: str, public_key_pem: str, developer_name: str | None = None
    ) -> bool:
        """As `interactive_pin_key`; notes when a pinned key was used."""
        good = self.interactive_pin_key(tool_id, public_key_pem, domain, developer_name)
        if good and self.get_pinned_key(tool_id) == public_key_pem:
            self.update_last_verified(tool_id)
        return good

    def _ask(self, tool_id: str, pem: str, domain: str, developer_name: str | None) -> bool:
        if self.interactive_manager is None:
            return False
        known = self.get_key_info(tool_id)
        developer = {"developer_name": developer_name} if developer_name else None
        if not PublicKeyDiscovery.validate_key_not_revoked(pem, domain):
            said = developer if known is None else known
            decision = self.interactive_manager.prompt_revoked_key(tool_id, domain, pem, said)
            return decision is UserDecision.TEMPORARY_ACCEPT
        if known is None:
            decision = self.interactive_manager.prompt_first_time_key(tool_id, domain, pem, developer)
        else:
            old: str = known["public_key_pem"]
            decision = self.interactive_manager.prompt_key_change(tool_id, domain, old, pem, known, developer)
        if decision in {UserDecision.ALWAYS_TRUST, UserDecision.NEVER_TRUST}:
            self.set_domain_policy(domain, PinningPolicy(decision.value))
        if decision in {UserDecision.ACCEPT, UserDecision.ALWAYS_TRUST}:
            self.remove_pinned_key(tool_id)
            return self.pin_key(tool_id, pem, domain, developer_name)
        return decision is UserDecision.TEMPORARY_ACCEPT

    # The file ------------------------------------------------------------------------------------------------------

    def _rows(self, where: str = "", *values: str) -> list[dict[str, Any]]:
        query = f"SELECT {_COLUMNS} FROM pinned_keys {where} ORDER BY pinned_at DESC"  # noqa: S608 - parts of our own
        with self._open() as db:
            found = db.execute(query, values).fetchall()
        return [dict(zip(_COLUMNS.split(", "), row, strict=True)) for row in found]

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection, None, None]:
        with closing(sqlite3.connect(self.db_path)) as db, db:
            yield db
