"""Faults 23 to 25 of the reliability sheet: a dead server behind a full queue; the end of a process, a disk, power."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import httpx
import pytest
from wirewright import AsyncClient, Client, MemoryOutbox, Outbox, RetryPolicy
from wirewright.outbox import StoredCall

HERE = Path(__file__).parent
QUICK = RetryPolicy(base=0.01, cap=0.05)


def percentile(values, share):
    return sorted(values)[int(share * len(values))]


# 23. the queue is full, the server is dead


def silence(connection, number):
    """Accept, read, and never answer."""
    while connection.read() is not None:
        pass


def timed_delivery(face, client, kit, count):
    """Seconds that each call blocked its caller; for tasks, that it kept the loop."""
    request = kit.request(kit.post, body={"event": "x" * 100})

    def sync():
        for _ in range(count):
            begun = time.perf_counter()
            client.deliver(request)
            yield time.perf_counter() - begun

    async def tasks():
        seconds = []
        for n in range(count):
            begun = time.perf_counter()
            await client.deliver(request)
            seconds.append(time.perf_counter() - begun)
            if n % 50 == 0:
                await asyncio.sleep(0)
        return seconds

    return list(sync()) if face.kind == "sync" else face.run(tasks())


@pytest.mark.promise("With a dead server and a full queue a caller is blocked for less than 1 ms at p99")
@pytest.mark.promise("total = delivered + queued + dropped, at all times")
@pytest.mark.parametrize("drop", ["newest", "oldest"])
def test_23_the_caller_is_not_blocked_and_every_drop_is_counted(face, kit, serve, drop):
    server = serve(silence)
    outbox = MemoryOutbox(max_count=500, drop=drop, exit_timeout=0.05)
    client = face.client(server.url, outbox=outbox, timeout=30.0)
    best = min(percentile(timed_delivery(face, client, kit, 1000), 0.99) for _ in range(3))
    assert best < 0.001
    stats = outbox.stats()
    assert (stats.total, stats.delivered, stats.queued) == (3000, 0, 500)
    assert stats.dropped == {"full": 2500}


def test_23_which_ones_go_is_stated(face, kit):
    for drop, left in (("newest", ["0", "1"]), ("oldest", ["3", "4"])):
        outbox = MemoryOutbox(max_count=2, drop=drop, exit_timeout=0.05)
        client = face.client("http://x", outbox=outbox)
        client._courier.ensure = lambda: False
        outcomes = [face.deliver(client, kit.request(kit.post, body=n)) for n in range(5)]
        assert [o.queued for o in outcomes] == [True, True, *[drop == "oldest"] * 3]
        outbox.put_back(waiting := outbox.claim("http://x"))
        assert [lease.call.content.decode() for lease in waiting] == left


# 24. flush, fork, the interpreter's end, signals


@pytest.mark.promise("flush keeps its time limit, and says True only when all was delivered")
@pytest.mark.parametrize("kind", ["memory", "file"])
def test_24_flush_says_false_in_time_when_it_was_not_delivered(face, kit, serve, tmp_path, kind):
    server = serve(silence)
    outbox = make_outbox(kind, tmp_path, exit_timeout=0.05)
    client = face.client(server.url, outbox=outbox, timeout=5.0)
    for _ in range(3):
        face.deliver(client, kit.request(kit.post, body={}))
    begun = time.monotonic()
    assert flush(face, outbox, 0.3) is False
    assert 0.25 < time.monotonic() - begun < 1.3  # 0.3, and a busy machine
    assert outbox.stats().queued == 3


@pytest.mark.promise("flush keeps its time limit, and says True only when all was delivered")
@pytest.mark.parametrize("kind", ["memory", "file"])
def test_24_flush_says_true_when_it_was(face, kit, tmp_path, kind):
    answers = [503, 200, 503, *[200] * 10]
    transport = httpx.MockTransport(lambda request: httpx.Response(answers.pop(0)))
    outbox = make_outbox(kind, tmp_path)
    client = face.client("http://x", outbox=outbox, transport=transport)
    for n in range(5):
        face.deliver(client, kit.request(kit.post, body=n))
    assert flush(face, outbox, 10.0) is True
    stats = outbox.stats()
    assert (stats.delivered, stats.queued) == (5, 0)


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_24_flush_says_false_when_something_was_given_up(face, kit, tmp_path, kind):
    transport = httpx.MockTransport(lambda request: httpx.Response(400 if request.content == b"1" else 200))
    outbox = make_outbox(kind, tmp_path)
    client = face.client("http://x", outbox=outbox, transport=transport)
    ensure, client._courier.ensure = client._courier.ensure, lambda: False
    for n in range(3):
        face.deliver(client, kit.request(kit.post, body=n))
    client._courier.ensure = ensure
    assert flush(face, outbox, 10.0) is False
    assert outbox.stats().dropped == {"rejected": 1}


@pytest.mark.promise("Closing interrupts a flush and a backoff")
@pytest.mark.parametrize("kind", ["memory", "file"])
def test_24_a_flush_is_interrupted_by_shutdown(face, kit, serve, tmp_path, kind):
    server = serve(lambda connection, number: connection.reset())
    outbox = make_outbox(kind, tmp_path, backoff=RetryPolicy(base=30.0, cap=30.0), exit_timeout=0.1)
    client = face.client(server.url, outbox=outbox)
    face.deliver(client, kit.request(kit.post, body={}))
    timer = threading.Timer(0.2, outbox.close)
    timer.start()
    begun = time.monotonic()
    assert flush(face, outbox, 30.0) is False
    assert time.monotonic() - begun < 2.0
    timer.join()


async def test_24_flush_does_not_block_a_loop(kit):
    outbox = MemoryOutbox()
    async with AsyncClient("http://x", outbox=outbox):
        with pytest.raises(RuntimeError, match="aflush"):
            outbox.flush(1.0)


def make_outbox(kind, tmp_path, **options):
    options = {"backoff": QUICK, **options}
    return MemoryOutbox(**options) if kind == "memory" else Outbox(tmp_path / "out.db", send_now=False, **options)


def flush(face, outbox, seconds):
    return face.run(outbox.aflush(seconds)) if face.kind == "async" else outbox.flush(seconds)


PROLOGUE = """
import atexit, os, signal, sys, threading, time
url, path, kind = sys.argv[1:4]
from wirewright import AsyncClient, Client, MemoryOutbox, Outbox, Content, Operation, Request, RetryPolicy
EMIT = Operation("emit", "POST", "/r", codec="msgspec", request=(Content("application/json"),), responses={"2XX": ()})
QUICK = RetryPolicy(base=0.01, cap=0.05)
def outbox(**options):
    options = {"backoff": QUICK, "exit_timeout": 0.5, "send_now": False, **options}
    return MemoryOutbox(**options) if kind == "memory" else Outbox(path, **options)
