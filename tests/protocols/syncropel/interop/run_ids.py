"""Runs in the original's environment: record ids and canonical texts as the original makes them.

Reads a list of emit arguments, as JSON text each; writes for each `[id7, canonical, id of MockKernel]`.
"""

import asyncio
import json
import sys

from syncropel import Client, Identity, Record, canonical_json, record_id
from syncropel.testing import MockKernel


async def main(questions):
    kernel = MockKernel()
    client = Client(endpoint="http://mock", identity=Identity.static("did:example:me"), transport=kernel.transport())
    answers = []
    for number, text in enumerate(questions):
        arguments = json.loads(text)
        result = await client.emit(**arguments, thread=f"t{number}")
        envelope = {
            name: kernel.records[-1][name]
            for name in ("act", "actor", "body", "clock", "data_type", "parents", "thread")
        }
        record = Record(**envelope)
        assert result.record_id == kernel.records[-1]["id"]
        answers.append([record_id(record, fields=7), canonical_json(envelope), result.record_id])
    return answers


json.dump(asyncio.run(main(json.load(sys.stdin))), sys.stdout)
