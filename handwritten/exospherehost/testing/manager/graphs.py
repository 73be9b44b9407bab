"""Graph templates as they are kept (protocol sheet §6.4), and read back for work."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from exospherehost.models import GraphNodeModel, RetryPolicyModel, StoreConfigModel
from exospherehost.testing.manager import bodies, moments, template
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.refusal import Refusal
from exospherehost.testing.manager.schedule import drop_pending
from exospherehost.testing.manager.tables import TEMPLATES
from exospherehost.testing.manager.verification import Verification

PENDING = "PENDING"


@dataclass(frozen=True)
class Graph:
    """A template of one revision, parsed. Instances are kept and shared, so nothing in them may change."""

    id: str
    name: str
    namespace: str
    revision: int
    nodes: tuple[GraphNodeModel, ...]
    retry_policy: RetryPolicyModel
    store_config: StoreConfigModel

    @cached_property
    def by_identifier(self) -> dict[str, GraphNodeModel]:
        """The node uses by identifier."""
        return {node.identifier: node for node in self.nodes}

    @cached_property
    def root(self) -> GraphNodeModel:
        """The use that a run starts with."""
        return self.by_identifier[template.root_of(self.nodes)[0]]

    @cached_property
    def joins(self) -> tuple[GraphNodeModel, ...]:
        """The uses that unite another."""
        return tuple(node for node in self.nodes if node.unites is not None)


class Graphs:
    """Templates by namespace and name. Blanks around either do not count."""

    def __init__(self, context: Context, verification: Verification) -> None:
        self._context = context
        self._verification = verification
        self._parsed: dict[str, Graph] = {}

    def upsert(self, namespace: str, name: str, body: bodies.UpsertGraph) -> dict[str, Any]:
        """Check the graph's shape (400), keep it as PENDING, and verify it against the registered nodes."""
        template.check(
            name=name,
            namespace=namespace,
            nodes=body.nodes,
            secret_names=list(body.secrets),
            store=body.store_config,
            joins_are_ancestors=self._context.settings.behaviour.join_outputs_are_usable,
        )
        secrets = {key: self._context.vault.encrypt(value) for key, value in body.secrets.items()}
        moment = self._context.settings.clock()
        with self._context.database.begin() as connection:
            row = self._write(connection, namespace.strip(), name.strip(), _values(body, secrets), int(moment * 1000))
        answer = _shown(row, with_settings=True)
        answer["updated_at"] = moments.fresh(moment)
        if row.revision == 1:
            answer["created_at"] = answer["updated_at"]
        self._verification.run(row.id, row.revision)
        return answer

    def _write(
        self, connection: sa.Connection, namespace: str, name: str, values: dict[str, Any], now: int
    ) -> sa.Row[Any]:
        fresh = self._context.database.insert_or_ignore(TEMPLATES).values(
            id=self._context.new_id(),
            created_at=now,
            updated_at=now,
            name=name,
            namespace=namespace,
            revision=1,
            **values,
        )
        old = self._row(connection, namespace, name, lock=True)
        if old is None and connection.execute(fresh).rowcount:
            return self._row(connection, namespace, name) or _vanished()
        if old is None:  # another server process was faster
            old = self._row(connection, namespace, name, lock=True) or _vanished()
        drop_pending(connection, namespace, name, [trigger["value"]["expression"] for trigger in old.triggers])
        connection.execute(
            TEMPLATES.update()
            .where(TEMPLATES.c.id == old.id)
            .values(updated_at=now, revision=TEMPLATES.c.revision + 1, **values)
        )
        return self._row(connection, namespace, name) or _vanished()

    def get(self, namespace: str, name: str) -> dict[str, Any]:
        """The template with the names of its secrets; 404."""
        with self._context.database.begin() as connection:
            row = self._row(connection, namespace.strip(), name.strip())
        if row is None:
            raise Refusal(404, f"Graph template {name} not found in namespace {namespace}")
        return _shown(row, with_settings=self._context.settings.behaviour.stored_settings_are_shown)

    def list(self, namespace: str) -> dict[str, Any]:
        """The templates of a namespace, oldest first, with their secrets as they are kept: encrypted."""
        query = (
            TEMPLATES.select()
            .where(TEMPLATES.c.namespace == namespace.strip())
            .order_by(TEMPLATES.c.created_at, TEMPLATES.c.id)
        )
        with self._context.database.begin() as connection:
            templates = [_listed(row) for row in connection.execute(query)]
        return {"namespace": namespace, "count": len(templates), "templates": templates}

    def find(self, connection: sa.Connection, namespace: str, name: str) -> tuple[Graph, str] | None:
        """The parsed template and its validation status."""
        head = connection.execute(_HEAD, {"in_namespace": namespace.strip(), "of_name": name.strip()}).first()
        if head is None:
            return None
        kept = self._parsed.get(head.id)
        if kept is None or kept.revision != head.revision:
            row = connection.execute(TEMPLATES.select().where(TEMPLATES.c.id == head.id)).one()
            kept = self._parsed[head.id] = _parsed(row)
        return kept, head.validation_status

    def secrets(self, connection: sa.Connection, namespace: str, name: str) -> dict[str, str] | None:
        """The secrets in clear; None when there is no such template."""
        row = self._row(connection, namespace.strip(), name.strip())
        if row is None:
            return None
        return {key: self._context.vault.decrypt(value) for key, value in row.secrets.items()}

    def _row(self, connection: sa.Connection, namespace: str, name: str, *, lock: bool = False) -> sa.Row[Any] | None:
        query = TEMPLATES.select().where(_at(namespace, name))
        return connection.execute(query.with_for_update() if lock else query).first()


