"""What the tests of the generator's front share: tiny documents, and the documents of the corpus."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wirewright_codegen.canonical import Canonical, CanonicalOptions, canonicalise
from wirewright_codegen.canonical.check import assert_canonical
from wirewright_codegen.naming import Names
from wirewright_codegen.read import document_of

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
SUITE = Path(__file__).parents[4] / "shared" / "vectors" / "json-schema"
BASELINE = Path(__file__).parents[4] / "shared" / "anchors" / "codegen-baseline.md"

Canonicalise = Callable[..., Canonical]


@pytest.fixture
def canonical() -> Canonicalise:
    """Canonicalise a document that is given as a value; the result is checked against the rules of the form."""

    def run(value: Any, *, lock: Names | None = None, **options: Any) -> Canonical:
        result = canonicalise(document_of(value), CanonicalOptions(**options), lock=lock)
        assert_canonical(result.document)
        return result

    return run


@pytest.fixture
def schemas(canonical: Canonicalise) -> Callable[..., dict[str, Any]]:
    """Component schemas to canonical component schemas, without `x-source`."""

    def run(raw: dict[str, Any], version: str = "3.1.0", **rest: Any) -> dict[str, Any]:
        result = canonical(api(schemas=raw, version=version, **rest))
        found = result.document["components"]["schemas"]
        return {name: {k: v for k, v in schema.items() if k != "x-source"} for name, schema in found.items()}

    return run


def api(
    schemas: dict[str, Any] | None = None, paths: dict[str, Any] | None = None, version: str = "3.1.0", **rest: Any
) -> dict[str, Any]:
    """A small OpenAPI document."""
    return {
        "openapi": version,
        "info": {"title": "Tiny", "version": "1"},
        "paths": paths or {},
        "components": {"schemas": schemas or {}},
        **rest,
    }


@pytest.fixture
def tiny() -> Callable[..., dict[str, Any]]:
    """`api`, for tests that cannot import it."""
    return api


@pytest.fixture(scope="session")
def corpus() -> dict[str, dict[str, Any]]:
    """Every document of the corpus by name."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public descriptions is not here")
    return {path.stem: json.loads(path.read_text()) for path in sorted(CORPUS.glob("*.json"))}


@pytest.fixture(scope="session")
def suite() -> Path:
    """The folder of the JSON Schema test suite."""
    if not SUITE.is_dir():
        pytest.skip("the JSON Schema test suite is not here")
    return SUITE


@pytest.fixture(scope="session")
def baseline() -> str:
    """The measured baseline with its reduced constructs."""
    if not BASELINE.is_file():
        pytest.skip("the measured baseline is not here")
    return BASELINE.read_text()
