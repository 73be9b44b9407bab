"""The original SDKs and their command line against our sandbox, and our requests against theirs recorded anew.

Needs the package index: each original is installed in an environment of its own (`nox -s interop`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import peers
import pytest
from wirewright.sandbox import ManualClock, Sandbox

pytestmark = pytest.mark.interop
HERE = Path(__file__).parent
ORIGINALS = {"0.12": ("sbn-sdk==0.12.21", "sqlalchemy"), "0.14": ("sbn-sdk==0.14.0",)}


@pytest.fixture(scope="module", params=ORIGINALS)
def original(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A protocol version, and a Python that has its original SDK."""
    version: str = request.param
    try:
        return version, str(peers.python_of(*ORIGINALS[version]))
    except peers.NoPeerError as error:
        pytest.skip(str(error))


def test_the_original_sends_what_was_recorded(original: tuple[str, str], tmp_path: Path) -> None:
    version, python = original
    file = tmp_path / "x.MD"
    file.write_text("The gate closes at nine.\n")

    out = subprocess.run([python, HERE / "wire.py", version, file], capture_output=True, text=True, check=True).stdout

    recorded = (HERE / f"wire_{version.replace('.', '_')}.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in out.splitlines()] == [json.loads(line) for line in recorded.splitlines()]


def test_the_originals_command_line_works_unchanged(
    original: tuple[str, str], command_lines: ModuleType, tmp_path: Path
) -> None:
    version, python = original
    with Sandbox("sbn", version, seed=1, clock=ManualClock(1767225600.0), verify=True) as sandbox:
        command = [python, HERE / "command_lines.py", version, sandbox.url, tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
    answers: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    refused = set(command_lines.ERRORS.strip().splitlines())
    wrong = [
        (answer["line"], answer["exit"], answer["raised"], answer["err"][-300:])
        for answer in answers
        if answer["line"] not in refused
        and (answer["raised"] or answer["exit"] != int(answer["line"].startswith("ops")))
    ]
    assert len(answers) == len(command_lines.lines(version))
    assert wrong == []


def test_every_call_of_the_original_is_answered(
    original: tuple[str, str], wire: ModuleType, furnish: Callable[[Sandbox], None], tmp_path: Path
) -> None:
    version, python = original
    file = tmp_path / "x.MD"
    file.write_text("One is one.")
    with Sandbox("sbn", version, verify=True) as sandbox:
        furnish(sandbox)
        command = [python, HERE / "wire.py", version, sandbox.url, file]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    answers = [json.loads(line) for line in out.splitlines()]
    refused = Counter((answer["call"], answer["outcome"]) for answer in answers if answer["outcome"] != "ok")
    assert refused == wire.REFUSED[version]


SESSION = """
import sys
from sbn import SbnClient
client = SbnClient(base_url=sys.argv[1])
client.authenticate_api_key("sbn_live_abc123")
client.set_tenant("tower-agents")
with client.open_slot(worker_id="w", task_type="t", domain="d", metadata={"a": 1}) as stream:
    stream.pulse("one", score=0.9, actions=[{"action": "one"}], events={"friendly": 1}, metadata={"m": 1})
    stream.action("two", score=0.5)
    stream.interaction(score=0.3)
    anchor = stream.seal()
final = stream.finalize(request_attestation=True, snap_hash=anchor.anchor_hash, frontier_id="f", metadata={"type": "T"})
assert final.explicit_attestation_succeeded, final
"""


def test_a_session_is_the_originals_on_the_wire(original: tuple[str, str]) -> None:
    version, python = original
    sent: list[list[Any]] = []
    for runner in (python, sys.executable):
        program = (
            SESSION if runner == python else SESSION.replace("sys.argv[1])", f'sys.argv[1], api_version="{version}")')
        )
        with Sandbox("sbn", version, seed=1, clock=ManualClock(1767225600.0)) as sandbox:
            subprocess.run([runner, "-c", program, sandbox.url], check=True)
            sent.append([(exchange.method, exchange.target, exchange.json()) for exchange in sandbox.requests])

    assert sent[0] == sent[1]
