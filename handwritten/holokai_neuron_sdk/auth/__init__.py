"""Where a neuron gets its credential and its tokens: enrollment once, client credentials ever after.

from holokai_neuron_sdk.auth import create_client_credentials_auth

neuron = Neuron(gateway_url=..., neuron_id=..., auth=create_client_credentials_auth())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holokai_neuron_sdk.auth.client_credentials import create_client_credentials_auth
    from holokai_neuron_sdk.auth.credential_file import (
        default_credential_path,
        read_credential_file,
        write_credential_file,
    )
    from holokai_neuron_sdk.auth.discovery import discover_endpoints
    from holokai_neuron_sdk.auth.enrollment import EnrollResult, enroll
    from holokai_neuron_sdk.auth.types import (
        ClientAuthenticator,
        CredentialRevokedError,
        EnrollmentError,
        OAuthEndpoints,
        OAuthTokenError,
        StoredCredential,
        TokenResponse,
        client_secret_post,
    )

__all__ = [
    "ClientAuthenticator",
    "CredentialRevokedError",
    "EnrollResult",
    "EnrollmentError",
    "OAuthEndpoints",
    "OAuthTokenError",
    "StoredCredential",
    "TokenResponse",
    "client_secret_post",
    "create_client_credentials_auth",
    "default_credential_path",
    "discover_endpoints",
    "enroll",
    "read_credential_file",
    "write_credential_file",
]

_HOMES = {
    "create_client_credentials_auth": "client_credentials",
    "default_credential_path": "credential_file",
    "read_credential_file": "credential_file",
    "write_credential_file": "credential_file",
    "discover_endpoints": "discovery",
    "EnrollResult": "enrollment",
    "enroll": "enrollment",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'types')}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
