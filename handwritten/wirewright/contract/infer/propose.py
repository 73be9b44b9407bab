"""From recorded traffic and a spec to proposals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote_plus

from wirewright.contract.bodies import EVENT_STREAM, JSON_LINES, is_json, media_type_of, read_body, split_pairs
from wirewright.contract.checks import WireRequest
from wirewright.contract.document import Body, SpecDocument, SpecOperation
from wirewright.contract.events import read_events
from wirewright.contract.infer.bodies import BodyObserver, tokens_of
from wirewright.contract.infer.paths import merged, operation_id, parameters_of, template_of
from wirewright.contract.infer.proposals import Change, Gathering, Proposal, Tokens
from wirewright.contract.infer.schema_of import in_words, schema_of
from wirewright.contract.masking import header_value
from wirewright.contract.recording import Traffic
from wirewright.contract.routing import Router
from wirewright.contract.shapes import is_array

_ABSENT = frozenset({None, 404, 405, 501})
_PASSING = frozenset({408, 421, 425, 429, 502, 503, 504})  # what proxies and load say, not the operation


def propose(document: SpecDocument, traffic: Iterable[Traffic]) -> list[Proposal]:
    """What the spec lacks for this traffic; targets are relative to the base URL (see `comparing.of_server`)."""
    found = Gathering()
    bodies = BodyObserver(found)
    router = Router(document)
    unknown: list[Traffic] = []
    for each in traffic:
        request = each.request
        match = router.match(request.method, request.raw_path, request.query)
        if match is None:
            unknown.append(each)
            continue
        example = f"{request.method} {request.raw_path} -> {each.status}"
        _of_query(found, match.operation, request, example)
        _of_sent_body(found, bodies, match.operation, request, example)
        if each.status is not None and each.status not in _PASSING:
            _of_answer(found, bodies, match.operation, each, example)
    return [*_operations(document, unknown), *found.proposals()]


def _of_query(found: Gathering, operation: SpecOperation, request: WireRequest, example: str) -> None:
    if any(each.location == "querystring" or each.shape == "object" for each in operation.parameters):
        return  # an object may claim any name
    place = tokens_of(operation.place)
    for name, value in split_pairs(request.query):
        if name.partition("[")[0] not in operation.query_names and name not in operation.query_names:
            make = partial(_parameter, place, operation, name)
            found.add("adds", operation.id, (operation.id, "query", name), unquote_plus(value), make, example=example)


def _parameter(
    place: Tokens, operation: SpecOperation, name: str, samples: list[Any]
) -> tuple[str, tuple[Change, ...]]:
    parameter = {"name": name, "in": "query", "schema": schema_of(map(_plain, samples)), "example": _plain(samples[0])}
    change = Change(place, {"parameters": [parameter]})  # lists are put together, and those of a path stay its own
    return f"query parameter `{name}`: {in_words(parameter['schema'])}", (change,)


def _plain(text: str) -> Any:
    """A text of a query as the number or boolean that it spells."""
    if text in {"true", "false"}:
        return text == "true"
    try:
        return int(text) if text == str(int(text)) else text
    except ValueError:
        return text


def _of_sent_body(
    found: Gathering, bodies: BodyObserver, operation: SpecOperation, request: WireRequest, example: str
) -> None:
    content_type = header_value(request.headers, "content-type")
    if not request.body or not content_type:
        return
    place = (*tokens_of(operation.place), "requestBody")
    _of_body(found, bodies, operation, (operation.body, place, "request"), (content_type, request.body, example))


def _of_answer(
    found: Gathering, bodies: BodyObserver, operation: SpecOperation, traffic: Traffic, example: str
) -> None:
    status = traffic.status or 0
    content_type = header_value(traffic.headers, "content-type")
    response = operation.response(status)
    if response is None:
        place = (*tokens_of(operation.place), "responses")
        sample = (content_type, _read(traffic.body, content_type))
        make = partial(_response, place, status)
        found.add("adds", operation.id, (operation.id, "status", status), sample, make, example=example)
        return
    if traffic.body and content_type:
        where = (response, tokens_of(response.place), f"answer {status}")
        _of_body(found, bodies, operation, where, (content_type, traffic.body, example))


def _response(place: Tokens, status: int, samples: list[Any]) -> tuple[str, tuple[Change, ...]]:
    content = _content(samples)
    told = ", ".join(f"{name}: {in_words(form.get('schema'))}" for name, form in content.items()) or "no body"
    response: dict[str, Any] = {"description": f"Seen, and not documented: {status}."}
    return f"answer {status}: {told}", (Change(place, {str(status): response | _with("content", content)}),)


def _of_body(
    found: Gathering,
    bodies: BodyObserver,
    operation: SpecOperation,
    where: tuple[Body | None, Tokens, str],
    message: tuple[str, bytes, str],
) -> None:
    (documented, place, what), (content_type, body, example) = where, message
    form = documented.media_type(content_type) if documented is not None else None
    value = _read(body, content_type)
    if form is None:
        make = partial(_form, place, documented is None, what)
        key = (*place, media_type_of(content_type))
        found.add("adds", operation.id, key, (content_type, value), make, example=example)
    elif media_type_of(content_type) == EVENT_STREAM:
        _of_events(found, operation, (tokens_of(form.place), form.declared.get("x-sse-events")), body, example)
    elif is_json(media_type_of(content_type)) and value is not _UNREADABLE:
        bodies.look(operation.id, form, value, example)


def _form(place: Tokens, whole: bool, what: str, samples: list[Any]) -> tuple[str, tuple[Change, ...]]:
    content = _content(samples)
    told = ", ".join(f"{name}, {in_words(form.get('schema'))}" for name, form in content.items())
    if whole:
        return f"{what} body: {told}", (Change(place[:-1], {str(place[-1]): {"content": content}}),)
    return f"{what} in the form {told}", (Change(place, {"content": content}),)


def _of_events(
    found: Gathering, operation: SpecOperation, where: tuple[Tokens, Any], body: bytes, example: str
) -> None:
    place, known = where
    for name, data in read_events(body):
        if known and name not in known:
            sample = _read(data.encode(), "application/json")
            make = partial(_event, place, name)
            found.add("adds", operation.id, (*place, "event", name), sample, make, example=example)


def _event(place: Tokens, name: str, samples: list[Any]) -> tuple[str, tuple[Change, ...]]:
    schema = schema_of(sample for sample in samples if sample is not _UNREADABLE)
    return f"event `{name}`: {in_words(schema)}", (Change((*place, "x-sse-events"), {name: schema}),)


# Operations that the spec does not have -------------------------------------------------------------------------------


def _operations(document: SpecDocument, unknown: Sequence[Traffic]) -> Iterator[Proposal]:
    known = [str(path) for path in document.raw.get("paths", {})]
    there = {(each.request.raw_path, each.request.method) for each in unknown if each.status not in _ABSENT}
    seen = [each for each in unknown if each.status is not None]
    templates = {each.request.raw_path: template_of(each.request.raw_path, known) for each in seen}
    joined = merged(dict.fromkeys(template for template in templates.values() if template not in known))
    groups: dict[tuple[str, str], list[Traffic]] = {}
    for each in seen:
        template = templates[each.request.raw_path]
        groups.setdefault((joined.get(template, template), each.request.method), []).append(each)
    taken = set(document.by_id)
    for (template, method), exchanges in groups.items():
        if not any((each.request.raw_path, method) in there for each in exchanges):
            continue  # the server has no such thing, either
        name = operation_id(method, template)
        while name in taken:
            name += "_2"
        taken.add(name)
        yield _operation(template, method, name, exchanges)


def _operation(template: str, method: str, name: str, exchanges: Sequence[Traffic]) -> Proposal:
    statuses: dict[int, list[Any]] = {}
    for each in exchanges:
        content_type = header_value(each.headers, "content-type")
        statuses.setdefault(each.status or 0, []).append((content_type, _read(each.body, content_type)))
    sent = [
        (kind, _read(each.request.body, kind))
        for each in exchanges
        if each.request.body and (kind := header_value(each.request.headers, "content-type"))
    ]
    operation: dict[str, Any] = {
        "operationId": name,
        **_with("parameters", _parameters(template, exchanges)),
        **_with("requestBody", {"content": _content(sent)} if sent else {}),
        "responses": {
            str(status): {"description": f"Seen: {status}."} | _with("content", _content(samples))
            for status, samples in sorted(statuses.items())
        },
        "security": [],
    }
    told = ", ".join(str(status) for status in sorted(statuses))
    change = Change(("paths",), {template: {method.lower(): operation}})
    first = exchanges[0].request
    example = f"{first.method} {first.raw_path} -> {exchanges[0].status}"
    return Proposal("adds", name, f"operation {method} {template}, answered {told}", (change,), len(exchanges), example)


def _parameters(template: str, exchanges: Sequence[Traffic]) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in parameters_of(template)
    ]
    values: dict[str, list[Any]] = {}
    for each in exchanges:
        for name, value in split_pairs(each.request.query):
            values.setdefault(name, []).append(_plain(unquote_plus(value)))
    return in_path + [{"name": name, "in": "query", "schema": schema_of(seen)} for name, seen in values.items()]


# Parts ----------------------------------------------------------------------------------------------------------------

_UNREADABLE = object()


def _read(body: bytes, content_type: str) -> Any:
    if not body:
        return _UNREADABLE
    try:
        return read_body(body, content_type)
    except ValueError:
        return _UNREADABLE


def _content(samples: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Media types with the schemas of what was seen in them, and the first of it as an example."""
    by_name: dict[str, list[Any]] = {}
    for content_type, value in samples:
        if content_type:
            by_name.setdefault(media_type_of(content_type), []).append(value)
    return {name: _media_type(name, values) for name, values in by_name.items()}


def _media_type(name: str, values: list[Any]) -> dict[str, Any]:
    readable = [value for value in values if value is not _UNREADABLE]
    if not readable:
        return {}
    if name in JSON_LINES:
        return {"itemSchema": schema_of(item for value in readable if is_array(value) for item in value)}
    if is_json(name) or name == "application/x-www-form-urlencoded":
        return {"schema": schema_of(readable), "example": readable[0]}
    return {"schema": {"type": "string"}} if name.startswith("text/") else {}


def _with(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}
