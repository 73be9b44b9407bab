"""Does a message keep its contract? Pure functions over a canonical document.

    document = SpecDocument(canonical)
    problems = check_request(document, WireRequest("POST", "/v1/records", headers, body))
    problems = check_response(document.by_id["emit_record"], 200, headers, body)

An empty list means that the spec allows what was on the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

from wirewright.contract.bodies import (
    EVENT_STREAM,
    JSON_LINES,
    Upload,
    is_json,
    media_type_of,
    read_body,
    split_pairs,
)
from wirewright.contract.document import Body, MediaType, Response, SpecDocument, SpecOperation
from wirewright.contract.forms import unstyled
from wirewright.contract.parameters import ABSENT, Parameter, retyped
from wirewright.contract.problems import Problem
from wirewright.contract.routing import Match, Router
from wirewright.contract.schemas import type_names
from wirewright.contract.security import check_security
from wirewright.contract.shapes import is_array, is_object

Headers = Sequence[tuple[str, str]] | Mapping[str, str]


@dataclass(frozen=True)
class WireRequest:
    """A request as it was on the wire. `target` is the path with its query, still percent-encoded, or a whole URL."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)

    @cached_property
    def raw_path(self) -> str:
        return urlsplit(self.target).path or "/"

    @cached_property
    def query(self) -> str:
        return urlsplit(self.target).query

    @cached_property
    def header_map(self) -> dict[str, str]:
        """By lower-case name; repeated headers joined with a comma (cookies with a semicolon)."""
        found: dict[str, str] = {}
        for name, value in self.headers:
            key = name.lower()
            found[key] = value if key not in found else found[key] + ("; " if key == "cookie" else ", ") + value
        return found


@dataclass(slots=True)
class Decoded:
    """A request read with the help of its operation: values by wire name, and what is wrong with them."""

    path: dict[str, Any] = field(default_factory=dict[str, Any])
    query: dict[str, Any] = field(default_factory=dict[str, Any])
    headers: dict[str, Any] = field(default_factory=dict[str, Any])
    cookies: dict[str, Any] = field(default_factory=dict[str, Any])
    body: Any = None
    media_type: str | None = None
    problems: list[Problem] = field(default_factory=list[Problem])


def check_request(
    spec: SpecDocument | SpecOperation, request: WireRequest, *, security: bool = True, router: Router | None = None
) -> list[Problem]:
    """Everything wrong with a request. With a document (and, to save time, its router) the operation is looked up."""
    document = spec if isinstance(spec, SpecDocument) else spec.document
    match = (router or Router(document)).match(request.method, request.raw_path, request.query)
    if match is not None and isinstance(spec, SpecOperation) and _are_one_on_the_wire(match.operation, spec):
        match = Match(spec, match.path)
    if match is None or (isinstance(spec, SpecOperation) and match.operation is not spec):
        expected = "any operation" if isinstance(spec, SpecDocument) else repr(spec)
        return [Problem("unknown_operation", "path", f"{request.method} {request.raw_path} is not {expected}")]
    decoded = decode_request(match, request.query, request.header_map, request.body)
    unauthorised = check_security(match.operation, request.query, request.header_map) if security else []
    return decoded.problems + unauthorised


def _are_one_on_the_wire(one: SpecOperation, other: SpecOperation) -> bool:
    """Whether nothing but the fragment of their paths, which is never sent, tells two operations apart."""
    return one.method == other.method and one.path.partition("#")[0] == other.path.partition("#")[0]


