"""The other direction: every sandbox keeps the spec of its protocol, tried from the outside.

The spec's examples go to every operation of every version; what schemathesis makes up goes to a sample of them (all of
them in `nox -s slow`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from wirewright.contract import RunOptions, Suite, run_contract
from wirewright.contract.report import ContractReport
from wirewright.protocols import discover
from wirewright.sandbox import Sandbox

VERSIONS = [(name, version) for name, each in discover().protocols.items() for version in each.versions]
SECRETS = {"exosphere": "sandbox-key", "symbiont": "symbiont-sandbox-token"}
LENIENT = {
    "register_nodes": "the original ignores what it does not know of a node",
    "upsert_graph": "the original takes true and false for 1 and 0",
    "enqueue_states": "the original takes true and false for 1 and 0",
    "invoke_webhook": "the listener takes any JSON; the spec says what of it is read",
    "invoke_webhook_path": "the listener takes any JSON; the spec says what of it is read",
}
"""Operations that take what their spec forbids, as the original server does."""
SAMPLE = 4  # operations of a version that schemathesis is let loose on, every day


@pytest.fixture(params=VERSIONS, ids=["/".join(each) for each in VERSIONS])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    name, version = request.param
    with Sandbox(name, version, verify=True, seed=1) as running:
        yield running


def secrets_of(sandbox: Sandbox) -> dict[str, str]:
    secret = SECRETS.get(str(sandbox.protocol), "a-secret")
    return dict.fromkeys(sandbox.document.security_schemes, secret)


def surprises(report: ContractReport) -> list[str]:
    """Failures that are not explained above."""
    return [
        f"{each.id}: {finding.check}: {finding.message}\n{finding.curl}"
        for each in report.operations
        for finding in each.failures
        if not (each.id in LENIENT and finding.check == "refused")
    ] + report.errors


@pytest.mark.promise("Every sandbox keeps the spec of its protocol, tried from the outside")
def test_it_answers_the_specs_examples_as_documented(sandbox: Sandbox) -> None:
    document = Suite.of_protocol(str(sandbox.protocol), sandbox.version).document
    options = RunOptions(phases=("examples",), auth=secrets_of(sandbox))
    report = run_contract(document, sandbox.url, options)
    assert surprises(report) == []
    assert [each.id for each in report.in_state("skipped")] == []


def fuzzed(sandbox: Sandbox, only: list[str], examples: int) -> ContractReport:
    phases = ("examples", "coverage", "fuzzing", "stateful")
    options = RunOptions(phases=phases, auth=secrets_of(sandbox), only=only, examples=examples, timeout=5)
    return run_contract(sandbox.document, sandbox.url, options)


@pytest.mark.promise("Every sandbox keeps the spec of its protocol, tried from the outside")
def test_it_holds_against_what_schemathesis_makes_up(sandbox: Sandbox) -> None:
    names = [operation.id for operation in sandbox.document.operations]
    chosen = random.Random(f"{sandbox.protocol} {sandbox.version}").sample(names, min(SAMPLE, len(names)))
    report = fuzzed(sandbox, chosen, 3)
    assert surprises(report) == []
    assert {each.id for each in report.operations if each.tried} == set(chosen)


@pytest.mark.slow
def test_every_operation_holds_against_what_schemathesis_makes_up(sandbox: Sandbox) -> None:
    assert surprises(fuzzed(sandbox, [], 10)) == []
