"""Answers for operations that have no rule: the spec's example, else a value made up from the schema."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from wirewright.contract.bodies import EVENT_STREAM, JSON_LINES, is_json, match_media_type, media_type_of
from wirewright.contract.document import MediaType, Response, SpecOperation
from wirewright.contract.examples import allowed_value, documented_example, serialised_examples, synthesise
from wirewright.contract.shapes import is_array
from wirewright.sandbox.answers import Answer, AnyAnswer, Event, Events, Lines
from wirewright.sandbox.render import json_text


def answer_from_spec(operation: SpecOperation, accept: str = "", status: int | None = None) -> tuple[AnyAnswer, str]:
    """An answer that the spec allows, and where it comes from: `example` or `synthetic`. `status` asks for that one."""
    chosen, response = _response(operation, status)
    if response is None:
        return Answer(chosen), "synthetic"
    headers = _required_headers(operation, response)
    form = _form(response, accept)
    if form is None or chosen in {204, 205, 304}:
        return Answer(chosen, headers=headers), "example"
    return _answer(operation, form, chosen, headers)


def _response(operation: SpecOperation, status: int | None) -> tuple[int, Response | None]:
    if status is not None:
        return status, operation.response(status)
    documented = operation.responses
    exact = sorted(int(key) for key in documented if key.isdigit())
    for code in [code for code in exact if 200 <= code < 300] + (
        [200] if "2XX" in documented or "2xx" in documented else []
    ):
        return code, operation.response(code)
    if "default" in documented:
        return 200, documented["default"]
    first = next((code for code in exact if code >= 300), 426 if exact else 200)  # 101 alone: an upgrade, not HTTP
    return first, operation.response(first)


def _form(response: Response, accept: str) -> MediaType | None:
    if not response.content:
        return None
    for wanted in (media_type_of(part) for part in accept.split(",")):
        if wanted and "*" not in wanted and (name := match_media_type(response.content, wanted)):
            return response.content[name]
    json = next((form for name, form in response.content.items() if is_json(media_type_of(name))), None)
    return json or next(iter(response.content.values()))


def _required_headers(operation: SpecOperation, response: Response) -> dict[str, str]:
    found: dict[str, str] = {}
    for header in response.headers:
        declared = next(v for k, v in response.declared["headers"].items() if k == header.name)
        if header.required:
            example = declared.get("example")
            value: Any = example
            if value is None:
                value = synthesise(operation.document.schemas, declared.get("schema", {}))
            found[header.name] = str(value) if not is_array(value) else ",".join(map(str, value))
    return found


def _answer(
    operation: SpecOperation, form: MediaType, status: int, headers: Mapping[str, str]
) -> tuple[AnyAnswer, str]:
    name = media_type_of(form.name)
    if name == EVENT_STREAM:
        source = "example" if serialised_examples(form) else "synthetic"
        return Events(_events(operation, form), status=status, headers=headers), source
    if name in JSON_LINES:
        return Lines([_item(operation, form)], media_type=name, status=status, headers=headers), "synthetic"
    documented, value = documented_example(form, operation.document.schemas)
    source = "example" if documented else "synthetic"
    if not documented:
        value = allowed_value(form, operation.document.schemas)
    media_type = "application/octet-stream" if "*" in name else form.name
    if is_json(name):
        return Answer(status, value, headers=headers, media_type=media_type), source
    if not isinstance(value, str):
        value = "" if value == {} else json_text(value)
    body: Any = value if name.startswith("text/") else value.encode()
    return Answer(status, body, headers=headers, media_type=media_type), source


def _events(operation: SpecOperation, form: MediaType) -> list[Event | bytes]:
    schemas = operation.document.schemas
    frames = serialised_examples(form)
    if frames:
        return [frames[0].rstrip("\n").encode() + b"\n\n"]
    named = form.declared.get("x-sse-events", {})
    if not named:
        return [Event(None, _item(operation, form), "1")]
    return [Event(name, synthesise(schemas, schema), str(i)) for i, (name, schema) in enumerate(named.items(), 1)]


def _item(operation: SpecOperation, form: MediaType) -> Any:
    return synthesise(operation.document.schemas, form.declared.get("itemSchema", {}))


def gateway_page(status: int = 502) -> Answer:
    """What a proxy in the way answers."""
    phrase = HTTPStatus(status).phrase
    page = f"<html><head><title>{status} {phrase}</title></head><body><h1>{status} {phrase}</h1></body></html>"
    return Answer(status, page, media_type="text/html")
