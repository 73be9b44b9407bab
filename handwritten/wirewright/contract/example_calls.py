"""What may be sent and answered, as values: the examples of a spec, else values made up from its schemas.

`calls_of` are the calls of an operation, `answers_of` its documented answers. Both are the same each time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wirewright.contract.bodies import EVENT_STREAM, JSON_LINES, is_json, media_type_of
from wirewright.contract.document import MediaType, Response, SpecOperation
from wirewright.contract.events import is_text_event
from wirewright.contract.examples import NoValueError, allowed_value, serialised_examples, synthesise
from wirewright.contract.parameters import ABSENT, Parameter
from wirewright.contract.schemas import Schemas
from wirewright.contract.shapes import is_array, is_object
from wirewright.contract.uploads import with_files

_IN = {"path": "path", "query": "query", "querystring": "query", "header": "headers", "cookie": "cookies"}
_NOT_PARAMETERS = frozenset({"accept", "content-type"})  # said by the forms of bodies and answers
_BINARY = b"\x89example\r\n\x00\xff"


@dataclass(frozen=True)
class ExampleCall:
    """A call that the spec allows: JSON values by wire name. `name` says which example its body is.

    `body` is ABSENT for none; bytes for a form that is neither JSON, text nor a form of fields.
    """

    name: str
    path: Mapping[str, Any] = field(default_factory=dict[str, Any])
    query: Mapping[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    cookies: Mapping[str, Any] = field(default_factory=dict[str, Any])
    body: Any = ABSENT
    media_type: str | None = None


@dataclass(frozen=True)
class ExampleAnswer:
    """An answer that the spec allows. `value` is the JSON value of its body, ABSENT where it is no JSON."""

    name: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    form: MediaType | None = None
    value: Any = ABSENT
    documented: bool = True  # the spec gives it; else it was made up from the schema


def calls_of(operation: SpecOperation) -> list[ExampleCall]:
    """One call for each example body with every parameter that has an example, and one with what is required alone.

    Raises NoValueError when a required part has no example and none can be made up.
    """
    schemas = operation.document.schemas
    bodies = list(_bodies(operation))
    full = _arguments(operation, schemas, required_only=False)
    least = _arguments(operation, schemas, required_only=True)
    required = operation.body is not None and operation.body.required
    calls = [replace(full, name=name, body=body, media_type=form) for name, form, body in bodies]
    if not bodies or not required:
        calls.append(replace(full, name="no body" if bodies else "all parameters"))
    if least != full:
        _, form, body = bodies[0] if required and bodies else ("", None, ABSENT)
        calls.append(replace(least, name="required only", body=body, media_type=form))
    return calls


def _arguments(operation: SpecOperation, schemas: Schemas, *, required_only: bool) -> ExampleCall:
    found: dict[str, dict[str, Any]] = {place: {} for place in _IN.values()}
    for parameter, declared in zip(operation.parameters, operation.declared.get("parameters", ()), strict=True):
        if parameter.location == "header" and parameter.name.lower() in _NOT_PARAMETERS:
            continue
        if parameter.required or not required_only:
            value = _parameter_value(parameter, declared, schemas)
            if value is not ABSENT:
                found[_IN[parameter.location]][parameter.name] = value
    return ExampleCall("", found["path"], found["query"], found["headers"], found["cookies"])


def _parameter_value(parameter: Parameter, declared: Mapping[str, Any], schemas: Schemas) -> Any:
    """The first example that the schema allows; for a required parameter else one that is made up."""
    shown: Mapping[str, Any] = declared
    content = declared.get("content")
    if is_object(content) and content:
        shown = next(iter(content.values()))
    given = [*_given(declared), *_given(shown), *_given_by_schema(schemas.resolve(shown.get("schema", {})))]
    for value in given:
        if parameter.validator is None or parameter.validator.is_valid(value):
            return value
    if not parameter.required:
        return ABSENT
    made = synthesise(schemas, shown.get("schema", {}))
    if parameter.location == "path" and made in ("", None, [], {}):
        raise NoValueError(f"no value could be made up for the path parameter {parameter.name}")
    return made


def _given(declared: Mapping[str, Any]) -> Iterator[Any]:
    return (value for _, value in named_examples(declared))


def _given_by_schema(schema: Any) -> list[Any]:
    if not is_object(schema):
        return []
    examples = schema.get("examples")
    found = [*([schema["example"]] if "example" in schema else []), *(examples if is_array(examples) else [])]
    return found + ([schema["default"]] if "default" in schema else [])


def named_examples(declared: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The examples of a parameter or media type object, as JSON values by name; not those that are given as text."""
    found = [("example", declared["example"])] if "example" in declared else []
    for name, example in declared.get("examples", {}).items():
        for member in ("value", "dataValue"):
            if is_object(example) and member in example and "x-serializedValue" not in example:
                found.append((str(name), example[member]))
    return found


