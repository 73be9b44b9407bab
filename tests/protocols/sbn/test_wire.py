"""Our requests are those of the original SDKs, call by call.

`wire_0_12.jsonl` and `wire_0_14.jsonl` were recorded from sbn-sdk 0.12.21 and 0.14.0 with `wire.py`;
`tower_wire.json` from the
`tower` package of 0.14.0.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from sbn.testing.protocol import PROTOCOL
from tower import TowerClient

HERE = Path(__file__).parent


def recorded(version: str) -> list[dict[str, Any]]:
    text = (HERE / f"wire_{version.replace('.', '_')}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def notice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("files") / "x.MD"
    file.write_text("The gate closes at nine.\n")
    return file


@pytest.mark.parametrize("version", ["0.12", "0.14"])
def test_every_call_is_the_originals_on_the_wire(version: str, wire: ModuleType, notice: Path) -> None:
    ours = json.loads(json.dumps(wire.record(version, notice, api_version=version)))

    theirs = recorded(version)

    assert [line["call"] for line in ours] == [line["call"] for line in theirs]
    different = [(a["call"], a["sent"], b["sent"]) for a, b in zip(ours, theirs, strict=True) if a["sent"] != b["sent"]]
    assert different == []


@pytest.mark.parametrize(("version", "operations", "outside"), [("0.12", 175, 2), ("0.14", 208, 5)])
def test_the_recorded_calls_reach_every_operation(version: str, operations: int, outside: int) -> None:
    document = PROTOCOL.document(version)
    declared = {operation.id for operation in document.operations if not operation.id.startswith("tenant_")}
    from sbn.testing.rules import SbnRules
    from wirewright.contract.routing import Router

    router = Router(document, SbnRules.wide)
    reached = set()
    for line in recorded(version):
        for sent in line["sent"]:
            match = router.match(sent["method"], sent["path"].removeprefix("/base"), "")
            assert match is not None, (line["call"], sent)
            reached.add(match.operation.id)

    assert len(declared) == operations
    assert len(declared - reached) == outside, declared - reached  # health probes, the alias, and the other server


def tower_calls(client: TowerClient) -> None:
    d, g, s, a = client.dominion, client.grid, client.stillpoint, client.agents
    for profile in (a,):
        profile.create(employee_id="e", project_id="p")
    d.create(employee_id="e", project_id="p", role="r", department="d", config={"a": 1})
    g.create(employee_id="e", project_id="p")
    s.create(employee_id="e", project_id="p")
    a.get("i")
    a.update_config("i", proactivity_level=0.0, observation_scopes=[])
    a.suspend("i", reason="x y")
    a.resume("i")
    a.tick("i")
    a.tick("i", context={"a": 1})
    a.suggestions("i")
    a.suggestions("i", status="pending", suggestion_type="reminder", limit=3, offset=1)
    a.feedback("i", "s", feedback_type="rate", payload={}, rating=0, correction_delta="")
    a.suggestion_stats("i")
    a.scores("i")
    a.onboard(employee_id="e", project_id="p", role="r")
    d.onboard(employee_id="e", project_id="p", role="r")
    d.onboard(employee_id="e", project_id="p", role="r", profile="x", department="q")
    a.offboard("i")
    a.offboard("i", retain_knowledge=False)
    a.daily_log("i")
    a.review_data("i")
    d.ingest_batch("i", {"a": 1})
    d.ingest_float("i", {"a": 1})
    d.ingest_gec("i", "f", {"a": 1})
    d.ingest_tax_health("i", {"a": 1})
    d.ingest_csk_hints("i", "f", [{"h": 1}])
    d.operator_brief("i")
    d.translation_log("i")
    d.translation_log("i", limit=3)
    d.payout_summary("i", "w")
    g.ingest_numa_signals("i", [{"s": 1}])
    g.ingest_gec("i", "f", {})
    g.ingest_csk_hints("i", "f", [])
    g.ingest_stats("i", {"a": 1})
    g.operator_brief("i")
    g.translation_log("i")
    s.ingest_health("i", {"a": 1})
    s.ingest_reflex("i", {"a": 1})
    s.ingest_yield("i", asset="a", yield_pct=1.0, prev_yield_pct=2.0)
    s.ingest_gec_hints("i", [{"h": 1}])
    s.treasury_brief("i")


def test_tower_calls_are_the_originals_on_the_wire() -> None:
    sent: list[Any] = []
    names = ("x-api-key", "x-project-id", "content-type", "user-agent")

    def handle(request: httpx.Request) -> httpx.Response:
        content = request.read()
        carried = {name: request.headers[name] for name in names if name in request.headers}
        path = request.url.raw_path.decode()
        sent.append([request.method, path, json.loads(content) if content else None, carried])
        return httpx.Response(200, json={"data": {"ok": 1}})

    transport = httpx.MockTransport(handle)
    with TowerClient(base_url="http://t/b", api_key="k", project_id="p", transport=transport) as client:
        tower_calls(client)

    assert sent == json.loads((HERE / "tower_wire.json").read_text(encoding="utf-8"))
