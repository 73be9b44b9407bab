from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from wirewright.contract import SpecDocument


def _document(paths: dict[str, Any], schemas: dict[str, Any] | None = None, **more: Any) -> SpecDocument:
    components = {"schemas": schemas or {}} | more.pop("components", {})
    return SpecDocument(
        {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths, "components": components} | more
    )


@pytest.fixture
def document() -> Callable[..., SpecDocument]:
    """Makes a document of paths, schemas and other top-level members."""
    return _document
