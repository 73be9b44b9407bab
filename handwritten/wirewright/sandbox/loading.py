"""Opens what a sandbox serves: a spec file by way of the generator's reader, or a document at hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wirewright.contract.document import METHODS, SpecDocument


def load_document(spec: str | Path | Mapping[str, Any]) -> SpecDocument:
    """A spec, ready to serve and to check against. A canonical document is taken as it is.

    Raises the generator's `SpecError` when it cannot be used, ModuleNotFoundError without the `codegen` extra.
    """
    if isinstance(spec, Mapping) and is_canonical(spec):
        return SpecDocument(spec)
    from wirewright_codegen.canonical import canonicalise
    from wirewright_codegen.read import document_of, read_document

    document = document_of(dict(spec)) if isinstance(spec, Mapping) else read_document(spec)
    return SpecDocument(canonicalise(document).document)


def is_canonical(document: Mapping[str, Any]) -> bool:
    """Whether operations can be read without following references, as the canonical form promises."""
    if not str(document.get("openapi", "")).startswith("3.1"):
        return False
    for item in document.get("paths", {}).values():
        if "$ref" in item or "parameters" in item:
            return False
        for operation in (item[method] for method in METHODS if method in item):
            parts = [*operation.get("parameters", ()), *operation.get("responses", {}).values()]
            parts.append(operation.get("requestBody", {}))
            if "operationId" not in operation or any("$ref" in part for part in parts):
                return False
    return True
