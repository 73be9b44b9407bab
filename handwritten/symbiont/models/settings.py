"""Settings and tokens as plain values. `symbiont.config` has the settings that read the environment."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from symbiont.models._base import Model


class ClientConfig(Model):
    """Settings of a client. `timeout` in seconds."""

    api_key: str | None = Field(default=None, repr=False)
    base_url: str = "http://localhost:8080/api/v1"
    timeout: int = 30
    max_retries: int = 3
    enable_caching: bool = True
    enable_metrics: bool = True
    enable_debug: bool = False


class DatabaseConfig(Model):
    """A database."""

    host: str = "localhost"
    port: int = 5432
    database: str = "symbiont"
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    ssl_mode: str = "prefer"
    connection_timeout: int = 30
    max_connections: int = 20


class AuthConfig(Model):
    """Local tokens. Lifetimes in seconds."""

    jwt_secret_key: str | None = Field(default=None, repr=False)
    jwt_algorithm: str = "HS256"
    jwt_expiration_seconds: int = 3600
    jwt_refresh_expiration_seconds: int = 86400
    api_key_header: str = "Authorization"
    enable_refresh_tokens: bool = True
    token_issuer: str = "symbiont"
    token_audience: str = "symbiont-api"


class VectorConfig(Model):
    """A vector database."""

    provider: str = "qdrant"
    host: str = "localhost"
    port: int = 6333
    collection_name: str = "symbiont_vectors"
    vector_size: int = 1536
    distance_metric: str = "cosine"
    enable_indexing: bool = True
    batch_size: int = 100


class LoggingConfig(Model):
    """Logging."""

    level: str = "INFO"
    format: str = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"
    file_path: str | None = None
    enable_console: bool = True
    enable_structured: bool = False
    max_file_size: str = "10MB"
    backup_count: int = 5


class JWTToken(Model):
    """A token and whom it names."""

    token: str = Field(repr=False)
    token_type: str
    expires_at: datetime
    issued_at: datetime
    user_id: str
    roles: list[str] = Field(default_factory=list[str])


class AuthResponse(Model):
    """The result of signing in. `expires_in` in seconds."""

    user_id: str
    access_token: str = Field(repr=False)
    refresh_token: str | None = Field(default=None, repr=False)
    token_type: str = "Bearer"
    expires_in: int
    roles: list[str] = Field(default_factory=list[str])
    permissions: list[str] = Field(default_factory=list[str])


class TokenRefreshRequest(Model):
    """A refresh token to be exchanged."""

    refresh_token: str = Field(repr=False)


class TokenRefreshResponse(Model):
    """A new access token."""

    access_token: str = Field(repr=False)
    token_type: str = "Bearer"
    expires_in: int


class UserPermissions(Model):
    """What a user may do."""

    user_id: str
    roles: list[str]
    permissions: list[str]
    is_active: bool = True


class RoleDefinition(Model):
    """A role and what it permits."""

    name: str
    permissions: list[str]
    description: str | None = None
    expires_at: datetime | None = None
