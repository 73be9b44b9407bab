"""What is not an operation and not a schema: info, servers, tags, security schemes; and walking over operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from wirewright_codegen.canonical.location import file_stem
from wirewright_codegen.canonical.operations import EXTRA, METHODS
from wirewright_codegen.canonical.places import At
from wirewright_codegen.canonical.refs import References
from wirewright_codegen.canonical.servers import servers
from wirewright_codegen.canonical.swagger import Lifter
from wirewright_codegen.canonical.templates import PATHS
from wirewright_codegen.canonical.vocabulary import Schema
from wirewright_codegen.read.document import Document
from wirewright_codegen.read.values import is_list, is_map

_READ = ("x-webhooks", *PATHS)
TABLES = "x-tables"
"""Tables of the protocol, each in the document or in a file of its own; see `wirewright_codegen.tables`."""
RECORDS = "x-records"
"""Records of an SDK, likewise; see `wirewright_codegen.records`."""


class Found(NamedTuple):
    """What a document holds, counted on its raw form."""

    operations: int
    webhooks: int


def operations(items: Mapping[str, Any]) -> Iterator[Schema]:
    """Every operation of canonical path items, the additional ones included."""
    for item in items.values():
        for method in METHODS:
            if method in item:
                yield item[method]
        yield from item.get(EXTRA, {}).values()


def document(source: Document, references: References, lifter: Lifter | None) -> Schema:
    """The canonical document without paths and schemas."""
    root = source.root
    result: Schema = {"openapi": "3.1.0", "info": _info(root, source)}
    if lifter:
        result["servers"] = lifter.servers()
    elif found := servers(root.get("servers")):
        result["servers"] = found
    for word in ("externalDocs",):
        if is_map(root.get(word)):
            result[word] = root[word]
    if is_list(root.get("tags")):
        named = [tag for tag in root["tags"] if is_map(tag) and isinstance(tag.get("name"), str)]
        result["tags"] = [_renamed(tag, ("summary", "parent", "kind")) for tag in named]
    result |= {key: value for key, value in root.items() if key.startswith("x-") and key not in _READ}
    for word in (TABLES, RECORDS):
        if is_map(root.get(word)):
            at = At(source.name, "").child(word)
            result[word] = {name: _table(value, references, at.child(name)) for name, value in root[word].items()}
    schemes = lifter.security_schemes() if lifter else _security_schemes(root, references)
    if schemes:
        result["components"] = {"securitySchemes": schemes}
    return result


def _table(raw: Any, references: References, at: At) -> Any:
    if not is_map(raw) or "$ref" not in raw:
        return raw
    return references.value(references.target(raw["$ref"], at))


def _info(root: Mapping[str, Any], source: Document) -> Schema:
    raw = root.get("info")
    info: Schema = dict(raw) if is_map(raw) else {}
    return {
        **info,
        "title": str(info.get("title") or file_stem(source.name)),
        "version": str(info.get("version") or "0"),
    }


def _renamed(value: Any, words: tuple[str, ...]) -> Any:
    """OpenAPI 3.2 in 3.1 clothes: words that 3.1 does not know become extensions."""
    if not is_map(value):
        return value
    return {f"x-{key}" if key in words else key: item for key, item in value.items()}


def _security_schemes(root: Mapping[str, Any], references: References) -> Schema:
    components = root.get("components")
    raw = components.get("securitySchemes") if is_map(components) else None
    found: Schema = {}
    at = At(references.document.name, "").child("components", "securitySchemes")
    for name, value in (raw if is_map(raw) else {}).items():
        scheme, _ = references.followed(value, at.child(name))
        if is_map(scheme) and isinstance(scheme.get("type"), str):
            found[str(name)] = _renamed(scheme, ("deprecated", "oauth2MetadataUrl"))
    return found


def count(source: Document, references: References) -> Found:
    """Operations and webhooks of the raw document."""
    root = source.root
    at = At(source.name, "")
    paths = sum(_count_items(root.get(word), references, at.child(word)) for word in PATHS)
    hooks = sum(_count_items(root.get(word), references, at.child(word)) for word in ("webhooks", "x-webhooks"))
    return Found(paths, hooks)


def _count_items(raw: Any, references: References, at: At) -> int:
    total = 0
    for name, item in (raw if is_map(raw) else {}).items():
        if name.startswith("x-"):
            continue
        target, _ = references.followed(item, at.child(name))
        if not is_map(target):
            continue
        if "$ref" in target:
            total += 1  # a path item that cannot be had is at least one operation
            continue
        both = {**target, **item}
        total += sum(1 for method in (*METHODS, "query") if method in both)
        extras = (both.get(word) for word in ("additionalOperations", EXTRA))
        total += sum(len(extra) for extra in extras if is_map(extra))
    return total
