"""Modules of models: imports, types in a stable order, and the lazy table of the package's root."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from wirewright_codegen.models.flavours import Item
from wirewright_codegen.models.schemas import references
from wirewright_codegen.models.shapes import Shape
from wirewright_codegen.targets import Flavour

_TYPING = ("Any", "ClassVar", "Literal", "TypeAlias", "TYPE_CHECKING")
_FROM = {
    "UNSET": "msgspec",
    "UnsetType": "msgspec",
    "UUID": "uuid",
    "Decimal": "decimal",
    "Field": "pydantic",
    "TypeAliasType": "typing_extensions",
    "mapped_union": "wirewright.codecs.open_unions",
    "tagged_union": "wirewright.codecs.open_unions",
    "untagged_union": "wirewright.codecs.open_unions",
    "union_marker": "wirewright.codecs.unions",
}


def module_source(
    title: str,
    shapes: Mapping[str, Shape],
    items: Mapping[str, Item],
    sources: Mapping[str, str],
    *,
    modules: Mapping[str, str],
    flavour: Flavour,
) -> str:
    """One module of models.

    Args:
        title: the module's docstring.
        shapes: what its types are.
        items: what was written for them, for the names they use.
        sources: their code.
        modules: class name → module, for all classes.
    """
    ordered = in_order(shapes)
    classes = any(shape.kind == "class" for shape in shapes.values())
    used = set[str]().union(*(items[name].names for name in ordered))
    body = "\n\n".join(sources[name] for name in ordered)
    return f'"""{title}"""\n\n{_imports(used, set(shapes), modules, flavour, classes=classes)}\n\n{body}'


def in_order(shapes: Mapping[str, Shape]) -> list[str]:
    """Open enums and plain aliases first, classes next, then what is made of classes; each by name, after its parts."""
    ranks = {name: _rank(name, shapes, set()) for name in shapes}
    return sorted(shapes, key=lambda name: (ranks[name], name))


def _rank(name: str, shapes: Mapping[str, Shape], above: set[str]) -> int:
    shape = shapes[name]
    if shape.kind == "class":
        return 1000
    if shape.kind == "enum" or name in above:
        return 0
    parts = [part for part in references(shape.source) if part in shapes]
    return max((_rank(part, shapes, above | {name}) for part in parts), default=-1) + 1


def _imports(used: set[str], own: set[str], modules: Mapping[str, str], flavour: Flavour, *, classes: bool) -> str:
    found: dict[str, set[str]] = defaultdict(set)
    for name in used:
        if name in _TYPING:
            found["typing"].add(name)
        elif name in _FROM:
            found[_FROM[name]].add(name)
        elif name in modules and name not in own:
            found[f".{modules[name]}"].add(name)
    if "_File" in used:
        found["wirewright.bodies"].add("File as _File")
    if classes:
        found[f"wirewright.codecs.{flavour}"].add("Model" if "Model" not in modules else "Model as _Model")
    lines = ["from __future__ import annotations"]
    lines += ["import attrs"] if classes and flavour == "attrs" else []
    lines += ["import datetime as _dt"] if "_dt" in used else []
    lines += [f"import {library}" for library in ("msgspec", "pydantic") if library in used]
    lines += [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(found.items())]
    return "\n".join(lines)


def table(modules: Mapping[str, str]) -> str:
    """Which module has which types, one module a line."""
    rows: dict[str, list[str]] = defaultdict(list)
    for name, module in modules.items():
        rows[module].append(name)
    return "\n".join(f"{module}: {' '.join(sorted(names))}" for module, names in sorted(rows.items()))


def root_source(modules: Mapping[str, str]) -> str:
    """The root: a string that is split when the first type is asked for, so that importing it costs nothing."""
    return f'''"""Types of the API, each loaded with its module when first used."""

from __future__ import annotations

from typing import Any

_TABLE = """
{table(modules)}
"""
_homes: dict[str, str] = {{}}


def _home_of(name: str) -> str | None:
    if not _homes:
        for line in _TABLE.strip().splitlines():
            module, _, names = line.partition(": ")
            _homes.update(dict.fromkeys(names.split(), module))
    return _homes.get(name)


def __getattr__(name: str) -> Any:
    from importlib import import_module

    module = _home_of(name)
    if module is None:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    value = getattr(import_module(f".{{module}}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    _home_of("")
    return sorted({{*globals(), *_homes}})
'''


def stub_source(modules: Mapping[str, str]) -> str:
    """The root as type checkers see it."""
    rows: dict[str, list[str]] = defaultdict(list)
    for name, module in modules.items():
        rows[module].append(name)
    lines = [
        f"from .{module} import (\n" + "".join(f"    {name} as {name},\n" for name in _sorted(names)) + ")"
        for module, names in sorted(rows.items())
    ]
    return "\n".join(['"""Types of the API."""', "", *lines]) + "\n"


def _sorted(names: Iterable[str]) -> list[str]:
    return sorted(names)