def put(client, *numbers):
    return [client.deliver(Request(EMIT, body=n)) for n in numbers]
"""


def run_program(program, server, tmp_path, kind, **options):
    """A program that has `url`, `path`, `kind`, `outbox()` and `put(client, *numbers)`."""
    code = PROLOGUE + textwrap.dedent(program)
    arguments = [sys.executable, "-c", code, server.url, str(tmp_path / "out.db"), kind]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def finished(process, seconds=20.0):
    """Output and errors of a program that must end well, and in time."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return out, err


def accept(connection, number):
    while connection.read() is not None:
        connection.answer(200)


def bodies(server):
    return sorted(int(request.body) for request in server.requests)


@pytest.mark.promise("After a fork the child neither deadlocks nor sends what is its parent's")
@pytest.mark.parametrize("kind", ["memory", "file"])
def test_24_a_fork_with_a_held_lock(serve, tmp_path, kind):
    """Threads are busy in the outbox while the process forks: no child hangs, and everything arrives exactly once."""
    server = serve(accept)
    program = """
    client = Client(url, outbox=outbox())
    over, count = threading.Event(), iter(range(1000, 100_000)).__next__
    sent = []
    def busy():
        while not over.is_set():
            n = count()
            put(client, n); sent.append(n); time.sleep(0.001)
    threads = [threading.Thread(target=busy) for _ in range(3)]
    for thread in threads: thread.start()
    children = []
    for n in range(8):
        time.sleep(0.01)
        pid = os.fork()
        if pid == 0:
            signal.alarm(50)                                     # a deadlock would end in SIGALRM
            put(client, n)
            flushed = client.settings.outbox.flush(40.0)
            client.settings.outbox.close()
            os._exit(0 if flushed else 1)
        children.append(pid)
    statuses = [os.waitpid(pid, 0)[1] for pid in children]
    over.set()
    for thread in threads: thread.join()
    assert client.settings.outbox.flush(40.0)
    print(statuses, len(sent), max(sent))
    """
    out, err = finished(
        run_program(program, server, tmp_path, kind, env={**os.environ, "PYTHONWARNINGS": "ignore"}), 100
    )
    statuses, *_ = out.split("]")
    assert set(statuses.strip("[").split(", ")) == {"0"}, err
    arrived = bodies(server)
    assert len(arrived) == len(set(arrived)), "something was sent twice"
    assert arrived[:8] == list(range(8))
    sent = int(out.split("] ")[1].split(" ")[0])
    assert len(arrived) == 8 + sent


