"""Edges of the Lattice graph that a run draws (sheet §8.3)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .artifact import ProofArtifact
from .calls import call

if TYPE_CHECKING:
    from .handoff import HandoffEnvelope

__all__ = ["EdgeEmitter"]

logger = logging.getLogger(__name__)


class EdgeEmitter:
    """Best effort: what cannot be drawn is logged, and the run goes on."""

    def __init__(self, lattice_client: Any = None, domain: str = "general") -> None:
        self._lattice = lattice_client
        self._domain = domain

    @property
    def enabled(self) -> bool:
        return self._lattice is not None

    async def emit(
        self,
        step_id: str,
        proof: ProofArtifact,
        *,
        run_id: str,
        template_name: str,
        meta: Mapping[str, Any] | None = None,
    ) -> Any:
        """`template.step PRODUCES proof`."""
        facts = {"run_id": run_id, "domain": self._domain, "step_id": step_id, "block_ref": proof.block_ref}
        return await self._create(f"{template_name}.{step_id}", proof.proof_hash, "PRODUCES", facts, meta)

    async def emit_subworkflow(
        self,
        *,
        parent_template: str,
        parent_step_id: str,
        child_template: str,
        child_workflow_id: str | None = None,
        parent_run_id: str,
        child_run_id: str,
        child_slot_id: str | None = None,
        child_receipt_id: str | None = None,
        child_merkle_root: str | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> Any:
        """`parent.step NESTS child`."""
        facts = {
            "domain": self._domain,
            "parent_run_id": parent_run_id,
            "child_run_id": child_run_id,
            "child_template": child_template,
            "child_slot_id": child_slot_id,
            "child_receipt_id": child_receipt_id,
            "child_merkle_root_hash": child_merkle_root,
        }
        source = f"{parent_template}.{parent_step_id}"
        return await self._create(source, child_workflow_id or child_template, "NESTS", facts, meta)

    async def emit_handoff(self, envelope: HandoffEnvelope, *, meta: Mapping[str, Any] | None = None) -> Any:
        """`source product.template TRIGGERS target product.template`."""
        facts = {
            "handoff_hash": envelope.handoff_hash,
            "source_run_id": envelope.source_run_id,
            "source_merkle_root": envelope.source_merkle_root,
        }
        source = f"{envelope.source_product}.{envelope.source_template}"
        target = f"{envelope.target_product}.{envelope.target_template}"
        return await self._create(source, target, "TRIGGERS", facts, meta)

    async def _create(
        self, source_id: str, target_id: str, edge_type: str, facts: dict[str, Any], meta: Mapping[str, Any] | None
    ) -> Any:
        if self._lattice is None:
            return None
        try:
            return await call(
                self._lattice.create_edge,
                source_id=source_id,
                target_id=target_id,
                edge_type=edge_type,
                weight=1.0,
                meta={**facts, **(meta or {})},
            )
        except Exception as error:
            logger.warning("edge %s %s %s not drawn: %s", source_id, edge_type, target_id, error)
            return None
