"""Canonical JSON (RFC 8785, JCS): one text for each value, so that it can be hashed and signed."""

from __future__ import annotations

from typing import Any

import rfc8785

from wirewright.signing.errors import CanonicalJsonError


def canonical_json(value: Any) -> bytes:
    """The canonical form in UTF-8: members sorted by UTF-16 code units, numbers as ECMAScript writes them.

    Raises `CanonicalJsonError` for what has none: NaN, infinities, lone surrogates, member names that are not text,
    types that JSON does not have, and integers from 2**53 on, which other readers may round.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError, TypeError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise CanonicalJsonError(f"no canonical JSON: {reason}") from None
