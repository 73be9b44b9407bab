"""Secrets of agents. Their values are kept out of reprs and errors."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from symbiont.models._base import Model


class SecretBackendType(StrEnum):
    """Where secrets are kept."""

    VAULT = "vault"
    ENCRYPTED_FILE = "encrypted_file"
    OS_KEYCHAIN = "os_keychain"


class VaultAuthMethod(StrEnum):
    """How the runtime signs in to a vault."""

    TOKEN = "token"
    KUBERNETES = "kubernetes"
    AWS_IAM = "aws_iam"
    APPROLE = "approle"


class VaultConfig(Model):
    """How to reach a vault."""

    url: str
    auth_method: VaultAuthMethod
    token: str | None = Field(default=None, repr=False)
    role_id: str | None = Field(default=None, repr=False)
    secret_id: str | None = Field(default=None, repr=False)
    kubernetes_role: str | None = None
    aws_role: str | None = None


class SecretBackendConfig(Model):
    """Which backend keeps secrets."""

    backend_type: SecretBackendType
    vault_config: VaultConfig | None = None
    file_path: str | None = None
    encryption_key: str | None = Field(default=None, repr=False)


class SecretRequest(Model):
    """A secret to be stored."""

    agent_id: str
    secret_name: str
    secret_value: str | None = Field(default=None, repr=False)
    description: str | None = None


class SecretResponse(Model):
    """When a secret was stored."""

    secret_name: str
    agent_id: str
    created_at: datetime
    updated_at: datetime | None = None


class SecretListResponse(Model):
    """Names of an agent's secrets."""

    secrets: list[str]
    agent_id: str
