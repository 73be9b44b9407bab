"""The JSON Schema 2020-12 suite over generated models: the committed page is true, and little is on it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
# a float's range and precision; bytes that are no base64
KNOWN = ("optional/bignum:", "optional/float-overflow:", "content:")


@pytest.fixture(scope="module")
def suite() -> Any:
    found = importlib.util.spec_from_file_location("wirewright_suite_page", HERE / "page.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module  # dataclasses look themselves up there
    found.loader.exec_module(module)
    if not module.SUITE.is_dir():
        pytest.skip("the JSON Schema test suite is not here")
    return module


@pytest.fixture(scope="module")
def outcomes(suite: Any) -> Any:
    return suite.outcomes()


def test_what_a_schema_allows_comes_back_in_every_flavour(outcomes: Any) -> None:
    assert [one.flavour for one in outcomes] == ["msgspec", "attrs", "pydantic"]
    for one in outcomes:
        assert sum(sum(counts.values()) for counts in one.counts.values()) > 1000
        assert [failure for failure in one.failures if not failure.startswith(KNOWN)] == []


def test_the_page_says_what_is_so(suite: Any, outcomes: Any) -> None:
    assert suite.PAGE.read_text(encoding="utf-8") == suite.page(outcomes), "python tests/codegen/suite/page.py --write"
