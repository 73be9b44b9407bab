"""What the fixtures of the pytest plugin are made of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from wirewright.client import AsyncClient, Client
from wirewright.contract.document import SpecDocument
from wirewright.contract.expansion import is_file
from wirewright.contract.recording import Recorder

if TYPE_CHECKING:
    from wirewright.sandbox import Sandbox


class SandboxStarter:
    """Starts sandboxes, and stops them when it is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()

    def start(self, spec: str | Path, version: str | None = None, **settings: Any) -> Sandbox:
        """A running sandbox of a protocol or a file; it checks its own answers unless told otherwise."""
        from wirewright.sandbox import Sandbox

        settings = {"verify": True} | settings
        if isinstance(spec, str) and not is_file(spec):
            sandbox = Sandbox(spec, version, **settings)
        else:
            sandbox = Sandbox.from_spec(_found(self._folder, spec), **settings)
        return self._stack.enter_context(sandbox)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


class Recorders:
    """Makes recorders, and judges what they recorded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Recorder] = []

    def make(self, spec: Any, version: str | None = None, **settings: Any) -> Recorder:
        """A recorder for a protocol, a file, a document or a running sandbox."""
        settings = {"security": False} | settings
        recorder = Recorder(self._document(spec, version), **settings)
        self._made.append(recorder)
        return recorder

    def _document(self, spec: Any, version: str | None) -> SpecDocument:
        if isinstance(spec, SpecDocument):
            return spec
        if hasattr(spec, "document"):
            document: SpecDocument = spec.document
            return document
        if isinstance(spec, str) and not is_file(spec):
            from wirewright.protocols import find_protocol

            return find_protocol(spec).document(version)
        from wirewright.sandbox.loading import load_document

        return load_document(_found(self._folder, spec))

    def assert_kept(self) -> None:
        """Raises AssertionError that names what was not the spec, on any of them."""
        for recorder in self._made:
            recorder.assert_kept()


class RecordingClient(Client):
    """A client with the recorder that listens to it."""

    recorder: Recorder


class AsyncRecordingClient(AsyncClient):
    """An async client with the recorder that listens to it."""

    recorder: Recorder


def make_client(recorder_of: Callable[..., Recorder], spec: Any, url: str | None, **settings: Any) -> RecordingClient:
    """A client whose traffic is recorded; to a sandbox by default when that is what the spec is."""
    recorder, base, transport = _parts(recorder_of, spec, url, settings)
    client = RecordingClient(base, transport=recorder.over(transport), **settings)
    client.recorder = recorder
    return client


def make_async_client(
    recorder_of: Callable[..., Recorder], spec: Any, url: str | None, **settings: Any
) -> AsyncRecordingClient:
    """The async counterpart of `make_client`."""
    recorder, base, transport = _parts(recorder_of, spec, url, settings)
    client = AsyncRecordingClient(base, transport=recorder.over_async(transport), **settings)
    client.recorder = recorder
    return client


def _parts(
    recorder_of: Callable[..., Recorder], spec: Any, url: str | None, settings: dict[str, Any]
) -> tuple[Recorder, str, Any]:
    version, strip = settings.pop("version", None), settings.pop("strip", "")
    base = url or getattr(spec, "url", None)
    if base is None:
        raise TypeError("recording_client needs a running sandbox, or a spec and the URL of its server")
    return recorder_of(spec, version, strip=strip), base, settings.pop("transport", None)


def _found(folder: Path, spec: str | Path) -> Path:
    path = folder / spec
    return path if path.exists() else Path(spec)
