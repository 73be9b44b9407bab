"""Checking a run again, from its document alone: values against fingerprints, fingerprints against seals, the root."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wirewright.narrow import is_mapping

from .artifact import ProofArtifact, canonical_fingerprint
from .interrupt import INTERRUPTED
from .recompute import wrong_inputs, wrong_outputs
from .reducer import Reducer, ReducerStatus
from .results import RunResult
from .template import DAGTemplate

__all__ = ["Verification", "verify"]

_SEALED_FIELDS = ("step_id", "spec_version", "inputs_fingerprint", "outputs_fingerprint", "status")


@dataclass(frozen=True)
class Verification:
    """What was found.

    `recomputed` are the steps whose proof hash was computed again; `anchored` those whose proof hash is an anchor that
    a network gave, and that only the network can confirm; `unsealed` those that never ran, or whose seal is not told.
    `values` are the steps whose inputs and outputs were hashed again: without a template, or where JSON has no form for
    some value, there are none.
    """

    problems: list[str]
    recomputed: list[str]
    anchored: list[str]
    unsealed: list[str]
    merkle_root_hash: str
    values: list[str]

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(document: Mapping[str, Any]) -> Verification:
    """Check a run document (`RunResult.to_document`, or the file that `pgdag run --output` writes).

    Raises:
        ValueError: the document is not one of a run.
    """
    try:
        result = RunResult.from_dict(document)
        if not result.run_id or "proofs" not in document:
            raise ValueError("it has no run_id or no proofs")
        return _verify(result, document.get("template"))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is not the document of a run: {error}") from None


def _verify(result: RunResult, told: Any) -> Verification:
    template = DAGTemplate.from_dict(told) if is_mapping(told) else None
    steps = {step: proof for step, proof in result.proofs.items() if step != INTERRUPTED}
    sealed: dict[str, list[str]] = {"recomputed": [], "anchored": [], "unsealed": []}
    problems: list[str] = []
    for step, proof in steps.items():
        seal = result.seal_documents.get(step)
        problems += _problems(step, proof, seal)
        sealed[_kind(proof, seal)].append(step)
    order = template.node_ids if template is not None else list(steps)
    expected = [step for step in order if step not in result.skipped]
    problems += [
        f"step {step!r} is in the template, but neither run nor skipped" for step in _left_over(result, expected)
    ]
    status, root = _reduced(result, expected)
    if root != result.merkle_root_hash:
        problems.append(f"the Merkle root is {root or 'empty'}, not {result.merkle_root_hash or 'empty'}")
    if status is not result.status:
        problems.append(f"by its proofs the run is {status.value}, not {result.status.value}")
    outputs = dict(wrong_outputs(result))
    inputs = dict(wrong_inputs(result, template)) if template is not None else {}
    problems += [f"step {step!r}: what it returned is not what was sealed" for step, wrong in outputs.items() if wrong]
    problems += [_wrong_inputs(step) for step, wrong in inputs.items() if wrong]
    return Verification(problems, **sealed, merkle_root_hash=root, values=[step for step in outputs if step in inputs])


def _wrong_inputs(step: str) -> str:
    if not step:
        return "the final outputs are not what the run's inputs and its steps add up to"
    return f"step {step!r}: what it was given is not what was sealed"


def _kind(proof: ProofArtifact, seal: Mapping[str, Any] | None) -> str:
    if seal is None:
        return "anchored" if proof.anchor_type else "unsealed"
    return "anchored" if _is_anchored(proof) else "recomputed"


def _is_anchored(proof: ProofArtifact) -> bool:
    """Did somebody else than the kernel give the proof hash? Local seals and unpublished ones are the kernel's own."""
    return bool(proof.anchor_type) or not proof.block_ref.startswith(("local:", "unpublished:", "no-blocks:"))


def _problems(step: str, proof: ProofArtifact, seal: Mapping[str, Any] | None) -> Iterator[str]:
    if proof.step_id != step:
        yield f"the proof of step {step!r} is one of step {proof.step_id!r}"
    if seal is None:
        return
    told = proof.to_dict()
    for name in _SEALED_FIELDS:
        if seal.get(name) != told[name]:
            yield f"step {step!r}: {name} is {told[name]!r}, but {seal.get(name)!r} was sealed"
    sealed: Mapping[str, Any] = seal.get("metrics") or {}
    for name, value in sealed.items():
        if canonical_fingerprint(proof.metrics.get(name)) != canonical_fingerprint(value):
            yield f"step {step!r}: its metric {name!r} is not what was sealed"
    computed = canonical_fingerprint(seal)
    if not _is_anchored(proof) and computed != proof.proof_hash:
        yield f"step {step!r}: the seal hashes to {computed}, not {proof.proof_hash}"


def _reduced(result: RunResult, expected: list[str]) -> tuple[ReducerStatus, str]:
    """Status and root by the proofs; of a run that waits there is nothing to say yet."""
    if result.status is ReducerStatus.WAITING:
        return result.status, ""
    state = Reducer(expected).fold_many(result.proofs.values())
    return state.status, state.merkle_root_hash


def _left_over(result: RunResult, expected: list[str]) -> list[str]:
    return [step for step in expected if step not in result.proofs] if result.success else []
