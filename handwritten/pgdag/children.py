"""Runs of sub-workflow steps: their template, their id, and how they are started or gone on with (sheet §7.7)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from wirewright.narrow import is_mapping

from .calls import call
from .results import RunResult
from .subworkflow import ChildRun
from .template import DAGNode, DAGTemplate

if TYPE_CHECKING:
    from .dag import PGDAGRunner

__all__ = ["Children"]

logger = logging.getLogger(__name__)


class Children:
    """The children of one runner."""

    def __init__(self, runner: PGDAGRunner) -> None:
        self._runner = runner

    def template(self, node: DAGNode, config: Mapping[str, Any]) -> DAGTemplate:
        """The template of a sub-workflow step: named by the node, else by the run's configuration.

        Raises:
            KeyError: no template goes by any of the names.
        """
        data, table, known = node.metadata, config.get("subworkflow_templates"), self._runner.templates
        named = [data.get(key) for key in ("workflow_template", "template_name", "template")]
        if is_mapping(table):
            named += [table.get(node.id), table.get(data.get("template_name"))]
        for candidate in named:
            if isinstance(candidate, DAGTemplate):
                return candidate
            if is_mapping(candidate):
                return DAGTemplate.from_dict(cast("Mapping[str, Any]", candidate))
            found = known.get(str(candidate)) or known.get(str(candidate).lower())
            if candidate and found is not None:
                return found
        raise KeyError(f"Subworkflow template not registered for step: {node.id}")

    def run_id(self, run_id: str, step: str) -> str:
        """Random; with a journal always the same, so that a child too goes on where it stopped."""
        if self._runner.journal is None:
            return f"{run_id}:{step}:{uuid.uuid4().hex[:8]}"
        return f"{run_id}:{step}:{hashlib.sha256(f'{run_id}:{step}'.encode()).hexdigest()[:8]}"

    async def run(
        self, child: ChildRun, state: Mapping[str, Any] | None = None, payload: Mapping[str, Any] | None = None
    ) -> RunResult:
        """Run a child, or go on with it: from the journal, or from the state in which it began to wait."""
        runner, journal = self._runner.spawn(child.template.domain or self._runner.domain), self._runner.journal
        if journal is not None and await call(journal.knows, child.run_id):
            return await runner.resume(
                child.run_id, resume_event_payload=payload, config=child.config, retry_failed=child.retry_failed
            )
        if state:
            return await runner.resume(
                child.template, resume_state=state, resume_event_payload=payload, config=child.config
            )
        return await runner.execute(
            child.template, child.inputs, actor=child.actor, config=child.config, run_id=child.run_id
        )

    def launch(self, child: ChildRun) -> None:
        """Start an async child here if it asks for that; a detached one is the host's to start."""
        if child.launch_mode != "background":
            return
        task = asyncio.create_task(self.run(child), name=f"pgdag:{child.run_id}")
        self._runner.background_tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[RunResult]) -> None:
        self._runner.background_tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            logger.error("%s failed: %s", task.get_name(), error)
        else:
            logger.info("%s ended: %s", task.get_name(), task.result().status.value)
