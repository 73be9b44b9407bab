"""One life of a journaled run, in a process that may be killed at any moment: `python life.py JOURNAL LOG SEED STEPS`.

Each step that starts is written to the log, each step that is sealed to standard output.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from datetime import UTC, datetime

from pgdag import DAGEdge, DAGNode, DAGTemplate, Journal, PGDAGRunner, StepContext, StepEvent

NOON = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def template(seed: int, steps: int) -> DAGTemplate:
    """A random graph in which each step depends on up to three of the eight before it."""
    dice = random.Random(seed)
    nodes = [DAGNode(f"s{i}") for i in range(steps)]
    edges = [
        DAGEdge(f"s{source}", f"s{target}")
        for target in range(1, steps)
        for source in sorted(dice.sample(range(max(0, target - 8), target), min(target, dice.randrange(1, 4))))
    ]
    return DAGTemplate("life", nodes=nodes, edges=edges)


def runner(journal: str | Journal | None, log: int, width: int = 4) -> PGDAGRunner:
    def tell(event: StepEvent) -> None:
        if event.kind == "completed" and journal is not None:
            os.write(1, f"{event.step_id}\n".encode())

    async def step(ctx: StepContext) -> dict[str, object]:
        os.write(log, f"{ctx.node_id} {ctx.idempotency_key}\n".encode())
        await asyncio.sleep(0.004)
        return {ctx.node_id: len(ctx.inputs), "last": ctx.node_id}

    made = PGDAGRunner(journal=journal, max_concurrency=width, clock=lambda: NOON, on_event=tell)
    made.register_steps({f"s{i}": step for i in range(1000)})
    return made


async def live(path: str, log: int, seed: int, steps: int) -> str:
    journal = Journal(path)
    made = runner(journal, log)
    if journal.knows("run-1"):
        result = await made.resume("run-1")
    else:
        result = await made.execute(template(seed, steps), {"seed": seed}, run_id="run-1")
    return f"{result.status.value} {result.merkle_root_hash}"


if __name__ == "__main__":
    log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(1, b"alive\n")
    print("end", asyncio.run(live(sys.argv[1], log, int(sys.argv[3]), int(sys.argv[4]))), flush=True)
