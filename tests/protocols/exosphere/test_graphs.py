"""Keeping graphs and nodes, and verifying the ones against the others (protocol sheet §6.1, §6.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from exospherehost.testing.manager import Refusal, bodies

Use = Callable[..., dict[str, Any]]


def errors_of(world: Any, *nodes: dict[str, Any], **members: Any) -> list[str]:
    kept = world.graph(*nodes, **members)
    assert kept["validation_status"] == ("INVALID" if kept["validation_errors"] else "VALID")
    errors: list[str] = kept["validation_errors"]
    return errors


def test_an_unknown_node_is_told_twice_as_the_original_does(world: Any, node_use: Use) -> None:
    assert errors_of(world, node_use("a", "Nobody")) == [
        "Node Nobody in namespace ns does not exist.",
        "Node Nobody in namespace ns does not exist",
    ]


def test_needed_secrets_must_be_there_and_others_may(world: Any, node_use: Use) -> None:
    world.node("Caller", [], [], ["token"])
    assert errors_of(world, node_use("a", "Caller")) == [
        "Secret token is required but not present in the graph template"
    ]
    assert errors_of(world, node_use("a", "Caller"), secrets={"token": "t", "other": "o"}) == []


def test_every_input_of_the_schema_must_be_given_even_with_a_default(world: Any, node_use: Use) -> None:
    world.raw_node("Lax", {"properties": {"x": {"type": "string", "default": "d"}, "n": {"type": "integer"}}}, {})
    assert errors_of(world, node_use("a", "Lax", more="is fine")) == [
        "Input x in node Lax in namespace ns is not present in the graph template",
        "Input n in node Lax in namespace ns is not a string",
    ]


def test_placeholders_name_string_outputs(world: Any, node_use: Use) -> None:
    world.raw_node("Source", {}, {"properties": {"s": {"type": "string"}, "n": {"type": "integer"}}})
    texts = "${{ a.outputs.s }}${{ a.outputs.n }}${{ a.outputs.nothing }}"
    assert errors_of(world, node_use("a", "Source", "b"), node_use("b", text=texts)) == [
        "Field n in node Source in namespace ns is not a string",
        "Field nothing in node Source in namespace ns does not exist",
    ]


@pytest.mark.parametrize(
    ("properties", "words"),
    [({"x": {}}, "Schema must specify a type."), ({"_x": {"type": "string"}}, "leading underscores")],
)
def test_a_schema_that_cannot_be_read_makes_the_graph_invalid(
    world: Any, node_use: Use, properties: Any, words: str
) -> None:
    world.raw_node("Odd", {"properties": properties}, {})
    [error] = errors_of(world, node_use("a", "Odd", x="1"))
    assert error.startswith("Validation failed due to unexpected error: ")
    assert words in error


def test_an_update_is_verified_against_the_new_nodes_at_once(world: Any, node_use: Use) -> None:
    """The original looks at the old ones, and needs a second, equal update (§13 no. 2)."""
    world.graph(node_use("a", text="x"))
    assert errors_of(world, node_use("new", None, "b", text="x"), node_use("b", text="${{ new.outputs.text }}")) == []


def test_the_answer_to_an_update_is_pending_and_shows_what_is_kept(world: Any, node_use: Use) -> None:
    policy = {"max_retries": 1, "strategy": "FIXED", "backoff_factor": 5, "exponent": 3, "max_delay": 9}
    body = {
        "secrets": {"s": "t"},
        "nodes": [node_use("a", text="x") | {"next_nodes": None}],
        "retry_policy": policy,
        "store_config": {"required_keys": [" k "], "default_values": {"d": "v"}},
        "triggers": [{"type": "CRON", "value": {"expression": "@daily", "note": "kept"}}],
    }
    answer = world.manager.graphs.upsert("ns", "g", bodies.UpsertGraph.model_validate(body))
    assert list(answer) == [
        "nodes", "secrets", "retry_policy", "store_config", "triggers", "created_at", "updated_at", "validation_status",
        "validation_errors",
    ]  # fmt: skip
    assert answer["validation_status"] == "PENDING"
    assert answer["nodes"][0]["next_nodes"] == []
    assert answer["secrets"] == {"s": True}
    assert answer["retry_policy"] == policy
    assert answer["store_config"] == {"required_keys": ["k"], "default_values": {"d": "v"}}
    assert answer["triggers"] == body["triggers"]


def test_reading_shows_stored_settings_here_and_defaults_in_the_original(
    world: Any, original: Any, node_use: Use
) -> None:
    settings = {"retry_policy": {"max_retries": 9}, "store_config": {"required_keys": ["k"]}}
    assert world.graph(node_use("a", text="x"), **settings)["retry_policy"]["max_retries"] == 9
    shown = original.graph(node_use("a", text="x"), **settings)
    assert shown["retry_policy"]["max_retries"] == 3
    assert shown["store_config"] == {"required_keys": [], "default_values": {}}
    [listed] = original.manager.graphs.list("ns")["templates"]
    assert listed["retry_policy"]["max_retries"] == 9


def test_lists_show_secrets_as_they_are_kept(world: Any, node_use: Use) -> None:
    world.graph(node_use("a", text="x"), secrets={"s": "very secret"})
    [listed] = world.manager.graphs.list("ns")["templates"]
    assert listed["secrets"].keys() == {"s"}
    assert "very secret" not in str(listed)
    assert list(listed)[:5] == ["_id", "created_at", "updated_at", "name", "namespace"]


def test_an_update_keeps_the_date_of_birth(world: Any, node_use: Use) -> None:
    born = world.graph(node_use("a", text="x"))["created_at"]
    world.clock.advance(60)
    updated = world.graph(node_use("a", text="y"))
    assert updated["created_at"] == born < updated["updated_at"]
    assert world.manager.graphs.list("ns")["count"] == 1


def test_blanks_around_a_name_do_not_count(world: Any, node_use: Use) -> None:
    """The original stores the trimmed name and never finds it again (§13 no. 27)."""
    world.graph(node_use("a", text="x"), name=" g ")
    world.graph(node_use("a", text="y"), name=" g ")
    assert world.manager.graphs.get("ns", "g")["nodes"][0]["inputs"] == {"text": "y"}


def test_a_graph_that_is_not_there(world: Any) -> None:
    with pytest.raises(Refusal, match="Graph template nope not found in namespace ns") as refused:
        world.manager.graphs.get("ns", "nope")
    assert refused.value.status == 404


def test_a_bad_encryption_key_is_refused_when_it_is_needed(make_world: Callable[..., Any], node_use: Use) -> None:
    world = make_world(encryption_key="nonsense")
    world.graph(node_use("a", text="x"))
    with pytest.raises(Refusal, match="Key must be"):
        world.graph(node_use("a", text="x"), secrets={"s": "t"})


def test_verification_that_a_dead_process_left_is_done_by_the_next_round(world: Any, node_use: Use) -> None:
    world.manager.graphs._verification.run = lambda *_: None
    assert world.graph(node_use("a", text="x"))["validation_status"] == "PENDING"
    del world.manager.graphs._verification.run
    world.clock.advance(4)
    world.manager.housekeeping.round()
    assert world.manager.graphs.get("ns", "g")["validation_status"] == "PENDING"
    world.clock.advance(2)
    world.manager.housekeeping.round()
    assert world.manager.graphs.get("ns", "g")["validation_status"] == "VALID"


def test_registering_again_replaces_a_node_and_keeps_its_identity(world: Any) -> None:
    world.node("N", ["x"])
    [before] = [node for node in world.manager.nodes.list("ns")["nodes"] if node["name"] == "N"]
    world.clock.advance(60)
    world.node("N", ["y"], secrets=["s"])
    [after] = [node for node in world.manager.nodes.list("ns")["nodes"] if node["name"] == "N"]
    assert after["secrets"] == ["s"]
    assert list(after["inputs_schema"]["properties"]) == ["y"]
    assert {key: after[key] for key in ("_id", "created_at", "updated_at")} == {
        key: before[key] for key in ("_id", "created_at", "updated_at")
    }


def test_registration_echoes_every_node_in_order(world: Any) -> None:
    node = {"name": "", "inputs_schema": {}, "outputs_schema": {"any": 1}, "secrets": []}
    body = bodies.RegisterNodes.model_validate({"runtime_name": "rt", "nodes": [node, node], "runtime_namespace": "?"})
    assert world.manager.nodes.register("ns", body) == {"runtime_name": "rt", "registered_nodes": [node, node]}


def test_namespaces_are_those_of_nodes(world: Any, node_use: Use) -> None:
    world.node("N", namespace="zoo")
    world.node("N", namespace="alpha")
    world.graph(node_use("a", text="x"), namespace="graphs only")
    assert world.manager.nodes.namespaces() == {"namespaces": ["alpha", "ns", "zoo"], "count": 3}
