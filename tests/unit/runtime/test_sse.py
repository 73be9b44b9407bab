"""Server-sent events: the table of the reliability sheet (web-platform tests and the WHATWG text), and invariants."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright.jsonlines import JsonLinesDecoder
from wirewright.sse import RawEvent, SseDecoder, TooLarge


def decode(wire: bytes, *, size: int | None = None) -> list[tuple[str, str, str]]:
    decoder = SseDecoder()
    step = size or len(wire) or 1
    events = [event for at in range(0, len(wire), step) for event in decoder.feed(wire[at : at + step])]
    return [(event.text, event.event, event.id) for event in events]


TABLE = {
    "a byte order mark at the start is stripped": ("\ufeffdata: a\n\n", ["a"]),
    "only one byte order mark is stripped": ("\ufeff\ufeffdata: 1\n\ndata: 2\n\n", ["2"]),
    "comments": ("data:1\r:\0\n:\r\ndata:2\n:" + "long" * 500 + "\rdata:3\n:data:fail\r:\ndata:4\n\n", ["1\n2\n3\n4"]),
    "a field without colon has an empty value": ("data:\n\ndata\ndata\n\ndata:test\n\n", ["", "\n", "test"]),
    "field parsing": (
        "data:\0\n data: 2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
        ["\0\n1\n3\n\n4"],
    ),
    "unknown fields": ("data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\n\n", ["test\n"]),
    "mixed newlines": ("data:test\r\ndata\ndata:test\r\n\r", ["test\n\ntest"]),
    "one leading space is stripped": ("data:\ttest\rdata: \ndata:test\n\n", ["\ttest\n\ntest"]),
    "only CR, LF and CRLF end a line": ("data: a\u2028b\x0bc\x0cd\x85e\u2029f\n\n", ["a\u2028b\x0bc\x0cd\x85e\u2029f"]),
    "a last block without blank line is dropped": ("data: 1\n\ndata: 2\n", ["1"]),
    "an event field alone is nothing": ("event: x\n\ndata: a\n\n", ["a"]),
    "an id alone is nothing": ("id: 1\n\nid: 2\n\ndata: a\n\n", ["a"]),
    "a retry alone is nothing": ("retry: 10\n\ndata: a\n\n", ["a"]),
    "blank lines and comments after an id": ("id: 1\ndata: a\n\n\n\n: beat\n\n:\n\n\ndata: b\n\n", ["a", "b"]),
    "bytes that are no UTF-8 are replaced": (b"data: a\xffb\xe2\x82\n\n", ["a\ufffdb\ufffd"]),
}


@pytest.mark.promise("Server-sent events are decoded to the letter of the WHATWG text: all 15 cases of the sheet")
@pytest.mark.parametrize("size", [None, 1, 2, 3, 7])
@pytest.mark.parametrize("case", TABLE)
def test_the_table(case, size):
    wire, expected = TABLE[case]
    wire = wire.encode() if isinstance(wire, str) else wire
    assert [text for text, _, _ in decode(wire, size=size)] == expected


def test_an_event_field_does_not_outlive_its_block():
    assert decode(b"event: x\n\ndata: a\n\nevent: y\ndata: b\n\n") == [("a", "message", ""), ("b", "y", "")]


def test_an_id_outlives_its_block_and_an_empty_one_resets_it():
    wire = b"id: 1\n\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: x\0y\ndata: d\n\n"
    assert [(text, id) for text, _, id in decode(wire)] == [("a", "1"), ("b", "1"), ("c", ""), ("d", "")]


@pytest.mark.promise("Server-sent events are decoded to the letter of the WHATWG text: all 15 cases of the sheet")
@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("retry: 1500", 1500),
        ("retry:0", 0),
        ("retry: 007", 7),
        ("retry: -5", None),
        ("retry: 1_0", None),
        ("retry: +5", None),
        ("retry: 5.0", None),
        ("retry:  5", None),
        ("retry: \u0665", None),
        ("retry:", None),
        ("retry: " + "9" * 40, None),
    ],
)
def test_retry_takes_ascii_digits_only(line, value):
    decoder = SseDecoder()
    [event] = decoder.feed(f"{line}\ndata: a\n\n".encode())
    assert decoder.retry == value
    assert event.retry == value


def test_an_event_is_dispatched_before_the_line_feed_of_its_crlf_arrives():
    decoder = SseDecoder()
    assert [e.text for e in decoder.feed(b"data: a\r\n\r")] == ["a"]
    assert decoder.feed(b"\n") == []
    assert [e.text for e in decoder.feed(b"data: b\r\n\r\n")] == ["b"]


PIECES = st.sampled_from(
    [b"data: x\n", b"data:\r", b"id: 7\r\n", b"event: e\n", b"retry: 3\n", b": c\n", b"\n", b"\r", b"\r\n", b"data",
     b"\xef\xbb\xbf", b"\xff", b"\xe2\x82\xac", b"\0", b":", b" ", b"id", b"x" * 50]
)  # fmt: skip


@pytest.mark.promise("Every way of splitting the bytes of a stream gives the same events")
@given(st.lists(PIECES, max_size=40), st.data())
def test_every_way_of_splitting_gives_the_same_events(pieces, data):
    wire = b"".join(pieces)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(wire)))))
    decoder = SseDecoder()
    edges = [0, *cuts, len(wire)]
    split = [e for a, b in itertools.pairwise(edges) for e in decoder.feed(wire[a:b])]
    assert [(e.text, e.event, e.id) for e in split] == decode(wire)


@given(st.binary(max_size=400), st.integers(1, 9))
def test_any_bytes_decode_whole_or_byte_by_byte(wire, size):
    assert decode(wire) == decode(wire, size=size)


@pytest.mark.promise("An event of 64 MiB is decoded in linear time")
def test_a_64_mib_event_in_linear_time():
    chunk = b"x" * 65536
    decoder = SseDecoder()
    started = time.process_time()
    decoder.feed(b"id: 1\ndata: ")
    for _ in range(1024):
        assert decoder.feed(chunk) == []
    [event] = decoder.feed(b"\n\n")
    assert len(event.data) == 64 * 1024 * 1024
    assert time.process_time() - started < 5


@pytest.mark.promise("An event of 64 MiB is decoded in linear time")
def test_many_lines_in_one_event_in_linear_time():
    wire = b"data: x\n" * 300_000 + b"\n"
    started = time.process_time()
    [event] = SseDecoder().feed(wire)
    assert event.data.count(b"\n") == 299_999
    assert time.process_time() - started < 5


@pytest.mark.promise("An event over the size limit is reported, and the next one is read")
@pytest.mark.parametrize("size", [1, 5, 64, 10_000])
@pytest.mark.parametrize("large", [b"data: " + b"x" * 5000 + b"\n", b"data: 123456789\n" * 300, b"x" * 5000 + b"\n"])
def test_an_event_over_the_limit_is_reported_and_the_next_is_read(large, size):
    wire = b"data: a\n\nid: 5\nevent: big\n" + large + b"\nid: 6\ndata: b\n\n"
    decoder = SseDecoder(max_event_bytes=1000)
    events: list[RawEvent] = []
    for at in range(0, len(wire), size):
        events += decoder.feed(wire[at : at + size])
        assert len(decoder._tail) <= 1000 + len(b"data: ") + size
    kinds = [(type(e), e.text, e.id) for e in events]
    assert kinds[0] == (RawEvent, "a", "")
    assert kinds[-1] == (RawEvent, "b", "6")
    if large.startswith(b"data"):
        assert kinds[1] == (TooLarge, "", "5")


def lines(wire: bytes, size: int) -> list[bytes]:
    decoder = JsonLinesDecoder()
    events = [e for at in range(0, len(wire), size) for e in decoder.feed(wire[at : at + size])]
    return [e.data for e in [*events, *decoder.finish()]]


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_json_lines(size):
    wire = b'\xef\xbb\xbf{"a":1}\r\n\n  \n[2]\n\x1e3\n"last"'
    assert lines(wire, size) == [b'{"a":1}', b"[2]", b"3", b'"last"']


@pytest.mark.promise("An event over the size limit is reported, and the next one is read")
def test_a_json_line_over_the_limit_is_reported_and_the_next_is_read():
    decoder = JsonLinesDecoder(max_event_bytes=10)
    events = decoder.feed(b"1\n" + b"x" * 8) + decoder.feed(b"x" * 8) + decoder.feed(b"x\n2\n")
    assert [(type(e), e.data) for e in events] == [(RawEvent, b"1"), (TooLarge, b""), (RawEvent, b"2")]
