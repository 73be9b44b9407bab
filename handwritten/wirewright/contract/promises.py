"""What a generated client promises about one operation. Each function answers what is wrong, in sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeGuard

import msgspec

from wirewright import codecs
from wirewright.client import Client
from wirewright.contract.bodies import EVENT_STREAM, JSON_LINES, media_type_of, read_json_lines
from wirewright.contract.canned import ORIGIN, Canned
from wirewright.contract.checks import check_request
from wirewright.contract.credentials import faults_of_auth
from wirewright.contract.document import MediaType, SpecOperation
from wirewright.contract.events import is_text_event, read_events
from wirewright.contract.example_calls import (
    ExampleAnswer,
    ExampleCall,
    answers_of,
    calls_of,
    fails,
    frame_of,
    made_events,
)
from wirewright.contract.examples import NoValueError, serialised_examples
from wirewright.contract.parameters import ABSENT
from wirewright.contract.shapes import is_object
from wirewright.contract.survival import differences, with_unknown_enum_values, with_unknown_fields
from wirewright.contract.typed import Endpoint, NotGeneratedError, TypedCaller
from wirewright.errors import StatusError, WirewrightError, status_error_type
from wirewright.operation import Content, Envelope
from wirewright.request import Request, StreamRequest


def of_operation(caller: TypedCaller, operation: SpecOperation) -> list[str]:
    """Its requests keep the spec, its answers survive the client, credentials are sent as declared."""
    try:
        calls = calls_of(operation)
        endpoints = caller.of(operation)
    except (NoValueError, NotGeneratedError) as error:
        return [str(error)]
    faults = [fault for endpoint in endpoints for call in calls for fault in _of_request(operation, endpoint, call)]
    for key, response in operation.responses.items():
        if key[0] != "1" and not fails(operation, response):  # 101 leads out of HTTP
            for answer in _successes(operation, key):
                faults += [fault for endpoint in endpoints for fault in _of_answer(endpoint, calls[0], answer)]
    return faults + faults_of_auth(operation, endpoints[0], calls[0])


def _of_request(operation: SpecOperation, endpoint: Endpoint, call: ExampleCall) -> list[str]:
    """The request that the client builds of an example keeps the spec."""
    canned = Canned()
    got = _outcome(endpoint, call, canned)
    if not canned.sent:
        why = f"{type(got).__name__}: {got}" if isinstance(got, Exception) else "the client sent nothing"
        return [f"request ({call.name}): cannot be built: {why}"]
    found = check_request(operation, canned.sent[0], security=False)
    return [f"request ({call.name}): {problem}" for problem in found]


def _successes(operation: SpecOperation, key: str) -> Iterator[ExampleAnswer]:
    for answer in answers_of(operation, key):
        status = 200 if key == "default" else answer.status
        yield ExampleAnswer(
            answer.name, status, answer.headers, answer.body, answer.form, answer.value, answer.documented
        )


def send(request: Request[Any], transport: Any) -> Any:
    """What the client makes of the answer: its value, or the list of a stream's values."""
    with Client(ORIGIN, transport=transport, retry=None) as client:
        if not isinstance(request, StreamRequest):
            return client.send(request)
        from wirewright.streaming import ReconnectPolicy

        with client.stream(request, reconnect=ReconnectPolicy(attempts=0)) as stream:
            return list(stream)


# Answers --------------------------------------------------------------------------------------------------------------


def _of_answer(endpoint: Endpoint, call: ExampleCall, answer: ExampleAnswer) -> Iterator[str]:
    """An example answer decodes, and encodes back unchanged; also with what its server may add to it."""
    form, value = answer.form, answer.value
    streamed = form is not None and media_type_of(form.name) in {EVENT_STREAM, *JSON_LINES}
    if endpoint.streams != streamed and form is not None:
        return  # the operation's other function reads this one
    label = f"answer {answer.status} ({answer.name})"
    if form is None or value is ABSENT:
        yield from _read(endpoint, call, answer, label)
        return
    yield from _round_trip(endpoint, call, answer, value, label)
    for changed, what in ((with_unknown_fields, "unknown fields"), (with_unknown_enum_values, "unknown enum values")):
        other = changed(form, value)
        if other is not None:
            yield from _round_trip(endpoint, call, answer, other, f"{label} with {what}")


def _read(endpoint: Endpoint, call: ExampleCall, answer: ExampleAnswer, label: str) -> Iterator[str]:
    """An answer that is no JSON value: it is read without an error, JSON lines and texts unchanged."""
    got = _outcome(endpoint, call, Canned.of(answer))
    if isinstance(got, Exception):
        yield _refusal(got, label)
        return
    name = media_type_of(answer.form.name) if answer.form else ""
    expected: Any = got
    if name == EVENT_STREAM:
        expected = [_said(answer.form, *event) for event in read_events(answer.body)] if answer.form else got
    elif name in JSON_LINES:
        expected = read_json_lines(answer.body)
    elif isinstance(got, bytes):
        expected = answer.body
    elif isinstance(got, str):
        expected = answer.body.decode("utf-8", "replace")
    if isinstance(got, str | bytes):
        yield from [] if got == expected else [f"{label}: was {expected!r}, is {got!r}"]
        return
    plain = codecs.get(endpoint.operation.codec).to_builtins(got)
    yield from (f"{label}: {difference}" for difference in differences(expected, plain))


def _said(form: MediaType, name: str, data: str) -> Any:
    """The value of an event: JSON where the spec says what it is and that is no text."""
    documented = form.item_validator is not None or form.event_validators
    return json.loads(data) if documented and not is_text_event(form, name) else data


