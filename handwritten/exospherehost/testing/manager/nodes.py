"""Registered nodes (protocol sheet §6.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from exospherehost.testing.manager import bodies, moments, schemas
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.tables import NODES

NodeKey = tuple[str, str]
"""Namespace and name."""


class Nodes:
    """What runtimes can execute, by namespace and name."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def register(self, namespace: str, body: bodies.RegisterNodes) -> dict[str, Any]:
        """Add or replace each node, in order; nothing else changes, and graphs are not verified again."""
        with self._context.database.begin() as connection:
            for node in body.nodes:
                self._put(connection, namespace, body.runtime_name, node)
        return {"runtime_name": body.runtime_name, "registered_nodes": [node.model_dump() for node in body.nodes]}

    def _put(self, connection: sa.Connection, namespace: str, runtime_name: str, node: bodies.NodeRegistration) -> None:
        values = {
            "runtime_name": runtime_name,
            "runtime_namespace": namespace,
            "inputs_schema": node.inputs_schema,
            "outputs_schema": node.outputs_schema,
            "secrets": node.secrets,
        }
        now = self._context.now
        identity = {"id": self._context.new_id(), "created_at": now, "updated_at": now}
        inserted = connection.execute(
            self._context.database.insert_or_ignore(NODES).values(
                **identity, name=node.name, namespace=namespace, **values
            )
        )
        if not inserted.rowcount:
            here = (NODES.c.namespace == namespace) & (NODES.c.name == node.name)
            connection.execute(NODES.update().where(here).values(**values))

    def list(self, namespace: str) -> dict[str, Any]:
        """The nodes of a namespace, oldest first."""
        query = NODES.select().where(NODES.c.namespace == namespace).order_by(NODES.c.created_at, NODES.c.id)
        with self._context.database.begin() as connection:
            nodes = [_shown(dict(row)) for row in connection.execute(query).mappings()]
        return {"namespace": namespace, "count": len(nodes), "nodes": nodes}

    def namespaces(self) -> dict[str, Any]:
        """The namespaces that have nodes, in ascending order."""
        query = sa.select(NODES.c.namespace).distinct().where(NODES.c.namespace != "")
        with self._context.database.begin() as connection:
            names = sorted(connection.execute(query).scalars())
        return {"namespaces": names, "count": len(names)}


class Registration:
    """One registered node, as graphs look at it."""

    def __init__(self, row: sa.Row[Any]) -> None:
        self.inputs_schema: dict[str, Any] = row.inputs_schema
        self.outputs_schema: dict[str, Any] = row.outputs_schema
        self.secrets: list[str] = row.secrets

    def inputs(self) -> dict[str, bool]:
        """For each input, whether it is a plain string; raises `schemas.SchemaError`."""
        return schemas.fields(self.inputs_schema)

    def outputs(self) -> dict[str, bool]:
        """For each output, whether it is a plain string; raises `schemas.SchemaError`."""
        return schemas.fields(self.outputs_schema)


def find(connection: sa.Connection, keys: Iterable[NodeKey]) -> dict[NodeKey, Registration]:
    """Those of the nodes that are registered."""
    rows = (
        connection.execute(_BY_KEY, {"in_namespace": namespace, "of_name": name}).first()
        for namespace, name in dict.fromkeys(keys)
    )
    return {(row.namespace, row.name): Registration(row) for row in rows if row is not None}


_BY_KEY = NODES.select().where(
    NODES.c.namespace == sa.bindparam("in_namespace"), NODES.c.name == sa.bindparam("of_name")
)


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "_id": row.pop("id"),
        "created_at": moments.stored(row.pop("created_at")),
        "updated_at": moments.stored(row.pop("updated_at")),
        **row,
    }
