"""Metrics: snapshots of a runtime, exporters, and a collector that exports in the background (protocol sheet §13).

exporter = CompositeExporter([FileMetricsExporter("metrics.json"), OtlpExporter(OtlpExporterConfig())])
collector = MetricsCollector(client.metrics_client, exporter, interval_seconds=60)
collector.start()
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, cast

from symbiont_api.v1_10.operations import metrics as operations
from wirewright.calls import Steps
from wirewright.narrow import is_mapping

from symbiont._calls import FlowMethod, Method, built, whole
from symbiont._sub import AsyncSubClient, SubClient
from symbiont.exceptions import MetricsConfigError, MetricsExportError, SymbiontError

log = logging.getLogger("symbiont.metrics")
STOP_SECONDS = 5.0


class OtlpProtocol(Enum):
    """How OTLP is carried."""

    GRPC = "grpc"
    HTTP = "http"


@dataclass
class SchedulerMetrics:
    """The scheduler at one moment."""

    jobs_total: int = 0
    jobs_active: int = 0
    jobs_paused: int = 0
    runs_total: int = 0
    runs_succeeded: int = 0
    runs_failed: int = 0


@dataclass
class TaskManagerMetrics:
    """The task manager at one moment."""

    tasks_active: int = 0
    tasks_queued: int = 0
    tasks_completed: int = 0
    tasks_failed: int = 0


@dataclass
class LoadBalancerMetrics:
    """The load balancer at one moment."""

    total_requests: int = 0
    active_connections: int = 0
    backends_healthy: int = 0
    backends_total: int = 0


@dataclass
class SystemResourceMetrics:
    """The machine at one moment."""

    cpu_usage_percent: float = 0.0
    memory_usage_bytes: int = 0
    memory_usage_percent: float = 0.0
    disk_usage_bytes: int = 0
    disk_usage_percent: float = 0.0


_SECTIONS: Mapping[str, type[Any]] = {
    "scheduler": SchedulerMetrics,
    "task_manager": TaskManagerMetrics,
    "load_balancer": LoadBalancerMetrics,
    "system": SystemResourceMetrics,
}


@dataclass
class MetricsSnapshot:
    """What was measured at one moment. `timestamp` is ISO 8601."""

    timestamp: str
    scheduler: SchedulerMetrics | None = None
    task_manager: TaskManagerMetrics | None = None
    load_balancer: LoadBalancerMetrics | None = None
    system: SystemResourceMetrics | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the sections that are None."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> MetricsSnapshot:
        """The other way round. What this version does not know is left out."""
        sections = {name: built(kind, data[name]) for name, kind in _SECTIONS.items() if is_mapping(data.get(name))}
        return cls(timestamp=data["timestamp"], **sections)


Figures = MetricsSnapshot | Mapping[str, Any]
"""A snapshot, or what a runtime answers when it is asked for one."""


def _snapshot(figures: Figures) -> MetricsSnapshot:
    if isinstance(figures, Mapping):
        return MetricsSnapshot.from_dict({"timestamp": _now(), **figures})
    return figures


# Exporters ----------------------------------------------------------------------------------------------------------


@dataclass
class OtlpExporterConfig:
    """Where OTLP metrics go. `headers` may hold credentials, so they are not shown."""

    endpoint: str = "http://localhost:4317"
    protocol: OtlpProtocol = OtlpProtocol.GRPC
    headers: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    timeout_seconds: int = 10


@dataclass
class FileExporterConfig:
    """Which file metrics are written to. `compact`: without spaces."""

    path: str = "metrics.json"
    compact: bool = True


@dataclass
class MetricsExporterConfig:
    """What is exported, and how often."""

    enabled: bool = True
    export_interval_seconds: int = 60
    otlp: OtlpExporterConfig | None = None
    file: FileExporterConfig | None = None


class MetricsExporter(ABC):
    """Takes snapshots somewhere."""

    @abstractmethod
    def export(self, snapshot: MetricsSnapshot) -> None:
        """Take one snapshot there. Raises `MetricsExportError`."""

    @abstractmethod
    def shutdown(self) -> None:
        """Let go of what is held."""


class FileMetricsExporter(MetricsExporter):
    """Writes the last snapshot to a file, replacing it in one step. Takes settings, or just a path."""

    def __init__(
        self, config: FileExporterConfig | str | Path | None = None, *, file_path: str | Path | None = None
    ) -> None:
        given = config if config is not None else file_path
        if given is None:
            raise TypeError("FileMetricsExporter needs a path")
        self.config = FileExporterConfig(str(given)) if isinstance(given, str | Path) else given

    def export(self, snapshot: Figures) -> None:
        """Write it. Raises `MetricsExportError`."""
        layout: dict[str, Any] = {"separators": (",", ":")} if self.config.compact else {"indent": 2}
        try:
            _replace(Path(self.config.path), json.dumps(_snapshot(snapshot).to_dict(), **layout))
        except OSError as error:
            raise MetricsExportError(f"Metrics cannot be written to {self.config.path}: {error}", "file") from error

    def shutdown(self) -> None:
        """Nothing is held."""


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".metrics_", suffix=".json", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


class OtlpExporter(MetricsExporter):
    """Sends every figure as a gauge, named `symbiont.<section>.<field>`.

    Needs the extra `symbiont-otlp` (OpenTelemetry); raises `MetricsConfigError` without it.
    """

    def __init__(self, config: OtlpExporterConfig) -> None:
        from symbiont._otlp import Sender

        self.config = config
        self._sender = Sender(config)

    def export(self, snapshot: Figures) -> None:
        """Send it. Raises `MetricsExportError`."""
        self._sender.send(_snapshot(snapshot))

    def shutdown(self) -> None:
        """Close the connection."""
        self._sender.close()


class CompositeExporter(MetricsExporter):
    """Several exporters as one."""

    def __init__(self, exporters: Sequence[MetricsExporter]) -> None:
        self.exporters = list(exporters)

    def export(self, snapshot: Figures) -> None:
        """Give it to all. Raises `MetricsExportError` only when all of them failed."""
        snapshot, failed = _snapshot(snapshot), 0
        for exporter in self.exporters:
            try:
                exporter.export(snapshot)
            except Exception as error:
                failed += 1
                log.warning("%s failed: %s", type(exporter).__name__, error)
        if self.exporters and failed == len(self.exporters):
            raise MetricsExportError("All exporters failed", "composite")

    def shutdown(self) -> None:
        """Shut all of them down; never raises."""
        for exporter in self.exporters:
            with contextlib.suppress(Exception):
                exporter.shutdown()


# The runtime's figures ----------------------------------------------------------------------------------------------


def _collected(self: Any) -> Steps[MetricsSnapshot]:
    """A snapshot: as the server makes one, else made from the figures that every runtime has."""
    try:
        found = yield self.get_metrics_snapshot
    except SymbiontError as error:
        if error.status_code not in {404, 405}:
            raise
        return _snapshot_of((yield self.get_metrics))
    return _snapshot(found)


class MetricsCalls:
    """What is measured. Runtimes serve `get_metrics` alone; a sandbox serves the others too."""

    get_metrics = Method(operations.get_metrics, whole)
    get_metrics_snapshot = Method(operations.get_metrics_snapshot, whole)
    get_scheduler_metrics = Method(operations.get_scheduler_metrics, whole)
    get_system_metrics = Method(operations.get_system_metrics, whole)
    export_metrics = Method(operations.export_metrics, whole)
    collect = FlowMethod(_collected)


class MetricsClient(MetricsCalls, SubClient):
    """What is measured."""


class AsyncMetricsClient(MetricsCalls, AsyncSubClient):
    """What is measured, to be awaited."""


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _snapshot_of(metrics: Mapping[str, Any]) -> MetricsSnapshot:
    """From a runtime's nested figures."""
    system: Mapping[str, Any] = metrics.get("system") or {}
    agents: Mapping[str, Any] = metrics.get("agents") or {}
    return MetricsSnapshot(
        timestamp=_now(),
        task_manager=TaskManagerMetrics(
            tasks_active=agents.get("running", 0),
            tasks_queued=agents.get("idle", 0),
            tasks_failed=agents.get("error", 0),
        ),
        system=SystemResourceMetrics(
            cpu_usage_percent=system.get("cpu_usage", 0.0), memory_usage_bytes=system.get("memory_usage", 0)
        ),
    )


