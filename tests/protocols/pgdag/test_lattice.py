"""The kernel through an SBN client: the documented example, its requests, and what happens when they fail."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pgdag import (
    DAGNode,
    DAGTemplate,
    InterruptionSignal,
    PGDAGRunner,
    ReducerStatus,
    StepContext,
    build,
    canonical_fingerprint,
    canonical_json,
)
from sbn import AsyncSbnClient, RetryConfig, SbnClient
from wirewright.sandbox import Sandbox

Graph = Callable[..., DAGTemplate]
WORKFLOW = "wf_kinetic_session_integrity_v3_ab12cd34"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("sbn", "0.14", seed=1, verify=True) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[SbnClient]:
    with SbnClient(base_url=sandbox.url, retry=RetryConfig(backoff_factor=0.0)) as made:
        made.authenticate_api_key("sbn_live_abc123")
        yield made


def sent(sandbox: Sandbox, workflow: str = WORKFLOW) -> list[str]:
    lines = (f"{exchange.method} {exchange.target.partition('?')[0]}" for exchange in sandbox.requests)
    return [line.replace(f"/internal/lattice/workflows/{workflow}", "W") for line in lines]


async def test_the_documented_example(sandbox: Sandbox) -> None:
    """As it is in the documentation, but for the base URL."""
    from pgdag import build
    from sbn import SbnClient

    client = SbnClient(base_url=sandbox.url)
    client.authenticate_api_key("sbn_live_abc123")

    layer = build(
        sbn_client=client,
        lattice_client=client.lattice,
        domain="kinetic.session",
    )

    template = client.lattice.build_pgdag_template("wf_kinetic_session_integrity_v3_ab12cd34")

    async def collect_signal(ctx: StepContext) -> dict:  # type: ignore[type-arg]
        return {"signal": "collected", "sample_id": ctx.inputs["sample_id"]}

    async def seal_integrity(ctx: StepContext) -> dict:  # type: ignore[type-arg]
        return {"integrity": "verified", "sample_id": ctx.inputs["sample_id"]}

    layer.runner.register_steps(
        {
            "collect_signal": collect_signal,
            "seal_integrity": seal_integrity,
        }
    )

    result = await layer.runner.execute(
        template,
        inputs={"sample_id": "sess-42"},
        actor="kinetic-integrity-engine",
    )

    assert result.status is ReducerStatus.COMPLETE
    assert result.final_outputs["integrity"] == "verified"
    assert {proof.anchor_type for proof in result.proofs.values()} == {"receipt_hash"}
    assert {proof.metrics["degraded_anchor"] for proof in result.proofs.values()} == {False}
    assert all(proof.receipt_id and proof.proof_hash == proof.anchor_hash for proof in result.proofs.values())
    assert result.slot_receipt_id
    assert result.slot_attestation_status == "attested"
    slot = f"/slots/{result.slot_id}"
    step = ["POST /internal/snapchore/capture"] * 2 + ["POST /api/bitblocks/submit", f"POST {slot}/seal"]
    assert sent(sandbox) == [
        "GET W",
        "POST /slots",
        *step,
        "POST W/steps/collect_signal/outcome",
        "POST /internal/lattice/edges",
        *step,
        "POST W/steps/seal_integrity/outcome",
        "POST /internal/lattice/edges",
        f"POST {slot}/close",
        "POST W/steps/__run_close__/outcome",
        "POST W/complete",
    ]
    runs = client.lattice.list_workflow_runs(WORKFLOW)
    assert runs[0]["run_id"] == result.run_id
    assert (runs[0]["phase"], runs[0]["proof_stage"], runs[0]["step_count"]) == ("closed", "reduced", 2)


def body(sandbox: Sandbox, ending: str) -> dict[str, Any]:
    import json

    found = [exchange for exchange in sandbox.requests if exchange.target.partition("?")[0].endswith(ending)]
    return json.loads(found[0].body)


async def test_what_is_sent_for_a_step(client: SbnClient, sandbox: Sandbox, still: Any, steps: Any) -> None:
    layer = build(
        sbn_client=client, lattice_client=client.lattice, domain="kinetic.session", clock=still, max_concurrency=1
    )
    template = client.lattice.build_pgdag_template(WORKFLOW)
    layer.runner.register_steps(steps.all(template))

    result = await layer.runner.execute(template, {"sample_id": "sess-42"}, actor="me", run_id="run-000000000001")

    proof = result.proofs["collect_signal"]
    assert body(sandbox, "/slots") == {
        "worker_id": "me",
        "task_type": template.name,
        "generation_interval": 60,
        "metadata": {
            "source": "pgdag_runtime",
            "slot_type": "execution",
            "orphan_strategy": "reap_if_idle",
            "run_id": "run-000000000001",
            "template": template.name,
            "actor": "me",
            "workflow_id": WORKFLOW,
        },
    }
    assert body(sandbox, "/capture") == {"payload": {"sample_id": "sess-42"}}
    block = body(sandbox, "/bitblocks/submit")
    assert (block["slot_id"], block["block_type"], block["domain"]) == (result.slot_id, "Action", template.domain)
    document = result.seal_documents["collect_signal"]
    assert block["payload"] == {
        "action": "pgdag_step",
        "event_type": "pgdag.step",
        "step_id": "collect_signal",
        "status": "completed",
        "proof_hash": canonical_fingerprint(document),
        "spec_version": "1.0",
        "inputs_fingerprint": proof.inputs_fingerprint,
        "outputs_fingerprint": proof.outputs_fingerprint,
        "actor": "me",
        "created_at": "2026-01-02T03:04:05.678901+00:00",
        "actions": [],
        "interactions": [],
        "events": {"total": 0, "hostile": 0, "neutral": 0, "friendly": 0},
    }
    assert block["metadata"] == {
        "step_id": "collect_signal",
        "proof_status": "completed",
        "proof_domain": template.domain,
    }
    outcome = body(sandbox, "/steps/collect_signal/outcome")
    assert outcome.pop("duration_seconds") >= 0
    meta = outcome.pop("meta")
    assert outcome == {
        "outcome": "completed",
        "agent_id": "me",
        "proof_hash": proof.proof_hash,
        "proof_stage": "attested",
        "block_ref": proof.block_ref,
        "anchor_hash": proof.anchor_hash,
        "anchor_type": "receipt_hash",
        "receipt_id": proof.receipt_id,
        "degraded": False,
    }
    assert (meta["run_id"], meta["proof_status"], meta["degraded_anchor"]) == ("run-000000000001", "completed", False)
    assert body(sandbox, "/lattice/edges") == {
        "source_id": f"{template.name}.collect_signal",
        "target_id": proof.proof_hash,
        "edge_type": "PRODUCES",
        "weight": 1.0,
        "meta": {
            "run_id": "run-000000000001",
            "domain": "kinetic.session",
            "step_id": "collect_signal",
            "block_ref": proof.block_ref,
        },
    }
    close = body(sandbox, "/__run_close__/outcome")
    assert (close["outcome"], close["proof_stage"]) == ("completed", "reduced")
    assert close["meta"]["merkle_root_hash"] == result.merkle_root_hash
    assert close["meta"]["slot_receipt_id"] == result.slot_receipt_id


async def test_an_async_client_does_the_same(sandbox: Sandbox, steps: Any) -> None:
    async with AsyncSbnClient(base_url=sandbox.url) as client:
        client.authenticate_api_key("sbn_live_abc123")
        layer = build(sbn_client=client, lattice_client=client.lattice)
        template = await client.lattice.build_pgdag_template(WORKFLOW)
        layer.runner.register_steps(steps.all(template))
        result = await layer.runner.execute(template, {})
    assert result.success
    assert {proof.anchor_type for proof in result.proofs.values()} == {"receipt_hash"}
    assert result.slot_receipt_id
    assert sent(sandbox).count("POST /internal/lattice/edges") == 2


async def test_each_of_many_runs_seals_and_closes_its_own_slot(client: SbnClient, sandbox: Sandbox, steps: Any) -> None:
    layer = build(sbn_client=client, max_concurrency=2)
    template = DAGTemplate("t", nodes=[DAGNode("a"), DAGNode("b")])
    layer.runner.register_steps(steps.all(template))
    results = await asyncio.gather(*(layer.runner.execute(template, {"n": n}) for n in range(4)))
    lines = sent(sandbox)
    for result in results:
        assert lines.count(f"POST /slots/{result.slot_id}/seal") == 2
        assert lines.count(f"POST /slots/{result.slot_id}/close") == 1


async def test_steps_side_by_side_do_not_take_each_others_blocks(client: SbnClient, graph: Graph, steps: Any) -> None:
    names = [f"s{i}" for i in range(8)]
    template = graph(" ".join(["r", *names]), *(f"r>{name}" for name in names))
    layer = build(sbn_client=client, max_concurrency=8)
    layer.runner.register_steps(steps.all(template))
    result = await layer.runner.execute(template, {})
    assert {proof.metrics["seal_blocks_composed"] for proof in result.proofs.values()} == {1}
    assert len({proof.anchor_hash for proof in result.proofs.values()}) == 9


async def test_a_journal_reuses_the_slot_after_a_crash(
    client: SbnClient, sandbox: Sandbox, steps: Any, tmp_path: Any
) -> None:
    class Crash(BaseException): ...

    template = DAGTemplate("t", nodes=[DAGNode("a"), DAGNode("b")])
    first = build(sbn_client=client, journal=tmp_path / "runs.db")
    first.runner.register_steps(steps.all(template, b=Crash()))
    with pytest.raises(Crash):
        await first.runner.execute(template, {}, run_id="run-1")
    second = build(sbn_client=client, journal=tmp_path / "runs.db")
    second.runner.register_steps(steps.all(template))
    result = await second.runner.resume("run-1")
    assert result.success
    assert {proof.anchor_type for proof in result.proofs.values()} == {"receipt_hash"}
    opened, closed = (sum(line.endswith(end) for line in sent(sandbox)) for end in ("POST /slots", "/close"))
    assert opened == closed


# -- when things fail ----------------------------------------------------------------------------------------------


class Network:
    """A client whose answers are written out, for what a sandbox never answers."""

    def __init__(self, **broken: Any) -> None:
        self.calls: list[str] = []
        self.broken = broken
        self.lock = threading.Lock()
        self.gateway = SimpleNamespace(
            create_slot=self._method("create_slot", SimpleNamespace(id="slot-1", slot_id=None)),
            seal_slot=self._method("seal_slot", {"anchor": _ANCHOR}),
            close_slot=self._method("close_slot", SimpleNamespace(receipt_id="close-rc")),
        )
        self.snapchore = SimpleNamespace(
            capture=self._method("capture", {"hash": "c"}), seal=self._method("snapchore_seal", {"hash": "sealed"})
        )
        self.bitblocks = SimpleNamespace(
            submit=self._method("submit", SimpleNamespace(id="bb-1", snap_hash="snap", composed_block_id=None))
        )
        self.blocks = SimpleNamespace(submit=self._method("block", {"block_id": "block-1"}))
        self.lattice = SimpleNamespace(
            record_step_outcome=self._method("outcome", {}),
            mark_workflow_complete=self._method("complete", {}),
            create_edge=self._method("edge", {}),
        )

    def _method(self, name: str, answer: Any) -> Callable[..., Any]:
        def method(*args: Any, **kwargs: Any) -> Any:
            with self.lock:
                self.calls.append(name)
            found = self.broken.get(name, answer)
            if isinstance(found, Exception):
                raise found
            return found

        return method


_ANCHOR = {
    "smartblock_id": "sb-1",
    "receipt_id": "rc-1",
    "receipt_hash": "rh",
    "anchor_hash": "anchor",
    "anchor_type": "receipt_hash",
    "degraded": False,
}
DOWN = ConnectionError("down")
ALL_DOWN = dict.fromkeys(("create_slot", "capture", "snapchore_seal", "block", "submit"), DOWN)


@pytest.mark.parametrize(
    ("broken", "proof_hash", "anchor_type", "block_ref", "degraded"),
    [
        ({}, "anchor", "receipt_hash", "sb-1", False),
        ({"seal_slot": {"anchor": {**_ANCHOR, "smartblock_id": None}}}, "anchor", "receipt_hash", "rh", False),
        ({"seal_slot": DOWN}, "snap", "snap_hash", "bb-1", True),
        ({"seal_slot": {}}, "snap", "snap_hash", "bb-1", True),
        ({"submit": DOWN}, "sealed", "", "block-1", None),
        ({"submit": DOWN, "block": {"hash": "bh"}}, "sealed", "", "bh", None),
        ({"create_slot": DOWN}, "sealed", "", "block-1", None),
        ({"create_slot": {}}, "sealed", "", "block-1", None),
        (ALL_DOWN, None, "", "unpublished:", None),
    ],
)
async def test_how_a_step_is_sealed_when_the_network_is_not_well(
    steps: Any, broken: dict[str, Any], proof_hash: str | None, anchor_type: str, block_ref: str, degraded: bool | None
) -> None:
    layer = build(sbn_client=Network(**broken))
    template = DAGTemplate("t", nodes=[DAGNode("a")])
    layer.runner.register_steps(steps.all(template))
    result = await layer.runner.execute(template, {})
    proof = result.proofs["a"]
    assert result.success
    assert proof.proof_hash == (proof_hash or canonical_fingerprint(result.seal_documents["a"]))
    assert proof.anchor_type == anchor_type
    assert proof.block_ref.startswith(block_ref)
    assert proof.metrics.get("degraded_anchor") is degraded
    assert canonical_json(result.to_dict())


@pytest.mark.promise("pgdag: a slot is closed on every path")
async def test_a_slot_is_closed_when_a_run_is_cancelled(steps: Any) -> None:
    network, started = Network(), asyncio.Event()

    async def hang(ctx: StepContext) -> None:
        started.set()
        await asyncio.Event().wait()

    layer = build(sbn_client=network)
    layer.runner.register_step("a", hang)
    run = asyncio.create_task(layer.runner.execute(DAGTemplate("t", nodes=[DAGNode("a")]), {}))
    await started.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert network.calls[-1] == "close_slot"


@pytest.mark.promise("pgdag: a slot is closed on every path")
async def test_a_slot_that_was_being_opened_when_the_run_was_cancelled_is_closed() -> None:
    opening, go = threading.Event(), threading.Event()
    network = Network()

    def create_slot(**facts: Any) -> Any:
        opening.set()
        assert go.wait(5)
        return SimpleNamespace(id="slot-9")

    network.gateway.create_slot = create_slot
    layer = build(sbn_client=network)
    run = asyncio.create_task(layer.runner.execute(DAGTemplate("t"), {}))
    await asyncio.to_thread(opening.wait, 5)
    run.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert network.calls == ["close_slot"]


@pytest.mark.promise("pgdag: a slot is closed on every path")
async def test_a_slot_is_closed_when_a_run_breaks(steps: Any) -> None:
    network = Network()
    layer = build(sbn_client=network)
    template = DAGTemplate("t", nodes=[DAGNode("a")])
    layer.runner.register_steps(steps.all(template))
    with pytest.raises(TypeError):
        await layer.runner.execute(template, {"a": 1, 2: 2})
    assert network.calls == ["create_slot", "close_slot"]


async def test_a_waiting_run_leaves_its_slot_open_and_reports_nothing(steps: Any) -> None:
    from pgdag import WaitForEvent

    network = Network()
    layer = build(sbn_client=network, lattice_client=network.lattice)
    template = DAGTemplate("t", nodes=[DAGNode("a")], metadata={"workflow_id": "wf"})
    layer.runner.register_steps(steps.all(template, a=WaitForEvent("e", "k")))
    waiting = await layer.runner.execute(template, {})
    assert {"close_slot", "outcome", "complete"}.isdisjoint(network.calls)
    layer.runner.register_steps(steps.all(template))
    result = await layer.runner.resume(template, resume_state=waiting.resume_state, resume_event_payload={"x": 1})
    assert result.slot_id == "slot-1"
    assert network.calls.count("create_slot") == 1
    assert network.calls.count("close_slot") == 1


class Refused(Exception):
    status_code = 422


@pytest.mark.parametrize(("error", "calls", "naps"), [(DOWN, 4, [0.75, 1.5, 2.25]), (Refused("no"), 1, [])])
async def test_outcomes_are_repeated_unless_they_were_refused(
    steps: Any, nap: Any, error: Exception, calls: int, naps: list[float]
) -> None:
    network = Network(outcome=error)
    layer = build(lattice_client=network.lattice, sleep=nap)
    template = DAGTemplate("t", nodes=[], metadata={"lattice": {"workflow_id": "wf"}})
    assert (await layer.runner.execute(template, {})).success
    assert network.calls.count("outcome") == calls
    assert nap.seconds == naps


async def test_a_close_that_fails_costs_the_receipt_and_nothing_else(steps: Any, nap: Any) -> None:
    network = Network(close_slot=DOWN)
    result = await build(sbn_client=network, sleep=nap).runner.execute(DAGTemplate("t"), {})
    assert result.success
    assert result.slot_receipt_id is None
    assert network.calls.count("close_slot") == 4
    assert nap.seconds == [0.75, 1.5, 2.25]


async def test_a_receipt_without_an_id_is_none(steps: Any) -> None:
    network = Network(close_slot=SimpleNamespace(receipt_id="None", attestation_id=None))
    assert (await build(sbn_client=network).runner.execute(DAGTemplate("t"), {})).slot_receipt_id is None


async def test_slow_captures_do_not_hold_up_the_run(steps: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from pgdag import envelope

    monkeypatch.setattr(envelope, "SNAPCHORE_CAPTURE_TIMEOUT_SECONDS", 0.01)
    network, never = Network(), threading.Event()
    network.snapchore.capture = lambda data: never.wait(5)
    layer = build(sbn_client=network)
    template = DAGTemplate("t", nodes=[DAGNode("a")])
    layer.runner.register_steps(steps.all(template))
    async with asyncio.timeout(2):
        result = await layer.runner.execute(template, {})
    never.set()
    assert "snapchore_inputs_capture" not in result.proofs["a"].metrics


async def test_a_gateway_alone_opens_slots_and_seals_locally(steps: Any) -> None:
    network = Network()
    runner = PGDAGRunner(gateway=network.gateway)
    template = DAGTemplate("t", nodes=[DAGNode("a")])
    runner.register_steps(steps.all(template))
    result = await runner.execute(template, {})
    assert network.calls == ["create_slot", "close_slot"]
    assert result.proofs["a"].block_ref.startswith("local:")
    assert result.slot_receipt_id == "close-rc"


# -- what Lattice is told ------------------------------------------------------------------------------------------


class Listener:
    """A Lattice client that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.edges: list[tuple[str, str, str]] = []

    async def record_step_outcome(self, workflow_id: str, step_id: str, **facts: Any) -> dict[str, Any]:
        self.told.append((step_id, {name: value for name, value in facts.items() if value is not None}))
        return {}

    async def mark_workflow_complete(self, workflow_id: str) -> dict[str, Any]:
        self.told.append(("complete", {"workflow_id": workflow_id}))
        return {}

    async def create_edge(self, *, source_id: str, target_id: str, edge_type: str, **facts: Any) -> dict[str, Any]:
        self.edges.append((source_id, edge_type, target_id))
        return {}


