"""As people use it: the quick start, generated operations of two SDKs, several processes on one file or server."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from wirewright import AsyncClient, Client, MemoryOutbox, Outbox, Request, RetryPolicy, outbox
from wirewright.sandbox import Sandbox

QUICK = RetryPolicy(base=0.01, cap=0.05)


class Recorder(ThreadingHTTPServer):
    """Keeps what it is sent, and how many of one key were being answered at once."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies, self.at_once, self.most_at_once = [], Counter(), Counter()
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server, key = self.server, self.headers["x-key"]
        with server.lock:
            server.bodies.append(body)
            server.at_once[key] += 1
            server.most_at_once[key] = max(server.most_at_once[key], server.at_once[key])
        time.sleep(0.001)
        with server.lock:
            server.at_once[key] -= 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@contextmanager
def recorder():
    server = Recorder()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def quick_starts(text):
    """The indented blocks of a docstring that hold code."""
    blocks = re.findall(r"(?:^    .*\n|^\n)+", text, re.MULTILINE)
    return [textwrap.dedent(block) for block in blocks if "Outbox(" in block]


@pytest.mark.parametrize("where", [outbox.__doc__, MemoryOutbox.__doc__], ids=["outbox", "MemoryOutbox"])
def test_the_quick_starts_run(where, emit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    api = type("api", (), {"emit": staticmethod(lambda body: Request(emit, body=body)), "record_event": None})
    api.record_event = staticmethod(lambda _: Request(emit, body={}))
    [code] = quick_starts(inspect.cleandoc(where))
    with recorder() as server:
        code = code.replace("https://api.example.com", server.url)
        names = {"api": api, "record": {"n": 1}, "url": server.url, "Client": Client, "MemoryOutbox": MemoryOutbox}
        exec(compile(code, "quick start", "exec"), names | {"json_array": outbox.json_array})
        assert server.bodies in ([{"n": 1}], [[{}]])


# SDKs -----------------------------------------------------------------------------------------------------------------


def record(n):
    return {
        "act": "PUT", "actor": "did:example:me", "body": {"kind": "core.note", "_v": 1, "n": n}, "clock": n + 1,
        "data_type": "SCALAR", "parents": [], "thread": "t",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_syncropel_records_survive_a_kernel_that_is_down(kind, tmp_path):
    from syncropel_api.v0_7 import operations

    box = Outbox(tmp_path / "out.db", backoff=QUICK)
    requests = [operations.records.emit_record(record(n)).with_options(ordering_key="t") for n in range(10)]
    with Sandbox("syncropel", chaos="seed=1") as kernel:
        kernel.faults.fail_next(4, "status=503")

        async def tasks():
            async with AsyncClient(kernel.url, outbox=box, retry=None) as client:
                outcomes = [await client.deliver(request) for request in requests]
                assert await box.aflush(20.0)
                return outcomes

        def sync():
            with Client(kernel.url, outbox=box, retry=None) as client:
                outcomes = [client.deliver(request) for request in requests]
                assert box.flush(20.0)
                return outcomes

        outcomes = asyncio.run(tasks()) if kind == "async" else sync()
        assert all(outcome.success or outcome.durable for outcome in outcomes)
        posted = [r for r in kernel.requests if r.method == "POST" and r.status < 300]
        clocks = [json.loads(r.body)["clock"] for r in posted]
    assert clocks == list(range(1, 11))
    assert box.stats().delivered == 10


def test_sbn_pulses_can_stand_on_it(tmp_path):
    from sbn_api.v0_14 import Api, operations
    from sbn_api.v0_14 import models as m
    from sbn_api.v0_14.auth import api_key_auth

    box = Outbox(tmp_path / "out.db", backoff=QUICK)
    with Sandbox("sbn", "0.14", seed=1) as network:
        client = Client(network.url, outbox=box, retry=None, auth=api_key_auth("sbn_live_abc123"))
        api = Api(network.url, client=client)
        slot_id = api.gateway.create_slot(m.SlotCreate(worker_id="w", task_type="t")).id
        network.faults.fail_next(3, "drop", only="bitblocks_submit")
        for n in range(6):
            submit = m.BitBlockSubmit(
                slot_id=slot_id, block_type="Action", domain="d", payload={"action": "a", "score": n}
            )
            outcome = client.deliver(operations.bitblocks.bitblocks_submit(submit).with_options(ordering_key=slot_id))
            assert outcome.success or outcome.durable
        assert box.flush(20.0)
        blocks = api.bitblocks.list(slot_id=slot_id).bitblocks
        client.close()
    assert [block.payload["score"] for block in blocks] == list(range(6))


# Several processes ----------------------------------------------------------------------------------------------------

WORKER = """
import sys
from wirewright import Client, Content, Operation, Outbox, RedisOutbox, Request
kind, where, url, me = sys.argv[1:]
EMIT = Operation("emit", "POST", "/r", codec="msgspec", request=(Content("application/json"),), responses={"2XX": ()})
box = Outbox(where, send_now=me == "0") if kind == "file" else RedisOutbox(where, name=url, streams=4)
with Client(url, outbox=box) as client:
    for n in range(20):
        key = "shared" if n % 2 else "own-" + me
        request = Request(EMIT, body=[me, n], headers={"x-key": key}).with_options(ordering_key=key)
        outcome = client.deliver(request)
        assert outcome.success or outcome.durable, outcome
    assert box.flush(30.0)
box.close()
"""


@pytest.mark.promise("Several processes share one outbox: order by key holds over all of them, nothing is sent twice")
@pytest.mark.parametrize("kind", ["file", "redis"])
def test_several_processes(kind, tmp_path, request):
    where = str(tmp_path / "out.db") if kind == "file" else request.getfixturevalue("redis_url")
    with recorder() as server:
        command = [sys.executable, "-c", WORKER, kind, where, server.url]
        workers = [subprocess.Popen([*command, str(n)], stderr=subprocess.PIPE, text=True) for n in range(4)]
        errors = [worker.communicate(timeout=60)[1] for worker in workers]
        assert [worker.returncode for worker in workers] == [0] * 4, errors
        bodies = [tuple(body) for body in server.bodies]
        assert set(server.most_at_once.values()) == {1}
    assert len(bodies) == len(set(bodies)) == 80
    for me in "0123":
        for odd in (0, 1):
            numbers = [n for who, n in bodies if who == me and n % 2 == odd]
            assert numbers == sorted(numbers)


# A broker that goes away ----------------------------------------------------------------------------------------------


@pytest.mark.promise("While a broker is away calls are kept in memory, said so, and handed over when it is back")
def test_a_redis_server_that_goes_away_and_comes_back(emit, server, clock, start_redis):
    import httpx
    from wirewright import RedisOutbox
    from wirewright.couriers import Round

    with start_redis() as (url, stop, start):
        box = RedisOutbox(url, streams=2, clock=clock, timeout=0.5)
        with Client("http://x", outbox=box, transport=httpx.MockTransport(server), clock=clock) as client:
            client._courier.ensure = lambda: False
            before = client.deliver(Request(emit, body=1))
            stop()
            during = [client.deliver(Request(emit, body=n)) for n in (2, 3)]
            assert (before.durable, [(o.queued, o.durable) for o in during]) == (True, [(True, False)] * 2)
            assert "redis" in box.degraded
            start()
            clock.advance(5)
            after = client.deliver(Request(emit, body=4))
            assert (after.durable, box.degraded) == (True, "")
            while client.run(Round(client.settings, box, "http://x").send()):
                pass
        assert server.bodies == ["1", "2", "3", "4"]
        assert box.stats().delivered == 4
        box.close()


@pytest.mark.promise(
    "kill -9 at any moment: nothing acknowledged is lost, nothing is there by halves, ids stay the same"
)
def test_processes_that_keep_calls_in_redis_are_killed_at_random_moments(redis_url):
    """As the file's in `test_25_killed_at_random_moments`; longer with `nox -s crash -- --redis URL`."""
    crash = Path(__file__).resolve().parents[2] / "faults" / "crash.py"
    command = [sys.executable, str(crash), "--rounds", "4", "--redis", redis_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
