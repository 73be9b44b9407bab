"""The runtime as a whole: health, figures, documents."""

from __future__ import annotations

from symbiont_api.v1_16.operations import docs, health, metrics, system
from wirewright.calls import text

from symbiont import models as m
from symbiont._calls import Method, nothing, one, whole


class SystemCalls:
    """The runtime as a whole: health, figures, documents."""

    health_check = Method(health.check_health, one(lambda: m.HealthResponse))
    check_liveness = Method(health.check_liveness, nothing)
    check_readiness = Method(health.check_readiness, nothing)
    get_status = Method(system.get_status, one(lambda: m.StatusResponse))
    get_metrics = Method(metrics.get_metrics, one(lambda: m.SystemMetrics))
    get_agents_md = Method(docs.get_agents_md, text)
    get_well_known_agents_md = Method(docs.get_well_known_agents_md, text)
    get_api_document = Method(docs.get_api_document, whole)
