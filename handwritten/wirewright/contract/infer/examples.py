"""Recorded traffic as examples of a spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from wirewright.contract.bodies import EVENT_STREAM, is_json, media_type_of, read_body
from wirewright.contract.comparing import compare
from wirewright.contract.document import Body, MediaType, SpecDocument
from wirewright.contract.example_calls import named_examples
from wirewright.contract.examples import serialised_examples
from wirewright.contract.infer.bodies import tokens_of
from wirewright.contract.infer.proposals import Change, Proposal
from wirewright.contract.masking import Masker, header_value
from wirewright.contract.recording import Traffic


def examples_of(document: SpecDocument, traffic: Iterable[Traffic], *, masker: Masker | None = None) -> list[Proposal]:
    """The first exchange of each operation and status as examples, where it keeps the spec and says something new.

    Secrets are masked; an example that is not allowed any more with its secrets masked is left out.
    """
    hide = masker or Masker.of(document)
    taken = set[str]()
    found: list[Proposal] = []
    for judged in compare(document, traffic):
        operation, each = judged.operation, judged.traffic
        if operation is None or not judged.kept or each.status is None:
            continue
        response = operation.response(each.status)
        name = f"recorded_{each.status}"
        sides = [(operation.body, each.request.headers, each.request.body, "request")] if each.status < 300 else []
        sides += [(response, each.headers, each.body, f"answer {each.status}")]
        for body, headers, content, what in sides:
            for form, update in _example(body, headers, content, name, hide):
                if form.place not in taken:
                    taken.add(form.place)
                    shown = f"{each.request.method} {each.request.raw_path} -> {each.status}"
                    change = Change(tokens_of(form.place), update)
                    found.append(Proposal("adds", operation.id, f"example of its {what}", (change,), 1, shown))
    return found


def _example(
    body: Body | None, headers: tuple[tuple[str, str], ...], content: bytes, name: str, masker: Masker
) -> Iterator[tuple[MediaType, dict[str, Any]]]:
    """The form that a body has, and the change that makes the body an example of it."""
    content_type = header_value(headers, "content-type")
    form = body.media_type(content_type) if body is not None and content else None
    if form is None or "example" in form.declared:
        return
    hidden = masker.body(content, content_type)
    if media_type_of(content_type) == EVENT_STREAM:
        text = hidden.decode("utf-8", "replace")
        if text not in serialised_examples(form):
            yield form, {"examples": {name: {"serializedValue": text}}}
    elif is_json(media_type_of(content_type)):
        value = read_body(hidden, content_type)
        known = [example for _, example in named_examples(form.declared)]
        if value not in known and (form.validator is None or form.validator.is_valid(value)):
            yield form, {"examples": {name: {"value": value}}}
