"""Rate plans, tenants and validators of the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sbn_calls import control_plane as calls
from sbn_calls.records import RatePlan, TenantDetail, TenantSummary, Validator
from wirewright.calls import Call, Reply
from wirewright.records import Record

from sbn._faces import AsyncSubClient, SubClient

__all__ = ["AsyncControlPlaneClient", "ControlPlaneClient", "RatePlan", "TenantDetail", "TenantSummary", "Validator"]
R = TypeVar("R", bound=Record)


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
