"""Gateway and neurons as machines, hypothesis as the network: posts and answers are lost, repeated and late, streams
are cut, neurons die, the gateway restarts. Every task ends once, and when the network heals every task ends."""

from __future__ import annotations

import json
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

from holokai_neuron_sdk import protocol
from holokai_neuron_sdk._session.machine import Session
from holokai_neuron_sdk._session.outputs import Delivery, Output, Send, StartHandler, StopHandler
from holokai_neuron_sdk._session.pace import Pace
from holokai_neuron_sdk.testing.gateway import Gateway, LeaseEndedError, NotRegisteredError, Policy
from holokai_neuron_sdk.testing.journal import Journal
from holokai_neuron_sdk.testing.records import FINAL, Task
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from .conftest import MOMENT, ack, capability, nack

CAPABILITY = {"type": "acme/echo", "scope": "any", "concurrency": 2}


class Peer:
    """A neuron: its session, its handlers, what it has sent and not heard of, and the stream it reads."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.session = Session(name, pace=Pace(jitter=lambda: 0.0), utcnow=lambda: MOMENT)
        self.session.offer(capability(2), 0.0)
        self.running: dict[str, bool] = {}
        self.posts: list[Send] = []
        self.stream: list[dict[str, Any]] | None = None


class Chaos(RuleBasedStateMachine):
    """`now` is both clocks; the gateway's is ahead by an hour, which must not matter."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.ids = count(1)
        self.folder = tempfile.TemporaryDirectory()
        self.gateway = self.start_gateway()
        self.peers = [Peer("a"), Peer("b")]

    @property
    def gateway_now(self) -> float:
        return self.now + 3600

    def start_gateway(self) -> Gateway:
        policy = Policy(lease_ttl=30, dead_after=60)
        journal = Journal(str(Path(self.folder.name) / "journal"))
        return Gateway(lambda prefix: f"{prefix}{next(self.ids)}", policy, journal, self.gateway_now)

    # The network.

    def perform(self, peer: Peer, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send():
                    peer.posts.append(output)
                case StartHandler():
                    peer.running[output.lease.lease_id] = False
                case StopHandler():
                    peer.running[output.lease_id] = True
                case _:
                    pass

    def connect(self, peer: Peer) -> None:
        if peer.stream is not None:
            self.cut(peer)
        frames: list[dict[str, Any]] = []
        peer.stream = frames
        self.gateway.connect(("me", peer.name), frames.append, lambda: self.close(peer, frames), self.gateway_now)
        self.perform(peer, peer.session.opened(self.now))

    def close(self, peer: Peer, frames: list[dict[str, Any]]) -> None:
        """The gateway closes a stream; what is on it still arrives."""
        if peer.stream is frames:
            self.read(peer)
            peer.stream = None
            self.perform(peer, peer.session.closed(self.now))

    def cut(self, peer: Peer) -> None:
        """The network closes it; what is on it is lost."""
        neuron = self.gateway.neurons.get(("me", peer.name))
        if neuron and neuron.close:
            self.gateway.disconnected(neuron, neuron.close)
        peer.stream = None
        self.perform(peer, peer.session.closed(self.now))

    def read(self, peer: Peer) -> None:
        frames = peer.stream or []
        while frames:
            frame = protocol.parse_server_json(json.dumps(frames.pop(0)))
            self.perform(peer, peer.session.received(frame, self.now))

    def handle(self, peer: Peer, send: Send) -> Delivery:
        """What the gateway makes of a POST."""
        body = json.loads(protocol.encode(send.frame))
        key = ("me", peer.name)
        try:
            match body["type"]:
                case "register":
                    self.gateway.register(key, body["capabilities"], self.gateway_now)
                case "heartbeat":
                    self.gateway.heartbeat(key, [entry["leaseId"] for entry in body["inFlight"]], self.gateway_now)
                case "ack":
                    self.gateway.ack("me", body["leaseId"], body.get("output"), self.gateway_now)
                case _:
                    self.gateway.nack("me", body, self.gateway_now)
        except (LeaseEndedError, NotRegisteredError):
            return Delivery.REFUSED
        return Delivery.TAKEN

    def answer(self, peer: Peer, send: Send, fate: str) -> None:
        peer.posts.remove(send)
        delivery = Delivery.FAILED if fate == "lost" else self.handle(peer, send)
        if fate == "repeated":
            self.handle(peer, send)
        if fate == "answer lost":
            delivery = Delivery.FAILED
        self.perform(peer, peer.session.sent(send, delivery, self.now))

    # What happens.

    @initialize()
    def everybody_is_there(self) -> None:
        for peer in self.peers:
            self.connect(peer)

    @rule(number=st.integers(1, 4))
    def tasks_come(self, number: int) -> None:
        for _ in range(number):
            name = f"t-{next(self.ids)}"
            self.gateway.create(Task(name, "acme/echo", None, "w", max_attempts=10_000), self.gateway_now)

    @rule(data=st.data(), fate=st.sampled_from(["arrives", "arrives", "arrives", "lost", "answer lost", "repeated"]))
    @precondition(lambda self: any(peer.posts for peer in self.peers))
    def a_post_ends(self, data: st.DataObject, fate: str) -> None:
        peer = data.draw(st.sampled_from([peer for peer in self.peers if peer.posts]))
        self.answer(peer, data.draw(st.sampled_from(peer.posts)), fate)

    @rule(index=st.integers(0, 1))
    def a_stream_is_read(self, index: int) -> None:
        self.read(self.peers[index])

    @rule(data=st.data(), how=st.sampled_from(["ack", "ack", "retryable", "terminal"]))
    @precondition(lambda self: any(peer.running for peer in self.peers))
    def a_handler_ends(self, data: st.DataObject, how: str) -> None:
        peer = data.draw(st.sampled_from([peer for peer in self.peers if peer.running]))
        self.end(peer, data.draw(st.sampled_from(sorted(peer.running))), how)

    def end(self, peer: Peer, lease_id: str, how: str) -> None:
        stopped = peer.running.pop(lease_id)
        report = nack(lease_id, "cancelled") if stopped else ack(lease_id) if how == "ack" else nack(lease_id, how)
        self.perform(peer, peer.session.finished(lease_id, report, self.now))

    @rule(seconds=st.sampled_from([0.1, 1.0, 11.0, 31.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min([end, self.now + 5.0, *(max(self.now, peer.session.next_timer) for peer in self.peers)])
            for peer in self.peers:
                self.perform(peer, peer.session.timer(self.now))
            self.gateway.tick(self.gateway_now)

    @rule(index=st.integers(0, 1))
    def a_stream_is_cut(self, index: int) -> None:
        self.cut(self.peers[index])

    @rule(index=st.integers(0, 1))
    def a_stream_opens(self, index: int) -> None:
        self.connect(self.peers[index])

    @rule(index=st.integers(0, 1))
    def a_neuron_dies_and_comes_back(self, index: int) -> None:
        self.cut(self.peers[index])
        self.peers[index] = Peer(self.peers[index].name)
        self.connect(self.peers[index])

    @rule()
    def the_gateway_restarts(self) -> None:
        for peer in self.peers:
            self.cut(peer)
        self.gateway = self.start_gateway()

    @rule(data=st.data())
    @precondition(lambda self: self.gateway.tasks)
    def a_task_is_cancelled(self, data: st.DataObject) -> None:
        task = self.gateway.tasks[data.draw(st.sampled_from(sorted(self.gateway.tasks)))]
        self.gateway.cancel(task, "r", self.gateway_now)

    # What always holds.

    @invariant()
    def no_task_ends_twice(self) -> None:
        for task in self.gateway.tasks.values():
            ends = [entry["event"] for entry in task.history if entry["event"] in FINAL]
            assert ends == ([task.state] if task.state in FINAL else [])

    @invariant()
    def no_neuron_has_more_than_it_offered(self) -> None:
        for neuron in self.gateway.neurons.values():
            out = sum(lease.ended is None and lease.neuron == neuron.key for lease in self.gateway.leases.values())
            assert all(offer.out == out <= 2 for offer in neuron.offers.values())

    def teardown(self) -> None:
        """The network heals: now every task ends."""
        for _ in range(200):
            for peer in self.peers:
                if peer.stream is None:
                    self.connect(peer)
                while peer.posts:
                    self.answer(peer, peer.posts[0], "arrives")
                self.read(peer)
                for lease_id in list(peer.running):
                    self.end(peer, lease_id, "ack")
            if all(task.state in FINAL for task in self.gateway.tasks.values()) and all(
                p.session.idle for p in self.peers
            ):
                break
            self.time_passes(11.0)
        assert [task.id for task in self.gateway.tasks.values() if task.state not in FINAL] == []
        assert all(peer.session.idle for peer in self.peers)
        self.no_task_ends_twice()
        self.folder.cleanup()


Chaos.TestCase.settings = settings(
    max_examples=120, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
TestChaos = Chaos.TestCase
