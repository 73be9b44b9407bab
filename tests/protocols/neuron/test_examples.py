"""The two examples and the demo: handlers against pages made for the test, and each as a program against the
sandbox.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from holokai_neuron_sdk import HandlerContext, TerminalFailure
from holokai_neuron_sdk._schemas import problem
from holokai_neuron_sdk.examples import http_fetch, web_search
from holokai_neuron_sdk.examples._run import main, neuron_from, token_source
from holokai_neuron_sdk.examples.web_search import Result, parse_results, real_url
from holokai_neuron_sdk.testing.demo import demo
from wirewright.sandbox import Sandbox

from .conftest import lease_frame
from .test_runner import LOG, Posts

PAGES = Path(__file__).with_name("pages")


def page(name: str) -> str:
    return (PAGES / f"{name}.html").read_text()


class Site(BaseHTTPRequestHandler):
    """A few pages, and a search engine."""

    def do_GET(self) -> None:
        match self.path:
            case "/hello":
                self.answer(200, b"hello \xff")
            case "/redirect":
                self.answer(302, b"", location="/hello")
            case "/loop":
                self.answer(302, b"", location="/loop")
            case "/big":
                self.answer(200, b"x" * 100_000)
            case "/headers":
                self.answer(200, json.dumps({name.lower(): value for name, value in self.headers.items()}).encode())
            case _:
                self.answer(404, b"nothing here")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != "/search":
            self.answer(200, body)
            return
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form["q"] == "too much":
            self.answer(202, b"")
        elif form["q"] == "broken":
            self.answer(500, b"")
        else:
            self.answer(200, page("results" if form["kl"] == "wt-wt" else "nothing").encode())

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def ctx() -> HandlerContext:
    return HandlerContext(lease=lease_frame().lease, transport=Posts(), cancel_event=asyncio.Event(), logger=LOG)


# Fetching.


async def test_a_page_is_fetched(site: str, ctx: HandlerContext) -> None:
    result = await http_fetch.http_fetch({"url": f"{site}/hello"}, ctx)
    assert problem(http_fetch.OUTPUT_SCHEMA, result) is None
    assert (result["status"], result["body"], result["truncated"], result["final_url"]) == (
        200,
        "hello \ufffd",
        False,
        f"{site}/hello",
    )


@pytest.mark.parametrize(("options", "expected"), [
    ({"url": "/nothing"}, {"status": 404, "body": "nothing here"}),
    ({"url": "/redirect"}, {"status": 200, "final_url": "/hello"}),
    ({"url": "/redirect", "follow_redirects": False}, {"status": 302, "final_url": "/redirect"}),
    ({"url": "/big", "max_response_bytes": 10}, {"body": "x" * 10, "truncated": True}),
    ({"url": "/echo", "method": "POST", "body": "é"}, {"body": "é"}),
])  # fmt: skip
async def test_options(site: str, ctx: HandlerContext, options: dict[str, Any], expected: dict[str, Any]) -> None:
    result = await http_fetch.http_fetch({**options, "url": site + options["url"]}, ctx)
    for name, value in expected.items():
        assert result[name] == (site + value if name == "final_url" else value)


async def test_headers_are_sent(site: str, ctx: HandlerContext) -> None:
    result = await http_fetch.http_fetch({"url": f"{site}/headers", "headers": {"X-Test": "1"}}, ctx)
    assert json.loads(result["body"])["x-test"] == "1"


@pytest.mark.parametrize("url", ["ftp://x/y", "nonsense", "http://"])
async def test_what_is_no_url_fails_for_good(url: str, ctx: HandlerContext) -> None:
    with pytest.raises(TerminalFailure) as caught:
        await http_fetch.http_fetch({"url": url}, ctx)
    assert caught.value.code == "INVALID_URL"


async def test_redirects_without_end_fail_for_good(site: str, ctx: HandlerContext) -> None:
    with pytest.raises(TerminalFailure):
        await http_fetch.http_fetch({"url": f"{site}/loop"}, ctx)


async def test_what_the_network_does_is_retried(ctx: HandlerContext) -> None:
    with pytest.raises(Exception) as caught:
        await http_fetch.http_fetch({"url": "http://127.0.0.1:1/"}, ctx)
    assert not isinstance(caught.value, TerminalFailure)


# Searching.


def test_the_results_of_a_page() -> None:
    assert parse_results(page("results")) == [
        Result("The First & best result", "https://first.example/path?x=1&y=2", "A snippet with bold words in it."),
        Result("Plain link", "https://second.example/", ""),
        Result("Relative", "https://html.duckduckgo.com/about", "Snippet in a div."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        page("nothing"),
        "",
        "<html>",
        "<a class='result__a'",
        "<a class=result__a href=x></a>",
        "<div class='result__snippet'>lost</div>",
    ],
)
def test_pages_without_results(text: str) -> None:
    assert parse_results(text) == []


@pytest.mark.parametrize(("href", "expected"), [
    ("//duckduckgo.com/l/?uddg=https%3A%2F%2Fa.example%2F%3Fq%3D1&rut=abc", "https://a.example/?q=1"),
    ("https://b.example/", "https://b.example/"),
    ("/about", "https://html.duckduckgo.com/about"),
    ("", ""),
])  # fmt: skip
def test_where_a_hit_leads(href: str, expected: str) -> None:
    assert real_url(href) == expected


async def test_a_search(site: str, ctx: HandlerContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLES_WEB_SEARCH_ENDPOINT", f"{site}/search")
    found = await web_search.web_search({"query": "anything", "max_results": 2}, ctx)
    assert problem(web_search.OUTPUT_SCHEMA, found) is None
    assert [hit["title"] for hit in found["results"]] == ["The First & best result", "Plain link"]
    assert (await web_search.web_search({"query": "anything", "region": "de-de"}, ctx))["results"] == []
    with pytest.raises(TerminalFailure) as caught:
        await web_search.web_search({"query": "too much"}, ctx)
    assert caught.value.code == "RATE_LIMITED"
    with pytest.raises(RuntimeError):
        await web_search.web_search({"query": "broken"}, ctx)


# As programs.


def test_a_token_may_come_from_a_file_that_changes(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("one\n")
    source = token_source({"BIGBRAIN_TOKEN_FILE": str(path), "BIGBRAIN_TOKEN": "other"})
    assert source() == "one"
    path.write_text("two")
    assert source() == "two"
    assert token_source({"BIGBRAIN_TOKEN": "t"})() == "t"


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("BIGBRAIN_GATEWAY_URL", raising=False)
    assert main(http_fetch.CAPABILITY, http_fetch.http_fetch, {}, {}) == 2
    assert "BIGBRAIN_GATEWAY_URL" in capsys.readouterr().err
    with pytest.raises(KeyError):
        neuron_from({"BIGBRAIN_GATEWAY_URL": "u"}, http_fetch.CAPABILITY, http_fetch.http_fetch, {}, {})


@pytest.mark.parametrize(("module", "task"), [
    ("http_fetch", {"type": "examples/http.fetch", "input": {"url": "{site}/hello"}}),
    ("web_search", {"type": "examples/web.search", "input": {"query": "anything"}}),
])  # fmt: skip
def test_each_runs_as_a_program(module: str, task: dict[str, Any], site: str) -> None:
    with Sandbox("neuron", verify=True) as sandbox:
        settings = {
            "BIGBRAIN_GATEWAY_URL": sandbox.url,
            "BIGBRAIN_NEURON_ID": "example",
            "BIGBRAIN_TOKEN": "t",
            "EXAMPLES_WEB_SEARCH_ENDPOINT": f"{site}/search",
        }
        program = subprocess.Popen(
            [sys.executable, "-m", f"holokai_neuron_sdk.examples.{module}"],
            env={**os.environ, **settings},
            stderr=subprocess.DEVNULL,
        )
        body = json.loads(json.dumps(task).replace("{site}", site))
        created = sandbox.call(sandbox.rules.new_task, body)
        assert sandbox.wait_for(lambda: created.state == "done", 15), created.to_json()
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0


def test_the_demo_tells_what_happened() -> None:
    with Sandbox("neuron") as sandbox:
        lines = list(demo(sandbox.url))
    assert lines[-1] == 'result: {"echo": {"hello": "world"}}'
    assert any("leased" in line for line in lines)
