"""The contract between client and server: checks of wire traffic against a canonical document.

`check_request` and `check_response` judge one message. `Recorder` listens to real traffic, `Replay` plays it back,
`@contract` turns a spec into tests, `run_contract` tries a server from the outside. How they are used is told in
`README.md` beside this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.contract.checks import WireRequest, check_request, check_response
from wirewright.contract.document import SpecDocument, SpecOperation
from wirewright.contract.problems import Problem
from wirewright.contract.routing import Router
from wirewright.lazy import attach

if TYPE_CHECKING:
    from wirewright.contract.cases import Case as Case
    from wirewright.contract.cases import ContractError as ContractError
    from wirewright.contract.cases import Suite as Suite
    from wirewright.contract.marking import contract as contract
    from wirewright.contract.recording import Recorder as Recorder
    from wirewright.contract.running import RunOptions as RunOptions
    from wirewright.contract.running import run_contract as run_contract
    from wirewright.contract.spec_examples import check_examples as check_examples

_HOMES = {
    "cases": "Case ContractError Suite",
    "recording": "Recorder",
    "running": "RunOptions run_contract",
    "spec_examples": "check_examples",
    "marking": "contract",
}

__all__ = [
    "Case",
    "ContractError",
    "Problem",
    "Recorder",
    "Router",
    "RunOptions",
    "SpecDocument",
    "SpecOperation",
    "Suite",
    "WireRequest",
    "check_examples",
    "check_request",
    "check_response",
    "contract",
    "run_contract",
]

__getattr__, __dir__ = attach(__name__, _HOMES)
