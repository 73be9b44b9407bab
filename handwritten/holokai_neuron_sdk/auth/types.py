"""Values and errors of the auth module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

EnrollmentErrorCode = Literal["expired_token", "access_denied", "invalid_response", "device_request_failed"]


@dataclass(frozen=True, slots=True)
class OAuthEndpoints:
    """Absolute URLs of the identity provider's endpoints."""

    token_endpoint: str
    device_authorization_endpoint: str


@dataclass(frozen=True, slots=True)
class StoredCredential:
    """What enrollment leaves on disk."""

    client_id: str
    client_secret: str = field(repr=False)
    token_endpoint: str
    moku_base_url: str


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A token; `expires_in` is in seconds. The credential comes with the answer to an approved enrollment only."""

    access_token: str = field(repr=False)
    token_type: str
    expires_in: float
    scope: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)


class ClientAuthenticator(Protocol):
    """Proves the client's identity in a token request."""

    def apply(self, form: dict[str, str]) -> None:
        """Add what the token endpoint wants to see."""
        ...


@dataclass(frozen=True, slots=True)
class _ClientSecretPost:
    client_id: str
    client_secret: str = field(repr=False)

    def apply(self, form: dict[str, str]) -> None:
        form["client_id"] = self.client_id
        form["client_secret"] = self.client_secret


def client_secret_post(client_id: str, client_secret: str) -> ClientAuthenticator:
    """Id and secret as form fields."""
    return _ClientSecretPost(client_id, client_secret)


class OAuthTokenError(Exception):
    """The token endpoint refused; `error` is its code, `http_<status>` when it gave none."""

    def __init__(self, error: str, status: int, description: str | None = None) -> None:
        super().__init__(f"token endpoint returned {error}" + (f": {description}" if description else ""))
        self.error = error
        self.status = status
        self.description = description


class CredentialRevokedError(Exception):
    """There is no credential, or it is not valid any more: the neuron has to be enrolled again."""


class EnrollmentError(Exception):
    """An enrollment came to nothing; `code` says how."""

    def __init__(self, message: str, code: EnrollmentErrorCode) -> None:
        super().__init__(message)
        self.code: EnrollmentErrorCode = code
