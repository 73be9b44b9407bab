"""Reading server-sent events: the table of the protocol sheet, §6.1, for every way of splitting the bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from holokai_neuron_sdk.sse import SseEvent, SseReader, parse_sse_stream
from hypothesis import given
from hypothesis import strategies as st

TABLE: list[tuple[list[bytes], list[tuple[str, str]]]] = [
    ([b'event: lease\ndata: {"a":1}\n\n'], [("lease", '{"a":1}')]),
    ([b"data:x\ndata: y\ndata:  z\n\n"], [("message", "x\ny\n z")]),
    ([b"event:   lease  \ndata: x\n\n"], [("lease", "x")]),
    ([b": ping\n\n"], []),
    ([b":\n\n"], []),
    ([b": k\ndata: x\n\n"], [("message", "x")]),
    ([b"event: a\n\ndata: x\n\n"], [("message", "x")]),
    ([b"data\n\n"], []),
    ([b"data:\n\n"], [("message", "")]),
    ([b"data: \n\n"], [("message", "")]),
    ([b"id: 7\nretry: 10\nevent: e\ndata: x\n\n"], [("e", "x")]),
    ([b"event: a\nevent: b\ndata: x\n\n"], [("b", "x")]),
    ([b"event:\ndata: x\n\n"], [("", "x")]),
    ([b"data: x\r\n\r\n"], [("message", "x")]),
    ([b"data: x\r\r"], [("message", "x")]),
    ([b"data: x\n"], []),
    ([b"data: x"], []),
    ([b"data: x\n\ndata: y"], [("message", "x")]),
    ([b"data: \xc3", b"\xa9\n\n"], [("message", "é")]),
    ([b"data: \xff\n\n"], [("message", "\ufffd")]),
    ([b"\xef\xbb\xbfdata: x\n\n"], []),
    ([b"\n\n\n\ndata: x\n\n\n\ndata: y\n\n"], [("message", "x"), ("message", "y")]),
    # A line end split over chunks is one line end; the first client saw two.
    ([b"event: e\r", b"\ndata: x\r\n\r\n"], [("e", "x")]),
    ([b"data: x\r", b"\n", b"\r\n"], [("message", "x")]),
    ([b"DATA: x\n\n"], []),
    ([b" data: x\n\n"], []),
    ([b"data : x\n\n"], []),
    ([b"data: x\n \n\n"], [("message", "x")]),
]


def events(chunks: list[bytes]) -> list[tuple[str, str]]:
    reader = SseReader()
    return [(event.event, event.data) for chunk in chunks for event in reader.feed(chunk)]


@pytest.mark.parametrize(("chunks", "expected"), TABLE)
def test_chunks_give_events(chunks: list[bytes], expected: list[tuple[str, str]]) -> None:
    assert events(chunks) == expected


@pytest.mark.parametrize(("chunks", "expected"), TABLE)
def test_one_byte_at_a_time_gives_the_same(chunks: list[bytes], expected: list[tuple[str, str]]) -> None:
    whole = b"".join(chunks)
    assert events([whole[i : i + 1] for i in range(len(whole))]) == expected


@given(
    st.lists(
        st.sampled_from([b"data: ", b"event: ", b"x", b"\r", b"\n", b"\r\n", b"\xc3\xa9", b":", b""]), max_size=40
    ),
    st.lists(st.integers(0, 120), max_size=6),
)
def test_every_way_of_splitting_gives_the_same(parts: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(parts)
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    chunks = [whole[a:b] for a, b in pairwise(places)]
    assert events(chunks) == events([whole])


def test_an_event_of_megabytes_in_small_chunks_takes_linear_time() -> None:
    reader = SseReader()
    list(reader.feed(b"data: "))
    for _ in range(20_000):
        assert not list(reader.feed(b"x" * 500))
    (event,) = reader.feed(b"\n\n")
    assert len(event.data) == 10_000_000


async def test_the_stream_function_reads_an_iterator_of_chunks() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"event: lease\nda"
        yield b"ta: 1\n\ndata: 2\n\ndata: 3"

    assert [event async for event in parse_sse_stream(chunks())] == [SseEvent("lease", "1"), SseEvent("message", "2")]
