"""Steps that are runs of their own: which template, which inputs, and what proof they give (sheet §7.7)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from wirewright.narrow import is_mapping, is_sequence

from .artifact import ProofArtifact, ProofStatus, canonical_fingerprint, utc_now
from .reducer import ReducerStatus
from .reporting import resolve_workflow_id
from .results import RunResult, WaitForEvent
from .resume import RESUME_KEYS
from .template import DAGNode, DAGTemplate

if TYPE_CHECKING:
    from .run import Run

__all__ = [
    "CHILD_STATE",
    "COMPLETED_EVENT",
    "ChildRun",
    "ProofRequest",
    "child_result",
    "proof_of_child",
    "values_of_child",
]

COMPLETED_EVENT = "pgdag.subworkflow.completed"
CHILD_STATE = "child_resume_state"
"""In the metadata of a wait: the resume document of the child that waits."""

_RUN_KEYS = RESUME_KEYS | frozenset(
    {
        "workflow_id",
        "lattice_workflow_id",
        "shared_slot_id",
        "shared_slot_mode",
    }
)
"""What belongs to one run and never to its children (sheet §14, 21, 24, 25)."""

_ANCHORS = ("receipt_hash_preferred", "receipt_hash_required", "any")
_FALLBACKS = ("allow_child_step_anchor", "allow_merkle_root", "disallow")
_MODES = ("sync", "inline", "async")
_LAUNCH_MODES = ("detached", "background")


def _first_known(known: Sequence[str], *candidates: Any) -> str:
    """The first candidate that is one of `known`, which begins with the default."""
    tidy = (str(candidate).strip().lower() for candidate in candidates if candidate is not None)
    return next((candidate for candidate in tidy if candidate in known), known[0])


def _lookup(config: Mapping[str, Any], key: str, *names: Any) -> list[Any]:
    table = config.get(key)
    return [table.get(name) for name in names if name] if is_mapping(table) else []


@dataclass(frozen=True)
class ProofRequest:
    """What a parent accepts as proof of a child."""

    anchor_requirement: str
    fallback_policy: str
    require_child_slot_receipt: bool

    @classmethod
    def of(cls, node: DAGNode, config: Mapping[str, Any]) -> ProofRequest:
        data = node.metadata
        return cls(
            anchor_requirement=_first_known(
                _ANCHORS,
                data.get("anchor_requirement"),
                data.get("child_anchor_requirement"),
                config.get("default_subworkflow_anchor_requirement"),
            ),
            fallback_policy=_first_known(
                _FALLBACKS,
                data.get("fallback_policy"),
                data.get("child_fallback_policy"),
                config.get("default_subworkflow_fallback_policy"),
            ),
            require_child_slot_receipt=bool(
                data.get("require_child_slot_receipt") or data.get("require_slot_receipt") or False
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "anchor_requirement": self.anchor_requirement,
            "fallback_policy": self.fallback_policy,
            "require_child_slot_receipt": self.require_child_slot_receipt,
        }


@dataclass
class ChildRun:
    """One child of a run, ready to start."""

    node: DAGNode
    template: DAGTemplate
    run_id: str
    workflow_id: str | None
    mode: str
    launch_mode: str
    request: ProofRequest
    inputs: dict[str, Any]
    config: dict[str, Any]
    actor: str
    retry_failed: bool = False

    @classmethod
    def of(cls, run: Run, node: DAGNode, template: DAGTemplate, inputs: Mapping[str, Any], run_id: str) -> ChildRun:
        data, config = node.metadata, run.config
        names = (node.id, data.get("template_name"))
        mode = _first_known(
            _MODES,
            data.get("subworkflow_mode"),
            data.get("mode"),
            *_lookup(config, "subworkflow_modes", *names),
            config.get("default_subworkflow_mode"),
            os.environ.get("PGDAG_DEFAULT_SUBWORKFLOW_MODE"),
        )
        launch_mode = _first_known(
            _LAUNCH_MODES,
            data.get("async_launch_mode"),
            *_lookup(config, "subworkflow_async_launch_modes", *names),
            config.get("default_subworkflow_async_launch_mode"),
            os.environ.get("PGDAG_ASYNC_SUBWORKFLOW_LAUNCH_MODE"),
        )
        request = ProofRequest.of(node, config)
        child_config = _child_config(run, node, mode, request)
        fallback_ids = _lookup(config, "child_workflow_ids", node.id)
        return cls(
            node=node,
            template=template,
            run_id=run_id,
            workflow_id=resolve_workflow_id(child_config, template) or next(iter(fallback_ids), None),
            mode=mode,
            launch_mode=launch_mode,
            request=request,
            inputs=_child_inputs(node, inputs),
            config=child_config,
            actor=str(data.get("actor") or run.actor),
            retry_failed=run.retry_failed,
        )

    def wait_event(self) -> WaitForEvent:
        """What the parent of an async child waits for; a host can start a detached one from it."""
        name = self.node.id
        event = WaitForEvent(
            COMPLETED_EVENT,
            self.run_id,
            partial_outputs={
                f"{name}_child_workflow_id": self.workflow_id,
                f"{name}_child_run_id": self.run_id,
                f"{name}_child_template_name": self.template.name,
                f"{name}_child_execution_mode": self.mode,
            },
            metadata={
                "subworkflow": True,
                "step_id": name,
                "launch_mode": self.launch_mode,
                "proof_request": self.request.to_dict(),
                "child_template_name": self.template.name,
                "child_workflow_id": self.workflow_id,
                "child_run_id": self.run_id,
                "child_actor": self.actor,
                "child_inputs": self.inputs,
                "child_config": self.config,
            },
        )
        event.node_id = name
        return event


def _child_inputs(node: DAGNode, inputs: Mapping[str, Any]) -> dict[str, Any]:
    keys = node.metadata.get("input_keys")
    picked = {str(key): inputs[key] for key in keys if key in inputs} if is_sequence(keys) else dict(inputs)
    overlay = node.metadata.get("inputs")
    return {**picked, **overlay} if is_mapping(overlay) else picked


def _child_config(run: Run, node: DAGNode, mode: str, request: ProofRequest) -> dict[str, Any]:
    own = node.metadata.get("config")
    config = {key: value for key, value in run.config.items() if key not in _RUN_KEYS}
    config |= dict(own) if is_mapping(own) else {}
    config |= {
        "parent_run_id": run.run_id,
        "parent_step_id": node.id,
        "parent_template_name": run.template.name,
        "parent_slot_id": run.slot.id,
        "subworkflow_mode": mode,
        "parent_proof_request": request.to_dict(),
    }
    return config | ({"shared_slot_id": run.slot.id, "shared_slot_mode": "inline"} if mode == "inline" else {})


@dataclass(frozen=True)
class _Anchor:
    """What a child's proof hangs on. Without any, its parent's proof is the hash of what is known of the child."""

    hash: str | None = None
    type: str | None = None
    source: str | None = None
    receipt_id: str | None = None
    block_ref: str | None = None
    step_id: str | None = None
    degraded: bool = False


def _anchor_of(result: RunResult, request: ProofRequest) -> _Anchor:
    if result.slot_receipt_id:
        receipt = result.slot_receipt_id
        return _Anchor(receipt, "receipt_hash", "child_slot_receipt", receipt, result.slot_id or receipt)
    if request.require_child_slot_receipt:
        return _Anchor()
    if request.fallback_policy == "allow_child_step_anchor":
        return _step_anchor(result)
    if request.fallback_policy == "allow_merkle_root":
        root = result.merkle_root_hash
        return _Anchor(root, "merkle_root", "child_merkle_root", degraded=True) if root else _Anchor(degraded=True)
    return _Anchor()


def _step_anchor(result: RunResult) -> _Anchor:
    """The last step's anchor, one that a receipt backs if there is any."""
    proofs = [proof for proof in result.proofs.values() if proof.succeeded and (proof.anchor_hash or proof.proof_hash)]
    if not proofs:
        return _Anchor()
    best = max(proofs, key=lambda p: (p.anchor_type == "receipt_hash", f"{p.created_at.isoformat()}:{p.step_id}"))
    return _Anchor(
        best.anchor_hash or best.proof_hash,
        best.anchor_type or "proof_hash",
        "child_step_anchor",
        best.receipt_id or None,
        best.block_ref or None,
        best.step_id,
        degraded=best.anchor_type != "receipt_hash",
    )


