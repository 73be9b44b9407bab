"""Models: canonical schemas → modules of classes, in one of three flavours.

Names, attributes and types are decided here (`shapes`, `unions`, `clusters`); datamodel-code-generator writes the code
(`render`), a cluster at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wirewright_codegen.cache import Cache, generator_digest
from wirewright_codegen.models.clusters import COMMON, UNUSED, assign, reference_graph
from wirewright_codegen.models.flavours import Item
from wirewright_codegen.models.modules import module_source, root_source, stub_source
from wirewright_codegen.models.schemas import Schema, references, without_union_cycles
from wirewright_codegen.models.shapes import Shape, shapes_of, without_unholdable
from wirewright_codegen.models.sharing import Offer, closed_digests, taken
from wirewright_codegen.models.unions import Unions
from wirewright_codegen.targets import Flavour

__all__ = ["ModelSet", "Plan", "build_models", "plan_models"]


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The models of a package: `files` by path under `models/`, `modules` class → module, `shapes` what they are."""

    files: dict[str, str]
    modules: dict[str, str]
    shapes: dict[str, Shape]
    rendered: int = 0
    """Clusters that were rendered in this run; the others came from the cache."""
    limits: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Classes and properties of theirs that the flavour cannot hold as attributes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be written: what each type becomes, and where it goes.

    Attributes:
        modules: class → module; of a type that is taken from an earlier version, that version's.
        own: class → module, as if nothing were taken.
        digests: what decides each type's code; empty when nothing is shared.
    """

    modules: dict[str, str]
    own: dict[str, str]
    shapes: dict[str, Shape]
    items: dict[str, Item]
    limits: list[tuple[str, str]]
    digests: dict[str, str]


def build_models(
    schemas: Mapping[str, Schema],
    roots: Mapping[str, Iterable[str]],
    flavour: Flavour,
    *,
    uploads: Collection[str] = (),
    earlier: Sequence[Offer] = (),
    cache: Cache | None = None,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> ModelSet:
    """Modules for all schemas.

    Args:
        schemas: `components.schemas` of the canonical document.
        roots: for each resource the classes that its operations name; decides the modules.
        flavour: the model library.
        uploads: classes that are sent as multipart bodies, whose binary strings are files.
        earlier: versions of the package whose types are taken where they are the same.
        cache: where rendered clusters are kept.
        progress: called with ("models", clusters done, clusters in all).
    """
    planned = plan_models(schemas, roots, flavour, uploads=uploads, earlier=earlier)
    clusters: dict[str, list[str]] = defaultdict(list)
    for name, module in planned.modules.items():
        if module == planned.own[name]:
            clusters[module].append(name)
    files: dict[str, str] = {}
    rendered = 0
    for done, (module, names) in enumerate(sorted(clusters.items())):
        progress("models", done, len(clusters))
        source, fresh = _cluster(module, sorted(names), planned, flavour=flavour, cache=cache or Cache(None))
        files[f"{module}.py"] = source
        rendered += fresh
    progress("models", len(clusters), len(clusters))
    files["__init__.py"] = root_source(planned.modules)
    files["__init__.pyi"] = stub_source(planned.modules)
    return ModelSet(files, planned.modules, planned.shapes, rendered, planned.limits)


def plan_models(
    schemas: Mapping[str, Schema],
    roots: Mapping[str, Iterable[str]],
    flavour: Flavour,
    *,
    uploads: Collection[str] = (),
    earlier: Sequence[Offer] = (),
    offered: bool = False,
) -> Plan:
    """Everything that is decided before anything is rendered. With `offered`, digests are made for later versions."""
    schemas = without_union_cycles(schemas)
    graph = reference_graph(schemas)
    modules = assign(graph, roots)
    shapes = shapes_of(schemas, frozenset(uploads))
    limits: list[tuple[str, str]] = []
    if flavour != "pydantic":
        for name, shape in shapes.items():
            shapes[name], left_out = without_unholdable(shape)
            limits += [(name, wire) for wire in left_out]
    unions = Unions(shapes)
    tags = unions.tags()
    items = {
        name: Item(shape, flavour, unions, tags, plain_base="Model" not in schemas) for name, shape in shapes.items()
    }
    digests = closed_digests(items, graph) if earlier or offered else {}
    return Plan(modules | taken(digests, earlier), modules, shapes, items, limits, digests)


def _cluster(module: str, names: list[str], plan: Plan, *, flavour: Flavour, cache: Cache) -> tuple[str, bool]:
    """The module's source, and whether it had to be rendered."""
    own = {name: plan.shapes[name] for name in names}
    asked = [generator_digest(), flavour, module, {name: plan.items[name].question() for name in own}]
    asked.append({name: plan.modules[name] for name in sorted(_foreign(own) & plan.modules.keys())})
    key = cache.key(asked)
    kept = cache.get(key)
    if kept is not None and isinstance(source := kept.get("source"), str):
        return source, False
    from wirewright_codegen.models.render import render

    # a type of an earlier version is rendered against as a neighbour of this one: only its import differs
    neighbours = {name: home.replace(".", "_") for name, home in plan.modules.items()}
    sources = render({name: shape.rendered_schema() for name, shape in own.items()}, plan.items, neighbours, flavour)
    source = module_source(_title(module), own, plan.items, sources, modules=plan.modules, flavour=flavour)
    cache.put(key, {"source": source})
    return source, True


def _foreign(own: Mapping[str, Shape]) -> set[str]:
    return {name for shape in own.values() for name in references(shape.source)}


def _title(module: str) -> str:
    if module.startswith(COMMON):
        return "Types that several resources share."
    if module == UNUSED:
        return "Types that no operation names."
    return f"Types of the `{module}` operations."
