"""Which module a class goes to: no circle of imports, no module too large, nothing moves without need."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from wirewright_codegen.models.clusters import assign
from wirewright_codegen.models.schemas import strongly_connected, without_union_cycles


def test_what_one_resource_uses_is_its_own_and_what_several_use_is_common() -> None:
    graph: dict[str, list[str]] = {"Pet": ["Tag"], "Order": ["Tag"], "Tag": [], "Toy": [], "Alone": []}
    found = assign(graph, {"pets": ["Pet", "Toy"], "orders": ["Order"]})
    assert found == {"Pet": "pets", "Toy": "pets", "Order": "orders", "Tag": "common", "Alone": "other"}


def test_a_resource_called_common_does_not_mix_with_what_is_shared() -> None:
    found = assign({"A": ["B"], "B": [], "C": ["B"]}, {"common": ["A"], "x": ["C"]})
    assert found == {"A": "common_only", "B": "common", "C": "x"}


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, list[str]], int]:
    names = [f"T{number}" for number in range(draw(st.integers(1, 25)))]
    graph = {name: draw(st.lists(st.sampled_from(names), max_size=4, unique=True)) for name in names}
    roots = {
        resource: draw(st.lists(st.sampled_from(names), max_size=4, unique=True)) for resource in ("a", "b", "c", "d")
    }
    return graph, roots, draw(st.integers(1, 12))


@given(graphs())
def test_modules_never_import_each_other_in_a_circle(case: Any) -> None:
    graph, roots, cap = case
    home = assign(graph, roots, cap)
    assert home.keys() == graph.keys()
    modules: dict[str, list[str]] = {module: [] for module in sorted(set(home.values()))}
    for name, targets in graph.items():
        modules[home[name]] += [home[target] for target in targets if home[target] != home[name]]
    assert all(len(component) == 1 for component in strongly_connected(modules))


@given(graphs())
def test_a_module_is_above_the_cap_only_for_types_that_contain_each_other(case: Any) -> None:
    graph, roots, cap = case
    home = assign(graph, roots, cap)
    largest_cycle = max(len(component) for component in strongly_connected(graph))
    sizes = [list(home.values()).count(module) for module in set(home.values())]
    assert max(sizes) <= max(cap, largest_cycle)


@given(graphs())
def test_the_order_of_things_decides_nothing(case: Any) -> None:
    graph, roots, cap = case
    shuffled = {name: list(reversed(targets)) for name, targets in reversed(graph.items())}
    assert assign(graph, roots, cap) == assign(shuffled, dict(reversed(roots.items())), cap)


def test_unions_that_contain_themselves_come_down_to_what_they_hold() -> None:
    ref = "#/components/schemas/"
    schemas: dict[str, Any] = {
        "A": {"anyOf": [{"$ref": f"{ref}B"}, {"type": "string"}]},
        "B": {"anyOf": [{"$ref": f"{ref}A"}, {"type": "integer"}]},
        "Self": {"anyOf": [{"$ref": f"{ref}Self"}]},
        "Tree": {"anyOf": [{"type": "array", "items": {"$ref": f"{ref}Tree"}}, {"type": "null"}]},
    }
    found = without_union_cycles(schemas)
    assert found["A"]["anyOf"] == found["B"]["anyOf"] == [{"type": "string"}, {"type": "integer"}]
    assert found["Self"] == {}
    assert found["Tree"] == schemas["Tree"]
