"""The command line. `wirewright --help` lists the commands; each lives in a module of its own, loaded when it is used.

Exit codes: 0 done; 1 the answer is no (something differs, was lost, or broke the contract); 2 wrong usage; 3 an input
cannot be used (no such file or protocol, an error in the spec); 4 something is missing here (an extra that is not
installed, a port that is taken); 70 a defect of wirewright itself; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

DEBUG = "--debug"


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with its code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = DEBUG in arguments or os.environ.get("WIREWRIGHT_DEBUG", "") not in {"", "0"}
    arguments = [argument for argument in arguments if argument != DEBUG]
    from wirewright.cli.app import app
    from wirewright.cli.report import explain

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a sign that the terminal's charset lacks is no reason to fail
            stream.reconfigure(errors="replace")
    try:
        app(args=arguments, prog_name="wirewright")
    except Exception as error:
        if debug:
            raise
        sys.exit(explain(error, as_json=_wants_json(arguments)))


def _wants_json(arguments: Sequence[str]) -> bool:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return any(name == "--format=json" or (name == "--format" and value == "json") for name, value in pairs)
