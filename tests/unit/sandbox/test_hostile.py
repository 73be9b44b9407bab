"""Whatever comes, the sandbox answers in HTTP or closes, and goes on serving."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest
from wirewright.sandbox import Sandbox

HEAD = "content-type: {}\r\ncontent-length: {}\r\nhost: x\r\nconnection: close\r\n\r\n"


def talk(sandbox: Sandbox, raw: bytes, *, leave: bool = True) -> bytes:
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(raw)
        if leave:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    "target", ["/notes/%", "/notes/%zz", "/notes/%ff", "//", "/" + "x" * 9000, "/notes?limit=%ff&&=&x"]
)
def test_odd_paths_are_answered(sandbox: Sandbox, target: str) -> None:
    answer = talk(sandbox, f"GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] in {b"200", b"400", b"404"}


FORMS = ["application/json", "application/jsonl", "multipart/form-data; boundary=B", "text/plain; charset=x", ";;"]


@pytest.mark.parametrize("path", ["/notes/a", "/upper", "/_sandbox/faults", "/_sandbox/notes/a/star"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"text":' * 5000,
        b'{"text":"\\ud800"}',
        b"\xff\xfe",
        b"1e999",
        b"null",
        b"--B\r\n\r\nx--B--",
        b'--B\r\ncontent-disposition: form-data; name="a\r\n\r\nx\r\n--B--',
    ],
    ids=["deep arrays", "deep objects", "lone surrogate", "no text", "infinite", "null", "no part", "open quote"],
)
def test_odd_bodies_are_answered(sandbox: Sandbox, path: str, form: str, body: bytes) -> None:
    for method in ("PUT", "POST"):
        head = f"{method} {path} HTTP/1.1\r\n" + HEAD.format(form, len(body))
        status = int(talk(sandbox, head.encode() + body).split(b" ")[1])
        assert status < 500 or path.endswith("star")  # a rule of the test's own, with nothing to star
    assert httpx.get(sandbox.url + "/notes").status_code == 200


@pytest.mark.parametrize(
    "raw",
    [b"\x00" * 100, b"GET / HTTP/9\r\n\r\n", b"PUT /notes/a HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc", b"GET /notes"],
    ids=["no HTTP", "no version", "half a body", "half a request"],
)
def test_what_is_no_request_does_no_harm(sandbox: Sandbox, raw: bytes) -> None:
    talk(sandbox, raw)
    assert httpx.get(sandbox.url + "/notes").status_code == 200


def test_requests_one_after_the_other_on_one_connection_are_answered_in_order(sandbox: Sandbox) -> None:
    one = b"GET /notes HTTP/1.1\r\nhost: x\r\n\r\n"
    last = b"GET /lost HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    answer = talk(sandbox, one * 20 + last, leave=False)
    assert (answer.count(b"HTTP/1.1 200"), answer.count(b"HTTP/1.1 404")) == (20, 1)


def test_a_chunked_body_is_read_whole(sandbox: Sandbox, client: httpx.Client) -> None:
    pieces = iter([b'{"te', b'xt":', b'"hi"}'])
    assert client.put("/notes/a", content=pieces, headers={"content-type": "application/json"}).json() == {"text": "hi"}


def test_of_a_large_body_only_the_beginning_is_remembered(sandbox: Sandbox, client: httpx.Client) -> None:
    answer = client.post("/upper", content=b"x" * 3_000_000, headers={"content-type": "text/plain"})
    assert len(answer.content) == 3_000_001
    assert (len(sandbox.requests[-1].body), len(sandbox.requests[-1].answer_body)) == (2**20, 2**20)
