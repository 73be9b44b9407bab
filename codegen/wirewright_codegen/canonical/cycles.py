"""Aliases and unions that lead back to themselves: they are what is left when the way back is taken out."""

from __future__ import annotations

from collections.abc import Iterable

from wirewright_codegen.account import Account
from wirewright_codegen.canonical.registry import Entry, Registry
from wirewright_codegen.canonical.union import union
from wirewright_codegen.canonical.vocabulary import Schema, description_of, is_annotation


def break_cycles(entries: Iterable[Entry], registry: Registry, account: Account) -> None:
    """Rewrite every alias or union that is reachable from itself through aliases and unions alone."""
    rewritten: dict[str, Schema] = {}
    for entry in entries:
        if entry.body is None or not _members(entry.body):
            continue
        leaves, circular = _leaves(entry, registry)
        if not circular:
            continue
        described = description_of(entry.body)
        if leaves:
            tag = entry.body.get("discriminator")
            rewritten[entry.id] = {**union(leaves, tag), **described}
        else:
            account.lose(entry.source, "the references go in a circle; it becomes any")
            rewritten[entry.id] = described
    for identifier, body in rewritten.items():
        registry[identifier].body = body


def _members(body: Schema) -> list[Schema]:
    """What an alias or a union consists of; nothing for all other schemas."""
    if "$ref" in body:
        return [body]
    return list(body.get("anyOf", ()))


def _leaves(entry: Entry, registry: Registry) -> tuple[list[Schema], bool]:
    """The members of a union with those of its unions in their place, and whether it is among them."""
    leaves: list[Schema] = []
    circular = False
    seen: set[str] = set()
    waiting = [*_members(entry.body or {})]
    while waiting:
        member = waiting.pop(0)
        target = registry.get(member["$ref"]) if "$ref" in member else None
        inner = _members(target.body or {}) if target is not None else []
        if target is None or not inner:
            leaves.append({key: value for key, value in member.items() if not is_annotation(key)})
        elif target.id == entry.id:
            circular = True
        elif target.id not in seen:
            seen.add(target.id)
            waiting.extend(inner)
    return leaves, circular
