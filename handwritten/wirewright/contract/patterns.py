"""A text that matches a regular expression, the plainest one, for made-up examples."""

from __future__ import annotations

import importlib
import re
from typing import Any

_parser: Any = importlib.import_module("re._parser")  # the standard library's own reader of patterns
_c: Any = importlib.import_module("re._constants")
_CLASSES = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_DIGIT": "a"}
_ALPHABET = "a0A-_. " + "".join(chr(code) for code in range(33, 127))


def matching_text(pattern: str, shortest: int = 0, longest: int | None = None) -> str | None:
    """A text in which `pattern` is found, of the asked length where that can be had; None when none was found."""
    try:
        parsed = _parser.parse(pattern)
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    for extra in (0, 1, 2, 4, 8, 16, 32, shortest, max(0, shortest - 1)):
        text = _sequence(parsed, extra)
        if len(text) < shortest and compiled.search(text + "x" * (shortest - len(text))):
            text += "x" * (shortest - len(text))
        if compiled.search(text) and len(text) >= shortest and (longest is None or len(text) <= longest):
            return text
    return None


def _sequence(parsed: Any, extra: int) -> str:
    groups: dict[int, str] = {}
    return "".join(_piece(kind, value, extra, groups) for kind, value in parsed)


def _piece(kind: Any, value: Any, extra: int, groups: dict[int, str]) -> str:
    if kind is _c.LITERAL:
        return chr(value)
    if kind is _c.NOT_LITERAL:
        return "a" if value != ord("a") else "b"
    if kind is _c.ANY:
        return "a"
    if kind is _c.IN:
        return _member(value)
    if kind is _c.BRANCH:
        return _run(value[1][0], extra, groups)
    if kind is _c.SUBPATTERN:
        text = _run(value[3], extra, groups)
        if value[0] is not None:
            groups[value[0]] = text
        return text
    if kind in {_c.MAX_REPEAT, _c.MIN_REPEAT, getattr(_c, "POSSESSIVE_REPEAT", None)}:
        low, high, inner = value
        times = min(int(high), max(int(low), min(extra, 4096)))
        return _run(inner, 0, groups) * times
    if kind is getattr(_c, "ATOMIC_GROUP", None):
        return _run(value, extra, groups)
    return groups.get(value, "") if kind is _c.GROUPREF else ""


def _run(parsed: Any, extra: int, groups: dict[int, str]) -> str:
    return "".join(_piece(kind, value, extra, groups) for kind, value in parsed)


def _member(members: Any) -> str:
    if members[0][0] is _c.NEGATE:
        return next((char for char in _ALPHABET if not any(_holds(member, char) for member in members[1:])), "a")
    return next((char for char in _ALPHABET if any(_holds(member, char) for member in members)), _first(members[0]))


def _first(member: Any) -> str:
    kind, value = member
    if kind is _c.LITERAL:
        return chr(value)
    return chr(value[0]) if kind is _c.RANGE else _CLASSES.get(str(value), "a")


def _holds(member: Any, char: str) -> bool:
    kind, value = member
    if kind is _c.LITERAL:
        return bool(ord(char) == value)
    if kind is _c.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    name = str(value)
    tests = {"DIGIT": char.isdigit(), "WORD": char.isalnum() or char == "_", "SPACE": char.isspace()}
    holds = tests.get(name.rpartition("_")[2], False)
    return not holds if "NOT_" in name else holds
