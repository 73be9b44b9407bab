"""Real defects, sown at random into a server's answers and a client's requests.

What makes a defect real is decided without the code under test: a changed body is one when the reference
implementation `jsonschema` refuses it for the schema of the canonical document; everything else (statuses, media types,
headers, parameters, paths) is decided from the keys of the document itself. A change that the spec allows is thrown
away, and another one is drawn.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from wirewright.contract.canned import Canned
from wirewright.contract.document import SpecDocument, SpecOperation
from wirewright.messages import Headers, HttpRequest, HttpResponse
from wirewright.transport._httpx.wrapped import WrappedTransport

URI = "urn:defects"
JUNK: tuple[Any, ...] = (None, True, 7.5, "junk", [], {}, ["junk"], {"junk": 1}, -1, "")


class Oracle:
    """Says whether the schema at a place of the document allows a value; by `jsonschema`, not by our validator."""

    def __init__(self, document: SpecDocument) -> None:
        resource = Resource(contents=dict(document.raw), specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(URI, resource)
        self._made: dict[str, Any] = {}

    def allows(self, place: str, value: Any) -> bool:
        if place not in self._made:
            pointer = place.replace("%", "%25").replace("{", "%7B").replace("}", "%7D")
            self._made[place] = jsonschema.Draft202012Validator(
                {"$ref": f"{URI}#{pointer}"}, registry=self._registry, format_checker=None
            )
        return bool(self._made[place].is_valid(value))


@dataclass(frozen=True)
class Defect:
    """`change` alters a message in place; `kind` and `what` say how, for people."""

    operation: SpecOperation
    kind: str
    what: str
    change: Callable[[Any], None]

    def __str__(self) -> str:
        return f"{self.operation.id}: {self.kind} {self.what}"


def changed(value: Any, choose: random.Random) -> tuple[str, Any]:
    """A JSON value with one change somewhere in it: a member gone, a value replaced by junk, a member too many."""
    paths = list(_paths(value))
    path = choose.choice(paths)
    copy = json.loads(json.dumps(value))
    if not path:
        return "root replaced", choose.choice(JUNK)
    parent = copy
    for key in path[:-1]:
        parent = parent[key]
    shown = "/".join(map(str, path))
    if isinstance(parent, dict) and choose.random() < 0.5:
        del parent[path[-1]]
        return f"missing {shown}", copy
    parent[path[-1]] = junk = choose.choice(JUNK)
    return f"{shown} is {json.dumps(junk)}", copy


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inside:
        yield from _paths(member, (*path, key))


# Answers --------------------------------------------------------------------------------------------------------------


class DefectiveServer:
    """A transport to a server that has one defect: it changes the answers of one operation."""

    def __init__(self, transport: Any, defect: Defect) -> None:
        self._transport = WrappedTransport(transport)
        self._defect = defect

    def send(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self._transport.send(request)
        if response.body is not None:
            response.content, response.body = b"".join(response.body), None
        self._defect.change(response)
        return response

    def close(self) -> None:
        self._transport.close()


def _set(
    response: HttpResponse, *, status: int | None = None, body: bytes | None = None, **headers: str | None
) -> None:
    response.status = status or response.status
    response.content = response.content if body is None else body
    kept = {name: value for name, value in response.headers.pairs() if name.replace("-", "_") not in headers}
    kept |= {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    response.headers = Headers(kept)


class AnswerDefects:
    """Draws defects of a server that answers with the spec's examples. `answers` are those, by operationId."""

    KINDS = ("body", "body", "body", "status", "media_type", "broken", "empty", "header", "demand", "failure", "event")

    def __init__(self, document: SpecDocument, answers: Mapping[str, HttpResponse]) -> None:
        self._document = document
        self._answers = answers
        self._oracle = Oracle(document)

    def draw(self, choose: random.Random) -> Defect:
        while True:
            operation = choose.choice(self._document.operations)
            kind = choose.choice(self.KINDS)
            found = getattr(self, f"_{kind}")(operation, self._answers[operation.id], choose)
            if found is not None:
                what, change = found
                return Defect(operation, kind, what, change)

    def _form(self, operation: SpecOperation, answer: HttpResponse) -> tuple[str, Mapping[str, Any]] | None:
        """Pointer and media type object of the answer's form, where it is JSON."""
        if answer.headers.get("content-type") != "application/json":
            return None
        for key in (str(answer.status), "default"):
            content = operation.declared["responses"].get(key, {}).get("content", {})
            if "application/json" in content:
                return f"{operation.place}/responses/{key}/content/application~1json", content["application/json"]
        return None

    def _body(self, operation: SpecOperation, answer: HttpResponse, choose: random.Random) -> Any:
        form = self._form(operation, answer)
        if form is None or "schema" not in form[1] or not answer.content:
            return None
        what, value = changed(json.loads(answer.content), choose)
        if self._oracle.allows(form[0] + "/schema", value):
            return None
        return what, lambda response: _set(response, body=json.dumps(value).encode())

    def _status(self, operation: SpecOperation, answer: HttpResponse, choose: random.Random) -> Any:
        documented = {key.lower() for key in operation.declared["responses"]}
        free = [s for s in (201, 202, 206, 299, 302, 402, 418, 451, 507) if not {str(s), f"{s // 100}xx"} & documented]
        if "default" in documented or not free:
            return None
        status = choose.choice(free)
        return str(status), lambda response: _set(response, status=status)

    def _media_type(self, operation: SpecOperation, answer: HttpResponse, choose: random.Random) -> Any:
        documented = operation.declared["responses"].get(str(answer.status), {}).get("content", {})
        free = [name for name in ("text/html", "application/xml", "image/png") if name not in documented]
        if not documented or "*/*" in documented or not answer.content:
            return None
        name = choose.choice(free)
        return name, lambda response: _set(response, content_type=name)

    def _broken(self, operation: SpecOperation, answer: HttpResponse, choose: random.Random) -> Any:
        if self._form(operation, answer) is None or len(answer.content) < 3:
            return None
        cut = choose.randrange(1, len(answer.content))
        try:
            json.loads(answer.content[:cut])
        except ValueError:
            return f"JSON cut at {cut}", lambda response: _set(response, body=response.content[:cut])
        return None

    def _empty(self, operation: SpecOperation, answer: HttpResponse, choose: random.Random) -> Any:
        if self._form(operation, answer) is None or not answer.content:
            return None
        return "no body", lambda response: _set(response, body=b"")

    def _header(self, operation: SpecOperation, answer: HttpResponse, choose: random.Random) -> Any:
        declared = operation.declared["responses"].get(str(answer.status), {}).get("headers", {})
        required = [name for name, value in declared.items() if value.get("required")]
        if not required:
            return None
        name = choose.choice(required)
        return f"without {name}", lambda response: _set(response, **{name.lower().replace("-", "_"): None})

    def _demand(self, operation: SpecOperation, answer: HttpResponse, choose: random.Random) -> Any:
        """The server asks for a header that the spec does not know, and refuses requests that lack it."""
        if operation.declared.get("x-stateful"):
            return None  # the spec says that its examples may be refused
        if not any(key[0] in "23d" for key in operation.responses):
            return None  # nor does one succeed that leads out of HTTP
        status = choose.choice((400, 422, 428))
        body = b'{"error":"X-Undocumented is required"}'
        return f"asks for a header, {status}", lambda response: _set(response, status=status, body=body)

    def _failure(self, operation: SpecOperation, answer: HttpResponse, choose: random.Random) -> Any:
        return "500", lambda response: _set(
            response, status=500, body=b"Internal Server Error", content_type="text/plain"
        )

    def _event(self, operation: SpecOperation, answer: HttpResponse, choose: random.Random) -> Any:
        """A frame that is no JSON, or whose event is not documented."""
        content = operation.declared["responses"].get(str(answer.status), {}).get("content", {})
        named = content.get("text/event-stream", {}).get("x-sse-events")
        if not named:
            return None
        name = choose.choice(sorted(named))
        frame = choose.choice((f"event: {name}\ndata: {{broken\n\n", "event: not-documented\ndata: {}\n\n"))
        return repr(frame), lambda response: _set(response, body=frame.encode())


