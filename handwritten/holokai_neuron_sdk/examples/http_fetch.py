"""`examples/http.fetch`: fetch a URL. Any answer is a result, whatever its status; what the network does is retried."""

from __future__ import annotations

import sys
import time
from typing import Any

from holokai_neuron_sdk import Capability, HandlerContext
from holokai_neuron_sdk.examples._run import main
from holokai_neuron_sdk.examples._web import fetch

CAPABILITY = Capability.model_validate(
    {"type": "examples/http.fetch", "scope": "any", "concurrency": 8, "leaseTtlMs": 60_000}
)
INPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["url"],
    "properties": {
        "url": {"type": "string"},
        "method": {"type": "string"},
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "body": {"type": ["string", "null"]},
        "timeout_ms": {"type": "integer", "minimum": 1},
        "max_response_bytes": {"type": "integer", "minimum": 0},
        "follow_redirects": {"type": "boolean"},
    },
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["status", "headers", "body", "truncated", "duration_ms", "final_url"],
    "properties": {
        "status": {"type": "integer"},
        "headers": {"type": "object"},
        "body": {"type": "string"},
        "truncated": {"type": "boolean"},
        "duration_ms": {"type": "integer"},
        "final_url": {"type": "string"},
    },
}


async def http_fetch(task_input: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Fetch; the request is aborted when the lease is cancelled, because the handler's task is."""
    started = time.monotonic()
    body = task_input.get("body")
    try:
        page = await fetch(
            task_input["url"],
            method=task_input.get("method", "GET"),
            headers=task_input.get("headers"),
            content=None if body is None else body.encode(),
            seconds=task_input.get("timeout_ms", 10_000) / 1000,
            max_bytes=task_input.get("max_response_bytes", 1_000_000),
            follow_redirects=task_input.get("follow_redirects", True),
        )
    except ValueError as error:
        ctx.fail(str(error), code="INVALID_URL")
    return {
        "status": page.status,
        "headers": page.headers,
        "body": page.body.decode(errors="replace"),
        "truncated": page.truncated,
        "duration_ms": round((time.monotonic() - started) * 1000),
        "final_url": page.final_url,
    }


if __name__ == "__main__":
    sys.exit(main(CAPABILITY, http_fetch, INPUT_SCHEMA, OUTPUT_SCHEMA))