@pytest.mark.promise("At the end of the process what is in memory is sent, within the stated time")
@pytest.mark.parametrize("end", ["", "sys.exit(0)", "raise SystemExit"], ids=["falls off", "exit", "raise"])
def test_24_the_end_of_the_interpreter_sends_what_is_in_memory(serve, tmp_path, end):
    server = serve(accept)
    program = f"""
    client = Client(url, outbox=outbox(exit_timeout=10.0))
    put(client, *range(50))
    {end}
    """
    _, err = finished(run_program(program, server, tmp_path, "memory"))
    assert bodies(server) == list(range(50)), err
    assert "Traceback" not in err.replace("raise SystemExit", "")


def test_24_a_loop_that_ends_sends_what_is_in_memory(serve, tmp_path):
    server = serve(accept)
    program = """
    import asyncio
    async def main():
        async with AsyncClient(url, outbox=outbox(exit_timeout=10.0)) as client:
            for n in range(50):
                await client.deliver(Request(EMIT, body=n))
    asyncio.run(main())
    """
    _, err = finished(run_program(program, server, tmp_path, "memory"))
    assert bodies(server) == list(range(50)), err


@pytest.mark.promise("At the end of the process what is in memory is sent, within the stated time")
def test_24_a_dead_server_delays_the_end_by_the_limit_at_most(serve, tmp_path):
    server = serve(silence)
    program = """
    client = Client(url, outbox=outbox(), timeout=30.0)
    put(client, *range(5))
    """
    process = run_program(program, server, tmp_path, "memory")
    begun = time.monotonic()
    _, err = finished(process)
    assert time.monotonic() - begun < 5.0
    assert "5 calls were queued in memory and are lost" in err


def test_24_delivering_while_the_interpreter_ends_does_not_fail(serve, tmp_path):
    server = serve(accept)
    program = """
    client = Client(url, outbox=outbox(exit_timeout=10.0))
    atexit.register(put, client, 1)                              # runs before wirewright's: no thread can be started
    """
    _, err = finished(run_program(program, server, tmp_path, "memory"))
    assert bodies(server) == [1], err
    assert "Traceback" not in err


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_24_sigterm_ends_within_the_limit(serve, tmp_path, kind):
    server = serve(silence)
    program = """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
    client = Client(url, outbox=outbox(), timeout=30.0)
    put(client, *range(5))
    print("ready", flush=True)
    time.sleep(30)
    """
    process = run_program(program, server, tmp_path, kind)
    assert process.stdout.readline() == "ready\n"
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, err = finished(process)
    assert process.returncode == 3, err
    assert time.monotonic() - begun < 3.0
    if kind == "file":
        assert Outbox(tmp_path / "out.db").stats().queued == 5


@pytest.mark.promise("os._exit loses what is in memory (documented), and nothing of what is in a file")
@pytest.mark.parametrize(("kind", "kept"), [("memory", 0), ("file", 5)])
def test_24_os_exit(serve, tmp_path, kind, kept):
    server = serve(silence)
    program = """
    client = Client(url, outbox=outbox(), timeout=30.0)
    print([outcome.durable for outcome in put(client, *range(5))], flush=True)
    os._exit(0)
    """
    out, err = finished(run_program(program, server, tmp_path, kind))
    assert out == f"{[kind == 'file'] * 5}\n", err
    assert Outbox(tmp_path / "out.db").stats().queued == kept
    assert "`os._exit`" in (MemoryOutbox.__doc__ or "")


