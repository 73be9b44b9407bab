"""cDNA lineage, from the execution kernel; importing a name imports `pgdag`."""

from __future__ import annotations

import importlib
from typing import Any

NAMES = (
    "CdnaRecord DriftDetector DriftReport EvolutionaryMutator LineageManager MutationProof "
    "MutationStrategy MutationTrigger"
)


def __getattr__(name: str) -> Any:
    if name in NAMES.split():
        return getattr(importlib.import_module("pgdag"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
