"""What every method asks for, against what the originals asked for (`wire_*.json`), and where it really goes."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from symbiont import AsyncClient, Client

HERE = Path(__file__).parent
RECORDS = [
    pytest.param(version, entry, id=f"{version} {entry['area']}.{entry['method']} {number}")
    for version in ("1_10", "1_16")
    for number, entry in enumerate(json.loads((HERE / f"wire_{version}.json").read_text()))
]
MOVED = {  # protocol sheet §7, rows 2 and 3; §17
    ("1_10", "get_agent_status"): "agents/a/status",
    ("1_10", "execute_workflow"): "workflows/execute",
    ("1_10", "delete_agent"): "agents/a",
}


def table_entry(calls: Any, version: str, entry: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments of the recorded call: those of the same turn among the calls of that name."""
    lines = json.loads((HERE / f"wire_{version}.json").read_text())
    same = [line for line in lines if (line["area"], line["method"]) == (entry["area"], entry["method"])]
    turn = same.index(entry)
    found = [(args, kwargs) for name, args, kwargs in calls.AREAS[entry["area"]] if name == entry["method"]]
    return found[turn]


@pytest.mark.parametrize(("version", "entry"), RECORDS)
@pytest.mark.promise("Symbiont: test doubles that fit SDK 1.10 and 1.16 fit here")
def test_a_replaced_request_is_asked_as_the_originals_ask_it(
    version: str, entry: dict[str, Any], calls: Any, record: Any
) -> None:
    args, kwargs = table_entry(calls, version, entry)
    module = calls.MODULES.get(entry["area"], "symbiont")
    parent = MagicMock()
    parent._request.side_effect = StopIteration
    if entry["area"] == "client":
        target: Any = Client(api_key="k")
        target._request = parent._request
    else:
        home, _, kind = calls.SUB_CLIENTS[entry["area"]].partition(":")
        target = getattr(importlib.import_module(home), kind)(parent)

    with pytest.raises(StopIteration):
        getattr(target, entry["method"])(*[record.revived(arg, module) for arg in args], **kwargs)

    method, endpoint, keywords = entry["asked"]
    endpoint = MOVED.get((version, entry["method"]), endpoint)
    [call] = parent._request.call_args_list
    assert (list(call.args), call.kwargs) == ([method, endpoint], keywords)


@pytest.mark.parametrize(("version", "entry"), RECORDS)
async def test_both_clients_send_the_same_below_the_base_url(
    version: str,
    entry: dict[str, Any],
    calls: Any,
    record: Any,
    runtime: Any,
    client: Client,
    async_client: AsyncClient,
) -> None:
    args, kwargs = table_entry(calls, version, entry)
    module = calls.MODULES.get(entry["area"], "symbiont")
    values = [record.revived(arg, module) for arg in args]
    runtime.answers((500, b""))

    for face in (client, async_client):
        target = face if entry["area"] == "client" else getattr(face, entry["area"])
        with pytest.raises(Exception, match="500"):
            done = getattr(target, entry["method"])(*values, **kwargs)
            await done  # type: ignore[misc]

    method, endpoint, keywords = entry["asked"]
    endpoint = MOVED.get((version, entry["method"]), endpoint).lstrip("/").removeprefix("api/v1/")
    first, second = runtime.requests
    for sent in (first, second):
        assert (sent.method, sent.target.partition("?")[0]) == (method, f"/api/v1/{endpoint}")
        assert sent.headers["authorization"] == "Bearer sandbox-token"
        assert (json.loads(sent.content) if sent.content else None) == keywords.get("json")
    assert first.target == second.target
    if keywords.get("params"):
        assert first.target.partition("?")[2].count("=") >= len(keywords["params"])


def test_every_method_of_the_originals_is_recorded(calls: Any) -> None:
    recorded = {(p.values[1]["area"], p.values[1]["method"]) for p in RECORDS}  # type: ignore[index]

    assert recorded == {(area, line[0]) for area, table in calls.AREAS.items() for line in table}


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("http://h:8080/api/v1", "http://h:8080/api/v1/agents"),
        ("http://h:8080/api/v1/", "http://h:8080/api/v1/agents"),
        ("https://gate.example/symbiont/api/v1", "https://gate.example/symbiont/api/v1/agents"),
        ("https://gate.example/agents-api", "https://gate.example/agents-api/agents"),
    ],
)
def test_paths_go_below_the_base_url(base_url: str, url: str, make: Callable[..., Client], runtime: Any) -> None:
    runtime.answers([])

    make(base_url=base_url).list_agents()

    assert runtime.last.url == url


def test_what_is_no_api_is_found_beside_it(make: Callable[..., Client], runtime: Any) -> None:
    runtime.answers((200, b"# Agents"))

    assert make(base_url="https://gate.example/symbiont/api/v1").get_agents_md() == "# Agents"
    assert runtime.last.url == "https://gate.example/symbiont/agents.md"


def test_a_value_in_a_path_stays_one_segment(client: Client, runtime: Any) -> None:
    client.delete_secret("a/b", "ü ?")

    assert runtime.asked == ["DELETE /api/v1/secrets/a%2Fb/%C3%BC%20%3F"]


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_value_that_would_reach_another_resource_is_refused(value: str, client: Client, runtime: Any) -> None:
    with pytest.raises(ValueError):
        client.delete_agent(value)

    assert runtime.requests == []


def test_an_agent_of_the_list_stands_for_its_id(client: Client, runtime: Any) -> None:
    agent = {"id": "6f1c", "name": "reporter", "state": "Running"}

    client.delete_agent(agent)

    assert runtime.asked == ["DELETE /api/v1/agents/6f1c"]
