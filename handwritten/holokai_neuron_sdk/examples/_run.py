"""What both examples share: settings from the environment, and a neuron that runs until it is interrupted."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from holokai_neuron_sdk import Capability, Neuron
from holokai_neuron_sdk._lease_runner import Handler


def token_source(environment: Mapping[str, str]) -> Callable[[], str]:
    """Where tokens come from: `BIGBRAIN_TOKEN_FILE`, read anew for each request so that it may be rotated, or
    `BIGBRAIN_TOKEN`.

    Raises KeyError when neither is set.
    """
    path = environment.get("BIGBRAIN_TOKEN_FILE")
    if path:
        return lambda: Path(path).read_text(encoding="utf-8").strip()
    token = environment["BIGBRAIN_TOKEN"]
    return lambda: token


def neuron_from(
    environment: Mapping[str, str],
    capability: Capability,
    handler: Handler,
    input_schema: Mapping[str, Any],
    output_schema: Mapping[str, Any],
) -> Neuron:
    """The neuron that the environment describes. Raises KeyError for a variable that is missing."""
    neuron = Neuron(
        gateway_url=environment["BIGBRAIN_GATEWAY_URL"],
        neuron_id=environment["BIGBRAIN_NEURON_ID"],
        auth=token_source(environment),
    )
    neuron.register_handler(capability, handler, input_schema=dict(input_schema), output_schema=dict(output_schema))
    return neuron


async def serve(neuron: Neuron) -> None:
    """Run until SIGINT or SIGTERM, then drain."""
    stop = asyncio.Event()
    with suppress(NotImplementedError):  # no signals for event loops on Windows; Ctrl-C raises there
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await neuron.start()
    try:
        await stop.wait()
    finally:
        await neuron.stop(drain=True, timeout=30)


def main(
    capability: Capability, handler: Handler, input_schema: Mapping[str, Any], output_schema: Mapping[str, Any]
) -> int:
    """The command line of an example; answers the exit code."""
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO").upper())
    try:
        neuron = neuron_from(os.environ, capability, handler, input_schema, output_schema)
    except KeyError as error:
        sys.stderr.write(f"set {error.args[0]} (see the text of holokai_neuron_sdk.examples)\n")
        return 2
    asyncio.run(serve(neuron))
    return 0
