"""What two documents say about themselves: servers, tags, text."""

from __future__ import annotations

from typing import Any

from wirewright_codegen.diff import keywords
from wirewright_codegen.diff.facts import Scope, members
from wirewright_codegen.diff.security import compare_schemes
from wirewright_codegen.diff.values import At, Element, Flow, Json
from wirewright_codegen.read.values import is_list, is_map

_HANDLED = frozenset(
    ("openapi", "info", "servers", "tags", "paths", "webhooks", "components", "security", "externalDocs", "x-source",
     "jsonSchemaDialect", "$self")
)  # fmt: skip
_PAPERS = ("contact", "license", "termsOfService")
_INFO = frozenset(("title", "description", "version", "summary", *_PAPERS))


def compare_document(old: Json, new: Json) -> Scope:
    """Everything that is neither an operation nor a schema."""
    scope = Scope(Element(), {Flow.sent})
    at = At("", "", "")
    before, after = members(old, "info"), members(new, "info")
    here = at.to("the document", "info")
    keywords.compare_text(scope, here, before, after)
    for key in _PAPERS:
        if before.get(key) != after.get(key):
            scope.note("description-changed", here, before.get(key), after.get(key), subject=key)
    keywords.compare_rest(scope, here, before, after, _INFO)
    _servers(scope, at, old.get("servers"), new.get("servers"))
    compare_schemes(scope, at, old, new)
    _tags(scope, at, old.get("tags"), new.get("tags"))
    keywords.compare_text(scope, at.to("the document"), {"externalDocs": old.get("externalDocs")},
                          {"externalDocs": new.get("externalDocs")})  # fmt: skip
    keywords.compare_rest(scope, at.to("the document"), old, new, _HANDLED)
    return scope


def _servers(scope: Scope, at: At, old: Any, new: Any) -> None:
    before, after = _by(old, "url"), _by(new, "url")
    for index, (url, server) in enumerate(before.items()):
        here = at.to(f"server {url}", "servers", index, new=url in after)
        if url not in after:
            scope.note("server-removed", here, url, subject=url)
            continue
        if server.get("variables") != after[url].get("variables"):
            scope.note("server-changed", here, server.get("variables"), after[url].get("variables"), subject=url)
        keywords.compare_text(scope, here, server, after[url])
        keywords.compare_rest(scope, here, server, after[url], frozenset(("url", "description", "variables")))
    for index, url in enumerate(after):
        if url not in before:
            scope.note("server-added", at.to(f"server {url}", "servers", index, old=False), None, url, subject=url)
    first = next(iter(before), None), next(iter(after), None)
    if first[0] != first[1] and first[0] is not None:
        scope.note("default-server-changed", at.to("servers", "servers"), *first)


def _tags(scope: Scope, at: At, old: Any, new: Any) -> None:
    before, after = _by(old, "name"), _by(new, "name")
    for name in {**before, **after}:
        was, is_ = before.get(name, {}), after.get(name, {})
        if was != is_:
            here = at.to(f"resource {name}", old=name in before, new=name in after)
            keywords.compare_text(scope, here, was, is_)
            keywords.compare_rest(scope, here, was, is_, frozenset(("description", "name", "externalDocs")))


def _by(items: Any, key: str) -> dict[str, Json]:
    return {str(item.get(key)): item for item in items if is_map(item)} if is_list(items) else {}
