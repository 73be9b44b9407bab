"""The gateway's rules: who gets which task, and when a lease ends. No I/O: frames go to `Neuron.send`, time is an
argument.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from holokai_neuron_sdk.testing.journal import Journal
from holokai_neuron_sdk.testing.records import FINAL, Lease, Neuron, NeuronKey, Offer, Task, stamp

REMEMBERED_LEASES = 50_000
NOT_STARTED_PAUSE = 1.0
"""Seconds that a capability of a neuron is left alone after it handed back a lease that it had not started."""


class LeaseEndedError(Exception):
    """An ack, nack or progress for a lease that is unknown, over or somebody else's."""


class NotRegisteredError(Exception):
    """A frame of a neuron, or about a capability, that is not registered."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Times in seconds. `lease_ttl` is for capabilities that do not say."""

    lease_ttl: float = 30.0
    dead_after: float = 60.0
    cancel_delay: float = 0.02
    """A cancel follows its lease by at least this much: a lease that has not started may ignore it."""


class Gateway:
    """All tasks, leases and neurons.

    Args:
        new_id: makes ids; the argument is a prefix.
        policy: how long things take.
        journal: keeps tasks and leases over a restart; leases that are found in it get their full lifetime again.
    """

    def __init__(self, new_id: Callable[[str], str], policy: Policy, journal: Journal, now: float) -> None:
        self.policy = policy
        self.tasks: dict[str, Task] = {}
        self.leases: dict[str, Lease] = {}
        self.neurons: dict[NeuronKey, Neuron] = {}
        self._new_id = new_id
        self._journal = journal
        self._pending: dict[tuple[str, str | None], deque[str]] = {}
        self._expiry: list[tuple[float, str]] = []
        self._live: dict[str, Lease] = {}
        self._ended: deque[str] = deque()
        self._load(now)

    # Tasks.

    def create(self, task: Task, now: float) -> Task:
        """Take a task in and lease it if somebody is free."""
        task.number = len(self.tasks) + 1
        self.tasks[task.id] = task
        self._happened(task, now, "created")
        self._enqueue(task)
        self._journal.keep(task)
        self.dispatch(task.type, now)
        return task

    def cancel(self, task: Task, reason: str, now: float) -> None:
        """Cancel a task: at once when it waits, by a cancel frame when it is leased. A finished task stays as it is."""
        if task.state in FINAL:
            return
        task.cancel_reason = reason
        self._happened(task, now, "cancel requested", reason=reason)
        if task.state == "pending":
            self._pending[task.lane].remove(task.id)
            self._finish(task, "cancelled", now)
        else:
            self.send_cancels(now)
            self._journal.keep(task)

    def send_cancels(self, now: float) -> None:
        """Send the cancel frames that are wanted and may go by now, each once."""
        for lease in self._live.values():
            reason = self.tasks[lease.task_id].cancel_reason
            neuron = self.neurons.get(lease.neuron)
            due = lease.sent_at + self.policy.cancel_delay <= now
            if reason and not lease.cancel_sent and due and neuron and neuron.send:
                lease.cancel_sent = True
                neuron.send({"type": "cancel", "leaseId": lease.id, "reason": reason, "cancelledAt": stamp(now)})

    # Neurons.

    def connect(
        self, key: NeuronKey, send: Callable[[dict[str, Any]], None], close: Callable[[], None], now: float
    ) -> Neuron:
        """A stream has opened; an older one of the same neuron is closed. Nothing is leased before the register."""
        neuron = self.neurons.setdefault(key, Neuron(key))
        if neuron.close:
            neuron.close()
        neuron.send, neuron.close, neuron.session_id = send, close, None
        neuron.alive, neuron.seen_at = True, now
        return neuron

    def disconnected(self, neuron: Neuron, close: Callable[[], None]) -> None:
        """A stream has ended. The neuron's leases live on until they expire: it may be back in a moment."""
        if neuron.close is close:
            neuron.send = neuron.close = neuron.session_id = None

    def register(self, key: NeuronKey, capabilities: list[dict[str, Any]], now: float) -> None:
        """What a neuron offers from now on. Raises `NotRegisteredError` without a stream."""
        neuron = self.neurons.get(key)
        if neuron is None or neuron.send is None:
            raise NotRegisteredError(f"neuron {key[1]} has no open event stream")
        neuron.offers = {capability["type"]: Offer.of(capability) for capability in capabilities}
        for lease in self._live.values():
            if lease.neuron == key and lease.type in neuron.offers:
                neuron.offers[lease.type].out += 1
        neuron.session_id = self._new_id("s-")
        neuron.alive, neuron.seen_at = True, now
        neuron.send(
            {
                "type": "registered",
                "sessionId": neuron.session_id,
                "capabilities": capabilities,
                "acceptedAt": stamp(now),
            }
        )
        for name in neuron.offers:
            self.dispatch(name, now)

    def update_capability(self, key: NeuronKey, capability: dict[str, Any], now: float) -> None:
        """Replace one registered capability. Raises `NotRegisteredError`."""
        neuron = self._registered(key)
        old = neuron.offers.get(capability["type"])
        if old is None:
            raise NotRegisteredError(f"neuron {key[1]} offers no {capability['type']}")
        new = neuron.offers[old.type] = Offer.of(capability)
        new.out = old.out
        neuron.seen_at = now
        self.dispatch(new.type, now)

    def revoke(self, neuron: Neuron, capability: str, reason: str, now: float) -> None:
        """Lease no more of a capability to a neuron until it registers again. Raises `NotRegisteredError`."""
        if neuron.offers.pop(capability, None) is None:
            raise NotRegisteredError(f"neuron {neuron.key[1]} offers no {capability}")
        if neuron.send:
            frame = {"type": "capability-revoked", "capability": capability, "reason": reason, "revokedAt": stamp(now)}
            neuron.send(frame)

    def disconnect(self, neuron: Neuron, reason: str, now: float, *, reconnectable: bool = True) -> None:
        """Push a neuron off its stream."""
        if neuron.send and neuron.close:
            neuron.send({"type": "disconnect", "reason": reason, "reconnectable": reconnectable, "sentAt": stamp(now)})
            neuron.close()
            self.disconnected(neuron, neuron.close)

    def heartbeat(self, key: NeuronKey, lease_ids: list[str], now: float) -> None:
        """A neuron lives, and so do the leases it lists. Ids that are over or not its own are passed over."""
        neuron = self.neurons.get(key)
        if neuron is None:
            raise NotRegisteredError(f"neuron {key[1]} is not registered")
        neuron.seen_at = now
        neuron.alive = True
        for lease_id in lease_ids:
            lease = self.leases.get(lease_id)
            if lease and lease.ended is None and lease.neuron == key:
                lease.expires_at = now + lease.ttl

    # Leases.

    def ack(self, caller: str, lease_id: str, output: Any, now: float) -> bool:
        """End a lease with a result; False when that was known. Raises `LeaseEndedError`."""
        lease, task = self._ending(caller, lease_id, "ack", now)
        if lease is None:
            return False
        task.output = output
        self._end(lease, "ack", now)
        self._finish(task, "done", now, leaseId=lease_id)
        self.dispatch(lease.type, now)
        return True

    def nack(self, caller: str, frame: dict[str, Any], now: float) -> bool:
        """End a lease without a result; False when that was known. Raises `LeaseEndedError`."""
        kind = frame["kind"]
        lease, task = self._ending(caller, frame["leaseId"], f"nack:{kind}", now)
        if lease is None:
            return False
        self._end(lease, f"nack:{kind}", now)
        error: dict[str, Any] = {name: frame[name] for name in ("kind", "reason", "code", "details") if name in frame}
        self._happened(task, now, "nacked", leaseId=lease.id, **error)
        not_started = kind == "retryable" and "code" not in frame
        neuron = self.neurons.get(lease.neuron)
        if not_started and neuron and lease.type in neuron.offers:
            neuron.offers[lease.type].not_before = now + NOT_STARTED_PAUSE
        if kind in ("terminal", "schema-mismatch"):
            task.error = error
            self._finish(task, "failed", now)
        else:
            self._back(task, error, now, counts=not not_started)
        self.dispatch(lease.type, now)
        return True

    def progress(self, caller: str, frame: dict[str, Any], now: float) -> None:
        """Keep the latest news of a lease. Raises `LeaseEndedError`."""
        lease = self.leases.get(frame["leaseId"])
        if lease is None or lease.ended or lease.neuron[0] != caller:
            raise LeaseEndedError(f"lease {frame['leaseId']} is over")
        task = self.tasks[lease.task_id]
        task.progress = {name: frame[name] for name in ("percent", "message", "data", "sentAt") if name in frame}
        self._happened(task, now, "progress", leaseId=lease.id, **task.progress)

    # Time.

    def tick(self, now: float) -> None:
        """Take back what has expired, give up on neurons that are silent, lease again what may be leased by now."""
        types = {lease.type for lease in self._expired(now)}
        for neuron in self.neurons.values():
            if neuron.alive and now - neuron.seen_at > self.policy.dead_after:
                neuron.alive = False
                types |= {lease.type for lease in self._bury(neuron, now)}
            for offer in neuron.offers.values():
                if 0 < offer.not_before <= now:
                    offer.not_before = 0.0
                    types.add(offer.type)
        self.send_cancels(now)
        for name in types:
            self.dispatch(name, now)

    def dispatch(self, name: str, now: float) -> None:
        """Lease pending tasks of a type for as long as some neuron has room for one."""
        while self._lease_one(name, now):
            pass

    def _lease_one(self, name: str, now: float) -> bool:
        queues = {lane: queue for lane, queue in self._pending.items() if queue and lane[0] == name}
        if not queues:
            return False
        for neuron, offer in sorted(self._free(name, now), key=lambda pair: pair[1].out / pair[1].concurrency):
            heads = [queue for lane, queue in queues.items() if offer.user is None or lane[1] == offer.user]
            if heads:
                oldest = min(heads, key=lambda queue: self.tasks[queue[0]].number)
                self._lease(self.tasks[oldest.popleft()], neuron, offer, now)
                return True
        return False

    def _free(self, name: str, now: float) -> Iterator[tuple[Neuron, Offer]]:
        for neuron in self.neurons.values():
            offer = neuron.offers.get(name)
            if (
                offer
                and neuron.session_id
                and neuron.send
                and offer.out < offer.concurrency
                and offer.not_before <= now
            ):
                yield neuron, offer

    def _lease(self, task: Task, neuron: Neuron, offer: Offer, now: float) -> None:
        ttl = offer.ttl or self.policy.lease_ttl
        lease = Lease(self._new_id("l-"), task.id, neuron.key, task.type, ttl, now, now + ttl)
        self._keep_alive(lease)
        offer.out += 1
        task.state, task.lease_id = "leased", lease.id
        self._happened(task, now, "leased", leaseId=lease.id, neuronId=neuron.key[1], attempt=task.attempt)
        self._journal.keep(task)
        self._journal.keep(lease)
        payload = {"leaseId": lease.id, "expiresAt": stamp(lease.expires_at), "task": task.payload()}
        for key, schema in (("inputSchema", task.input_schema), ("outputSchema", task.output_schema)):
            if schema is not None:
                payload[key] = schema
        if neuron.send:
            neuron.send({"type": "lease", "lease": payload, "sentAt": stamp(now)})

    def _expired(self, now: float) -> Iterator[Lease]:
        while self._expiry and self._expiry[0][0] <= now:
            _, lease_id = heapq.heappop(self._expiry)
            lease = self.leases.get(lease_id)
            if lease is None or lease.ended:
                continue
            if lease.expires_at > now:  # renewed since
                heapq.heappush(self._expiry, (lease.expires_at, lease_id))
                continue
            self._take_back(lease, "expired", now)
            yield lease

    def _bury(self, neuron: Neuron, now: float) -> list[Lease]:
        self.disconnect(neuron, "no heartbeat for too long", now)
        lost = [lease for lease in self._live.values() if lease.neuron == neuron.key]
        for lease in lost:
            self._take_back(lease, "neuron dead", now)
        return lost

    def _take_back(self, lease: Lease, why: str, now: float) -> None:
        task = self.tasks[lease.task_id]
        self._end(lease, "expired", now)
        self._happened(task, now, why, leaseId=lease.id)
        self._back(task, {"kind": "expired", "reason": f"lease {lease.id}: {why}"}, now, counts=True)

    def _ending(self, caller: str, lease_id: str, how: str, now: float) -> tuple[Lease | None, Task]:
        """The lease that is to end, or None for one that has ended just so."""
        lease = self.leases.get(lease_id)
        if lease is None or lease.neuron[0] != caller:
            raise LeaseEndedError(f"lease {lease_id} is unknown")
        task = self.tasks[lease.task_id]
        if lease.ended == how:
            return None, task
        if lease.ended is None and lease.expires_at <= now:
            self._take_back(lease, "expired", now)
            self.dispatch(lease.type, now)
        if lease.ended:
            raise LeaseEndedError(f"lease {lease_id} has ended: {lease.ended}")
        neuron = self.neurons.get(lease.neuron)
        if neuron:
            neuron.seen_at = now
        return lease, task

    def _end(self, lease: Lease, how: str, now: float) -> None:
        lease.ended = how
        del self._live[lease.id]
        neuron = self.neurons.get(lease.neuron)
        offer = neuron.offers.get(lease.type) if neuron else None
        if offer and offer.out:
            offer.out -= 1
        self._journal.keep(lease)
        self._ended.append(lease.id)
        while len(self._ended) > REMEMBERED_LEASES:
            del self.leases[self._ended.popleft()]

    def _back(self, task: Task, error: dict[str, Any], now: float, *, counts: bool) -> None:
        """A delivery came to nothing: again, or give up."""
        task.lease_id = None
        task.attempt += counts
        if task.cancel_reason:
            self._finish(task, "cancelled", now)
        elif task.attempt >= task.max_attempts:
            task.error = error
            self._finish(task, "failed", now)
        else:
            task.state = "pending"
            self._enqueue(task)
            self._journal.keep(task)

    def _finish(self, task: Task, state: Any, now: float, **more: Any) -> None:
        task.state, task.lease_id = state, None
        self._happened(task, now, state, **more)
        self._journal.keep(task)

    def _keep_alive(self, lease: Lease) -> None:
        self.leases[lease.id] = self._live[lease.id] = lease
        heapq.heappush(self._expiry, (lease.expires_at, lease.id))

    def _enqueue(self, task: Task) -> None:
        self._pending.setdefault(task.lane, deque()).append(task.id)

    def _registered(self, key: NeuronKey) -> Neuron:
        neuron = self.neurons.get(key)
        if neuron is None or neuron.session_id is None:
            raise NotRegisteredError(f"neuron {key[1]} is not registered")
        return neuron

    @staticmethod
    def _happened(task: Task, now: float, event: str, **more: Any) -> None:
        task.history.append({"at": stamp(now), "event": event, **more})

    def _load(self, now: float) -> None:
        tasks, leases = self._journal.load()
        for task in tasks:
            self.tasks[task.id] = task
            if task.state == "pending":
                self._enqueue(task)
        for lease in leases:
            if lease.ended:
                self.leases[lease.id] = lease
                self._ended.append(lease.id)
            else:
                lease.expires_at = max(lease.expires_at, now + lease.ttl)
                self._keep_alive(lease)
