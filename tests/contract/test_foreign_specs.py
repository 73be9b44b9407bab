"""A spec that nobody here wrote gets a server and a contract run with no code, and the two agree on every operation."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from wirewright.contract import ContractError, RunOptions, Suite, run_contract
from wirewright.contract.report import ContractReport
from wirewright.sandbox import Sandbox

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
NAMES = [
    "digitalocean",
    "docker",
    "feat-circular30",
    "feat-discriminators30",
    "feat-params31",
    "feat-types31",
    "langgraph31",
    "nexus",
    "openai31",
    "petstore30",
    "petstore31",
    "slack",
    "telegram",
    "traintravel31",
]
TRIED = ["feat-params31", "langgraph31", "petstore31", "slack", "traintravel31"]
SAMPLE = 3  # operations of a document that schemathesis is let loose on, every day
PHASES = ("examples", "coverage", "fuzzing", "stateful")


def served(name: str) -> Sandbox:
    path = CORPUS / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{path.name} is not beside this checkout")
    return Sandbox.from_spec(path)


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with served(request.param) as running:
        yield running


def failures(report: ContractReport) -> list[str]:
    found = [
        f"{each.id}: {finding.check}: {finding.message}\n{finding.curl}"
        for each in report.operations
        for finding in each.failures
    ]
    return found + report.errors


@pytest.mark.parametrize("sandbox", NAMES, indirect=True)
@pytest.mark.promise("A stranger's spec gets a server, a client and a contract run with no code written, and all agree")
def test_server_and_contract_agree_on_the_examples_of_every_operation(sandbox: Sandbox) -> None:
    options = RunOptions(phases=("examples",))
    report = run_contract(sandbox.document, sandbox.url, options, transport=sandbox.transport())
    assert failures(report) == []
    assert len(report.operations) == len(sandbox.document.operations)
    assert all(each.tried for each in report.operations)


@pytest.mark.parametrize("sandbox", TRIED, indirect=True)
def test_they_agree_on_what_schemathesis_makes_up(sandbox: Sandbox) -> None:
    names = [operation.id for operation in sandbox.document.operations]
    chosen = random.Random(sandbox.document.title).sample(names, min(SAMPLE, len(names)))
    report = run_contract(sandbox.document, sandbox.url, RunOptions(phases=PHASES, only=chosen, examples=2, timeout=5))
    assert failures(report) == []
    assert all(each.tried for each in report.operations)


@pytest.mark.slow
@pytest.mark.parametrize("sandbox", NAMES, indirect=True)
def test_they_agree_on_everything(sandbox: Sandbox) -> None:
    names = [operation.id for operation in sandbox.document.operations]
    chosen = random.Random(sandbox.document.title).sample(names, min(60, len(names)))
    report = run_contract(sandbox.document, sandbox.url, RunOptions(phases=PHASES, only=chosen, examples=5, timeout=5))
    assert failures(report) == []


LARGE = {"digitalocean", "docker", "openai31", "nexus", "slack", "telegram"}
UNREACHABLE = {"inference_upload_batch_file": "its server is `https://`, without a host: callers are told of one"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in NAMES]
)
@pytest.mark.promise("A stranger's spec gets a server, a client and a contract run with no code written, and all agree")
def test_a_client_that_is_generated_on_the_spot_keeps_a_foreign_spec(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = CORPUS / f"{name}.json"
    if not path.is_file():
        pytest.skip(f"{path.name} is not beside this checkout")
    monkeypatch.setenv("WIREWRIGHT_CACHE", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    broken: list[str] = []
    for case in Suite.of_file(path).cases(only=lambda operation: operation not in UNREACHABLE):
        try:
            case.check()
        except ContractError as error:
            broken.append(str(error))
    assert broken == []
