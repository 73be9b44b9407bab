"""Examples are tests: every operation has them, they keep the spec, and the sandbox answers with them.

That they go through the client unchanged is held case by case in `test_protocols.py`.
"""

from __future__ import annotations

import pytest
from wirewright.contract import Suite, check_examples
from wirewright.contract.example_calls import answers_of, calls_of, named_examples
from wirewright.protocols import discover
from wirewright.sandbox.mock import answer_from_spec

VERSIONS = [(name, version) for name, each in discover().protocols.items() for version in each.versions]


@pytest.fixture(scope="module", params=VERSIONS, ids=["/".join(each) for each in VERSIONS])
def suite(request: pytest.FixtureRequest) -> Suite:
    return Suite.of_protocol(*request.param)


@pytest.mark.promise("Every operation of the protocols has examples of request and answer, and they keep the spec")
def test_examples_keep_their_spec(suite: Suite) -> None:
    assert check_examples(suite.document) == []


@pytest.mark.promise("Every operation of the protocols has examples of request and answer, and they keep the spec")
def test_every_operation_has_an_example_of_its_request(suite: Suite) -> None:
    for operation in suite.document.operations:
        assert [call.name for call in calls_of(operation) if call.name == "made up"] == [], operation
        for parameter, declared in zip(operation.parameters, operation.declared.get("parameters", ()), strict=True):
            schema = suite.document.schemas.resolve(declared.get("schema", {}))
            said = named_examples(declared) or {"example", "examples", "default", "const", "enum"} & schema.keys()
            assert said or not parameter.required, (operation, parameter.name)


@pytest.mark.promise("Every operation of the protocols has examples of request and answer, and they keep the spec")
def test_every_documented_answer_has_an_example(suite: Suite) -> None:
    for operation in suite.document.operations:
        for status in operation.responses:
            for answer in answers_of(operation, status):
                assert answer.documented or answer.form is None, (operation, status, answer.name)


def test_a_sandbox_answers_with_the_examples(suite: Suite) -> None:
    for operation in suite.document.operations:
        for status in operation.responses:
            if status.isdigit() and int(status) >= 200:
                _, source = answer_from_spec(operation, "", int(status))
                assert source == "example", (operation, status)
