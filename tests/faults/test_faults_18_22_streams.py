"""Faults 18 to 22 of the reliability sheet: event streams that are split, dropped, silent, refused, abandoned."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import warnings

import pytest
from wirewright import (
    AsyncClient,
    AuthError,
    Client,
    DecodeError,
    ReconnectPolicy,
    StreamError,
    TimeoutError,
    TokenAuth,
    Unauthorized,
)


def event(number: int, *, id: bool = True) -> bytes:
    head = f"id: {number}\n" if id else ""
    return f'{head}data: {{"id":"{number}"}}\n\n'.encode()


# 18. every way of splitting the bytes over the wire gives the same events


def test_18_bytes_split_anywhere_over_a_real_connection(face, kit, serve):
    wire = '\ufeffretry: 5\r\n\r\n: beat\r\nid: 1\r\ndata: {"id":\r\ndata: "é"}\r\n\r\nid: 2\r\n\r\n'.encode()

    def script(connection, number):
        connection.read()
        connection.begin_events()
        for byte in wire:
            connection.chunk(bytes([byte]))
        connection.end_events()

    client = face.client(serve(script).url)
    stream = client.stream(kit.stream(), reconnect=ReconnectPolicy(when="never"))
    assert [(e.data.id, e.id, e.retry) for e in face.events(stream)] == [("é", "1", None)]
    assert stream.last_event_id == "2"


# 19. the stream drops after event 17


def test_19_resumes_behind_the_last_event_without_loss_or_repetition(face, kit, serve, clock):
    def script(connection, number):
        received = connection.read()
        connection.begin_events()
        first = int(received.headers.get("last-event-id", 0))
        for n in range(max(first, 1), 18 if number == 1 else 31):  # resumes at the event, not behind it
            connection.chunk(event(n))
        if number == 1:
            connection.chunk(b'id: 18\ndata: {"id":"18"}\n')  # no blank line: not an event
            connection.reset()
        connection.end_events()

    server = serve(script)
    client = face.client(server.url, clock=clock, random=lambda: 0.5)
    events = face.events(client.stream(kit.stream()))
    assert [e.data.id for e in events] == [str(n) for n in range(1, 31)]
    assert [r.headers.get("last-event-id") for r in server.requests] == [None, "17"]
    assert clock.slept == [0.75]


def test_19_the_delay_grows_until_a_connection_was_healthy(face, kit, serve, clock):
    server = serve(lambda c, number: (c.read(), c.begin_events(), c.chunk(event(number)), c.reset()))
    client = face.client(server.url, clock=clock, random=lambda: 1.0)
    stream = client.stream(kit.stream(), reconnect=ReconnectPolicy(base=1, cap=100))
    for number in range(1, 7):
        assert face.next(stream) == kit.Item(str(number))
        clock.now += 61 if number == 4 else 0
    assert clock.slept == [1, 2, 4, 1, 2]


def test_19_the_servers_retry_is_the_least_delay(face, kit, serve, clock):
    server = serve(
        lambda c, number: (c.read(), c.begin_events(), c.chunk(b"retry: 7000\n\n" + event(number)), c.reset())
    )
    client = face.client(server.url, clock=clock, random=lambda: 0.0)
    stream = client.stream(kit.stream())
    assert [face.next(stream).id for _ in range(3)] == ["1", "2", "3"]
    assert clock.slept == [7.0, 7.0]


def test_19_without_ids_a_broken_stream_is_an_error_not_a_gap(face, kit, serve, clock):
    def script(connection, number):
        connection.read()
        connection.begin_events()
        connection.chunk(event(1, id=False))
        connection.reset()

    server = serve(script)
    client = face.client(server.url, clock=clock)
    stream = client.stream(kit.stream())
    assert face.next(stream) == kit.Item("1")
    with pytest.raises(StreamError):
        face.next(stream)
    assert server.connections == 1


def test_19_a_post_is_not_sent_again(face, kit, serve, clock):
    def script(connection, number):
        connection.read()
        connection.begin_events()
        connection.chunk(event(1))
        connection.reset()

    server = serve(script)
    client = face.client(server.url, clock=clock)
    post = kit.operation("POST", responses=kit.events.responses)
    with pytest.raises(StreamError) as caught:
        face.events(client.stream(kit.stream(post, body={})))
    assert caught.value.last_event_id == "1"
    assert server.connections == 1


def test_19_gives_up_after_connections_in_vain(face, kit, serve, clock):
    def script(connection, number):
        connection.read()
        connection.begin_events()
        if number == 1:
            connection.chunk(event(1))
        connection.reset()

    server = serve(script)
    client = face.client(server.url, clock=clock)
    with pytest.raises(StreamError):
        face.events(client.stream(kit.stream(), reconnect=ReconnectPolicy(attempts=3)))
    assert server.connections == 4


# 20. silence


def test_20_silence_ends_a_connection_and_the_stream_goes_on(face, kit, serve, clock):
    def script(connection, number):
        connection.read()
        connection.begin_events()
        connection.chunk(event(number))
        if number == 1:
            server.wait()
        connection.end_events()

    server = serve(script)
    client = face.client(server.url, clock=clock)
    started = time.monotonic()
    events = face.events(client.stream(kit.stream(), reconnect=ReconnectPolicy(idle_timeout=0.3)))
    assert [e.id for e in events] == ["1", "2"]
    assert 0.25 <= time.monotonic() - started <= 1.0


def test_20_comments_are_signs_of_life(face, kit, serve, clock):
    def script(connection, number):
        connection.read()
        connection.begin_events()
        for _ in range(6):
            connection.chunk(b": beat\n\n")
            server._stop.wait(0.1)
        connection.chunk(event(1))
        connection.end_events()

    server = serve(script)
    client = face.client(server.url, clock=clock)
    events = face.events(client.stream(kit.stream(), reconnect=ReconnectPolicy(idle_timeout=0.4)))
    assert [e.id for e in events] == ["1"]
    assert server.connections == 1


def test_20_a_stream_outlives_timeout_and_deadline_of_calls(face, kit, serve):
    def script(connection, number):
        connection.read()
        connection.begin_events()
        for n in range(4):
            server._stop.wait(0.15)
            connection.chunk(event(n))
        connection.end_events()

    server = serve(script)
    client = face.client(server.url, timeout=0.1, deadline=0.3)
    assert len(face.events(client.stream(kit.stream()))) == 4


# 21. answers that are no stream


def test_21_204_ends_the_stream_for_good(face, kit, serve, clock):
    server = serve(lambda connection, number: (connection.read(), connection.answer(204)))
    client = face.client(server.url, clock=clock)
    assert face.events(client.stream(kit.stream(), reconnect=ReconnectPolicy(when="always"))) == []
    assert server.connections == 1


def test_21_401_refreshes_once_then_stops(face, kit, serve, clock):
    server = serve(lambda connection, number: (connection.read(), connection.answer(401)))
    tokens = iter("abcdef")
    client = face.client(server.url, clock=clock, auth=TokenAuth(lambda: next(tokens)))
    with pytest.raises(AuthError):
        face.events(client.stream(kit.stream()))
    assert [r.headers["authorization"] for r in server.requests] == ["Bearer a", "Bearer b"]


def test_21_401_with_fixed_credentials_stops(face, kit, serve, clock):
    server = serve(lambda connection, number: (connection.read(), connection.answer(401)))
    client = face.client(server.url, clock=clock)
    with pytest.raises(Unauthorized):
        face.events(client.stream(kit.stream()))
    assert len(server.requests) == 1


@pytest.mark.parametrize("media_type", ["text/html", "application/json", ""])
def test_21_another_content_type_is_a_typed_error_without_a_storm(face, kit, serve, clock, media_type):
    def script(connection, number):
        connection.read()
        connection.answer(200, b"<html>", Content_Type=media_type)

    server = serve(script)
    client = face.client(server.url, clock=clock)
    with pytest.raises(DecodeError):
        face.events(client.stream(kit.stream(), reconnect=ReconnectPolicy(when="always")))
    assert server.connections == 1


# 22. the consumer leaves


def endless(closed: threading.Event):
    def script(connection, number):
        connection.read()
        connection.begin_events()
        connection.chunk(event(1))
        if connection.wait_closed():
            closed.set()

    return script


def test_22_closing_from_another_thread_ends_a_blocked_reader_within_a_second(kit, serve):
    closed = threading.Event()
    with Client(serve(endless(closed)).url) as client:
        stream = client.stream(kit.stream())
        assert next(stream) == kit.Item("1")
        left: list[object] = []
        reader = threading.Thread(target=lambda: left.extend(stream))
        reader.start()
        time.sleep(0.1)
        started = time.monotonic()
        stream.close()
        reader.join(2)
        assert not reader.is_alive()
        assert time.monotonic() - started < 1
        assert closed.wait(1)
        assert left == []


def test_22_closing_ends_a_backoff_within_a_second(kit, serve):
    with Client(serve(lambda c, n: (c.read(), c.begin_events(), c.chunk(event(1)), c.reset())).url) as client:
        stream = client.stream(kit.stream(), reconnect=ReconnectPolicy(base=60, cap=60))
        assert next(stream) == kit.Item("1")
        reader = threading.Thread(target=lambda: list(stream))
        reader.start()
        time.sleep(0.2)
        stream.close()
        reader.join(1)
        assert not reader.is_alive()


async def test_22_cancelling_the_task_closes_the_connection(kit, serve):
    closed = threading.Event()
    unhandled: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
    async with AsyncClient(serve(endless(closed)).url) as client:

        async def consume() -> None:
            async for _ in client.stream(kit.stream()):
                started.set()

        started = asyncio.Event()
        task = asyncio.create_task(consume())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(closed.wait, 1)
        gc.collect()
        await asyncio.sleep(0)
    assert unhandled == []


@pytest.mark.parametrize("how", ["context", "abandoned"])
def test_22_leaving_a_loop_frees_the_connection(kit, serve, how):
    closed = threading.Event()
    with Client(serve(endless(closed)).url) as client:
        if how == "context":
            with client.stream(kit.stream()) as stream:
                for _ in stream:
                    break
        else:
            for _ in client.stream(kit.stream()):
                break
        gc.collect()
        assert closed.wait(1)


@pytest.mark.parametrize("how", ["context", "abandoned"])
async def test_22_leaving_an_async_loop_frees_the_connection(kit, serve, how):
    closed = threading.Event()
    async with AsyncClient(serve(endless(closed)).url) as client:
        if how == "context":
            async with client.stream(kit.stream()) as stream:
                async for _ in stream:
                    break
        else:
            async for _ in client.stream(kit.stream()):
                break
        gc.collect()
        assert await asyncio.to_thread(closed.wait, 1)


async def test_22_a_cancelled_call_frees_its_place_in_the_pool(kit, serve):
    from wirewright import PoolOptions

    def script(connection, number):
        connection.read()
        if number == 1:
            server.wait()
        connection.answer(200, b'{"id":"a"}')

    server = serve(script)
    async with AsyncClient(server.url, transport=PoolOptions(max_connections=1)) as client:
        task = asyncio.create_task(client.send(kit.request()))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await client.send(kit.request()) == kit.Item("a")


async def test_22_a_hundred_cancelled_calls_leave_nothing_in_the_pool(kit, serve):
    def script(connection, number):
        while connection.read():
            connection.answer(200, b'{"id":"a"}')

    async with AsyncClient(serve(script).url) as client:
        for step in range(100):
            task = asyncio.create_task(client.send(kit.request()))
            for _ in range(step % 25):
                await asyncio.sleep(0)
            if step % 4 == 0:
                await asyncio.sleep(0.001)
            task.cancel()
            await asyncio.wait({task})
        await client.send(kit.request())
        [pools] = client._transport._pools.values()
        [pool] = pools.all()
        assert len(pool._connections) == len(pool._idle) == 1
        assert not pool._waiting
    assert len(asyncio.all_tasks()) == 1
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        gc.collect()
    assert not [str(warning.message) for warning in told if "unclosed" in str(warning.message)]


def test_idle_timeout_of_a_stream_that_cannot_resume_says_so(face, kit, serve):
    def script(connection, number):
        connection.read()
        connection.begin_events()
        connection.chunk(event(1, id=False))
        server.wait()

    server = serve(script)
    client = face.client(server.url)
    stream = client.stream(kit.stream(), reconnect=ReconnectPolicy(idle_timeout=0.2))
    face.next(stream)
    with pytest.raises(StreamError) as caught:
        face.next(stream)
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert caught.value.__cause__.phase == "idle"
