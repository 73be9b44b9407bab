"""Defects sown at random are all caught where they are: for each protocol a hundred on either side."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from wirewright.contract import RunOptions, Suite, run_contract
from wirewright.contract import credentials as credentials_module
from wirewright.contract import promises as promises_module
from wirewright.contract.example_calls import calls_of
from wirewright.contract.probe import Probe
from wirewright.messages import Headers, HttpResponse
from wirewright.sandbox import Sandbox

from . import defects

COUNT = 100


def failures(suite: Suite, transport: Any, *only: str) -> list[str]:
    """What a contract run reports, with credentials for everything."""
    secrets = dict.fromkeys(suite.document.security_schemes, "a-secret")
    options = RunOptions(phases=("examples",), auth=secrets, only=only)
    report = run_contract(suite.document, "http://sandbox", options, transport=transport)
    return [f"{each.id}: {finding.check} {finding.message}" for each in report.operations for finding in each.failures]


@pytest.mark.promise("A hundred random defects of a server, and as many of a client, are all caught, for each protocol")
def test_every_defect_of_a_server_is_caught(suite: Suite) -> None:
    with Sandbox.from_spec(suite.document.raw) as sandbox:
        # given a server that keeps the contract
        assert failures(suite, sandbox.transport()) == []
        probe = Probe(suite.document, "http://sandbox", transport=sandbox.transport())
        answers = {}
        for operation in suite.document.operations:
            _, trial = next(probe.trials(operation))
            answers[operation.id] = HttpResponse(trial.status or 0, Headers(trial.headers), trial.body)
        drawing = defects.AnswerDefects(suite.document, answers)

        # when it has one defect at a time
        sown, missed = Counter[str](), list[str]()
        for number in range(COUNT):
            defect = drawing.draw(random.Random(f"{suite.name} answer {number}"))
            sown[defect.kind] += 1
            found = failures(suite, defects.DefectiveServer(sandbox.transport(), defect), defect.operation.id)
            if not found or not all(each.startswith(f"{defect.operation.id}: ") for each in found):
                missed.append(str(defect))

    # then each is found where it is
    assert missed == []
    assert sown.total() == COUNT
    assert {"body", "broken", "empty", "demand", "failure", "media_type"} <= sown.keys()


@pytest.mark.promise("A hundred random defects of a server, and as many of a client, are all caught, for each protocol")
def test_every_defect_of_a_client_is_caught(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a client that keeps the contract
    probe = Probe(suite.document, "http://contract.invalid")
    requests = {
        operation.id: probe.build(probe._caller.requests(operation, calls_of(operation)[0])[0])
        for operation in suite.document.operations
    }
    cases = {case.operation: case for case in suite.cases() if case.kind == "operation"}
    assert [fault for case in cases.values() for fault in case.find_faults()] == []
    drawing = defects.RequestDefects(suite.document, requests)

    # when it has one defect at a time
    sown, missed = Counter[str](), list[str]()
    for number in range(COUNT):
        defect = drawing.draw(random.Random(f"{suite.name} request {number}"))
        sown[defect.kind] += 1
        sending = type("Defective", (defects.DefectiveClient,), {"defect": defect})
        for module in (promises_module, credentials_module):
            monkeypatch.setattr(module, "Canned", sending)
        try:
            cases[defect.operation.id].check()
        except AssertionError as error:
            assert defect.operation.id in str(error)
        else:
            missed.append(str(defect))

    # then each is found where it is
    assert missed == []
    assert sown.total() == COUNT
    assert {"body", "broken", "path", "method"} <= sown.keys()
