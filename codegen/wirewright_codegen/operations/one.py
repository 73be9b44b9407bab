"""One operation of a document → one `Operation` value, or two where it answers both at once and as a stream."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from wirewright_codegen import text
from wirewright_codegen.document import MediaType, OpenAPI, UntrustedString, plain
from wirewright_codegen.document import Parameter as SourceParameter
from wirewright_codegen.document import Response as SourceResponse
from wirewright_codegen.models.annotations import annotation
from wirewright_codegen.models.schemas import allows_null
from wirewright_codegen.operations import media, names
from wirewright_codegen.operations.found import Found
from wirewright_codegen.operations.pages import read_pagination
from wirewright_codegen.operations.projection import LOCATION, SCHEMA
from wirewright_codegen.operations.values import Body, Location, Media, Operation, Parameter, Response, Stream

STREAMS: tuple[Stream, ...] = ("sse", "lines")
_DEFAULT_STYLE = {"path": "simple", "header": "simple", "query": "form", "cookie": "form", "querystring": "form"}
Responses = tuple[Response, ...]


def requirements(security: Any) -> tuple[tuple[UntrustedString, ...], ...]:
    """Alternatives of security schemes, each the names that are needed together."""
    return tuple(tuple(requirement) for requirement in security or ())


class OperationReader:
    """Reads one operation. `arguments` are the names it gave, by location and wire name."""

    def __init__(
        self,
        found: Found,
        document: OpenAPI,
        schemas: Mapping[str, Any],
        *,
        function: str,
        method: str,
        siblings: Collection[str],
        arguments: Mapping[str, str],
    ) -> None:
        self._found = found
        self._source = found.source
        self._document = document
        self._schemas = schemas
        self._function = function
        self._method = method
        self._siblings = siblings
        sources = [p for p in found.source.parameters or () if isinstance(p, SourceParameter)]
        places = [(_location(p), plain(p.name)) for p in sources]
        self._names = names.argument_names(places, arguments)
        self.arguments = {f"{location} {wire}": name for (location, wire), name in self._names.items()}
        self._parameters = tuple(self._parameter(p) for p in sources)

    def read(self) -> list[Operation]:
        """One value for the answer at once, if there is one, and one for each kind of stream."""
        responses = self._responses()
        answers = [c.stream for r in responses if _is_success(r, responses) for c in r.contents]
        streams: list[Stream] = [kind for kind in STREAMS if kind in answers]
        if not streams:
            return [self._operation(responses, None, "")]
        at_once = [self._operation(_only(responses, None), None, "")] if None in answers else []
        return at_once + [
            self._operation(_only(responses, stream), stream, self._suffix(number, at_once=bool(at_once)))
            for number, stream in enumerate(streams)
        ]

    @staticmethod
    def _suffix(number: int, *, at_once: bool) -> str:
        if number:
            return "_lines"
        return "_stream" if at_once else ""

    def _operation(self, responses: Responses, stream: Stream | None, suffix: str) -> Operation:
        source, found = self._source, self._found
        key, idempotent = found.extra.get("x-idempotency-key"), found.extra.get("x-idempotent")
        return Operation(
            id=UntrustedString(found.id),
            function=self._function + suffix,
            method=self._method + suffix,
            resource=found.resource,
            http_method=found.method,
            path=UntrustedString(plain(found.path).partition("#")[0]),
            summary=plain(source.summary),
            description=plain(source.description),
            parameters=self._parameters,
            body=self._body(),
            responses=responses,
            returns=_returns(responses),
            stream=stream,
            security=requirements(source.security if source.security is not None else self._document.security),
            idempotency_header=UntrustedString(key) if isinstance(key, str) else None,
            idempotent=idempotent if isinstance(idempotent, bool) else None,
            server=self._server(),
            deprecated=source.deprecated,
            pagination=read_pagination(found, self._schemas, self._method, self._siblings) if stream is None else None,
            pointer=found.pointer,
        )

    def _server(self) -> UntrustedString | None:
        """A server that only this operation has, its variables at their defaults."""
        item = self._found.item
        servers = self._source.servers or (item.servers if "servers" in item.model_fields_set else None) or ()
        if not servers:
            return None
        url = plain(servers[0].url)
        for name, variable in (servers[0].variables or {}).items():
            url = url.replace("{" + plain(name) + "}", plain(variable.default))
        return UntrustedString(url)

    def _parameter(self, source: SourceParameter) -> Parameter:
        schema: Mapping[str, Any] = (source.model_extra or {}).get(SCHEMA, {})
        location = _location(source)
        style, default = plain(source.style), _DEFAULT_STYLE[location]
        explode = source.explode if "explode" in source.model_fields_set else None
        if explode is not None and explode == ((style or default) in ("form", "cookie")):
            explode = None
        return Parameter(
            name=self._names[location, plain(source.name)],
            wire=source.name,
            location=location,
            required=source.required or location == "path",
            annotation=annotation(schema, "m."),
            doc=text.described(plain(source.description), {**schema, "deprecated": source.deprecated}),
            style=style if style and style != default else None,
            explode=explode,
            allow_reserved=source.allowReserved,
            media_type=next(iter(source.content or {}), None),
            nullable=source.required and location != "path" and allows_null(schema, self._schemas),
        )

    def _responses(self) -> Responses:
        found = [
            Response(plain(status), plain(response.description), self._contents(response.content or {}))
            for status, response in self._source.responses.items()
            if isinstance(response, SourceResponse)
        ]
        return tuple(sorted(found, key=lambda r: (r.status == "default", r.status)))

    def _contents(self, content: Mapping[UntrustedString, MediaType]) -> tuple[Media, ...]:
        """JSON first: it is what a caller wants, and what a server is asked for first."""
        return _json_first([media.answer(name, m, self._schemas) for name, m in content.items()])

    def _body(self) -> Body | None:
        source: Any = self._source.request_body
        content: Mapping[UntrustedString, MediaType] = getattr(source, "content", None) or {}
        if not content:
            return None
        contents = _json_first([media.request(name, m, self._schemas) for name, m in content.items()])
        kinds = list(dict.fromkeys(c.type or "Any" for c in contents))
        joined = "Any" if "Any" in kinds else " | ".join(kinds)
        return Body(source.required, joined, plain(source.description), contents)


def _json_first(contents: list[Media]) -> tuple[Media, ...]:
    """JSON first, by its own name before any other (`application/json-patch+json`, `application/*+json`)."""

    def rank(content: Media) -> tuple[bool, bool, bool]:
        name = plain(content.media_type)
        return not media.is_json(name), "*" in name, media.base_of(name) != "application/json"

    return tuple(sorted(contents, key=rank))


def _location(source: SourceParameter) -> Location:
    location = (source.model_extra or {}).get(LOCATION)
    return cast("Location", location) if location in _DEFAULT_STYLE else "query"


def _is_success(response: Response, responses: Responses) -> bool:
    """2xx; without any, 3xx; without those, `default`."""
    firsts = {r.status[0] for r in responses}
    wanted = next((first for first in "23d" if first in firsts), "2")
    return response.status[0] == wanted


def _only(responses: Responses, stream: Stream | None) -> Responses:
    """The responses, of the successes only what comes as this stream (None: at once)."""
    return tuple(
        Response(
            r.status,
            r.doc,
            tuple(c for c in r.contents if c.stream == stream or not _is_success(r, responses)),
        )
        for r in responses
        if not _is_success(r, responses) or not r.contents or any(c.stream == stream for c in r.contents)
    )


def _returns(responses: Responses) -> str:
    """The type of a success; where JSON is offered beside other media types, of the JSON."""
    kinds: dict[str, None] = {}
    for response in responses:
        if _is_success(response, responses):
            kinds.update(dict.fromkeys(_kinds(response.contents)))
    if "Any" in kinds:
        return "Any"
    members = list(dict.fromkeys(part for kind in kinds or ["None"] for part in text.union_members(kind)))
    return " | ".join([m for m in members if m != "None"] + (["None"] if "None" in members else []))


def _kinds(contents: tuple[Media, ...]) -> list[str]:
    if not contents:
        return ["None"]
    preferred = [c for c in contents if media.is_json(plain(c.media_type)) or c.stream]
    return [c.type or "Any" for c in preferred or contents]
