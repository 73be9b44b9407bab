"""Secrets of agents. No runtime serves these; a sandbox does."""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_10.operations import secrets as operations
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import Json, Method, filled, member, one, whole


def configure_secret_backend(config: m.SecretBackendConfig | Json) -> Request[Any]:
    """Say where secrets are kept."""
    return operations.configure_secret_backend(filled(m.SecretBackendConfig, config))


def store_secret(secret_request: m.SecretRequest | Json) -> Request[Any]:
    """Keep a secret for an agent, or replace it."""
    return operations.store_secret(filled(m.SecretRequest, secret_request))


class SecretCalls:
    """Secrets of agents. No runtime serves these; a sandbox does."""

    configure_secret_backend = Method(configure_secret_backend, whole)
    store_secret = Method(store_secret, one(lambda: m.SecretResponse))
    get_secret = Method(operations.get_secret, member("value", str))
    list_secrets = Method(operations.list_secrets, one(lambda: m.SecretListResponse))
    delete_secret = Method(operations.delete_secret, whole)