def _round_trip(endpoint: Endpoint, call: ExampleCall, answer: ExampleAnswer, value: Any, label: str) -> Iterator[str]:
    body = msgspec.json.encode(value)
    got = _outcome(endpoint, call, Canned(answer.status, answer.headers, body))
    if isinstance(got, Exception):
        yield _refusal(got, label)
        return
    plain = msgspec.json.decode(codecs.get(endpoint.operation.codec).encode(got))
    expected = _inside(_content(endpoint, answer), value)
    yield from (f"{label}: {difference}" for difference in differences(expected, plain))


def _content(endpoint: Endpoint, answer: ExampleAnswer) -> Content | None:
    from wirewright.decode import match
    from wirewright.plan import plan_of

    contents = plan_of(endpoint.operation).decoder.contents(answer.status)
    return match(contents or (), answer.headers.get("content-type"))


def _inside(content: Content | None, value: Any) -> Any:
    """The part of an answer that the client hands out."""
    if content is None or content.envelope is None:
        return value
    envelope = Envelope(content.envelope) if isinstance(content.envelope, str) else content.envelope
    return value.get(envelope.member, value) if is_object(value) else value


# Events ---------------------------------------------------------------------------------------------------------------


def of_event(caller: TypedCaller, operation: SpecOperation, name: str) -> list[str]:
    """The data of one kind of event decodes to its type, and encodes back unchanged."""
    try:
        call = calls_of(operation)[0]
        endpoint = next((each for each in caller.of(operation) if each.streams), None)
    except (NoValueError, NotGeneratedError) as error:
        return [str(error)]
    if endpoint is None:
        return ["the package has no function that answers a stream"]
    faults: list[str] = []
    for status, form in _streams_with(operation, name):
        for data in _data_of(form, name):
            changes = [data] if not is_object(data) else [data, {**data, "x_added_tomorrow": [1, None]}]
            for value in changes:
                faults += _of_frame(endpoint, call, (status, form, name), value)
    return faults


def _streams_with(operation: SpecOperation, name: str) -> Iterator[tuple[int, MediaType]]:
    for key, response in operation.responses.items():
        for form in response.content.values():
            if name in form.declared.get("x-sse-events", ()):
                yield int(key) if key.isdigit() else 200, form


def _data_of(form: MediaType, name: str) -> list[Any]:
    """The event's data in the spec's examples, else a value made up from its schema."""
    texts = serialised_examples(form)
    frames = [frame for text in texts for frame in read_events(text.rstrip("\n").encode() + b"\n\n")]
    return [_said(form, name, data) for event, data in frames if event == name] or [
        value for event, value in made_events(form) if event == name
    ]


def _of_frame(endpoint: Endpoint, call: ExampleCall, stream: tuple[int, MediaType, str], value: Any) -> list[str]:
    status, form, name = stream
    frame = f"{frame_of(form, name, value)}\n\n".encode()
    got = _outcome(endpoint, call, Canned(status, {"content-type": EVENT_STREAM}, frame))
    if isinstance(got, Exception):
        return [_refusal(got, f"event {name}")]
    plain = [msgspec.json.decode(codecs.get(endpoint.operation.codec).encode(each)) for each in got]
    return [f"event {name}: {difference}" for difference in differences([value], plain)]


# Errors ---------------------------------------------------------------------------------------------------------------


def of_error(caller: TypedCaller, operation: SpecOperation, key: str) -> list[str]:
    """A documented error is raised as the exception of its status, with its body decoded."""
    try:
        call = calls_of(operation)[0]
        endpoints = caller.of(operation)
        answers = answers_of(operation, key)
    except (NoValueError, NotGeneratedError) as error:
        return [str(error)]
    return [fault for each in endpoints for answer in answers for fault in _of_failure(each, call, answer)]


def _of_failure(endpoint: Endpoint, call: ExampleCall, answer: ExampleAnswer) -> Iterator[str]:
    label = f"error {answer.status} ({answer.name})"
    expected = status_error_type(answer.status)
    got = _outcome(endpoint, call, Canned.of(answer))
    if not _is_status_error(got):
        what = f"raises {type(got).__name__}: {got}" if isinstance(got, Exception) else f"answers {got!r:.60}"
        yield f"{label}: {what}, and should raise {expected.__name__}"
        return
    if type(got) is not expected or got.status != answer.status:
        yield f"{label}: raises {type(got).__name__} {got.status}, not {expected.__name__}"
    elif answer.value is not ABSENT:
        yield from _of_error_body(endpoint, answer, got, label)


def _is_status_error(value: Any) -> TypeGuard[StatusError[Any]]:
    return isinstance(value, StatusError)


def _outcome(endpoint: Endpoint, call: ExampleCall, transport: Canned) -> Any:
    """The value of a call, or the error that it raised: whatever it is, it is the client's."""
    try:
        return send(endpoint.call(call), transport)
    except Exception as error:
        return error


def _refusal(error: Exception, label: str) -> str:
    if isinstance(error, WirewrightError):
        return f"{label}: the client refuses it: {error}"
    return f"{label}: the client fails with {type(error).__name__}: {error}"


def _of_error_body(endpoint: Endpoint, answer: ExampleAnswer, error: StatusError[Any], label: str) -> Iterator[str]:
    codec = codecs.get(endpoint.operation.codec)
    plain = msgspec.json.decode(codec.encode(error.body))
    yield from (f"{label}: {difference}" for difference in differences(_inside(None, answer.value), plain))
    content = _content(endpoint, answer)
    kind = content.type() if content is not None and content.type is not None else None
    if isinstance(kind, type) and kind is not Any and not isinstance(error.body, kind):
        yield f"{label}: its body is {type(error.body).__name__}, not {kind.__name__}"
