"""Everything the SDK raises, rooted in `SymbiontError` (protocol sheet §16).

Messages are fixed sentences: what a server said is in `response_text`, never in `str()`.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "APIError",
    "AuthenticationError",
    "AuthenticationExpiredError",
    "CollectionNotFoundError",
    "ConfigurationError",
    "EmbeddingError",
    "EndpointConfigurationError",
    "EndpointConflictError",
    "EndpointError",
    "EndpointNotFoundError",
    "EndpointRateLimitError",
    "MemoryError",
    "MemoryRetrievalError",
    "MemoryStorageError",
    "MetricsConfigError",
    "MetricsExportError",
    "NotFoundError",
    "PermissionDeniedError",
    "QdrantConnectionError",
    "RateLimitError",
    "ReconciledInvocationError",
    "SkillLoadError",
    "SkillScanError",
    "SymbiontError",
    "TokenRefreshError",
    "VectorDatabaseError",
    "WebhookVerificationError",
]


class SymbiontError(Exception):
    """The root. `status_code`: the HTTP status behind it, None when there is none."""

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args), self.__dict__


def _restored(kind: type[SymbiontError], args: tuple[Any, ...]) -> SymbiontError:
    """An error out of a pickle, whatever its constructor takes."""
    error = kind.__new__(kind)
    error.args = args
    return error


# What the runtime answers -------------------------------------------------------------------------------------------


class APIError(SymbiontError):
    """The runtime refused, failed or could not be reached; `status_code` is None when no answer came."""

    def __init__(self, message: str, status_code: int | None, response_text: str | None = None) -> None:
        super().__init__(message, status_code)
        self.response_text = response_text


class ReconciledInvocationError(APIError):
    """409: an operator has settled this invocation, nothing was done again. `resolution` says how, if it is known."""

    def __init__(
        self, message: str, resolution: dict[str, Any] | None = None, response_text: str | None = None
    ) -> None:
        super().__init__(message, 409, response_text)
        self.resolution = resolution


class AuthenticationError(SymbiontError):
    """401: no credentials, or wrong ones."""

    def __init__(self, message: str = "Authentication failed", response_text: str | None = None) -> None:
        super().__init__(message, 401)
        self.response_text = response_text


class AuthenticationExpiredError(AuthenticationError):
    """401: the token has expired."""

    def __init__(self, message: str = "Authentication token has expired", response_text: str | None = None) -> None:
        super().__init__(message, response_text)


class TokenRefreshError(AuthenticationError):
    """There is no refresh token, or it is not good."""

    def __init__(
        self, message: str = "Failed to refresh authentication token", response_text: str | None = None
    ) -> None:
        super().__init__(message, response_text)


class PermissionDeniedError(SymbiontError):
    """403: the credentials do not reach so far. `required_permission`: the runtime's code, such as `ADMIN_REQUIRED`."""

    def __init__(
        self,
        message: str = "Insufficient permissions for this operation",
        required_permission: str | None = None,
        response_text: str | None = None,
    ) -> None:
        super().__init__(message, 403)
        self.required_permission = required_permission
        self.response_text = response_text


class NotFoundError(SymbiontError):
    """404."""

    def __init__(self, message: str = "Resource not found", response_text: str | None = None) -> None:
        super().__init__(message, 404)
        self.response_text = response_text


class RateLimitError(SymbiontError):
    """429. `retry_after`: seconds to wait, when the runtime says so."""

    def __init__(
        self,
        message: str = "Rate limit exceeded",
        response_text: str | None = None,
        *,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, 429)
        self.response_text = response_text
        self.retry_after = retry_after


class ConfigurationError(SymbiontError):
    """Settings that do not work. `config_key`: which."""

    def __init__(self, message: str, config_key: str | None = None) -> None:
        super().__init__(message)
        self.config_key = config_key


# Memory and vectors -------------------------------------------------------------------------------------------------


