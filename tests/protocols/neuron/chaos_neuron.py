"""A neuron in a process of its own, for `test_chaos`: `python chaos_neuron.py URL ID CONCURRENCY`. Stops when stdin
closes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys

from holokai_neuron_sdk import Capability, HandlerContext, Neuron


async def handler(task_input: dict[str, object], ctx: HandlerContext) -> object:
    number = task_input["n"]
    if random.random() < 0.05:
        await ctx.progress(percent=random.random() * 100)
    if random.random() < 0.2:
        await asyncio.sleep(random.random() * 0.02)
    if task_input["fate"] == "fail":
        ctx.fail("meant to fail", code="MEANT")
    if random.random() < 0.03:
        raise RuntimeError("bad luck")
    return {"n": number}


async def main(url: str, neuron_id: str, concurrency: int) -> None:
    neuron = Neuron(
        gateway_url=url,
        neuron_id=neuron_id,
        auth=lambda: "t",
        heartbeat_interval_ms=300,
        initial_reconnect_delay_ms=20,
        max_reconnect_delay_ms=500,
    )
    neuron.register_handler(Capability(type="chaos/work", scope="any", concurrency=concurrency), handler)
    await neuron.start()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await neuron.stop(timeout=5)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
