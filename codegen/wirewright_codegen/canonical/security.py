"""Security requirements as people write them, in the one form that OpenAPI has: a list of alternatives."""

from __future__ import annotations

from typing import Any

from wirewright_codegen.read.values import is_list, is_map

Requirement = dict[str, list[str]]


def requirements(raw: Any) -> list[Requirement] | None:
    """Alternatives, each the schemes that are needed together and their scopes; None where nothing is said.

    A single alternative may lack its list, scopes may be left empty (`- key:` in YAML) or be one text.
    """
    if is_map(raw):
        raw = [raw]
    if not is_list(raw):
        return None
    return [{str(name): _scopes(scopes) for name, scopes in one.items()} for one in raw if is_map(one)]


def _scopes(raw: Any) -> list[str]:
    if is_list(raw):
        return [str(scope) for scope in raw]
    return [raw] if isinstance(raw, str) and raw else []
