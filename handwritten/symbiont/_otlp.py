"""Snapshots over OTLP, by OpenTelemetry's own exporters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wirewright.narrow import is_mapping

from symbiont.exceptions import MetricsConfigError, MetricsExportError

if TYPE_CHECKING:
    from symbiont.metrics import MetricsSnapshot, OtlpExporterConfig

METER = "symbiont.scheduler"


class Sender:
    """Holds the exporter and hands it one batch of gauges for each snapshot."""

    def __init__(self, config: OtlpExporterConfig) -> None:
        """Raises `MetricsConfigError` when OpenTelemetry is not installed."""
        try:
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import InMemoryMetricReader
            from opentelemetry.sdk.resources import Resource

            self._exporter = _exporter(config)
        except ImportError as error:
            raise MetricsConfigError(
                "OTLP needs OpenTelemetry: pip install 'wirewright[symbiont-otlp]'", config_field="otlp"
            ) from error
        self._timeout = config.timeout_seconds * 1000
        self._reader = InMemoryMetricReader()
        resource = Resource.create({"service.name": "symbiont-sdk", "service.namespace": "symbiont"})
        self._provider = MeterProvider([self._reader], resource=resource, shutdown_on_exit=False)
        self._meter = self._provider.get_meter(METER)
        self._gauges: dict[str, Any] = {}

    def send(self, snapshot: MetricsSnapshot) -> None:
        """Raises `MetricsExportError` when the collector does not take it."""
        from opentelemetry.sdk.metrics.export import MetricExportResult

        for name, value in _figures(snapshot):
            if name not in self._gauges:
                self._gauges[name] = self._meter.create_gauge(name)
            self._gauges[name].set(float(value))
        batch = self._reader.get_metrics_data()
        if batch is None:
            return
        if self._exporter.export(batch, timeout_millis=self._timeout) is not MetricExportResult.SUCCESS:
            raise MetricsExportError("The OTLP collector did not take the metrics", "otlp")

    def close(self) -> None:
        self._exporter.shutdown()
        self._provider.shutdown()


def _figures(snapshot: MetricsSnapshot) -> Iterator[tuple[str, float]]:
    for section, figures in snapshot.to_dict().items():
        if is_mapping(figures):
            yield from ((f"symbiont.{section}.{name}", value) for name, value in figures.items())


def _exporter(config: OtlpExporterConfig) -> Any:
    from symbiont.metrics import OtlpProtocol

    settings: dict[str, Any] = {"headers": config.headers or None, "timeout": config.timeout_seconds}
    if config.protocol is OtlpProtocol.HTTP:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as OverHttp

        return OverHttp(endpoint=_metrics_path(config.endpoint), **settings)
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as OverGrpc

    return OverGrpc(endpoint=config.endpoint, insecure=not config.endpoint.startswith("https"), **settings)


def _metrics_path(endpoint: str) -> str:
    """The path that OTLP over HTTP uses, unless the endpoint has one."""
    return endpoint if endpoint.rstrip("/").count("/") > 2 else f"{endpoint.rstrip('/')}/v1/metrics"
