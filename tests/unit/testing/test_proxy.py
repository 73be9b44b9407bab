"""The chaos proxy: each of the eight toxics does what it says to a real connection, and a seed replays it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from wirewright.testing import (
    Bandwidth,
    ChaosProxy,
    Down,
    Latency,
    LimitData,
    ResetPeer,
    Slicer,
    SlowClose,
    Timeout,
)

DATA = bytes(range(256)) * 40


@pytest.fixture
def target() -> Iterator[tuple[str, int]]:
    """A server that answers a line with itself and 10,240 bytes, and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(sock,), daemon=True).start()

    def answer(sock: socket.socket) -> None:
        with sock, sock.makefile("rb") as file, contextlib.suppress(OSError):
            sock.sendall(file.readline() + DATA)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()
    listener.close()


class Heard:
    """What a client heard: the bytes, how many pieces, after how long, and whether it was reset."""

    def __init__(self, proxy: ChaosProxy, patience: float = 5.0) -> None:
        begun = time.monotonic()
        self.pieces: list[bytes] = []
        self.reset = self.silent = False
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=patience) as sock:
            try:
                sock.sendall(b"hello\n")
                while piece := sock.recv(65536):
                    self.pieces.append(piece)
            except ConnectionResetError:
                self.reset = True
            except TimeoutError:
                self.silent = True
        self.seconds = time.monotonic() - begun
        self.data = b"".join(self.pieces)


def through(target: tuple[str, int], *toxics: object, patience: float = 5.0, seed: int = 7) -> Heard:
    with ChaosProxy(target, *toxics, seed=seed) as proxy:  # type: ignore[arg-type]
        return Heard(proxy, patience)


def test_nothing_is_changed_without_toxics(target):
    assert through(target).data == b"hello\n" + DATA


@pytest.mark.parametrize("direction", ["upstream", "downstream"])
def test_latency(target, direction):
    heard = through(target, Latency(0.2, direction=direction))
    assert heard.data == b"hello\n" + DATA
    assert 0.2 <= heard.seconds < 2


def test_bandwidth(target):
    heard = through(target, Bandwidth(40_000))
    assert heard.data == b"hello\n" + DATA
    assert 0.2 <= heard.seconds < 2


def test_slow_close(target):
    heard = through(target, SlowClose(0.3))
    assert heard.data == b"hello\n" + DATA
    assert 0.3 <= heard.seconds < 2


def test_timeout_closes_after_a_while(target):
    heard = through(target, Timeout(0.2))
    assert (heard.data, heard.silent) == (b"", False)
    assert 0.2 <= heard.seconds < 2


def test_timeout_without_end_is_half_open_silence(target):
    heard = through(target, Timeout(), patience=0.3)
    assert (heard.data, heard.silent) == (b"", True)


def test_reset_peer(target):
    heard = through(target, Latency(5.0), ResetPeer(0.1))
    assert heard.reset
    assert heard.seconds < 2


def test_slicer(target):
    heard = through(target, Slicer(1000, variation=500, seconds=0.005))
    assert heard.data == b"hello\n" + DATA
    assert len(heard.pieces) >= 5


def test_limit_data(target):
    assert through(target, LimitData(100)).data == (b"hello\n" + DATA)[:100]


def test_down_refuses_and_comes_back_at_the_same_port(target):
    with ChaosProxy(target) as proxy:
        port = proxy.port
        proxy.add(Down())
        with pytest.raises(ConnectionRefusedError):
            Heard(proxy)
        proxy.clear()
        assert Heard(proxy).data == b"hello\n" + DATA
        assert proxy.port == port


def test_open_connections_can_be_broken(target):
    with ChaosProxy(target, Timeout()) as proxy:
        sock = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
        sock.sendall(b"hello\n")
        while not proxy.log:
            time.sleep(0.005)
        proxy.break_all()
        with sock, pytest.raises(ConnectionResetError):
            sock.recv(1)


def test_a_seed_replays_what_happened(target):
    def played(seed: int) -> list[tuple[int, str, tuple[str, ...]]]:
        with ChaosProxy(target, LimitData(50, toxicity=0.5), Slicer(500, toxicity=0.3), seed=seed) as proxy:
            lengths = [len(Heard(proxy).data) for _ in range(12)]
            assert {50, len(DATA) + 6} == set(lengths)
            return proxy.log

    assert played(3) == played(3)
    assert played(3) != played(4)


def test_a_target_that_is_gone_resets(target):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()
    with ChaosProxy(nobody) as proxy:
        assert Heard(proxy).data == b""
    assert not [thread for thread in threading.enumerate() if thread.name == "chaos-proxy"]