@pytest.fixture
def listen(play: Any) -> Callable[..., Any]:
    async def go(template: DAGTemplate, **more: Any) -> tuple[Any, Listener]:
        listener = Listener()
        layer = build(lattice_client=listener, max_concurrency=1)
        config = {"workflow_id": "wf_1"}
        return await play(template, layer=layer, config=config, **more), listener

    return go


async def test_an_unregistered_step_is_told_as_failed(listen: Any, graph: Graph) -> None:
    _, listener = await listen(graph("z"), only=[])
    step, facts = listener.told[0]
    assert step == "z"
    assert facts["meta"].pop("slot_id") is None
    assert facts == {
        "outcome": "failed",
        "error_message": "Step function not registered: z",
        "proof_stage": "sealed",
        "degraded": False,
        "meta": {
            "run_id": "run-1",
            "template_name": "t",
            "template_version": "1.0",
            "actor": "",
            "proof_status": "failed",
            "proof_anchor_hash": "",
            "proof_anchor_type": "proof_hash",
            "inputs_fingerprint": "",
            "outputs_fingerprint": "",
            "proof_spec_version": "1.0",
            "receipt_id": None,
        },
    }
    assert listener.told[1][1]["meta"]["reducer_status"] == "failed"


async def test_a_failed_run_is_told_as_failed_and_the_workflow_stays(listen: Any, graph: Graph) -> None:
    _, listener = await listen(graph("a b", "a>b"), b=ValueError("nope"))
    assert [(step, facts["outcome"]) for step, facts in listener.told] == [
        ("a", "completed"),
        ("b", "failed"),
        ("__run_close__", "failed"),
    ]
    assert listener.told[1][1]["error_message"] == "nope"
    assert listener.told[2][1]["proof_stage"] == "failed"
    assert [edge[1] for edge in listener.edges] == ["PRODUCES"]


