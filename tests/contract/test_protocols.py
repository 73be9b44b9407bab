"""Every version of every installed protocol: its generated client keeps the spec, case by case."""

from __future__ import annotations

import pytest
from wirewright.contract import Case, contract
from wirewright.protocols import discover


def _suite(name: str, version: str) -> type:
    """A class of its own for each version, so that reports group its cases."""

    @contract(name, version=version)
    def test(self: object, contract_case: Case) -> None:
        assert contract_case.operation

    return type(f"Test_{name}_{version.replace('.', '_')}", (), {"test": test})


for _name, _protocol in discover().protocols.items():
    for _version in _protocol.versions:
        _class = _suite(_name, _version)
        globals()[_class.__name__] = _class


@pytest.mark.parametrize("name", ["exosphere", "neuron", "sbn", "syncropel", "tower"])
def test_the_shipped_protocols_are_found(name: str) -> None:
    assert name in discover().protocols
    assert discover().failures == {}
