"""What the members of a union are called, by what tells them apart and never by their number."""

from __future__ import annotations

from collections.abc import Sequence

from wirewright_codegen.canonical.registry import Registry
from wirewright_codegen.canonical.vocabulary import ORIGIN, Schema, is_object, json_key
from wirewright_codegen.naming import class_words
from wirewright_codegen.read.pointer import split

_KINDS = {"object": "object", "array": "list", "string": "text", "integer": "integer", "number": "number",
          "boolean": "flag", "null": "null"}  # fmt: skip
_MAX_TITLE = 40


def member_words(members: Sequence[Schema], registry: Registry) -> list[str]:
    """A word for each member, all different. Depends on the members alone, not on the order of their keys."""
    wishes = [_wishes(member, members, registry) for member in members]
    words: list[str | None] = [None] * len(members)
    for level in range(max((len(wish) for wish in wishes), default=0)):
        offered = [wish[level] if level < len(wish) else None for wish in wishes]
        for number, word in enumerate(offered):
            if words[number] is None and word and word not in words and offered.count(word) == 1:
                words[number] = word
    return [word if word is not None else f"variant {_letters(number)}" for number, word in enumerate(words)]


def _wishes(member: Schema, members: Sequence[Schema], registry: Registry) -> list[str]:
    found: list[str] = []
    if ORIGIN in member and (entry := registry.get(member[ORIGIN])) is not None:
        tokens = split(entry.at.pointer)
        found.append(tokens[-1] if tokens else entry.at.file.partition(".")[0])
    if is_object(member):
        found.extend(_tags(member, members))
    title = member.get("title")
    if isinstance(title, str) and 0 < len(title) <= _MAX_TITLE:
        found.append(title)
    if is_object(member):
        found.extend(_own_properties(member, members))
    if "enum" in member:
        found.extend(("enum", f"{_KINDS[member['type']]} enum"))
    elif not is_object(member):
        kind = str(member.get("type", ""))
        found.append("map" if kind == "object" else _KINDS.get(kind, ""))
    return [word for word in found if class_words(word)]


def _tags(member: Schema, members: Sequence[Schema]) -> list[str]:
    """Values of properties that have one value here and another in every other object."""
    found: list[tuple[bool, str, str]] = []
    for name, schema in member.get("properties", {}).items():
        if not isinstance(schema.get("const"), str):
            continue
        others = [
            other.get("properties", {}).get(name, {}) for other in members if other is not member and is_object(other)
        ]
        if all(json_key(other.get("const")) != json_key(schema["const"]) for other in others):
            shared = all("const" in other for other in others)
            found.append((not shared, name, schema["const"]))
    return [value for _, _, value in sorted(found)]


def _own_properties(member: Schema, members: Sequence[Schema]) -> list[str]:
    """Names of properties that no other object of the union has; required ones first."""
    others = {
        name for other in members if other is not member and is_object(other) for name in other.get("properties", {})
    }
    required = member.get("required", ())
    names = sorted((name not in required, name) for name in member.get("properties", {}) if name not in others)
    return [f"with {name}" for _, name in names[:3]]


def _letters(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
