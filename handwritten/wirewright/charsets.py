"""Bodies in another charset than UTF-8, which `Content-Type` may name."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9._:+-]{1,40})", re.ASCII | re.IGNORECASE)
_NO_CHARSETS = frozenset({"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"})
"""Text encodings of Python's own, that no media type means."""


@lru_cache(maxsize=256)
def charset_of(media_type: str | None) -> str | None:
    """The charset that a media type names; None where the body is read as UTF-8: it names that, none, or no charset."""
    found = _CHARSET.search(media_type or "")
    if found is None:
        return None
    try:
        name = codecs.lookup(found[1]).name.replace("-", "_")
        if name in {"utf_8", "ascii", *_NO_CHARSETS}:
            return None
        b" ".decode(name, errors="ignore")  # not every codec is of text
    except LookupError:
        return None
    return name


def in_charset(decode: Callable[[bytes], T], media_type: str | None) -> Callable[[bytes], T]:
    """`decode`, which reads UTF-8, for bodies of a media type that names another charset."""
    charset = charset_of(media_type)
    if charset is None:
        return decode

    def decoded(content: bytes) -> T:
        text = content.decode(charset, errors="replace").removeprefix("\ufeff")
        return decode(text.encode(errors="replace"))

    return decoded
