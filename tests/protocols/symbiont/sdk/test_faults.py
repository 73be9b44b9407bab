"""Networks and servers that break: every call ends, with its value or with an error that is promised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError
from symbiont import AsyncClient, Client
from symbiont.exceptions import APIError, SymbiontError
from wirewright.sandbox import Sandbox

TOKEN = "sandbox-token"
FAULTS = [
    "status=503", "status=429", "reset", "reset=mid", "drop", "truncate", "truncate=5b", "silence=200ms", "slice=1b",
    "slow_close=50ms", "html", "empty", "garble", "latency=20ms",
]  # fmt: skip


@pytest.fixture
def faulty(sandbox: Sandbox) -> Iterator[Sandbox]:
    sandbox.reset()
    yield sandbox
    sandbox.faults.clear()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.promise("Symbiont: under every fault a call ends with its value or a documented error")
async def test_every_call_ends_as_promised(fault: str, faulty: Sandbox) -> None:
    settings: dict[str, Any] = {
        "api_key": TOKEN, "base_url": f"{faulty.url}/api/v1", "timeout": 0.15, "max_retries": 1,
    }  # fmt: skip
    faulty.faults.add(f"{fault},seed=1")

    with Client(**settings) as client:
        for call in (client.health_check, client.list_agents, client.schedules.list_schedules):
            try:
                call()
            except (SymbiontError, ValidationError):
                continue
    async with AsyncClient(**settings) as other:
        for later in (other.health_check, other.list_agents, other.schedules.list_schedules):
            try:
                await later()
            except (SymbiontError, ValidationError):
                continue


def test_a_connection_that_is_dropped_once_is_made_again(faulty: Sandbox, no_waiting: list[float]) -> None:
    with Client(api_key=TOKEN, base_url=f"{faulty.url}/api/v1") as client:
        client.health_check()
        faulty.faults.add("drop=x2")

        assert client.health_check().status == "healthy"


def test_a_status_that_passes_is_waited_for_where_that_is_asked(faulty: Sandbox) -> None:
    from symbiont.config import ClientConfig

    config = ClientConfig(api_key=TOKEN, base_url=f"{faulty.url}/api/v1", retry_statuses=frozenset({503}))
    faulty.faults.add("status=503x2")
    with Client(config) as client:
        assert client.health_check().status == "healthy"
    faulty.faults.add("status=503x2")
    with Client(api_key=TOKEN, base_url=f"{faulty.url}/api/v1") as client, pytest.raises(APIError):
        client.health_check()
