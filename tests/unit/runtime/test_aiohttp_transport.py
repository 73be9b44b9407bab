"""The aiohttp transport: the same answers and the same errors as the default one."""

from __future__ import annotations

import asyncio
import gzip
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from wirewright.errors import ConnectError, ConnectionLost, DecodeError, TimeoutError, TransportError
from wirewright.messages import HttpRequest, Timeout
from wirewright.transport import PoolOptions
from wirewright.transport._aiohttp import AiohttpTransport

Serve = Callable[[bytes | None], Awaitable[str]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts a server that answers each request with these bytes and closes, or never (None); answers its origin."""
    servers: list[asyncio.Server] = []

    async def start(answer: bytes | None) -> str:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await reader.read()
            else:
                writer.write(answer)
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    made = AiohttpTransport(PoolOptions(trust_env=False))
    yield made
    await made.aclose()


def request(origin: str, **more: object) -> HttpRequest:
    return HttpRequest("GET", origin, "/a?b=%20c", {"x-test": "1"}, **more)  # type: ignore[arg-type]


HELLO = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 5\r\n\r\nhello"


async def test_an_answer(serve: Serve, transport: AiohttpTransport) -> None:
    answer = await transport.send(request(await serve(HELLO)))
    assert (answer.status, answer.content, answer.headers["x-a"]) == (200, b"hello", "1, 2")


async def test_the_request_goes_out_as_it_is() -> None:
    seen: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HELLO)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    transport = AiohttpTransport()
    await transport.send(request(f"http://{host}"))
    await transport.aclose()
    server.close()
    lines = seen[0].decode().strip().split("\r\n")
    assert lines[0] == "GET /a?b=%20c HTTP/1.1"
    assert sorted(line.lower() for line in lines[1:]) == [
        "accept-encoding: gzip, deflate",
        f"host: {host}",
        "x-test: 1",
    ]


async def test_redirects_are_answers(serve: Serve, transport: AiohttpTransport) -> None:
    answer = await transport.send(
        request(await serve(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"))
    )
    assert answer.status == 302


async def test_a_stream_is_read_as_it_comes(serve: Serve, transport: AiohttpTransport) -> None:
    answer = await transport.send(request(await serve(HELLO), stream=True))
    assert answer.content == b""
    assert b"".join([chunk async for chunk in answer.body or ()]) == b"hello"  # type: ignore[union-attr]
    assert answer.aclose
    await answer.aclose()


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_is_cut_short(serve: Serve, transport: AiohttpTransport, stream: bool) -> None:
    cut = HELLO[:-2]

    async def read() -> None:
        answer = await transport.send(request(await serve(cut), stream=stream))
        async for _ in answer.body or ():  # type: ignore[union-attr]
            pass

    with pytest.raises(ConnectionLost):
        await read()


async def test_a_peer_that_hangs_up(serve: Serve, transport: AiohttpTransport) -> None:
    with pytest.raises(ConnectionLost):
        await transport.send(request(await serve(b"")))


async def test_nobody_there(transport: AiohttpTransport) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ConnectError) as caught:
        await transport.send(request(f"http://127.0.0.1:{port}"))
    assert caught.value.sent is False


@pytest.mark.parametrize("limits", [{"timeout": Timeout(read=0.05)}, {"budget": 0.05}])
async def test_no_answer_in_time(serve: Serve, transport: AiohttpTransport, limits: dict[str, object]) -> None:
    with pytest.raises(TimeoutError):
        await transport.send(request(await serve(None), **limits))


async def test_too_large_an_answer(serve: Serve, transport: AiohttpTransport) -> None:
    with pytest.raises(DecodeError, match="larger"):
        await transport.send(request(await serve(HELLO), max_bytes=4))
    answer = await transport.send(request(await serve(HELLO), max_bytes=5))
    assert answer.content == b"hello"


async def test_a_url_that_is_none(transport: AiohttpTransport) -> None:
    with pytest.raises(TransportError):
        await transport.send(HttpRequest("GET", "http://", "/", {}))


@pytest.mark.parametrize("stream", [False, True])
async def test_compression_is_undone_as_the_default_transport_does(
    serve: Serve, transport: AiohttpTransport, stream: bool
) -> None:
    body = gzip.compress(b"hel") + gzip.compress(b"lo")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    answer = await transport.send(request(await serve(head + body), stream=stream))
    if isinstance(answer.body, AsyncIterator):
        assert b"".join([chunk async for chunk in answer.body]) == b"hello"
    else:
        assert answer.content == b"hello"


async def test_what_explodes_when_decompressed_is_refused(serve: Serve, transport: AiohttpTransport) -> None:
    body = gzip.compress(b" " * 1_000_000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with pytest.raises(DecodeError, match="larger than the limit"):
        await transport.send(request(await serve(head + body), max_bytes=100_000))


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"])
async def test_a_key_in_the_query_is_in_no_error(serve: Serve, transport: AiohttpTransport, answer: bytes) -> None:
    asked = HttpRequest("GET", await serve(answer), "/item?api_key=s3cret", {})
    with pytest.raises(ConnectionLost) as caught:
        await transport.send(asked)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


async def test_each_loop_has_its_own_connections(serve: Serve) -> None:
    transport = AiohttpTransport()
    origin = await serve(HELLO)
    await transport.send(request(origin))

    def elsewhere() -> int:
        async def call() -> int:
            try:
                return (await transport.send(request(origin))).status
            finally:
                await transport.aclose()

        return asyncio.run(call())

    first = transport._session
    assert await asyncio.to_thread(elsewhere) == 200
    assert first
    await first.close()


def test_proxies_come_from_the_options_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "proxy.example:3128")
    monkeypatch.setenv("no_proxy", "local.example")
    assert AiohttpTransport()._proxy("http://a.example") == "http://proxy.example:3128"
    assert AiohttpTransport()._proxy("http://local.example") is None
    assert AiohttpTransport(PoolOptions(trust_env=False))._proxy("http://a.example") is None
    assert AiohttpTransport(PoolOptions(proxy="http://own:1"))._proxy("http://local.example") == "http://own:1"


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
@pytest.mark.parametrize("proxy", ["gopher://me:s3cret@x.example", "http://me:s3cret@127.0.0.1:99999", "//me:s3cret"])
async def test_a_proxy_that_cannot_be_used_keeps_its_secrets(proxy: str) -> None:
    transport = AiohttpTransport(PoolOptions(proxy=proxy))
    with pytest.raises(TransportError) as caught:
        await transport.send(request("http://x.example"))
    await transport.aclose()
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.sent is False
