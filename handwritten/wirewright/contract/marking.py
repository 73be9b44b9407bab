"""`@contract`: a test function that becomes the contract tests of a spec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from wirewright.pytest_plugin import CASE, MARK

F = TypeVar("F", bound=Callable[..., Any])


def contract(
    spec: str,
    *,
    version: str | None = None,
    package: str | None = None,
    only: str | Sequence[str] = (),
    without: str | Sequence[str] = (),
    url: str | None = None,
) -> Callable[[F], F]:
    """Turns a test function into one test for each operation, event and documented error of a spec.

    `spec` is an installed protocol, or a file (relative to the test's own). `package` is the generated package to test,
    where a file has one already; without it one is generated, once, into the user's cache. `only` and `without` are
    patterns of operationIds. With `url` (or `--contract-url`) the answers of the server there are held to the spec.

    The function's body runs after each test held; ask for the fixture `contract_case` to know which one it is.
    """
    import pytest

    def decorate(function: F) -> F:
        mark = getattr(pytest.mark, MARK)
        marked = mark(spec, version=version, package=package, only=_many(only), without=_many(without), url=url)
        decorated: F = pytest.mark.usefixtures(CASE)(marked(function))
        return decorated

    return decorate


def _many(patterns: str | Sequence[str]) -> tuple[str, ...]:
    return (patterns,) if isinstance(patterns, str) else tuple(patterns)