class MetricsCollector:
    """Exports at once and then every `interval_seconds`, in a thread of its own.

    `MetricsCollector(client.metrics_client, exporter)` exports what the runtime measured; `MetricsCollector(exporter)`
    an empty snapshot, which tells no more than that the program is alive. Failures are logged and the next interval
    tries again.
    """

    def __init__(
        self,
        source: MetricsClient | MetricsExporter | None = None,
        exporter: MetricsExporter | float | None = None,
        interval_seconds: float = 60,
    ) -> None:
        if exporter is None or isinstance(exporter, int | float):  # the older form: (exporter, interval_seconds)
            interval_seconds = interval_seconds if exporter is None else exporter
            source, exporter = None, cast("MetricsExporter | None", source)
        if exporter is None or not callable(getattr(exporter, "export", None)):
            raise TypeError("MetricsCollector needs an exporter")
        self.exporter = exporter
        self.interval_seconds = interval_seconds
        self._collect: Callable[[], Figures] = _alive if source is None else cast("MetricsClient", source).collect
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, fetch: Callable[[], Figures] | None = None) -> None:
        """Begin. A collector that runs already goes on. `fetch`: what is exported from now on."""
        if fetch is not None:
            self._collect = fetch
        if self._thread is not None and self._thread.is_alive():
            return
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stop,), name="symbiont-metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, waiting up to 5 s for an export that is under way, and shut the exporter down."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            self._thread = None
        self.exporter.shutdown()

    def _run(self, stop: threading.Event) -> None:
        while True:
            try:
                self.exporter.export(_snapshot(self._collect()))
            except Exception as error:
                log.warning("metrics could not be exported: %s", error)
            if stop.wait(self.interval_seconds):
                return

    def __enter__(self) -> MetricsCollector:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def _alive() -> MetricsSnapshot:
    return MetricsSnapshot(_now(), system=SystemResourceMetrics())


__all__ = [
    "AsyncMetricsClient",
    "CompositeExporter",
    "FileExporterConfig",
    "FileMetricsExporter",
    "LoadBalancerMetrics",
    "MetricsClient",
    "MetricsCollector",
    "MetricsConfigError",
    "MetricsExportError",
    "MetricsExporter",
    "MetricsExporterConfig",
    "MetricsSnapshot",
    "OtlpExporter",
    "OtlpExporterConfig",
    "OtlpProtocol",
    "SchedulerMetrics",
    "SystemResourceMetrics",
    "TaskManagerMetrics",
]