async def test_an_interruption_is_told_with_its_signal(graph: Graph, steps: Any) -> None:
    listener = Listener()
    layer = build(lattice_client=listener)
    template = graph("a b")

    def stop(ctx: StepContext) -> None:
        layer.interruption.trigger(InterruptionSignal("stop", "SIG"))

    layer.runner.register_steps(steps.all(template, a=stop))
    await layer.runner.execute(template, {}, config={"lattice_workflow_id": "wf"})
    (step, facts), (close, end) = listener.told[1:]
    assert (step, facts["outcome"], facts["proof_stage"], facts["signal_hash"]) == (
        "interrupted",
        "skipped",
        "interrupted",
        "SIG",
    )
    assert facts["meta"]["signal_hash"] == "SIG"
    assert (close, end["outcome"], end["proof_stage"], end["meta"]["signal_hash"]) == (
        "__run_close__",
        "skipped",
        "interrupted",
        "SIG",
    )


async def test_a_child_is_told_under_its_own_workflow_and_drawn_as_nested(steps: Any) -> None:
    listener = Listener()
    layer = build(lattice_client=listener)
    child = DAGTemplate("child", nodes=[DAGNode("c")], metadata={"workflow_id": "wf_child"})
    node = DAGNode("sub", step_type="subworkflow", metadata={"template": "child"})
    layer.runner.register_template(child)
    layer.runner.register_steps(steps.all(child))
    await layer.runner.execute(DAGTemplate("p", nodes=[node]), {}, config={"workflow_id": "wf_parent"})
    assert [facts["workflow_id"] for step, facts in listener.told if step == "complete"] == ["wf_child", "wf_parent"]
    assert [(source, kind) for source, kind, _ in listener.edges] == [
        ("child.c", "PRODUCES"),
        ("p.sub", "NESTS"),
        ("p.sub", "PRODUCES"),
    ]
    assert listener.edges[1][2] == "wf_child"


