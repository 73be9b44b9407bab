"""The command line: `holokai-neuron-sdk enroll --moku-url URL`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import sys
from collections.abc import Sequence

_FAILED, _INTERRUPTED = 1, 130


def main(argv: list[str] | None = None) -> int:
    """Run a command; answers the exit code: 0 done, 1 failed, 2 wrong arguments, 130 interrupted."""
    parser = _parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else _FAILED
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return _FAILED
    capabilities = [name.strip() for name in arguments.capabilities.split(",") if name.strip()]
    return _enroll(arguments.moku_url, arguments.name, capabilities, arguments.credentials_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="holokai-neuron-sdk", description="Tools for Holokai neurons.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    enroll = commands.add_parser("enroll", help="get a credential for this neuron, with somebody's approval")
    enroll.add_argument("--moku-url", required=True, metavar="URL", help="the identity provider")
    enroll.add_argument(
        "--name", default=f"neuron-{socket.gethostname()}", help="what the approver sees (default: %(default)s)"
    )
    enroll.add_argument("--capabilities", default="", metavar="A,B", help="capability types it is going to offer")
    enroll.add_argument("--credentials-file", metavar="PATH", help="default: ~/.holokai/neuron-credentials.json")
    return parser


def _enroll(moku_url: str, name: str, capabilities: Sequence[str], path: str | None) -> int:
    from holokai_neuron_sdk.auth import EnrollmentError, enroll

    logger = logging.getLogger("holokai_neuron_sdk.auth")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
        logger.addHandler(handler)
    try:
        asyncio.run(
            enroll(
                moku_base_url=moku_url,
                client_name=name,
                capability_types=capabilities,
                credential_path=path,
                logger=logger,
            )
        )
    except KeyboardInterrupt:
        return _INTERRUPTED
    except EnrollmentError as error:
        return _fail(f"Enrollment failed ({error.code}): {error}")
    except Exception as error:
        return _fail(f"Enrollment failed: {error or type(error).__name__}")
    return 0


def _fail(message: str) -> int:
    sys.stderr.write(message + "\n")
    return _FAILED
