"""The command `pgdag`: run workflows, show them, check what they left."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; exits the process. A bad input is one sentence, never a traceback."""
    from .app import app
    from .reading import InputError

    try:
        app()
    except InputError as error:
        sys.stderr.write(f"pgdag: {error}\n")
        sys.exit(3)
