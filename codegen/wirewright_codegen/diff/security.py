"""Credentials: what operations ask for, and the schemes by which they are had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wirewright_codegen.diff import keywords
from wirewright_codegen.diff.facts import Scope, members
from wirewright_codegen.diff.values import At, Json
from wirewright_codegen.read.values import is_list, is_map

_DECIDING = ("type", "in", "name", "scheme")
_DETAILS = ("flows", "openIdConnectUrl", "oauth2MetadataUrl", "bearerFormat")
_HANDLED = frozenset((*_DECIDING, *_DETAILS, "description", "deprecated", "x-source"))
Alternatives = dict[tuple[str, ...], dict[str, set[str]]]


def compare_requirements(scope: Scope, at: At, old: Json, new: Json) -> None:
    """The alternatives of an operation: each names the schemes that are needed together, with their scopes."""
    before, after = _alternatives(old.get("security")), _alternatives(new.get("security"))
    if before == after:
        return
    if () in before and () not in after:
        scope.note("security-required", at, None, _named(after))
        return
    if () in after and () not in before:
        scope.note("security-dropped", at, _named(before))
        return
    for names in before.keys() - after.keys():
        scope.note("security-alternative-removed", at, " + ".join(names))
    for names in after.keys() - before.keys():
        scope.note("security-alternative-added", at, None, " + ".join(names) or "none")
    for names in sorted(before.keys() & after.keys()):
        for name in names:
            for added in sorted(after[names][name] - before[names][name]):
                scope.note("security-scope-added", at, None, added, subject=name)
            for lost in sorted(before[names][name] - after[names][name]):
                scope.note("security-scope-removed", at, lost, subject=name)


def _alternatives(security: Any) -> Alternatives:
    found: Alternatives = {}
    for item in security if is_list(security) else ():
        if is_map(item):
            scopes = {str(name): {str(scope) for scope in asked} for name, asked in item.items() if is_list(asked)}
            found[tuple(sorted(str(name) for name in item))] = scopes
    return found or {(): {}}


def _named(alternatives: Alternatives) -> str:
    return " or ".join(sorted(" + ".join(names) for names in alternatives if names))


def compare_schemes(scope: Scope, at: At, old: Json, new: Json) -> None:
    """The security schemes of two documents."""
    before = members(members(old, "components"), "securitySchemes")
    after = members(members(new, "components"), "securitySchemes")
    for name, scheme in before.items():
        here = at.to(f"security scheme {name}", "components", "securitySchemes", name, new=name in after)
        if name not in after:
            scope.note("security-scheme-removed", here, scheme.get("type"), subject=name)
        elif scheme != after[name]:
            _scheme(scope, here, name, scheme, after[name])
    for name in _only(after, before):
        here = at.to(f"security scheme {name}", "components", "securitySchemes", name, old=False)
        scope.note("security-scheme-added", here, None, after[name].get("type"), subject=name)


def _scheme(scope: Scope, at: At, name: str, old: Json, new: Json) -> None:
    for keys, rule in ((_DECIDING, "security-scheme-changed"), (_DETAILS, "security-scheme-detail-changed")):
        changed = [key for key in keys if old.get(key) != new.get(key)]
        if changed:
            scope.note(rule, at, {k: old.get(k) for k in changed}, {k: new.get(k) for k in changed}, subject=name)
    keywords.compare_text(scope, at, old, new)
    keywords.compare_life(scope, at, old, new)
    keywords.compare_rest(scope, at, old, new, _HANDLED)


def _only(some: Json, others: Json) -> Iterator[str]:
    return (name for name in some if name not in others)
