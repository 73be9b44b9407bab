"""The earlier versions of a package, whose types a later one shares: out of their specs, not out of their code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from wirewright_codegen.cache import Cache

if TYPE_CHECKING:
    from wirewright_codegen.models.sharing import Offer
    from wirewright_codegen.targets import Target


def with_earlier(targets: Iterable[Target]) -> list[Target]:
    """The targets, each with those it may share with: siblings of an earlier version and the same flavour."""
    found = list(targets)
    linked: dict[str, Target] = {}
    for target in sorted(found, key=lambda target: _natural(target.package)):
        siblings = [other for other in linked.values() if _are_siblings(other, target)]
        linked[str(target.folder)] = replace(target, earlier=tuple(siblings)) if target.share else target
    return [linked[str(target.folder)] for target in found]


def sharing_with(target: Target) -> tuple[Target, ...]:
    """The earlier versions that count: options of the command line may have parted a target from them."""
    return tuple(other for other in target.earlier if _are_siblings(other, target))


def offers_of(earlier: Mapping[str, Target]) -> list[Offer]:
    """What earlier versions offer, in their order.

    Args:
        earlier: by the key of their run.

    Raises:
        SpecError: the spec of one cannot be used.
    """
    return [_offer(key, target) for key, target in earlier.items()]


def _offer(run: str, target: Target) -> Offer:
    from wirewright_codegen.making import offer_of
    from wirewright_codegen.models.sharing import Offer

    cache = Cache(target.cache)
    key = Cache.key(["offer", run])
    kept = cache.get(key)
    if kept is not None:
        return Offer.of_json(kept)
    made = offer_of(target)
    cache.put(key, made.as_json())
    return made


def _are_siblings(one: Target, other: Target) -> bool:
    family = one.package.rpartition(".")[0]
    same = family == other.package.rpartition(".")[0] and one.package != other.package
    return bool(family) and same and one.out == other.out and one.models == other.models


def _natural(package: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", package)]
