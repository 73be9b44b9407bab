"""Finds what a sandbox serves: a registered protocol, a file, or a canonical document at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wirewright.contract.document import SpecDocument


def load_document(spec: str | Path | Mapping[str, Any]) -> SpecDocument:
    """A document from a canonical value, or from a spec file by way of the generator's reader.

    Raises OSError for a file that cannot be read, ValueError for one that is no spec.
    """
    if isinstance(spec, Mapping):
        return SpecDocument(spec)
    from wirewright._codegen import canonical_document

    return SpecDocument(canonical_document(Path(spec)))
