"""Names of functions, methods, resources and arguments: by place, kept by the lock of names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from wirewright_codegen import naming

RESERVED_ARGUMENTS = naming.RESERVED_IDENTIFIERS | frozenset({"body", "media_type", "operations", "m"})
RESERVED_MODULES = naming.RESERVED_IDENTIFIERS | frozenset({"client", "close", "aclose", "with_response", "base_url"})
RANKS = {"path": 0, "query": 1, "header": 2, "cookie": 3, "querystring": 4}
_UNTAGGED = "api"


def resource_name(tag: str | None, path: str) -> str:
    """The resource of an operation: its first tag, else the first word of its path."""
    if tag:
        return naming.identifier(tag, reserved=RESERVED_MODULES, prefix="resource")
    plain = re.split(r"[?#]", path, maxsplit=1)[0]
    steps = [step for step in plain.split("/") if step and not step.startswith("{")]
    first = next((step for step in steps if not re.fullmatch(r"v\d+[a-z0-9.]*|api", step)), _UNTAGGED)
    return naming.identifier(first, reserved=RESERVED_MODULES, prefix="resource")


def function_names(ids: Mapping[str, str], locked: Mapping[str, str]) -> dict[str, str]:
    """operationId → function name. `ids` gives for each its method and path, to tell apart what reads the same."""
    wanted = {
        op: [naming.identifier(op, prefix="call"), naming.identifier(f"{op} {place}", prefix="call")]
        for op, place in ids.items()
    }
    return naming.unique(wanted, locked=locked)


def method_name(function: str, resource: str) -> str:
    """The function's name without the words of its resource; the whole name when nothing would be left."""
    words = function.strip("_").split("_")
    for part in resource.strip("_").split("_"):
        found = next((word for word in words if _same(word, part)), None)
        if found is not None and len(words) > 1:
            words.remove(found)
    short = "_".join(words)
    return naming.identifier(short, prefix="call") if short else function


def _same(word: str, part: str) -> bool:
    return bool({word, *_plurals(word)} & {part, *_plurals(part)})


def _plurals(word: str) -> list[str]:
    return [f"{word}s", f"{word}es", f"{word[:-1]}ies"] if len(word) > 1 else []


def method_names(
    functions: Mapping[str, str], resource: str, explicit: Mapping[str, str], locked: Mapping[str, str]
) -> dict[str, str]:
    """operationId → method name, for the operations of one resource."""
    wanted: dict[str, Sequence[str]] = {}
    for op, function in functions.items():
        first = [naming.identifier(explicit[op], prefix="call")] if op in explicit else []
        wanted[op] = [*first, method_name(function, resource), function]
    rank = {op: 0 if op in explicit else 1 for op in functions}
    return naming.unique(wanted, rank=rank, locked=locked, taken=("client",))


def argument_names(places: Sequence[tuple[str, str]], locked: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """(location, wire name) → argument. What is in the path has the first choice, then query, headers, cookies."""
    keys = {f"{location} {wire}": (location, wire) for location, wire in places}
    wanted = {
        key: [
            naming.identifier(wire, reserved=RESERVED_ARGUMENTS, prefix="param"),
            naming.identifier(f"{wire} {location}", reserved=RESERVED_ARGUMENTS, prefix="param"),
            naming.identifier(naming.spelled(wire), reserved=RESERVED_ARGUMENTS, prefix="param"),
        ]
        for key, (location, wire) in keys.items()
    }
    rank = {key: RANKS.get(location, 9) for key, (location, _) in keys.items()}
    found = naming.unique(wanted, rank=rank, locked=locked)
    return {keys[key]: name for key, name in found.items()}