def decode_request(match: Match, query: str, headers: Mapping[str, str], body: bytes) -> Decoded:
    """Reads and validates a request. `headers` are keyed in lower case."""
    decoded = Decoded()
    operation = match.operation
    pairs = split_pairs(query) if query else []
    cookies = _cookies(headers["cookie"]) if "cookie" in headers else []
    for parameter in operation.parameters:
        location = parameter.location
        if location == "path":
            _take(decoded, parameter, decoded.path, parameter.decode_path, match.path.get(parameter.name))
        elif location == "query":
            others = operation.query_names - {parameter.name}
            _take(decoded, parameter, decoded.query, partial(parameter.decode_query, claimed=others), pairs)
        elif location == "querystring":
            _take(decoded, parameter, decoded.query, parameter.decode_querystring, query or None)
        elif location == "header":
            _take(decoded, parameter, decoded.headers, parameter.decode_header, headers.get(parameter.name.lower()))
        elif location == "cookie":
            _take(decoded, parameter, decoded.cookies, parameter.decode_cookie, cookies)
    for name, raw in match.path.items():
        if name not in decoded.path:
            decoded.path[name] = unquote(raw)
    if pairs:
        _keep_undeclared(decoded.query, pairs, operation)
    for name, raw in cookies:
        decoded.cookies.setdefault(name, raw)
    _decode_body(decoded, operation, headers.get("content-type", ""), body)
    return decoded


def check_response(
    operation: SpecOperation,
    status: int,
    headers: Headers,
    body: bytes = b"",
    *,
    method: str | None = None,
) -> list[Problem]:
    """Everything wrong with an answer: undocumented status or form, missing headers, a body that breaks its schema.

    An event stream is checked event by event, JSON lines line by line. `method` is the one that was sent, where it is
    not the operation's own (HEAD).
    """
    pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
    named = {name.lower(): value for name, value in pairs}
    response = operation.response(status)
    if response is None:
        known = ", ".join(operation.responses) or "none"
        return [Problem("status", "status", f"{status} is not documented (documented: {known})")]
    return _check_headers(response, named) + check_content(response, method or operation.method, status, named, body)


def check_content(
    response: Response, method: str, status: int, headers: Mapping[str, str], body: bytes
) -> list[Problem]:
    if method == "HEAD" or status in {204, 205, 304} or (not response.content and not body):
        return [Problem("schema", "body", f"a {status} answer has no body")] if body and status in {204, 304} else []
    if not response.content:
        return []
    content_type = headers.get("content-type", "")
    media_type = response.media_type(content_type)
    if media_type is None:
        return [_wrong_media_type(response, content_type, "answer")]
    if media_type_of(content_type) == EVENT_STREAM:
        from wirewright.contract.events import check_event_stream

        return check_event_stream(media_type, body)
    return check_value(media_type, content_type, body, "body")


def check_value(media_type: MediaType, content_type: str, body: bytes, place: str) -> list[Problem]:
    try:
        value = read_body(body, content_type)
    except ValueError as error:
        return [Problem("malformed", place, str(error))]
    return check_decoded(media_type, content_type, value, place)


def check_decoded(media_type: MediaType, content_type: str, value: Any, place: str) -> list[Problem]:
    actual = media_type_of(content_type)
    if actual in JSON_LINES:
        validator = media_type.item_validator
        found = [validator.problems(item, f"{place}/{i}") for i, item in enumerate(value)] if validator else []
        return [problem for problems in found for problem in problems]
    validator = media_type.validator
    if validator is None or not (is_json(actual) or isinstance(value, (dict, str))):
        return []
    if isinstance(value, str) and not is_json(actual):
        is_text = "string" in type_names(media_type.schemas, media_type.schema)
        return validator.problems(value, place) if is_text and "xml" not in actual else []
    return validator.problems(value, place)


def _check_headers(response: Response, headers: Mapping[str, str]) -> list[Problem]:
    decoded = Decoded()
    for parameter in response.headers:
        _take(decoded, parameter, decoded.headers, parameter.decode_header, headers.get(parameter.name.lower()))
    return decoded.problems


def _take(decoded: Decoded, parameter: Parameter, into: dict[str, Any], decode: Callable[[Any], Any], raw: Any) -> None:
    """Reads one parameter into its place, or notes what is wrong with it. `raw` is None when it was not sent."""
    try:
        value = ABSENT if raw is None else decode(raw)
    except ValueError as error:
        decoded.problems.append(Problem("malformed", f"{parameter.location}.{parameter.name}", str(error)))
        return
    if value is ABSENT:
        if parameter.required:
            decoded.problems.append(Problem("missing", f"{parameter.location}.{parameter.name}", "is required"))
        return
    into[parameter.name] = value
    if parameter.validator and not parameter.validator.is_valid(value):
        decoded.problems += parameter.validator.problems(value, f"{parameter.location}.{parameter.name}")


