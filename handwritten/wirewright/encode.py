"""A `Request` becomes what goes on the wire: target, headers and body. Compiled once per operation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

from wirewright import codecs
from wirewright.bodies import Payload, encode_body
from wirewright.codecs.scalars import text_of
from wirewright.errors import RequestError
from wirewright.messages import header_problem
from wirewright.operation import Content, Operation, Parameter
from wirewright.parameters import (
    cookie_pairs,
    header_text,
    literal,
    path_text,
    percent,
    present,
    query_pairs,
    whole_query,
)
from wirewright.request import Request

_TEMPLATE = re.compile(r"\{([^{}]+)\}")
_SIMPLE = frozenset({str, int})


class RequestEncoder:
    """Writes the requests of one operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._codec = codecs.get(operation.codec)
        self._special = {(p.location, p.name): p for p in operation.parameters}
        self._query = {p.name: p for p in operation.parameters if p.location in ("query", "querystring")}
        parts = _TEMPLATE.split(operation.path)
        self._segments = [part if index % 2 else literal(part) for index, part in enumerate(parts)]
        self.accept = _accept(operation)

    def target(self, request: Request[Any]) -> str:
        """Path and query, encoded, the path beginning as the operation's does."""
        path = self._path(request.path) if len(self._segments) > 1 else self._segments[0]
        if not request.query:
            return path
        pairs = self._query_pairs(request.query)
        if not pairs:
            return path
        return f"{path}{'&' if '?' in path else '?'}{'&'.join(pairs)}"

    def _path(self, values: Mapping[str, Any]) -> str:
        parts = list(self._segments)
        for index in range(1, len(parts), 2):
            parts[index] = self._path_parameter(parts[index], values.get(parts[index]))
        path = "".join(parts)
        if "/./" in f"{path}/" or "/../" in f"{path}/":
            raise RequestError(f"{self._operation.id}: a path parameter makes the path {path!r} lead elsewhere")
        return path

    def _path_parameter(self, name: str, value: Any) -> str:
        if not present(value):
            raise RequestError(f"{self._operation.id}: path parameter {name!r} has no value")
        parameter = self._special.get(("path", name))
        if parameter is None and type(value) in _SIMPLE:
            text = percent(str(value))
        else:
            text = path_text(parameter or Parameter("path", name), self._plain(parameter, value))
        if not text:
            raise RequestError(f"{self._operation.id}: path parameter {name!r} is empty")
        return text

    def _query_pairs(self, values: Mapping[str, Any]) -> list[str]:
        pairs: list[str] = []
        for name, value in values.items():
            parameter = self._query.get(name)
            if not _sent(parameter, value):
                continue
            if parameter is not None and parameter.location == "querystring":
                pairs += whole_query(parameter, self._plain(parameter, value))
            elif parameter is None and type(value) in _SIMPLE:
                pairs.append(f"{percent(name)}={percent(str(value))}")
            else:
                pairs += query_pairs(parameter or Parameter("query", name), self._plain(parameter, value))
        return pairs

    def _plain(self, parameter: Parameter | None, value: Any) -> Any:
        if parameter is not None and parameter.media_type is not None:
            content = encode_body(value, Content(parameter.media_type), self._codec).content
            return content.decode() if isinstance(content, bytes) else content
        try:
            return text_of(value)
        except TypeError:
            return self._codec.to_builtins(value)

    def headers(self, request: Request[Any]) -> dict[str, str]:
        """The request's own headers by lower-case name, cookies among them."""
        headers: dict[str, str] = {}
        for name, value in request.headers.items():
            parameter = self._special.get(("header", name))
            if _sent(parameter, value):
                headers[name.lower()] = header_text(parameter, self._plain(parameter, value))
        if request.cookies:
            cookies = "; ".join(self._cookies(request.cookies))
            if cookies:
                headers["cookie"] = cookies
        headers.update({name.lower(): value for name, value in request.options.headers.items()})
        for name, text in headers.items():
            if problem := header_problem(name, text):
                raise RequestError(f"{self._operation.id}: {problem}")
        return headers

    def _cookies(self, values: Mapping[str, Any]) -> list[str]:
        pairs: list[str] = []
        for name, value in values.items():
            parameter = self._special.get(("cookie", name))
            if _sent(parameter, value):
                pairs += cookie_pairs(parameter, name, self._plain(parameter, value))
        return pairs

    def payload(self, request: Request[Any]) -> Payload | None:
        """The body, or None when there is none."""
        if request.body is UNSET:
            return None
        content = self._content(request.media_type)
        return encode_body(request.body, content, self._codec)

    def _content(self, media_type: str | None) -> Content:
        contents = self._operation.request
        if media_type is None:
            return contents[0] if contents else _JSON
        for content in contents:
            if content.media_type == media_type:
                return content
        return Content(media_type)


_JSON = Content("application/json")


def _sent(parameter: Parameter | None, value: Any) -> bool:
    if value is None:
        return parameter is not None and parameter.nullable
    return value is not UNSET


def _accept(operation: Operation) -> str:
    kinds = dict.fromkeys(content.media_type for contents in operation.responses.values() for content in contents)
    return ", ".join(kinds) or "*/*"


def encoder_of(operation: Operation) -> RequestEncoder:
    """The operation's encoder, compiled on first use."""
    return RequestEncoder(operation)
