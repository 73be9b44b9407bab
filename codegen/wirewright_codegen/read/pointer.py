"""JSON Pointers (RFC 6901), also as URI fragments."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from wirewright_codegen.read.values import is_list, is_map


def escape(token: str) -> str:
    """One token of a pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def join(tokens: Iterable[str | int]) -> str:
    """Tokens to a pointer: `["a", "b/c"]` → `/a/b~1c`."""
    return "".join(f"/{escape(str(token))}" for token in tokens)


def split(pointer: str) -> list[str]:
    """A pointer to its tokens. Raises ValueError when it is not empty and does not start with a slash."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"{pointer!r} is no JSON Pointer")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def from_fragment(fragment: str) -> str:
    """The fragment of a URI to the pointer it spells."""
    return unquote(fragment)


def step(value: object, token: str) -> object:
    """The member of an object or array that a token names. Raises LookupError when there is none."""
    if is_map(value):
        return value[token]
    if is_list(value) and token.isdecimal() and str(int(token)) == token:
        return value[int(token)]
    raise LookupError(token)


def lookup(value: object, pointer: str) -> object:
    """The value that a pointer names. Raises LookupError, or ValueError for a malformed pointer."""
    for token in split(pointer):
        value = step(value, token)
    return value
