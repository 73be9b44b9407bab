"""The network as people think of it: slots with their generations and seals, workflows with their steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wirewright.records import listed
from wirewright.sandbox.picture import Graph, Item, Lane, Lanes, Node, Picture, Table, Tone

from sbn.testing.space import Json, Network, Space

_TONES: dict[str, Tone] = {"sealed": "good", "reduced": "good", "completed": "good", "failed": "bad"}


def draw(network: Network, spaces: Mapping[str, Space]) -> Picture:
    """Slots of all tenants, newest first; then workflows, apps."""
    slots = [_slot(space, slot) for space in spaces.values() for slot in space.slots.values()]
    workflows = [graph for space in spaces.values() for graph in _workflows(space)]
    apps = [
        [str(app.get("app_name")), str(app.get("app_family")), ", ".join(map(str, listed(app, "declared_workflows")))]
        for app in network.apps.values()
    ]
    return [
        Lanes("Slots, with their generations and seals", slots[::-1], empty="No slot was opened yet."),
        *workflows,
        *([Table("Apps", ["App", "Family", "Workflows"], apps)] if apps else []),
    ]


def _slot(space: Space, slot: Json) -> Lane:
    inside = [block for block in space.bitblocks.values() if block["slot_id"] == slot["id"]]
    items: list[Item] = []
    for generation in range(slot["_generation"] + 1):
        pulses = [block for block in inside if block["generation"] == generation]
        items += [_pulse(block) for block in pulses]
        items += [_seal(block, len(pulses)) for block in _blocks(space, slot) if block["generation"] == generation]
    closed = slot["state"] == "closed"
    note = f"{slot['state']}, generation {slot['_generation']}, {slot['worker_id']}"
    return Lane(str(slot["id"])[:8], items, note=note, tone="good" if closed else "busy")


def _blocks(space: Space, slot: Json) -> Iterator[Json]:
    for identity in slot["_blocks"]:
        yield space.blocks[identity]


def _pulse(block: Json) -> Item:
    payload: Json = block["payload"]
    label = str(payload.get("action") or block["block_type"])
    return Item(label, note=f"generation {block['generation']}", tone="plain", about=str(block["id"]))


def _seal(block: Json, pulses: int) -> Item:
    return Item(f"sealed {pulses}", note=str(block["hash"])[:12], tone="good", about=str(block["id"]))


def _workflows(space: Space) -> Iterator[Graph]:
    for identity, workflow in space.workflows.items():
        stages = {
            str(event["step_id"]): str(event.get("proof_stage") or "")
            for run in space.runs.values()
            if run["_workflow"] == identity
            for event in run["_events"]
        }
        nodes = [_step(node, stages) for node in listed(workflow, "nodes")]
        edges = [(str(edge["source_id"]), str(edge["target_id"])) for edge in listed(workflow, "edges")]
        yield Graph(f"Workflow {workflow.get('name') or identity}", nodes, edges, note=f"tenant {space.tenant}")


def _step(node: Json, stages: Mapping[str, str]) -> Node:
    step = str(node["step_id"])
    stage = stages.get(step, "")
    return Node(step, str(node.get("name") or step), note=stage, tone=_TONES.get(stage, "plain"))
