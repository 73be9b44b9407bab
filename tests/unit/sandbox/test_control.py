"""The control surface, the same for every protocol."""

from __future__ import annotations

import json

import httpx
import pytest
from wirewright.sandbox import Sandbox


def test_it_says_what_it_is(client: httpx.Client) -> None:
    about = client.get("/_sandbox").json()
    assert about["title"] == "Notes"
    assert about["from_spec"] == ["list_notes"]
    assert "write_note" in about["rules"]
    assert about["controls"] == ["POST /_sandbox/notes/{name}/star"]


def test_state_can_be_seen_and_made_fresh(client: httpx.Client, sandbox: Sandbox) -> None:
    client.put("/notes/a", json={"text": "x"})
    old = sandbox.rules
    assert client.get("/_sandbox/state").json() == {"notes": {"a": {"text": "x"}}}
    assert client.post("/_sandbox/reset").json() == {"reset": True}
    assert client.get("/_sandbox/state").json() == {"notes": {}}
    assert old.ended
    assert len(sandbox.requests) == 0
    sandbox.reset()
    assert sandbox.rules is not old


def test_a_reset_ends_the_streams_of_the_old_state(client: httpx.Client) -> None:
    with client.stream("GET", "/watch") as stream:
        httpx.post(str(client.base_url) + "/_sandbox/reset")
        assert list(stream.iter_lines()) == []


def test_faults_can_be_added_listed_and_cleared(client: httpx.Client) -> None:
    assert client.get("/_sandbox/faults").json()["faults"] == []
    client.post("/_sandbox/faults", json={"chaos": "status=503x1"})
    client.post("/_sandbox/faults", json={"faults": [{"kind": "html", "times": 1, "only": "PUT"}], "seed": 5})
    assert client.get("/notes").status_code == 503
    assert client.put("/notes/a", json={"text": "x"}).status_code == 502
    after = client.get("/_sandbox/faults").json()
    assert (after["faults"], after["seed"], len(after["decided"])) == ([], 5, 2)
    client.post("/_sandbox/faults", json={"chaos": "drop"})
    assert client.delete("/_sandbox/faults").json()["faults"] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"chaos": "nonsense"}, "'nonsense' is not one of"),
        ({"faults": [{"kind": "status"}]}, "status needs a value"),
        ({"faults": [{"kind": "reset", "often": 1}]}, "unknown field `often`"),
        ({"faults": [{"kind": "reset", "times": -1}]}, "at `$.times`"),
        ({}, "send {"),
        ([], "send {"),
    ],
)
def test_a_wrong_fault_is_explained_and_changes_nothing(client: httpx.Client, body: object, said: str) -> None:
    answer = client.post("/_sandbox/faults", json=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert client.get("/_sandbox/faults").json()["faults"] == []


def test_requests_are_on_record_with_verdicts_and_without_secrets(client: httpx.Client, sandbox: Sandbox) -> None:
    client.put("/notes/a", json={"text": "x"}, headers={"authorization": "Bearer s3cret"})
    client.put("/notes/a", json={})
    client.get("/lost")
    listed = client.get("/_sandbox/requests").json()
    assert listed["total"] == 3
    first, second, third = listed["requests"]
    assert (first["operation"], first["status"], first["answered_by"], first["kept"]) == (
        "write_note",
        201,
        "rule",
        True,
    )
    assert (first["body"], first["answer_body"]) == ('{"text":"x"}', '{"text":"x"}')
    assert "s3cret" not in str(listed)
    assert sandbox.requests[0].header("Authorization") == "Bearer s3cret"
    assert sandbox.requests[0].json() == {"text": "x"}
    assert second["request_problems"][0]["place"] == "body"
    assert third["request_problems"][0]["kind"] == "unknown_operation"
    assert [exchange.number for exchange in sandbox.requests.broken()] == [2, 3]


@pytest.mark.promise("Credentials are never shown: not in a repr, an error or a log")
def test_a_record_shows_no_secret_wherever_it_was_sent(client: httpx.Client, sandbox: Sandbox) -> None:
    client.put(
        "/notes/a?access_token=s3cret-1&mood=good",
        json={"text": "x", "password": "s3cret-2", "secrets": {"DATABASE": "s3cret-3", "list": ["s3cret-4"]}},
        headers={"x-api-key": "s3cret-5", "cookie": "session=s3cret-6", "x-auth-token": "s3cret-7"},
    )
    shown = (
        json.dumps(client.get("/_sandbox/requests").json()) + repr(sandbox.requests[0]) + str(list(sandbox.requests))
    )

    assert "s3cret" not in shown
    assert "mood=good" in shown
    assert "s3cret-1" in sandbox.requests[0].target
    assert b"s3cret-3" in sandbox.requests[0].body


def test_records_can_be_narrowed_and_forgotten(client: httpx.Client, sandbox: Sandbox) -> None:
    for _ in range(3):
        client.get("/notes")
    client.put("/notes/a", json={})

    def numbers(query: str) -> list[int]:
        return [entry["number"] for entry in client.get("/_sandbox/requests?" + query).json()["requests"]]

    assert numbers("after=1") == [2, 3, 4]
    assert numbers("limit=2") == [3, 4]
    assert numbers("operation=list_notes") == [1, 2, 3]
    assert numbers("broken=1") == [4]
    assert [exchange.number for exchange in sandbox.requests.of("write_note")] == [4]
    client.delete("/_sandbox/requests")
    assert numbers("") == []
    assert client.get("/_sandbox/requests?limit=many").status_code == 400


def test_a_protocol_adds_routes_of_its_own(client: httpx.Client) -> None:
    client.put("/notes/a%20b", json={"text": "x"})
    assert client.post("/_sandbox/notes/a%20b/star", json={"stars": 5}).json() == {"text": "x", "stars": 5}
    assert client.get("/_sandbox/notes/a/star").status_code == 405
    assert client.get("/_sandbox/nothing").status_code == 404
    assert client.put("/_sandbox/state").headers["allow"] == "GET"


def test_control_calls_are_neither_recorded_nor_struck_by_faults(client: httpx.Client, sandbox: Sandbox) -> None:
    sandbox.faults.add("drop")
    assert client.get("/_sandbox/state").status_code == 200
    assert len(sandbox.requests) == 0


def test_requests_can_be_followed_as_they_happen(client: httpx.Client, sandbox: Sandbox) -> None:
    with client.stream("GET", "/_sandbox/requests/live") as live:
        httpx.get(sandbox.url + "/notes?limit=0")
        lines = live.iter_lines()
        assert [next(lines), next(lines)] == ["event: exchange", "id: 1"]
        seen = json.loads(next(lines).removeprefix("data: "))
    assert (seen["operation"], seen["status"], seen["kept"]) == ("list_notes", 400, False)


def test_the_document_that_is_served_can_be_had(client: httpx.Client, sandbox: Sandbox) -> None:
    assert client.get("/_sandbox/document").json() == sandbox.document.raw


def test_only_the_last_exchanges_are_kept(sandbox: Sandbox) -> None:
    with Sandbox(document=sandbox.document, keep=2) as small:
        for _ in range(3):
            httpx.get(small.url + "/notes")
        assert [exchange.number for exchange in small.requests] == [2, 3]
        assert small.requests.total == 3
