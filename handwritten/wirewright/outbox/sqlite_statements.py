"""The tables of an outbox' file, and the longer statements on them.

`FREE` in a statement is: nobody has the key, or their lease has ended; or it ends much later than any lease could,
because the clock went back. (A little later is usual: of two processes the one that is told the time first may come
second.)
"""

from __future__ import annotations


def _free(statement: str) -> str:
    return statement.replace("FREE", "(owner IS NULL OR leased_until <= :now OR leased_until > :now + 2 * :lease)")


TABLES = """
CREATE TABLE calls (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL,
    stored_at REAL NOT NULL, size INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, call BLOB NOT NULL
);
CREATE UNIQUE INDEX calls_by_id ON calls (channel, id);
CREATE INDEX calls_by_key ON calls (channel, key, seq);
CREATE TABLE keys (
    channel TEXT NOT NULL, key TEXT NOT NULL, queued INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL DEFAULT 0, owner TEXT, leased_until REAL NOT NULL DEFAULT 0, PRIMARY KEY (channel, key)
) WITHOUT ROWID;
CREATE INDEX keys_by_due ON keys (channel, due_at);
CREATE TABLE totals (
    channel TEXT PRIMARY KEY, total INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0,
    queued INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE dropped (channel TEXT, reason TEXT, count INTEGER NOT NULL, PRIMARY KEY (channel, reason)) WITHOUT ROWID
"""

COUNT_ONE = "INSERT INTO totals (channel, total) VALUES (?, 1) ON CONFLICT DO UPDATE SET total = total + 1"
COUNT_DROP = "INSERT INTO dropped VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1"
COUNT_QUEUED = "UPDATE totals SET queued = queued + 1, bytes = bytes + ? WHERE channel = ?"
COUNT_GONE = "UPDATE totals SET queued = queued - 1, bytes = bytes - ?, delivered = delivered + ? WHERE channel = ?"

INSERT = "INSERT INTO calls (channel, key, id, stored_at, size, call) VALUES (?, ?, ?, ?, ?, ?)"
INSERT_KEY = "INSERT INTO keys (channel, key, queued) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET queued = queued + 1"
DELETE = "DELETE FROM calls WHERE seq = ? RETURNING key, size, call"
DELETE_FROM_KEY = "UPDATE keys SET queued = queued - 1 WHERE channel = ? AND key = ? RETURNING queued"

OLDEST = _free(
    "SELECT seq FROM calls JOIN keys USING (channel, key) WHERE channel = :channel AND FREE ORDER BY seq LIMIT 1"
)
EXPIRED = _free(
    "SELECT seq FROM calls JOIN keys USING (channel, key) WHERE channel = :channel AND stored_at <= :before AND FREE"
    " ORDER BY seq LIMIT 1000"
)
TAKE_NEW_KEY = _free(
    "UPDATE keys SET owner = :owner, leased_until = :now + :lease"
    " WHERE channel = :channel AND key = :key AND queued = 1 AND due_at <= :now AND FREE"
)
FREE_KEYS = _free(
    "SELECT key FROM keys WHERE channel = :channel AND due_at <= :now AND FREE ORDER BY due_at LIMIT :limit"
)
NEXT_DUE = _free(
    "SELECT MIN(CASE WHEN FREE THEN due_at ELSE MAX(due_at, leased_until) END) FROM keys WHERE channel = :channel"
)
TAKE_KEY = "UPDATE keys SET owner = ?, leased_until = ? WHERE channel = ? AND key = ?"
RENEW = "UPDATE keys SET leased_until = ? WHERE channel = ? AND key = ? AND owner = ?"
RELEASE = "UPDATE keys SET owner = NULL, due_at = ? WHERE channel = ? AND key = ? AND owner = ?"
OF_KEY = "SELECT seq, attempts, call FROM calls WHERE channel = ? AND key = ? ORDER BY seq LIMIT ?"

SUMS = """
SELECT TOTAL(total), TOTAL(delivered), TOTAL(queued), TOTAL(bytes) FROM totals
WHERE :channel IS NULL OR channel = :channel
"""
DROPS = "SELECT reason, SUM(count) FROM dropped WHERE :channel IS NULL OR channel = :channel GROUP BY reason"
"""Of one channel, or with NULL of all."""
