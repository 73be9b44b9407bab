"""`symbiont.client.requests`: the name by which test doubles know the transport.

Programs replace `symbiont.client.requests.request`, or `requests.request` of that library, to see or to answer what a
`Client` sends (protocol sheet §1). While nobody does, requests take the pooled connections of the client instead.
"""

from __future__ import annotations

import json as _json
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from msgspec import UNSET
from wirewright.calls import Operation, Reply, Request
from wirewright.errors import ConnectError, StatusError, WirewrightError
from wirewright.messages import Headers, HttpRequest, HttpResponse
from wirewright.narrow import is_mapping

from symbiont._calls import Answer


class RequestException(OSError):  # noqa: N818 - the name that callers know
    """The network failed."""


class exceptions:  # noqa: N801 - stands for a module
    """Under the names that callers know."""

    RequestException = RequestException
    ConnectionError = RequestException
    Timeout = RequestException


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float | None = 30,
    json: Any = None,
    params: Mapping[str, Any] | None = None,
) -> Answer:
    """Send one request over a connection of its own; any status is an answer. Raises `RequestException`."""
    from wirewright import Client

    parts = urlsplit(url)
    asked = any_request(method, parts.path or "/", json=json, params=params, headers=headers)
    with Client(f"{parts.scheme}://{parts.netloc}", retry=None, timeout=timeout, deadline=None) as client:
        try:
            found: Any = client.respond(asked)
        except WirewrightError as error:
            if not is_refusal(error):
                raise RequestException(str(error)) from error
            found = error
    return Answer(found.status, found.headers, found.content)


def is_refusal(error: BaseException | None) -> TypeGuard[StatusError[Any]]:
    """Whether the error is an answer of the server."""
    return isinstance(error, StatusError)


REAL: Callable[..., Any] = request


def double() -> Callable[..., Any] | None:
    """What stands in for the transport: here, or in the library of that name where somebody loaded it."""
    if request is not REAL:
        return request
    found: Any = getattr(sys.modules.get("requests"), "request", None)
    return found if found is not None and getattr(found, "__module__", None) != "requests.api" else None


def any_request(
    method: str,
    path: str,
    *,
    json: Any = None,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Request[Any]:
    """A request to any path. `params`: the query, without what is None."""
    path = path.replace("{", "%7B").replace("}", "%7D")
    operation = Operation("request", method, path)
    body: dict[str, Any] = {} if json is None else {"body": json}
    return Request(operation, query=dict(params or {}), headers=dict(headers or {}), **body)


def asked_of(request: Request[Any]) -> tuple[str, dict[str, Any]]:
    """A request's path with its values in it, and the keywords of whoever sends it."""
    path = request.operation.path
    for name, value in path_values(request).items():
        path = path.replace(f"{{{name}}}", str(value))
    keywords: dict[str, Any] = {}
    if request.body is not UNSET:
        keywords["json"] = request.body
    if request.query:
        keywords["params"] = {name: value for name, value in request.query.items() if value is not None}
    headers = {name: value for name, value in request.headers.items() if value is not None}
    if headers:
        keywords["headers"] = headers
    return path, keywords


def path_values(request: Request[Any]) -> Mapping[str, Any]:
    """The values in a path. An agent as `list_agents` answers it stands for its id."""
    return {name: value["id"] if is_mapping(value) and "id" in value else value for name, value in request.path.items()}


class Double:
    """A transport that asks a test double, in the way it expects to be asked."""

    def __init__(self, double: Callable[..., Any], base_url: str, request: Request[Any]) -> None:
        self._double, self._base_url = double, base_url
        self._path, self._keywords = asked_of(request)
        self.found: Any = None

    def send(self, request: HttpRequest) -> HttpResponse:
        headers = dict(self._keywords.get("headers", {}))
        if "authorization" in request.headers:
            headers["Authorization"] = request.headers["authorization"]
        timeout = request.timeout.read if request.timeout else None
        url = f"{self._base_url}/{self._path.lstrip('/')}"
        try:
            found = self._double(request.method, url, **{**self._keywords, "headers": headers, "timeout": timeout})
            self.found = found
        except OSError as error:
            raise ConnectError(str(error), sent=False, last_error=error) from error
        return HttpResponse(found.status_code, Headers([("content-type", "application/json")]), _content(found))

    def close(self) -> None:
        """Nothing is open."""


def _content(found: Any) -> bytes:
    """The body of whatever a double answered: bytes where it has some, else its JSON, else its text.

    A refusal's text goes before its JSON, unless that has a `resolution`.
    """
    if isinstance(found, Reply) or isinstance(getattr(found, "content", None), bytes):
        return bytes(found.content)
    text: Any = getattr(found, "text", None)
    try:
        value = found.json()
        content = _json.dumps(value, default=str).encode()
    except (TypeError, ValueError):
        return text.encode() if isinstance(text, str) else b""
    is_settled = is_mapping(value) and "resolution" in value
    return text.encode() if isinstance(text, str) and found.status_code >= 400 and not is_settled else content
