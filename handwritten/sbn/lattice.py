"""Workflows: graphs of steps, their runs and their evidence; and as templates for pgDAG."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sbn_calls import lattice as calls
from sbn_calls.constants import EDGE, NODE
from wirewright.calls import Call, Request, Steps, flow, member, whole
from wirewright.records import listed, mapped

from sbn._faces import AsyncSubClient, SubClient

Json = Mapping[str, Any]


def normalise_node(node: Json) -> dict[str, Any]:
    """A node under its canonical names; what has none goes into `meta`."""
    return _normalised(node, **NODE)


def normalise_edge(edge: Json) -> dict[str, Any]:
    """An edge under its canonical names; what has none goes into `meta`."""
    return _normalised(edge, **EDGE)


def _normalised(value: Json, aliases: Mapping[str, str], members: Sequence[str]) -> dict[str, Any]:
    normal: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    for key, item in value.items():
        name = aliases.get(key, key)
        if name in members:
            normal.setdefault(name, item)
        else:
            unknown[key] = item
    if unknown:
        normal["meta"] = {**(normal.get("meta") or {}), **unknown}
    return normal


def normalise_workflow(data: Json) -> dict[str, Any]:
    """An export envelope or bare workflow with its nodes and edges normalised; the caller's own is left alone."""
    inner = data.get("workflow", data)
    if not isinstance(inner, Mapping):
        return dict(data)
    workflow = dict(cast("Json", inner))
    if "nodes" in workflow:
        workflow["nodes"] = [normalise_node(node) for node in listed(workflow, "nodes")]
    if "edges" in workflow:
        workflow["edges"] = [normalise_edge(edge) for edge in listed(workflow, "edges")]
    return {**data, "workflow": workflow} if "workflow" in data else workflow


def _create(
    *,
    domain: str,
    name: str,
    nodes: Sequence[Json],
    edges: Sequence[Json] | None = None,
    topology: str = "series",
    gec_frontier: Json | None = None,
    meta: Json | None = None,
) -> Request[Any]:
    """Create a workflow; node and edge aliases are understood."""
    return calls.create_workflow(
        domain=domain,
        name=name,
        nodes=[normalise_node(node) for node in nodes],
        edges=[normalise_edge(edge) for edge in edges or []],
        topology=topology,
        gec_frontier=gec_frontier,
        meta=meta,
    )


def _import(data: Json, *, activate: bool = False) -> Request[Any]:
    """Import an export envelope or a bare workflow."""
    return calls.import_workflow(normalise_workflow(data), activate=activate)


def _import_many(data: Json, *, activate: bool = False) -> Request[Any]:
    """Import a bundle of workflows."""
    bundle = {**data, "workflows": [normalise_workflow(entry) for entry in listed(data, "workflows")]}
    return calls.import_workflows(bundle, activate=activate)


class LatticeMethods(calls.LatticeCalls):
    """Workflows, their runs and their evidence."""

    create_workflow = Call(_create, whole)
    import_workflow = Call(_import, whole)
    import_workflows = Call(_import_many, whole)

    @flow
    def build_pgdag_template(self: Any, workflow_id: str) -> Steps[Any]:
        """A workflow as a `pgdag.DAGTemplate`, linked to it by `metadata["workflow_id"]`."""
        data = yield lambda: self.get_workflow(workflow_id, include_runtime=False)
        return template_of(data, workflow_id)

    def build_pgdag_template_from_export(self, data: Json) -> Any:
        """An exported workflow as a `pgdag.DAGTemplate`. No request is sent."""
        return template_of(data)


