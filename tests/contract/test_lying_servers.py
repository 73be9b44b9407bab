"""Servers that lie, and networks that do: each lie is a finding, named, with a command that repeats it.

The servers are sockets that write bytes, so that they can say what no HTTP library would.
"""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which

import pytest
from wirewright.contract import RunOptions, SpecDocument, run_contract
from wirewright.contract.report import ContractReport, Finding
from wirewright.sandbox.loading import load_document

SPEC = """
openapi: 3.1.0
info: {title: Notes, version: "1"}
paths:
  /notes/{id}:
    get:
      operationId: get_note
      parameters: [{name: id, in: path, required: true, schema: {type: string}, example: n1}]
      responses:
        "200":
          description: It.
          headers: {X-Version: {required: true, schema: {type: integer}}}
          content: {application/json: {schema: {type: object, required: [text], properties: {text: {type: string}}}}}
          links: {itself: {operationId: get_note}, nothing: {operationId: gone}}
"""
HONEST = b'{"text": "Milk"}'


def answer(
    body: bytes = HONEST,
    *,
    status: str = "200 OK",
    kind: str = "application/json",
    length: int | None = None,
    **headers: str,
) -> bytes:
    given = {"x-version": "1", "content-type": kind, "connection": "close"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    given["content-length"] = str(len(body) if length is None else length)
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


ENDLESS = answer(b"", length=10**9)
LIES = {
    "a page of HTML": (answer(b"<p>It works", kind="text/html"), "media_type", "text/html is not a documented"),
    "HTML that is called JSON": (answer(b"<p>It works"), "body", "not JSON"),
    "no content type": (answer(kind=""), "media_type", "no content type"),
    "a missing member": (answer(b"{}"), "body", "text"),
    "another type": (answer(b'{"text": 7}'), "body", '7 is not of type "string"'),
    "a number that is none": (answer(b'{"text": NaN}'), "body", "not JSON"),
    "a tower of lists": (answer(b"[" * 100_000 + b"]" * 100_000), "body", "not JSON"),
    "text that is no UTF-8": (answer(b'{"text": "\xff"}'), "body", "not JSON"),
    "no body": (answer(b""), "body", ""),
    "a header that is gone": (answer(x_version=""), "headers", "x-version"),
    "a header of another type": (answer(x_version="one"), "headers", "x-version"),
    "a failure": (answer(b"Traceback", status="500 Oh", kind="text/plain"), "no_server_error", "fails with 500"),
    "a status that is not documented": (answer(status="299 Odd"), "status", "299 is not documented"),
    "a redirect": (answer(b"", status="302 Found", location="http://127.0.0.1:1/"), "status", "302 is not documented"),
    "a door that is locked": (answer(status="401 No"), "status", "401 is not documented"),
    "a compression that is none": (answer(content_encoding="gzip"), "answers", "compression is broken"),
    "an answer that is cut": (answer(length=500), "answers", "broke after 16 bytes"),
    "no HTTP": (b"\x00\x01nonsense\r\n\r\n", "answers", "ConnectionLost"),
    "nothing": (b"", "answers", "ConnectionLost"),
    "an answer that never ends": (ENDLESS, "answers", "does not end within 0.5 s"),
}  # fmt: skip


@pytest.fixture
def document(tmp_path: Path) -> SpecDocument:
    (tmp_path / "notes.yaml").write_text(SPEC)
    return load_document(tmp_path / "notes.yaml")


@pytest.fixture
def lie() -> Iterator[Callable[[bytes], str]]:
    """Serves the same bytes to everyone; answers the URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve(content: bytes) -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(content)
                while content is ENDLESS and not stopped.wait(0.05):
                    try:
                        connection.sendall(b" ")
                    except OSError:
                        break

    def start(content: bytes) -> str:
        threading.Thread(target=serve, args=(content,), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    stopped.set()
    listener.close()


def told(document: SpecDocument, url: str) -> ContractReport:
    return run_contract(document, url, RunOptions(phases=("examples",), timeout=0.5))


@pytest.mark.parametrize("name", LIES)
@pytest.mark.promise("A server that lies is found out, with a command that repeats it")
def test_a_lie_is_found_and_named(name: str, document: SpecDocument, lie: Callable[[bytes], str]) -> None:
    content, check, words = LIES[name]
    url = lie(content)
    report = told(document, url)
    assert not report.ok
    found = [finding for finding in report.operation("get_note").failures if finding.check == check]
    assert [finding for finding in found if words in finding.message.lower() or words in finding.message], found
    assert found[0].curl == f"curl -sS -i -g -X GET {url}/notes/n1 -H 'accept: application/json'"


def test_an_honest_server_is_believed(document: SpecDocument, lie: Callable[[bytes], str]) -> None:
    assert told(document, lie(answer())).ok


def test_a_server_that_can_do_more_than_its_spec_says_breaks_nothing(
    document: SpecDocument, lie: Callable[[bytes], str]
) -> None:
    report = run_contract(document, lie(answer()), RunOptions(phases=("coverage",), timeout=0.5))

    assert report.ok
    assert "methods" in {finding.check for finding in report.operation("get_note").gaps}


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
def test_the_command_of_a_finding_repeats_it(document: SpecDocument, lie: Callable[[bytes], str]) -> None:
    (finding,) = told(document, lie(answer(b'{"text": 7}'))).operation("get_note").failures
    ran = subprocess.run(finding.curl, shell=True, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("HTTP/1.1 200")
    assert ran.stdout.endswith('{"text": 7}')


def test_a_server_that_never_answers_is_not_asked_again(document: SpecDocument, lie: Callable[[bytes], str]) -> None:
    url = lie(ENDLESS)
    report = run_contract(document, url, RunOptions(timeout=0.2, examples=1))
    assert report.errors == [f"no usable answer comes from {url}"]
    assert report.tried == 1


def test_a_link_that_leads_nowhere_is_the_specs_fault(document: SpecDocument, lie: Callable[[bytes], str]) -> None:
    report = told(document, lie(answer()))
    message = "the link nothing of 200 leads to gone, which the spec does not have"
    assert report.operation("get_note").gaps == [Finding("links", message, "examples", "gap")]
    assert report.ok
