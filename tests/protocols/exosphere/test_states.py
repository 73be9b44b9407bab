"""The life of states: triggers, claims, reports, retries, signals (protocol sheet §5, §6.5 to §6.9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from exospherehost.testing.manager import Refusal, bodies

Use = Callable[..., dict[str, Any]]


@pytest.fixture
def chain(world: Any, node_use: Use) -> Any:
    """a, then b with a's output."""
    world.graph(node_use("a", None, "b", text="hello"), node_use("b", text="<${{ a.outputs.text }}>"))
    return world


class TestTrigger:
    def test_a_run_starts_with_one_state_of_the_root(self, chain: Any) -> None:
        run = chain.trigger()
        assert chain.statuses(run) == [("a", "CREATED")]
        assert chain.claim_one()["inputs"] == {"text": "hello"}

    def test_inputs_replace_those_of_the_root_and_others_are_ignored(self, chain: Any) -> None:
        chain.trigger(inputs={"text": "bye", "unknown": "x"})
        assert chain.claim_one()["inputs"] == {"text": "bye"}

    def test_a_delay_keeps_the_root_from_being_claimed(self, chain: Any) -> None:
        chain.trigger(start_delay=2000)
        chain.clock.advance(1.999)
        assert chain.claim() == []
        chain.clock.advance(0.001)
        assert len(chain.claim()) == 1

    def test_the_store_fills_placeholders_and_defaults_what_is_left(self, world: Any, node_use: Use) -> None:
        store = {"required_keys": ["k"], "default_values": {"d": "D", "e": "E"}}
        world.graph(node_use("a", text="${{store.k}}${{store.d}}${{store.e}}"), store_config=store)
        world.trigger(store={"k": "1", "d": "2", "more": "3"})
        assert world.claim_one()["inputs"] == {"text": "12E"}

    @pytest.mark.parametrize(
        ("body", "status", "words"),
        [
            ({}, 400, "Missing store keys: {'k', 'l'}"),
            ({"store": {"l": "1"}}, 400, "Missing store keys: {'k'}"),
            (
                {"store": {"k": "1", "l": "1"}, "inputs": {"text": "${{ a.outputs.text }}"}},
                400,
                "Invalid input: 400: Root node can have only store identifier as dependent but got a",
            ),
            (
                {"store": {"k": "1", "l": "1"}, "inputs": {"text": "${{ store.z }}"}},
                400,
                "Invalid input: 400: Dependent z not found in store for root node a",
            ),
            ({"inputs": {"text": "${{"}}, 400, "Invalid input: Invalid syntax string placeholder"),
        ],
    )
    def test_what_cannot_be_started(
        self, world: Any, node_use: Use, body: dict[str, Any], status: int, words: str
    ) -> None:
        store = {"required_keys": ["k", "l"], "default_values": {"k": "a default does not help"}}
        world.graph(node_use("a", text="x"), store_config=store)
        with pytest.raises(Refusal) as refused:
            world.trigger(**body)
        assert refused.value.status == status
        assert words in refused.value.detail
        assert world.manager.runs.list("ns", 1, 0)["total"] == 0

    def test_only_valid_graphs_can_be_triggered(self, world: Any, node_use: Use) -> None:
        with pytest.raises(Refusal, match="Graph template not found for namespace ns and graph g") as refused:
            world.trigger()
        assert refused.value.status == 404
        world.graph(node_use("a", "Nobody"))
        with pytest.raises(Refusal, match="Graph template is not valid"):
            world.trigger()

    def test_the_root_keeps_inputs_beyond_its_schema_and_later_states_do_not(self, world: Any, node_use: Use) -> None:
        world.graph(node_use("a", None, "b", text="x", extra="1"), node_use("b", text="y", extra="2"))
        world.trigger()
        root = world.claim_one()
        assert root["inputs"] == {"text": "x", "extra": "1"}
        world.executed(root, {"text": ""})
        assert world.claim_one()["inputs"] == {"text": "y"}


