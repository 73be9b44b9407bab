# ruff: noqa: E501 - the lines are as people type them
"""Every command path as a line that works against a seeded sandbox; `{name}` is filled in by `prepare`.

Runs in any environment with an `sbn`: `python command_lines.py URL FOLDER` prints what each line prints, as JSON lines.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

BOTH = """
version
auth login --api-key sbn_live_abc123 --atlas-client-id c --atlas-client-secret ssssssssssssss
auth status
auth logout
acp status proj-123
acp leases test proj-123 --provider render --region eu-north --purpose smoke
acp leases list proj-123 --state running
acp leases release proj-123 {lease}
agent status
agent whoami
agent capabilities
agent slots open --worker-id w-1 --task-type classify --generation-interval 30 --metadata-json {metadata}
agent slots blocks {slot} --limit 5
agent slots close {slot}
agent attest {slot} {hash} --frontier grid.atomic_rentals.streaming --metadata-json {metadata}
agent receipt {receipt}
agent snap capture {payload}
agent snap verify {hash} {payload}
agent snap seal {payload} --domain d --block-type audit --metadata-json {metadata}
agent snap discover {hash}
agent reality facts list --limit 2
agent reality facts get fact_seed_1
agent reality facts create "The ramp closes at ten." --entities ramp,gate --public
agent reality facts search --state pending
agent reality facts recompute fact_seed_1
agent reality evidence ingest {evidence}
agent reality ingestions text --content "One. Two."
agent reality ingestions upload {text}
agent reality ingestions list
agent reality ingestions get {ingestion}
agent reality lattice get
agent lattice workflows list
agent lattice workflows get {workflow}
agent lattice workflows export {workflow}
agent lattice workflows import {envelope} --activate
agent lattice workflows outcome {workflow} collect_signal --agent-id a --duration-seconds 1.5 --proof-stage sealed
agent lattice workflows ready {workflow} --completed collect_signal
agent lattice workflows complete {workflow}
agent lattice edges create s t PRODUCES --weight 0.5
agent lattice edges list --source-id s
agent numa signals publish {signals}
agent numa signals list
agent numa signals ack sig_one sig_two --agent-id w-1
agent numa hints
agent numa forecasts list
agent receipts list --limit 3
agent receipts get {receipt}
agent governance proposals create {proposal}
agent governance proposals list
agent governance proposals get {proposal_id}
atlas resolve --workflow pushup_session
atlas register --name "pt-kinetic" --family kinetic.sessions --workflow pushup_session --workflow session_integrity --bind pushup_session=kinetic.pushup.amrap.v1 --bind session_integrity=kinetic.session.integrity.v1 --pulse pushup_session=slot_stream --pulse session_integrity=pgdag
atlas token --client-id {client_id} --client-secret {client_secret}
atlas env --app-id {app}
atlas env --app-id {app} --format json
atlas apps
atlas keys mint {app} --label "pt-kinetic network key"
atlas keys bind {app} key_seed
atlas bindings set {app} --workflow pushup_session --frontier kinetic.pushup.amrap.v1
atlas bindings history {app} --workflow pushup_session
atlas bindings restore {app} --workflow pushup_session --index 2
atlas frontiers --kind scoring
atlas tree
atlas detect
atlas couplings
atlas calibrate --frontier kinetic.pushup.amrap.v1
atlas calibrate --force
atlas revoke {app} --yes
frontier encode --app-name pt_web --gec-domain Kinetic --frontier "Push Up" --phase execution --accepted-actions "a b,c" --action-weight rep=1.5
frontier workflow-spec --workflow pushup_session --app-name pt_web --gec-domain kinetic --frontier pushup --constraint-tag amrap --phase execution
reality facts list
reality facts get fact_seed_1
reality facts recompute fact_seed_1
reality facts review fact_seed_1 --action accept
reality facts review fact_seed_1 --action merge --target-fact-id fact_seed_2 --note "duplicate extraction"
reality facts review fact_seed_2 --action discard
reality ingest text --content "Three. Four." --source-title T
reality ingest upload {text}
reality ingestions list
reality ingestions get {ingestion}
reality lattice get
lattice workflows create --name kinetic.pushup.amrap.v1 --domain kinetic.pushup --nodes-file {nodes} --edges-file {edges} --meta-file {metadata} --activate
lattice workflows list --domain kinetic.session
lattice workflows get {workflow}
lattice workflows activate {workflow}
lattice workflows clone {workflow} --target-project-id proj-456
lattice workflows export {workflow} --output {folder}/out.json
lattice workflows import {envelope} --activate
lattice workflows import {bundle}
lattice workflows template {workflow}
lattice workflows template {workflow} --output {folder}/template.json
lattice workflows ready {workflow} --completed collect_signal
lattice workflows runs {workflow}
lattice workflows evidence-packet {workflow} run_seed_1 --output {folder}/run-packet.json
lattice workflows verify-packet --file {folder}/run-packet.json
lattice edges list
numa signals publish {signals}
numa signals list --all
numa signals poll --cursor control= --cursor forecast=2026-01-01T00:00:00+00:00
numa signals ack sig_one
numa hints --frontier grid.atomic_rentals.streaming
numa diagnostics
numa forecasts list
numa forecasts get grid.atomic_rentals.streaming
receipts list
receipts get {receipt}
governance proposals create {proposal}
governance proposals list --status pending
governance proposals get {proposal_id}
governance proposals approve {proposal_id} --approver a --note n
governance proposals approve {proposal_id} --approver b
governance proposals promote {proposal_id}
governance proposals reject {proposal_two} --approver a
ops seed-tenant
ops open-slot a
ops close-slot s
ops verify s
ops init
ops bundle-status
twin status
twin slots open --worker-id w-1 --task-type classify
"""

NEW = """
agent snap queue-summary
agent snap process-queue
agent snap queue-health
agent receipts proof-ledger {block}
receipts proof-ledger {block}
atlas cards register --domain card.one --app-family f --family-class stream_efficiency --authored-by me --c-max 0.5 --workflow w
atlas cards list
atlas cards show card.one
atlas cards version card.one --authored-by you --label L
atlas cards export card.one --out {folder}/card.json
atlas cards import {folder}/card.json --supersede-existing --change-note again
atlas cards attach card.one --app-id {app} --workflow w --key-id key_seed
atlas cards run card.one --input a=1 --config b=text
reality facts promote fact_seed_2 --note n
reality facts handoff fact_seed_2
reality facts submit fact_seed_2
reality evidence get {evidence_id}
reality evidence promote {evidence_id}
reality evidence handoff {evidence_id}
reality evidence submit {evidence_id}
reality review-queue list
reality review-queue resolve {suggestion} --action accept
reality operations list
ops repair-slot-carrier-state
"""

ERRORS = """
acp leases release proj-123 nope
receipts get nope
lattice workflows get nope
reality facts review fact_seed_1 --action merge
reality facts review fact_seed_1 --action nope
numa signals poll --cursor control
lattice workflows verify-packet
frontier encode --app-name a --gec-domain b --frontier c --action-weight nope
atlas register --name n --family f
atlas bindings history {app} --workflow nope
atlas env
atlas keys bind {app} nope
governance proposals get
receipts list --limit 0
auth login
"""


def lines(version: str) -> list[str]:
    text = BOTH + (NEW if version != "0.12" else "") + ERRORS
    return [line for line in text.splitlines() if line.strip()]


def write(folder: Path, name: str, value: Any) -> str:
    file = folder / name
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(file)


def prepare(folder: Path) -> dict[str, str]:
    """The files that the lines read."""
    workflow = {
        "name": "imported",
        "domain": "d",
        "nodes": [{"id": "a"}, {"id": "b"}],
        "edges": [{"source": "a", "target": "b"}],
    }
    return {
        "folder": str(folder),
        "metadata": write(folder, "metadata.json", {"owner": "ops"}),
        "payload": write(folder, "payload.json", {"event": "signup", "user": "u-42"}),
        "evidence": write(
            folder, "evidence.json", [{"source_uri": "u", "extracted_claims": ["the gate closes at nine"]}]
        ),
        "signals": write(
            folder,
            "signals.json",
            [
                {"signal_id": "sig_one", "signal_type": "META", "frontier_id": "f"},
                {"signal_id": "sig_two", "signal_type": "FORECAST"},
            ],
        ),
        "proposal": write(
            folder, "proposal.json", {"document": {"frontier_id": "f", "submitter": "me", "risk_band": "low"}}
        ),
        "text": write(folder, "notice.MD", "The gate closes at nine. The ramp opens at six."),
        "nodes": write(folder, "nodes.json", workflow["nodes"]),
        "edges": write(folder, "edges.json", workflow["edges"]),
        "envelope": write(folder, "workflow-export.json", {"workflow": workflow}),
        "bundle": write(
            folder, "workflow-bundle.json", {"format": "sbn_lattice_bundle_v1", "workflows": [{"workflow": workflow}]}
        ),
        "hash": "e445484b03f4d0fc47843314b4f076cb9796418167bb413fcefe83d8b16cb655",
        "workflow": "wf_kinetic_session_integrity_v3_ab12cd34",
    }


def seed(url: str) -> dict[str, str]:
    """What the lines refer to, made by plain HTTP calls."""
    import httpx

    def call(method: str, path: str, body: Any = None) -> Any:
        answer = http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json()

    with httpx.Client(base_url=url, headers={"x-api-key": "sbn_live_abc123"}) as http:
        slot = call("POST", "/slots", {"worker_id": "w"})["data"]
        block = {"slot_id": slot["id"], "block_type": "Action", "domain": "d", "payload": {"action": "a", "score": 1.0}}
        call("POST", "/api/bitblocks/submit", block)
        sealed = call("POST", f"/slots/{slot['id']}/seal", {})["data"]
        lease = call("POST", "/internal/acp/projects/proj-123/test-lease", {"provider": "gcp"})["lease"]
        proposals = [
            call("POST", "/api/governance/proposals", {"proposal": {"document": {"frontier_id": "f"}}})
            for _ in range(2)
        ]
        spec = {"workflow": "pushup_session", "frontier_id": "kinetic.pushup.amrap.v1"}
        said = {"app_name": "n", "app_family": "f", "declared_workflows": ["pushup_session"], "workflow_specs": [spec]}
        app = call("POST", "/api/atlas/apps/register", said)
        evidence = call("POST", "/api/reality/evidence", {"items": [{"source_uri": "u", "extracted_claims": ["x"]}]})
        ingestion = call("POST", "/api/reality/ingest", {"content": "Same again."})
        call("POST", "/api/reality/facts", {"text": "Same again."})
        forecast = {"frontier_id": "grid.atomic_rentals.streaming", "report": {"status": "stable", "risk_band": "low"}}
        call("POST", "/internal/numa/forecast", forecast)
        queue = http.get("/api/reality/review-queue")
        suggestion = queue.json()["items"][0]["suggestion_id"] if queue.status_code == 200 else ""
    return {
        "slot": slot["id"],
        "receipt": slot["receipt_id"],
        "block": sealed["anchor"]["smartblock_id"],
        "lease": lease["lease_id"],
        "proposal_id": proposals[0]["id"],
        "proposal_two": proposals[1]["id"],
        "app": app["app_id"],
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "evidence_id": evidence["evidence"][0]["evidence_id"],
        "ingestion": ingestion["ingestion_id"],
        "suggestion": suggestion,
    }


def run(version: str, url: str, folder: Path, form: str) -> list[dict[str, Any]]:
    """What every line answers with the installed command line."""
    from sbn.cli.main import app
    from typer.testing import CliRunner

    names = prepare(folder) | seed(url)
    environment = {"SBN_BASE_URL": url, "SBN_API_KEY": "sbn_live_abc123", "SBN_OUTPUT_FORMAT": "", "COLUMNS": "200"}
    environment |= {"ATLAS_CLIENT_ID": "", "ATLAS_CLIENT_SECRET": "", "NO_COLOR": "1", "TERM": "dumb"}
    os.environ.update(environment)
    answers: list[dict[str, Any]] = []
    for line in lines(version):
        words = shlex.split(line.format(**names))
        result = CliRunner().invoke(app, [*(["-f", form] if form else []), *words])
        raised = (
            type(result.exception).__name__
            if result.exception and not isinstance(result.exception, SystemExit)
            else None
        )
        answers.append(
            {"line": line, "exit": result.exit_code, "out": result.stdout, "err": result.stderr, "raised": raised}
        )
    return answers


if __name__ == "__main__":
    for answer in run(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else ""):
        print(json.dumps(answer))
