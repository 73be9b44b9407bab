"""The gateway as people think of it: neurons with the leases that they hold, and the tasks behind them."""

from __future__ import annotations

from collections.abc import Iterable

from wirewright.sandbox.picture import Item, Lane, Lanes, Picture, Tone

from holokai_neuron_sdk.testing.gateway import Gateway
from holokai_neuron_sdk.testing.records import Lease, Neuron, Task

_STATES: dict[str, tuple[str, Tone]] = {
    "pending": ("Waiting", "waiting"),
    "leased": ("In flight", "busy"),
    "done": ("Done", "good"),
    "failed": ("Failed", "bad"),
    "cancelled": ("Cancelled", "bad"),
}


def draw(gateway: Gateway) -> Picture:
    """Leases in flight by neuron, and tasks by how far they have come."""
    held: dict[object, list[Lease]] = {}
    for lease in gateway.leases.values():
        if lease.ended is None:
            held.setdefault(lease.neuron, []).append(lease)
    neurons = [_neuron(neuron, held.get(neuron.key, ())) for neuron in gateway.neurons.values()]
    tasks = [
        Lane(title, [_task(task, tone) for task in gateway.tasks.values() if task.state == state])
        for state, (title, tone) in _STATES.items()
    ]
    return [
        Lanes("Neurons and their leases", neurons, empty="No neuron is registered yet."),
        Lanes("Tasks", [lane for lane in tasks if lane.items], empty="No task: POST one to /_sandbox/tasks."),
    ]


def _neuron(neuron: Neuron, leases: Iterable[Lease]) -> Lane:
    offers = ", ".join(f"{offer.type} {offer.out}/{offer.concurrency}" for offer in neuron.offers.values())
    connected = neuron.send is not None
    tone: Tone = "good" if connected and neuron.alive else "bad" if not neuron.alive else "waiting"
    items = [Item(lease.type, note=lease.task_id, tone="busy", about=lease.id) for lease in leases]
    return Lane(neuron.key[1], items, note=("connected, " if connected else "not connected, ") + offers, tone=tone)


def _task(task: Task, tone: Tone) -> Item:
    deliveries = f", delivery {task.attempt}" if task.attempt > 1 else ""
    return Item(task.type, note=task.id + deliveries, tone=tone, about=str(task.error or ""))
