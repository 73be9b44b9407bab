"""Do the examples of a spec keep the spec?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wirewright.contract.bodies import EVENT_STREAM, JSON_LINES, is_json, media_type_of, read_json_lines
from wirewright.contract.document import Body, MediaType, SpecDocument, SpecOperation
from wirewright.contract.events import check_event_stream
from wirewright.contract.examples import serialised_examples
from wirewright.contract.parameters import Parameter
from wirewright.contract.problems import Problem
from wirewright.contract.schemas import pointer
from wirewright.contract.shapes import is_object


def check_examples(document: SpecDocument) -> list[Problem]:
    """What is wrong with the examples of parameters, request bodies, answers and their headers.

    `place` is the JSON pointer of the example in the canonical document.
    """
    return [problem for operation in document.operations for problem in _of_operation(operation)]


def _of_operation(operation: SpecOperation) -> Iterator[Problem]:
    for index, parameter in enumerate(operation.parameters):
        place = operation.place + pointer("parameters", index)
        yield from _of_parameter(parameter, operation.declared["parameters"][index], place)
    if operation.body is not None:
        yield from _of_body(operation.body)
    for response in operation.responses.values():
        yield from _of_body(response)
        declared = response.declared.get("headers", {})
        for header in response.headers:
            yield from _of_parameter(header, declared[header.name], response.place + pointer("headers", header.name))


def _of_parameter(parameter: Parameter, declared: Mapping[str, Any], place: str) -> Iterator[Problem]:
    if parameter.validator is not None:
        for where, value in _values(declared, place):
            yield from parameter.validator.problems(value, where)


def _of_body(body: Body) -> Iterator[Problem]:
    for form in body.content.values():
        name = media_type_of(form.name)
        if is_json(name) and form.validator is not None:
            for where, value in _values(form.declared, form.place):
                yield from form.validator.problems(value, where)
        elif name == EVENT_STREAM:
            for text in serialised_examples(form):
                yield from check_event_stream(form, text.rstrip("\n").encode() + b"\n\n")
        elif name in JSON_LINES:
            yield from _of_lines(form)


def _of_lines(form: MediaType) -> Iterator[Problem]:
    if form.item_validator is not None:
        for text in serialised_examples(form):
            for number, value in enumerate(read_json_lines(text.encode())):
                yield from form.item_validator.problems(value, f"{form.place}/examples line {number + 1}")


def _values(declared: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    if "example" in declared:
        yield place + "/example", declared["example"]
    for name, example in declared.get("examples", {}).items():
        for member in ("value", "dataValue"):
            if is_object(example) and member in example and "x-serializedValue" not in example:
                yield place + pointer("examples", name, member), example[member]
