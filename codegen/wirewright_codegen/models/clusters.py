"""Which module each class goes to.

Types that one resource alone uses are in the module of that resource, types that several share in `common`, so that a
call loads only what it touches. The rule never makes modules import each other in a circle: what a type refers to is
used by at least the same resources. Modules above the cap are split by what depends on what.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from wirewright_codegen.models.schemas import Schema, references, strongly_connected

CAP = 450
COMMON = "common"
UNUSED = "other"
Graph = Mapping[str, list[str]]


def reference_graph(schemas: Mapping[str, Schema]) -> dict[str, list[str]]:
    """Each schema's direct references, sorted."""
    return {name: sorted(set(references(schema)) & schemas.keys()) for name, schema in schemas.items()}


def reachable(graph: Graph, roots: Iterable[str]) -> set[str]:
    """All names that can be reached, roots included."""
    seen: set[str] = set()
    waiting = [root for root in roots if root in graph]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph[name])
    return seen


def assign(graph: Graph, roots: Mapping[str, Iterable[str]], cap: int = CAP) -> dict[str, str]:
    """Class name → module name.

    Args:
        graph: direct references.
        roots: for each resource (a module name) the classes its operations name.
        cap: most classes of a module; a cycle of types larger than that stays together all the same.
    """
    graph = {name: sorted(graph[name]) for name in sorted(graph)}
    users: dict[str, set[str]] = defaultdict(set)
    for resource, names in roots.items():
        for name in reachable(graph, names):
            users[name].add(resource)
    order = {name: place for place, name in enumerate(_by_dependency(graph))}
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in sorted(graph, key=order.__getitem__):
        groups[tuple(sorted(users.get(name, ())))].append(name)
    return _split(_merge_shared(groups, cap), graph, cap)


def _by_dependency(graph: Graph) -> list[str]:
    return [name for component in strongly_connected({n: graph[n] for n in sorted(graph)}) for name in component]


def _merge_shared(groups: Mapping[tuple[str, ...], list[str]], cap: int) -> dict[str, list[str]]:
    """One `common` for all shared types, or, where that grows too large, one for each number of users."""
    shared = [users for users in groups if len(users) > 1]
    together = sum(len(groups[users]) for users in shared) <= cap
    modules: dict[str, list[str]] = defaultdict(list)
    for users, names in groups.items():
        if not users:
            modules[UNUSED] += names
        elif len(users) == 1:
            modules[users[0] if users[0] not in (COMMON, UNUSED) else f"{users[0]}_only"] += names
        elif together:
            modules[COMMON] += names
        else:
            modules[f"{COMMON}_of_{len(users)}"] += names
    return modules


def _split(modules: Mapping[str, list[str]], graph: Graph, cap: int) -> dict[str, str]:
    assigned: dict[str, str] = {}
    for module, names in modules.items():
        if len(names) <= cap:
            assigned.update(dict.fromkeys(names, module))
            continue
        for number, part in enumerate(_parts(names, graph, cap), start=1):
            assigned.update(dict.fromkeys(part, f"{module}_{number}"))
    return assigned


def _parts(names: list[str], graph: Graph, cap: int) -> list[list[str]]:
    """Parts in an order in which each refers only to itself and to earlier ones."""
    inside = set(names)
    parts: list[list[str]] = [[]]
    for component in strongly_connected({name: [t for t in graph[name] if t in inside] for name in sorted(names)}):
        if parts[-1] and len(parts[-1]) + len(component) > cap:
            parts.append([])
        parts[-1] += component
    return parts
