"""Metrics: snapshots, exporters, the collector (protocol sheet, section 13)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from symbiont import Client, CompositeExporter, FileMetricsExporter, MetricsCollector, MetricsSnapshot
from symbiont.exceptions import APIError, MetricsExportError
from symbiont.metrics import (
    FileExporterConfig,
    MetricsExporter,
    OtlpExporter,
    OtlpExporterConfig,
    OtlpProtocol,
    SchedulerMetrics,
    SystemResourceMetrics,
)

SNAPSHOT = MetricsSnapshot(
    "2026-01-01T00:00:00+00:00",
    scheduler=SchedulerMetrics(jobs_total=1),
    system=SystemResourceMetrics(cpu_usage_percent=1.5),
)
COMPACT = (
    '{"timestamp":"2026-01-01T00:00:00+00:00","scheduler":{"jobs_total":1,"jobs_active":0,"jobs_paused":0,'
    '"runs_total":0,"runs_succeeded":0,"runs_failed":0},"system":{"cpu_usage_percent":1.5,"memory_usage_bytes":0,'
    '"memory_usage_percent":0.0,"disk_usage_bytes":0,"disk_usage_percent":0.0}}'
)


class Collecting(MetricsExporter):
    """Keeps what it is given, and may fail."""

    def __init__(self, *failures: Exception) -> None:
        self.seen: list[MetricsSnapshot] = []
        self.failures = list(failures)
        self.arrived = threading.Semaphore(0)
        self.is_shut = False

    def export(self, snapshot: MetricsSnapshot) -> None:
        self.seen.append(snapshot)
        self.arrived.release()
        if self.failures:
            raise self.failures.pop(0)

    def shutdown(self) -> None:
        self.is_shut = True


# Snapshots and files -------------------------------------------------------------------------------------------------


def test_a_snapshot_is_plain_values_and_back() -> None:
    assert MetricsSnapshot.from_dict(SNAPSHOT.to_dict()) == SNAPSHOT
    assert list(SNAPSHOT.to_dict()) == ["timestamp", "scheduler", "system"]


def test_what_a_newer_runtime_measures_is_left_out() -> None:
    found = MetricsSnapshot.from_dict({"timestamp": "t", "scheduler": {"jobs_total": 2, "new": 1}, "system": None})

    assert found == MetricsSnapshot("t", scheduler=SchedulerMetrics(jobs_total=2))


def test_the_file_is_that_of_the_original_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "metrics.json"

    FileMetricsExporter(FileExporterConfig(str(path))).export(SNAPSHOT)

    assert path.read_text() == COMPACT


@pytest.mark.parametrize("form", [str, Path])
def test_an_exporter_takes_a_path_too_and_overwrites(form: Any, tmp_path: Path) -> None:
    exporter = FileMetricsExporter(form(tmp_path / "m.json"))

    exporter.export(MetricsSnapshot("first"))
    exporter.export(SNAPSHOT)
    exporter.shutdown()

    assert (tmp_path / "m.json").read_text() == COMPACT
    assert [path.name for path in tmp_path.iterdir()] == ["m.json"]


def test_the_file_may_be_for_people(tmp_path: Path) -> None:
    FileMetricsExporter(FileExporterConfig(str(tmp_path / "m.json"), compact=False)).export(SNAPSHOT)

    assert (tmp_path / "m.json").read_text() == json.dumps(json.loads(COMPACT), indent=2)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(MetricsExportError) as caught:
        FileMetricsExporter(str(tmp_path / "file" / "m.json")).export(SNAPSHOT)

    assert caught.value.backend == "file"


# Several exporters ---------------------------------------------------------------------------------------------------


def test_several_fail_together_only_when_all_do() -> None:
    good, bad, worse = Collecting(), Collecting(OSError("a"), OSError("b")), Collecting(OSError("c"))

    CompositeExporter([bad, good]).export(SNAPSHOT)
    CompositeExporter([]).export(SNAPSHOT)
    with pytest.raises(MetricsExportError) as caught:
        CompositeExporter([bad, worse]).export(SNAPSHOT)

    assert (len(good.seen), caught.value.backend) == (1, "composite")


def test_shutting_down_goes_on_past_failures() -> None:
    class Stubborn(Collecting):
        def shutdown(self) -> None:
            raise OSError("no")

    last = Collecting()
    CompositeExporter([Stubborn(), last]).shutdown()

    assert last.is_shut


# OTLP ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def otlp_server() -> Iterator[Any]:
    """Takes OTLP over HTTP; `bodies`, `headers`, and the `status` to answer with."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server: Any = self.server
            server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            server.seen.append((self.path, dict(self.headers)))
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server: Any = HTTPServer(("127.0.0.1", 0), Handler)
    server.bodies, server.seen, server.status = [], [], 200
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_figures_are_sent_as_gauges(otlp_server: Any) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    config = OtlpExporterConfig(
        f"http://127.0.0.1:{otlp_server.server_port}", OtlpProtocol.HTTP, {"x-key": "secret"}, timeout_seconds=2
    )
    exporter = OtlpExporter(config)
    exporter.export(SNAPSHOT)
    exporter.shutdown()

    [(path, headers)] = otlp_server.seen
    assert (path, headers["x-key"]) == ("/v1/metrics", "secret")
    import gzip

    body = otlp_server.bodies[0]
    sent = ExportMetricsServiceRequest.FromString(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)
    metrics = sent.resource_metrics[0].scope_metrics[0].metrics
    values = {metric.name: metric.gauge.data_points[0].as_double for metric in metrics}
    assert values["symbiont.scheduler.jobs_total"] == 1
    assert values["symbiont.system.cpu_usage_percent"] == 1.5
    assert "secret" not in repr(config)