# Requests -------------------------------------------------------------------------------------------------------------


class DefectiveClient(Canned):
    """What a client with one defect would have sent instead."""

    defect: Defect

    def send(self, request: HttpRequest) -> HttpResponse:
        altered = request.copy()
        if altered.content is not None and not isinstance(altered.content, bytes):
            altered.content = b"".join(altered.content.open())
        self.defect.change(altered)
        return super().send(altered)


class RequestDefects:
    """Draws defects of a client. `requests` are what it sends without them, by operationId."""

    KINDS = ("body", "body", "body", "no_body", "broken", "media_type", "method", "path", "parameter", "value", "auth")

    def __init__(self, document: SpecDocument, requests: Mapping[str, HttpRequest]) -> None:
        self._document = document
        self._requests = requests
        self._oracle = Oracle(document)

    def draw(self, choose: random.Random) -> Defect:
        while True:
            operation = choose.choice(self._document.operations)
            kind = choose.choice(self.KINDS)
            found = getattr(self, f"_{kind}")(operation, self._requests[operation.id], choose)
            if found is not None:
                what, change = found
                return Defect(operation, kind, what, change)

    def _json(self, operation: SpecOperation) -> Mapping[str, Any] | None:
        form: Mapping[str, Any] | None = (
            operation.declared.get("requestBody", {}).get("content", {}).get("application/json")
        )
        return form

    def _body(self, operation: SpecOperation, request: HttpRequest, choose: random.Random) -> Any:
        if self._json(operation) is None or not isinstance(request.content, bytes):
            return None
        what, value = changed(json.loads(request.content), choose)
        place = f"{operation.place}/requestBody/content/application~1json/schema"
        if self._oracle.allows(place, value):
            return None

        def change(sent: HttpRequest) -> None:
            sent.content = json.dumps(value).encode()

        return what, change

    def _no_body(self, operation: SpecOperation, request: HttpRequest, choose: random.Random) -> Any:
        if not operation.declared.get("requestBody", {}).get("required") or self._json(operation) is None:
            return None

        def change(sent: HttpRequest) -> None:
            sent.content = None
            sent.headers.pop("content-type", None)

        return "no body", change

    def _broken(self, operation: SpecOperation, request: HttpRequest, choose: random.Random) -> Any:
        if self._json(operation) is None or not isinstance(request.content, bytes):
            return None

        def change(sent: HttpRequest) -> None:
            if isinstance(sent.content, bytes):
                sent.content = sent.content + b"}"

        return "broken JSON", change

    def _media_type(self, operation: SpecOperation, request: HttpRequest, choose: random.Random) -> Any:
        if self._json(operation) is None or request.content is None:
            return None
        documented = operation.declared["requestBody"]["content"]
        name = choose.choice([each for each in ("text/html", "application/xml") if each not in documented])

        def change(sent: HttpRequest) -> None:
            if sent.content is not None:
                sent.headers["content-type"] = name

        return name, change

    def _method(self, operation: SpecOperation, request: HttpRequest, choose: random.Random) -> Any:
        """A method that no path which fits the target has."""
        taken = {
            method.upper()
            for path, item in self._document.raw["paths"].items()
            if _fits(path, urlsplit(request.target).path)
            for method in item
        }
        free = [method for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if method not in taken]
        if not free:
            return None
        method = choose.choice(free)

        def change(sent: HttpRequest) -> None:
            sent.method = method

        return method, change

    def _path(self, operation: SpecOperation, request: HttpRequest, choose: random.Random) -> Any:
        """One segment misspelt, so that no path of the document fits."""
        path, _, query = request.target.partition("?")
        segments = path.split("/")
        index = choose.randrange(1, len(segments))
        segments[index] += "-misspelt"
        wrong = "/".join(segments)
        if any(_fits(template, wrong) for template in self._document.raw["paths"]):
            return None

        def change(sent: HttpRequest) -> None:
            sent.target = wrong + (f"?{query}" if query else "")

        return wrong, change

    def _parameter(self, operation: SpecOperation, request: HttpRequest, choose: random.Random) -> Any:
        """A required query parameter or header is not sent."""
        required = [
            (each["in"], each["name"])
            for each in operation.declared.get("parameters", ())
            if each.get("required") and each["in"] in {"query", "header"}
        ]
        if not required:
            return None
        place, name = choose.choice(required)

        def change(sent: HttpRequest) -> None:
            if place == "header":
                sent.headers.pop(name.lower(), None)
            else:
                _replace_query(sent, name, None)

        return f"without {place} {name}", change

    def _value(self, operation: SpecOperation, request: HttpRequest, choose: random.Random) -> Any:
        """A query parameter that is a number, a boolean or one of an enum is sent as something else."""
        pairs = dict(parse_qsl(urlsplit(request.target).query))
        wrong: dict[str, str] = {}
        for each in operation.declared.get("parameters", ()):
            schema = each.get("schema", {})
            closed = schema.get("type") in {"integer", "number", "boolean"} or "enum" in schema
            if each["in"] == "query" and each["name"] in pairs and closed:
                wrong[each["name"]] = "junk"
        if not wrong:
            return None
        name = choose.choice(sorted(wrong))

        def change(sent: HttpRequest) -> None:
            if name in dict(parse_qsl(urlsplit(sent.target).query)):
                _replace_query(sent, name, wrong[name])

        return f"{name}=junk", change

    def _auth(self, operation: SpecOperation, request: HttpRequest, choose: random.Random) -> Any:
        """The credentials that the operation asks for are left out."""
        if not any(operation.security):
            return None

        def change(sent: HttpRequest) -> None:
            for scheme in self._document.security_schemes.values():
                if scheme.get("in") == "query":
                    _replace_query(sent, scheme["name"], None)
                else:
                    place = {"cookie": "cookie", "header": scheme.get("name", "")}.get(
                        scheme.get("in"), "authorization"
                    )
                    sent.headers.pop(place.lower(), None)

        return "without credentials", change


def _fits(template: str, path: str) -> bool:
    pattern = re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(template.partition("?")[0]))
    return re.fullmatch(pattern, path) is not None


def _replace_query(request: HttpRequest, name: str, value: str | None) -> None:
    path, _, query = request.target.partition("?")
    pairs = [pair for pair in parse_qsl(query) if pair[0] != name] + ([(name, value)] if value is not None else [])
    request.target = path + (f"?{urlencode(pairs)}" if pairs else "")
