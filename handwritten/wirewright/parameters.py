"""Parameters on the wire: every style of OpenAPI, with and without explode, in every location.

An operation's parameters are compiled once (`PathTemplate`, `QueryWriter`, `header_text`, `cookie_text`); the styles
are those of OpenAPI 3.1 (section "Style Examples"), which follow RFC 6570.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeGuard
from urllib.parse import quote, unquote

import msgspec
from msgspec import UNSET

from wirewright.codecs.scalars import text_of
from wirewright.narrow import is_mapping
from wirewright.operation import Parameter, Style

_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_TRIPLET = re.compile(r"%[0-9A-Fa-f]{2}")
_RESERVED_IN_QUERY = ":/?@!$'()*,;="
_RESERVED_IN_PATH = ":/@!$&'()*+,;="
_SCALARS = (str, int, float)

ToBuiltins = Callable[[Any], Any]
Encode = Callable[[Any, str], str]


class _Encoder(Protocol):
    def __call__(self, text: str) -> str: ...


def percent(text: str) -> str:
    """Everything but unreserved characters (RFC 3986) percent-encoded, as UTF-8."""
    return text if _UNRESERVED(text) else quote(text, safe="")


def _keeping(reserved: str) -> _Encoder:
    def encode(text: str) -> str:
        parts: list[str] = []
        start = 0
        for triplet in _TRIPLET.finditer(text):
            parts += [quote(text[start : triplet.start()], safe=reserved), triplet.group()]
            start = triplet.end()
        return "".join([*parts, quote(text[start:], safe=reserved)])

    return encode


_percent_query_reserved = _keeping(_RESERVED_IN_QUERY)
_percent_path_reserved = _keeping(_RESERVED_IN_PATH)


def literal(text: str) -> str:
    """The fixed part of a URL: what may stand in one is kept, escapes included, anything else encoded."""
    return quote(text, safe="%/?:@!$&'()*+,;=~")


def _plain(text: str) -> str:
    return text


def present(value: Any) -> bool:
    """None and UNSET mean: do not send."""
    return value is not None and value is not UNSET


def is_array(value: Any) -> TypeGuard[Iterable[Any]]:
    """Whether a value is written as an array."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | memoryview | Mapping)


def flat_members(value: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    """An object's members that are sent."""
    return [(text_of(key), member) for key, member in value.items() if member is not UNSET]


def _text(value: Any) -> str:
    """A scalar, or JSON: how arrays and objects are written inside others OpenAPI leaves open outside `deepObject`."""
    if is_mapping(value) or is_array(value):
        return msgspec.json.encode(value).decode()
    return text_of(value)


def _items(value: Any, encode: _Encoder) -> list[str]:
    return [encode(_text(item)) for item in value if item is not UNSET]


def delimited(value: Any, separator: str, encode: _Encoder, *, pairs: bool = False) -> str:
    """One string: a scalar, `1,2,3` for an array, `R,100,G,200` for an object (`R=100,G=200` with `pairs`)."""
    if is_mapping(value):
        joint = "=" if pairs else separator
        return separator.join(f"{encode(k)}{joint}{encode(_text(v))}" for k, v in flat_members(value))
    if is_array(value):
        return separator.join(_items(value, encode))
    return encode(text_of(value))


def path_text(parameter: Parameter, value: Any) -> str:
    """A path parameter (already plain values) in its style: `simple`, `label` or `matrix`."""
    encode = _percent_path_reserved if parameter.allow_reserved else percent
    style, explode = parameter.style or "simple", bool(parameter.explode)
    if style == "label":
        return "." + delimited(value, "." if explode else ",", encode, pairs=explode)
    if style == "matrix":
        return _matrix(encode(parameter.name), value, explode, encode)
    return delimited(value, _SEPARATORS.get(style, ","), encode, pairs=explode)


def _matrix(name: str, value: Any, explode: bool, encode: _Encoder) -> str:
    if explode and is_mapping(value):
        return "".join(f";{encode(k)}={encode(_text(v))}" for k, v in flat_members(value))
    if explode and is_array(value):
        return "".join(f";{name}={item}" for item in _items(value, encode))
    text = delimited(value, ",", encode)
    return f";{name}={text}" if text else f";{name}"


def query_pairs(parameter: Parameter, value: Any) -> list[str]:
    """A query parameter (already plain values) as `name=value` strings, encoded, ready to be joined by `&`."""
    encode = _percent_query_reserved if parameter.allow_reserved else percent
    style = parameter.style or "form"
    explode = parameter.explode if parameter.explode is not None else style == "form"
    name = percent(parameter.name)
    if style == "deepObject" and (is_mapping(value) or is_array(value)):
        return _deep(name, value, encode)
    if explode:
        return _exploded(name, value, encode)
    separator = _SEPARATORS.get(style, ",")
    if is_array(value) and not is_mapping(value):
        items = _items(value, encode)
        return [f"{name}={separator.join(items)}"] if items else []
    return [f"{name}={delimited(value, separator, encode)}"]


def whole_query(parameter: Parameter, text: str) -> list[str]:
    """The text of a parameter that is the whole query (OpenAPI 3.2 `querystring`); a form is one already."""
    form = (parameter.media_type or "").startswith("application/x-www-form-urlencoded")
    return [text if form else percent(text)] if text else []


_SEPARATORS: dict[Style, str] = {"spaceDelimited": "%20", "pipeDelimited": "%7C", "tabDelimited": "%09"}


def _exploded(name: str, value: Any, encode: _Encoder) -> list[str]:
    if is_mapping(value):
        return [
            f"{encode(key)}={item}"
            for key, member in flat_members(value)
            for item in (_items(member, encode) if is_array(member) else [encode(_text(member))])
        ]
    if is_array(value):
        return [f"{name}={item}" for item in _items(value, encode)]
    return [f"{name}={encode(text_of(value))}"]


def _deep(name: str, value: Any, encode: _Encoder) -> list[str]:
    """`filter[a][b]=c`, `filter[ids][]=1`, `filter[all][0][a]=1`.

    OpenAPI leaves nesting and arrays open; those who read brackets at all (PHP, Rails, qs, Stripe) read these.
    """
    if is_mapping(value):
        return [
            pair
            for key, member in flat_members(value)
            if member is not None
            for pair in _deep(f"{name}%5B{percent(key)}%5D", member, encode)
        ]
    if is_array(value):
        items = list(value)
        if any(is_mapping(item) or is_array(item) for item in items):
            return [pair for n, item in enumerate(items) for pair in _deep(f"{name}%5B{n}%5D", item, encode)]
        return [f"{name}%5B%5D={item}" for item in _items(items, encode)]
    return [f"{name}={encode(text_of(value))}"]


def header_text(parameter: Parameter | None, value: Any) -> str:
    """A header parameter: style `simple`, nothing percent-encoded."""
    separator = unquote(_SEPARATORS.get(parameter.style, ",")) if parameter and parameter.style else ","
    return delimited(value, separator, _plain, pairs=bool(parameter and parameter.explode))


def cookie_pairs(parameter: Parameter | None, name: str, value: Any) -> list[str]:
    """A cookie parameter as `name=value` strings: style `form` percent-encodes, `cookie` (3.2) does not."""
    style = parameter.style if parameter and parameter.style else "form"
    explode = parameter.explode if parameter and parameter.explode is not None else True
    encode = _plain if style == "cookie" else percent
    if explode:
        return _exploded(name, value, encode)
    return [f"{name}={delimited(value, ',', encode)}"]
