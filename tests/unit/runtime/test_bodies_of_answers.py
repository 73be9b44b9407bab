"""Answers' bodies as servers really write them: compressed twice, in pieces, in old charsets, with marks in front."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright import Client, Content, DecodeError, HttpResponse, NotFound, Operation, Request, StatusError
from wirewright.charsets import charset_of
from wirewright.decode import ResponseDecoder
from wirewright.messages import Headers
from wirewright.transport.compression import decompressor

BODY = '{"id":"grün"}'
TWICE = gzip.compress(b'{"id":') + gzip.compress('"grün"}'.encode())


def undone(coding: str, content: bytes, size: int = 1 << 20) -> bytes:
    undo = decompressor(coding)
    assert undo is not None
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return b"".join([*map(undo.feed, pieces), undo.finish()])


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("coding", "content"),
    [
        pytest.param("gzip", gzip.compress(BODY.encode()), id="one member"),
        pytest.param("x-gzip", gzip.compress(BODY.encode()), id="its old name"),
        pytest.param("GZip", gzip.compress(BODY.encode()), id="in other letters"),
        pytest.param("deflate", zlib.compress(BODY.encode()), id="zlib"),
        pytest.param("deflate", zlib.compress(BODY.encode())[2:-4], id="bare"),
        pytest.param("gzip", TWICE, id="two members"),
        pytest.param("gzip", TWICE + b"\0" * 9, id="padded"),
        pytest.param("gzip, gzip", gzip.compress(gzip.compress(BODY.encode())), id="twice"),
        pytest.param("deflate, gzip", gzip.compress(zlib.compress(BODY.encode())), id="both"),
        pytest.param("identity, gzip", gzip.compress(BODY.encode()), id="identity"),
    ],
)
def test_what_a_server_compressed_is_what_is_read(coding: str, content: bytes, size: int) -> None:
    assert undone(coding, content, size).decode() == BODY


@pytest.mark.parametrize("coding", ["gzip", "deflate, gzip", "deflate"])
def test_a_body_that_is_not_compressed_to_its_end_is_no_success(coding: str) -> None:
    content = gzip.compress(zlib.compress(BODY.encode())) if "gzip" in coding else zlib.compress(BODY.encode())
    with pytest.raises(DecodeError, match="ends too early"):
        undone(coding, content[:-5])


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br"])
def test_a_coding_that_nobody_asked_for_is_named(coding: str) -> None:
    with pytest.raises(DecodeError, match=f"compressed as {coding.rsplit(maxsplit=1)[-1]}, which was not asked for"):
        undone(coding, b"\x0b\x02\x80")


@pytest.mark.parametrize("coding", [None, "", "identity", "utf-8", "none"])
def test_what_is_no_compression_is_passed_over(coding: str | None) -> None:
    assert decompressor(coding) is None


def test_layers_upon_layers_are_refused() -> None:
    with pytest.raises(DecodeError, match="compressed 6 times"):
        decompressor(", ".join(["gzip"] * 6))


def test_the_limit_holds_in_every_layer() -> None:
    inner = gzip.compress(gzip.compress(b" " * 10_000_000))
    undo = decompressor("gzip, gzip", 5_000_000)
    assert undo is not None
    with pytest.raises(DecodeError, match="larger than the limit"):
        undo.feed(inner)


# charsets


def operation(media_type: str = "application/json", kind: Any = dict) -> Operation:
    return Operation("get", "GET", "/", codec="msgspec", responses={"200": (Content(media_type, lambda: kind),)})


def read(content: bytes, media_type: str, documented: Operation) -> Any:
    return ResponseDecoder(documented).value(HttpResponse(200, Headers({"content-type": media_type}), content))


CHARSETS = [
    ("utf-8", None),
    ('"UTF-8"', None),
    ("us-ascii", None),
    ("iso-8859-1", "latin-1"),
    ("ISO-8859-15", "iso-8859-15"),
    ("windows-1252", "cp1252"),
    ("utf-16", "utf-16"),
    ("utf-16le", "utf-16-le"),
]


@pytest.mark.parametrize(("charset", "python"), CHARSETS)
def test_json_and_text_are_read_in_the_charset_that_their_type_names(charset: str, python: str | None) -> None:
    content = BODY.encode(python or "utf-8")
    assert read(content, f"application/json; charset={charset}", operation()) == {"id": "grün"}
    assert read(content, f"text/plain;charset={charset}", operation("text/plain", str)) == BODY
    assert read(content, f"application/xml; charset={charset}", operation("application/xml", str)) == BODY


@pytest.mark.parametrize("charset", ["klingon", "base64", "zlib", "rot13", "punycode", "idna", "unicode_escape", ""])
def test_what_is_no_charset_is_utf_8(charset: str) -> None:
    assert charset_of(f"text/plain; charset={charset}") is None
    assert read(BODY.encode(), f"application/json; charset={charset}", operation()) == {"id": "grün"}


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8"])
def test_a_byte_order_mark_is_no_content(media_type: str) -> None:
    marked = b"\xef\xbb\xbf" + BODY.encode()
    assert read(marked, media_type, operation()) == {"id": "grün"}
    assert read(marked, "text/plain", operation("text/plain", str)) == BODY


@given(st.binary(), st.text(max_size=20))
def test_any_bytes_in_any_charset_are_a_value_or_a_decode_error(content: bytes, charset: str) -> None:
    try:
        read(content, f"application/json; charset={charset}", operation())
    except DecodeError as error:
        assert error.status == 200


@pytest.mark.parametrize(("content", "value"), [(b"text", "text"), (b"\xff\x00", b"\xff\x00"), (b"", None)])
def test_what_comes_without_a_type_is_text_unless_it_is_none(content: bytes, value: Any) -> None:
    anything = Operation("any", "GET", "/", codec="msgspec", responses={"200": (Content("*/*", lambda: Any),)})
    assert ResponseDecoder(anything).value(HttpResponse(200, Headers({}), content)) == value


def test_an_error_page_is_read_in_its_charset_too() -> None:
    transport = httpx.MockTransport(
        lambda _: httpx.Response(404, headers={"content-type": "text/html; charset=iso-8859-1"}, content=b"gr\xfcn")
    )
    with Client("http://x", transport=transport) as client, pytest.raises(NotFound) as caught:
        client.send(Request(operation()))
    assert caught.value.body == "grün"


def test_an_empty_body_is_called_that() -> None:
    with pytest.raises(DecodeError, match="it has no body"):
        read(b"", "application/json", operation())


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://new.example/v2/item", "'https://new.example/v2/item'"),
        ("/item/", "'/item/'"),
        ("https://user:hunter2@new.example/item?token=hunter2#hunter2", "'https://new.example/item'"),
    ],
)
def test_a_redirect_says_where_it_leads_and_shows_no_secret(location: str, told: str) -> None:
    decoder = ResponseDecoder(operation())
    error: StatusError[Any] = decoder.error(HttpResponse(308, Headers({"location": location})))
    assert str(error) == f"get was answered 308, a redirect to {told} that is not followed"
