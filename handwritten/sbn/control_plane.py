"""Rate plans, tenants and validators of the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sbn_calls import control_plane as calls
from wirewright.calls import Call, Reply

from sbn._faces import AsyncSubClient, SubClient
from sbn._models import Record, mapping, number, records, required, text

R = TypeVar("R", bound=Record)


@dataclass(slots=True)
class RatePlan(Record):
    """What a tenant may do per day and minute."""

    id: str = field(metadata=required("id"))
    name: str = field(metadata=required("name"))
    sla_tier: str = field(metadata=text("sla_tier", default=""))
    daily_quota: int = field(metadata=number("daily_quota"))
    burst_limit_per_minute: int = field(metadata=number("burst_limit_per_minute"))
    description: str | None = None
    created_at: str | None = None


@dataclass(slots=True)
class TenantSummary(Record):
    """A tenant at a glance."""

    id: str = field(metadata=required("id"))
    name: str = field(metadata=required("name"))
    status: str = field(metadata=text("status", default="provisioning"))
    rate_plan_id: str = field(metadata=text("rate_plan_id", default=""))
    sla_tier: str = field(metadata=text("sla_tier", default=""))
    aggregator_endpoint: str = field(metadata=text("aggregator_endpoint", default=""))
    validator_count: int = field(default=0, metadata=number("validator_count"))


@dataclass(slots=True)
class Validator(Record):
    """A validator of a tenant."""

    validator_id: str = field(metadata=required("validator_id"))
    endpoint: str = field(metadata=required("endpoint"))
    status: str = field(metadata=text("status", default="registered"))
    region: str | None = None
    registered_at: str | None = None
    last_seen_at: str | None = None


def _plan(data: Mapping[str, Any]) -> RatePlan:
    return RatePlan.from_dict(data.get("rate_plan") or {})


def _summary(data: Mapping[str, Any]) -> TenantSummary:
    return TenantSummary.from_dict(data.get("summary") or data)


@dataclass(slots=True)
class TenantDetail(Record):
    """A tenant with its rate plan and validators."""

    tenant: dict[str, Any] = field(metadata=mapping("tenant"))
    rate_plan: RatePlan = field(metadata={"read": _plan})
    validators: list[Validator] = field(metadata=records("validators", Validator))
    summary: TenantSummary = field(metadata={"read": _summary})


def _one(kind: type[R]) -> Callable[[Reply], R]:
    return lambda reply: kind.from_dict(reply.json())


def _many(kind: type[R]) -> Callable[[Reply], list[R]]:
    return lambda reply: [kind.from_dict(item) for item in reply.json()]


class ControlPlaneMethods:
    """Rate plans, tenants and validators."""

    list_rate_plans = Call(calls.list_rate_plans, _many(RatePlan))
    create_rate_plan = Call(calls.create_rate_plan, _one(RatePlan))
    list_tenants = Call(calls.list_tenants, _many(TenantSummary))
    get_tenant = Call(calls.get_tenant, _one(TenantDetail))
    create_tenant = Call(calls.create_tenant, _one(TenantDetail))
    update_tenant_rate_plan = Call(calls.update_tenant_rate_plan, _one(TenantDetail))
    list_validators = Call(calls.list_validators, _many(Validator))
    register_validator = Call(calls.register_validator, _one(Validator))
    heartbeat_validator = Call(calls.heartbeat_validator, _one(Validator))


class ControlPlaneClient(ControlPlaneMethods, SubClient):
    """Rate plans, tenants and validators."""


class AsyncControlPlaneClient(ControlPlaneMethods, AsyncSubClient):
    """Rate plans, tenants and validators, async."""
