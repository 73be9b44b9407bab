"""One document to the canonical document: see "The canonical document" in CONTRIBUTING.md."""

from __future__ import annotations

from dataclasses import dataclass

from wirewright_codegen.account import Account
from wirewright_codegen.canonical.session import Session
from wirewright_codegen.canonical.vocabulary import Schema
from wirewright_codegen.naming import Names
from wirewright_codegen.read.document import Document

__all__ = ["Canonical", "CanonicalOptions", "canonicalise"]


@dataclass(frozen=True, slots=True)
class CanonicalOptions:
    """How a document becomes canonical.

    Attributes:
        prune: leave out schemas that no operation and no webhook reaches.
        infer_types: a schema without `type` has the type that its keywords are about, which is what people mean.
            Without it the letter of JSON Schema holds: `properties` is about objects, every other value is valid too.
    """

    prune: bool = False
    infer_types: bool = True


@dataclass(frozen=True, slots=True)
class Canonical:
    """The canonical document, the account of how it came about, and the names that are now published."""

    document: Schema
    account: Account
    names: Names


def canonicalise(
    document: Document, options: CanonicalOptions | None = None, *, lock: Names | None = None
) -> Canonical:
    """The one form that all later steps read.

    A pure function: the same document, options and lock give the same result. A schema that cannot be understood
    becomes any and is listed in the account; its users stay.

    Args:
        document: as read.
        options: see `CanonicalOptions`.
        lock: names published before; they stay, and `Canonical.names` holds them and the new ones.

    Raises:
        SpecError: a reference asks for something that must not be read.
    """
    options = options or CanonicalOptions()
    session = Session(document, options.infer_types)
    names, result = session.run(lock or Names(), prune=options.prune)
    return Canonical(result, session.account, names)
