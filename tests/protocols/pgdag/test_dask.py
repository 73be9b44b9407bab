"""Steps on a cluster of real worker processes: the same results, and a worker that dies costs nothing."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pgdag import DAGNode, DAGTemplate, DaskExecutor, ProofStatus, ReducerStatus, build

distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")
Graph = Callable[..., DAGTemplate]


@pytest.fixture(scope="module")
def remote() -> Iterator[ModuleType]:
    """The steps, under a name that workers can import."""
    sys.path.insert(0, str(Path(__file__).parent))
    yield importlib.import_module("remote_steps")
    sys.path.remove(str(Path(__file__).parent))


@pytest.fixture(scope="module")
def cluster(remote: ModuleType) -> Iterator[Any]:
    options = {"processes": True, "dashboard_address": None, "host": "127.0.0.1", "silence_logs": 50}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **options) as local,
        distributed.Client(local) as client,
    ):
        yield client


@pytest.fixture
def far(cluster: Any, still: Any) -> Any:
    """A layer whose steps run on the cluster."""
    return build(executor=DaskExecutor(cluster), max_concurrency=4, clock=still)


async def test_steps_run_on_workers(far: Any, remote: ModuleType, graph: Graph, cluster: Any) -> None:
    far.runner.register_step("a", remote.where)
    result = await far.runner.execute(graph("a"), {})
    pids = set(cluster.run(lambda: __import__("os").getpid()).values())
    assert result.final_outputs["pid"] in pids
    assert result.final_outputs["thread"] is True


async def test_results_and_proofs_are_those_of_a_local_run(
    far: Any, remote: ModuleType, graph: Graph, still: Any
) -> None:
    template = graph("a b c d", "a>b", "a>c", "b>d", "c>d")
    here = build(clock=still)
    results = []
    for layer in (here, far):
        layer.runner.register_steps(dict.fromkeys("abcd", remote.double))
        results.append(await layer.runner.execute(template, {"n": 1, "list": []}, run_id="run-1"))
    local, remote_result = results
    assert remote_result.final_outputs == local.final_outputs
    assert remote_result.merkle_root_hash == local.merkle_root_hash
    assert remote_result.final_outputs["list"] == ["a", "c", "d"]


async def test_what_a_step_raises_there_is_raised_here(far: Any, remote: ModuleType, graph: Graph) -> None:
    far.runner.register_steps({"a": remote.fail, "w": remote.wait})
    failed = await far.runner.execute(graph("a"), {})
    assert failed.proofs["a"].metrics["error"] == "no"
    waiting = await far.runner.execute(graph("w"), {})
    assert waiting.status is ReducerStatus.WAITING
    assert waiting.wait_event.to_dict()["partial_outputs"] == {"half": 1}
    resumed = await far.runner.resume(graph("w"), resume_state=waiting.resume_state, resume_event_payload={"ok": 5})
    assert resumed.final_outputs["got"] == 5


@pytest.mark.promise("pgdag: a worker that dies has its step run again elsewhere")
async def test_a_worker_that_dies_has_its_step_run_again_elsewhere(
    far: Any, remote: ModuleType, graph: Graph, tmp_path: Path
) -> None:
    far.runner.register_steps({"r": remote.where, "a": remote.die_once, "b": remote.double})
    template = graph("r a b", "r>a", "r>b")
    async with asyncio.timeout(60):
        result = await far.runner.execute(template, {"n": 1, "list": []}, config={"folder": str(tmp_path)})
    assert result.success
    assert result.step_outputs["a"]["survivor"] != result.step_outputs["a"]["died"]


async def test_a_step_that_cannot_travel_fails_alone(far: Any, remote: ModuleType, graph: Graph) -> None:
    import threading

    lock = threading.Lock()
    far.runner.register_steps({"r": remote.where, "a": lambda ctx: {"locked": lock.locked()}, "b": remote.double})
    result = await far.runner.execute(graph("r a b", "r>a", "r>b"), {"n": 1, "list": []})
    assert result.proofs["a"].status is ProofStatus.FAILED
    assert result.proofs["b"].status is ProofStatus.COMPLETED


async def test_a_time_limit_reaches_the_worker(far: Any, remote: ModuleType, tmp_path: Path) -> None:
    far.runner.register_step("a", remote.until_cancelled)
    template = DAGTemplate("t", nodes=[DAGNode("a", metadata={"timeout_seconds": 1})])
    result = await far.runner.execute(template, {}, config={"folder": str(tmp_path)})
    assert result.proofs["a"].metrics["error"] == "step took longer than 1 s"
    async with asyncio.timeout(10):
        while not (tmp_path / "cancelled").exists():  # noqa: ASYNC110 - another process makes the file
            await asyncio.sleep(0.02)


def test_an_asynchronous_client_is_refused() -> None:
    from types import SimpleNamespace

    with pytest.raises(ValueError, match="without asynchronous"):
        DaskExecutor(SimpleNamespace(asynchronous=True))  # type: ignore[arg-type]
