"""The spec itself: 18 operations, each with examples that validate, for every status that the server gives."""

from __future__ import annotations

from typing import Any

import pytest
from exospherehost.testing.manager.states import Status
from exospherehost.testing.rules import ExosphereRules
from wirewright.contract.document import SpecDocument
from wirewright.protocols import find_protocol

DOCUMENT = find_protocol("exosphere").document()


def examples(declared: Any) -> list[Any]:
    single = [declared["example"]] if "example" in declared else []
    return single + [each["value"] for each in declared.get("examples", {}).values()]


@pytest.mark.parametrize("operation", [operation.id for operation in DOCUMENT.operations])
def test_every_body_and_answer_has_examples_that_validate(operation: str) -> None:
    found = DOCUMENT.by_id[operation]
    forms = [form for response in found.responses.values() for form in response.content.values()]
    forms += list(found.body.content.values()) if found.body else []
    assert len(found.responses) >= (1 if operation == "get_health" else 3)
    for form in forms:
        assert examples(form.declared), form.place
        for example in examples(form.declared):
            assert form.validator is not None
            assert form.validator.is_valid(example), (form.place, example)


def test_every_operation_has_a_rule_and_every_rule_an_operation(document: SpecDocument) -> None:
    marked = {
        name
        for member in vars(ExosphereRules).values()
        for mark in getattr(member, "__sandbox_rules__", ())
        for name in mark.operation_ids
    }
    assert marked == set(document.by_id)
    assert len(marked) == 18


def test_the_statuses_are_those_of_the_server(document: SpecDocument) -> None:
    declared = document.raw["components"]["schemas"]["StateStatus"]["enum"]
    assert declared == [status.value for status in Status]