# -- what is found elsewhere ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "runs"),
    [
        ({"hash": "h", "metadata": {"step_id": "a"}}, 0),
        ({"hash": "h", "status": "completed"}, 0),
        ({"hash": "h", "step_id": "other"}, 1),
        ({"hash": "h", "status": "failed"}, 1),
        ({"hash": "h", "status": "strange"}, 1),
        ({"no": "hash"}, 1),
        (None, 1),
    ],
)
async def test_a_step_sealed_elsewhere_need_not_run_when_that_is_asked_for(
    steps: Any, found: dict[str, Any] | None, runs: int
) -> None:
    network = Network()
    network.snapchore.discover = lambda fingerprint: found
    layer = build(sbn_client=network, remote_idempotency=True)
    template = DAGTemplate("t", nodes=[DAGNode("a")])
    layer.runner.register_steps(steps.all(template))
    result = await layer.runner.execute(template, {})
    assert result.success
    assert len(steps.ran) == runs
    assert result.to_dict()["proofs"]["a"]["status"] == "completed"


async def test_nothing_is_looked_up_unless_asked_for(steps: Any) -> None:
    network = Network()
    network.snapchore.discover = lambda fingerprint: pytest.fail("asked")
    runner = PGDAGRunner(snapchore=network.snapchore)
    template = DAGTemplate("t", nodes=[DAGNode("a")])
    runner.register_steps(steps.all(template))
    assert (await runner.execute(template, {})).success


