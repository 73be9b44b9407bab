"""What came back becomes a value or an error, as the operation documents it. Compiled once per operation.

Success is a 2xx, or a 3xx that is documented by an operation that documents no 2xx.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from wirewright import codecs
from wirewright.bodies import is_json
from wirewright.charsets import in_charset
from wirewright.codecs import CodecError
from wirewright.errors import DecodeError, StatusError, status_error_type
from wirewright.messages import Headers, HttpResponse
from wirewright.operation import Content, Envelope, Operation

_KEPT = 64
Decode = Callable[[bytes], Any]


class ResponseDecoder:
    """Reads the answers of one operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._codec = codecs.get(operation.codec)
        self._redirect_succeeds = not any(status.startswith("2") for status in operation.responses)
        self._cache: dict[tuple[int, str | None], Decode] = {}

    def is_success(self, status: int) -> bool:
        """Whether `status` is a success of this operation."""
        if 200 <= status < 300:
            return True
        return 300 <= status < 400 and self._redirect_succeeds and self.contents(status) is not None

    def contents(self, status: int) -> Sequence[Content] | None:
        """The documented contents of a status: by number, by class, by default; None when there are none."""
        responses = self._operation.responses
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in responses:
                return responses[key]
        return None

    def value(self, response: HttpResponse) -> Any:
        """The value of a success. Raises `DecodeError`."""
        media_type = response.headers.get("content-type")
        key = (response.status, media_type)
        decode = self._cache.get(key)
        if decode is None:
            decode = self._compile(response.status, media_type)
            if len(self._cache) < _KEPT:
                self._cache[key] = decode
        try:
            return decode(response.content)
        except CodecError as error:
            if response.content.startswith(BOM_UTF8):
                return self.value(_without_mark(response))
            place = f" at {error.path}" if error.path else ""
            why = error if response.content else "it has no body"
            raise DecodeError(
                f"the answer {response.status} is not what {self._operation.id} documents: {why}{place}",
                path=error.path,
                content=response.content,
                status=response.status,
            ) from error

    def _compile(self, status: int, media_type: str | None) -> Decode:
        contents = self.contents(status)
        if self._operation.method == "HEAD" or contents == () or status in {204, 205, 304}:
            return _nothing
        content = match(contents or (), media_type)
        if content is None and contents and _says_nothing(media_type):
            content = contents[0]
        if content is None and contents:
            return _refusing(contents, media_type)
        if content is None or content.type is None:
            return text_or_builtins(media_type)
        if "*" in content.media_type and content.type() is Any:
            return _anything(media_type)
        return self._typed(content, media_type)

    def _typed(self, content: Content, media_type: str | None) -> Decode:
        kind = content.type() if content.type else Any
        if kind is bytes and not is_json(content.media_type):
            return _identity
        if kind is str and not is_json(content.media_type):
            return in_charset(_text, media_type)
        decode = self._codec.decoder(kind)
        return in_charset(decode if content.envelope is None else _unwrapping(content.envelope, decode), media_type)

    def error(self, response: HttpResponse) -> StatusError[Any]:
        """The error of an answer that is no success, its body decoded as documented or as well as can be."""
        kind = status_error_type(response.status)
        return kind(
            f"{self._operation.id} was answered {response.status}{_moved(response.status, response.headers)}",
            status=response.status,
            headers=response.headers,
            body=self._error_body(response),
            content=response.content,
        )

    def _error_body(self, response: HttpResponse) -> Any:
        media_type = response.headers.get("content-type")
        body = response.content.removeprefix(BOM_UTF8)
        content = match(self.contents(response.status) or (), media_type)
        if content is not None and content.type is not None:
            try:
                return self._typed(content, media_type)(body)
            except CodecError:
                pass
        try:
            return text_or_builtins(media_type)(body)
        except CodecError:
            return body.decode(errors="replace")


def match(contents: Sequence[Content], media_type: str | None) -> Content | None:
    """The documented content for an answer's media type: exact, by range, else the only JSON one for a JSON answer."""
    if not contents:
        return None
    if media_type is None:
        return contents[0]
    base = media_type.partition(";")[0].strip().lower()
    for content in contents:
        documented = content.media_type.partition(";")[0].strip().lower()
        if documented in {base, "*/*"} or (documented.endswith("/*") and base.startswith(documented[:-1])):
            return content
    if is_json(base):
        return next((content for content in contents if is_json(content.media_type)), None)
    return None


def _says_nothing(media_type: str | None) -> bool:
    """Types that servers send for want of a better one: the documented one is tried."""
    base = (media_type or "").partition(";")[0].strip().lower()
    return base in {"", "text/plain", "application/octet-stream", "binary/octet-stream"}


def _refusing(contents: Sequence[Content], media_type: str | None) -> Decode:
    documented = ", ".join(content.media_type for content in contents)

    def refuse(content: bytes) -> Any:
        raise CodecError(f"its type should be {documented}, it is {media_type}")

    return refuse


def _nothing(content: bytes) -> None:
    return None


def _identity(content: bytes) -> bytes:
    return content


def _text(content: bytes) -> str:
    return content.removeprefix(BOM_UTF8).decode(errors="replace")


def _text_or_bytes(content: bytes) -> str | bytes:
    """What comes without a type: text, unless it is none."""
    try:
        return content.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError:
        return content


def _without_mark(response: HttpResponse) -> HttpResponse:
    """The same, without the byte order mark that some servers begin JSON with (RFC 8259 lets a reader pass over it)."""
    return HttpResponse(response.status, response.headers, response.content.removeprefix(BOM_UTF8))


def _moved(status: int, headers: Headers) -> str:
    """Where a redirect leads, in words. Redirects are not followed; queries may hold secrets, and are not shown."""
    location = headers.get("location")
    if not 300 <= status < 400 or not location:
        return ""
    try:
        parts = urlsplit(location)
    except ValueError:
        return ""
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    return f", a redirect to {place[:200]!r} that is not followed"


def text_or_builtins(media_type: str | None) -> Decode:
    """How an undocumented body is read: JSON as plain values, text as text (without a type, if it is), else bytes."""
    if media_type is not None and is_json(media_type):
        return in_charset(codecs.get("msgspec").decoder(Any), media_type)
    if media_type is None:
        return _text_or_bytes
    return in_charset(_text, media_type) if media_type.startswith("text/") else _identity


def _anything(media_type: str | None) -> Decode:
    """What nobody documents, an empty body included."""
    decode = text_or_builtins(media_type)
    return lambda content: decode(content) if content else None


def _unwrapping(envelope: str | Envelope, decode: Decode) -> Decode:
    shape = Envelope(envelope) if isinstance(envelope, str) else envelope
    raw = codecs.get("msgspec").decoder(
        msgspec.defstruct("Enveloped", [("value", msgspec.Raw)], rename={"value": shape.member})
    )

    def unwrapped(content: bytes) -> Any:
        try:
            inner = bytes(raw(content).value)
        except CodecError:
            if shape.optional:
                return decode(content)
            raise
        return decode(inner)

    return unwrapped
