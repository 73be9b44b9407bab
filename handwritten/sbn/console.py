"""Projects, API keys, usage, billing and webhooks, as the developer console shows them."""

from __future__ import annotations

from typing import Any

from sbn_calls import console as calls
from sbn_calls.constants import PLANS
from sbn_calls.records import ApiKeyLimits, ApiKeyRecord, ProjectUsage
from wirewright.calls import Call, Reply, Request, is_array, is_object

from sbn._faces import AsyncSubClient, SubClient

__all__ = ["PLANS", "ApiKeyLimits", "ApiKeyRecord", "AsyncConsoleClient", "ConsoleClient", "ProjectUsage"]


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