# -- totals --------------------------------------------------------------------------------------------------------

SEAL = {"anchor": _ANCHOR, "blocks_composed": 1, "compose_receipts": [{"r": 1}], "native_proof_chain": {"n": 1}}
QUEUED = {"status": "queued_for_attestation"}


@pytest.mark.parametrize(
    ("close", "composed", "status", "chain"),
    [
        ({"blocks_composed": 3}, 3, "local", {"step_seals": [{"n": 1}, {"n": 1}]}),
        (
            {"blocks_composed": 3, "compose_receipts": [QUEUED], "native_proof_chain": {"x": 1}},
            5,
            "queued_for_attestation",
            {"step_seals": [{"n": 1}, {"n": 1}], "slot_close": {"x": 1}},
        ),
        (
            {"compose_receipts": [{"status": "attestation_failed"}]},
            2,
            "failed",
            {"step_seals": [{"n": 1}, {"n": 1}]},
        ),
        ({"data": {"blocks_attested": 1}}, 2, "attested", {"step_seals": [{"n": 1}, {"n": 1}]}),
    ],
)
async def test_what_was_composed_and_attested_in_total(
    steps: Any, close: dict[str, Any], composed: int, status: str, chain: dict[str, Any]
) -> None:
    layer = build(sbn_client=Network(seal_slot=SEAL, close_slot=close), max_concurrency=1)
    template = DAGTemplate("t", nodes=[DAGNode("a"), DAGNode("b")])
    layer.runner.register_steps(steps.all(template))
    result = await layer.runner.execute(template, {})
    assert (result.blocks_composed, result.slot_attestation_status) == (composed, status)
    assert result.native_proof_chain == chain
    assert result.slot_close_result["slot_id"] == "slot-1"