def _keep_undeclared(into: dict[str, Any], pairs: Iterable[tuple[str, str]], operation: SpecOperation) -> None:
    """Query parameters that the spec does not know, as text: servers ignore or use them, they are no fault."""
    found: dict[str, list[str]] = {}
    for name, raw in pairs:
        if name not in operation.query_names:
            found.setdefault(name, []).append(unquote_plus(raw))
    for name, values in found.items():
        into.setdefault(name, values[0] if len(values) == 1 else values)


def _cookies(header: str) -> list[tuple[str, str]]:
    pieces = (piece.partition("=") for piece in header.split(";") if piece.strip())
    return [(name.strip(), value.strip().strip('"')) for name, _, value in pieces]


def _decode_body(decoded: Decoded, operation: SpecOperation, content_type: str, body: bytes) -> None:
    documented = operation.body
    if not body and not _is_empty_content(documented, content_type):
        if documented is not None and documented.required:
            decoded.problems.append(Problem("missing", "body", "is required"))
        return
    decoded.media_type = media_type_of(content_type) or None
    media_type = _media_type(documented, content_type)
    effective = content_type or (media_type.name if media_type else "")
    try:
        decoded.body = read_body(body, effective)
    except ValueError as error:
        decoded.body = body
        decoded.problems.append(Problem("malformed", "body", str(error)))
        return
    if documented is None or not documented.content:
        return
    if media_type is None:
        decoded.problems.append(_wrong_media_type(documented, content_type, "request"))
        return
    if is_object(decoded.body) and not is_json(media_type_of(effective)):
        fields = unstyled(decoded.body, _styled(operation, media_type))
        form = retyped(operation.document.schemas, media_type.schema, fields)
        decoded.body = form
        decoded.problems += _check_form(media_type, form)
        return
    decoded.problems += check_decoded(media_type, effective, decoded.body, "body")


def _styled(operation: SpecOperation, form: MediaType) -> dict[str, Any]:
    """The encodings of a form's fields that hold more than one value."""
    schemas = operation.document.schemas
    declared = schemas.resolve(form.schema)
    known: Mapping[str, Any] = declared.get("properties", {}) if is_object(declared) else {}
    encodings: Mapping[str, Any] = form.declared.get("encoding") or {}
    kinds = {name: type_names(schemas, known.get(name)) for name in encodings}
    return {
        name: encoding for name, encoding in encodings.items() if not kinds[name] or kinds[name] & {"array", "object"}
    }


def _is_empty_content(documented: Body | None, content_type: str) -> bool:
    """Whether no bytes are a content of the form that was named: an empty file or text, as opposed to no body."""
    name = media_type_of(content_type)
    named = bool(content_type) and _media_type(documented, content_type) is not None
    return named and (name == "application/octet-stream" or name.startswith("text/"))


def _media_type(documented: Body | None, content_type: str) -> MediaType | None:
    if documented is None or not documented.content:
        return None
    if not content_type:
        return next(iter(documented.content.values()))
    return documented.media_type(content_type)


def _wrong_media_type(documented: Body, content_type: str, what: str) -> Problem:
    known = ", ".join(documented.content)
    return Problem(
        "media_type", "body", f"{content_type or 'no content type'} is not a documented {what} form ({known})"
    )


def _check_form(media_type: MediaType, form: dict[str, Any]) -> list[Problem]:
    if media_type.validator is None:
        return []
    plain = {name: _plain(value) for name, value in form.items()}
    return media_type.validator.problems(plain, "body")


def _plain(value: Any) -> Any:
    """Uploads stand for their text, so that a schema of `type: string` (format binary) holds."""
    if isinstance(value, Upload):
        return value.content.decode("latin-1")
    return [_plain(item) for item in value] if is_array(value) else value
