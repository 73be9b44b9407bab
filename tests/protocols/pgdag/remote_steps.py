"""Steps that workers import by name."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from pgdag import StepContext, WaitForEvent


def where(ctx: StepContext) -> dict[str, Any]:
    return {"pid": os.getpid(), "thread": threading.current_thread().name != "MainThread"}


async def double(ctx: StepContext) -> dict[str, Any]:
    ctx.inputs["list"].append(ctx.node_id)
    return {"n": ctx.inputs["n"] * 2}


def fail(ctx: StepContext) -> None:
    raise ValueError("no")


def wait(ctx: StepContext) -> dict[str, Any]:
    if "ok" not in ctx.inputs:
        raise WaitForEvent("approval", "k", {"half": 1}, {"m": 1})
    return {"got": ctx.inputs["ok"]}


def die_once(ctx: StepContext) -> dict[str, Any]:
    """Take the worker down with it, the first time."""
    mark = Path(ctx.config["folder"]) / ctx.idempotency_key.replace(":", "-")
    if not mark.exists():
        mark.write_text(str(os.getpid()))
        os._exit(1)
    return {"died": int(mark.read_text()), "survivor": os.getpid()}


def until_cancelled(ctx: StepContext) -> None:
    folder = Path(ctx.config["folder"])
    (folder / "started").touch()
    if ctx.cancelled.wait(20):
        (folder / "cancelled").touch()
    time.sleep(0)