class MemoryError(SymbiontError):
    """The root of errors of memories."""


class MemoryStorageError(MemoryError):
    """A memory could not be kept. `storage_type`: where."""

    def __init__(self, message: str = "Memory storage error", storage_type: str | None = None) -> None:
        super().__init__(message)
        self.storage_type = storage_type


class MemoryRetrievalError(MemoryError):
    """A memory could not be read."""

    def __init__(self, message: str = "Memory retrieval error", memory_id: str | None = None) -> None:
        super().__init__(message)
        self.memory_id = memory_id


class VectorDatabaseError(SymbiontError):
    """The root of errors of vector databases."""


class QdrantConnectionError(VectorDatabaseError):
    """Qdrant could not be reached."""

    def __init__(self, message: str = "Qdrant connection error", host: str | None = None) -> None:
        super().__init__(message)
        self.host = host


class CollectionNotFoundError(VectorDatabaseError):
    """There is no such collection."""

    def __init__(self, message: str = "Vector collection not found", collection_name: str | None = None) -> None:
        super().__init__(message, 404)
        self.collection_name = collection_name


class EmbeddingError(SymbiontError):
    """A text could not be turned into a vector."""

    def __init__(self, message: str = "Embedding generation error", model: str | None = None) -> None:
        super().__init__(message)
        self.model = model


# HTTP endpoints -----------------------------------------------------------------------------------------------------


class EndpointError(SymbiontError):
    """The root of errors of HTTP endpoints."""


class EndpointNotFoundError(EndpointError):
    """404: there is no such endpoint."""

    def __init__(self, message: str = "HTTP endpoint not found", endpoint_id: str | None = None) -> None:
        super().__init__(message, 404)
        self.endpoint_id = endpoint_id


class EndpointConflictError(EndpointError):
    """409: another endpoint has this path and method."""

    def __init__(
        self, message: str = "HTTP endpoint conflict", path: str | None = None, method: str | None = None
    ) -> None:
        super().__init__(message, 409)
        self.path = path
        self.method = method


class EndpointConfigurationError(EndpointError):
    """400: the endpoint's settings do not work."""

    def __init__(self, message: str = "Invalid endpoint configuration", config_field: str | None = None) -> None:
        super().__init__(message, 400)
        self.config_field = config_field


class EndpointRateLimitError(EndpointError):
    """429: the endpoint takes no more for now."""

    def __init__(self, message: str = "Endpoint rate limit exceeded", endpoint_id: str | None = None) -> None:
        super().__init__(message, 429)
        self.endpoint_id = endpoint_id


# On this side -------------------------------------------------------------------------------------------------------


class WebhookVerificationError(SymbiontError):
    """The signature of a webhook is missing or wrong. `header_name`: the header, in lower case."""

    def __init__(self, message: str = "Webhook verification failed", header_name: str | None = None) -> None:
        super().__init__(message)
        self.header_name = header_name


class SkillLoadError(SymbiontError):
    """A skill could not be loaded, or is not trusted."""

    def __init__(self, message: str = "Skill load error", skill_path: str | None = None) -> None:
        super().__init__(message)
        self.skill_path = skill_path


class SkillScanError(SymbiontError):
    """A skill holds something dangerous."""

    def __init__(self, message: str = "Skill scan error", findings_count: int | None = None) -> None:
        super().__init__(message)
        self.findings_count = findings_count


class MetricsExportError(SymbiontError):
    """Metrics could not be exported. `backend`: `file`, `otlp` or `composite`."""

    def __init__(self, message: str = "Metrics export failed", backend: str | None = None) -> None:
        super().__init__(message)
        self.backend = backend


class MetricsConfigError(SymbiontError):
    """An exporter cannot work as it is set up."""

    def __init__(self, message: str = "Metrics configuration error", config_field: str | None = None) -> None:
        super().__init__(message)
        self.config_field = config_field
