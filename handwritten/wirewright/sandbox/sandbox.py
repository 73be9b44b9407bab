"""`Sandbox`: the server of a protocol, or of any spec, in this process."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, overload

from wirewright.contract.document import SpecDocument
from wirewright.sandbox.app import App, Conduct
from wirewright.sandbox.clock import SYSTEM_CLOCK, Clock
from wirewright.sandbox.faults import Faults
from wirewright.sandbox.loading import load_document
from wirewright.sandbox.recording import Exchange, Recording
from wirewright.sandbox.rules import Rules, Setting
from wirewright.sandbox.server import HttpServer, listen

T = TypeVar("T")


class ContractBrokenError(AssertionError):
    """A sandbox with `verify=True` gave answers that its spec does not allow."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self.exchanges = exchanges
        lines = [
            f"{e.method} {e.target} -> {e.status}: {problem}" for e in exchanges for problem in e.answer_problems[:3]
        ]
        super().__init__("the sandbox broke its own contract:\n  " + "\n  ".join(lines[:20]))


class Sandbox:
    """A server with rules. `with` runs it in a thread of its own, `async with` in the running event loop.

        with Sandbox("syncropel", version="0.7") as sandbox:
            client = Client(endpoint=sandbox.url, ...)
            sandbox.faults.fail_next(2, only="POST")
            assert sandbox.requests.of("emit_record")

    `data` is a path or SQLAlchemy URL that the rules may keep their state in. `chaos` is a fault specification (see
    `wirewright.sandbox.faults`). With `verify=True` every answer is checked against the spec, and leaving the `with`
    block raises ContractBrokenError if one was not allowed. `security=True` refuses (401) requests without the
    documented credentials. `seed` makes ids and faults reproducible, `keep` is the number of exchanges remembered,
    `seen` is called with each. Further keyword arguments are the options of the protocol's rules. `serve=False` opens
    no port: use `transport()`.
    """

    def __init__(
        self,
        protocol: str | None = None,
        version: str | None = None,
        *,
        document: SpecDocument | None = None,
        rules: type[Rules] | None = None,
        data: str | Path | None = None,
        clock: Clock | None = None,
        chaos: str = "",
        verify: bool = False,
        security: bool = False,
        seed: int | None = None,
        keep: int = 1000,
        host: str = "127.0.0.1",
        port: int = 0,
        serve: bool = True,
        seen: Callable[[Exchange], None] | None = None,
        **options: Any,
    ) -> None:
        if protocol is not None:
            from wirewright.protocols import find_protocol

            found = find_protocol(protocol)
            version = found.version(version)
            document = document or found.document(version)
            rules = rules or found.rules(version)
        if document is None:
            raise TypeError(
                "Sandbox needs the name of a protocol or a document; for a file use Sandbox.from_spec(path)"
            )
        self.protocol = protocol
        self.version = version or str(document.raw.get("info", {}).get("version", ""))
        self._setting = Setting(
            document,
            self.version,
            None if data is None else str(data),
            clock or SYSTEM_CLOCK,
            seed,
            options,
        )
        self._rules_type = rules or Rules
        self._faults = Faults(chaos, seed)
        self._conduct = Conduct(keep, verify, security, seen)
        self._host, self._port, self._serve = host, port, serve
        self._app: App | None = None
        self._server: HttpServer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ended: asyncio.Event | None = None

    @classmethod
    def from_spec(
        cls, spec: str | Path | Mapping[str, Any], *, rules: type[Rules] | None = None, **settings: Any
    ) -> Self:
        """A sandbox for any spec: a file, or a canonical document. Without rules: examples and made-up values."""
        return cls(document=load_document(spec), rules=rules, **settings)

    # What a test looks at ------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end; `http://sandbox` when it does not."""
        if not self._serve:
            return "http://sandbox"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{'127.0.0.1' if host in {'0.0.0.0', ''} else host}:{self._port}"  # noqa: S104

    @property
    def app(self) -> App:
        """The ASGI application. Raises RuntimeError before the start."""
        if self._app is None:
            raise RuntimeError("the sandbox is not running: use it in a with block")
        return self._app

    @property
    def rules(self) -> Any:
        """The present state; another one after a reset. Its methods must run in the sandbox's loop: see `call`."""
        return self.app.rules

    @property
    def document(self) -> SpecDocument:
        return self._setting.document

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop it runs in, when it runs."""
        return self._loop

    @property
    def clock(self) -> Clock:
        return self._setting.clock

    @property
    def requests(self) -> Recording:
        """The last exchanges, oldest first."""
        return self.app.recording

    @property
    def faults(self) -> Faults:
        """What goes wrong, from now on."""
        return self._faults

    @overload
    def call(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any, timeout: float = 10) -> T: ...
    @overload
    def call(self, function: Callable[..., T], *args: Any, timeout: float = 10) -> T: ...
    def call(self, function: Callable[..., Any], *args: Any, timeout: float = 10) -> Any:
        """Runs a function in the sandbox's loop, from another thread, and answers its result."""

        async def run() -> Any:
            result = function(*args)
            return await result if inspect.iscoroutine(result) else result

        return self._submit(run()).result(timeout)

    def reset(self) -> None:
        """A fresh state, as `POST /_sandbox/reset`. From the sandbox's own loop: `await sandbox.app.reset()`."""
        self.call(self.app.reset)

    def transport(self) -> Any:
        """An in-process transport for `httpx.Client`, `httpx.AsyncClient` and the clients of `wirewright`."""
        from wirewright.sandbox.inprocess import SandboxTransport

        return SandboxTransport(self)

    # Life ----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Starts in the running event loop."""
        self._loop = asyncio.get_running_loop()
        app = App(self._rules_type, self._setting, self._faults, self._conduct)
        sock = listen(self._host, self._port) if self._serve else None
        try:
            await app.start()
        except BaseException:
            if sock is not None:
                sock.close()
            raise
        self._app = app
        if sock is not None:
            self._port = sock.getsockname()[1]
            self._server = HttpServer(app, sock, websockets=bool(app.rules.sockets))
            await self._server.start()

    async def stop(self) -> None:
        """Ends open streams with their farewell, stops the rules, frees the port."""
        if self._app is not None:
            await self._app.stop()
        if self._server is not None:
            await self._server.stop()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        self._judge(error)

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="wirewright-sandbox", daemon=True)
        self._thread.start()
        ready.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._judge(error)

    def close(self) -> None:
        """Stops a sandbox that runs in a thread."""
        if self._thread is not None and self._loop is not None and self._ended is not None:
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(10)
            self._thread = None

    def _run(self, ready: Future[None]) -> None:
        async def live() -> None:
            self._ended = ended = asyncio.Event()
            try:
                await self.start()
            except BaseException as error:
                ready.set_exception(error)
                return
            ready.set_result(None)
            await ended.wait()
            await self.stop()

        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(live())

    def _submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        if self._loop is None:
            work.close()
            raise RuntimeError("the sandbox is not running: use it in a with block")
        if self._thread is None or threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("this would block the sandbox's own event loop; call the function directly")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _judge(self, error: BaseException | None) -> None:
        if self._conduct.verify and error is None and self._app is not None:
            broken = self._app.recording.broken_answers()
            if broken:
                raise ContractBrokenError(broken)

    def wait_for(self, condition: Callable[[], bool], timeout: float = 5.0) -> bool:
        """Waits, from another thread, until something holds in the sandbox; False when it did not in time."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)
        return True


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
