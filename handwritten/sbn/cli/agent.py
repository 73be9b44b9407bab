"""`sbn agent` and `sbn twin`: the same commands, with an agent's client."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from wirewright.calls import is_object

from sbn._models import listed
from sbn.cli import output, shared
from sbn.cli._config import masked
from sbn.cli.lattice import add_export
from sbn.cli.numa import add_signals
from sbn.cli.reality import add_ingestion, counts
from sbn.cli.table import Facts, Group, Row, Rows, form_of, read_json

CAPABILITIES = (
    ("gateway", "slots, attestations, receipts", "read/write"),
    ("snapchore", "capture, verify, seal, discover", "read/write"),
    ("reality", "facts, evidence, ingestions, lattice graph", "read/write"),
    ("lattice", "workflow DAGs and step execution", "read/write"),
    ("numa", "hints, forecasts, signals", "read/write"),
    ("receipts", "receipt lookup and discovery", "read"),
    ("governance", "proposal visibility and submission", "read/write"),
)
Source = Annotated[str, typer.Argument(help="A JSON file, or - for stdin.")]
JsonFile = Annotated[str | None, typer.Option(help="A JSON file with an object, or - for stdin.")]
Text = Annotated[str | None, typer.Option()]
CLOSED = [
    "slot_id",
    "receipt_id",
    "closed_at",
    "blocks_composed",
    "blocks_attested",
    "compose_receipts",
    "carrier_state",
]
OPENED = ["id", "worker_id", "task_type", "state", "opened_at", "receipt_id", "metadata"]


def _object(source: str | None) -> dict[str, Any] | None:
    return read_json(source, only=dict) if source else None


def _build(help: str) -> Group:
    group = Group(help, agent=True)
    _about(group)
    _slots(group)
    _snapchore(group)
    _reality(group)
    _lattice(group)
    group.add(*shared.under("numa", shared.SIGNALS))
    add_signals(group, "numa ")
    group.add(*shared.under("receipts", shared.RECEIPTS), *shared.under("governance", shared.GOVERNANCE))
    return group


def _about(group: Group) -> None:
    @group.command("status")
    def status(ctx: typer.Context) -> None:
        """Show how the client is set up; sends nothing."""
        config = ctx.obj
        output.success("Agent client")
        output.echo_fields(
            [
                ("Base URL", config.base_url, False),
                ("Auth Mode", "api_key" if config.api_key else "unauthenticated", True),
                ("API Key", masked(config.api_key), True),
                ("Namespaces", ", ".join(name for name, _, _ in CAPABILITIES), True),
                ("Client", "AgentClient", False),
                ("Output Format", config.output_format, False),
            ]
        )

    @group.command("whoami")
    def whoami(ctx: typer.Context) -> None:
        """Show who the client is; sends nothing."""
        config = ctx.obj
        known: dict[str, Any] = {
            "client_type": "agent_runtime",
            "auth_mode": "api_key" if config.api_key else "unauthenticated",
            "api_key": masked(config.api_key),
            "base_url": config.base_url,
            "tenant_id": None,
            "principal": None,
        }
        lines = (
            "Client Type=client_type; Auth Mode*=auth_mode; API Key*=api_key; Base URL=base_url; "
            "Tenant=tenant_id?(default); Principal=principal?(unknown)"
        )
        Facts(lines, quiet="auth_mode", said="Agent").show(known, form_of(ctx), {})

    @group.command("capabilities")
    def capabilities(ctx: typer.Context) -> None:
        """Show what an agent may do; sends nothing."""
        known = [dict(zip(("namespace", "scope", "mode"), row, strict=True)) for row in CAPABILITIES]
        view = Rows("namespace scope mode", wrap="capabilities", quiet="namespace", said="What an agent may do")
        view.show(known, form_of(ctx), {})


def _slots(group: Group) -> None:
    @group.command("attest")
    def attest(
        ctx: typer.Context,
        slot_id: str,
        snap_hash: str,
        frontier: Text = None,
        metadata_json: JsonFile = None,
        metrics_json: JsonFile = None,
    ) -> None:
        """Ask for an attestation of a hash."""
        from sbn.gateway import SlotSummary

        summary = SlotSummary(
            slot_id=slot_id,
            snap_hash=snap_hash,
            frontier_id=frontier,
            metadata=_object(metadata_json) or {},
            metrics=_object(metrics_json) or {},
        )
        with group.client(ctx) as client:
            answer = client.gateway.request_attestation(summary)
        view = Facts(
            "Receipt*=receipt_id|id; Frontier=frontier_id; Status*=status",
            quiet="receipt_id|id",
            said="Attestation of slot {slot_id} asked for",
        )
        view.show(answer, form_of(ctx), {"slot_id": slot_id})

    @group.command("receipt")
    def receipt(ctx: typer.Context, receipt_id: str) -> None:
        """Show a receipt."""
        with group.client(ctx) as client:
            found = asdict(client.gateway.fetch_receipt(receipt_id))
        if form_of(ctx) != "json" and found["created_at"]:
            found["created_at"] = found["created_at"].isoformat()
        view = Facts(
            "Subject=subject_id; Subject Type=subject_type; Signer=signer_id; Created=created_at; Hash*=snapchore_hash",
            quiet="id",
            said="Receipt {id}",
        )
        view.show(found, form_of(ctx), {})

    @group.command("slots open")
    def open_(
        ctx: typer.Context,
        worker_id: Annotated[str, typer.Option(help="Who does the work.")],
        task_type: Annotated[str, typer.Option(help="What kind of work it is.")],
        generation_interval: Annotated[int | None, typer.Option(min=1, help="Seconds per generation.")] = None,
        metadata_json: JsonFile = None,
    ) -> None:
        """Open a slot."""
        metadata = _object(metadata_json)
        with group.client(ctx) as client:
            slot = client.gateway.create_slot(
                worker_id, task_type, generation_interval=generation_interval, metadata=metadata
            )
        opened = {name: getattr(slot, name) for name in OPENED}
        opened["opened_at"] = slot.opened_at.isoformat() if slot.opened_at else None
        lines = "Worker=worker_id; Task=task_type; State*=state; Opened=opened_at; Receipt*=receipt_id"
        Facts(lines, quiet="id", said="Opened slot {id}").show(opened, form_of(ctx), {})

    @group.command("slots close")
    def close(ctx: typer.Context, slot_id: str) -> None:
        """Close a slot."""
        with group.client(ctx) as client:
            closure = client.gateway.close_slot(slot_id)
        closed = {name: getattr(closure, name) for name in CLOSED}
        closed["closed_at"] = closure.closed_at.isoformat() if closure.closed_at else None
        lines = (
            "Receipt*=receipt_id; Blocks Composed=blocks_composed; Blocks Attested=blocks_attested; Closed=closed_at; "
            "Carrier State=carrier_state"
        )
        view = Facts(lines, quiet="receipt_id", said="Closed slot {slot_id}")
        view.show(closed, form_of(ctx), {"slot_id": slot_id})

    group.add(
        Row(
            "slots blocks",
            "gateway.list_slot_blocks",
            "slot_id --limit",
            Rows(
                "block_id=block_id|id domain type=block_type|type hash=snapchore_hash|hash created_at",
                at="blocks",
                quiet="block_id|id",
                said="{count} blocks in slot {slot_id}, which is {value[slot_state]}",
                blanks=True,
            ),
        )
    )


def _snapchore(group: Group) -> None:
    hashed = "snapchore_hash|hash"
    queue = "Submitted=by_status.submitted; Queued*=by_status.queued_for_attestation; Attested=by_status.attested"
    group.add(
        Row(
            "snap capture",
            "snapchore.capture",
            "source:payload@",
            Facts(f"Hash*={hashed}; Canon Version=canon_version", quiet=hashed, said="Captured"),
        ),
        Row(
            "snap verify",
            "snapchore.verify",
            "expected_hash source:payload@",
            Facts("Valid*=valid; Expected=$expected_hash; Actual=actual_hash|hash", quiet="valid", said="Verified"),
        ),
        Row(
            "snap seal",
            "snapchore.seal",
            "source:payload@ --domain --block-type --metadata-json:metadata@ --metrics-json:metrics@",
            Facts(f"Hash*={hashed}; Domain=domain; Block Type=block_type|type", quiet=hashed, said="Sealed"),
        ),
        Row(
            "snap discover",
            "snapchore.discover",
            "snap_hash:snapchore_hash",
            Facts(
                f"Hash*={hashed}; Source=source; Domain=domain; Created=created_at", quiet=hashed, said="Ledger entry"
            ),
        ),
        Row(
            "snap queue-summary",
            "snapchore.queue_summary",
            "--limit",
            Facts(f"Total*=total; {queue}", quiet="total", said="Queue"),
        ),
        Row(
            "snap process-queue",
            "snapchore.process_queue",
            "--limit",
            Facts(
                "Scanned=scanned; Attempted*=attempted; Submitted=submitted; Queued*=queued_for_attestation; "
                "Attested*=attested; Failed=failed",
                quiet="attempted",
                said="Worked off the queue",
            ),
        ),
        Row(
            "snap queue-health",
            "snapchore.attestation_queue_health",
            "--limit",
            Facts(
                f"Total=total; Tenants=tenants; Ready now*=ready_now; Queued pending*=queued_pending; {queue}; "
                "Oldest ready=oldest_ready_at",
                quiet="total",
                said="Queue health",
            ),
        ),
    )


def _reality(group: Group) -> None:
    group.add(
        *shared.under("reality", shared.FACTS),
        Row(
            "reality facts get",
            "reality.get_fact",
            "fact_id",
            Facts(f"{shared.SCORES}; Created=created_at", quiet="fact_id|id", said="Fact {id}"),
        ),
        Row(
            "reality facts create",
            "reality.create_fact",
            "text --entities, --claims, --citations, --public:is_public",
            Facts(
                "State*=state; Trust=trust_score:.4f; Receipt*=receipt_hash|latest_receipt_hash?(pending)",
                quiet="fact_id|id",
                said="Fact {id} stated",
            ),
        ),
        Row(
            "reality facts search",
            "reality.search_facts",
            "--entity --state",
            Rows(shared.FACT_COLUMNS, wrap="items", quiet="fact_id|id", said="{count} facts"),
        ),
    )
    add_ingestion(group, "reality ingestions", "agent_cli")

    @group.command("reality evidence ingest")
    def ingest(ctx: typer.Context, source: Source) -> None:
        """Add evidence: an object with `items`, an array, or one object."""
        value = read_json(source)
        items = value.get("items", [value]) if is_object(value) else value
        with group.client(ctx) as client:
            answer = client.reality.ingest_evidence(items)
        count = len(answer.get("evidence") or answer.get("items") or items)
        view = Facts(
            "Evidence*=$count; Links Created=links_created", quiet="count", said="{count} pieces of evidence added"
        )
        view.show(answer, form_of(ctx), {"count": count})

    @group.command("reality lattice get")
    def graph(ctx: typer.Context) -> None:
        """Show the graph of facts and evidence."""
        with group.client(ctx) as client:
            answer = client.reality.get_lattice()
        nodes, edges = len(listed(answer, "nodes")), len(listed(answer, "edges"))
        by_kind = counts(answer)
        if form_of(ctx) == "json":
            output.echo_json(answer)
        elif form_of(ctx) == "quiet":
            output.echo_quiet(f"{nodes}:{edges}")
        else:
            kinds = [("Supports", "supports"), ("Contradicts", "contradicts"), ("Same-as", "same_as")]
            output.success("Facts and evidence")
            fields = [("Nodes", nodes, True), ("Edges", edges, True)]
            output.echo_fields(fields + [(label, by_kind[kind], False) for label, kind in kinds])


def _lattice(group: Group) -> None:
    group.add(
        *shared.under("lattice", shared.WORKFLOWS),
        Row(
            "lattice workflows import",
            "lattice.import_workflow",
            "source:data@ --activate",
            Facts("Workflow=workflow_id|id; State*=state?draft", quiet="workflow_id|id", said="Imported as {id}"),
        ),
        Row(
            "lattice workflows complete",
            "lattice.mark_workflow_complete",
            "workflow_id",
            Facts(
                "Workflow=workflow_id|id; State*=state?completed",
                quiet="workflow_id|id",
                said="Completed {workflow_id}",
            ),
        ),
        Row(
            "lattice workflows outcome",
            "lattice.record_step_outcome",
            "workflow_id step_id --agent-id --outcome --duration-seconds --error-message --proof-hash --proof-stage "
            "--block-ref --signal-hash --meta-json:meta@",
            Facts(
                "Outcome*=outcome; Agent=agent_id; Duration=duration_seconds",
                quiet="step_id",
                said="Outcome of {workflow_id}:{step_id} recorded",
            ),
        ),
        Row(
            "lattice edges list",
            "lattice.list_edges",
            "--source-id --target-id --edge-type --limit",
            Rows(
                "edge_id=edge_id|id source_id target_id edge_type=edge_type|kind weight=weight:.4f",
                wrap="edges",
                quiet="edge_id|id",
                said="{count} edges",
                blanks=True,
            ),
        ),
        Row(
            "lattice edges create",
            "lattice.create_edge",
            "source_id target_id edge_type --weight --meta-json:meta@",
            Facts(
                "Type*=edge_type; Source=source_id; Target=target_id; Weight=weight:.4f",
                quiet="edge_id|id",
                said="Edge {id} recorded",
            ),
        ),
    )
    add_export(group, "lattice ")


agent_app = _build("What an agent needs of the network.").app
twin_app = _build("What a digital twin needs of the network.").app
