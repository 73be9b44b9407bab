"""The clients: retries and errors as documented, both faces alike, what the sub-clients add to their operations."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import sbn
from sbn import AgentClient, AsyncAgentClient, AsyncSbnClient, RetryConfig, SbnClient, SbnError, SbnTransportError
from sbn._clients import NAMESPACES, sub_client
from sbn._http import AuthState, HttpTransport
from sbn.gateway import GatewayClient
from wirewright.sandbox import Sandbox

Handler = Callable[[httpx.Request], httpx.Response]


def answering(*answers: httpx.Response | Exception, **options: Any) -> tuple[SbnClient, list[httpx.Request]]:
    """A client whose server gives these answers, the last one again and again."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = answers[min(len(seen), len(answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SbnClient(base_url="http://sandbox.test", transport=httpx.MockTransport(handle), **options), seen


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; nothing sleeps."""
    asked: list[float] = []
    monkeypatch.setattr("time.sleep", asked.append)
    return asked


def test_a_server_that_stays_down_is_asked_five_times(sleeps: list[float]) -> None:
    client, seen = answering(httpx.Response(503, json={"error": {"message": "down"}}))

    with pytest.raises(SbnError) as failed:
        client.gateway.close_slot("s")

    assert (len(seen), failed.value.status_code) == (5, 503)
    assert [pause for pause in sleeps if pause] == [0.75, 1.5, 3.0, 6.0]


def test_a_server_that_cannot_be_reached_is_a_transport_error(sleeps: list[float]) -> None:
    client, seen = answering(httpx.ConnectError("refused"))

    with pytest.raises(SbnTransportError, match="Failed to reach SBN") as failed:
        client.gateway.list_slots()

    assert len(seen) == 5
    assert isinstance(failed.value.last_exception, httpx.ConnectError)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 429])
def test_a_clients_fault_is_not_tried_again(status: int, sleeps: list[float]) -> None:
    client, seen = answering(httpx.Response(status, json={"error": {"code": "c", "message": "m"}}))

    with pytest.raises(SbnError) as failed:
        client.gateway.list_slots()

    assert (len(seen), failed.value.status_code, failed.value.code) == (1, status, "c")


def test_an_empty_success_is_an_empty_object_and_text_is_an_error() -> None:
    empty, _ = answering(httpx.Response(204))
    text, _ = answering(httpx.Response(200, text="<html>"))

    assert empty.console.delete_project() == {}
    with pytest.raises(SbnError, match="not JSON"):
        text.console.get_project()


def test_a_redirect_is_an_answer_like_any_other() -> None:
    client, seen = answering(httpx.Response(307, json={"moved": True}, headers={"location": "/elsewhere"}))

    assert client.console.get_project() == {"moved": True}
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        ("a b/c", "/api/atlas/frontiers/a%20b/c/snapshot"),
        ("a?d#e", "/api/atlas/frontiers/a%3Fd%23e/snapshot"),
        ("é", "/api/atlas/frontiers/%C3%A9/snapshot"),
    ],
)
def test_path_arguments_cannot_change_the_path(reference: str, path: str) -> None:
    client, seen = answering(httpx.Response(200, json={}))

    client.atlas.get_frontier_snapshot(reference)

    assert seen[0].url.raw_path.decode() == path


@pytest.mark.parametrize("reference", ["..", "../../x", ""])
def test_a_path_argument_that_leads_elsewhere_is_refused(reference: str) -> None:
    client, seen = answering(httpx.Response(200, json={}))

    with pytest.raises(ValueError, match="path"):
        client.atlas.get_frontier_snapshot(reference)
    assert seen == []


def test_unwrapped_and_wrapped_receipts_are_both_read() -> None:
    for body in ({"id": "r", "subject_id": "s"}, {"data": {"id": "r", "subject_id": "s"}}):
        client, _ = answering(httpx.Response(200, json=body))
        receipt = client.gateway.fetch_receipt("r")
        assert (receipt.id, receipt.subject_id, receipt.subject_type) == ("r", "s", "None")


def test_frontiers_that_have_not_changed(client: SbnClient) -> None:
    reply = client._http.get("/api/gec/frontiers")

    assert client.gec.list_frontiers(if_none_match=reply.headers["etag"]) == {"not_modified": True}
    assert "domains" in client.gec.list_frontiers(if_none_match='"old"')


def test_a_transport_of_its_own_serves_a_sub_client(sandbox: Sandbox) -> None:
    transport = HttpTransport(base_url=f"{sandbox.url}/", auth=AuthState(api_key="sbn_live_abc123"))

    slot = GatewayClient(transport).create_slot("w")
    reply = transport.post("/slots", json={"worker_id": "x"})

    assert slot.state == "open"
    assert (reply.status_code, reply.json()["data"]["worker_id"]) == (200, "x")
    assert transport.base_url == sandbox.url
    with pytest.raises(TypeError, match="unknown arguments"):
        transport.get("/slots", data={})
    transport.close()
    with pytest.raises(RuntimeError, match="closed"):
        transport.get("/slots")


def test_many_threads_share_a_client_through_failures(connect: Callable[..., SbnClient], sandbox: Sandbox) -> None:
    client = connect()
    sandbox.faults.add("status=503:20%")
    together = threading.Barrier(8)

    def work(number: int) -> str:
        together.wait()
        return client.gateway.create_slot(f"w-{number}").worker_id

    with ThreadPoolExecutor(8) as pool:
        workers = sorted(pool.map(work, range(8)))

    assert workers == [f"w-{number}" for number in range(8)]
    assert len(sandbox.rules.spaces["default"].slots) == 8


def test_calibrating_a_frontier_runs_the_workflow(client: SbnClient, sandbox: Sandbox) -> None:
    slot = client.gateway.create_slot("w")
    runs: list[int] = []

    def work() -> int | None:
        runs.append(1)
        return None if len(runs) == 3 else len(runs)

    submitted: list[int] = []

    def submit(value: int) -> None:
        submitted.append(value)
        client.bitblocks.submit(slot_id=slot.id, block_type="Action", domain="d", payload={})

    refused = client.gec.calibrate_frontier("custom", work, n=2, submit_fn=submit)
    accepted = client.gec.calibrate_frontier("custom", work, n=6, submit_fn=submit)

    assert (refused["state"], refused["reason"]) == ("calibrating", ["2 of 5 observations"])
    assert accepted["state"] == "active"
    assert submitted == [1, 2, 4, 5, 6, 7, 8]


def test_queue_health_is_asked_under_the_older_path_too() -> None:
    client, seen = answering(httpx.Response(404), httpx.Response(200, json={"total": 0}))

    assert client.snapchore.attestation_queue_health() == {"total": 0}
    assert [request.url.path for request in seen] == ["/health/attestation-queue", "/api/health/attestation-queue"]


# Both faces ---------------------------------------------------------------------------------------------------------


def methods(kind: type) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in dir(kind) if not name.startswith("_") and name != "raw"}


@pytest.mark.parametrize("name", NAMESPACES)
def test_the_async_face_has_every_method_of_the_sync_one(name: str) -> None:
    sync, awaited = (type(sub_client(name, None, "0.14", asynchronous=flag)) for flag in (False, True))

    assert set(methods(sync)) <= set(methods(awaited))


async def test_the_async_client_sends_what_the_sync_one_sends(wire: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "x.MD"
    file.write_text("One.")
    sent: dict[str, list[tuple[str, str, bytes]]] = {"sync": [], "async": []}

    def recording(face: str) -> Handler:
        def handle(request: httpx.Request) -> httpx.Response:
            content = (
                b"multipart" if b"boundary" in request.headers.get("content-type", "").encode() else request.content
            )
            sent[face].append((request.method, request.url.raw_path.decode(), content))
            if request.method == "GET" and request.url.path.endswith(wire.ARRAYS):
                return httpx.Response(200, json=[])
            return httpx.Response(200, json=wire.ANSWER)

        async def ahandle(request: httpx.Request) -> httpx.Response:
            await request.aread()
            return handle(request)

        return ahandle if face == "async" else handle  # type: ignore[return-value]

    client = SbnClient(base_url="http://s.test", transport=httpx.MockTransport(recording("sync")))
    awaited = AsyncSbnClient(base_url="http://s.test", transport=httpx.MockTransport(recording("async")))
    for _, space, method, args, kwargs in wire.CALLS:
        given = [wire.argument(value, file) for value in args]
        expected = getattr(getattr(client, space), method)(*given, **kwargs)
        assert await getattr(getattr(awaited, space), method)(*given, **kwargs) == expected

    assert sent["async"] == sent["sync"]
    assert len(sent["sync"]) > 200


async def test_an_async_client_around_a_sync_one(sandbox: Sandbox) -> None:
    raw = SbnClient(base_url=sandbox.url)
    raw.authenticate_api_key("sbn_live_abc123")
    async with AsyncSbnClient(raw_client=raw) as client:
        slot = await client.gateway.create_slot("w")
        workflow = await client.lattice.create_workflow({"domain": "d", "name": "n", "nodes": []})
        workflows = await client.lattice.get_workflows(domain="d")
        evidence = await client.reality.create_evidence(items=[{"source_uri": "u"}])

    assert client.raw is raw
    assert client.gateway.raw is raw.gateway
    assert slot.state == "open"
    assert [item["id"] for item in workflows] == [workflow["id"]]
    assert evidence["evidence"][0]["source_uri"] == "u"


async def test_the_async_clients_extras(sandbox: Sandbox) -> None:
    async with AsyncSbnClient(base_url=sandbox.url) as client:
        client.authenticate_api_key("sbn_live_abc123")
        fact = await client.reality.create_fact("The gate closes at nine.")
        workflow = await client.lattice.create_workflow({"domain": "d", "name": "n", "nodes": []})

        assert (await client.reality.recompute_fact(fact["fact_id"]))["fact_id"] == fact["fact_id"]
        assert (await client.lattice.get_workflows(domain="d"))[0]["id"] == workflow["id"]
        assert await client.health_check() is True
        assert client.gateway.raw.list_slots() == []
        assert client.raw.gateway.list_slots() == []


@pytest.mark.parametrize(
    ("answers", "healthy"), [([404, 200], True), ([200], True), ([404, 404], False), ([500], False), ([401], False)]
)
async def test_the_health_check(answers: list[int], healthy: bool) -> None:
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(left.pop(0) if len(left) > 1 else left[0], json={})

    client = AsyncAgentClient(
        base_url="http://s.test", transport=httpx.MockTransport(handle), retry=RetryConfig(backoff_factor=0)
    )
    assert await client.health_check() is healthy


def test_an_agent_has_its_own_areas_and_defaults() -> None:
    client = AgentClient()

    areas = [name for name in NAMESPACES if hasattr(client, name)]
    assert areas == ["gateway", "snapchore", "lattice", "reality", "governance", "numa", "receipts"]
    assert client._http._user_agent == "sbn-agent/0.4"


def test_the_documented_signatures() -> None:
    client = SbnClient()
    expected = {
        client.gateway.create_slot: "(worker_id, task_type, *, generation_interval, metadata)",
        client.gateway.list_orphan_slots: "(*, min_age_seconds, idle_seconds, limit, include_unmanaged)",
        client.bitblocks.list: "(slot_id, *, generation, limit)",
        client.snapchore.verify: "(expected_hash, payload, *, volatile_keys)",
        client.console.create_checkout: "(project_id, plan_id)",
        client.control_plane.update_tenant_rate_plan: "(tenant_id, rate_plan_id, *, activate)",
        client.lattice.get_ready_steps: "(workflow_id, completed)",
        client.governance.list_proposals: "(*, status, frontier)",
        client.acp.generate_invoice: "(project_id, *, start, end)",
        client.atlas.get_env: "(app_id, *, format)",
        client.gec.compute: "(y, x, *, frontier_id, c_max, var_y, var_x, var_cmax, n, cov_yx, alpha, csk)",
    }
    for method, documented in expected.items():
        signature = inspect.signature(method)
        bare = signature.replace(
            parameters=[p.replace(annotation=p.empty, default=p.empty) for p in signature.parameters.values()],
            return_annotation=signature.empty,
        )
        assert str(bare) == documented


# What importing costs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement", ["import sbn", "from sbn import SbnClient; SbnClient()", "import sbn.cli.main", "import tower"]
)
def test_nothing_heavy_is_imported_before_it_is_needed(statement: str) -> None:
    heavy = (
        "[m for m in ('httpx', 'cryptography', 'attrs', 'pydantic', 'rich', 'pgdag', 'sbn_api') if m in sys.modules]"
    )
    code = f"import sys; {statement}; print({heavy})"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert out.strip() == "[]"


def test_every_exported_name_is_there() -> None:
    from sbn import cdna

    for name in set(sbn.__all__) - set(cdna.NAMES.split()):
        assert getattr(sbn, name) is not None
    assert "SbnClient" in dir(sbn)
    with pytest.raises(AttributeError):
        _ = sbn.nothing  # type: ignore[attr-defined]


def test_the_typed_api_reads_what_the_sandbox_says(sandbox: Sandbox) -> None:
    from sbn_api.v0_14 import Api
    from wirewright import ApiKey

    api = Api(sandbox.url, auth=ApiKey("x-api-key", "sbn_live_abc123"))

    plans = api.control_plane.list_rate_plans()
    health = api.reality.health()

    assert (plans[0].id, plans[0].daily_quota) == ("rp_standard", 100_000)
    assert health.status == "ok"
