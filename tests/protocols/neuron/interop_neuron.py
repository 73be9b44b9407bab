"""A neuron for `test_interop`, run by the original SDK in an environment of its own: `python interop_neuron.py URL
[CREDENTIAL_FILE]`.

Stops, with a drain, when stdin closes. With a credential file it authenticates by client credentials (0.2.0).
"""

import asyncio
import sys

from holokai_neuron_sdk import Capability, HandlerContext, Neuron


async def handler(task_input, ctx: HandlerContext):
    match task_input:
        case "ack":
            await ctx.progress(percent=50, message="halfway", data={"k": None})
            return {"echo": task_input}
        case "terminal":
            ctx.fail("for good", code="X1")
        case "retryable":
            if ctx.task.attempt == 0:
                raise RuntimeError("boom")
            return "second time"
        case "output":
            return 5
        case "forever":
            await asyncio.Event().wait()
        case "slow":
            await ctx.progress(message="started")
            await asyncio.sleep(0.5)
            return "drained"
    return None


async def main(url, credential_file):
    if credential_file:
        from holokai_neuron_sdk.auth import create_client_credentials_auth

        auth = create_client_credentials_auth(credential_file)
    else:
        auth = lambda: "t"  # noqa: E731
    neuron = Neuron(
        gateway_url=url, neuron_id="original", auth=auth, heartbeat_interval_ms=200, initial_reconnect_delay_ms=20
    )
    output_schema = {"type": ["object", "string", "null"]}
    neuron.register_handler(
        Capability(type="acme/echo", scope="any", concurrency=1), handler, output_schema=output_schema
    )
    await neuron.start()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "update":
            await neuron.update_capability("acme/echo", concurrency=3)
    await neuron.stop(drain=True, timeout=5)


asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
