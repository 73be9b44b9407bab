"""A runtime that answers what a test tells it to, and the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from symbiont import AsyncClient, Client
from wirewright.errors import ConnectError, ConnectionLost
from wirewright.messages import Headers, HttpRequest, HttpResponse

TOKEN = "sandbox-token"
BASE_URL = "http://runtime.test/api/v1"


class Runtime:
    """Answers with what is queued (the last one for ever), and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self._answers: list[Callable[[], HttpResponse]] = [lambda: self.response(200, {})]

    @staticmethod
    def response(status: int, body: Any = b"") -> HttpResponse:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return HttpResponse(status, Headers([("content-type", "application/json")]), content)

    def answers(self, *answers: Any) -> None:
        """Each a JSON value (200), `(status, body)`, or an exception."""
        self._answers = [self._made(answer) for answer in answers]

    def _made(self, answer: Any) -> Callable[[], HttpResponse]:
        if isinstance(answer, Exception):

            def fail() -> HttpResponse:
                raise answer

            return fail
        return lambda: self.response(*answer) if isinstance(answer, tuple) else self.response(200, answer)

    def answer(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])()

    @property
    def last(self) -> HttpRequest:
        return self.requests[-1]

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.target}" for request in self.requests]

    @property
    def body(self) -> Any:
        content = self.last.content
        return json.loads(content) if isinstance(content, bytes) and content else None


class SyncTransport:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.closed = 0

    def send(self, request: HttpRequest) -> HttpResponse:
        return self._runtime.answer(request)

    def close(self) -> None:
        self.closed += 1


class AsyncTransport:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.closed = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        return self._runtime.answer(request)

    async def aclose(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in list(os.environ):
        if name.upper().startswith("SYMBIONT_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between attempts, taken as passed."""
    pauses: list[float] = []

    async def apause(self: Any, seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("wirewright.clock.SystemClock.sleep", lambda self, seconds, until=None: pauses.append(seconds))
    monkeypatch.setattr("wirewright.clock.SystemClock.asleep", apause)
    return pauses


@pytest.fixture
def runtime() -> Runtime:
    return Runtime()


@pytest.fixture
def make(runtime: Runtime) -> Callable[..., Client]:
    """A client of that runtime."""

    def made(*args: Any, **settings: Any) -> Client:
        known = {"api_key": TOKEN, "base_url": BASE_URL, "transport": SyncTransport(runtime)}
        return Client(*args, **{**known, **settings})

    return made


@pytest.fixture
def client(make: Callable[..., Client]) -> Client:
    return make()


@pytest.fixture
def async_client(runtime: Runtime) -> AsyncClient:
    return AsyncClient(api_key=TOKEN, base_url=BASE_URL, transport=AsyncTransport(runtime))


@pytest.fixture
def refused() -> ConnectError:
    return ConnectError("no connection", sent=False)


@pytest.fixture
def lost() -> ConnectionLost:
    return ConnectionLost("the connection broke")


@pytest.fixture(scope="session")
def calls() -> Any:
    """The table of calls; see `calls.py`."""
    return _loaded("calls")


@pytest.fixture(scope="session")
def record() -> Any:
    """The recorder; see `record.py`."""
    return _loaded("record")


def _loaded(name: str) -> Any:
    import importlib.util
    import sys

    path = Path(__file__).with_name(f"{name}.py")
    if name == "record":
        sys.modules.setdefault("calls", _loaded("calls"))
    spec = importlib.util.spec_from_file_location(f"symbiont_sdk_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Any]:
    """The sandbox in the profile that serves everything, over real HTTP."""
    from wirewright.sandbox import Sandbox

    with Sandbox("symbiont", profile="sdk", token=TOKEN) as running:
        yield running
