"""HTTP endpoints that lead to agents. No runtime serves these; a sandbox does."""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_10.operations import endpoints as operations
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import Json, Method, filled, many, one, whole, with_id


def create_http_endpoint(endpoint_request: m.HttpEndpointCreateRequest | Json) -> Request[Any]:
    """Create an endpoint."""
    return operations.create_http_endpoint(filled(m.HttpEndpointCreateRequest, endpoint_request))


def update_http_endpoint(endpoint_request: m.HttpEndpointUpdateRequest | Json) -> Request[Any]:
    """Change an endpoint; None leaves a field as it is."""
    return with_id(
        operations.update_http_endpoint, filled(m.HttpEndpointUpdateRequest, endpoint_request), "endpoint_id"
    )


class EndpointCalls:
    """HTTP endpoints that lead to agents. No runtime serves these; a sandbox does."""

    create_http_endpoint = Method(create_http_endpoint, one(lambda: m.HttpEndpointResponse))
    list_http_endpoints = Method(operations.list_http_endpoints, many(lambda: m.HttpEndpointInfo))
    update_http_endpoint = Method(update_http_endpoint, one(lambda: m.HttpEndpointResponse))
    delete_http_endpoint = Method(operations.delete_http_endpoint, whole)
    get_http_endpoint = Method(operations.get_http_endpoint, one(lambda: m.HttpEndpointInfo))
    get_endpoint_metrics = Method(operations.get_endpoint_metrics, one(lambda: m.EndpointMetrics))
    enable_http_endpoint = Method(operations.enable_http_endpoint, whole)
    disable_http_endpoint = Method(operations.disable_http_endpoint, whole)