def template_of(data: Json, workflow_id: str | None = None) -> Any:
    """A workflow (flat, or in its export envelope) as a `pgdag.DAGTemplate`. Raises ValueError when it is neither."""
    inner = data.get("workflow", data)
    if not isinstance(inner, Mapping):
        raise ValueError("the workflow is not an object")
    workflow = cast("Json", inner)
    provenance = mapped(data, "provenance")
    pgdag = importlib.import_module("pgdag")
    return pgdag.DAGTemplate(
        name=str(workflow.get("name") or ""),
        version=str(workflow.get("version") or "1.0"),
        nodes=[_template_node(pgdag, normalise_node(node)) for node in listed(workflow, "nodes")],
        edges=[_template_edge(pgdag, normalise_edge(edge)) for edge in listed(workflow, "edges")],
        domain=str(workflow.get("domain") or "general"),
        metadata=_template_metadata(data, workflow, provenance, workflow_id),
    )


def _template_metadata(data: Json, workflow: Json, provenance: Json, workflow_id: str | None) -> dict[str, Any]:
    metadata: dict[str, Any] = dict(workflow.get("meta") or {})
    identity = workflow_id or workflow.get("id") or data.get("id") or provenance.get("source_id")
    if identity and not metadata.get("workflow_id"):
        metadata["workflow_id"] = str(identity)
    for name in ("runtime_binding", "proof_contract", "gec_frontier"):
        if workflow.get(name):
            metadata.setdefault(name, workflow[name])
    named = {
        "workflow_id": "source_id",
        "project_id": "source_project_id",
        "snapchore_hash": "snapchore_hash",
        "state": "state",
    }
    origin = {name: provenance[source] for name, source in named.items() if provenance.get(source)}
    origin |= dict(metadata.get("lattice") or {})
    if provenance and origin:
        metadata["lattice"] = origin
    return metadata


def _template_node(pgdag: Any, node: Json) -> Any:
    meta: Json = node.get("meta") or {}
    step = str(node.get("step_id") or "")
    return pgdag.DAGNode(
        id=step,
        label=str(node.get("name") or step),
        step_type=str(node.get("step_type") or meta.get("step_type") or ""),
        metadata=dict(node.get("metadata") or meta),
    )


def _template_edge(pgdag: Any, edge: Json) -> Any:
    meta: Json = edge.get("meta") or {}
    return pgdag.DAGEdge(
        source=str(edge.get("source_id") or ""),
        target=str(edge.get("target_id") or ""),
        edge_type=str(edge.get("edge_type") or meta.get("type") or "sequence"),
    )


class LatticeClient(LatticeMethods, SubClient):
    """Workflows, their runs and their evidence."""


class AsyncLatticeClient(LatticeMethods, AsyncSubClient):
    """Workflows, their runs and their evidence, async."""

    get_workflows = Call(calls.list_workflows, member("workflows"))

    async def create_workflow(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Create a workflow; one dictionary may stand for all keywords."""
        if args:
            kwargs = {**args[0], **kwargs}
        return await self._async_transport.perform(_create(**kwargs), whole)


def _list12(
    *, domain: str | None = None, state: str | None = None, scopes: Sequence[str] | None = None, limit: int = 50
) -> Request[Any]:
    """List workflows as 0.12 does."""
    request = calls.list_workflows(domain=domain, state=state, scopes=scopes, limit=limit)
    return _trimmed(request, "include_runtime")


def _get12(workflow_id: str, *, include_runtime: bool = True) -> Request[Any]:
    """Fetch a workflow as 0.12 does."""
    return _trimmed(calls.get_workflow(workflow_id, include_runtime=include_runtime))


class _Without(LatticeMethods):
    """Workflows as 0.12 asks for them: without the switches that 0.14 added."""

    list_workflows = Call(_list12, member("workflows"))
    get_workflow = Call(_get12, whole)


def _trimmed(request: Request[Any], *more: str) -> Request[Any]:
    new = {"include_meta", "include_structure", *more}
    return Request(
        request.operation,
        path=request.path,
        query={name: value for name, value in request.query.items() if name not in new},
    )


class LatticeClient12(_Without, SubClient):
    """Workflows in the words of 0.12."""


class AsyncLatticeClient12(_Without, AsyncSubClient):
    """Workflows in the words of 0.12, async."""
