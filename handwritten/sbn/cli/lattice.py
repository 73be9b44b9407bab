"""`sbn lattice`: what takes more than a call."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wirewright.commands.output import pick
from wirewright.commands.takes import read_json

BUNDLE = "sbn_lattice_bundle_v1"
Answer = dict[str, Any]


def create(
    client: Any,
    *,
    name: str,
    domain: str,
    nodes_file: Path,
    edges_file: Path | None = None,
    meta_file: Path | None = None,
    gec_frontier_file: Path | None = None,
    topology: str = "series",
    activate: bool = False,
) -> tuple[Answer, Answer]:
    """Create a workflow from files.

    Args:
        name: Its name.
        domain: Its domain.
        nodes_file: A JSON file.
        edges_file: A JSON file.
        meta_file: A JSON file.
        gec_frontier_file: A JSON file.
        topology: Shape of the graph.
        activate: Activate it at once.
    """
    nodes = read_json(str(nodes_file))
    edges = read_json(str(edges_file)) if edges_file else None
    workflow: Answer = client.lattice.create_workflow(
        name=name,
        domain=domain,
        nodes=nodes,
        edges=edges,
        topology=topology,
        meta=read_json(str(meta_file), only=dict) if meta_file else None,
        gec_frontier=read_json(str(gec_frontier_file), only=dict) if gec_frontier_file else None,
    )
    if activate:
        workflow = client.lattice.activate_workflow(pick(workflow, "workflow_id|id"))
    return workflow, {"nodes": len(nodes), "edges": len(edges or [])}


def import_(client: Any, data: Answer, *, activate: bool = False) -> tuple[Answer, Answer]:
    """Import a workflow, or a bundle of them.

    Args:
        data: An export or a bundle, or - for stdin.
        activate: Activate at once.
    """
    bundled = data.get("format") == BUNDLE or ("workflows" in data and "workflow" not in data)
    perform = client.lattice.import_workflows if bundled else client.lattice.import_workflow
    return perform(data, activate=activate), {"bundled": bundled}


def template(client: Any, workflow_id: str) -> Answer:
    """Show a workflow as a pgDAG template."""
    return asdict(client.lattice.build_pgdag_template(workflow_id))


def verify_packet(client: Any, *, file: str | None = None, text: str | None = None) -> tuple[Answer, Answer]:
    """Check a packet of evidence.

    Args:
        file: A packet in a file.
        text: A packet as JSON.
    """
    if bool(file) == bool(text):
        raise ValueError("Pass either --file or --json.")
    answer: Answer = client.lattice.verify_evidence_packet(
        read_json(file, only=dict) if file else json.loads(text or "")
    )
    return answer, {"genuine": "genuine" if answer.get("verified") else "not genuine"}
