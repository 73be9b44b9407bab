"""HTTP/1.1 without I/O (RFC 9112): a request into bytes, and an answer out of bytes.

llhttp, the parser of Node.js, reads the answers. The default h11 of httpcore is written in Python and takes half of the
time of a small call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpcore
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MAX_HEAD = 100 * 1024
"""Bytes of an answer that may come without content among them: its head, the size of a chunk, trailers."""

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_REQUEST_LINE = re.compile(rb"%b [\x21-\x7e]++ HTTP/1\.1\r\n" % _TOKEN).fullmatch
_FIELDS = re.compile(rb"(?:%b: (?:[^\x00\s]++(?:[ \t]++[^\x00\s]++)*+)?\r\n)*+\r\n" % _TOKEN).fullmatch
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]").search


def head_of(method: str, target: str, host: bytes, headers: Mapping[str, str]) -> bytes:
    """The head of a request. Raises `httpcore.LocalProtocolError`, which does not show what a header holds."""
    line = f"{method} {target} HTTP/1.1\r\n".encode()
    fields = [] if "host" in headers else [b"host: %b\r\n" % host]
    fields += [encoded(f"{name}: {value}\r\n") for name, value in headers.items()]
    rest = b"".join(fields) + b"\r\n"
    if _REQUEST_LINE(line) is None:
        raise httpcore.LocalProtocolError("its method or its target is not as HTTP wants it")
    if _FIELDS(rest) is None or rest.count(b"\n") != len(fields) + 1:
        raise httpcore.LocalProtocolError("a header is not as HTTP wants it")
    return line + rest


def encoded(text: str) -> bytes:
    """What a header holds: Latin-1, which HTTP once said, where it can be, else UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


class Framing:
    """How a request's content is delimited: by its length, or chunked. Raises `httpcore.LocalProtocolError`."""

    __slots__ = ("_left",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._left: int | None = None
        if "transfer-encoding" not in headers:
            length = headers.get("content-length", "0")
            if not (length.isascii() and length.isdigit()):
                raise httpcore.LocalProtocolError("its Content-Length is no number")
            self._left = int(length)

    def chunk(self, data: bytes) -> bytes:
        """A part of the content, as it is sent."""
        if self._left is None:
            return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        self._left -= len(data)
        if self._left < 0:
            raise httpcore.LocalProtocolError("there is more content than its Content-Length says")
        return data

    def end(self) -> bytes:
        """What is sent behind all parts."""
        if self._left is None:
            return b"0\r\n\r\n"
        if self._left > 0:
            raise httpcore.LocalProtocolError(f"its content ends {self._left} bytes before its Content-Length")
        return b""


class Answer:
    """One answer, as far as it has come: fed with what was read, and asked for its parts. The parser calls `on_...`.

    `status` is 0 until the head is whole. `reusable`, once it is `done`: the connection may carry another request; not
    where more came than was asked for, or where the head said both a length and "chunked" (RFC 9112, section 6.3).
    Raises `httpcore.RemoteProtocolError`.
    """

    __slots__ = ("_asked", "_chunks", "_ends", "_parser", "_problem", "_quiet", "done", "fields", "reusable", "status")

    def __init__(self, method: str) -> None:
        self.status = 0
        self.fields: list[tuple[str, str]] = []
        self.done = self.reusable = False
        self._asked = method
        self._ends = True  # with the connection: nothing else says where its content ends
        self._chunks: list[bytes] = []
        self._quiet = 0  # bytes since the last part of the content
        self._problem = ""
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(  # what RFC 9112 allows a client, and servers do
            lenient_headers=True,  # folded fields (section 5.2); control characters are refused below
            lenient_optional_cr_before_lf=True,
            lenient_chunked_length=True,
            lenient_spaces_after_chunk_size=True,
        )

    def feed(self, data: bytes) -> None:
        """Bytes from the connection; none is its end."""
        if not data:
            self._end()
            return
        self._quiet += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._refuse(str(error))
        if self._quiet > MAX_HEAD and not self.done:
            part = "what frames its content" if self.status else "its head"
            self._refuse(f"{part} is too long, above {MAX_HEAD} bytes")
        if self._problem:
            raise httpcore.RemoteProtocolError(self._problem)

    def _end(self) -> None:
        if not self.status:
            raise httpcore.RemoteProtocolError("the server closed the connection without an answer")
        if not self._ends:
            raise httpcore.RemoteProtocolError("the server closed the connection before the end of the answer")
        self.done, self.reusable = True, False

    def _refuse(self, problem: str) -> None:
        """Raised when the parser is back; what comes behind the answer only spoils the connection."""
        if self.done:
            self.reusable = False
        else:
            self._problem = self._problem or problem

    def take(self) -> bytes:
        """The content that has come since."""
        chunks = self._chunks
        if len(chunks) < 2:
            return chunks.pop() if chunks else b""
        content = b"".join(chunks)
        chunks.clear()
        return content

    def on_message_begin(self) -> None:
        if self.done:
            self._refuse("an answer that nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.status:
            return  # a trailer, or of another answer
        if _CONTROL(value):
            self._refuse("a header has a control character in its value")
        self.fields.append((name.decode("latin-1").lower(), value.rstrip().decode("latin-1")))

    def on_headers_complete(self) -> None:
        if self.done:
            return
        status = self._parser.get_status_code()
        if status >= 200:
            self.status, self._quiet = status, 0
            self._frame()
        else:  # informational: the answer is yet to come
            self.fields.clear()
            if status == 101:
                self._refuse("it changes the protocol, which was not asked for")

    def _frame(self) -> None:
        lengths = [value for name, value in self.fields if name == "content-length"]
        codings = [value.lower() for name, value in self.fields if name == "transfer-encoding"]
        self._ends = not lengths and not codings
        self.reusable = not (lengths and codings)
        if self._asked == "HEAD":
            self._finish()
        elif codings and codings != ["chunked"]:
            self._refuse("its Transfer-Encoding is not chunked")

    def on_body(self, data: bytes) -> None:
        if self.done:  # of an answer to HEAD
            self._refuse("content that nobody asked for")
        else:
            self._quiet = 0
            self._chunks.append(data)

    def on_message_complete(self) -> None:
        if self.status and not self.done:
            self._finish()

    def _finish(self) -> None:
        self.done = True
        self.reusable = self.reusable and self._parser.should_keep_alive()
