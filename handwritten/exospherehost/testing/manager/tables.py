"""What the state manager keeps. Moments are milliseconds since 1970; ids are 24 hexadecimal digits."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Text(TypeDecorator[str]):
    """Free text. PostgreSQL cannot hold U+0000, so it becomes U+FFFD everywhere."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """See `TypeDecorator`."""
        return value if value is None else value.replace("\x00", "\ufffd")


class Json(TypeDecorator[Any]):
    """Any JSON value as text, which keeps the order of members on every database."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """See `TypeDecorator`."""
        return json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """See `TypeDecorator`."""
        return None if value is None else json.loads(value)


METADATA = sa.MetaData()

NODES = sa.Table(
    "nodes",
    METADATA,
    sa.Column("id", sa.String(24), primary_key=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("name", Text, nullable=False),
    sa.Column("namespace", Text, nullable=False),
    sa.Column("runtime_name", Text, nullable=False),
    sa.Column("runtime_namespace", Text, nullable=False),
    sa.Column("inputs_schema", Json, nullable=False),
    sa.Column("outputs_schema", Json, nullable=False),
    sa.Column("secrets", Json, nullable=False),
    sa.UniqueConstraint("namespace", "name"),
)

TEMPLATES = sa.Table(
    "graph_templates",
    METADATA,
    sa.Column("id", sa.String(24), primary_key=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("name", Text, nullable=False),
    sa.Column("namespace", Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("nodes", Json, nullable=False),
    sa.Column("secrets", Json, nullable=False),
    sa.Column("retry_policy", Json, nullable=False),
    sa.Column("store_config", Json, nullable=False),
    sa.Column("triggers", Json, nullable=False),
    sa.Column("validation_status", sa.String(16), nullable=False),
    sa.Column("validation_errors", Json, nullable=False),
    sa.UniqueConstraint("namespace", "name"),
)

RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("run_id", sa.String(36), primary_key=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("namespace", Text, nullable=False),
    sa.Column("graph_name", Text, nullable=False),
    sa.Index("runs_by_age", "namespace", "created_at"),
)

STORE = sa.Table(
    "store",
    METADATA,
    sa.Column("run_id", sa.String(36), primary_key=True),
    sa.Column("key", Text, primary_key=True),
    sa.Column("value", Text, nullable=False),
)

STATES = sa.Table(
    "states",
    METADATA,
    sa.Column("id", sa.String(24), primary_key=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("node_name", Text, nullable=False),
    sa.Column("namespace", Text, nullable=False),
    sa.Column("graph_namespace", Text, nullable=False),
    sa.Column("identifier", Text, nullable=False),
    sa.Column("graph_name", Text, nullable=False),
    sa.Column("run_id", sa.String(36), nullable=False),
    sa.Column("status", sa.String(24), nullable=False),
    sa.Column("inputs", Json, nullable=False),
    sa.Column("outputs", Json, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("error", Text),
    sa.Column("parents", Json, nullable=False),
    sa.Column("does_unites", sa.Boolean, nullable=False),
    sa.Column("fingerprint", sa.String(64)),
    sa.Column("enqueue_after", sa.BigInteger, nullable=False),
    sa.Column("retry_count", sa.Integer, nullable=False),
    sa.Column("fanout_id", Text, nullable=False),
    sa.Column("manual_retry_fanout_id", Text, nullable=False),
    # The state whose `executed` report made this one beside it; its own id for all others.
    sa.Column("origin_id", sa.String(24), nullable=False),
    sa.Column("claimed_at", sa.BigInteger),
    sa.UniqueConstraint(
        "run_id", "identifier", "node_name", "namespace", "graph_name", "retry_count", "fanout_id", name="one_attempt"
    ),
    sa.UniqueConstraint("fingerprint", name="one_join"),
    sa.Index(
        "states_to_claim",
        "namespace",
        "enqueue_after",
        "id",
        sqlite_where=sa.text("status = 'CREATED'"),
        postgresql_where=sa.text("status = 'CREATED'"),
    ),
    sa.Index(
        "states_under_way",
        "status",
        "claimed_at",
        sqlite_where=sa.text("status IN ('QUEUED', 'EXECUTED')"),
        postgresql_where=sa.text("status IN ('QUEUED', 'EXECUTED')"),
    ),
    sa.Index("states_of_origin", "origin_id"),
)

ANCESTRY = sa.Table(
    "ancestry",
    METADATA,
    # `parents` of the states turned around, so that a join finds the descendants of the state that it unites.
    sa.Column("ancestor_id", sa.String(24), primary_key=True),
    sa.Column("state_id", sa.String(24), primary_key=True),
)

SCHEDULE = sa.Table(
    "schedule",
    METADATA,
    sa.Column("id", sa.String(24), primary_key=True),
    sa.Column("type", sa.String(8), nullable=False),
    sa.Column("expression", Text, nullable=False),
    sa.Column("graph_name", Text, nullable=False),
    sa.Column("namespace", Text, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    # ISO 8601 without a zone, whole seconds of server-local time: cron knows no other clock.
    sa.Column("trigger_time", sa.String(19), nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("namespace", "graph_name", "type", "expression", "trigger_time", name="one_firing"),
    sa.Index("schedule_due", "status", "trigger_time"),
)
