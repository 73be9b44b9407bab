"""The default transports on real sockets: what is sent and read, which connection carries it, and what limits hold."""

from __future__ import annotations

import asyncio
import gc
import gzip
import socket
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from wirewright.bodies import Upload
from wirewright.errors import ConnectError, ConnectionLost, DecodeError, TimeoutError, TransportError
from wirewright.messages import HttpRequest, HttpResponse, Timeout
from wirewright.transport import PoolOptions
from wirewright.transport._httpx import awrap, wrap

HELLO = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 5\r\n\r\nhello"
CLOSING = HELLO.replace(b"X-A: 2", b"Connection: close")
LIMIT = Timeout(10.0, 10.0, 10.0, 10.0)
Say = Callable[[socket.socket, bytes], bytes | None]


class Server:
    """Answers each request with what `say(socket, request)` returns; None closes the connection."""

    def __init__(self, say: Say) -> None:
        self.requests: list[bytes] = []
        self.connections: list[socket.socket] = []
        self._say = say
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            while request := sock.recv(65_536):
                self.requests.append(request)
                answer = self._say(sock, request)
                if answer is None:
                    break
                sock.sendall(answer)
        except OSError:
            pass
        sock.close()

    def close(self) -> None:
        self._listener.close()
        for sock in self.connections:
            sock.close()


