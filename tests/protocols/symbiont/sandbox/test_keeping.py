"""`--data`: a sandbox that is started again knows what it knew."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from symbiont import Client, LoopConfig, RunReasoningLoopRequest
from symbiont.channels import RegisterChannelRequest
from symbiont.reasoning import CedarPolicy
from symbiont.schedules import CreateScheduleRequest
from symbiont.testing.rules import KEPT, SANDBOX_TOKEN
from wirewright.sandbox import ManualClock, Sandbox

OPTIONS = {
    "profile", "token_text", "expired", "doors", "bucket", "http_input_port", "port", "started", "docs", "pace",
    "list_ids", "durable", "verifier", "tool_folder", "tools", "input", "keeper",
}  # fmt: skip
POINT = {"id": 1, "vector": [0.1, 0.2], "payload": {"a": 1}}
MEMORY = {"content": {"text": "tea"}, "memory_type": "fact", "memory_level": "short_term", "agent_id": "a"}

Start = Callable[[], tuple[Sandbox, Client]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Stops the sandbox that runs and starts another with the same file."""
    running: list[Sandbox] = []
    clock = ManualClock()

    def run() -> tuple[Sandbox, Client]:
        while running:
            running.pop().__exit__(None, None, None)
        sandbox = Sandbox("symbiont", data=tmp_path / "state", clock=clock, seed=7, waiting=0.0).__enter__()
        running.append(sandbox)
        return sandbox, Client(api_key=SANDBOX_TOKEN, base_url=f"{sandbox.url}/api/v1")

    yield run
    while running:
        running.pop().__exit__(None, None, None)


def fill(client: Client) -> dict[str, str]:
    """Some of everything."""
    agent, other = (client.create_agent({"name": name, "dsl": "agent a { }"})["id"] for name in ("reporter", "reader"))
    job = client.schedules.create_schedule(CreateScheduleRequest("nightly", "0 30 6 * * *", "reporter", "Europe/Paris"))
    client.schedules.trigger_schedule(job.job_id)
    client.channels.register_channel(RegisterChannelRequest("support", "slack", {"k": 1}))
    message = client.send_message(agent, sender=other, payload="hello")["message_id"]
    client.get_message_status(message)
    client.reasoning.add_cedar_policy("a", CedarPolicy(name="p", source="permit(principal, action, resource);"))
    asked = RunReasoningLoopRequest(config=LoopConfig(), initial_message='use echo {"text": "hi"}')
    loop = client.reasoning.run_loop("a", asked).loop_id
    client.store_secret({"agent_id": "a", "secret_name": "n", "secret_value": "v"})
    client.create_vector_collection({"name": "docs", "vector_size": 2})
    client.add_vectors({"collection_name": "docs", "points": [POINT]})
    client.add_memory(MEMORY)
    client.add_communication_rule({"from_agent": "a", "to_agent": "*", "action": "allow"})
    tool = {"name": "t", "description": "d", "schema": {"type": "object", "properties": {}}, "provider": {"name": "p"}}
    review = client.submit_tool_for_review({"tool": tool, "submitted_by": "ada"}).review_id
    return {"agent": agent, "job": job.job_id, "message": message, "loop": loop, "review": review}


def seen(client: Client, names: dict[str, str]) -> dict[str, Any]:
    return {
        "agents": client.list_agents(),
        "history": client.get_agent_history(names["agent"]),
        "job": client.schedules.get_schedule(names["job"]),
        "runs": client.schedules.get_schedule_history(names["job"]),
        "channels": client.channels.list_channels(),
        "message": client.get_message_status(names["message"]),
        "loop": client.reasoning.get_loop_status("a", names["loop"]),
        "journal": client.reasoning.get_journal_entries("a"),
        "policies": client.reasoning.list_cedar_policies("a"),
        "diagnostics": client.reasoning.get_loop_diagnostics("a", names["loop"]),
        "secret": client.get_secret("a", "n"),
        "vectors": client.get_vectors("docs", [1]),
        "memories": client.list_agent_memories("a"),
        "rules": client.list_communication_rules(),
        "review": client.get_review_session(names["review"]),
    }


def test_a_sandbox_that_is_started_again_knows_what_it_knew(start: Start) -> None:
    _, client = start()
    names = fill(client)
    known = seen(client, names)

    _, client = start()

    assert seen(client, names) == known


def test_life_goes_on(start: Start) -> None:
    _, client = start()
    names = fill(client)

    _, client = start()

    made = client.create_agent({"name": "third", "dsl": "agent a { }"})["id"]
    assert made not in names.values()  # although the seed is the same
    assert [each["payload"] for each in client.receive_messages(names["agent"])["messages"]] == ["hello"]
    assert client.schedules.trigger_schedule(names["job"]).status == "triggered"
    asked = RunReasoningLoopRequest(config=LoopConfig(), initial_message="again")
    before = client.reasoning.get_journal_entries("a")[-1].sequence
    assert client.reasoning.run_loop("a", asked).journal_entries[0].sequence == before + 1


def test_a_reset_forgets_it(start: Start) -> None:
    sandbox, client = start()
    fill(client)
    sandbox.reset()

    assert client.list_agents() == []
    _, client = start()
    assert client.list_agents() == []


def test_what_was_killed_is_a_moment_behind_at_most(tmp_path: Path) -> None:
    kept = tmp_path / "state"
    code = (
        "import sys; from wirewright.sandbox import Sandbox\n"
        f"with Sandbox('symbiont', data={str(kept)!r}) as s:\n    print(s.url, flush=True)\n    sys.stdin.read()"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    client = Client(api_key=SANDBOX_TOKEN, base_url=f"{process.stdout.readline().strip()}/api/v1")
    agent = client.create_agent({"name": "reporter", "dsl": "agent a { }"})["id"]
    while not kept.exists():
        client.health_check()
    process.kill()
    process.communicate()

    with Sandbox("symbiont", data=kept) as again:
        client = Client(api_key=SANDBOX_TOKEN, base_url=f"{again.url}/api/v1")
        assert [each["id"] for each in client.list_agents()] == [agent]
    assert kept.stat().st_mode & 0o077 == 0  # secrets are in it


def test_everything_is_kept_but_what_options_say() -> None:
    with Sandbox("symbiont", serve=False) as sandbox:
        own = vars(sandbox.rules)

    base = {"document", "version", "data", "clock", "functions", "sockets", "controls", "runtime_routes"}
    assert {name for name in own if not name.startswith("_")} - base == {*KEPT, *OPTIONS}


class Evil:
    def __reduce__(self) -> Any:
        return subprocess.check_call, (["true"],)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"not a pickle", pickle.dumps({}), pickle.dumps({"agents": Evil()}), pickle.dumps(deque([Evil()])),
     pickle.dumps({"agents": re.compile("x")}), b"csymbiont.testing.rules\nPath\n.",
     b"csymbiont.testing.http_input\njson.codecs.builtins.open\n.", b"csymbiont.testing.nowhere\nX\n."],
    ids=range(10),
)  # fmt: skip
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    kept = tmp_path / "state"
    kept.write_bytes(content)

    with pytest.raises(ValueError, match="holds no state of this sandbox"), Sandbox("symbiont", data=kept):
        pass
    assert kept.read_bytes() == content


def test_it_is_a_file() -> None:
    with pytest.raises(ValueError, match="in a file"), Sandbox("symbiont", data="sqlite:///x"):
        pass