class TestClaims:
    def test_each_state_is_claimed_once(self, chain: Any) -> None:
        for _ in range(5):
            chain.trigger()
        first, second = chain.claim(3), chain.claim(3)
        assert [len(first), len(second), len(chain.claim(3))] == [3, 2, 0]
        assert len({state["state_id"] for state in first + second}) == 5

    def test_only_asked_for_nodes_of_the_namespace_are_claimed(self, chain: Any) -> None:
        chain.trigger()
        assert chain.claim(9, "Other") == []
        assert chain.claim(9, "Echo", namespace="elsewhere") == []
        assert len(chain.claim(9, "Other", "Echo")) == 1

    @pytest.mark.parametrize("size", [0, -3])
    def test_a_batch_of_nothing_claims_nothing(self, chain: Any, size: int) -> None:
        chain.trigger()
        answer = chain.manager.claims.enqueue("ns", bodies.Enqueue(nodes=["Echo"], batch_size=size))
        assert answer == {"count": 0, "namespace": "ns", "status": "QUEUED", "states": []}

    def test_the_longest_waiting_come_first(self, chain: Any) -> None:
        late, early = chain.trigger(start_delay=50), chain.trigger(start_delay=10)
        chain.clock.advance(1)
        claimed = chain.claim()
        runs = [
            run
            for state in claimed
            for run in (late, early)
            if chain.run_graph(run)["nodes"][0]["id"] == state["state_id"]
        ]
        assert runs == [early, late]

    def test_without_a_lease_a_claim_never_ends(self, chain: Any) -> None:
        chain.trigger()
        chain.claim()
        chain.clock.advance(10**7)
        chain.manager.housekeeping.round()
        assert chain.claim() == []

    def test_a_lease_frees_states_of_dead_runtimes(self, make_world: Callable[..., Any], node_use: Use) -> None:
        world = make_world(lease=30_000)
        world.graph(node_use("a", text="x"))
        world.trigger()
        lost = world.claim_one()
        world.clock.advance(30)
        world.manager.housekeeping.round()
        assert world.claim() == []
        world.clock.advance(1)
        world.manager.housekeeping.round()
        assert world.claim_one()["state_id"] == lost["state_id"]


