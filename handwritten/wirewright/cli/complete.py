"""What the shell offers after a Tab; nothing, rather than an error, when it cannot be found out."""

from __future__ import annotations

import contextlib


def protocols(incomplete: str) -> list[str]:
    """Installed protocols whose name starts so."""
    from wirewright.protocols import names

    return [name for name in names() if name.startswith(incomplete)]


def packages(incomplete: str) -> list[str]:
    """Names of the packages that `[tool.wirewright]` lists."""
    from wirewright.cli.targets import choose_targets, names_of

    with contextlib.suppress(Exception):
        found = {name for target in choose_targets([], None, {}) for name in names_of(target)[:2]}
        return sorted(name for name in found if name.startswith(incomplete))
    return []
