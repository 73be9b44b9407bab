"""The proofs that a step stands on, as values: they become part of its fingerprint (sheet §7.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .artifact import ProofArtifact
from .template import Plan

__all__ = ["Upstream"]


class Upstream:
    """Looks into `proofs`, which its owner fills; without edges, each completed step has to be told by `completed`."""

    def __init__(self, plan: Plan, proofs: Mapping[str, ProofArtifact]) -> None:
        self._plan = plan
        self._proofs = proofs
        self._so_far: dict[str, Any] = {}

    def completed(self, step: str) -> None:
        if self._plan.template.is_linear:
            self._so_far |= _keys(step, self._proofs[step])

    def keys(self, step: str) -> dict[str, Any]:
        """Without edges, the proofs of all steps before this one; else those of its direct prerequisites."""
        if self._plan.template.is_linear:
            return self._so_far
        keys: dict[str, Any] = {}
        for name in self._plan.prerequisites(step):
            proof = self._proofs.get(name)
            if proof is not None and proof.succeeded:
                keys |= _keys(name, proof)
                keys[f"{name}_outputs_fingerprint"] = proof.outputs_fingerprint
        return keys


def _keys(step: str, proof: ProofArtifact) -> dict[str, Any]:
    return {
        f"{step}_proof_hash": proof.proof_hash,
        f"{step}_anchor_hash": proof.anchor_hash or proof.proof_hash,
        f"{step}_anchor_type": proof.anchor_type or "proof_hash",
    }
