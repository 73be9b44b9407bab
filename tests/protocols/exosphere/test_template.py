"""Which graphs are taken, and which are refused with which words (protocol sheet §6.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from exospherehost.testing.manager import Refusal

Use = Callable[..., dict[str, Any]]


def refusal_of(world: Any, *nodes: dict[str, Any], **members: Any) -> str:
    with pytest.raises(Refusal) as refused:
        world.graph(*nodes, **members)
    assert refused.value.status == 400
    assert refused.value.detail.startswith("Error validating graph template: ")
    return refused.value.detail


def test_a_chain_is_taken(world: Any, node_use: Use) -> None:
    kept = world.graph(node_use("a", None, "b", text="hello"), node_use("b", text="${{ a.outputs.text }}"))
    assert (kept["validation_status"], kept["validation_errors"]) == ("VALID", [])


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ([], "exactly one root node in the graph but found 0 nodes"),
        ([("a", []), ("b", [])], "exactly one root node in the graph but found 2 nodes"),
        ([("a", ["b"]), ("b", ["a"])], "found 0 nodes"),
        ([("a", ["x"])], "Node identifier x does not exist in the graph"),
        ([("a", []), ("a", []), ("a", [])], "Node identifier a is not unique\nNode identifier a is not unique"),
        ([("a", ["b"]), ("b", ["c"]), ("c", ["b"])], "Node b is not acyclic"),
        ([("a", []), ("b", ["b"])], "Node b is not connected to the root node"),
    ],
)
def test_the_shape_of_a_graph(world: Any, node_use: Use, nodes: list[Any], words: str) -> None:
    uses = [node_use(identifier, None, *following, text="x") for identifier, following in nodes]
    assert words in refusal_of(world, *uses)


def test_names_must_say_something(world: Any, node_use: Use) -> None:
    detail = refusal_of(world, node_use("a", text="x"), name="  ", namespace=" ", secrets={"": "x"})
    assert "3 validation errors for GraphTemplate" in detail
    assert all(
        words in detail for words in ("Name cannot be empty", "Namespace cannot be empty", "Secrets cannot be empty")
    )


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nobody", "Node b has an unites target nobody that does not exist"),
        ("b", "Node b has an unites target b that is the same as the node itself"),
    ],
)
def test_joins_unite_another_use_of_the_graph(world: Any, node_use: Use, target: str, words: str) -> None:
    assert words in refusal_of(world, node_use("a", None, "b", text="x"), node_use("b", unites=target, text="x"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("${{ c.outputs.text }}", "depends on c but c is not a parent of b"),
        ("${{ nobody.outputs.text }}", "depends on nobody but nobody is not a parent of b"),
        ("${{ store.k }}", "depends on k but k is not a required key or a default value"),
        ("${{ a.text }}", "check syntax string: Invalid syntax string placeholder"),
        (7, "Input 7 is not a string"),
    ],
)
def test_inputs_name_ancestors_and_store_keys(world: Any, node_use: Use, text: Any, words: str) -> None:
    uses = [node_use("a", None, "b", text="x"), node_use("b", None, "c", text=text), node_use("c", text="x")]
    assert words in refusal_of(world, *uses)


def test_all_problems_of_inputs_are_told_at_once(world: Any, node_use: Use) -> None:
    detail = refusal_of(world, node_use("a", text=1, other="${{ store.k }}${{ store.l }}"))
    assert detail.count("\n") >= 3


CASES = {
    "the predecessor of a join": (
        "r>s s>m m~r",
        {"m": "s"},
        "depends on s but s is not a parent of m",
    ),
    "the splitter's successor, as documentation shows it": (
        "sp>p p>m m~sp",
        {"m": "p"},
        "depends on p but p is not a parent of m",
    ),
    "what is before the united use": ("r>s s>m m~r m>e", {"e": "r"}, None),
    "the first of two branches into a join": (
        "r>b,c b>m c>m m~r",
        {"m": "b"},
        "depends on b but b is not a parent of m",
    ),
    "the second of two branches into a join": ("r>b,c b>m c>m m~r", {"m": "c"}, None),
    "both branches of a diamond": ("a>b,c b>d c>d", {"d": "b c"}, None),
    "the first branch, after a diamond": ("a>b,c b>d c>d d>e", {"e": "b"}, None),
    "the second branch, after a diamond": ("a>b,c b>d c>d d>e", {"e": "c"}, "depends on c but c is not a parent of e"),
    "a join beside what it unites, listed after it": ("r>a,b b~a", {}, None),
    "a join beside what it unites, listed before it": ("r>b,a b~a b>e", {}, "Node e is not connected to the root node"),
    "a join that nothing leads to": ("r>a a m~a", {}, "Node m is not connected to the root node"),
    "a join right after what it unites": ("a>m m~a", {}, None),
}


def read(drawing: str, inputs: dict[str, str], use: Use) -> list[dict[str, Any]]:
    """`a>b,c` is an edge to b and c, `m~a` says that m unites a."""
    following: dict[str, list[str]] = {}
    joins: dict[str, str] = {}
    for piece in drawing.split():
        if "~" in piece:
            name, joins[piece.partition("~")[0]] = piece.split("~")
            following.setdefault(name, [])
        else:
            name, _, names = piece.partition(">")
            following.setdefault(name, []).extend(filter(None, names.split(",")))
            for other in following[name]:
                following.setdefault(other, [])
    return [
        use(
            name,
            None,
            *names,
            unites=joins.get(name),
            text="".join(f"${{{{ {each}.outputs.text }}}}" for each in inputs.get(name, "").split()) or "x",
        )
        for name, names in following.items()
    ]


@pytest.mark.parametrize("case", CASES)
def test_what_an_input_may_name(world: Any, node_use: Use, case: str) -> None:
    drawing, inputs, words = CASES[case]
    uses = read(drawing, inputs, node_use)
    if words is None:
        assert world.graph(*uses)["validation_status"] == "VALID"
    else:
        assert words in refusal_of(world, *uses)


def test_what_follows_a_join_may_name_it_here_but_not_in_the_original(world: Any, original: Any, node_use: Use) -> None:
    uses = read("r>s s>m m~r m>e", {"e": "m"}, node_use)
    assert world.graph(*uses)["validation_status"] == "VALID"
    assert "depends on m but m is not a parent of e" in refusal_of(original, *uses)


def test_a_refused_graph_leaves_the_kept_one_alone(world: Any, node_use: Use) -> None:
    before = world.graph(node_use("a", text="first"))
    refusal_of(world, node_use("a", None, "x", text="second"))
    assert world.manager.graphs.get("ns", "g") == before


def test_graphs_may_be_deep(world: Any, node_use: Use) -> None:
    size = 1500
    uses = [node_use(f"n{i}", None, *([f"n{i + 1}"] if i + 1 < size else []), text="x") for i in range(size)]
    assert world.graph(*uses)["validation_status"] == "VALID"
