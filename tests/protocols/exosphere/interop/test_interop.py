"""The original SDK, unchanged, against our state manager; and what it sends beside what ours sends.

Run with `nox -s interop`. The first run installs the original into an environment of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import peers
import pytest
from wirewright.sandbox import Sandbox

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent

ID = re.compile(r"\b[0-9a-f]{24}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


@pytest.fixture(scope="module")
def original() -> Path:
    try:
        python: Path = peers.python_of("exospherehost==0.0.3", at_least=(3, 12))
    except peers.NoPeerError as error:
        pytest.skip(str(error))
    return python


def play(python: Path | str, **options: Any) -> tuple[str, list[Any]]:
    """What the program printed, and every request it made of the SDK's."""
    with Sandbox("exosphere", verify=True, keep=10_000, **options) as sandbox:
        done = subprocess.run(
            [str(python), str(HERE / "program.py"), sandbox.url, "sandbox-key"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        exchanges = [
            exchange
            for exchange in sandbox.requests
            if "Python-urllib" not in dict(exchange.headers).get("user-agent", "")
        ]
        return ID.sub("<id>", done.stdout), exchanges


@pytest.mark.parametrize("behaviour", ["fixed", "original"])
def test_the_original_works_unchanged(original: Path, behaviour: str) -> None:
    printed, exchanges = play(original, behaviour=behaviour)
    assert printed.endswith("['CREATED', 'CREATED'] ['SUCCESS', 'SUCCESS']\n")
    assert {exchange.operation for exchange in exchanges} == {
        "register_nodes",
        "enqueue_states",
        "get_state_secrets",
        "mark_state_executed",
        "mark_state_errored",
        "prune_state",
        "requeue_state_after",
        "upsert_graph",
        "get_graph",
        "trigger_graph",
    }
    assert [str(problem) for exchange in exchanges for problem in exchange.request_problems] == []


def wire(exchanges: list[Any]) -> dict[str, Counter[str]]:
    """By operation: method, path, the headers that mean something, the very bytes of the body; ids made equal."""
    found: dict[str, Counter[str]] = {}
    for exchange in exchanges:
        headers = {name.lower(): value for name, value in exchange.headers}
        meant = {name: headers.get(name) for name in ("x-api-key", "content-type", "accept")}
        shown = json.dumps([exchange.method, ID.sub("<id>", exchange.target), meant, exchange.body.decode()])
        found.setdefault(exchange.operation, Counter())[shown] += 1
    for polled in ("enqueue_states", "get_graph"):  # how often is a matter of time
        found[polled] = Counter(dict.fromkeys(found[polled], 1))
    return found


def test_ours_sends_what_the_original_sends(original: Path) -> None:
    theirs_printed, theirs = play(original)
    ours_printed, ours = play(sys.executable)
    assert wire(ours) == wire(theirs)
    assert ours_printed == theirs_printed