class TestExecuted:
    def test_the_end_to_end_vector(self, world: Any, node_use: Use) -> None:
        """Protocol sheet §8."""
        world.node("A", ["x"], ["y"], ["tok"])
        world.node("B", ["z"], ["w"])
        kept = world.graph(
            node_use("a", "A", "b", x="hello"),
            node_use("b", "B", z="<${{ a.outputs.y }}|${{ store.k }}>"),
            secrets={"tok": "s3cret"},
            store_config={"default_values": {"k": "dflt"}},
        )
        assert kept["validation_status"] == "VALID"
        run = world.trigger(inputs={"x": "world"}, store={"k": "K"})
        root = world.claim_one()
        assert root["inputs"] == {"x": "world"}
        assert world.manager.reports.secrets("ns", root["state_id"]) == {"secrets": {"tok": "s3cret"}}
        world.executed(root, {"y": "one"}, {"y": "two"})
        following = world.claim()
        assert sorted(state["inputs"]["z"] for state in following) == ["<one|K>", "<two|K>"]
        for state in following:
            world.executed(state)
        graph = world.run_graph(run)
        assert (graph["node_count"], graph["edge_count"], len(graph["root_states"])) == (4, 2, 2)
        assert graph["execution_summary"]["SUCCESS"] == 4
        [summary] = world.manager.runs.list("ns", 1, 10)["runs"]
        assert (summary["status"], summary["total_count"], summary["success_count"]) == ("SUCCESS", 4, 4)

    @pytest.mark.parametrize("outputs", [[], [{}]])
    def test_no_output_still_leads_on(self, world: Any, node_use: Use, outputs: list[Any]) -> None:
        world.graph(node_use("a", None, "b", text="x"), node_use("b", text="y"))
        run = world.trigger()
        world.executed(world.claim_one(), *outputs)
        assert world.statuses(run) == [("a", "SUCCESS"), ("b", "CREATED")]

    def test_every_output_meets_every_next_node(self, world: Any, node_use: Use) -> None:
        follow = "${{ a.outputs.text }}"
        world.graph(node_use("a", None, "b", "c", text="x"), node_use("b", text=follow), node_use("c", text=follow))
        run = world.trigger()
        world.executed(world.claim_one(), {"text": "1"}, {"text": "2"}, {"text": "3"})
        found = sorted((state["identifier"], state["inputs"]["text"]) for state in world.claim())
        assert found == [(use, text) for use in "bc" for text in "123"]
        assert world.statuses(run).count(("a", "SUCCESS")) == 3

    def test_without_a_join_two_ways_into_a_node_run_it_twice(self, world: Any, node_use: Use) -> None:
        world.graph(
            node_use("a", None, "b", "c", text="x"),
            node_use("b", None, "d", text="x"),
            node_use("c", None, "d", text="x"),
            node_use("d", text="x"),
        )
        run = world.trigger()
        assert world.run_to_the_end() == 5
        assert world.statuses(run).count(("d", "SUCCESS")) == 2

    def test_ancestors_stay_at_hand(self, world: Any, node_use: Use) -> None:
        world.graph(
            node_use("a", None, "b", text="x"),
            node_use("b", None, "c", text="y"),
            node_use("c", text="${{ a.outputs.text }}+${{ b.outputs.text }}"),
        )
        run = world.trigger()
        first = world.claim_one()
        world.executed(first, {"text": "A"})
        second = world.claim_one()
        world.executed(second, {"text": "B"})
        third = world.claim_one()
        assert third["inputs"] == {"text": "A+B"}
        assert world.details(run, third)["parents"] == {"a": first["state_id"], "b": second["state_id"]}

    @pytest.mark.parametrize(
        ("outputs", "error"),
        [
            ({}, "Output field 'text' not found on current state 'a' for template 'b'"),
            ({"text": 7}, "unsupported operand type(s) for +: 'int' and 'str'"),
            ({"text": None}, "Dependent value is not set for: identifier='a' field='text' tail='' value=None"),
        ],
    )
    def test_outputs_that_do_not_fit_are_an_error_of_all_siblings(
        self, world: Any, node_use: Use, outputs: dict[str, Any], error: str
    ) -> None:
        world.graph(node_use("a", None, "b", text="x"), node_use("b", text="${{ a.outputs.text }}"))
        run = world.trigger()
        world.executed(world.claim_one(), {"text": "fine"}, outputs)
        assert world.statuses(run) == [("a", "NEXT_CREATED_ERROR")] * 2
        assert world.errors(run) == {error}
        assert world.manager.runs.list("ns", 1, 1)["runs"][0]["status"] == "FAILED"

    def test_a_diamond_that_names_the_other_branch_fails_when_it_runs(self, world: Any, node_use: Use) -> None:
        world.graph(
            node_use("a", None, "b", "c", text="x"),
            node_use("b", None, "d", text="x"),
            node_use("c", None, "d", text="x"),
            node_use("d", text="${{ b.outputs.text }}${{ c.outputs.text }}"),
        )
        run = world.trigger()
        world.run_to_the_end()
        assert world.statuses(run)[1:] == [("b", "NEXT_CREATED_ERROR"), ("c", "NEXT_CREATED_ERROR")]
        assert "\"Identifier 'c' not found in parents for template 'd'\"" in world.errors(run)

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ("nodes", "Current state node template not found for identifier: a"),
            ("invalid", "Graph template is in a non-validating state: INVALID for namespace: ns and graph name: g"),
        ],
    )
    def test_a_graph_that_changed_under_a_run(self, world: Any, node_use: Use, change: str, error: str) -> None:
        world.graph(node_use("a", text="x"))
        run = world.trigger()
        state = world.claim_one()
        world.graph(node_use("other", "Echo" if change == "nodes" else "Nobody", text="x"))
        world.executed(state, {"text": "1"})
        assert world.errors(run) == {error}

    def test_a_state_waits_for_a_graph_that_is_being_verified(self, world: Any, node_use: Use) -> None:
        world.graph(node_use("a", text="x"))
        run = world.trigger()
        state = world.claim_one()
        world.manager.graphs._verification.run = lambda *_: None
        world.graph(node_use("a", text="y"))
        world.executed(state, {"text": "1"})
        assert world.statuses(run) == [("a", "EXECUTED")]
        del world.manager.graphs._verification.run
        world.clock.advance(6)
        world.manager.housekeeping.round()
        assert world.statuses(run) == [("a", "SUCCESS")]

    def test_but_not_for_ever(self, world: Any, node_use: Use) -> None:
        world.graph(node_use("a", text="x"))
        run = world.trigger()
        state = world.claim_one()
        world.manager.graphs._verification.run = lambda *_: None
        world.manager.housekeeping._verification.run_orphans = lambda *_: None
        world.graph(node_use("a", text="y"))
        world.executed(state, {"text": "1"})
        world.clock.advance(301)
        world.manager.housekeeping.round()
        assert world.errors(run) == {
            "Graph template is not valid for namespace: ns and graph name: g after 300.0 seconds"
        }


