"""Options that are pairs: `SCHEME=SECRET`, `NAME: VALUE`."""

from __future__ import annotations

import os
from collections.abc import Iterable


def pairs_of(given: Iterable[str], joint: str) -> dict[str, str]:
    """Name and value of each; a value `env:NAME` is taken from the environment. Raises ValueError, secrets unsaid."""
    found: dict[str, str] = {}
    for pair in given:
        name, mark, value = (part.strip() for part in pair.partition(joint))
        if not mark or not name:
            raise ValueError(f"it needs a name, {joint!r} and a value")  # what was given may be a secret
        if value.startswith("env:"):
            variable = value.removeprefix("env:")
            if variable not in os.environ:
                raise ValueError(f"the environment has no variable {variable}")
            value = os.environ[variable]
        found[name] = value
    return found