def _verdict(result: RunResult, request: ProofRequest, anchor: _Anchor) -> tuple[ProofStatus, str, str]:
    """Status of the parent's proof, how the request was met, and why not."""
    statuses = {
        ReducerStatus.COMPLETE: ProofStatus.COMPLETED,
        ReducerStatus.INTERRUPTED: ProofStatus.INTERRUPTED,
    }
    if request.require_child_slot_receipt and not result.slot_receipt_id:
        return ProofStatus.FAILED, "unsatisfied", "child_slot_receipt_missing"
    if anchor.hash is None:
        return ProofStatus.FAILED, "unsatisfied", "no_acceptable_child_anchor"
    backed = anchor.type == "receipt_hash"
    if request.anchor_requirement == "receipt_hash_required" and not backed:
        return ProofStatus.FAILED, "unsatisfied", "receipt_hash_required"
    degraded = request.anchor_requirement == "receipt_hash_preferred" and not backed
    return statuses.get(result.status, ProofStatus.FAILED), "degraded" if degraded else "satisfied", ""


def proof_of_child(
    node_id: str,
    spec_version: str,
    *,
    child_inputs: Mapping[str, Any],
    child_workflow_id: str | None,
    request: ProofRequest,
    result: RunResult,
    clock: Callable[[], datetime] = utc_now,
) -> ProofArtifact:
    """The parent's proof for a finished child."""
    anchor = _anchor_of(result, request)
    status, request_status, reason = _verdict(result, request, anchor)
    facts: dict[str, Any] = {
        "child_workflow_id": child_workflow_id,
        "child_template_name": result.template_name,
        "child_run_id": result.run_id,
        "child_slot_id": result.slot_id,
        "child_slot_receipt_id": result.slot_receipt_id,
        "child_merkle_root_hash": result.merkle_root_hash,
        "child_status": result.status.value,
        "child_anchor_hash": anchor.hash,
        "child_anchor_type": anchor.type,
        "child_anchor_receipt_id": anchor.receipt_id,
        "child_anchor_step_id": anchor.step_id,
        "child_anchor_source": anchor.source,
        "subworkflow": True,
        "degraded_anchor": anchor.degraded,
        "proof_request": request.to_dict(),
    }
    proof_hash = anchor.hash or canonical_fingerprint(facts)
    return ProofArtifact(
        step_id=node_id,
        spec_version=spec_version,
        inputs_fingerprint=canonical_fingerprint(child_inputs),
        outputs_fingerprint=canonical_fingerprint(result.final_outputs),
        proof_hash=proof_hash,
        block_ref=anchor.block_ref or result.slot_id or "",
        status=status,
        anchor_hash=proof_hash,
        anchor_type=anchor.type or "proof_hash",
        receipt_id=anchor.receipt_id or "",
        metrics={
            **facts,
            "proof_request_status": request_status,
            **({"proof_request_reason": reason} if reason else {}),
        },
        created_at=clock(),
    )


_ANCHOR_FACTS = ("anchor_hash", "anchor_type", "anchor_receipt_id", "anchor_step_id")


def values_of_child(node_id: str, mode: str, proof: ProofArtifact, result: RunResult) -> dict[str, Any]:
    """What a finished child adds to its parent's values."""
    facts = {
        "execution_mode": mode,
        "workflow_id": proof.metrics["child_workflow_id"],
        "run_id": result.run_id,
        "slot_id": result.slot_id,
        "receipt_id": result.slot_receipt_id,
        "merkle_root_hash": result.merkle_root_hash,
        **{name: proof.metrics[f"child_{name}"] for name in _ANCHOR_FACTS},
    }
    return {**result.final_outputs, **{f"{node_id}_child_{name}": value for name, value in facts.items()}}


def child_result(payload: Mapping[str, Any], template_name: str) -> RunResult:
    """Read the RunResult document that ends an async child, leniently: what is missing is taken to have gone well."""
    known = {status.value for status in ReducerStatus}
    status = str(payload.get("status"))
    told = {"status": status if status in known else ReducerStatus.COMPLETE.value, "template_name": template_name}
    return RunResult.from_dict({**payload, **told})
