"""Path templates as people write them: those of OpenAPI, and of URI templates and of Google's APIs beside them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

# `{+name}` and `{name=projects/*}` are values of several segments, `{name*}` a list of them.
_EXPRESSION = re.compile(r"\{(\+?)([^{}+=*]+)(=[^{}]*|\*?)\}")
PATHS = ("paths", "x-ms-paths")
"""Where path items are. Under the second one, of Azure, a path may carry a query that is part of it."""


def plain_paths(paths: Iterable[str]) -> dict[str, str]:
    """Each path with its plain form, `/v1/{+name}` as `/v1/{name}`; as it is where two would become the same."""
    given = list(paths)
    plain = {path: _EXPRESSION.sub(r"{\2}", path) for path in given}
    taken = Counter(plain.values())
    return {path: made if taken[made] == 1 else path for path, made in plain.items()}


def reserved_names(path: str) -> frozenset[str]:
    """The parameters of a path whose values may hold slashes."""
    return frozenset(name for plus, name, rest in _EXPRESSION.findall(path) if plus or rest.startswith("="))


def declared_name(expression: str) -> str:
    """The name under which the parameter of an expression is declared: `name` for `+name`."""
    found = _EXPRESSION.fullmatch("{" + expression + "}")
    return found[2] if found else expression