class TestErrored:
    def policy(self, **members: Any) -> dict[str, Any]:
        return {"retry_policy": {"strategy": "FIXED", "backoff_factor": 50, "max_retries": 1} | members}

    def test_the_retry_vector(self, world: Any, node_use: Use) -> None:
        """Protocol sheet §8."""
        world.graph(node_use("a", text="x"), **self.policy())
        run = world.trigger()
        first = world.claim_one()
        assert world.errored(first) == {"status": "ERRORED", "retry_created": True}
        assert world.statuses(run) == [("a", "RETRY_CREATED"), ("a", "CREATED")]
        assert world.claim() == []
        world.clock.advance(0.05)
        second = world.claim_one()
        assert second["inputs"] == first["inputs"]
        assert world.errored(second, "again") == {"status": "ERRORED", "retry_created": False}
        [summary] = world.manager.runs.list("ns", 1, 1)["runs"]
        assert (summary["status"], summary["retried_count"], summary["errored_count"]) == ("FAILED", 1, 1)
        assert world.errors(run) == {"kaboom", "again"}

    def test_the_dice_decide_a_jittered_delay(self, world: Any, node_use: Use) -> None:
        world.graph(node_use("a", text="x"), **self.policy(strategy="FIXED_FULL_JITTER", backoff_factor=1000))
        world.trigger()
        world.dice[0] = 0.25
        world.errored(world.claim_one())
        world.clock.advance(0.2499)
        assert world.claim() == []
        world.clock.advance(0.0002)
        assert len(world.claim()) == 1

    def test_a_retry_that_succeeds_leads_on_once(self, world: Any, node_use: Use) -> None:
        world.graph(node_use("a", None, "b", text="x"), node_use("b", text="${{ a.outputs.text }}"), **self.policy())
        run = world.trigger()
        world.errored(world.claim_one())
        world.clock.advance(1)
        world.run_to_the_end()
        assert world.statuses(run) == [("a", "RETRY_CREATED"), ("a", "SUCCESS"), ("b", "SUCCESS")]

    def test_only_queued_states_can_fail(self, world: Any, node_use: Use) -> None:
        world.graph(node_use("a", text="x"))
        world.trigger()
        state = world.claim_one()
        world.requeue(state)
        with pytest.raises(Refusal, match="State is not queued or executed"):
            world.errored(state)

    def test_the_graph_is_looked_for_in_the_namespace_of_the_path(self, world: Any, node_use: Use) -> None:
        world.graph(node_use("a", text="x"))
        world.trigger()
        with pytest.raises(Refusal, match="Graph template not found") as refused:
            world.errored(world.claim_one(), namespace="elsewhere")
        assert refused.value.status == 404


class TestSignals:
    def test_prune_ends_a_branch_without_failure(self, chain: Any) -> None:
        run = chain.trigger()
        state = chain.claim_one()
        answer = chain.prune(state, reason="enough")
        assert answer == {"enqueue_after": int(chain.clock.seconds * 1000), "status": "PRUNED"}
        assert chain.statuses(run) == [("a", "PRUNED")]
        assert chain.manager.runs.list("ns", 1, 1)["runs"][0]["status"] == "SUCCESS"

    def test_requeue_puts_the_same_state_off(self, chain: Any) -> None:
        run = chain.trigger()
        state = chain.claim_one()
        answer = chain.requeue(state, 60_000)
        assert answer == {"enqueue_after": int(chain.clock.seconds * 1000) + 60_000, "status": "CREATED"}
        assert chain.claim() == []
        chain.clock.advance(60)
        assert chain.claim_one()["state_id"] == state["state_id"]
        assert chain.statuses(run) == [("a", "QUEUED")]

    def test_ended_states_stay_ended_here_and_are_revived_by_the_original(
        self, world: Any, original: Any, node_use: Use
    ) -> None:
        for manager, is_revived in ((world, False), (original, True)):
            manager.graph(node_use("a", text="x"))
            run = manager.trigger()
            state = manager.claim_one()
            manager.executed(state, {"text": "1"})
            if is_revived:
                manager.requeue(state)
            else:
                with pytest.raises(Refusal, match="State is not queued"):
                    manager.requeue(state)
            assert manager.statuses(run) == [("a", "CREATED" if is_revived else "SUCCESS")]


