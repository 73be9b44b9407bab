"""The second look at a template, against the registered nodes, after it was kept (protocol sheet §6.4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from exospherehost.models import GraphNodeModel
from exospherehost.testing.manager import nodes, placeholders
from exospherehost.testing.manager.context import Context
from exospherehost.testing.manager.nodes import NodeKey, Registration
from exospherehost.testing.manager.schedule import plan
from exospherehost.testing.manager.tables import TEMPLATES


class Verification:
    """Makes PENDING templates VALID or INVALID."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, template_id: str, revision: int) -> None:
        """Verify one revision; a template that has changed since, or is verified already, is left alone."""
        with self._context.database.begin() as connection:
            row = connection.execute(
                TEMPLATES.select()
                .where(
                    TEMPLATES.c.id == template_id,
                    TEMPLATES.c.revision == revision,
                    TEMPLATES.c.validation_status == "PENDING",
                )
                .with_for_update()
            ).first()
            if row is None:
                return
            errors = self._errors(connection, row)
            status = {"validation_status": "INVALID" if errors else "VALID", "validation_errors": errors}
            connection.execute(
                TEMPLATES.update().where(TEMPLATES.c.id == row.id).values(updated_at=self._context.now, **status)
            )

    def run_orphans(self, older_than: int) -> None:
        """Verify templates whose process did not get to it; `older_than` is a moment in milliseconds."""
        left = (TEMPLATES.c.validation_status == "PENDING") & (TEMPLATES.c.updated_at < older_than)
        with self._context.database.begin() as connection:
            rows = connection.execute(sa.select(TEMPLATES.c.id, TEMPLATES.c.revision).where(left)).all()
        for row in rows:
            self.run(row.id, row.revision)

    def _errors(self, connection: sa.Connection, row: sa.Row[Any]) -> list[str]:
        uses = [GraphNodeModel.model_validate(node) for node in row.nodes]
        try:
            registered = nodes.find(connection, map(_key, uses))
            errors = list(_problems(uses, registered, set(row.secrets)))
            if not errors:
                with connection.begin_nested():
                    plan(connection, self._context, row)
        except ValueError as error:
            return [f"Validation failed due to unexpected error: {error}"]
        return errors


def _problems(uses: list[GraphNodeModel], registered: dict[NodeKey, Registration], secrets: set[str]) -> Iterator[str]:
    for namespace, name in dict.fromkeys(map(_key, uses)):
        if (namespace, name) not in registered:
            yield f"Node {name} in namespace {namespace} does not exist."
    needed = dict.fromkeys(secret for node in registered.values() for secret in node.secrets)
    for secret in needed:
        if secret not in secrets:
            yield f"Secret {secret} is required but not present in the graph template"
    by_identifier = {use.identifier: use for use in uses}
    for use in uses:
        yield from _input_problems(use, registered.get(_key(use)), by_identifier, registered)


def _input_problems(
    use: GraphNodeModel,
    node: Registration | None,
    uses: dict[str, GraphNodeModel],
    registered: dict[NodeKey, Registration],
) -> Iterator[str]:
    place = f"in node {use.node_name} in namespace {use.namespace}"
    if node is None:
        yield f"Node {use.node_name} in namespace {use.namespace} does not exist"
        return
    for field, is_string in node.inputs().items():
        if not is_string:
            yield f"Input {field} {place} is not a string"
        elif field not in use.inputs:
            yield f"Input {field} {place} is not present in the graph template"
    for text in use.inputs.values():
        for source in placeholders.parse(text).sources:
            if not source.is_store:
                yield from _source_problems(source, uses, registered)


def _source_problems(
    source: placeholders.Source, uses: dict[str, GraphNodeModel], registered: dict[NodeKey, Registration]
) -> Iterator[str]:
    use = uses.get(source.identifier)
    if use is None:
        yield f"Node {source.identifier} does not exist in the graph template"
        return
    node = registered.get(_key(use))
    if node is None:
        yield f"Node {use.node_name} in namespace {use.namespace} does not exist"
        return
    outputs = node.outputs()
    place = f"in node {use.node_name} in namespace {use.namespace}"
    if source.field not in outputs:
        yield f"Field {source.field} {place} does not exist"
    elif not outputs[source.field]:
        yield f"Field {source.field} {place} is not a string"


def _key(use: GraphNodeModel) -> NodeKey:
    return (use.namespace, use.node_name)
