"""Faults 11 to 17 of the reliability sheet: streamed bodies, credentials, answers that are not what they should be."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import msgspec
import pytest
from wirewright import (
    AsyncClient,
    AuthError,
    Bearer,
    Client,
    ClientError,
    Content,
    DecodeError,
    File,
    RequestError,
    ServerError,
    TimeoutError,
    Token,
    TokenAuth,
    Unauthorized,
    extras,
)
from wirewright.auth import Auth
from wirewright.codecs.enums import OpenStrEnum
from wirewright.codecs.msgspec import Model

# 11. bodies that are generators or files


UPLOAD = (Content("application/octet-stream"),)


def test_11_a_file_is_rewound_for_the_next_attempt(face, kit, serve, clock):
    def script(connection, number):
        while connection.read():
            connection.answer(500 if len(server.requests) < 3 else 200, b'{"id":"a"}')

    server = serve(script)
    client = face.client(server.url, clock=clock)
    file = io.BytesIO(b"skipped" + b"x" * 100_000)
    file.seek(7)
    upload = kit.operation("PUT", request=UPLOAD)
    face.send(client, kit.request(upload, body=File(file)))
    assert [len(r.body) for r in server.requests] == [100_000] * 3
    assert server.requests[0].headers["content-length"] == "100000"


def test_11_a_generator_is_streamed_and_its_retry_refused_clearly(face, kit, serve, clock):
    server = serve(lambda connection, number: (connection.read(), connection.answer(500)))
    client = face.client(server.url, clock=clock)
    upload = kit.operation("PUT", request=UPLOAD)
    with pytest.raises(ServerError, match="a stream that cannot be read twice"):
        face.send(client, kit.request(upload, body=File(iter([b"one", b"two"]))))
    assert len(server.requests) == 1
    assert server.requests[0].body == b"onetwo"
    assert server.requests[0].headers["transfer-encoding"] == "chunked"


def test_11_a_generator_is_not_read_ahead(face, kit, serve):
    """The server sees the first chunk before the second is made."""
    arrived = threading.Event()

    def script(connection, number):
        while connection.sock.recv(65536).find(b"first") < 0:
            pass
        arrived.set()
        connection.sock.recv(65536)
        connection.answer(200, b'{"id":"a"}')

    def body():
        yield b"first"
        assert arrived.wait(5), "the first chunk was held back"
        yield b"second"

    client = face.client(serve(script).url)
    face.send(client, kit.request(kit.operation("POST", request=UPLOAD), body=File(body())))


def test_11_an_async_iterator_needs_the_async_client(kit):
    async def body():
        yield b"x"

    client = Client("http://x", transport=httpx.MockTransport(lambda request: httpx.Response(200)))
    with pytest.raises(RequestError, match="async iterator"):
        client.send(kit.request(kit.operation("POST", request=UPLOAD), body=File(body())))


# 12. a 401 with fifty requests in flight


class TokenServer:
    """Takes the newest token only; counts what it sees."""

    def __init__(self) -> None:
        self.valid = "token-2"
        self.answers = {"token-1": 0, "token-2": 0}
        self.issued = 0

    def issue(self) -> str:
        self.issued += 1
        return f"token-{self.issued}"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        self.answers[token] += 1
        return httpx.Response(200, json={"id": "a"}) if token == self.valid else httpx.Response(401)


def test_12_one_refresh_for_fifty_threads(kit):
    server = TokenServer()
    barrier = threading.Barrier(50)

    class Gate(httpx.MockTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.headers["Authorization"].endswith("token-1"):
                barrier.wait(10)
            return super().handle_request(request)

    client = Client("http://x", auth=TokenAuth(server.issue), transport=Gate(server))
    with ThreadPoolExecutor(50) as pool:
        values = list(pool.map(lambda _: client.send(kit.request()), range(50)))
    assert values == [kit.Item("a")] * 50
    assert server.issued == 2
    assert server.answers == {"token-1": 50, "token-2": 50}


async def test_12_one_refresh_for_fifty_tasks(kit):
    server = TokenServer()

    async def provider() -> str:
        await asyncio.sleep(0)
        return server.issue()

    class Gate(httpx.MockTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0.01)
            return await super().handle_async_request(request)

    async with AsyncClient("http://x", auth=TokenAuth(provider), transport=Gate(server)) as client:
        values = await asyncio.gather(*[client.send(kit.request()) for _ in range(50)])
    assert values == [kit.Item("a")] * 50
    assert server.issued == 2
    assert server.answers == {"token-1": 50, "token-2": 50}


async def test_12_a_caller_that_is_cancelled_while_refreshing_does_not_take_the_others_along(kit):
    asked: list[int] = []

    async def provider() -> str:
        asked.append(1)
        await asyncio.sleep(30 if len(asked) == 1 else 0)
        return "token"

    answer = httpx.MockTransport(lambda request: httpx.Response(200, json={"id": "a"}))
    async with AsyncClient("http://x", auth=TokenAuth(provider), transport=answer) as client:
        first = asyncio.create_task(client.send(kit.request()))
        await asyncio.sleep(0.01)
        others = [asyncio.create_task(client.send(kit.request())) for _ in range(5)]
        await asyncio.sleep(0.01)
        first.cancel()
        assert await asyncio.wait_for(asyncio.gather(*others), 5) == [kit.Item("a")] * 5
    assert len(asked) == 2


def test_12_waiting_for_a_token_ends_with_the_deadline(kit):
    held = threading.Event()

    def provider() -> str:
        held.wait(10)
        return "token"

    answer = httpx.MockTransport(lambda request: httpx.Response(200, json={"id": "a"}))
    client = Client("http://x", auth=TokenAuth(provider), transport=answer, deadline=0.2)
    leader = threading.Thread(target=lambda: client.deliver(kit.request()))
    leader.start()
    started = time.monotonic()
    while client.settings.auth._fetching is None:
        time.sleep(0.001)
    with pytest.raises(AuthError, match="in time"):
        client.send(kit.request())
    assert time.monotonic() - started < 1
    held.set()
    leader.join()


async def test_12_a_provider_that_hangs_is_ended_by_the_deadline(kit):
    async def provider() -> str:
        await asyncio.sleep(30)
        return "token"

    answer = httpx.MockTransport(lambda request: httpx.Response(200, json={"id": "a"}))
    async with AsyncClient("http://x", auth=TokenAuth(provider), transport=answer, deadline=0.2) as client:
        with pytest.raises(TimeoutError) as caught:
            await asyncio.wait_for(client.send(kit.request()), 5)
    assert caught.value.phase == "deadline"


def test_12_a_second_401_is_final(face, kit, clock):
    seen: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(401)

    client = face.client("http://x", auth=TokenAuth(lambda: "t"), transport=httpx.MockTransport(refuse), clock=clock)
    with pytest.raises(AuthError, match="refreshed ones too") as caught:
        face.send(client, kit.request())
    assert isinstance(caught.value.__cause__, Unauthorized)
    assert len(seen) == 2


def test_12_fixed_credentials_are_not_tried_twice(face, kit, clock):
    client = face.client(
        "http://x", auth=Bearer("t"), transport=httpx.MockTransport(lambda r: httpx.Response(401)), clock=clock
    )
    with pytest.raises(Unauthorized) as caught:
        face.send(client, kit.request())
    assert caught.value.attempts == 1


def test_12_a_token_is_refreshed_ahead_of_time_and_the_old_one_bridges_a_failure(face, kit, clock):
    provided: list[Any] = [Token("one", clock.now + 100), RuntimeError("down"), Token("three", clock.now + 1000)]
    used: list[str] = []

    def provider() -> Token:
        answer = provided.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def answer(request: httpx.Request) -> httpx.Response:
        used.append(request.headers["Authorization"])
        return httpx.Response(200, json={"id": "a"})

    client = face.client(
        "http://x", auth=TokenAuth(provider, leeway=30), transport=httpx.MockTransport(answer), clock=clock
    )
    for passed in (0, 69, 2, 1):  # at 71 s the token is within its leeway; the first refresh fails, the next succeeds
        clock.now += passed
        face.send(client, kit.request())
    assert used == ["Bearer one", "Bearer one", "Bearer one", "Bearer three"]


def test_12_a_provider_that_fails_is_an_auth_error_without_its_secret(face, kit, clock):
    def provider() -> str:
        raise RuntimeError("password=hunter2")

    client = face.client(
        "http://x", auth=TokenAuth(provider), transport=httpx.MockTransport(lambda r: httpx.Response(200)), clock=clock
    )
    with pytest.raises(AuthError) as caught:
        face.send(client, kit.request())
    assert "hunter2" not in str(caught.value)


# 14. a signed request is signed anew for every attempt, under the same idempotency key


def test_14_every_attempt_is_signed_anew(face, kit, clock):
    seen: list[httpx.Request] = []

    class Signer(Auth):
        nonce = 0

        def apply(self, request: Any, clock: Any) -> None:
            self.nonce += 1
            request.headers["x-signature"] = f"{self.nonce}.{clock.time()}"

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(503) if len(seen) < 3 else httpx.Response(200, json={"id": "a"})

    client = face.client(
        "http://x", auth=Signer(), retry=kit.patient, transport=httpx.MockTransport(answer), clock=clock
    )
    face.send(client, kit.request(kit.keyed_post, body={}))
    assert [r.headers["x-signature"].split(".")[0] for r in seen] == ["1", "2", "3"]
    assert len({r.headers["x-signature"].split(".", 1)[1] for r in seen}) == 3  # the clock went on
    assert len({r.headers["idempotency-key"] for r in seen}) == 1


# 16. answers that are not what the spec says


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"<html><body>Bad gateway</body></html>", {"Content-Type": "text/html"}),
        (b"<html>pretends</html>", {"Content-Type": "application/json"}),
        (b"", {"Content-Type": "application/json"}),
        (b"", {}),
        (b"null", {"Content-Type": "application/json"}),
        (b"[]", {"Content-Type": "application/json"}),
        (b'{"id":1}', {"Content-Type": "application/json"}),
        (b'{"id":"\\ud800"}', {"Content-Type": "application/json"}),
        (b'{"id":"\xff"}', {"Content-Type": "application/json"}),
        (b'{"id":' + b"[" * 10_000 + b"]" * 10_000 + b"}", {"Content-Type": "application/json"}),
        (b"[" * 10_000, {"Content-Type": "application/json"}),
        (b'{"id":"a"', {"Content-Type": "application/json"}),
        (b"\x1f\x8bnot gzip", {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
    ],
)
@pytest.mark.parametrize("codec", ["msgspec", "attrs", "pydantic"])
def test_16_a_success_that_is_no_success_is_a_decode_error(kit, serve, content, headers, codec):
    def script(connection, number):
        while connection.read():
            connection.send(b"HTTP/1.1 200 OK\r\n" + b"".join(f"{k}: {v}\r\n".encode() for k, v in headers.items()))
            connection.send(f"Content-Length: {len(content)}\r\n\r\n".encode() + content)

    operation = kit.operation(responses={"200": (Content("application/json", lambda: item_of(codec)),)})
    operation.codec = codec
    with Client(serve(script).url) as client, pytest.raises(DecodeError) as caught:
        client.send(kit.request(operation))
    assert content.startswith(caught.value.excerpt)
    assert len(caught.value.excerpt) <= 200
    assert caught.value.request is not None


def item_of(codec: str) -> Any:
    if codec == "pydantic":
        from wirewright.codecs.pydantic import Model as PydanticModel

        return type("Item", (PydanticModel,), {"__annotations__": {"id": str}})
    if codec == "attrs":
        import attrs

        return attrs.make_class("Item", {"id": attrs.field(type=str)})
    return type("Item", (Model,), {"__annotations__": {"id": str}})


def test_16_the_place_is_named(kit):
    operation = kit.operation(responses={"200": (Content("application/json", lambda: list[kit.Item]),)})
    transport = httpx.MockTransport(lambda r: httpx.Response(200, json=[{"id": "a"}, {"id": 2}]))
    with pytest.raises(DecodeError) as caught:
        Client("http://x", transport=transport).send(kit.request(operation))
    assert caught.value.path == "$[1].id"


@pytest.mark.parametrize("status", [404, 502])
@pytest.mark.parametrize(
    ("content", "media_type", "body"),
    [
        (b"<html>no</html>", "text/html", "<html>no</html>"),
        (b'{"why":"no"}', "application/json", {"why": "no"}),
        (b'{"title":"no"}', "application/problem+json", {"title": "no"}),
        (b"{broken", "application/json", "{broken"),
        (b"", "application/json", ""),
    ],
)
def test_16_error_pages_of_any_kind_are_status_errors(face, kit, clock, status, content, media_type, body):
    answer = httpx.Response(status, content=content, headers={"content-type": media_type})
    client = face.client("http://x", transport=httpx.MockTransport(lambda r: answer), retry=None, clock=clock)
    with pytest.raises(ClientError if status == 404 else ServerError) as caught:
        face.send(client, kit.request())
    assert caught.value.body == body
    assert caught.value.status == status


def test_16_duplicate_keys_take_the_last(kit):
    transport = httpx.MockTransport(
        lambda r: httpx.Response(200, content=b'{"id":"a","id":"b"}', headers={"content-type": "application/json"})
    )
    assert Client("http://x", transport=transport).send(kit.request()) == kit.Item("b")


# 17. things the spec does not know yet


class Colour(OpenStrEnum):
    RED = "red"


class Cat(Model, tag_field="kind", tag="cat"):
    lives: int


class Dog(Model, tag_field="kind", tag="dog"):
    name: str


class Owner(Model):
    colour: Colour
    pet: Cat | Dog


def test_17_new_values_variants_and_fields_are_kept(face, kit, clock):
    sent = {"colour": "blue", "pet": {"kind": "cow", "milk": 1}, "born": "1999"}
    posted: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            posted.append(msgspec.json.decode(request.content))
        return httpx.Response(200, json=sent)

    client = face.client("http://x", transport=httpx.MockTransport(answer), clock=clock)
    responses = {"200": (Content("application/json", lambda: Owner),)}
    owner = face.send(client, kit.request(kit.operation(responses=responses)))
    assert owner.colour == "blue"
    assert not owner.colour.known
    assert owner.pet == {"kind": "cow", "milk": 1}
    assert extras(owner) == {"born": "1999"}
    face.send(client, kit.request(kit.operation("POST", responses=responses), body=owner))
    assert posted == [sent]
