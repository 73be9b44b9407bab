"""Edge conditions: small expressions over what the source step knew when it ended.

`approved`, `not approved`, `score >= 0.8 and region == "eu"`, `kind in ["a", "b"]`, `order.total > 100`. Names are
keys of the source's inputs and outputs, dots go into nested objects, a missing key is null. Ordering against null is
false, the negative of what is no number is null; `&&`, `||` and `!` are other words for `and`, `or` and `not`. The
labels of `LABELS` describe an edge and always hold.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from wirewright.narrow import is_mapping

__all__ = ["LABELS", "ConditionError", "check_condition", "holds"]

LABELS = frozenset(
    {"", "always", "completed", "default", "fork", "join", "on_success", "parallel", "sequence", "success"}
)

_CONSTANTS = {"true": True, "false": False, "null": None}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_MAX_LENGTH, _MAX_DEPTH = 1_000, 50
_SIGNS = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|&&|\|\||!(?!=)""")
_WORDS = {"&&": " and ", "||": " or ", "!": " not "}


class ConditionError(ValueError):
    """The text is no condition; says which part is not understood."""


def check_condition(text: str | None) -> None:
    """Raise `ConditionError` unless the condition can be evaluated."""
    if not _is_label(text):
        _check(_parse(str(text)))


def holds(text: str | None, values: Mapping[str, Any]) -> bool:
    """Does the condition hold over these values? Labels always do."""
    return _is_label(text) or bool(_evaluate(_parse(str(text)), values))


def _is_label(text: str | None) -> bool:
    return text is None or text.strip().lower() in LABELS


@lru_cache(maxsize=512)
def _parse(text: str) -> ast.expr:
    if len(text) > _MAX_LENGTH:
        raise ConditionError(f"condition is longer than {_MAX_LENGTH} characters")
    try:
        return ast.parse(_SIGNS.sub(_worded, text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ConditionError(f"condition {text!r} is not an expression") from None


def _worded(sign: re.Match[str]) -> str:
    return sign[1] or _WORDS[sign[0]]


def _check(node: ast.expr, depth: int = 0) -> None:
    if depth > _MAX_DEPTH:
        raise ConditionError(f"condition is nested deeper than {_MAX_DEPTH}")
    match node:
        case ast.BoolOp(values=values):
            children: list[ast.expr] = values
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            children = [operand]
        case ast.Compare(left=left, ops=ops, comparators=comparators) if all(type(op) in _COMPARE for op in ops):
            children = [left, *comparators]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            children = elements
        case ast.Attribute(value=value):
            children = [value]
        case ast.Name() | ast.Constant(value=str() | int() | float() | None):
            children = []
        case _:
            raise ConditionError(f"condition part {ast.unparse(node)!r} is not understood")
    for child in children:
        _check(child, depth + 1)


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_evaluate(part, values) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_evaluate(part, values) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _evaluate(operand, values)
        case ast.UnaryOp(operand=operand):
            number = _evaluate(operand, values)
            return -number if isinstance(number, int | float) else None
        case ast.Compare():
            return _compare(node, values)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [_evaluate(element, values) for element in elements]
        case ast.Attribute(value=value, attr=name):
            inner = _evaluate(value, values)
            return inner.get(name) if is_mapping(inner) else None
        case ast.Constant(value=constant):
            return constant
        case ast.Name(id=name):
            return values[name] if name in values else _CONSTANTS.get(name)
        case _:
            raise ConditionError(f"condition part {ast.unparse(node)!r} is not understood")


def _compare(node: ast.Compare, values: Mapping[str, Any]) -> bool:
    left = _evaluate(node.left, values)
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        right = _evaluate(comparator, values)
        try:
            if not _COMPARE[type(op)](left, right):
                return False
        except TypeError:  # 3 < null, "a" in 5: values that cannot be compared so do not
            return False
        left = right
    return True
