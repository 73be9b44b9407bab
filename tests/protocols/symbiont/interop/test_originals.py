"""The original SDKs 1.10.0 and 1.16.0, unchanged, against our sandbox in profile `sdk`: every operation once.

Run with `nox -s interop`. The first run installs the originals into environments of their own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import peers
import pytest
import symbiont
from symbiont.testing.rules import SANDBOX_TOKEN
from wirewright.protocols import find_protocol
from wirewright.sandbox import Sandbox

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent

Steps = dict[str, dict[str, Any]]
# What the originals get by their own fault, or are meant to get.
REFUSED = {
    "schedules.get_unknown": "NotFoundError",
    "schedules.create_bad": "APIError",
    "wrong_token": "AuthenticationError",
}
REFUSED_FIRST = REFUSED | {"get_secret_gone": "NotFoundError", "add_knowledge_item": "TypeError"}


def original(version: str) -> str:
    try:
        return str(peers.python_of(f"symbiont-sdk=={version}"))
    except peers.NoPeerError as error:
        pytest.skip(str(error))


def play(python: str, version: str, sandbox_version: str) -> tuple[Steps, set[str]]:
    """What came of every step, and the operations that were reached."""
    with Sandbox("symbiont", sandbox_version, verify=True, waiting=0.0) as sandbox:
        command = [python, str(HERE / "program.py"), sandbox.url, SANDBOX_TOKEN, version]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        told = json.loads(done.stdout.splitlines()[-1])
        assert told["version"] == (symbiont.__version__ if python == sys.executable else version)
        broken = [str(exchange) for exchange in sandbox.requests if exchange.request_problems]
        assert not broken
        return told["steps"], {exchange.operation or "" for exchange in sandbox.requests}


@pytest.fixture(scope="module", params=["1.10", "1.16"])
def first(request: pytest.FixtureRequest) -> tuple[Steps, set[str]]:
    """SDK 1.10.0 against both versions of the sandbox."""
    return play(original("1.10.0"), "1.10.0", request.param)


@pytest.fixture(scope="module")
def latest() -> tuple[Steps, set[str]]:
    return play(original("1.16.0"), "1.16.0", "1.16")


def refusals(steps: Steps) -> dict[str, str]:
    return {name: said["error"] for name, said in steps.items() if "error" in said}


def test_sdk_1_10_works_unchanged(first: tuple[Steps, set[str]]) -> None:
    assert refusals(first[0]) == REFUSED_FIRST


def test_sdk_1_10_reaches_every_operation_that_only_it_knows(first: tuple[Steps, set[str]]) -> None:
    document = find_protocol("symbiont").document("1.10")
    known = {operation.id for operation in document.operations if operation.declared["x-authority"] == "sdk"}
    assert known - first[1] == {"add_knowledge_item"}  # its own JSON encoder refuses the date


def test_sdk_1_10_reads_what_the_sandbox_means(first: tuple[Steps, set[str]]) -> None:
    steps = first[0]
    assert steps["get_agent_status"]["ok"]["state"] in {"idle", "active"}
    assert steps["get_metrics"]["ok"]["total_agents"] == 2
    assert steps["wait_for_review_completion"]["ok"]["status"] == "approved"
    assert steps["get_signed_tool"]["ok"]["signature_algorithm"] == "ES256"
    assert steps["get_vectors"]["ok"][0]["id"] == 7
    assert steps["trigger_webhook"]["ok"]["agent_id"] == "b"
    assert steps["evaluate_communication"]["ok"]["allowed"] is True
    assert steps["reasoning.evaluate_cedar_policy"]["ok"]["decision"] == "deny"
    loop = steps["reasoning.run_loop"]["ok"]["result"]
    assert loop["iterations"] == 2
    assert "[Policy denied] forbidden by no-writing" in loop["output"]
    assert [entry["sequence"] for entry in steps["reasoning.get_journal_entries"]["ok"]] == [2, 3, 4]


def test_sdk_1_16_works_unchanged(latest: tuple[Steps, set[str]]) -> None:
    assert refusals(latest[0]) == REFUSED


def test_sdk_1_16_reads_what_the_sandbox_means(latest: tuple[Steps, set[str]]) -> None:
    steps = latest[0]
    assert steps["get_status"]["ok"]["agent_count"] == 3  # two of its own, and the workflow's
    assert steps["get_message_status"]["ok"]["status"] == "delivered"
    assert [message["payload"] for message in steps["receive_messages"]["ok"]["messages"]] == ["hello"]
    assert steps["execute_agent"]["ok"]["status"] == "execution_started"
    assert len(latest[1]) == 37


# The same program with our SDK in the original's place ---------------------------------------------------------------


def test_a_program_for_sdk_1_10_is_answered_alike_by_ours(first: tuple[Steps, set[str]]) -> None:
    # the runtime's own route in place of one that no runtime has; what the original cannot send
    assert different(first[0], "1.10.0") == {"execute_workflow", "add_knowledge_item"}


def test_a_program_for_sdk_1_16_is_answered_alike_by_ours(latest: tuple[Steps, set[str]]) -> None:
    assert different(latest[0], "1.16.0") == set()


def different(theirs: Steps, version: str) -> set[str]:
    """The steps to which ours has another answer."""
    ours, _ = play(sys.executable, version, "1.16")
    assert ours.keys() == theirs.keys()
    return {name for name, said in theirs.items() if not holds(ours[name], said)}


def holds(own: Any, original: Any) -> bool:
    """Whether there is everything that the original has, of the same types; the errors are the same."""
    if isinstance(original, dict):
        return isinstance(own, dict) and all(
            name in own and (own[name] == value if name == "error" else holds(own[name], value))
            for name, value in original.items()
        )
    if isinstance(original, list):
        return isinstance(own, list) and len(own) == len(original) and all(map(holds, own, original))
    return type(own) is type(original)
