"""Faults 1 to 6 of the reliability sheet: connections that are refused, stale, silent, slow, cut."""

from __future__ import annotations

import socket
import time

import pytest
from wirewright import ConnectError, ConnectionLost, Timeout, TimeoutError

OK = b'{"id":"a"}'


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


# 1. connection refused, unknown host: retried without any idempotency key, a typed error with attempts and cause


@pytest.mark.parametrize("method", ["get", "post"])
def test_01_refused_is_retried_even_for_a_post(face, kit, clock, method):
    client = face.client(f"http://127.0.0.1:{free_port()}", retry=kit.patient, clock=clock)
    with pytest.raises(ConnectError) as caught:
        face.send(client, kit.request(getattr(kit, method), body={}) if method == "post" else kit.request())
    assert caught.value.attempts == 3
    assert clock.slept == [0.1, 0.2]
    assert caught.value.sent is False
    assert isinstance(caught.value.last_error, Exception)


def test_01_unknown_host_is_a_connect_error(face, kit, clock):
    client = face.client("http://no-such-host.invalid", retry=None, clock=clock)
    with pytest.raises(ConnectError):
        face.send(client, kit.request())


# 2. a pooled connection that the server has closed: one replay at once, not counted


def test_02_stale_pooled_connection_is_replayed_at_once(face, kit, serve, clock):
    def script(connection, number):
        connection.read()
        connection.answer(200, OK)
        if number == 1:
            connection.read()  # the next request is read, and the connection closed in its face
        else:
            while connection.read():
                connection.answer(200, OK)

    server = serve(script)
    client = face.client(server.url, clock=clock)
    face.send(client, kit.request())
    second = face.run(client.respond(kit.request()))
    assert second.value == kit.Item("a")
    assert second.attempts == 1
    assert clock.slept == []
    assert server.connections == 2


def test_02_post_that_was_sent_on_a_stale_connection_is_not_replayed(face, kit, serve, clock):
    def script(connection, number):
        connection.read()
        connection.answer(200, OK)
        connection.read()

    server = serve(script)
    client = face.client(server.url, clock=clock)
    face.send(client, kit.request(kit.post, body={}))
    with pytest.raises(ConnectionLost) as caught:
        face.send(client, kit.request(kit.post, body={}))
    assert caught.value.sent is True
    assert len(server.requests) == 2


# 3. the server accepts and never answers


def test_03_read_timeout_fires_and_a_post_is_not_repeated(face, kit, serve):
    server = serve(lambda connection, number: (connection.read(), server.wait()))
    client = face.client(server.url, timeout=Timeout(read=0.2))
    with pytest.raises(TimeoutError) as caught:
        face.send(client, kit.request(kit.post, body={}))
    assert caught.value.phase == "read"
    assert caught.value.attempts == 1
    assert len(server.requests) == 1


def test_03_total_deadline_holds_to_100_ms(face, kit, serve):
    server = serve(lambda connection, number: (connection.read(), server.wait()))
    client = face.client(server.url, timeout=30, deadline=0.5)
    started = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        face.send(client, kit.request())
    assert 0.45 <= time.monotonic() - started <= 0.6
    assert caught.value.phase == "deadline"


# 4. a slow drip below the read timeout


@pytest.mark.parametrize("where", ["head", "body"])
def test_04_slow_drip_ends_with_the_deadline(face, kit, serve, where):
    def script(connection, number):
        connection.read()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        if where == "body":
            connection.send(head)
        for byte in head if where == "head" else b"x" * 100:
            connection.send(bytes([byte]))
            server._stop.wait(0.1)

    server = serve(script)
    client = face.client(server.url, timeout=5, deadline=0.6)
    started = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        face.send(client, kit.request())
    assert time.monotonic() - started <= 0.7
    assert caught.value.phase == "deadline"


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "endless"),
    [
        (CHUNKED, b"1\r\n \r\n" * 100),
        (CHUNKED.replace(b"Transfer-Encoding: chunked", b"X: y"), b" " * 1000),
    ],
    ids=["chunks", "body"],
)
def test_04_a_server_that_never_stops_ends_with_the_deadline(face, kit, serve, head, endless):
    def script(connection, number):
        connection.read()
        connection.send(head)
        while not server._stop.is_set():
            connection.send(endless)

    server = serve(script)
    client = face.client(server.url, timeout=5, deadline=0.5)
    started = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        face.send(client, kit.request())
    assert time.monotonic() - started <= 2
    assert caught.value.phase == "deadline"


FIELDS = b"X-A: b\r\n" * 100


@pytest.mark.parametrize(
    ("head", "endless"),
    [
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 50),
        (b"HTTP/1.1 200 OK\r\n", FIELDS),
        (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 1000),
        (b"HTTP/1.1 200 ", b"a" * 1000),
        (CHUNKED + b"1;", b"a" * 1000),
        (CHUNKED + b"0\r\n", FIELDS),
    ],
    ids=["informational", "fields", "value", "reason", "chunk", "trailers"],
)
def test_04_a_head_without_end_is_cut_off(face, kit, serve, head, endless):
    def script(connection, number):
        connection.read()
        connection.send(head)
        while not server._stop.is_set():
            connection.send(endless)

    server = serve(script)
    with pytest.raises(ConnectionLost, match="too long"):
        face.send(face.client(server.url, timeout=5, deadline=20, retry=None), kit.request())


# 5. a reset in the middle of the body


def cut_body(connection, number):
    connection.read()
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n0123456789")
    time.sleep(0.05)
    connection.reset()


def test_05_reset_in_the_body_repeats_a_get_and_names_the_bytes(face, kit, serve, clock):
    server = serve(cut_body)
    client = face.client(server.url, retry=kit.patient, clock=clock)
    with pytest.raises(ConnectionLost) as caught:
        face.send(client, kit.request())
    assert caught.value.bytes_received == 10
    assert "10 bytes" in str(caught.value)
    assert len(server.requests) == 3


@pytest.mark.parametrize(("operation", "sent"), [("post", 1), ("keyed_post", 3)])
def test_05_reset_in_the_body_repeats_a_post_by_key_only(face, kit, serve, clock, operation, sent):
    server = serve(cut_body)
    client = face.client(server.url, clock=clock)
    with pytest.raises(ConnectionLost):
        face.send(client, kit.request(getattr(kit, operation), body={}))
    assert len(server.requests) == sent
    assert len({r.headers.get("idempotency-key") for r in server.requests}) == 1


# 6. answers cut short are never a success


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\na\r\n" + OK + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Type: applica",
        b"not http at all\r\n\r\n",
        b"",
    ],
)
def test_06_truncated_answers_are_lost_connections(face, kit, serve, clock, answer):
    def script(connection, number):
        connection.read()
        connection.send(answer)

    client = face.client(serve(script).url, clock=clock)
    with pytest.raises(ConnectionLost) as caught:
        face.send(client, kit.request())
    assert caught.value.attempts == 3
