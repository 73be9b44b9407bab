"""`python -m symbiont`: an interactive session with a client, or a script run with one.

python -m symbiont                  a prompt; `client` is there, made from the environment
python -m symbiont script.py        run a script, with its own arguments after it
python -m symbiont -c "CODE"        run a line
"""

from __future__ import annotations

import argparse
import code
import contextlib
import runpy
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

BANNER = "Symbiont {version}: `client` drives {url}. Names of `symbiont` are imported."


def namespace() -> dict[str, Any]:
    """What is there at the prompt: the public names, and a client."""
    import symbiont
    from symbiont import Client

    return {"symbiont": symbiont, **{name: getattr(symbiont, name) for name in symbiont.__all__}, "client": Client()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as the arguments say; the exit status."""
    from symbiont import __version__

    parser = argparse.ArgumentParser(prog="python -m symbiont", description="A prompt with a client, or a script.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("-c", dest="command", metavar="CODE", help="run this, with `client` at hand, and exit")
    parser.add_argument("script", nargs="?", help="a Python file to run; the prompt without one")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the script")
    options = parser.parse_args(arguments)
    if options.command is not None:
        exec(compile(options.command, "<command>", "exec"), namespace())  # noqa: S102 - as `python -c` does
    elif options.script is not None:
        sys.argv = [options.script, *options.arguments]
        runpy.run_path(options.script, run_name="__main__")
    else:
        with contextlib.suppress(ImportError):
            import_module("readline")  # keys and history at the prompt
        names = namespace()
        banner = BANNER.format(version=__version__, url=names["client"].config.base_url)
        code.interact(banner=banner, local=names, exitmsg="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