class Face:
    """A transport, sync or async, used the same way."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        factory = pytest.importorskip("uvloop").new_event_loop if kind == "uvloop" else None
        self._runner = None if kind == "sync" else asyncio.Runner(loop_factory=factory)
        self._transports: list[Any] = []

    def transport(self, **options: Any) -> Any:
        made = (wrap if self._runner is None else awrap)(PoolOptions(trust_env=False, **options))
        self._transports.append(made)
        return made

    def run(self, work: Any) -> Any:
        return work if self._runner is None else self._runner.run(_awaited(work))

    def send(self, transport: Any, request: HttpRequest) -> HttpResponse:
        answer: HttpResponse = self.run(transport.send(request))
        return answer

    def together(self, transport: Any, requests: list[HttpRequest]) -> list[Any]:
        """Answers and errors of requests that are sent at the same time."""
        if self._runner is None:
            with ThreadPoolExecutor(len(requests)) as threads:
                futures = [threads.submit(transport.send, request) for request in requests]
            return [future.exception() or future.result() for future in futures]

        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*map(transport.send, requests), return_exceptions=True)

        return self._runner.run(all_of_them())

    def content(self, answer: HttpResponse) -> bytes:
        if answer.body is None:
            return answer.content
        if self._runner is None:
            return b"".join(answer.body)  # type: ignore[arg-type]

        async def read() -> bytes:
            return b"".join([chunk async for chunk in answer.body])  # type: ignore[union-attr]

        return self._runner.run(read())

    def end(self, answer: HttpResponse) -> None:
        if answer.close is not None:
            answer.close()
        if answer.aclose is not None:
            self.run(answer.aclose())

    def close(self) -> None:
        for transport in self._transports:
            self.run(transport.close() if self._runner is None else transport.aclose())
        if self._runner is not None:
            self._runner.close()


async def _awaited(work: Any) -> Any:
    return await work


@pytest.fixture(params=["sync", "async", "uvloop"])
def face(request: pytest.FixtureRequest) -> Iterator[Face]:
    made = Face(request.param)
    yield made
    made.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(say: Say | bytes = HELLO) -> Server:
        servers.append(Server(say if callable(say) else lambda _sock, _request: say))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


Serve = Callable[..., Server]


def get(server: Server, **more: Any) -> HttpRequest:
    return HttpRequest("GET", server.origin, "/a?b=%20c", {"x-test": "1"}, **{"timeout": LIMIT, **more})


def post(server: Server, content: Any, **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest("POST", server.origin, "/", named, content, timeout=LIMIT)


# A request and its answer ---------------------------------------------------------------------------------------------


def test_an_answer(face: Face, serve: Serve) -> None:
    server = serve()
    answer = face.send(face.transport(), get(server))
    assert (answer.status, answer.content, answer.headers["x-a"]) == (200, b"hello", "1, 2")
    host = server.origin.removeprefix("http://").encode()
    assert server.requests == [
        b"GET /a?b=%20c HTTP/1.1\r\nhost: " + host + b"\r\nx-test: 1\r\naccept-encoding: gzip, deflate\r\n\r\n"
    ]


def test_a_small_request_is_one_packet(face: Face, serve: Serve) -> None:
    server = serve()
    face.send(face.transport(), post(server, b"abc", content_length="3"))
    [request] = server.requests
    assert request.endswith(b"\r\n\r\nabc")


def test_content_of_unknown_length_is_sent_as_it_comes(face: Face, serve: Serve) -> None:
    arrived = threading.Event()

    def say(sock: socket.socket, request: bytes) -> bytes:
        arrived.set()
        return HELLO if request.endswith(b"0\r\n\r\n") else b""

    def chunks() -> Iterator[bytes]:
        yield b"first\r\n\r\n"
        assert arrived.wait(5), "the first chunk waits for the second"
        yield b"second"

    server = serve(say)
    assert face.send(face.transport(), post(server, Upload(chunks()), transfer_encoding="chunked")).status == 200
    assert b"".join(server.requests).partition(b"\r\n\r\n")[2] == b"9\r\nfirst\r\n\r\n\r\n6\r\nsecond\r\n0\r\n\r\n"


def test_an_answer_before_the_content_was_read_is_the_answer(face: Face, serve: Serve) -> None:
    def say(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
        sock.shutdown(socket.SHUT_WR)
        time.sleep(0)
        while sock.recv(1 << 20):
            pass

    size = 4_000_000
    answer = face.send(face.transport(), post(serve(say), b"a" * size, content_length=str(size)))
    assert (answer.status, answer.content) == (413, b"no")


@pytest.mark.parametrize("face", ["async", "uvloop"], indirect=True)
def test_one_whose_connection_is_gone_meanwhile_is_read_and_closed_all_the_same(face: Face, serve: Serve) -> None:
    said, gone = threading.Event(), threading.Event()

    def say(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(HELLO)
        sock.shutdown(socket.SHUT_WR)
        said.wait(5)
        while sock.recv(1 << 20):
            pass
        gone.set()

    size = 16_000_000
    request = post(serve(say), b"a" * size, content_length=str(size))
    request.stream = True
    answer = face.send(face.transport(), request)

    said.set()
    face.run(asyncio.to_thread(gone.wait, 5))
    face.run(asyncio.sleep(0.01))
    assert face.content(answer) == b"hello"


def test_content_that_is_shorter_than_was_said_is_not_taken_for_a_request(face: Face, serve: Serve) -> None:
    server, transport = serve(), face.transport()
    with pytest.raises(TransportError, match="2 bytes before"):
        face.send(transport, post(server, Upload(iter([b"abc"])), content_length="5"))
    assert face.send(transport, get(server)).content == b"hello"
    assert len(server.connections) == 2


def test_redirects_are_answers(face: Face, serve: Serve) -> None:
    server = serve(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n")
    assert face.send(face.transport(), get(server)).status == 302


def test_a_stream_is_read_as_it_comes(face: Face, serve: Serve) -> None:
    answer = face.send(face.transport(), get(serve(), stream=True))
    assert answer.content == b""
    assert face.content(answer) == b"hello"
    face.end(answer)


@pytest.mark.parametrize("stream", [False, True])
def test_compression_is_undone(face: Face, serve: Serve, stream: bool) -> None:
    body = gzip.compress(b"hel") + gzip.compress(b"lo")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    answer = face.send(face.transport(), get(serve(head + body), stream=stream))
    assert face.content(answer) == b"hello"


# Errors ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_is_cut_short(face: Face, serve: Serve, stream: bool) -> None:
    def say(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(HELLO[:-2])

    with pytest.raises(ConnectionLost, match="3 bytes"):
        face.content(face.send(face.transport(), get(serve(say), stream=stream)))


def test_a_peer_that_hangs_up(face: Face, serve: Serve) -> None:
    with pytest.raises(ConnectionLost) as caught:
        face.send(face.transport(), get(serve(lambda _sock, _request: None)))
    assert caught.value.sent


def test_nobody_there(face: Face) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectError) as caught:
        face.send(face.transport(), HttpRequest("GET", f"http://127.0.0.1:{port}", "/", {}))
    assert caught.value.sent is False


@pytest.mark.parametrize(
    "origin", ["http://", "gopher://a.test", "http://a b", "http://[::1", "http://127.0.0.1:99999"]
)
def test_what_is_no_address(face: Face, origin: str) -> None:
    with pytest.raises(TransportError) as caught:
        face.send(face.transport(), HttpRequest("GET", origin, "/", {}))
    assert caught.value.sent is False


def test_no_answer_in_time(face: Face, serve: Serve) -> None:
    with pytest.raises(TimeoutError) as caught:
        face.send(face.transport(), get(serve(b""), timeout=Timeout(read=0.05)))
    assert (caught.value.phase, caught.value.sent) == ("read", True)


def test_too_large_an_answer(face: Face, serve: Serve) -> None:
    server, transport = serve(), face.transport()
    with pytest.raises(DecodeError, match="larger"):
        face.send(transport, get(server, max_bytes=4))
    assert face.send(transport, get(server, max_bytes=5)).content == b"hello"


def test_what_explodes_when_decompressed_is_refused(face: Face, serve: Serve) -> None:
    body = gzip.compress(b" " * 1_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with pytest.raises(DecodeError, match="larger than the limit"):
        face.send(face.transport(), get(serve(head + body), max_bytes=100_000))


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"])
def test_a_key_in_the_query_is_in_no_error(face: Face, serve: Serve, answer: bytes) -> None:
    asked = HttpRequest("GET", serve(answer).origin, "/item?api_key=s3cret", {})
    with pytest.raises(ConnectionLost) as caught:
        face.send(face.transport(), asked)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
@pytest.mark.parametrize("hostile", ["s3cret\r\nx-evil: 1", "s3cret\n", "s3\0cret"])
def test_a_header_that_would_be_two_is_not_sent(face: Face, serve: Serve, hostile: str) -> None:
    server = serve()
    with pytest.raises(TransportError) as caught:
        face.send(face.transport(), HttpRequest("GET", server.origin, "/", {"authorization": hostile}))
    assert caught.value.sent is False
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert not server.requests


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
@pytest.mark.parametrize("proxy", ["gopher://me:s3cret@x.example", "http://me:s3cret@127.0.0.1:99999", "//me:s3cret"])
def test_a_proxy_that_cannot_be_used_keeps_its_secrets(face: Face, proxy: str) -> None:
    with pytest.raises(TransportError) as caught:
        face.send(face.transport(proxy=proxy), HttpRequest("GET", "http://x.example", "/", {}))
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.sent is False


# Connections ----------------------------------------------------------------------------------------------------------


def test_a_connection_carries_one_request_after_another(face: Face, serve: Serve) -> None:
    server, transport = serve(), face.transport()
    for _ in range(5):
        face.send(transport, get(server))
    assert len(server.connections) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_one_that_was_not_read_to_its_end_carries_no_other(face: Face, serve: Serve, stream: bool) -> None:
    partly = HELLO.replace(b"5", b"9")
    answers = [partly, HELLO]
    server, transport = serve(lambda _sock, _request: answers.pop(0)), face.transport()
    if stream:
        face.end(face.send(transport, get(server, stream=True)))
    else:
        with pytest.raises(DecodeError):
            face.send(transport, get(server, max_bytes=1))
    assert face.send(transport, get(server)).content == b"hello"
    assert len(server.connections) == 2


def test_ending_a_stream_that_was_read_leaves_its_connection_to_others(face: Face, serve: Serve) -> None:
    server, transport = serve(), face.transport()
    answer = face.send(transport, get(server, stream=True))
    face.content(answer)
    face.end(answer)
    face.end(answer)
    face.send(transport, get(server))
    assert len(server.connections) == 1


def test_one_that_the_server_closed_is_noticed_before_it_is_used(face: Face, serve: Serve) -> None:
    server, transport = serve(), face.transport()
    face.send(transport, get(server))
    server.connections[0].shutdown(socket.SHUT_RDWR)
    if face.kind != "sync":
        face.run(asyncio.sleep(0.01))
    assert face.send(transport, get(server)).content == b"hello"
    assert len(server.requests) == 2


def test_what_comes_unasked_is_nobodys_answer(face: Face, serve: Serve) -> None:
    evil = HELLO.replace(b"hello", b"wrong")
    server, transport = serve(lambda _sock, _request: HELLO + evil), face.transport()
    assert [face.send(transport, get(server)).content for _ in range(3)] == [b"hello"] * 3
    assert len(server.connections) == 3


def test_idle_ones_are_kept_no_longer_and_no_more_than_was_said(face: Face, serve: Serve) -> None:
    server = serve()
    short = face.transport(keepalive_expiry=0.0)
    for _ in range(2):
        face.send(short, get(server))
    assert len(server.connections) == 2

    barrier = threading.Barrier(4)

    def say(_sock: socket.socket, _request: bytes) -> bytes:
        barrier.wait(5)
        return HELLO

    others = serve(say)
    few = face.transport(max_keepalive=1)
    for _ in range(2):
        face.together(few, [get(others)] * 4)
    assert len(others.connections) == 4 + 3


def test_there_are_never_more_than_was_said(face: Face, serve: Serve) -> None:
    now, most, lock = [0], [0], threading.Lock()

    def say(_sock: socket.socket, _request: bytes) -> bytes:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.002)
        with lock:
            now[0] -= 1
        return HELLO if len(_request) % 2 else CLOSING

    one, other = serve(say), serve(say)
    transport = face.transport(max_connections=3)
    requests = [HttpRequest("GET", (one, other)[n % 2].origin, "/" + "a" * (n % 5), {}) for n in range(60)]
    answers = face.together(transport, requests)
    assert [answer.content for answer in answers] == [b"hello"] * 60
    assert most[0] <= 3


def test_who_gets_none_in_time_is_told_so_and_nobody_else_suffers(face: Face, serve: Serve) -> None:
    go = threading.Event()

    def say(_sock: socket.socket, request: bytes) -> bytes:
        if b"/slow" in request:
            go.wait(5)
        return HELLO

    server = serve(say)
    transport = face.transport(max_connections=1)
    slow = HttpRequest("GET", server.origin, "/slow", {})
    hasty = get(server, timeout=Timeout(pool=0.05))
    threading.Timer(0.3, go.set).start()
    answers = face.together(transport, [slow, *[hasty] * 3, get(server)])
    errors = [answer for answer in answers if isinstance(answer, TimeoutError)]
    assert [(error.phase, error.sent) for error in errors] == [("pool", False)] * 3
    assert face.send(transport, get(server)).content == b"hello"
    assert len(server.connections) == 1


async def test_who_is_cancelled_while_waiting_leaves_the_place_to_others(serve: Serve) -> None:
    go = threading.Event()

    def say(_sock: socket.socket, _request: bytes) -> bytes:
        go.wait(5)
        return HELLO

    server = serve(say)
    transport = awrap(PoolOptions(max_connections=1, trust_env=False))
    first = asyncio.create_task(transport.send(get(server)))
    waiting = [asyncio.create_task(transport.send(get(server))) for _ in range(4)]
    await asyncio.sleep(0.05)
    waiting[0].cancel()
    waiting[2].cancel()
    go.set()
    results = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert [isinstance(result, HttpResponse) for result in results] == [True, False, True, False, True]
    await transport.aclose()


async def test_who_is_cancelled_gives_the_connection_up_at_once(serve: Serve) -> None:
    server = serve(b"")
    transport = awrap(PoolOptions(max_connections=1, trust_env=False))
    for _ in range(3):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(transport.send(get(server)), 0.02)
    assert len(server.connections) == 3
    await transport.aclose()


@pytest.mark.parametrize("face", ["async", "uvloop"], indirect=True)
def test_who_is_cancelled_at_whatever_step_leaves_no_socket_behind(face: Face, serve: Serve) -> None:
    def say(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(CLOSING)

    server, transport = serve(say), face.transport()

    async def cut() -> None:
        for step in range(400):
            task = asyncio.create_task(transport.send(get(server)))
            for _ in range(step % 17):
                await asyncio.sleep(0)
            if step % 5 == 0:
                await asyncio.sleep(0.0003)
            task.cancel()
            await asyncio.wait({task})
        await asyncio.sleep(0.02)

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        face.run(cut())
        gc.collect()
    assert not [str(warning.message) for warning in told if "unclosed" in str(warning.message)]


def test_closing_ends_what_waits_and_the_next_request_opens_anew(face: Face, serve: Serve) -> None:
    server = serve(lambda _sock, request: b"" if b"/never" in request else HELLO)
    transport = face.transport(max_connections=1)
    never = HttpRequest("GET", server.origin, "/never", {}, timeout=Timeout(read=5.0))

    def close() -> Any:
        if face.kind == "sync":
            time.sleep(0.1)
            return transport.close()
        return asyncio.sleep(0.1)

    if face.kind == "sync":
        with ThreadPoolExecutor(3) as threads:
            stream = threads.submit(transport.send, get(server, stream=True)).result()
            waits = threads.submit(transport.send, get(server))
            threads.submit(close)
            assert isinstance(waits.exception(), ConnectError)
            face.end(stream)
    else:

        async def cut() -> None:
            tasks = [asyncio.create_task(transport.send(request)) for request in (never, get(server))]
            await close()
            await transport.aclose()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(error) for error in found] == [ConnectionLost, ConnectError]

        face.run(cut())
    assert face.send(transport, get(server)).content == b"hello"


async def test_each_loop_has_its_own_connections(serve: Serve) -> None:
    server, transport = serve(), awrap(PoolOptions(trust_env=False))
    await transport.send(get(server))

    def elsewhere() -> int:
        async def call() -> int:
            return int((await transport.send(get(server))).status)

        return asyncio.run(call())

    assert await asyncio.to_thread(elsewhere) == 200
    assert len(server.connections) == 2
    await transport.aclose()


def test_threads_share_them_without_losing_an_answer(serve: Serve) -> None:
    def say(_sock: socket.socket, request: bytes) -> bytes:
        number = request.split(b" ", 2)[1].removeprefix(b"/")
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(number), number)

    server = serve(say)
    transport = wrap(PoolOptions(max_connections=4, max_keepalive=2, trust_env=False))
    with ThreadPoolExecutor(12) as threads:
        requests = [HttpRequest("GET", server.origin, f"/{number}", {}) for number in range(600)]
        contents = [answer.content for answer in threads.map(transport.send, requests)]
    assert contents == [b"%d" % number for number in range(600)]
    transport.close()
