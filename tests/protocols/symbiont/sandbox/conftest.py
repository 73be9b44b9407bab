"""A sandbox runtime without a port, its clock standing still until a test moves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from symbiont.testing.rules import SANDBOX_TOKEN
from wirewright.sandbox import ManualClock, Sandbox

AGENT = {"name": "reporter", "dsl": "agent reporter { }"}


class Runtime:
    """A sandbox and a client of it. Paths are under `/api/v1` unless they begin with a slash."""

    def __init__(self, sandbox: Sandbox, clock: ManualClock, http: httpx.Client) -> None:
        self.sandbox, self.clock, self.http = sandbox, clock, http

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        target = path if path.startswith("/") else f"/api/v1/{path}"
        content = {} if body is None else {"json": body}
        return self.http.request(method, target, **content, **options)

    def ok(self, method: str, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        """The JSON of an answer that succeeded; None for an empty one."""
        answer = self(method, path, body, **options)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Status and code of an answer that failed; the code of an empty one is empty."""
        answer = self(method, path, body, **options)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["code"] if answer.content else ""

    def agent(self, **members: Any) -> str:
        """A fresh agent's id."""
        return str(self.ok("POST", "agents", AGENT | members)["id"])

    def external(self, seconds: int = 10) -> str:
        mode = {"External": {"heartbeat_interval_secs": seconds}}
        return str(self.ok("POST", "agents", {"name": "crawler", "execution_mode": mode})["id"])

    def state(self, agent: str) -> str:
        return str(self.ok("GET", f"agents/{agent}/status")["state"])


Start = Callable[..., Runtime]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a sandbox: `start("1.10", profile="sdk", ...)`; every answer is checked against the spec."""
    with ExitStack() as stack:

        def run(version: str = "1.16", *, token: str | None = SANDBOX_TOKEN, **options: Any) -> Runtime:
            clock = ManualClock()
            settings = {"seed": 7, "profile": "runtime", **options}
            sandbox = stack.enter_context(
                Sandbox("symbiont", version, clock=clock, verify=True, serve=False, **settings)
            )
            headers = {"authorization": f"Bearer {token}"} if token else {}
            client = httpx.Client(base_url=sandbox.url, transport=sandbox.transport(), headers=headers)
            return Runtime(sandbox, clock, stack.enter_context(client))

        yield run


@pytest.fixture
def runtime(start: Start) -> Runtime:
    """Profile `runtime`."""
    return start()


@pytest.fixture
def sdk(start: Start) -> Runtime:
    """Profile `sdk`."""
    return start(profile="sdk")
