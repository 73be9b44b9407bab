"""`sbn lattice`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sbn.cli import output
from sbn.cli.shared import WORKFLOWS
from sbn.cli.table import Facts, Group, Row, Rows, form_of, read_json

_group = Group("Workflows, runs and evidence.")
lattice_app = _group.app
BUNDLE = "sbn_lattice_bundle_v1"
Existing = Annotated[Path, typer.Option(exists=True, dir_okay=False, help="A JSON file.")]
Optional = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A JSON file.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")]
WorkflowId = Annotated[str, typer.Argument(help="The workflow's id.")]
_group.add(
    *WORKFLOWS,
    Row(
        "workflows activate",
        "lattice.activate_workflow",
        "workflow_id",
        Facts("State*=state?active", quiet="workflow_id|id", said="Activated {workflow_id}"),
    ),
    Row(
        "workflows clone",
        "lattice.clone_workflow",
        "workflow_id --target-project-id!",
        Facts("Target Project=$target_project_id", quiet="workflow_id|id", said="Cloned as {id}"),
    ),
    Row(
        "workflows runs",
        "lattice.list_workflow_runs",
        "workflow_id --limit",
        Rows(
            "run_id status=status_label|status phase proof_stage events=event_count steps=step_count last_event_at",
            wrap="runs",
            quiet="run_id",
            said="{count} runs of {workflow_id}",
            blanks=True,
        ),
    ),
    Row(
        "edges list",
        "lattice.list_edges",
        "--source-id --target-id --edge-type --limit",
        Rows(
            "id=id|edge_id source_id target_id edge_type=edge_type|kind weight",
            wrap="edges",
            quiet="id|edge_id",
            said="{count} edges",
            blanks=True,
        ),
    ),
)


def write_json(path: Path, value: Any) -> None:
    """JSON into a file."""
    path.write_text(json.dumps(value, indent=2, default=str) + "\n", encoding="utf-8")


def deliver(
    ctx: typer.Context, value: Any, path: Path | None, said: str, lines: list[tuple[str, Any, bool]] | None = None
) -> None:
    """A document: into a file when one is named, else to stdout."""
    form = form_of(ctx)
    if path:
        write_json(path, value)
    if form == "json" or (not path and lines is None):
        output.echo_json(value)
    elif form == "quiet" and path:
        output.echo_quiet(path)
    else:
        output.success(said)
        output.echo_fields(lines or [])


@_group.command("workflows create")
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Option("--name", "-n", help="Its name.")],
    domain: Annotated[str, typer.Option("--domain", "-d", help="Its domain.")],
    nodes_file: Existing,
    edges_file: Optional = None,
    meta_file: Optional = None,
    gec_frontier_file: Optional = None,
    topology: Annotated[str, typer.Option(help="Shape of the graph.")] = "series",
    activate: Annotated[bool, typer.Option("--activate", help="Activate it at once.")] = False,
) -> None:
    """Create a workflow from files."""
    nodes = read_json(str(nodes_file))
    edges = read_json(str(edges_file)) if edges_file else None
    with _group.client(ctx) as client:
        workflow = client.lattice.create_workflow(
            name=name,
            domain=domain,
            nodes=nodes,
            edges=edges,
            topology=topology,
            meta=read_json(str(meta_file), only=dict) if meta_file else None,
            gec_frontier=read_json(str(gec_frontier_file), only=dict) if gec_frontier_file else None,
        )
        if activate:
            workflow = client.lattice.activate_workflow(output.pick(workflow, "workflow_id|id"))
    said = {"Name": name, "Domain": domain, "Topology": topology, "Nodes": len(nodes), "Edges": len(edges or [])}
    if form_of(ctx) in {"json", "quiet"}:
        Facts("", quiet="workflow_id|id").show(workflow, form_of(ctx), {})
        return
    output.success(f"Created {output.pick(workflow, 'workflow_id|id')}")
    output.echo_fields([*((k, v, False) for k, v in said.items()), ("State", workflow.get("state", "draft"), True)])


def add_export(group: Group, prefix: str = "") -> None:
    """`workflows export`."""

    @group.command(f"{prefix}workflows export")
    def export(ctx: typer.Context, workflow_id: WorkflowId, output_path: Output = None) -> None:
        """Export a workflow."""
        with group.client(ctx) as client:
            envelope = client.lattice.export_workflow(workflow_id)
        deliver(ctx, envelope, output_path, f"Exported to {output_path}")


add_export(_group)


@_group.command("workflows import")
def import_(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(help="An export or a bundle, or - for stdin.")],
    activate: Annotated[bool, typer.Option("--activate", help="Activate at once.")] = False,
) -> None:
    """Import a workflow, or a bundle of them."""
    data = read_json(source, only=dict)
    is_bundle = data.get("format") == BUNDLE or ("workflows" in data and "workflow" not in data)
    with _group.client(ctx) as client:
        if is_bundle:
            answer = client.lattice.import_workflows(data, activate=activate)
        else:
            answer = client.lattice.import_workflow(data, activate=activate)
    given = {"source": source, "activate": activate}
    if is_bundle:
        view = Facts(
            "Source=$source; Imported*=imported|count; Activated=$activate",
            quiet="imported|count",
            said="Imported a bundle",
        )
    else:
        view = Facts("Source=$source; State*=state?draft", quiet="workflow_id|id", said="Imported as {id}")
    view.show(answer, form_of(ctx), given)


@_group.command("workflows template")
def template(ctx: typer.Context, workflow_id: WorkflowId, output_path: Output = None) -> None:
    """Show a workflow as a pgDAG template."""
    with _group.client(ctx) as client:
        built = asdict(client.lattice.build_pgdag_template(workflow_id))
    if output_path:
        deliver(ctx, built, output_path, f"Template of {workflow_id}", [("Output", output_path, False)])
        return
    if form_of(ctx) == "json":
        output.echo_json(built)
        return
    output.success(f"Template of {workflow_id}")
    lines = (
        "Name=name; Domain=domain; Version=version; Nodes=#nodes; Edges=#edges; Linked "
        "workflow_id*=metadata.workflow_id"
    )
    output.echo_fields(Facts(lines).fields(built, {}))


@_group.command("workflows evidence-packet")
def evidence_packet(
    ctx: typer.Context,
    workflow_id: WorkflowId,
    run_id: Annotated[str, typer.Argument(help="The run's id.")],
    output_path: Output = None,
) -> None:
    """Fetch the evidence of a run."""
    with _group.client(ctx) as client:
        packet = client.lattice.get_workflow_run_evidence_packet(workflow_id, run_id)
    if not output_path:
        output.echo_json(packet)
        return
    lines = Facts(
        "Workflow=$workflow_id; Run*=$run_id; Output=$output_path; Digest*=share_manifest.packet_digest; "
        "Signature Key=signature.key_id"
    ).fields(packet, {"workflow_id": workflow_id, "run_id": run_id, "output_path": output_path})
    deliver(ctx, packet, output_path, f"Evidence of run {run_id}", lines)


@_group.command("workflows verify-packet")
def verify_packet(
    ctx: typer.Context,
    file: Annotated[str | None, typer.Option("--file", help="A packet in a file.")] = None,
    text: Annotated[str | None, typer.Option("--json", help="A packet as JSON.")] = None,
) -> None:
    """Check a packet of evidence."""
    if bool(file) == bool(text):
        raise ValueError("Pass either --file or --json.")
    data = read_json(file, only=dict) if file else json.loads(text or "")
    with _group.client(ctx) as client:
        answer = client.lattice.verify_evidence_packet(data)
    lines = (
        "Verified*=verified; Digest Match*=digest_match; Signature Valid*=signature_valid; Packet "
        "Digest=packet_digest; "
        "Signature Key=signature_key_id"
    )
    said = "The packet is genuine" if answer.get("verified") else "The packet is not genuine"
    Facts(lines, quiet="verified", said=said).show(answer, form_of(ctx), {})
