"""Structured field values for HTTP (RFC 9651), as typed values.

Parsing is http-sfv's, except where it is laxer than the text: padding inside of byte sequences and decimals without
digits after the point are refused, and it rounds decimals before they are written. Every failure is a `MalformedError`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, cast

import msgspec
from http_sfv import dictionary, item
from http_sfv import list as lists
from http_sfv.types import DisplayString, Token

from wirewright.signing.encoding import b64_decode
from wirewright.signing.errors import MalformedError

Bare = int | float | str | bool | Decimal | bytes | Token | datetime | DisplayString
MAX_BYTES = 256 * 1024
_PLAIN = re.compile(r"[ !#-\[\]-~]*\Z")
_SCAN = re.compile(r'"(?:[^"\\]|\\.)*+"?|:([^:]*):|(?<![\w*.])-?\d+\.(?!\d)|[A-Za-z*][\w!#$%&\'*+\-.^`|~:/]*')


class Item(msgspec.Struct, frozen=True):
    """A bare value and its parameters, in order."""

    value: Bare
    params: Mapping[str, Bare] = {}

    def __str__(self) -> str:
        return serialize(self)


class InnerList(msgspec.Struct, frozen=True):
    """Items in parentheses and the parameters of the whole."""

    items: Sequence[Item]
    params: Mapping[str, Bare] = {}

    def __str__(self) -> str:
        return serialize(self)


Member = Item | InnerList


def parse_item(lines: str | Sequence[str]) -> Item:
    """An item, from the value of a field or its several lines."""
    return cast(Item, _member(_parsed(item.Item(), _joined(lines))))


def parse_list(lines: str | Sequence[str]) -> list[Member]:
    """A list; an empty field is an empty one."""
    text = _joined(lines)
    if not text.strip(" "):
        return []
    return [_member(member) for member in _parsed(lists.List(), text)]


def parse_dictionary(lines: str | Sequence[str]) -> dict[str, Member]:
    """A dictionary; of a key that occurs twice the last counts (RFC 9651 §4.2.2)."""
    text = _joined(lines)
    if not text.strip(" "):
        return {}
    return {key: _member(member) for key, member in _parsed(dictionary.Dictionary(), text).items()}


def serialize(value: Member | Sequence[Member] | Mapping[str, Member]) -> str:
    """The one text of a value (RFC 9651 §4.1). Raises `MalformedError` for what has none."""
    if isinstance(value, Item) and type(value.value) is str and not value.params and _PLAIN.match(value.value):
        return f'"{value.value}"'  # most of what is signed: names of components
    try:
        if isinstance(value, Item | InnerList):
            return str(_raw(value))
        if isinstance(value, Mapping):
            fields: Any = dictionary.Dictionary()
            for key, member in value.items():
                fields[key] = _raw(member)
            return str(fields) if value else ""
        members: Any = lists.List()
        for member in value:
            members.append(_raw(member))
        return str(members) if value else ""
    except (ValueError, TypeError, ArithmeticError) as error:
        raise MalformedError(f"no structured field: {error}") from None


def _joined(lines: str | Sequence[str]) -> str:
    text = lines if isinstance(lines, str) else ", ".join(lines)
    if len(text) > MAX_BYTES:
        raise MalformedError(f"a field larger than {MAX_BYTES} bytes")
    return text


def _parsed(into: Any, text: str) -> Any:
    try:
        _check_lexical(text)
        into.parse(text.encode("ascii"))
    except MalformedError:
        raise
    except (ValueError, IndexError, OverflowError, OSError, ArithmeticError):
        raise MalformedError("not a structured field") from None
    return into


def _check_lexical(text: str) -> None:
    for match in _SCAN.finditer(text):
        if match.group(1) is not None:
            encoded = match.group(1)
            b64_decode(encoded + "=" * (-len(encoded) % 4), "a byte sequence")
        elif match.group().endswith(".") and match.group()[0] in "-0123456789":
            raise MalformedError("a decimal without digits after its point")


def _member(raw: Any) -> Member:
    params: Mapping[str, Bare] = raw.params
    if isinstance(raw, item.InnerList):
        members: list[Any] = cast(Any, raw).data
        return InnerList([cast(Item, _member(member)) for member in members], dict(params))
    return Item(raw.value, dict(params))


def _raw(member: Member) -> Any:
    raw: Any
    if isinstance(member, InnerList):
        raw = item.InnerList([_raw(each) for each in member.items])
    else:
        raw = item.Item(_rounded(member.value))
    raw.params.update({name: _rounded(value) for name, value in member.params.items()})
    return raw


def _rounded(value: Bare) -> Bare:
    """Decimals have at most three digits after the point, rounded half to even as they are read, not as binary."""
    if isinstance(value, float | Decimal):
        return Decimal(str(value)).quantize(Decimal("0.001"), ROUND_HALF_EVEN)
    return value
