"""Every snippet and every command line of the SDK's own page runs, unchanged but for address, keys and placeholders."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from sbn import SbnClient, SigningKey
from sbn.cli.main import app
from typer.testing import CliRunner
from wirewright.sandbox import Sandbox

PAGES = sorted((Path(__file__).resolve().parents[4] / "shared" / "seeds").glob("000_*.txt"))
PAGE = PAGES[0].read_text(encoding="utf-8") if PAGES else ""
pytestmark = pytest.mark.skipif(not PAGES, reason="the project page is not beside this checkout")

COMMANDS = [re.sub(r"\\\n\s*", "", found) for found in re.findall(r"^sbn [a-z](?:.*\\\n)*.*$", PAGE, re.MULTILINE)]


def snippet(after: str, first: str, last: str) -> str:
    """The code below a heading, from its first words to its last."""
    _, found, below = PAGE.partition(after)
    assert found, after
    code = below[below.index(first) :]
    return code[: code.index(last) + len(last)]


SNIPPETS = {
    "quick start": ("\nQuick start\n", "from sbn", "rate_plan_id=plans[0].id,\n)"),
    "event streaming": ("\nEvent streaming wrapper\n", "from sbn", "close_receipt = stream.receipt"),
    "explicit attestation": ("\nExplicit attestation\n", "from sbn", "print(final.attestation_error)"),
    "atlas": ("\nAtlas workflows\n", "from sbn", 'frontier_id="kinetic.pushup.amrap.v1",\n)'),
    "lattice": ("\nLattice-backed pgDAG execution\n", "from sbn", 'actor="kinetic-integrity-engine",\n)'),
}
CONTRACT = ("\nShared GEC operation contract\n", "from sbn", ") as stream:\n    ...")
STRICT = ("opt into strict mode:\n", "final = ", "strict_attestation=True,\n)")
CREDENTIALS = ("\nAuth methods\n", "# API key", 'scopes=["attest.write", "snapchore.seal"])')
KERNEL = ("shared pgdag execution kernel", "from pgdag", "DAGNode")


async def run(sandbox: Sandbox, code: str, **names: Any) -> dict[str, Any]:
    """What the names of a snippet stand for in the end. It may await at its top level."""
    placed = code.replace("https://api.smartblocks.network", sandbox.url)
    result = eval(compile(placed, "snippet", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    if inspect.isawaitable(result):
        await result
    return names


def test_no_snippet_of_the_page_is_left_out() -> None:
    known = [*SNIPPETS.values(), CONTRACT, STRICT, CREDENTIALS, KERNEL]
    rest = PAGE
    for place in known:
        rest = rest.replace(snippet(*place), "")

    code = re.findall(r"^(?:from |import |with |async |await |\w+ = |client\.\w+\.|#).*", rest, re.MULTILINE)
    assert code == ["# or from source"]
    assert len(COMMANDS) == 17


@pytest.mark.promise("SBN: every snippet and command line of the SDK's page runs, unchanged but for address and keys")
@pytest.mark.parametrize("name", SNIPPETS)
async def test_a_snippet(sandbox: Sandbox, name: str) -> None:
    names = await run(sandbox, snippet(*SNIPPETS[name]))

    seen = {
        "quick start": lambda: names["receipt"].id == names["slot"].receipt_id and names["plans"],
        "event streaming": lambda: names["seal"].anchor_type and names["close_receipt"].receipt_id,
        "explicit attestation": lambda: names["final"].attestation and names["final"].attestation_error is None,
        "atlas": lambda: names["minted"]["api_key"].startswith("sbn_live_"),
        "lattice": lambda: [proof.proof_hash for proof in names["result"].proofs.values()],
    }
    assert seen[name]()


async def test_the_snippets_that_go_on_from_others(sandbox: Sandbox) -> None:
    begun = await run(sandbox, snippet(*SNIPPETS["explicit attestation"]))

    strict = await run(sandbox, snippet(*STRICT), **begun)
    assert strict["final"].attestation
    contract = await run(sandbox, snippet(*CONTRACT), **begun)
    assert contract["stream"].receipt.receipt_id


async def test_the_kernel_is_imported_as_the_page_says(sandbox: Sandbox) -> None:
    assert {"PGDAGRunner", "DAGTemplate", "DAGNode"} <= (await run(sandbox, snippet(*KERNEL))).keys()


async def test_each_way_to_authenticate(sandbox: Sandbox, tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    private = SigningKey.generate(issuer="my-svc", audience="sbn").private_key
    pem.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with SbnClient(base_url=sandbox.url) as client:
        names = await run(sandbox, snippet(*CREDENTIALS).replace("/path/to/key.pem", str(pem)), client=client)

    assert isinstance(names["key"], SigningKey)


def test_the_sub_clients_have_the_operations_that_the_table_names(sandbox: Sandbox) -> None:
    rows = re.findall(r"^client\.(\w+) .*? (\w+(?:, \w+)+)$", PAGE, re.MULTILINE)
    assert len(rows) == 4
    with SbnClient(base_url=sandbox.url) as client:
        for attribute, operations in rows:
            for operation in operations.split(", "):
                assert callable(getattr(getattr(client, attribute), operation))


@pytest.mark.promise("SBN: every snippet and command line of the SDK's page runs, unchanged but for address and keys")
@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_line(
    sandbox: Sandbox, command_lines: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    monkeypatch.setenv("SBN_BASE_URL", sandbox.url)
    monkeypatch.setenv("SBN_API_KEY", "sbn_live_abc123")
    monkeypatch.chdir(tmp_path)
    known = command_lines.prepare(tmp_path) | command_lines.seed(sandbox.url)
    (tmp_path / "runtime_binding.json").write_text('{"runtime": "pgdag"}')
    fill: Callable[[str], str] = {
        "app-id": known["app"],
        "api-key-id": "key_seed",
        "workflow-id": known["workflow"],
        "run-id": "run_seed_1",
        "fact-id": "fact_seed_1",
        "existing-fact-id": "fact_seed_2",
    }.__getitem__
    words = shlex.split(re.sub(r"<([a-z-]+)>", lambda place: fill(place[1]), line))[1:]
    if "verify-packet" in words:
        packet = ["lattice", "workflows", "evidence-packet", known["workflow"], "run_seed_1", "--output", words[-1]]
        assert CliRunner().invoke(app, packet).exit_code == 0
    if "restore" in words:
        binding = ["atlas", "bindings", "set", known["app"], "--workflow", "pushup_session", "--frontier", "other.v2"]
        assert CliRunner().invoke(app, binding).exit_code == 0

    result = CliRunner().invoke(app, words)

    assert result.exit_code == 0, result.stderr
    assert "error" not in result.stderr.lower()
    assert result.stdout or result.stderr