def test_a_collector_that_refuses_is_an_export_error(otlp_server: Any) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    otlp_server.status = 400
    exporter = OtlpExporter(OtlpExporterConfig(f"http://127.0.0.1:{otlp_server.server_port}", OtlpProtocol.HTTP))

    with pytest.raises(MetricsExportError) as caught:
        exporter.export(SNAPSHOT)
    exporter.shutdown()

    assert caught.value.backend == "otlp"


# The collector -------------------------------------------------------------------------------------------------------


def test_the_collector_exports_at_once_and_then_every_interval(client: Client, runtime: Any) -> None:
    runtime.answers({"scheduler": {"jobs_total": 4}})
    exporter = Collecting(OSError("a first failure is no end"))

    with MetricsCollector(client.metrics_client, exporter, interval_seconds=0.01) as collector:
        collector.start()  # runs already
        for _ in range(3):
            assert exporter.arrived.acquire(timeout=5)

    assert exporter.is_shut
    assert exporter.seen[0].scheduler == SchedulerMetrics(jobs_total=4)
    count = len(exporter.seen)
    assert not exporter.arrived.acquire(timeout=0.05) or count == len(exporter.seen)


@pytest.mark.parametrize(
    "collector_of",
    [
        MetricsCollector,
        lambda exporter: MetricsCollector(exporter, 60),
        lambda exporter: MetricsCollector(exporter=exporter, interval_seconds=60),
    ],
    ids=["an exporter", "and an interval", "by name"],
)
def test_the_older_form_tells_that_the_program_is_alive(collector_of: Any) -> None:
    exporter = Collecting()
    collector = collector_of(exporter)
    collector.start()
    assert exporter.arrived.acquire(timeout=5)
    collector.stop()
    collector.start()
    assert exporter.arrived.acquire(timeout=5)
    collector.stop()

    assert (collector.interval_seconds, exporter.seen[0].system) == (60, SystemResourceMetrics())


def test_a_collector_without_an_exporter_is_refused(client: Client) -> None:
    with pytest.raises(TypeError):
        MetricsCollector(client.metrics_client)
    with pytest.raises(TypeError):
        MetricsCollector()


def test_what_the_originals_page_shows_works(client: Client, runtime: Any, tmp_path: Path) -> None:
    runtime.answers({"scheduler": {"jobs_total": 4}})
    snapshot = client.metrics_client.get_metrics_snapshot()
    exporter = FileMetricsExporter(file_path=str(tmp_path / "metrics.json"))
    CompositeExporter([exporter]).export(snapshot)
    exporter.export(snapshot)
    assert json.loads((tmp_path / "metrics.json").read_text())["scheduler"]["jobs_total"] == 4
    collecting = Collecting()
    collector = MetricsCollector(collecting, interval_seconds=60)

    collector.start(client.metrics_client.get_metrics_snapshot)
    assert collecting.arrived.acquire(timeout=5)
    collector.stop()

    assert collecting.seen[0].scheduler == SchedulerMetrics(jobs_total=4)
    with pytest.raises(TypeError):
        FileMetricsExporter()


def test_an_exporter_is_what_exports() -> None:
    double = Mock()

    assert MetricsCollector(double, 5).exporter is double


def test_where_a_runtime_makes_no_snapshot_one_is_made_of_its_figures(client: Client, runtime: Any) -> None:
    nested = {"agents": {"running": 2, "idle": 1, "error": 3, "total": 6}, "system": {"cpu_usage": 0.5}}
    runtime.answers((404, b""), nested)

    found = client.metrics_client.collect()

    assert found.task_manager is not None
    assert (found.task_manager.tasks_active, found.task_manager.tasks_failed) == (2, 3)
    assert found.system == SystemResourceMetrics(cpu_usage_percent=0.5)
    runtime.answers((500, b""))
    with pytest.raises(APIError):
        client.metrics_client.collect()


async def test_the_async_client_collects_too(async_client: Any, runtime: Any) -> None:
    runtime.answers((404, b""), {"agents": {"running": 2}, "system": {"cpu_usage": 0.5}})

    found = await async_client.metrics_client.collect()

    assert found.system == SystemResourceMetrics(cpu_usage_percent=0.5)
