"""A program for the original SDK and for ours alike: every kind of outcome, a retry, a fan-out, secrets and signals.

python program.py URL KEY
"""

import asyncio
import json
import sys
import urllib.request
from datetime import timedelta

from exospherehost import (
    BaseNode,
    CronTrigger,
    GraphNodeModel,
    PruneSignal,
    ReQueueAfterSignal,
    RetryPolicyModel,
    RetryStrategyEnum,
    Runtime,
    StateManager,
    StoreConfigModel,
    UnitesModel,
    UnitesStrategyEnum,
)
from pydantic import BaseModel

URL, KEY = sys.argv[1:3]
NAMESPACE = "my ns"
once = set()


class Source(BaseNode):
    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        text: str

    class Secrets(BaseModel):
        token: str

    async def execute(self) -> Outputs:
        return self.Outputs(text=f"{self.inputs.text} ü {len(self.secrets.token)}")


class Split(BaseNode):
    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        part: str

    class Secrets(BaseModel):
        pass

    async def execute(self) -> list[Outputs]:
        return [self.Outputs(part=f"{self.inputs.text}:{index}") for index in range(3)]


class Work(BaseNode):
    class Inputs(BaseModel):
        part: str
        extra: str = "default"

    class Outputs(BaseModel):
        done: str

    class Secrets(BaseModel):
        pass

    async def execute(self):
        part = self.inputs.part
        if part.endswith(":0") and "fail" not in once:
            once.add("fail")
            raise ValueError("kaboom")
        if part.endswith(":1") and "later" not in once:
            once.add("later")
            raise ReQueueAfterSignal(timedelta(milliseconds=1234))
        return self.Outputs(done=part)


class Join(BaseNode):
    class Inputs(BaseModel):
        text: str

    class Outputs(BaseModel):
        pass

    class Secrets(BaseModel):
        pass

    async def execute(self):
        return None


class Prune(Join):
    async def execute(self):
        raise PruneSignal({"a": 1, "ß": [None, True]})


def use(node, identifier, inputs, following=None, unites=None):
    return GraphNodeModel(
        node_name=node, namespace=NAMESPACE, identifier=identifier, inputs=inputs, next_nodes=following, unites=unites
    )


def read(path):
    request = urllib.request.Request(f"{URL}/v0/namespace/my%20ns/{path}", headers={"x-api-key": KEY})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


async def main():
    runtime = Runtime(NAMESPACE, "interop", [Source, Split, Work, Join, Prune], URL, KEY, batch_size=4, workers=1)
    task = asyncio.create_task(runtime._start())
    while len(read("nodes/")["nodes"]) < 5:  # noqa: ASYNC110 - there is nothing to wait on but the server
        await asyncio.sleep(0.05)
    manager = StateManager(NAMESPACE, URL, KEY)
    kept = await manager.upsert_graph(
        "fan out",
        [
            use("Source", "source", {"text": "${{ store.greeting }}"}, ["split", "prune"]),
            use("Split", "split", {"text": "${{ source.outputs.text }}"}, ["work"]),
            use("Work", "work", {"part": "${{ split.outputs.part }}", "extra": "e"}, ["join"]),
            use("Join", "join", {"text": "x"}, unites=UnitesModel(identifier="split")),
            use("Prune", "prune", {"text": "x"}),
        ],
        {"token": "sesame"},
        retry_policy=RetryPolicyModel(max_retries=2, strategy=RetryStrategyEnum.FIXED, backoff_factor=10),
        store_config=StoreConfigModel(required_keys=["greeting"], default_values={"other": "o"}),
        triggers=[CronTrigger(expression="0 0 1 1 *")],
    )
    assert kept["validation_status"] == "VALID"
    await manager.upsert_graph("plain", [use("Prune", "only", {"text": "x"}, [], None)], {}, validation_timeout=5)
    runs = [
        await manager.trigger("fan out", store={"greeting": "hello"}),
        await manager.trigger("plain", {"text": "y"}, None, 5),
    ]
    assert (await manager.get_graph("plain"))["validation_errors"] == []
    for wrong in (manager.trigger("nope"), manager.get_graph("nope"), manager.upsert_graph("bad", [], {})):
        try:
            await wrong
        except Exception as error:
            print(error)
    unsure = UnitesModel(identifier="a", strategy=UnitesStrategyEnum.ALL_DONE)
    try:
        await manager.upsert_graph(
            "invalid", [use("Nobody", "a", {}, ["b"]), use("Nobody", "b", {}, None, unsure)], {"s": "t"}
        )
    except Exception as error:
        print(error)
    while any(run["status"] == "PENDING" for run in read("runs/1/10")["runs"]):  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    print([run["status"] for run in runs], [run["status"] for run in read("runs/1/10")["runs"]])


asyncio.run(main())
