"""What a schema is named after when all there is to go by is where it stands."""

from __future__ import annotations

import posixpath
import re

from wirewright_codegen.canonical.places import At, Place
from wirewright_codegen.canonical.refs import References
from wirewright_codegen.read.pointer import split

_NAMED = frozenset(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"))
_NUMBERED = frozenset(("allOf", "anyOf", "oneOf", "prefixItems"))
_WORDS = {
    "items": "item",
    "additionalProperties": "value",
    "contentSchema": "",
    "schema": "",
    "content": "",
    "not": "not",
}
_KINDS = {
    "schemas": "", "pathItems": "", "mediaTypes": "", "parameters": "parameter", "responses": "response",
    "requestBodies": "request", "headers": "header", "callbacks": "callback", "links": "link",
}  # fmt: skip
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def place_of(references: References, at: At) -> Place:
    """The place of a location: its component and the way from there, or its file and the way from there."""
    tokens = split(at.pointer)
    length, base, kind = _base(tokens, at.file)
    root_at = At(at.file, "").child(*tokens[:length])
    root = references.id(root_at)
    is_schema = not kind and length > 0
    place = Place(root, base, (kind,) if kind else (), root if is_schema else None)
    return place.child(*_way(tokens[length:]))


def file_stem(name: str) -> str:
    """The name of a file without its folders and endings."""
    stem = posixpath.basename(name.rstrip("/")).split("?")[0]
    return re.sub(r"(\.schema)?\.(ya?ml|json)$", "", stem) or name


def _base(tokens: list[str], file: str) -> tuple[int, str, str]:
    """How many tokens lead to the root, its name, and what it is when it is no schema."""
    if len(tokens) > 2 and tokens[0] == "components":
        return 3, tokens[2], _KINDS.get(tokens[1], tokens[1])
    if len(tokens) > 1 and tokens[0] in ("definitions", "$defs", "parameters", "responses"):
        return 2, tokens[1], _KINDS.get(tokens[0], "")
    if len(tokens) > 2 and tokens[0] in ("paths", "webhooks"):
        length = 5 if len(tokens) > 4 and tokens[3] == "responses" else 3
        return length, " ".join([tokens[2], tokens[1], *tokens[4:length]]), "inline"
    if not tokens or tokens[0] in _NAMED | _NUMBERED | _WORDS.keys():
        return 0, file_stem(file), ""
    length = next((n for n, token in enumerate(tokens) if token in _NAMED | _NUMBERED | _WORDS.keys()), len(tokens))
    return length, tokens[length - 1], ""


def _way(tokens: list[str]) -> list[str]:
    words: list[str] = []
    rest = iter(tokens)
    for word in rest:
        if word in _NAMED:
            words.append(next(rest, ""))
        elif word in _NUMBERED:
            number = next(rest, "0")
            if word != "allOf":
                words.append(f"variant {_LETTERS[int(number) % 26] if number.isdecimal() else number}")
        else:
            words.append(_WORDS.get(word, word))
    return [word for word in words if word]
