"""The grammar of kinds and scopes: `scope.category.entity[.version]` (protocol sheet §5).

Two segments are enough under `core` and under community scopes (`@music`). Segments are `[a-z0-9_-]+`, a version is
`v` and ASCII digits. Errors name the section of the protocol's decision record (ADR-034) that they rest on.
"""

from __future__ import annotations

import re

from syncropel.checks import is_text, type_name

_identifier = re.compile(r"[a-z0-9_-]+").fullmatch
_version = re.compile(r"v[0-9]+").fullmatch


class SyncropelKindError(ValueError):
    """A kind or scope violates the grammar. A mistake in the program: no retry mends it, so it always raises."""


def validate_kind(kind: str) -> None:
    """Raises `SyncropelKindError` unless `kind` follows the grammar."""
    if not is_text(kind):
        raise SyncropelKindError(f"body.kind must be a string, got {type_name(kind)} (ADR-034 §D1)")
    if not kind:
        raise SyncropelKindError("body.kind must not be empty (ADR-034 §D1)")
    problem = _problem(kind.split("."))
    if problem:
        raise SyncropelKindError(f'"{kind}" violates the kind grammar: {problem}')


def _problem(segments: list[str]) -> str | None:
    if not 2 <= len(segments) <= 4:
        return f"expected 2-4 segments separated by dots, got {len(segments)} (ADR-034 §D1)"
    scope, *rest = segments
    return _scope_problem(scope) or _short_problem(scope, rest) or _rest_problem(rest)


def _scope_problem(scope: str) -> str | None:
    if not scope:
        return "the scope segment is empty (ADR-034 §D1)"
    if scope == "@":
        return 'the scope "@" must be followed by an identifier (ADR-034 §D2)'
    if scope.startswith("@"):
        return (
            None
            if _identifier(scope, 1)
            else f'scope "{scope}" contains invalid characters after "@" (ADR-034 §D1/§D2)'
        )
    return None if _identifier(scope) else f'scope "{scope}" contains invalid characters (ADR-034 §D1/§D2)'


def _short_problem(scope: str, rest: list[str]) -> str | None:
    if len(rest) > 1 or scope == "core" or scope.startswith("@"):
        return None
    return (
        "two-segment kinds are reserved for core and @community scopes; "
        f'the publisher scope "{scope}" requires at least 3 segments (ADR-034 §D1/§D2)'
    )


def _rest_problem(rest: list[str]) -> str | None:
    for segment in rest[:2]:
        if not _identifier(segment):
            return f'segment "{segment}" contains invalid characters (ADR-034 §D1)'
    if len(rest) == 3 and not _version(rest[2]):
        return f'the version segment "{rest[2]}" must match v<INTEGER> (ADR-034 §D4)'
    return None


def validate_scope(scope: str) -> None:
    """Raises `SyncropelKindError` unless `scope` is `core`, a publisher's identifier or `@` and an identifier."""
    if not is_text(scope):
        raise SyncropelKindError(f"scope must be a string, got {type_name(scope)} (ADR-034 §D2)")
    if not scope:
        raise SyncropelKindError("scope must not be empty (ADR-034 §D1)")
    if scope.startswith("@"):
        if not _identifier(scope, 1):
            raise SyncropelKindError(
                f'"{scope}" is not a valid scope: community scope must be "@" and an identifier (ADR-034 §D2)'
            )
    elif not _identifier(scope):
        raise SyncropelKindError(
            f'"{scope}" is not a valid scope: allowed forms are "core", "<publisher>", "@<community>" (ADR-034 §D2)'
        )


def has_explicit_version(kind: str) -> bool:
    """Whether a fourth segment names the version. A third one such as `core.alias.v2` is no version."""
    segments = kind.split(".")
    return len(segments) == 4 and _version(segments[3]) is not None
