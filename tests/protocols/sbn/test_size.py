"""How much of the SDK is written by hand: less than a third of what the original is.

The rule: a line counts when it holds code (blank lines, comments and docstrings do not); modules of the SDK count, its
sandbox (`testing/`) does not, since the original has none; what is generated from specs does not. The original's number
is that of `sbn`, `tower` and `sbn_gateway` in `sbn-sdk` 0.14.0, counted by the same rule: run this file with the
folders and files to count (`python test_size.py FOLDER...`).
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterable
from pathlib import Path

HANDWRITTEN = Path(__file__).parents[3] / "handwritten"
OURS = ("sbn", "tower", "sbn_gateway.py")
ORIGINAL = 13_581
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """How many lines of a module hold code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans = [(token.start[0], token.end[0]) for token in tokens if token.type not in _NO_CODE]
    return len(_lines(spans) - _lines(_docstrings(ast.parse(source))))


def _lines(spans: Iterable[tuple[int, int]]) -> set[int]:
    return {line for first, last in spans for line in range(first, last + 1)}


def _docstrings(tree: ast.Module) -> Iterable[tuple[int, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.lineno, first.end_lineno or first.lineno


def count(places: Iterable[Path]) -> int:
    """The code lines of modules and folders, sandboxes left out."""
    modules = [module for place in places for module in ([place] if place.is_file() else place.rglob("*.py"))]
    return sum(code_lines(module.read_text(encoding="utf-8")) for module in modules if "testing" not in module.parts)


def test_a_line_counts_when_it_holds_code() -> None:
    source = (
        '"""Doc.\n\nMore.\n"""\n\nimport a  # why\n\n\ndef f():\n    """Doc."""\n    # why\n    return """\ntext\n"""\n'
    )

    assert code_lines(source) == 5


def test_less_than_a_third_of_the_original_is_written_by_hand() -> None:
    assert 0 < count(HANDWRITTEN / name for name in OURS) < ORIGINAL / 3


if __name__ == "__main__":
    print(count(map(Path, sys.argv[1:] or [HANDWRITTEN / name for name in OURS])))
