"""The original kernel, unchanged, beside ours: the same program, the same proofs; and the original against our sandbox.

Needs the package index: the original is installed in an environment of its own (`nox -s interop`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import peers
import pytest
from wirewright.sandbox import Sandbox

pytestmark = pytest.mark.interop
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def original() -> str:
    """A Python that has the original kernel."""
    try:
        return str(peers.python_of("sbn-sdk==0.14.0"))
    except peers.NoPeerError as error:
        pytest.skip(str(error))


def printed(python: str, *arguments: str) -> list[str]:
    done = subprocess.run([python, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_random_workflows_prove_the_same(original: str) -> None:
    program = str(HERE / "peer.py")
    theirs, ours = (printed(python, program, "200") for python in (original, sys.executable))
    assert len(ours) == 200
    assert ours == theirs


def test_waits_children_and_the_parts_around_give_the_same(original: str) -> None:
    program = str(HERE / "peer_parts.py")
    theirs, ours = (printed(python, program) for python in (original, sys.executable))
    assert len(ours) > 100
    assert ours == theirs


EXAMPLE = """
import asyncio, json, sys
from sbn import SbnClient
from pgdag import build
client = SbnClient(base_url=sys.argv[1])
client.authenticate_api_key("sbn_live_abc123")
layer = build(sbn_client=client, lattice_client=client.lattice, domain="kinetic.session")
template = client.lattice.build_pgdag_template("wf_kinetic_session_integrity_v3_ab12cd34")
async def collect_signal(ctx):
    return {"signal": "collected", "sample_id": ctx.inputs["sample_id"]}
async def seal_integrity(ctx):
    return {"integrity": "verified", "sample_id": ctx.inputs["sample_id"]}
layer.runner.register_steps({"collect_signal": collect_signal, "seal_integrity": seal_integrity})
result = asyncio.run(layer.runner.execute(template, inputs={"sample_id": "sess-42"}, actor="kinetic-integrity-engine"))
facts = result.to_dict()
print(json.dumps({name: facts[name] for name in ("status", "blocks_composed", "slot_attestation_status")}))
"""


def test_the_documented_example_sends_the_same_requests(original: str) -> None:
    lines: list[list[str]] = []
    for python in (original, sys.executable):
        with Sandbox("sbn", "0.14", seed=1) as sandbox:
            (told,) = printed(python, "-c", EXAMPLE, sandbox.url)
            sent = [f"{exchange.method} {exchange.target}" for exchange in sandbox.requests]
            slot = next(line.split("/")[2] for line in sent if line.startswith("POST /slots/"))
            lines.append([*(line.replace(slot, "SLOT") for line in sent), told])
            assert json.loads(told)["status"] == "complete"
    assert lines[0] == lines[1]
