"""Server-sent events from a sandbox: framing, replay, heartbeats, farewells, slow readers."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from wirewright.sandbox import Call, Event, Events, Lagged, ManualClock, Rules, Sandbox, Topic, rule
from wirewright.sandbox.render import event_bytes


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Event("note", {"a": 1}, "7"), 'event: note\nid: 7\ndata: {"a":1}\n\n'),
        (("note", [1, None]), "event: note\ndata: [1,null]\n\n"),
        ((None, "a\nb"), 'data: "a\\nb"\n\n'),
        ((None, "\u2028é"), 'data: "\\u2028\\u00e9"\n\n'),
        (Event(data="two\nlines", raw=True), "data: two\ndata: lines\n\n"),
        (Event(comment="still here"), ": still here\n\n"),
        (Event(retry=500), "retry: 500\n\n"),
        (b"broken: on purpose", "broken: on purpose"),
    ],
)
def test_an_event_is_framed_on_ascii_lines(event: Any, text: str) -> None:
    assert event_bytes(event) == text.encode()


async def lines(response: httpx.Response, count: int) -> list[str]:
    found: list[str] = []
    async for line in response.aiter_lines():
        found.append(line)
        if len(found) == count:
            break
    return found


async def test_missed_events_are_replayed_then_live_ones_follow(spec: dict[str, Any], rules: type[Rules]) -> None:
    async with Sandbox.from_spec(spec, rules=rules) as sandbox, httpx.AsyncClient(base_url=sandbox.url) as client:
        for text in "abc":
            await client.put(f"/notes/{text}", json={"text": text})
        async with client.stream("GET", "/watch", headers={"last-event-id": "1"}) as response:
            await client.put("/notes/d", json={"text": "d"})
            found = await lines(response, 12)
    assert [line for line in found if line.startswith("id:")] == ["id: 2", "id: 3", "id: 4"]


async def test_silence_is_filled_by_the_sandboxs_clock(
    spec: dict[str, Any], rules: type[Rules], clock: ManualClock
) -> None:
    async with Sandbox.from_spec(spec, rules=rules, clock=clock, heartbeat=10.0) as sandbox:  # noqa: SIM117
        async with httpx.AsyncClient(base_url=sandbox.url) as client, client.stream("GET", "/watch") as response:
            while not clock.sleepers:  # noqa: ASYNC110
                await asyncio.sleep(0)
            clock.advance(10)
            assert await lines(response, 2) == [": keepalive", ""]


async def test_a_stopping_sandbox_says_goodbye(spec: dict[str, Any], rules: type[Rules]) -> None:
    sandbox = Sandbox.from_spec(spec, rules=rules)
    async with httpx.AsyncClient() as client:
        await sandbox.start()
        async with client.stream("GET", sandbox.url + "/watch") as response:
            stopping = asyncio.create_task(sandbox.stop())
            assert [line async for line in response.aiter_lines()] == ["event: bye", "data: {}", ""]
            await stopping


async def test_a_client_that_leaves_frees_its_place(spec: dict[str, Any], rules: type[Rules]) -> None:
    async with Sandbox.from_spec(spec, rules=rules) as sandbox:
        async with httpx.AsyncClient(base_url=sandbox.url) as client, client.stream("GET", "/watch"):
            assert sandbox.rules.changes.followers == 1
        async with asyncio.timeout(2):
            while sandbox.rules.changes.followers:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


async def test_a_topic_replays_by_id_by_predicate_or_wholly() -> None:
    topic = Topic(keep=3)
    for number in range(5):
        topic.publish("n", number)
    topic.close()
    assert len(topic) == 3

    async def read(**how: Any) -> list[Any]:
        return [event.data async for event in topic.follow(**how)]

    assert await read() == []
    assert await read(replay=True) == [2, 3, 4]
    assert await read(after="4") == [4]
    assert await read(after="1") == [2, 3, 4]  # not held any more: all that is
    assert await read(start=lambda event: event.data >= 3) == [3, 4]
    assert await read(replay=True, where=lambda event: event.data % 2 == 0) == [2, 4]


async def test_a_reader_that_falls_behind_is_cut_off_after_what_it_was_given() -> None:
    topic = Topic(backlog=2)
    reader = topic.follow()
    for number in range(3):
        topic.publish("n", number)
    assert [(await anext(reader)).data for _ in range(2)] == [0, 1]
    with pytest.raises(Lagged):
        await anext(reader)
    assert topic.followers == 0


def test_background_work_and_heartbeats_that_fail_are_told(
    spec: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    def failing() -> Event:
        raise ZeroDivisionError

    class Failing(Rules):
        async def start(self) -> None:
            self.after(0, failing)
            self.changes = self.topic()

        @rule("watch_notes")
        def watch(self, call: Call) -> Events:
            return Events(self.changes.follow(), heartbeat=0.001, heartbeat_event=failing)

    with Sandbox.from_spec(spec, rules=Failing) as sandbox:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(sandbox.url + "/watch")
        assert sandbox.requests[-1].answer_problems[0].message == "ZeroDivisionError: "
    assert [record.message for record in caplog.records] == [
        "background work of the sandbox failed",
        "the rule of watch_notes failed",
    ]


def test_events_are_held_to_the_spec_when_verifying(spec: dict[str, Any], rules: type[Rules]) -> None:
    with Sandbox.from_spec(spec, rules=rules) as sandbox, httpx.Client(base_url=sandbox.url) as client:
        sandbox.app.conduct = type(sandbox.app.conduct)(verify=True)
        sandbox.call(sandbox.rules.changes.publish, "note", {"text": 5})
        sandbox.call(sandbox.rules.changes.publish, "odd", {})
        with client.stream("GET", "/watch", headers={"last-event-id": "0"}) as response:
            iterator = response.iter_lines()
            for _ in range(8):
                next(iterator)
        places = [problem.message for problem in sandbox.requests[-1].answer_problems]
    assert places == ['5 is not of type "string"', "'odd' is not a documented event (note, bye)"]
