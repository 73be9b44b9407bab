"""The quick starts of protocols, run against their sandboxes over real HTTP: what `wirewright demo` shows.

A protocol's demo is a function from the URL of a server to an iterator that yields a short line after each step:

    def demo(url: str) -> Iterator[str]:
        client = Client(url)
        note = client.write("hello")
        yield f"wrote {note.id}"

It raises when a step does not do what it should.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from wirewright.protocols import Protocol


@dataclass(slots=True)
class DemoRun:
    """How a protocol's quick start went. `error` is None when it went well; `broken` are answers against the spec."""

    protocol: str
    title: str
    version: str
    operations: int = 0
    steps: list[str] = field(default_factory=list[str])
    calls: int = 0
    broken: list[str] = field(default_factory=list[str])
    seconds: float = 0.0
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.error is None and not self.broken

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"ok": self.ok, "seconds": round(self.seconds, 3)}


def _quiet(line: str) -> None:
    """No display."""


def run_demo(protocol: Protocol, version: str | None = None, *, on_step: Callable[[str], None] = _quiet) -> DemoRun:
    """Starts the protocol's sandbox and runs its quick start; what goes wrong is told in the result, never raised."""
    run = DemoRun(protocol.name, protocol.title, version or "")
    started = time.perf_counter()
    try:
        run.version = protocol.version(version)
        _play(protocol, run, on_step)
    except Exception as error:  # a quick start may fail in any way, and the others must still run
        run.error = f"{type(error).__name__}: {error}"
    run.seconds = time.perf_counter() - started
    return run


def _play(protocol: Protocol, run: DemoRun, on_step: Callable[[str], None]) -> None:
    from wirewright.sandbox import ContractBrokenError, Sandbox

    demo = protocol.load_demo()
    if demo is None:
        raise LookupError(f"{protocol.name} brings no demo")
    sandbox = Sandbox(
        document=protocol.document(run.version),
        rules=protocol.rules(run.version),
        version=run.version,
        verify=True,
        keep=100_000,
    )
    run.operations = len(sandbox.document.operations)
    try:
        with sandbox:
            on_step(f"sandbox on {sandbox.url}")
            try:
                for line in demo(sandbox.url):
                    run.steps.append(line)
                    on_step(line)
            finally:
                run.calls = sandbox.requests.total
    except ContractBrokenError as error:
        run.broken = [f"{e.method} {e.target}: {problem}" for e in error.exchanges for problem in e.answer_problems]
