"""HTTP/1.1 without I/O: answers are read as RFC 9112 says, in any pieces; no request says more than was meant."""

from __future__ import annotations

import h11
import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright.transport._httpx.http11 import MAX_HEAD, Answer, Framing, head_of

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def read(*pieces: bytes, method: str = "GET") -> tuple[Answer, bytes]:
    answer = Answer(method)
    for piece in pieces:
        answer.feed(piece)
    return answer, answer.take()


# Answers --------------------------------------------------------------------------------------------------------------

REUSABLE = {
    "by length": (OK + b"Content-Length: 3\r\n\r\nabc", b"abc"),
    "without content": (OK + b"Content-Length: 0\r\n\r\n", b""),
    "chunked": (CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
    "chunked, with extensions and trailers": (CHUNKED + b"3;a=1\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", b"abc"),
    "chunked, spaces behind the size": (CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n", b"abc"),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", b"a"),
    "a status without content": (b"HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", b""),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", b""),
    "informational ones first": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        + OK
        + b"Content-Length: 1\r\n\r\na",
        b"a",
    ),
    "line feeds alone": (b"HTTP/1.1 200 OK\nContent-Length: 1\n\na", b"a"),
    "empty lines before it": (b"\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\na", b"a"),
    "HTTP/1.0 that keeps": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", b"a"),
}
USED_UP = {
    "it says close": (OK + b"Connection: close\r\nContent-Length: 1\r\n\r\na", b"a"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", b"a"),
    "another answer behind it": (OK + b"Content-Length: 1\r\n\r\na" + OK + b"Content-Length: 1\r\n\r\nb", b"a"),
    "garbage behind it": (OK + b"Content-Length: 1\r\n\r\na\x00\x01", b"a"),
    "a length, and chunked": (
        OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"a",
    ),
}


@pytest.mark.parametrize("name", REUSABLE)
def test_an_answer_ends_where_it_says_and_the_connection_goes_on(name: str) -> None:
    wire, content = REUSABLE[name]
    for cut in range(len(wire) + 1):
        pieces = [piece for piece in (wire[:cut], wire[cut:]) if piece]
        answer, found = read(*pieces)
        assert (found, answer.done, answer.reusable) == (content, True, True)


@pytest.mark.parametrize("name", USED_UP)
def test_a_connection_that_cannot_be_trusted_any_more_is_not_used_again(name: str) -> None:
    wire, content = USED_UP[name]
    answer, found = read(wire)
    assert (found, answer.done, answer.reusable) == (content, True, False)


def test_content_without_a_length_ends_with_the_connection() -> None:
    answer, found = read(OK + b"\r\nab", b"c")
    assert (found, answer.done) == (b"abc", False)
    answer.feed(b"")
    assert (answer.done, answer.reusable) == (True, False)


@pytest.mark.parametrize("framing", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_an_answer_to_head_has_no_content(framing: bytes) -> None:
    answer, found = read(OK + framing + b"\r\n", method="HEAD")
    assert (found, answer.done, answer.reusable) == (b"", True, True)


def test_content_that_comes_with_an_answer_to_head_is_not_the_next_answer() -> None:
    answer, found = read(OK + b"Content-Length: 2\r\n\r\nab", method="HEAD")
    assert (found, answer.done, answer.reusable) == (b"", True, False)


def test_fields_come_without_case_without_space_and_unfolded() -> None:
    answer, _ = read(OK + b"X-One:  a b \t\r\nX-Empty:\r\nX-Two: a\r\n\tb\r\nX-One: \xe9\r\nContent-Length: 0\r\n\r\n")
    assert answer.fields == [
        ("x-one", "a b"), ("x-empty", ""), ("x-two", "a\tb"), ("x-one", "é"), ("content-length", "0"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "Expected HTTP/"),
        (b"HTTP/1.1 2 OK\r\n\r\n", "status"),
        (b"HTTP/9.9 200 OK\r\n\r\n", "version"),
        (OK + b"Content-Length: -1\r\n\r\n", "Content-Length"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length"),
        (OK + b"Content-Length: 18446744073709551616\r\n\r\n", "Content-Length"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "not chunked"),
        (OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "not chunked"),
        (OK + b"Transfer-Encoding: gzip\r\n\r\n", "not chunked"),
        (OK + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n", "control character"),
        (OK + b"X : a\r\n\r\n", "header"),
        (OK + b"no colon\r\n\r\n", "header"),
        (CHUNKED + b"x\r\n", "chunk size"),
        (CHUNKED + b"1\r\nab\r\n", "chunk"),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "changes the protocol"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "changes the protocol"),
        (OK + b"X: " + b"a" * MAX_HEAD + b"\r\n", "head is too long"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_HEAD // 10), "head is too long"),
        (CHUNKED + b"1\r\na\r\n0\r\n" + b"X: aaaaaaaaaaaaaa\r\n" * (MAX_HEAD // 8), "frames its content is too long"),
        (CHUNKED + b"1;" + b"a" * 2 * MAX_HEAD, "frames its content is too long"),
    ],
)
@pytest.mark.parametrize("size", [65_536, 1])
def test_what_is_no_answer_is_one_error_in_pieces_of_any_size(wire: bytes, words: str, size: int) -> None:
    with pytest.raises(httpcore.RemoteProtocolError, match=words):
        read(*(wire[n : n + size] for n in range(0, len(wire), size)))


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (b"", "without an answer"),
        (OK, "without an answer"),
        (OK + b"Content-Length: 2\r\n\r\na", "before the end"),
        (CHUNKED + b"1\r\na\r\n", "before the end"),
    ],
)
def test_a_connection_that_ends_too_early_is_an_error(wire: bytes, words: str) -> None:
    with pytest.raises(httpcore.RemoteProtocolError, match=words):
        read(*[wire][: len(wire)], b"")


TOKEN = st.text("abcXYZ019-_", min_size=1, max_size=8)
VALUE = st.text(st.characters(codec="latin-1", exclude_categories=["Cc", "Zs"]), max_size=8)


@given(
    st.integers(200, 599),
    st.lists(st.tuples(TOKEN.map("X-{}".format), VALUE), max_size=4),
    st.lists(st.binary(max_size=9), max_size=5),
    st.booleans(),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
)
def test_whatever_a_server_writes_is_read(
    status: int, fields: list[tuple[str, str]], chunks: list[bytes], chunked: bool, sizes: list[int]
) -> None:
    """Written by h11, an implementation of its own; read in any pieces."""
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    server.next_event()
    body = b"" if status in {204, 304} else b"".join(chunks)
    raw = [(name.encode(), value.encode("latin-1")) for name, value in fields]
    framing = [] if chunked else [(b"Content-Length", b"%d" % len(body))]
    wire = server.send(h11.Response(status_code=status, headers=[*raw, *framing])) or b""
    for chunk in chunks if body else []:
        wire += server.send(h11.Data(data=chunk)) or b""
    wire += server.send(h11.EndOfMessage()) or b""

    answer, at, turn = Answer("GET"), 0, 0
    while at < len(wire):
        size = sizes[turn % len(sizes)]
        answer.feed(wire[at : at + size])
        at, turn = at + size, turn + 1

    assert (answer.status, answer.take(), answer.done, answer.reusable) == (status, body, True, True)
    assert answer.fields[: len(fields)] == [(name.lower(), value) for name, value in fields]


# Requests -------------------------------------------------------------------------------------------------------------


def test_the_head_of_a_request() -> None:
    head = head_of("POST", "/a?b=%20c", b"a.test:1", {"accept": "*/*", "x-empty": "", "x-name": "é", "x-far": "→"})
    assert head == (
        b"POST /a?b=%20c HTTP/1.1\r\nhost: a.test:1\r\naccept: */*\r\nx-empty: \r\nx-name: \xe9\r\nx-far: "
        + "→".encode()
        + b"\r\n\r\n"
    )
    assert head_of("GET", "/", b"a.test", {"host": "b.test"}) == b"GET / HTTP/1.1\r\nhost: b.test\r\n\r\n"


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
@given(
    st.sampled_from(["method", "target", "name", "value"]),
    st.sampled_from(["\r\n", "\n", "\r", "\0", "a b: c\r\nd", "s3cret\r\nx: y", " s3cret", "s3cret\t"]),
)
def test_nothing_that_is_sent_can_say_more_than_was_meant(where: str, hostile: str) -> None:
    parts = {"method": "GET", "target": "/", "name": "x-a", "value": "b"}
    parts[where] += hostile if hostile[0] != " " else ""
    if hostile[0] == " ":
        parts[where] = hostile
    with pytest.raises(httpcore.LocalProtocolError) as caught:
        head_of(parts["method"], parts["target"], b"a.test", {parts["name"]: parts["value"]})
    assert "s3cret" not in str(caught.value)


def test_content_is_framed_by_its_length_or_in_chunks() -> None:
    sized, chunked = Framing({"content-length": "5"}), Framing({"transfer-encoding": "chunked"})
    assert [sized.chunk(b"abc"), sized.chunk(b"de"), sized.end()] == [b"abc", b"de", b""]
    assert [chunked.chunk(b"a" * 11), chunked.chunk(b""), chunked.end()] == [b"b\r\naaaaaaaaaaa\r\n", b"", b"0\r\n\r\n"]
    assert Framing({}).end() == b""


def test_content_that_is_not_as_long_as_was_said_is_not_sent_to_its_end() -> None:
    with pytest.raises(httpcore.LocalProtocolError, match="more content"):
        Framing({"content-length": "2"}).chunk(b"abc")
    with pytest.raises(httpcore.LocalProtocolError, match="2 bytes before"):
        Framing({"content-length": "2"}).end()
    with pytest.raises(httpcore.LocalProtocolError, match="no number"):
        Framing({"content-length": "²"})
