from __future__ import annotations

import pytest
from wirewright.contract import Suite
from wirewright.protocols import discover


@pytest.fixture(scope="module", params=sorted(discover().protocols))
def suite(request: pytest.FixtureRequest) -> Suite:
    """The contract of each installed protocol, in its default version."""
    return Suite.of_protocol(request.param)
