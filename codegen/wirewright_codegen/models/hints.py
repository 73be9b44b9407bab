"""The renderer's type hints, rewritten for our modules: forward references opened, unions as `|`, our import names."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import cast

_RENAMED = {"datetime": "_dt.datetime", "date": "_dt.date", "time": "_dt.time"}


class _Rewriter(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str):
            return cast("ast.AST", self.visit(ast.parse(node.value, mode="eval").body))
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.parse(_RENAMED[node.id], mode="eval").body if node.id in _RENAMED else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        outer = node.value.id if isinstance(node.value, ast.Name) else ""
        if outer == "Literal":
            return node
        self.generic_visit(node)
        if outer == "Optional":
            return _either([node.slice, ast.Constant(None)])
        if outer == "Union":
            return _either(node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])
        return node


def _either(members: list[ast.expr]) -> ast.expr:
    joined = members[0]
    for member in members[1:]:
        joined = ast.BinOp(joined, ast.BitOr(), member)
    return joined


def _flattened(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _flattened(node.left) + _flattened(node.right)
    return [node]


@lru_cache(maxsize=20_000)
def rewritten(hint: str) -> str:
    """The hint as it stands in our module."""
    tree = _Rewriter().visit(ast.parse(hint, mode="eval").body)
    members = list(dict.fromkeys(ast.unparse(member) for member in _flattened(tree)))
    if "None" in members:
        members = [m for m in members if m != "None"] + ["None"]
    return "Any" if "Any" in members else " | ".join(members)


@lru_cache(maxsize=20_000)
def names_in(hint: str) -> frozenset[str]:
    """Every name that an expression uses; of dotted ones the first part."""
    tree = ast.parse(hint, mode="eval")
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
