"""Everything that executes workflows, wired together (sheet §10.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from .chains import ChainHealthTracker, EvidenceChainManager
from .dag import PGDAGRunner, RunnerOptions
from .edges import EdgeEmitter
from .entity import EntityReducer
from .gate import IdempotencyGate
from .handoff import HandoffEnvelope, build_handoff
from .interrupt import InterruptionHandler
from .seal import ProofWriter

__all__ = ["ExecutionLayer", "build"]


@dataclass
class ExecutionLayer:
    """A runner with what belongs to it. `gate`, `interruption` and `writer` are the runner's own."""

    runner: PGDAGRunner
    chains: EvidenceChainManager
    chain_health: ChainHealthTracker
    gate: IdempotencyGate
    interruption: InterruptionHandler
    writer: ProofWriter
    edge_emitter: EdgeEmitter | None = None
    domain: str = "general"
    spec_version: str = "1.0"
    _snapchore: Any = None

    def entity(self, entity_type: str, entity_id: str) -> EntityReducer:
        """A reducer for one entity."""
        return EntityReducer(entity_type, entity_id, self._snapchore)

    def handoff(
        self,
        *,
        source_product: str,
        source_template: str,
        source_run_id: str,
        source_slot_id: str = "",
        source_merkle_root: str = "",
        target_product: str = "",
        target_template: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> HandoffEnvelope:
        """An envelope that hands a run's result to another product; see `build_handoff`."""
        return build_handoff(
            source_product=source_product,
            source_template=source_template,
            source_run_id=source_run_id,
            source_slot_id=source_slot_id,
            source_merkle_root=source_merkle_root,
            target_product=target_product,
            target_template=target_template,
            payload=payload,
            snapchore=self._snapchore,
        )


def build(
    *,
    sbn_client: Any = None,
    lattice_client: Any = None,
    domain: str = "general",
    spec_version: str = "1.0",
    remote_idempotency: bool = False,
    **options: Unpack[RunnerOptions],
) -> ExecutionLayer:
    """Wire a runner to an SBN client, or to nothing: then everything is sealed locally. No I/O.

    Args:
        sbn_client: anything with `snapchore`, `gateway`, `bitblocks` and `blocks`, sync or async; each may be missing.
        lattice_client: told of each outcome; it is not taken from `sbn_client`.
        domain: of edges, and of templates whose own domain is empty.
        remote_idempotency: ask SnapChore too whether a step is sealed already.
        options: more of `PGDAGRunner`: `max_concurrency`, `journal`, `executor`, `on_event` ...
    """
    snapchore, gateway, bitblocks, blocks = (
        getattr(sbn_client, name, None) for name in ("snapchore", "gateway", "bitblocks", "blocks")
    )
    runner = PGDAGRunner(
        snapchore,
        gateway,
        bitblocks,
        blocks,
        domain=domain,
        spec_version=spec_version,
        remote_idempotency=remote_idempotency,
        **options,
    )
    emitter = EdgeEmitter(lattice_client, domain) if lattice_client is not None else None
    runner.connect_lattice(lattice_client, emitter)
    chains = EvidenceChainManager(snapchore)
    return ExecutionLayer(
        runner=runner,
        chains=chains,
        chain_health=ChainHealthTracker(chains),
        gate=runner.idempotency_gate,
        interruption=runner.interruption_handler,
        writer=runner.writer,
        edge_emitter=emitter,
        domain=domain,
        spec_version=spec_version,
        _snapchore=snapchore,
    )
