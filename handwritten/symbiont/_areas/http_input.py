"""Servers that take webhooks for agents, managed. No runtime serves these; a sandbox does."""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_10.operations import http_input_servers as operations
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import Json, Method, filled, many, one, whole, with_id


def create_http_input_server(request: m.HttpInputCreateRequest | Json) -> Request[Any]:
    """Create a server."""
    return operations.create_http_input_server(filled(m.HttpInputCreateRequest, request))


def update_http_input_server(request: m.HttpInputUpdateRequest | Json) -> Request[Any]:
    """Change a server's settings."""
    return with_id(operations.update_http_input_server, filled(m.HttpInputUpdateRequest, request), "server_id")


def trigger_webhook(request: m.WebhookTriggerRequest | Json) -> Request[Any]:
    """Send a webhook to a server by hand."""
    return with_id(operations.trigger_webhook, filled(m.WebhookTriggerRequest, request), "server_id")


class HttpInputCalls:
    """Servers that take webhooks for agents, managed. No runtime serves these; a sandbox does."""

    create_http_input_server = Method(create_http_input_server, one(lambda: m.HttpInputServerInfo))
    list_http_input_servers = Method(operations.list_http_input_servers, many(lambda: m.HttpInputServerInfo))
    get_http_input_server = Method(operations.get_http_input_server, one(lambda: m.HttpInputServerInfo))
    update_http_input_server = Method(update_http_input_server, one(lambda: m.HttpInputServerInfo))
    start_http_input_server = Method(operations.start_http_input_server, whole)
    stop_http_input_server = Method(operations.stop_http_input_server, whole)
    delete_http_input_server = Method(operations.delete_http_input_server, whole)
    trigger_webhook = Method(trigger_webhook, one(lambda: m.WebhookTriggerResponse))
    get_http_input_metrics = Method(operations.get_http_input_metrics, whole)