def _at(namespace: str | sa.BindParameter[str], name: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    return (TEMPLATES.c.namespace == namespace) & (TEMPLATES.c.name == name)


_HEAD = sa.select(TEMPLATES.c.id, TEMPLATES.c.revision, TEMPLATES.c.validation_status).where(
    _at(sa.bindparam("in_namespace"), sa.bindparam("of_name"))
)


def _vanished() -> sa.Row[Any]:
    raise LookupError("a graph template that was just written is gone")


def _values(body: bodies.UpsertGraph, secrets: dict[str, str]) -> dict[str, Any]:
    return {
        "nodes": [_node(node) for node in body.nodes],
        "secrets": secrets,
        "retry_policy": body.retry_policy.model_dump(mode="json"),
        "store_config": body.store_config.model_dump(mode="json"),
        "triggers": [trigger.model_dump(mode="json") for trigger in body.triggers],
        "validation_status": PENDING,
        "validation_errors": [],
    }


def _node(node: GraphNodeModel) -> dict[str, Any]:
    return node.model_dump(mode="json") | {"next_nodes": node.next_nodes or []}


def _parsed(row: sa.Row[Any]) -> Graph:
    return Graph(
        id=row.id,
        name=row.name,
        namespace=row.namespace,
        revision=row.revision,
        nodes=tuple(GraphNodeModel.model_validate(node) for node in row.nodes),
        retry_policy=RetryPolicyModel.model_validate(row.retry_policy),
        store_config=StoreConfigModel.model_validate(row.store_config),
    )


def _shown(row: sa.Row[Any], *, with_settings: bool) -> dict[str, Any]:
    return {
        "nodes": row.nodes,
        "secrets": dict.fromkeys(row.secrets, True),
        "retry_policy": row.retry_policy if with_settings else RetryPolicyModel().model_dump(mode="json"),
        "store_config": row.store_config if with_settings else StoreConfigModel().model_dump(mode="json"),
        "triggers": row.triggers if with_settings else [],
        "created_at": moments.stored(row.created_at),
        "updated_at": moments.stored(row.updated_at),
        "validation_status": row.validation_status,
        "validation_errors": row.validation_errors,
    }


def _listed(row: sa.Row[Any]) -> dict[str, Any]:
    return {
        "_id": row.id,
        "created_at": moments.stored(row.created_at),
        "updated_at": moments.stored(row.updated_at),
        "name": row.name,
        "namespace": row.namespace,
        "nodes": row.nodes,
        "validation_status": row.validation_status,
        "validation_errors": row.validation_errors,
        "secrets": row.secrets,
        "triggers": row.triggers,
        "retry_policy": row.retry_policy,
        "store_config": row.store_config,
    }
