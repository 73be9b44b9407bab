"""Kinds that type checkers check.

`Client` is generic in its kinds, with `str` as the default, so that nothing has to be said. Who wants more says which
kinds there are, and a misspelt one is found before the program runs:

    MusicKind = Literal["music.catalog.track", "music.catalog.album"]
    client: Client[MusicKind] = Client(identity=...)
    await client.emit(act="PUT", kind="music.catalog.trak", ...)    # error: not a MusicKind

or, for kinds that are made at run time, takes only those that were checked:

    client: Client[Kind] = Client(identity=...)
    await client.emit(act="PUT", kind=kind(f"music.catalog.{entity}"), ...)
"""

from __future__ import annotations

from typing import Literal, NewType

from syncropel.grammar import validate_kind

Kind = NewType("Kind", str)
"""A string that `kind` has checked against the grammar."""

CoreKind = Literal[
    "core.intent",
    "core.outcome",
    "core.correction",
    "core.erasure",
    "core.alias",
    "core.scope_transfer",
    "core.scope_claim",
]
"""The kinds that the protocol reserves for itself."""


def kind(text: str) -> Kind:
    """`text` as a `Kind`; raises `SyncropelKindError` when it violates the grammar."""
    validate_kind(text)
    return Kind(text)