def test_24_the_next_process_sends_what_the_last_one_left(serve, tmp_path, kit):
    server = serve(accept)
    dead = serve(silence)
    dead_program = """
    client = Client(url, outbox=outbox(channel="kernel"), timeout=30.0)
    put(client, *range(5))
    os._exit(0)
    """
    finished(run_program(dead_program, dead, tmp_path, "file"))
    program = """
    client = Client(url, outbox=outbox(channel="kernel", lease=0.1))
    assert client.settings.outbox.flush(10.0)
    """
    _, err = finished(run_program(program, server, tmp_path, "file"))
    assert bodies(server) == list(range(5)), err


# 25. killed, without power, without disk


@pytest.mark.promise(
    "kill -9 at any moment: nothing acknowledged is lost, nothing is there by halves, ids stay the same"
)
def test_25_killed_at_random_moments(tmp_path):
    """The short form of `nox -s crash`."""
    done = subprocess.run(
        [sys.executable, str(HERE / "crash.py"), "--rounds", "8"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["rounds"] == 8


def call(n):
    return StoredCall(
        id=f"id-{n}", operation="emit", method="POST", target="/r", headers={"idempotency-key": f"id-{n}"},
        content=b"%d" % n * 200, repeatable=True, base_url="http://x",
    )  # fmt: skip


@pytest.mark.promise("After a power cut everything acknowledged is there, and a torn tail is ignored")
@pytest.mark.parametrize("damage", ["cut off", "zeros", "noise"])
def test_25_a_power_cut_tears_the_end_of_the_file(tmp_path, damage):
    """What was written after the last sync may be missing, zeroed or garbage, from any byte on."""
    path = tmp_path / "out.db"
    outbox = Outbox(path, send_now=False)
    log = tmp_path / "out.db-wal"
    synced = []
    for n in range(12):
        assert outbox.store(call(n)).durable
        synced.append(log.stat().st_size)
    whole = log.read_bytes()
    for index, position in enumerate(range(synced[3], synced[-1], 1499)):
        copy = tmp_path / f"{index}.db"
        shutil.copy(path, copy)
        torn = {
            "cut off": whole[:position],
            "zeros": whole[:position] + bytes(len(whole) - position),
            "noise": whole[:position] + bytes((byte * 7 + 13) % 256 for byte in whole[position:]),
        }[damage]
        (tmp_path / f"{index}.db-wal").write_bytes(torn)
        survivors = Outbox(copy, send_now=False)
        found = [(lease.call.id, lease.call.content) for lease in survivors.claim("http://x")]
        acknowledged = sum(size <= position for size in synced)
        assert found[:acknowledged] == [(f"id-{n}", call(n).content) for n in range(acknowledged)]
        assert found == [(f"id-{n}", call(n).content) for n in range(len(found))]
        survivors.close(0)
    outbox.close(0)


def test_25_every_acknowledgement_was_synced(tmp_path):
    outbox = Outbox(tmp_path / "out.db", send_now=False)
    outbox.store(call(1))
    [level] = outbox._store._db.execute("PRAGMA synchronous").fetchone()
    [mode] = outbox._store._db.execute("PRAGMA journal_mode").fetchone()
    assert (level, mode) == (2, "wal")


@pytest.mark.promise("A full disk degrades to memory, says so, and recovers with nothing lost and in order")
def test_25_a_full_disk_degrades_to_memory_and_says_so(face, kit, clock, tmp_path, caplog):
    seen = []
    up = []
    transport = httpx.MockTransport(lambda request: (seen.append(request), httpx.Response(200 if up else 503))[1])
    outbox = Outbox(tmp_path / "out.db", clock=clock, send_now=False)
    outbox.attach(idle := Idle("http://x"))
    client = face.client("http://x", outbox=outbox, transport=transport, clock=clock)
    client._courier.ensure = lambda: False
    request = [kit.request(kit.post, body={"n": n, "pad": "x" * 5000}) for n in range(5)]

    before = face.deliver(client, request[0])
    outbox._store._db.execute("PRAGMA max_page_count = 1")  # no page more than there are: SQLite's way to a full disk
    during = [face.deliver(client, r) for r in request[1:4]]

    assert (before.queued, before.durable, before.error) == (True, True, None)
    assert [(o.queued, o.durable) for o in during] == [(True, False)] * 3
    assert "database or disk is full" in str(during[0].error)
    assert "database or disk is full" in outbox.degraded
    assert "keeps calls in memory only" in caplog.text

    outbox._store._db.execute("PRAGMA max_page_count = 100000")
    clock.now += 5
    after = face.deliver(client, request[4])
    assert (after.durable, outbox.degraded) == (True, "")
    up.append(True)
    while face.run(client.run(rounds(client))):
        pass
    assert [json.loads(r.content)["n"] for r in seen] == list(range(5))
    stats = outbox.stats()
    assert (stats.total, stats.delivered, stats.queued, stats.dropped) == (5, 5, 0, {})
    assert idle.channel == "http://x"


def rounds(client):
    from wirewright.couriers import Round

    return Round(client.settings, client.settings.outbox, client.base_url).send()


class Idle:
    """A courier that never goes."""

    def __init__(self, channel):
        self.channel = channel

    def able(self):
        return True

    def ensure(self):
        return False

    def send_here(self):
        return False

    def stop(self, seconds):
        pass

    async def astop(self):
        pass


@pytest.mark.promise("On a read-only disk calls are kept in memory and still delivered")
def test_25_a_read_only_disk(face, kit, clock, tmp_path):
    path = tmp_path / "out.db"
    Outbox(path).store(call(0))
    outbox = Outbox(path, clock=clock, send_now=False)
    outbox.stats()
    outbox._store._db.execute("PRAGMA query_only = 1")
    seen = []
    transport = httpx.MockTransport(lambda request: (seen.append(request.content), httpx.Response(200))[1])
    client = face.client("http://x", outbox=outbox, transport=transport, clock=clock)
    client._courier.ensure = lambda: False
    outcome = face.deliver(client, kit.request(kit.post, body=1))
    assert (outcome.queued, outcome.durable) == (True, False)
    assert "readonly" in outbox.degraded
    face.run(client.run(rounds(client)))
    assert seen == [b"1"]


def test_25_a_file_that_is_none_of_ours(face, kit, tmp_path):
    path = tmp_path / "out.db"
    path.write_bytes(b"this is a letter to my aunt" * 100)
    outbox = Outbox(path)
    client = face.client("http://x", outbox=outbox, transport=httpx.MockTransport(lambda request: httpx.Response(200)))
    outcome = face.deliver(client, kit.request(kit.get))
    assert "not a database" in outbox.degraded
    assert outcome.error is None or not outcome.durable
    assert path.read_bytes().startswith(b"this is a letter")


@pytest.mark.promise("A delivery that could not be noted down is not repeated by the process that made it")
def test_25_the_disk_fails_between_delivery_and_its_note(face, kit, clock, tmp_path):
    outbox = Outbox(tmp_path / "out.db", clock=clock)
    seen = []

    def answer(request):
        seen.append(request.headers["idempotency-key"])
        outbox._store._db.execute("PRAGMA query_only = 1")
        return httpx.Response(200, json={"id": "a"})

    client = face.client("http://x", outbox=outbox, transport=httpx.MockTransport(answer), clock=clock)
    client._courier.ensure = lambda: False
    assert face.deliver(client, kit.request(kit.post, body=1)).success
    assert outbox.stats().queued == 1
    outbox._store._db.execute("PRAGMA query_only = 0")
    clock.now += 120
    face.run(client.run(rounds(client)))
    assert len(seen) == 1
    assert outbox.stats().delivered == 1


@pytest.mark.promise("Redelivery by another process carries the same id")
def test_25_redelivery_by_another_process_carries_the_same_id(face, kit, tmp_path):
    seen = []

    def answer(request):
        seen.append((request.headers["idempotency-key"], request.content, request.headers.get("x-retry-attempt")))
        return httpx.Response(503 if len(seen) == 1 else 200)

    transport = httpx.MockTransport(answer)
    first = face.client("http://x", outbox=Outbox(tmp_path / "out.db", backoff=QUICK), transport=transport, retry=None)
    first._courier.ensure = lambda: False
    assert face.deliver(first, kit.request(kit.post, body={"n": 1})).durable
    second = Outbox(tmp_path / "out.db", backoff=QUICK)
    face.client("http://x", outbox=second, transport=transport)
    assert flush(face, second, 10.0) is True
    assert len(set(seen)) == 2
    assert [attempt for _, _, attempt in seen] == [None, "2"]
    assert len({key for key, _, _ in seen}) == 1


def test_25_a_file_of_a_later_version_is_left_alone(tmp_path):
    path = tmp_path / "out.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    outbox = Outbox(path)
    receipt = outbox.store(call(1))
    assert (receipt.kept, receipt.durable) == (True, False)
    assert "version 99" in receipt.reason
    assert Client is not None
