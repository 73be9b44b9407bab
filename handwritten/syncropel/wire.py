"""How this SDK uses the runtime and the generated operations: bytes in, bytes out, errors as text.

The public methods hand on what callers and kernels say, word for word. So bodies are sent as the JSON they are given
as, and answers are not pressed into models on the way: `verbatim` makes of a typed request one that answers bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import quote, urlsplit

import msgspec
from syncropel_api.v0_7.operations.blobs import download_blob
from syncropel_api.v0_7.operations.records import emit_record
from wirewright.errors import StatusError, TransportError, WirewrightError
from wirewright.operation import Content, Operation
from wirewright.request import Request

from syncropel.checks import is_object

if TYPE_CHECKING:
    from wirewright.client import AsyncClient
    from wirewright.response import Outcome

EXCERPT = 200
"""Characters of an answer that an error shows."""

_ANYTHING = (Content("*/*", lambda: bytes),)
_BYTES = {"2XX": _ANYTHING, "default": _ANYTHING}
_verbatim: dict[str, Operation] = {}


# Requests


def verbatim(request: Request[Any]) -> Request[bytes | None]:
    """The same call, answered by the body's bytes (None where there is none), whatever the spec says they are."""
    typed = request.operation
    if typed.responses == _BYTES:
        return request
    operation = _verbatim.get(typed.id)
    if operation is None:
        operation = _verbatim[typed.id] = answering_bytes(typed)
    answered = Request[bytes | None](
        operation,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=request.body,
        media_type=request.media_type,
    )
    answered.options = request.options
    return answered


def strictly(request: Request[Any]) -> Request[bytes | None]:
    """The same call, sent once, answered by the body's bytes."""
    return verbatim(request).with_options(retry=None)


def answering_bytes(typed: Operation, *, path: str | None = None, server: str | None = None) -> Operation:
    """The operation with its answers left as bytes, at another path or server where given."""
    return Operation(
        typed.id,
        typed.method,
        typed.path if path is None else path,
        codec=typed.codec,
        parameters=typed.parameters,
        request=typed.request,
        responses=_BYTES,
        security=typed.security,
        idempotent=typed.idempotent,
        server=server,
    )


def download(blob_url: str, endpoint: str) -> Request[bytes | None]:
    """The bytes behind a URL that a kernel handed out: below the endpoint when relative, anywhere when absolute.

    A host that is not the endpoint's gets no credentials.
    """
    typed = download_blob("x").operation
    url = urlsplit(quote(blob_url, safe="!#$%&'()*+,/:;=?@[]~"))
    target = f"{'' if url.path.startswith('/') else '/'}{url.path}{'?' if url.query else ''}{url.query}"
    if not url.netloc:
        return Request[bytes | None](answering_bytes(typed, path=target)).with_options(retry=None)
    home = urlsplit(endpoint)
    origin = f"{url.scheme or home.scheme}://{url.netloc}"
    request = Request[bytes | None](answering_bytes(typed, path=target, server=origin)).with_options(retry=None)
    return request if origin == f"{home.scheme}://{home.netloc}" else request.with_options(auth=None)


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def json_body(value: Any) -> Any:
    """A request body that is sent as this JSON: compact, UTF-8, keys in their order.

    Raises `TypeError` or `ValueError` for what JSON cannot say.
    """
    return msgspec.Raw(_encode(value).encode())


@cache
def _emit_operation() -> Operation:
    return verbatim(emit_record(json_body({}))).operation


def emit_request(record: Any) -> Request[bytes | None]:
    """One record, a `json_body`, on its way."""
    return Request(_emit_operation(), body=record)


def batch_body(records: Iterable[Any]) -> Any:
    """Records, each a `json_body`, as the body of a batch."""
    return msgspec.Raw(b'{"records":[%b]}' % b",".join(map(bytes, records)))


# Answers


def from_json(content: bytes) -> Any:
    """What JSON text says; NaN, infinities and lone surrogates are taken as Python takes them. Raises `ValueError`."""
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(content)


def json_or_none(outcome: Outcome[bytes | None]) -> Any:
    """The JSON of an answer below 400; None for a failure, and for an answer that is no JSON."""
    content = outcome.value
    if is_status(outcome.error) and outcome.error.status < HTTPStatus.BAD_REQUEST:
        content = outcome.error.content
    try:
        return from_json(content) if content else None
    except (ValueError, RecursionError):
        return None


def json_object(content: bytes | None) -> dict[str, Any]:
    """The JSON object that `content` is, or an empty one when it is anything else."""
    try:
        value = from_json(content or b"")
    except (ValueError, RecursionError):
        return {}
    return value if is_object(value) else {}


# Errors


def is_status(error: object) -> TypeGuard[StatusError[Any]]:
    """Whether the kernel answered, but not with success."""
    return isinstance(error, StatusError)


def status_of(error: WirewrightError | None) -> int | None:
    """The status of an answer that was no success."""
    return error.status if is_status(error) else None


def text_of(error: StatusError[Any]) -> str:
    """The text of an answer, in the charset that it names."""
    charset = error.headers.get("content-type", "").partition("charset=")[2].partition(";")[0].strip("\"' ")
    try:
        return error.content.decode(charset or "utf-8", errors="replace")
    except LookupError:
        return error.content.decode(errors="replace")


def reason(status: int) -> str:
    """The standard phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def cause_of(error: WirewrightError) -> BaseException:
    """What broke underneath, where something did."""
    if isinstance(error, TransportError) and error.last_error is not None:
        return error.last_error
    return error


def batch_error(status: Any, error: Any) -> str:
    """The error of one record of a batch, in the words that it would have had alone."""
    if not isinstance(status, int) or not status:
        return "the kernel answered nothing for this record"
    return f"HTTP {status}: {_encode(error)[:EXCERPT]}"


def describe(error: WirewrightError) -> str:
    """An error in a line: `HTTP 422: <beginning of the text>`, or the name of what broke and what it said."""
    if is_status(error):
        return f"HTTP {error.status}: {text_of(error)[:EXCERPT]}"
    cause = cause_of(error)
    return f"{type(cause).__name__}: {cause}"


# Clients


def async_client(http: Any) -> AsyncClient:
    """The runtime's client: as it is, or over an `httpx.AsyncClient` with its endpoint, headers and connections."""
    from wirewright.client import AsyncClient

    if isinstance(http, AsyncClient):
        return http
    return AsyncClient(str(http.base_url), headers=dict(http.headers), transport=http, retry=None, deadline=None)
