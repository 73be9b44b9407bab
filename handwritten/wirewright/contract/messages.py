"""Messages that a server sends on its own account (webhooks, callbacks): their examples are read by the client."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import msgspec

from wirewright import codecs
from wirewright.codecs import CodecError
from wirewright.contract.bodies import is_json, media_type_of
from wirewright.contract.document import METHODS, MediaType, SpecDocument
from wirewright.contract.example_calls import named_examples
from wirewright.contract.examples import NoValueError, allowed_value
from wirewright.contract.schemas import pointer
from wirewright.contract.survival import differences, with_unknown_fields
from wirewright.contract.typed import TypedCaller


def of_message(caller: TypedCaller, document: SpecDocument, name: str) -> list[str]:
    """Every example of a message is read by the package's `webhooks.parse`, and encodes back unchanged."""
    try:
        parse = import_module(f"{caller.package}.webhooks").parse
    except ModuleNotFoundError:
        return [f"{caller.package} has no webhooks"]
    codec = codecs.get(caller.codec)
    faults: list[str] = []
    for label, value in _examples(document, name):
        try:
            plain = msgspec.json.decode(codec.encode(parse(name, msgspec.json.encode(value))))
        except (CodecError, KeyError) as error:
            faults.append(f"message ({label}): the client refuses it: {error}")
            continue
        faults += [f"message ({label}): {difference}" for difference in differences(value, plain)]
    return faults


def _examples(document: SpecDocument, name: str) -> Iterator[tuple[str, Any]]:
    for form in _forms(document, name):
        given = [(label, value) for label, value in named_examples(form.declared)]
        try:
            shown = given or [("made up", allowed_value(form, document.schemas))]
        except NoValueError:
            continue
        for label, value in shown:
            yield label, value
            more = with_unknown_fields(form, value)
            if more is not None:
                yield f"{label} with unknown fields", more


def _forms(document: SpecDocument, name: str) -> Iterator[MediaType]:
    item = document.raw["webhooks"][name]
    for method in METHODS:
        for media_type, declared in item.get(method, {}).get("requestBody", {}).get("content", {}).items():
            place = pointer("webhooks", name, method, "requestBody", "content", media_type)
            if is_json(media_type_of(media_type)):
                yield MediaType(document.schemas, media_type, declared, place)
