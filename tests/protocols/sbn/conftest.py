"""A sandbox of the network for each test, and clients of it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sbn import RetryConfig, SbnClient
from wirewright.sandbox import ManualClock, Sandbox

HERE = Path(__file__).parent
FAST = RetryConfig(backoff_factor=0.0)
CREDENTIALS = ("SBN_BASE_URL", "SBN_API_KEY", "SBN_OUTPUT_FORMAT", "ATLAS_CLIENT_ID", "ATLAS_CLIENT_SECRET")


def load(name: str) -> ModuleType:
    """A module beside the tests that also runs on its own, in other environments."""
    if f"sbn_tests_{name}" not in sys.modules:
        spec = importlib.util.spec_from_file_location(f"sbn_tests_{name}", HERE / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    return sys.modules[f"sbn_tests_{name}"]


@pytest.fixture(scope="session")
def wire() -> ModuleType:
    """Every operation called, as data."""
    return load("wire")


@pytest.fixture(scope="session")
def command_lines() -> ModuleType:
    """Every command path, as a line."""
    return load("command_lines")


@pytest.fixture(scope="session")
def surface() -> ModuleType:
    """The public surface, as data."""
    return load("surface")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1767225600.0)


@pytest.fixture
def sandbox(clock: ManualClock) -> Iterator[Sandbox]:
    """The network, with a clock that stands still; every answer is held against the spec."""
    with Sandbox("sbn", "0.14", seed=1, clock=clock, verify=True) as running:
        yield running


@pytest.fixture
def connect(sandbox: Sandbox) -> Iterator[Callable[..., SbnClient]]:
    """Makes clients of the sandbox that do not pause between attempts."""
    made: list[Any] = []

    def make(kind: Any = SbnClient, *, key: str | None = "sbn_live_abc123", **options: Any) -> Any:
        client = kind(**{"base_url": sandbox.url, "retry": FAST, **options})
        if key:
            client.authenticate_api_key(key)
        made.append(client)
        return client

    yield make
    for client in made:
        if hasattr(client, "__exit__"):
            client.close()


@pytest.fixture
def client(connect: Callable[..., SbnClient]) -> SbnClient:
    return connect()


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests say what is in the environment."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(name="furnish")
def furnish_fixture() -> Callable[[Sandbox], None]:
    return furnish


def furnish(sandbox: Sandbox) -> None:
    """Puts the things that the rows of `wire.py` name into the network, under those names."""
    with SbnClient(base_url=sandbox.url) as client:
        client.authenticate_api_key("sbn_live_abc123")
        slot = client.gateway.create_slot("w")
        block = client.blocks.submit(slot_id=slot.id, payload={"a": 1})["id"]
        sealed = client.snapchore.seal({"a": 1})["id"]
        client.control_plane.create_tenant(
            name="n", contact_email="e", aggregator_endpoint="a", rate_plan_id="rp_standard"
        )
        workflow = client.lattice.create_workflow(domain="d", name="n", nodes=[{"id": "collect"}])["id"]
        client.lattice.record_step_outcome(workflow, "collect", meta={"run_id": "run-1"})
        facts = [client.reality.create_fact(f"Fact {number}.")["fact_id"] for number in range(3)]
        evidence = client.reality.ingest_evidence([{"source_uri": "u"}])["evidence"][0]["evidence_id"]
        ingestion = client.reality.ingest_content("One.")["ingestion_id"]
        proposal = client.governance.create_proposal({"document": {}})["id"]
        client.governance.approve(proposal, approver="x")
        lease = client.acp.test_lease("proj-123", provider="gcp")["lease"]["lease_id"]
        invoice = client.acp.generate_invoice("proj-123", start="a", end="b")["id"]
        app = client.atlas.register_app(app_name="n", app_family="f", declared_workflows=["w"])["app_id"]
        webhook = client.console.create_webhook("proj-123", url="https://x.example")["id"]
        client.numa.publish_forecast(frontier_id="f", report={})
        client.snapchore.create_chain("c")
        client.atlas.resolve(frontier_hint="a b/c")
    space, network = sandbox.rules.spaces["default"], sandbox.rules.network
    receipt = slot.receipt_id
    for table, known, name in (
        (space.slots, slot.id, "slot-1"),
        (space.receipts, receipt, "rcpt-1"),
        (space.blocks, block, "blk-1"),
        (space.sealed, sealed, "ref"),
        (space.sealed, sealed, "s"),
        (space.workflows, workflow, "wf-1"),
        (space.facts, facts[0], "fact-1"),
        (space.facts, facts[1], "f2"),
        (space.facts, facts[2], "x"),
        (space.evidence, evidence, "ev-1"),
        (space.evidence, evidence, "x"),
        (space.ingestions, ingestion, "i"),
        (space.proposals, proposal, "prop-1"),
        (network.leases, lease, "l"),
        (network.invoices, invoice, "i"),
        (network.apps, app, "app-1"),
        (network.webhooks, webhook, "wh"),
    ):
        table[name] = table[known]
    space.runs["wf-1/run-1"] = space.runs[f"{workflow}/run-1"]
    space.ledger.append({**space.ledger[-1], "hash": "ab" * 32})
    (tenant,) = network.tenants.values()
    network.tenants["t"] = tenant
    network.plans["r"] = network.plans["rp_standard"]
    tenant["_validators"]["v"] = {"validator_id": "v", "endpoint": "e", "status": "registered"}
    key = sandbox.rules.mint_key("spare", id="key-1")
    assert key["id"] == "key-1"
    sandbox.rules.network.cards["card.one"] = {"card_id": "card.one", "said": {"workflow_bindings": ["w"]}}
