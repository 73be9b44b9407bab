"""A sandbox of the network for each test, and clients of it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sbn import RetryConfig, SbnClient
from wirewright.sandbox import ManualClock, Sandbox

HERE = Path(__file__).parent
FAST = RetryConfig(backoff_factor=0.0)
CREDENTIALS = ("SBN_BASE_URL", "SBN_API_KEY", "SBN_OUTPUT_FORMAT", "ATLAS_CLIENT_ID", "ATLAS_CLIENT_SECRET")


def load(name: str) -> ModuleType:
    """A module beside the tests that also runs on its own, in other environments."""
    if f"sbn_tests_{name}" not in sys.modules:
        spec = importlib.util.spec_from_file_location(f"sbn_tests_{name}", HERE / f"{name}.py")
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    return sys.modules[f"sbn_tests_{name}"]


@pytest.fixture(scope="session")
def wire() -> ModuleType:
    """Every operation called, as data."""
    return load("wire")


@pytest.fixture(scope="session")
def command_lines() -> ModuleType:
    """Every command path, as a line."""
    return load("command_lines")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1767225600.0)


@pytest.fixture
def sandbox(clock: ManualClock) -> Iterator[Sandbox]:
    """The network, with a clock that stands still; every answer is held against the spec."""
    with Sandbox("sbn", "0.14", seed=1, clock=clock, verify=True) as running:
        yield running


@pytest.fixture
def connect(sandbox: Sandbox) -> Iterator[Callable[..., SbnClient]]:
    """Makes clients of the sandbox that do not pause between attempts."""
    made: list[Any] = []

    def make(kind: Any = SbnClient, *, key: str | None = "sbn_live_abc123", **options: Any) -> Any:
        client = kind(**{"base_url": sandbox.url, "retry": FAST, **options})
        if key:
            client.authenticate_api_key(key)
        made.append(client)
        return client

    yield make
    for client in made:
        if hasattr(client, "__exit__"):
            client.close()


@pytest.fixture
def client(connect: Callable[..., SbnClient]) -> SbnClient:
    return connect()


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests say what is in the environment."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
