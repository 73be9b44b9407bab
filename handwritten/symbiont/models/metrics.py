"""Metrics, as plain values. `symbiont.metrics` exports them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from symbiont.models._base import Model


class OtlpProtocol(StrEnum):
    """How OTLP is carried."""

    GRPC = "grpc"
    HTTP = "http"


class OtlpConfig(Model):
    """Where metrics are sent."""

    endpoint: str
    protocol: OtlpProtocol = OtlpProtocol.GRPC
    headers: dict[str, str] = Field(default_factory=dict[str, str], repr=False)
    timeout_seconds: int = 10


class FileMetricsConfig(Model):
    """Where metrics are written."""

    path: str
    compact: bool = True


class MetricsConfig(Model):
    """Which metrics are exported."""

    enabled: bool = True
    export_interval_seconds: int = 60
    otlp: OtlpConfig | None = None
    file: FileMetricsConfig | None = None


class SchedulerMetricsSnapshot(Model):
    """The scheduler at one moment."""

    jobs_total: int = 0
    jobs_active: int = 0
    jobs_paused: int = 0
    runs_total: int = 0
    runs_succeeded: int = 0
    runs_failed: int = 0


class TaskManagerMetricsSnapshot(Model):
    """The task manager at one moment."""

    tasks_active: int = 0
    tasks_queued: int = 0
    tasks_completed: int = 0
    tasks_failed: int = 0


class LoadBalancerMetricsSnapshot(Model):
    """The load balancer at one moment."""

    total_requests: int = 0
    active_connections: int = 0
    backends_healthy: int = 0
    backends_total: int = 0


class SystemResourceMetricsSnapshot(Model):
    """The machine at one moment."""

    cpu_usage_percent: float = 0.0
    memory_usage_bytes: int = 0
    memory_usage_percent: float = 0.0
    disk_usage_bytes: int = 0
    disk_usage_percent: float = 0.0


class MetricsSnapshot(Model):
    """All of it at one moment."""

    timestamp: datetime
    scheduler: SchedulerMetricsSnapshot | None = None
    task_manager: TaskManagerMetricsSnapshot | None = None
    load_balancer: LoadBalancerMetricsSnapshot | None = None
    system: SystemResourceMetricsSnapshot | None = None
