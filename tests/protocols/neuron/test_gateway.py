"""The gateway's rules on a clock that only the test moves: who gets a lease, when it ends, what becomes of the task."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from holokai_neuron_sdk.testing.gateway import Gateway, LeaseEndedError, NotRegisteredError, Policy
from holokai_neuron_sdk.testing.journal import Journal
from holokai_neuron_sdk.testing.records import Task

A, B = ("me", "a"), ("me", "b")


class World:
    """A gateway, its streams, and the time."""

    def __init__(self, journal: Path | None = None, now: float = 1000.0, **policy: float) -> None:
        ids = count(1)
        self.now = now
        self.gateway = Gateway(
            lambda prefix: f"{prefix}{next(ids)}-{int(now)}",
            Policy(**policy),
            Journal(str(journal) if journal else None),
            now,
        )
        self.streams: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.closed: list[tuple[str, str]] = []
        self._tasks = count(1)

    def connect(self, key: tuple[str, str] = A, *capabilities: dict[str, Any]) -> None:
        frames = self.streams[key] = []
        self.gateway.connect(key, frames.append, lambda: self.closed.append(key), self.now)
        if capabilities:
            self.gateway.register(key, list(capabilities), self.now)

    def task(self, name: str = "acme/echo", **fields: Any) -> Task:
        return self.gateway.create(Task(f"t-{next(self._tasks)}", name, None, "w", **fields), self.now)

    def leases(self, key: tuple[str, str] = A) -> list[dict[str, Any]]:
        return [frame["lease"] for frame in self.streams[key] if frame["type"] == "lease"]

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.gateway.tick(self.now)

    def nack(self, lease_id: str, kind: str, **more: Any) -> bool:
        return self.gateway.nack("me", {"leaseId": lease_id, "kind": kind, "reason": "r", **more}, self.now)


def offer(concurrency: int = 1, name: str = "acme/echo", **more: Any) -> dict[str, Any]:
    return {"type": name, "scope": "any", "concurrency": concurrency, **more}


def events(task: Task) -> list[str]:
    return [entry["event"] for entry in task.history]


class TestRegister:
    def test_needs_an_open_stream(self) -> None:
        with pytest.raises(NotRegisteredError):
            World().gateway.register(A, [offer()], 0)

    def test_is_confirmed_with_a_new_session_each_time(self) -> None:
        world = World()
        world.connect(A, offer())
        world.gateway.register(A, [offer(2)], world.now)
        sessions = [f["sessionId"] for f in world.streams[A] if f["type"] == "registered"]
        assert len(set(sessions)) == 2

    def test_nothing_is_leased_before_it(self) -> None:
        world = World()
        world.task()
        world.connect(A)
        assert world.leases() == []
        world.gateway.register(A, [offer()], world.now)
        assert len(world.leases()) == 1

    def test_a_newer_stream_closes_the_older_and_has_to_register(self) -> None:
        world = World()
        world.connect(A, offer())
        world.connect(A)
        world.task()
        assert world.closed == [A]
        assert world.leases() == []


class TestMatching:
    def test_never_more_than_the_concurrency_is_out(self) -> None:
        world = World()
        world.connect(A, offer(2))
        for _ in range(5):
            world.task()
        assert len(world.leases()) == 2
        world.gateway.ack("me", world.leases()[0]["leaseId"], None, world.now)
        assert len(world.leases()) == 3

    def test_leases_that_are_out_count_after_a_reconnect(self) -> None:
        world = World()
        world.connect(A, offer(1))
        world.task()
        world.task()
        world.connect(A, offer(1))
        assert world.leases() == []

    def test_the_oldest_task_goes_first_to_the_neuron_with_most_room(self) -> None:
        world = World()
        tasks = [world.task() for _ in range(3)]
        world.connect(A, offer(2))
        world.connect(B, offer(2))
        assert [lease["task"]["taskId"] for lease in world.leases(A)] == [tasks[0].id, tasks[1].id]
        world.task()
        assert [lease["task"]["taskId"] for lease in world.leases(B)] == [tasks[2].id, "t-4"]

    @pytest.mark.parametrize(
        ("scope", "user", "leased"),
        [
            ("any", None, True),
            ("any", "u", True),
            ({"onBehalfOf": "u"}, "u", True),
            ({"onBehalfOf": "u"}, "v", False),
            ({"onBehalfOf": "u"}, None, False),
        ],
    )
    def test_scope(self, scope: Any, user: str | None, leased: bool) -> None:
        world = World()
        world.connect(A, {**offer(), "scope": scope})
        world.task(on_behalf_of=user)
        assert bool(world.leases()) is leased

    def test_an_update_gives_room_at_once_and_needs_a_registered_capability(self) -> None:
        world = World()
        world.connect(A, offer(1))
        for _ in range(3):
            world.task()
        world.gateway.update_capability(A, offer(3), world.now)
        assert len(world.leases()) == 3
        with pytest.raises(NotRegisteredError):
            world.gateway.update_capability(A, offer(1, "acme/other"), world.now)
        with pytest.raises(NotRegisteredError):
            world.gateway.update_capability(B, offer(1), world.now)

    def test_a_revoked_capability_gets_no_more(self) -> None:
        world = World()
        world.connect(A, offer(1))
        world.gateway.revoke(world.gateway.neurons[A], "acme/echo", "r", world.now)
        world.task()
        assert [frame["type"] for frame in world.streams[A]] == ["registered", "capability-revoked"]


class TestLease:
    def test_it_carries_the_task_and_how_long_it_lives(self) -> None:
        world = World(now=0.0)
        world.connect(A, offer(leaseTtlMs=5000))
        world.task(input_schema={"type": "null"}, on_behalf_of="u", metadata={"k": 1})
        (lease,) = world.leases()
        assert lease["expiresAt"] == "1970-01-01T00:00:05Z"
        assert lease["inputSchema"] == {"type": "null"}
        assert lease["task"] == {
            "taskId": "t-1",
            "workflowId": "w",
            "capability": "acme/echo",
            "input": None,
            "attempt": 0,
            "onBehalfOf": "u",
            "metadata": {"k": 1},
        }

    def test_one_that_expires_is_delivered_again_under_another_id(self) -> None:
        world = World(lease_ttl=30)
        world.connect(A, offer())
        task = world.task()
        world.pass_time(29.9)
        assert len(world.leases()) == 1
        world.pass_time(0.2)
        first, second = world.leases()
        assert first["leaseId"] != second["leaseId"]
        assert second["task"]["attempt"] == 1
        assert events(task) == ["created", "leased", "expired", "leased"]

    def test_a_heartbeat_gives_it_its_whole_life_again(self) -> None:
        world = World(lease_ttl=30)
        world.connect(A, offer())
        world.task()
        for _ in range(10):
            world.pass_time(20)
            world.gateway.heartbeat(A, [world.leases()[0]["leaseId"], "unknown"], world.now)
        assert len(world.leases()) == 1

    def test_somebody_elses_heartbeat_does_not(self) -> None:
        world = World(lease_ttl=30)
        world.connect(A, offer())
        world.connect(B, offer(1, "acme/other"))
        world.task()
        world.pass_time(20)
        world.gateway.heartbeat(B, [world.leases()[0]["leaseId"]], world.now)
        world.pass_time(20)
        assert len(world.leases()) == 2

    def test_attempts_are_bounded(self) -> None:
        world = World(lease_ttl=30)
        world.connect(A, offer())
        task = world.task(max_attempts=2)
        world.pass_time(31)
        world.pass_time(31)
        assert (task.state, task.attempt) == ("failed", 2)
        assert task.error and task.error["kind"] == "expired"


class TestEnding:
    def leased(self, **task: Any) -> tuple[World, Task, str]:
        world = World()
        world.connect(A, offer())
        created = world.task(**task)
        return world, created, world.leases()[0]["leaseId"]

    def test_an_ack_is_the_result(self) -> None:
        world, task, lease_id = self.leased()
        assert world.gateway.ack("me", lease_id, {"r": 1}, world.now)
        assert (task.state, task.output, task.lease_id) == ("done", {"r": 1}, None)

    @pytest.mark.parametrize(("kind", "more", "state", "attempt"), [
        ("terminal", {"code": "X"}, "failed", 0),
        ("schema-mismatch", {"code": "INPUT_SCHEMA_MISMATCH"}, "failed", 0),
        ("retryable", {"code": "HANDLER_THREW"}, "leased", 1),
        ("cancelled", {"code": "CANCELLED"}, "leased", 1),
        ("retryable", {}, "pending", 0),
    ])  # fmt: skip
    def test_what_a_nack_does(self, kind: str, more: dict[str, str], state: str, attempt: int) -> None:
        world, task, lease_id = self.leased()
        assert world.nack(lease_id, kind, **more)
        assert (task.state, task.attempt) == (state, attempt)

    def test_a_neuron_that_did_not_start_a_lease_is_left_alone_for_a_while(self) -> None:
        world, task, lease_id = self.leased()
        world.nack(lease_id, "retryable")
        world.pass_time(0.5)
        assert task.state == "pending"
        world.pass_time(0.6)
        assert task.state == "leased"

    def test_another_neuron_gets_it_at_once(self) -> None:
        world, task, lease_id = self.leased()
        world.connect(B, offer())
        world.nack(lease_id, "retryable")
        assert [lease["task"]["taskId"] for lease in world.leases(B)] == [task.id]

    def test_the_same_ending_again_is_harmless_and_another_one_is_too_late(self) -> None:
        world, task, lease_id = self.leased()
        world.gateway.ack("me", lease_id, 1, world.now)
        assert world.gateway.ack("me", lease_id, 2, world.now) is False
        with pytest.raises(LeaseEndedError):
            world.nack(lease_id, "terminal")
        assert (task.state, task.output) == ("done", 1)
        assert events(task).count("done") == 1

    @pytest.mark.parametrize("caller", ["me", "somebody else"])
    def test_unknown_leases_and_those_of_others_are_refused(self, caller: str) -> None:
        world, _, lease_id = self.leased()
        with pytest.raises(LeaseEndedError):
            world.gateway.ack(caller, "unknown" if caller == "me" else lease_id, None, world.now)
        with pytest.raises(LeaseEndedError):
            world.gateway.progress(caller, {"leaseId": "unknown" if caller == "me" else lease_id}, world.now)

    def test_an_ack_after_the_deadline_is_too_late_even_before_the_reaper_came(self) -> None:
        world, task, lease_id = self.leased()
        world.now += 31
        with pytest.raises(LeaseEndedError):
            world.gateway.ack("me", lease_id, None, world.now)
        assert task.attempt == 1

    def test_an_ack_needs_no_stream(self) -> None:
        world, task, lease_id = self.leased()
        neuron = world.gateway.neurons[A]
        assert neuron.close
        world.gateway.disconnected(neuron, neuron.close)
        world.gateway.ack("me", lease_id, None, world.now)
        assert task.state == "done"

    def test_progress_is_kept_until_the_end(self) -> None:
        world, task, lease_id = self.leased()
        world.gateway.progress("me", {"leaseId": lease_id, "percent": 5.0, "sentAt": "now"}, world.now)
        assert task.progress == {"percent": 5.0, "sentAt": "now"}
        world.gateway.ack("me", lease_id, None, world.now)
        with pytest.raises(LeaseEndedError):
            world.gateway.progress("me", {"leaseId": lease_id}, world.now)


class TestCancel:
    def test_a_pending_task_is_cancelled_at_once(self) -> None:
        world = World()
        task = world.task()
        world.gateway.cancel(task, "r", world.now)
        world.gateway.cancel(task, "r", world.now)
        assert (task.state, events(task)) == ("cancelled", ["created", "cancel requested", "cancelled"])

    def test_a_leased_one_is_told_once_and_not_together_with_its_lease(self) -> None:
        world = World()
        world.connect(A, offer())
        task = world.task()
        world.gateway.cancel(task, "r", world.now)
        assert [f["type"] for f in world.streams[A]] == ["registered", "lease"]
        for _ in range(3):
            world.pass_time(0.05)
        assert [f["type"] for f in world.streams[A]] == ["registered", "lease", "cancel"]

    @pytest.mark.parametrize(
        ("ending", "state"),
        [
            ("ack", "done"),
            ("terminal", "failed"),
            ("cancelled", "cancelled"),
            ("retryable", "cancelled"),
            ("silence", "cancelled"),
        ],
    )
    def test_how_it_ends(self, ending: str, state: str) -> None:
        world = World()
        world.connect(A, offer())
        task = world.task()
        world.gateway.cancel(task, "r", world.now)
        lease_id = world.leases()[0]["leaseId"]
        if ending == "ack":
            world.gateway.ack("me", lease_id, None, world.now)
        elif ending == "silence":
            world.pass_time(31)
        else:
            world.nack(lease_id, ending, code="X")
        assert task.state == state


class TestLiveness:
    def test_a_silent_neuron_is_dead_its_stream_closed_its_leases_given_to_others(self) -> None:
        world = World(lease_ttl=600, dead_after=60)
        world.connect(A, offer())
        task = world.task()
        world.connect(B, offer())
        world.pass_time(59)
        world.gateway.heartbeat(B, [], world.now)
        world.pass_time(2)
        assert not world.gateway.neurons[A].alive
        assert world.closed == [A]
        assert world.streams[A][-1]["type"] == "disconnect"
        assert [lease["task"]["taskId"] for lease in world.leases(B)] == [task.id]
        assert "neuron dead" in events(task)

    def test_one_that_lost_its_stream_keeps_its_leases_until_they_expire(self) -> None:
        world = World()
        world.connect(A, offer())
        task = world.task()
        neuron = world.gateway.neurons[A]
        assert neuron.close
        world.gateway.disconnected(neuron, neuron.close)
        world.pass_time(20)
        assert task.state == "leased"
        world.pass_time(11)
        assert task.state == "pending"

    def test_the_end_of_an_older_stream_does_not_disconnect_the_newer(self) -> None:
        world = World()
        world.connect(A, offer())
        neuron = world.gateway.neurons[A]
        old = neuron.close
        world.connect(A, offer())
        assert old
        world.gateway.disconnected(neuron, old)
        assert neuron.send is not None

    def test_heartbeats_of_strangers_are_refused(self) -> None:
        with pytest.raises(NotRegisteredError):
            World().gateway.heartbeat(A, [], 0)


class TestRestart:
    def test_tasks_and_leases_survive_it(self, tmp_path: Path) -> None:
        world = World(tmp_path / "journal")
        world.connect(A, offer(1))
        leased, pending = world.task(), world.task()
        lease_id = world.leases()[0]["leaseId"]
        again = World(tmp_path / "journal", now=world.now + 25)
        assert [again.gateway.tasks[t.id].state for t in (leased, pending)] == ["leased", "pending"]
        again.pass_time(20)
        assert again.gateway.ack("me", lease_id, 1, again.now)
        again.connect(B, offer(1))
        assert [lease["task"]["taskId"] for lease in again.leases(B)] == [pending.id]

    def test_a_line_that_was_cut_short_is_forgotten(self, tmp_path: Path) -> None:
        path = tmp_path / "journal"
        world = World(path)
        world.task()
        path.write_text(path.read_text() + '{"kind":"task","rec')
        assert list(World(path).gateway.tasks) == ["t-1"]
