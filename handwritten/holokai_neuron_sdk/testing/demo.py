"""The quick start, against a sandbox that runs."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

_WAIT_S = 10.0


def demo(url: str) -> Iterator[str]:
    """A neuron takes a task that is created over HTTP; yields a line after each step."""
    history = asyncio.run(_quick_start(url))
    yield "neuron my-neuron-1 registered example/echo with the gateway"
    for entry in history["history"]:
        yield f"task {history['id']}: {entry['event']}" + (f" {entry['percent']:.0f} %" if "percent" in entry else "")
    yield f"result: {json.dumps(history['output'])}"


async def _quick_start(url: str) -> dict[str, Any]:
    from holokai_neuron_sdk import Capability, HandlerContext, Neuron

    async def echo(task_input: Any, ctx: HandlerContext) -> Any:
        await ctx.progress(percent=50, message="halfway")
        return {"echo": task_input}

    neuron = Neuron(gateway_url=url, neuron_id="my-neuron-1", auth=lambda: "any token")
    neuron.register_handler(
        Capability(type="example/echo", scope="any", concurrency=4),
        echo,
        input_schema={"type": "object"},
        output_schema={"type": "object", "required": ["echo"]},
    )
    await neuron.start()
    try:
        async with asyncio.timeout(_WAIT_S):
            task = await _call(url, "POST", "/_sandbox/tasks", {"type": "example/echo", "input": {"hello": "world"}})
            while task["state"] not in ("done", "failed", "cancelled"):
                await asyncio.sleep(0.01)
                task = await _call(url, "GET", f"/_sandbox/tasks/{task['id']}")
    finally:
        await neuron.stop()
    return task


async def _call(url: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """The sandbox's control surface, which is no part of the protocol and has no client."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, content, {"content-type": "application/json"}, method=method)  # noqa: S310

    def send() -> dict[str, Any]:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - the address is the sandbox's own
            found: dict[str, Any] = json.load(answer)
            return found

    return await asyncio.to_thread(send)
