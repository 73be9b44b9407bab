"""The grammar of kinds and scopes, as a table."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syncropel import SyncropelKindError, validate_kind, validate_scope
from syncropel.grammar import has_explicit_version
from syncropel.kinds import kind

VALID = {
    "music.catalog.track": False,
    "music.catalog.track.v2": True,
    "music.catalog.track.v0": True,
    "music.catalog.track.v007": True,
    "@music.track": False,
    "@music.track.v2": False,
    "@music.catalog.track.v3": True,
    "core.alias": False,
    "core.alias.v2": False,
    "x.foo.bar": False,
    "1.2.3": False,
    "-.-.-": False,
    "_._._": False,
    "core.a.b.v2": True,
}

INVALID: list[tuple[Any, str]] = [
    (None, "body.kind must be a string, got NoneType"),
    (5, "body.kind must be a string, got int"),
    (b"a.b.c", "body.kind must be a string, got bytes"),
    (["a"], "body.kind must be a string, got list"),
    ("", "body.kind must not be empty"),
    *[(k, "expected 2-4 segments") for k in ("a", "core", "@", "a.b.c.v2.d", "a.b.c.v1.0")],
    *[(k, "scope segment is empty") for k in (".", "..", ".b.c")],
    ("@.b", "must be followed by an identifier"),
    *[(k, 'contains invalid characters after "@"') for k in ("@A.b", "@a b.c", "@@a.b")],
    ("Music.c.t", 'scope "Music" contains invalid characters'),
    *[(k, "two-segment kinds are reserved") for k in ("music.track", "x.foo", "music.track_imported")],
    ("x.foo", "requires at least 3 segments"),
    *[
        (k, f'segment "{bad}" contains invalid characters')
        for k, bad in [
            ("core.", ""),
            ("a..b", ""),
            ("a.b.", ""),
            ("music.C.t", "C"),
            ("music.c.T", "T"),
            ("a.b.C.v2", "C"),
            ("a.b.é", "é"),
            ("a.b.c d", "c d"),
            ("music.c.@t", "@t"),
            ("core.@t", "@t"),
        ]
    ],
    *[(k, "must match v<INTEGER>") for k in ("a.b.c.V2", "a.b.c.v", "a.b.c.2", "a.b.c.v-1")],
    # stricter than the original, whose patterns let a newline and foreign digits through
    *[(k, "contains invalid characters") for k in ("a.b.c\n", "core.x\n", "a\n.b.c")],
    *[(k, "must match v<INTEGER>") for k in ("a.b.c.v2\n", "a.b.c.v٢")],
]


@pytest.mark.parametrize("valid", VALID)
def test_a_kind_that_follows_the_grammar(valid: str) -> None:
    validate_kind(valid)
    assert kind(valid) == valid
    assert has_explicit_version(valid) is VALID[valid]


@pytest.mark.parametrize(("invalid", "phrase"), INVALID, ids=lambda value: repr(value)[:40])
def test_a_kind_that_violates_the_grammar(invalid: Any, phrase: str) -> None:
    with pytest.raises(SyncropelKindError, match=re.escape(phrase)):
        validate_kind(invalid)


def test_kind_checks_at_run_time_what_the_type_checker_cannot_see() -> None:
    with pytest.raises(SyncropelKindError):
        kind("music.track")


def test_a_kind_error_is_a_value_error() -> None:
    assert issubclass(SyncropelKindError, ValueError)


@pytest.mark.parametrize("scope", ["core", "x", "music", "@music", "-", "1"])
def test_a_valid_scope(scope: str) -> None:
    validate_scope(scope)


@pytest.mark.parametrize(
    ("scope", "phrase"),
    [
        (None, "scope must be a string, got NoneType"),
        (5, "scope must be a string, got int"),
        ("", "scope must not be empty"),
        *[(s, "is not a valid scope: community scope must be") for s in ("@", "@M", "@@a")],
        *[(s, "is not a valid scope: allowed forms are") for s in ("Music", "a.b", "a b", "music\n")],
    ],
)
def test_an_invalid_scope(scope: Any, phrase: str) -> None:
    with pytest.raises(SyncropelKindError, match=phrase):
        validate_scope(scope)


# One expression says the same as the ordered checks (protocol sheet §5.1).
GRAMMAR = re.compile(
    r"(?:(?:core|@[a-z0-9_-]+)\.[a-z0-9_-]+|@?[a-z0-9_-]+\.[a-z0-9_-]+\.[a-z0-9_-]+(?:\.v[0-9]+)?)"
).fullmatch

segments = st.text("av2-_@C é\n", max_size=3) | st.sampled_from(["core", "@a", "v1", "x"])


@given(st.lists(segments, max_size=5).map(".".join))
def test_the_checks_agree_with_one_expression(text: str) -> None:
    try:
        validate_kind(text)
    except SyncropelKindError:
        assert not GRAMMAR(text)
    else:
        assert GRAMMAR(text)
