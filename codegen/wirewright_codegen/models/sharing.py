"""Types that a later version of a package takes from an earlier one, because they are the same in both.

A type is the same when everything that decides its code is, its own and that of all types it refers to. So
`v0_12.Slot is v0_14.Slot`, and importing a second version costs what differs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from wirewright_codegen.models.clusters import Graph, reachable
from wirewright_codegen.models.flavours import Item
from wirewright_codegen.read.values import is_list, is_map

_UNSEEN = frozenset({"x-source", "example", "examples", "externalDocs"})
"""What no code is written from."""


@dataclass(frozen=True, slots=True)
class Offer:
    """The types of one version, for later versions to take.

    Attributes:
        homes: class → module, as a module of a sibling package imports it: `..v0_12.models.gateway`.
        digests: class → what decides its code and that of all it refers to.
    """

    homes: Mapping[str, str]
    digests: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """For the cache."""
        return {"homes": dict(self.homes), "digests": dict(self.digests)}

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Offer:
        """Out of the cache. Raises `KeyError` when it is something else."""
        return cls(cast("dict[str, str]", value["homes"]), cast("dict[str, str]", value["digests"]))


def offer(package: str, modules: Mapping[str, str], digests: Mapping[str, str]) -> Offer:
    """The types of a package; those that it takes itself stay where they are."""
    version = package.rpartition(".")[2]
    homes = {
        name: module if module.startswith("..") else f"..{version}.models.{module}" for name, module in modules.items()
    }
    return Offer(homes, digests)


def taken(digests: Mapping[str, str], earlier: Iterable[Offer]) -> dict[str, str]:
    """Class → home, for the types that the latest of the earlier versions has as well."""
    homes: dict[str, str] = {}
    for version in earlier:
        homes |= {name: version.homes[name] for name, digest in digests.items() if version.digests.get(name) == digest}
    return homes


def closed_digests(items: Mapping[str, Item], graph: Graph) -> dict[str, str]:
    """For each class a digest of all that decides its code, closed over what it refers to."""
    own = {name: _digest(_seen(item.question())) for name, item in items.items()}
    return {name: _digest([(part, own[part]) for part in sorted(reachable(graph, [name]) | {name})]) for name in own}


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _seen(value: Any, *, names: bool = False) -> Any:
    """A value without what no code is written from; under `properties` the keys are names, and stay."""
    if is_map(value):
        return {
            key: _seen(item, names=key == "properties" and not names)
            for key, item in value.items()
            if names or key not in _UNSEEN
        }
    return [_seen(item) for item in value] if is_list(value) else value