class TestManualRetry:
    def test_a_failed_state_gets_all_its_retries_again(self, world: Any, node_use: Use) -> None:
        world.graph(node_use("a", text="x"), retry_policy={"max_retries": 0})
        run = world.trigger()
        state = world.claim_one()
        world.errored(state)
        answer = world.retry(state, "mine")
        assert answer["status"] == "CREATED"
        assert world.statuses(run) == [("a", "RETRY_CREATED"), ("a", "CREATED")]
        assert world.claim_one()["state_id"] == answer["id"]

    def test_the_same_name_is_taken_once(self, chain: Any) -> None:
        run = chain.trigger()
        state = chain.claim_one()
        chain.retry(state, "mine")
        with pytest.raises(Refusal, match="Duplicate retry state detected") as refused:
            chain.retry(state, "mine")
        assert refused.value.status == 409
        chain.retry(state, "another")
        assert len(chain.statuses(run)) == 3

    def test_id_and_namespace_must_both_match(self, chain: Any) -> None:
        chain.trigger()
        with pytest.raises(Refusal, match="State not found") as refused:
            chain.retry(chain.claim_one(), namespace="elsewhere")
        assert refused.value.status == 404


REPORTS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "executed": lambda world, state: world.executed(state),
    "errored": lambda world, state: world.errored(state),
    "prune": lambda world, state: world.prune(state),
    "requeue": lambda world, state: world.requeue(state),
    "manual retry": lambda world, state: world.retry(state),
    "secrets": lambda world, state: world.manager.reports.secrets("ns", state["state_id"]),
}


@pytest.mark.parametrize("report", REPORTS)
def test_unknown_and_malformed_ids(world: Any, original: Any, report: str) -> None:
    unknown, malformed = {"state_id": "64b000000000000000000001"}, {"state_id": "nonsense"}
    for manager, state, status in (
        (world, unknown, 404),
        (world, malformed, 400),
        (original, unknown, 500 if report == "secrets" else 404),
        (original, malformed, 500),
    ):
        with pytest.raises(Refusal) as refused:
            REPORTS[report](manager, state)
        assert refused.value.status == status


@pytest.mark.parametrize("first", ["executed", "errored", "prune"])
@pytest.mark.parametrize("second", ["executed", "errored", "prune"])
def test_a_state_is_reported_on_once(chain: Any, first: str, second: str) -> None:
    chain.trigger()
    state = chain.claim_one()
    REPORTS[first](chain, state)
    with pytest.raises(Refusal) as refused:
        REPORTS[second](chain, state)
    assert refused.value.status == 400


def test_secrets_need_the_right_namespace(chain: Any) -> None:
    chain.trigger()
    state = chain.claim_one()
    assert chain.manager.reports.secrets("ns", state["state_id"]) == {"secrets": {}}
    with pytest.raises(Refusal, match="State not found"):
        chain.manager.reports.secrets("elsewhere", state["state_id"])


def test_numbers_may_be_larger_than_a_database_holds(world: Any, node_use: Use) -> None:
    huge = 10**30
    policy = {"strategy": "EXPONENTIAL_FULL_JITTER", "exponent": huge, "backoff_factor": huge}
    world.graph(node_use("a", text="x"), retry_policy=policy)
    world.trigger(start_delay=huge)
    world.trigger()
    [state] = world.claim(huge)
    assert world.requeue(state, huge)["enqueue_after"] > 10**18
    world.trigger()
    assert world.errored(world.claim_one())["retry_created"]
    assert world.manager.runs.list("ns", huge, huge)["runs"] == []