def _bodies(operation: SpecOperation) -> Iterator[tuple[str, str, Any]]:
    """Name, media type and value of each example body; one that is made up for a form without examples."""
    body = operation.body
    if body is None:
        return
    schemas = operation.document.schemas
    for form in body.content.values():
        name = media_type_of(form.name)
        concrete = "application/octet-stream" if "*" in name else form.name
        values = [(label, value) for label, value in named_examples(form.declared) if _allows(form, value)]
        values += [(label, json.loads(text)) for label, text in _json_texts(form)] if is_json(name) else []
        if not values and (is_json(name) or "form" in name):
            values = [("made up", allowed_value(form, schemas))]
        if name.startswith("multipart/"):
            values = [(label, with_files(schemas, form.schema, value)) for label, value in values]
        for label, value in values or [("made up", "example" if is_text(name) else _BINARY)]:
            yield label, concrete, value if is_json(name) or isinstance(value, dict | str | bytes) else str(value)


def _json_texts(form: MediaType) -> list[tuple[str, str]]:
    return [(f"serialised {number}", text) for number, text in enumerate(serialised_examples(form), 1)]


def _allows(form: MediaType, value: Any) -> bool:
    return form.validator is None or form.validator.is_valid(value)


# Answers --------------------------------------------------------------------------------------------------------------


def fails(operation: SpecOperation, response: Response) -> bool:
    """Whether a documented answer is a failure for the client: a 3xx is one, too, beside a 2xx."""
    if operation.responses.keys() == {"default"}:
        return False
    redirect = response.status[0] == "3" and any(key[0] == "2" for key in operation.responses)
    return response.is_error or redirect


def status_of(key: str) -> int:
    """A status that a documented one stands for: 404 for `404`, 418 for `4XX`, 500 for `default`."""
    if key.isdigit():
        return int(key)
    return 500 if key == "default" else int(key[0]) * 100 + 18


def answers_of(operation: SpecOperation, key: str) -> list[ExampleAnswer]:
    """The answers that the spec allows under one documented status (`200`, `4XX`, `default`), one for each example."""
    response = operation.responses[key]
    status = status_of(key)
    if operation.method == "HEAD" or status in {204, 205, 304} or not response.content:
        return [ExampleAnswer("no body", status, required_headers(operation, response), b"")]
    return [answer for form in response.content.values() for answer in _of_form(operation, response, status, form)]


def _of_form(operation: SpecOperation, response: Response, status: int, form: MediaType) -> Iterator[ExampleAnswer]:
    schemas = operation.document.schemas
    name = media_type_of(form.name)
    headers = {**required_headers(operation, response), "content-type": concrete_type(form.name)}
    if name == EVENT_STREAM or name in JSON_LINES:
        texts = serialised_examples(form)
        for number, text in enumerate(texts or [_made_stream(form, schemas)], 1):
            yield ExampleAnswer(f"{name} {number}", status, headers, _ended(text, name), form, documented=bool(texts))
        return
    given = [(label, value) for label, value in named_examples(form.declared) if _allows(form, value)]
    if not given and is_json(name):
        own = [value for value in _given_by_schema(schemas.resolve(form.schema)) if _allows(form, value)]
        given = [("schema", value) for value in own[:1]]
    if is_json(name):
        for label, value in given or [("made up", allowed_value(form, schemas))]:
            encoded = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
            yield ExampleAnswer(label, status, headers, encoded, form, value, bool(given))
        return
    plain: list[tuple[str, Any]] = given or [("made up", "example" if is_text(name) else _BINARY)]
    for label, value in plain:
        content = value if isinstance(value, bytes) else str(value).encode()
        yield ExampleAnswer(label, status, headers, content, form, documented=bool(given))


def _ended(text: str, name: str) -> bytes:
    return (text.rstrip("\n") + ("\n\n" if name == EVENT_STREAM else "\n")).encode()


def _made_stream(form: MediaType, schemas: Schemas) -> str:
    item = form.declared.get("itemSchema", {})
    if media_type_of(form.name) != EVENT_STREAM:
        return json.dumps(synthesise(schemas, item))
    return "\n\n".join(frame_of(form, name, value) for name, value in made_events(form))


def frame_of(form: MediaType, name: str, value: Any) -> str:
    """One event as it is written, without the empty line that ends it."""
    data = str(value) if is_text_event(form, name) else json.dumps(value)
    return "\n".join([f"event: {name}", *(f"data: {line}" for line in data.split("\n"))])


def made_events(form: MediaType) -> list[tuple[str, Any]]:
    """The data of each documented event, made up from its schema; `message` for a stream whose events have no names."""
    named = form.declared.get("x-sse-events") or {"message": form.declared.get("itemSchema", {})}
    return [(str(name), synthesise(form.schemas, schema)) for name, schema in named.items()]


def is_text(media_type: str) -> bool:
    """Whether a body of this form is text, and no JSON."""
    return media_type.startswith("text/") or any(word in media_type for word in ("xml", "yaml", "javascript"))


def concrete_type(name: str) -> str:
    """A content type that a documented one covers."""
    return "application/octet-stream" if "*" in name else name


def required_headers(operation: SpecOperation, response: Response) -> dict[str, str]:
    """The headers that an answer must have, with their examples or made-up values."""
    found: dict[str, str] = {}
    for header in response.headers:
        if header.required:
            declared = response.declared["headers"][header.name]
            value = _parameter_value(header, declared, operation.document.schemas)
            found[header.name] = ",".join(map(str, value)) if is_array(value) else str(value)
    return found
