"""Checking a run again, from its document alone: the seal of each step, and the root over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wirewright.narrow import is_mapping, is_sequence

from .artifact import ProofArtifact, canonical_fingerprint, merkle_root
from .interrupt import INTERRUPTED
from .reducer import ReducerStatus
from .results import RunResult

__all__ = ["Verification", "verify"]

_SEALED_FIELDS = ("step_id", "spec_version", "inputs_fingerprint", "outputs_fingerprint", "status")


@dataclass(frozen=True)
class Verification:
    """What was found.

    `recomputed` are the steps whose proof hash was computed again; `anchored` those whose proof hash is an anchor that
    a network gave, and that only the network can confirm; `unsealed` those that never ran, or whose seal is not told.
    """

    problems: list[str]
    recomputed: list[str]
    anchored: list[str]
    unsealed: list[str]
    merkle_root_hash: str

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
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"this is not the document of a run: {error}") from None
    if not result.run_id or "proofs" not in document:
        raise ValueError("this is not the document of a run: it has no run_id or no proofs")
    steps = {step: proof for step, proof in result.proofs.items() if step != INTERRUPTED}
    sealed: dict[str, list[str]] = {"recomputed": [], "anchored": [], "unsealed": []}
    problems: list[str] = []
    for step, proof in steps.items():
        seal = result.seal_documents.get(step)
        problems += _problems(step, proof, seal)
        sealed[_kind(proof, seal)].append(step)
    order = _order(document, steps)
    problems += [f"step {step!r} is in the template, but neither run nor skipped" for step in _left_over(result, order)]
    root = (
        ""
        if result.status is ReducerStatus.WAITING
        else merkle_root([steps[s].proof_hash for s in order if s in steps])
    )
    if root != result.merkle_root_hash:
        problems.append(f"the Merkle root is {root or 'empty'}, not {result.merkle_root_hash or 'empty'}")
    return Verification(problems, **sealed, merkle_root_hash=root)


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
    computed = canonical_fingerprint(seal)
    if not _is_anchored(proof) and computed != proof.proof_hash:
        yield f"step {step!r}: the seal hashes to {computed}, not {proof.proof_hash}"


def _order(document: Mapping[str, Any], steps: Mapping[str, ProofArtifact]) -> list[str]:
    """The leaves' order: the template's where it is told, else that of the proofs."""
    template = document.get("template")
    nodes = template.get("nodes") if is_mapping(template) else None
    return [str(node["id"]) for node in nodes] if is_sequence(nodes) else list(steps)


def _left_over(result: RunResult, order: list[str]) -> list[str]:
    if result.status is not ReducerStatus.COMPLETE:
        return []
    return [step for step in order if step not in result.proofs and step not in result.skipped]
