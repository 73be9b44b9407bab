"""One program for both kernels: runs random workflows with the clock standing still and prints what they prove.

`python peer.py SEEDS`; it uses only what the original offers, and stops whatever clock it finds.
"""

from __future__ import annotations

import asyncio
import datetime as dates
import importlib
import json
import pkgutil
import random
import sys

import pgdag
from pgdag import DAGEdge, DAGNode, DAGTemplate, build

NOON = dates.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dates.UTC)


class StoppedDatetime(dates.datetime):
    @classmethod
    def now(cls, tz=None):
        return NOON

    @classmethod
    def utcnow(cls):
        return NOON.replace(tzinfo=None)


def stop_the_clock():
    for info in pkgutil.iter_modules(pgdag.__path__, "pgdag."):
        if info.name in ("pgdag.cli", "pgdag.dask"):
            continue
        try:
            module = importlib.import_module(info.name)
        except ImportError:
            continue
        if getattr(module, "datetime", None) is dates.datetime:
            module.datetime = StoppedDatetime


def template(dice):
    names = [f"s{i}" for i in range(dice.randrange(1, 8))]
    edges = [DAGEdge(a, b) for i, b in enumerate(names) for a in names[:i] if dice.random() < 0.4]
    dice.shuffle(names)
    return DAGTemplate("t", nodes=[DAGNode(name) for name in names], edges=edges)


def value(dice):
    choices = [
        None,
        True,
        dice.random() * 10 ** dice.randrange(-9, 20),
        dice.randrange(-99, 99),
        "é😀\n",
        [1, [2.0]],
        {"b": 1, "a": {}},
    ]
    return dice.choice(choices)


async def main(seeds):
    stop_the_clock()
    for seed in range(seeds):
        dice = random.Random(seed)
        made = template(dice)
        returns = {node.id: {node.id: value(dice), "shared": seed} for node in made.nodes}
        failing = dice.choice([None, None, made.nodes[-1].id])

        def step(name, failing=failing, returns=returns):
            async def run(ctx):
                if name == failing:
                    raise ValueError(f"no {name}")
                ctx.inputs["trail"] = [*ctx.inputs.get("trail", []), name]
                return returns[name]

            return run

        options = {"max_concurrency": 1, "shared_blackboard": True} if hasattr(pgdag, "Journal") else {}
        layer = build(domain="d", **options)
        layer.runner.register_steps({node.id: step(node.id) for node in made.nodes})
        result = await layer.runner.execute(made, {"seed": value(dice)}, actor="peer", run_id=f"run-{seed}")
        facts = result.to_dict()
        for name in ("slot_id", "started_at", "completed_at", "resume_state"):
            del facts[name]
        for proof in facts["proofs"].values():
            del proof["block_ref"], proof["created_at"]
        facts["proofs"] = sorted(facts["proofs"].items())
        print(json.dumps(facts, sort_keys=True))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
