"""Projects, API keys, usage, billing and webhooks, as the developer console shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sbn_calls import console as calls
from wirewright.calls import Call, Reply, Request, is_array, is_object

from sbn._faces import AsyncSubClient, SubClient
from sbn._models import Record, flag, items, raw, text

PLANS: Mapping[str, Mapping[str, Any]] = {
    "sandbox": {
        "title": "Sandbox",
        "price": "Free",
        "limits": {"attestations": 5_000, "snapchore_events": 25_000, "facts_reads": 100_000},
    },
    "builder": {
        "title": "Builder",
        "price": "$49/mo",
        "limits": {"attestations": 100_000, "snapchore_events": 1_000_000, "facts_reads": 2_000_000},
    },
    "network": {
        "title": "Network",
        "price": "Custom",
        "limits": {"attestations": None, "snapchore_events": None, "facts_reads": None},
    },
}
"""The plans, for people; None means no limit. Limits are per calendar month."""


@dataclass(slots=True)
class ApiKeyLimits(Record):
    """Monthly limits of a key; None means no limit."""

    attestations_per_month: int | None
    snapchore_events_per_month: int | None
    facts_reads_per_month: int | None


def _limits(data: Mapping[str, Any]) -> ApiKeyLimits:
    return ApiKeyLimits.from_dict(data.get("limits") or {})


@dataclass(slots=True)
class ApiKeyRecord(Record):
    """An API key, without its secret."""

    id: str = field(metadata=text("id"))
    project_id: str = field(metadata=text("project_id", "projectId"))
    label: str = field(metadata=text("label", default=""))
    prefix: str = field(metadata=text("prefix", default=""))
    scopes: list[str] = field(metadata=items("scopes"))
    plan: str = field(metadata=text("plan", default="sandbox"))
    revoked: bool = field(metadata=flag("revoked"))
    limits: ApiKeyLimits = field(metadata={"read": _limits})
    rate: str = field(metadata=text("rate", default=""))
    default_frontier: str | None = field(default=None, metadata=raw("default_frontier", "defaultFrontier"))
    allowed_frontiers: list[str] | None = field(default=None, metadata=raw("allowed_frontiers", "allowedFrontiers"))


@dataclass(slots=True)
class ProjectUsage(Record):
    """Usage of a calendar month by key."""

    project_id: str = field(metadata=text("project_id", default=""))
    month: str = field(metadata=text("month", default=""))
    keys: list[dict[str, Any]] = field(metadata=items("keys"))


def _array(reply: Reply, name: str) -> list[Any]:
    """A bare array, or the named array of an object."""
    body = reply.json()
    found = body.get(name) if is_object(body) else body
    return found if is_array(found) else []


def _keys(reply: Reply) -> list[ApiKeyRecord]:
    return [ApiKeyRecord.from_dict(item) for item in _array(reply, "keys")]


def _list_api_keys(project_id: str | None = None) -> Request[Any]:
    """List the API keys of a project; without an id, of the caller's own."""
    return calls.list_api_keys(project_id) if project_id else calls.list_own_api_keys()


def _get_usage(project_id: str | None = None) -> Request[Any]:
    """Read usage by API key of a project; without an id, of the caller's own."""
    return calls.get_usage(project_id) if project_id else calls.get_own_usage()


class ConsoleMethods(calls.ConsoleCalls):
    """Projects, API keys, usage, billing and webhooks."""

    list_api_keys = Call(_list_api_keys, _keys)
    get_usage = Call(_get_usage, ProjectUsage.of)
    get_key_events = Call(calls.get_key_events, lambda reply: _array(reply, "events"))


class ConsoleClient(ConsoleMethods, SubClient):
    """Projects, API keys, usage, billing and webhooks."""


class AsyncConsoleClient(ConsoleMethods, AsyncSubClient):
    """Projects, API keys, usage, billing and webhooks, async."""
