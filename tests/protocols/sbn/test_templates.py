"""Lattice workflows as templates of the execution kernel."""

from __future__ import annotations

import importlib

import pytest
from sbn import SbnClient

template = pytest.importorskip("pgdag.template", reason="the execution kernel is not installed")

NODES = [{"id": "fetch", "label": "Fetch", "step_type": "tool"}, {"id": "judge", "label": "Judge"}]
EDGES = [{"source": "fetch", "target": "judge", "edge_type": "sequence"}]


@pytest.fixture(autouse=True)
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's own classes under its front door."""
    pgdag = importlib.import_module("pgdag")
    for name in ("DAGTemplate", "DAGNode", "DAGEdge"):
        monkeypatch.setattr(pgdag, name, getattr(template, name), raising=False)


@pytest.fixture
def triage(client: SbnClient) -> tuple[SbnClient, str]:
    """A client, and the id of a workflow of two steps."""
    return client, client.lattice.create_workflow(domain="ops", name="triage", nodes=NODES, edges=EDGES)["id"]


def test_a_workflow_becomes_a_template_that_points_back_at_it(triage: tuple[SbnClient, str]) -> None:
    sbn, workflow_id = triage

    made = sbn.lattice.build_pgdag_template(workflow_id)

    assert (made.name, made.domain) == ("triage", "ops")
    assert [(node.id, node.label, node.step_type) for node in made.nodes] == [
        ("fetch", "Fetch", "tool"),
        ("judge", "Judge", ""),
    ]
    assert [(edge.source, edge.target, edge.edge_type) for edge in made.edges] == [("fetch", "judge", "sequence")]
    assert made.metadata["workflow_id"] == workflow_id


def test_an_export_becomes_the_same_template_and_says_where_it_came_from(triage: tuple[SbnClient, str]) -> None:
    sbn, workflow_id = triage

    made = sbn.lattice.build_pgdag_template_from_export(sbn.lattice.export_workflow(workflow_id))

    assert made.nodes == sbn.lattice.build_pgdag_template(workflow_id).nodes
    assert made.metadata["workflow_id"] == workflow_id
    assert made.metadata["lattice"]["workflow_id"] == workflow_id


def test_what_is_no_workflow_is_refused(triage: tuple[SbnClient, str]) -> None:
    sbn, _ = triage
    with pytest.raises(ValueError, match="not an object"):
        sbn.lattice.build_pgdag_template_from_export({"workflow": ["no", "object"]})
