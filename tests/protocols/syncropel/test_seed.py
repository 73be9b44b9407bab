"""The project page's own snippets, unchanged but for the endpoint, against the sandbox and against `MockKernel`.

Where the page itself is at hand its text is run; the copies of the quick starts below are run everywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from syncropel import Client, EmitResult, Identity, Ref, SyncropelKindError, validate_kind
from syncropel.testing import MockKernel
from wirewright.sandbox import Sandbox

PAGES = sorted((Path(__file__).parents[4] / "shared" / "seeds").glob("001_*.txt"))
ENDPOINT = 'endpoint="http://localhost:9100",'

QUICK_START = """
import asyncio
from syncropel import Client, Identity, Ref

async def main():
    async with Client(
        endpoint="http://localhost:9100",
        identity=Identity.static("did:example:me"),
    ) as c:
        result = await c.emit(
            act="PUT",
            kind="music.catalog.track",
            body={"title": "Glow"},
            refs=[Ref.music_track(isrc="USJI19810404")],
            thread="music.library",
        )
        print("emitted:", result.record_id)

        records = await c.query_thread("music.library")
        print(f"thread has {len(records)} record(s)")

asyncio.run(main())
"""

ADAPTER_TEST = """
from syncropel import Client, Identity, Ref
from syncropel.testing import MockKernel

async def test_my_adapter():
    server = MockKernel()
    client = Client(
        endpoint="http://mock",
        identity=Identity.static("did:test:me"),
        transport=server.transport(),
    )
    await my_adapter.import_library(client, tracks=fixtures)

    tracks = server.records_by_kind("music.catalog.track")
    assert len(tracks) == len(fixtures)
    for t in tracks:
        assert t["body"]["_refs"][0]["kind"] == "@music.track"
"""


def page() -> str:
    if not PAGES:
        pytest.skip("the project page is not at hand: there is no ../shared/seeds/001_*.txt")
    return PAGES[0].read_text()


def programs(text: str) -> list[str]:
    return re.findall(r"^import asyncio\nfrom syncropel.*?^asyncio\.run\(main\(\)\)$", text, re.DOTALL | re.MULTILINE)


def snippet(text: str, first: str, last: str) -> str:
    return text[text.index(first) : text.index(last, text.index(first)) + len(last)]


def run(program: str, **names: Any) -> str:
    """What a program prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program, "<page>", "exec"), names)
    return printed.getvalue()


def against_sandbox(program: str) -> str:
    with Sandbox("syncropel", verify=True) as kernel:
        return run(program.replace(ENDPOINT, f'endpoint="{kernel.url}",'))


def against_mock(program: str) -> str:
    return run(program.replace(ENDPOINT, 'endpoint="http://mock", transport=server.transport(),'), server=MockKernel())


@pytest.mark.parametrize("play", [against_sandbox, against_mock])
def test_the_quick_start(play: Any) -> None:
    assert re.fullmatch(r"emitted: [0-9a-f]{64}\nthread has 1 record\(s\)\n", play(QUICK_START))


@pytest.mark.parametrize("play", [against_sandbox, against_mock])
@pytest.mark.parametrize("number", [0, 1])
def test_the_programs_of_the_page(play: Any, number: int) -> None:
    found = programs(page())
    assert len(found) == 2
    assert all(ENDPOINT in program for program in found)
    assert re.match(r"(True|emitted:) [0-9a-f]{64}\n", play(found[number]))


class Adapter:
    """Somebody's own code."""

    async def import_library(self, client: Client, tracks: list[dict[str, str]]) -> None:
        for track in tracks:
            await client.emit(
                act="PUT",
                kind="music.catalog.track",
                body={"title": track["title"]},
                refs=[Ref.music_track(isrc=track["isrc"])],
                thread="music.library",
            )


TRACKS = [{"title": "Glow", "isrc": "USJI19810404"}, {"title": "Dusk", "isrc": "USJI19810405"}]


def adapter_test(program: str) -> None:
    names: dict[str, Any] = {"my_adapter": Adapter(), "fixtures": TRACKS}
    exec(compile(program, "<page>", "exec"), names)
    asyncio.run(names["test_my_adapter"]())


def test_the_test_of_an_adapter() -> None:
    adapter_test(ADAPTER_TEST)


def test_the_test_of_an_adapter_from_the_page() -> None:
    first = "from syncropel import Client, Identity, Ref\nfrom syncropel.testing import MockKernel"
    adapter_test(snippet(page(), first, '== "@music.track"'))


FAIL_OPEN = """result = await client.emit(act="PUT", kind="music.catalog.track", body={}, thread="t")
if not result.success:
    # Transient failure — log and keep going.
    log.warning("emit failed: %s (retried %d)", result.error, result.retried)"""


def test_the_page_shows_this_fail_open_snippet() -> None:
    assert FAIL_OPEN in page()


@pytest.mark.parametrize("broken", [False, True])
def test_the_fail_open_snippet(broken: bool, caplog: pytest.LogCaptureFixture) -> None:
    server = MockKernel()
    if broken:
        server.fail_next_post(3)
    body = "\n".join(f"    {line}" for line in FAIL_OPEN.splitlines())
    names: dict[str, Any] = {
        "client": Client(
            endpoint="http://mock", identity=Identity.static("did:test:me"), transport=server.transport(), backoff_ms=0
        ),
        "log": logging.getLogger("app"),
    }
    exec(f"async def handler():\n{body}\n", names)
    with caplog.at_level(logging.WARNING, logger="app"):
        asyncio.run(names["handler"]())
    expected = ["emit failed: ConnectError: mock-injected failure (retried 2)"] if broken else []
    assert [record.getMessage() for record in caplog.records if record.name == "app"] == expected


HOOK = """def on_emit(result: EmitResult) -> None:
    my_metrics.increment("syncropel.emit", tags={"success": result.success})

client = Client(..., on_emit=on_emit)"""


def test_the_page_shows_this_hook() -> None:
    assert HOOK in page()


def test_the_hook() -> None:
    counted: list[Any] = []

    class Metrics:
        def increment(self, name: str, tags: dict[str, bool]) -> None:
            counted.append((name, tags))

    given = 'endpoint="http://mock", identity=Identity.static("did:test:me"), transport=server.transport()'
    names: dict[str, Any] = {
        "EmitResult": EmitResult,
        "Client": Client,
        "Identity": Identity,
        "server": MockKernel(),
        "my_metrics": Metrics(),
    }
    exec(HOOK.replace("...", given), names)
    names["client"].emit_sync(act="PUT", kind="core.x", body={}, thread="t")
    assert counted == [("syncropel.emit", {"success": True})]


def test_the_table_of_kinds() -> None:
    rows = re.findall(r"^(\S+)\t([✓✗])", page(), re.MULTILINE) or re.findall(r"^(\S+) ([✓✗])", page(), re.MULTILINE)
    assert len(rows) == 7
    for kind, verdict in rows:
        if verdict == "✓":
            validate_kind(kind)
        else:
            with pytest.raises(SyncropelKindError):
                validate_kind(kind)


def test_the_table_of_methods() -> None:
    text = page()
    table = text[text.index("Method Purpose") : text.index("Constructor kwargs")]
    methods = re.findall(r"^(\w+)\(", table, re.MULTILINE)
    assert len(methods) == 13
    assert all(callable(getattr(Client, name)) for name in methods)


def test_the_table_of_references() -> None:
    text = page()
    names = re.findall(r"^Ref\.(\w+)\(", text, re.MULTILINE)
    assert len(names) == 11
    assert all(callable(getattr(Ref, name)) for name in names)
