"""Every promise and the tests that hold it, as a page: reads the tests, writes `tests/PROMISES.md`.

    python tests/promises.py [--check]          (nox -s promises runs those tests first)

A test says what it holds with `@pytest.mark.promise("...")`. In `tests/faults` a test of the n-th fault of the
reliability sheet is called `test_<nn>_...`, and its name says the rest.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PAGE = TESTS / "PROMISES.md"

FAULTS = {
    1: "The connection is refused, the name unknown: tried again within the budget, then one typed error",
    2: "A pooled connection that the server had closed: one replay at once, if nothing was sent",
    3: "The server accepts and never answers: the timeout fires, a POST is not repeated without a key",
    4: "A byte every few seconds: the total deadline ends it",
    5: "A reset in the middle of the answer: the bytes are named; a GET is repeated, a POST by key only",
    6: "A truncated answer is never a success",
    7: "Failures in turn, then success: pauses inside the bounds of the jitter, attempts visible",
    8: "`Retry-After` in all its forms, good and bad",
    9: "Everything fails for ten minutes: no more than 1.1 times the offered load, no peaks, recovery within a window",
    10: "A POST was applied and then answered with an error: the same key and bytes each time",
    11: "The body is a file or a generator: not read ahead; rewound, or not tried again",
    12: "Fifty calls meet an expired token: one refresh, each repeated once, the second refusal is final",
    13: "A clock that is off: the error names the skew and the server's date; no storm",
    14: "A signed call is signed anew for every attempt, its idempotency key stays",
    15: "Signatures from the future, with changed padding, without algorithm, with a key for another use: all refused",
    16: "Answers that are not what they should be: a typed error with place and excerpt, never a crash",
    17: "New enum values, variants, fields and events are kept",
    18: "Streams split anywhere: the same events; bounded memory, linear time",
    19: "A stream drops: resumed behind the last event, no loss, no repetition",
    20: "A silent stream is noticed and reconnected",
    21: "A stream that is refused, gone or something else: an end or a typed error, no storm",
    22: "The consumer leaves: closed within a second, nothing left behind",
    23: "The queue is full and the server dead: callers do not wait, every drop is counted",
    24: "Fork, shutdown, signals, `os._exit`: no deadlock, nothing twice, a bounded end, a flush that tells the truth",
    25: "Killed, without power, without disk: what was acknowledged survives, and keeps its id",
}

Found = tuple[str, str, str]
"""A file below tests, a test, and what it holds: a promise, or the number of a fault."""


def tests_of(path: Path) -> Iterator[Found]:
    """What the tests of one file hold."""
    where = path.relative_to(TESTS).as_posix()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
            continue
        number = node.name.split("_")[1]
        if where.startswith("faults/") and len(number) == 2 and number.isdigit():
            yield where, node.name, number
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.promise":
                yield where, node.name, str(ast.literal_eval(decorator.args[0]))


def collected() -> list[Found]:
    return sorted(found for path in TESTS.rglob("test_*.py") for found in tests_of(path))


def cell(found: list[Found]) -> str:
    by_file: dict[str, list[str]] = {}
    for where, name, _ in found:
        by_file.setdefault(where, []).append(f"`{name}`")
    return "<br>".join(f"[{where}]({where}): {', '.join(names)}" for where, names in by_file.items())


def page(found: list[Found]) -> str:
    held: dict[str, list[Found]] = {}
    for one in found:
        held.setdefault(one[2], []).append(one)
    promises = sorted(text for text in held if not text.isdigit())
    lines = [
        "# What is promised, and the tests that hold it",
        "",
        "Written by `nox -s promises` after a run in which all of these passed; do not edit. A test names its promise",
        'with `@pytest.mark.promise("...")`.',
        "",
        "| Promise | Held by |",
        "| --- | --- |",
        *(f"| {text} | {cell(held[text])} |" for text in promises),
        "",
        "## The twenty-five faults",
        "",
        "| # | Fault, and what is to happen | Tests |",
        "| --- | --- | --- |",
        *(f"| {number} | {text} | {cell(held.get(f'{number:02}', []))} |" for number, text in FAULTS.items()),
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit 1 when the page is not what the tests say")
    written = page(collected())
    if parser.parse_args().check:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == written
        print("current" if current else "tests/PROMISES.md is not current: run `nox -s promises`")
        return 0 if current else 1
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
