"""Tokens for an enrolled neuron: minted when needed, cached until shortly before they expire, once for all who wait."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from holokai_neuron_sdk._http import opened_port
from holokai_neuron_sdk.auth.credential_file import default_credential_path, read_credential_file
from holokai_neuron_sdk.auth.token_client import request_token_on
from holokai_neuron_sdk.auth.types import (
    ClientAuthenticator,
    CredentialRevokedError,
    OAuthTokenError,
    StoredCredential,
    TokenResponse,
    client_secret_post,
)

if TYPE_CHECKING:
    import httpx

DEFAULT_REFRESH_BUFFER_S = 60.0
Authenticate = Callable[[StoredCredential], ClientAuthenticator]


def create_client_credentials_auth(
    credential_path: str | Path | None = None,
    *,
    client: httpx.AsyncClient | None = None,
    logger: logging.Logger | None = None,
    refresh_buffer_s: float = DEFAULT_REFRESH_BUFFER_S,
    authenticator: Authenticate | None = None,
    now: Callable[[], float] | None = None,
) -> Callable[[], Awaitable[str]]:
    """An `auth` for `Neuron`: answers a token that is good for now.

    A token of L seconds is used for L - `refresh_buffer_s` of them, or for half of them if that is more. The file is
    read on the first call, and again when the provider calls the credential invalid: somebody may have enrolled anew.

    The answered function raises `CredentialRevokedError` when there is no valid credential, other `OAuthTokenError`s
    and what the network raises as they are. Every call tries again.
    """
    return _ClientCredentials(
        path=Path(credential_path) if credential_path is not None else None,
        client=client,
        logger=logger or logging.getLogger("holokai_neuron_sdk.auth"),
        refresh_buffer_s=refresh_buffer_s,
        authenticator=authenticator or _by_secret,
        now=now or time.monotonic,
    ).token


def _by_secret(credential: StoredCredential) -> ClientAuthenticator:
    return client_secret_post(credential.client_id, credential.client_secret)


class _ClientCredentials:
    def __init__(
        self,
        *,
        path: Path | None,
        client: httpx.AsyncClient | None,
        logger: logging.Logger,
        refresh_buffer_s: float,
        authenticator: Authenticate,
        now: Callable[[], float],
    ) -> None:
        self._path = path
        self._client = client
        self._log = logger
        self._buffer = refresh_buffer_s
        self._authenticator = authenticator
        self._now = now
        self._lock = asyncio.Lock()
        self._credential: StoredCredential | None = None
        self._cached: str | None = None
        self._refresh_at = 0.0

    async def token(self) -> str:
        """A token from the cache, or a new one; concurrent callers wait for the same one."""
        cached = self._fresh()
        if cached is not None:
            return cached
        async with self._lock:
            return self._fresh() or await self._mint()

    def _fresh(self) -> str | None:
        return self._cached if self._now() < self._refresh_at else None

    async def _mint(self) -> str:
        credential = self._credential or self._read()
        if credential is None:
            raise CredentialRevokedError(f"no credential at {self._place}; enroll this neuron first")
        try:
            token = await self._request(credential)
        except OAuthTokenError as error:
            if error.error != "invalid_client":
                raise
            token = await self._mint_anew(credential, error)
        self._cached = token.access_token
        self._refresh_at = self._now() + max(token.expires_in - self._buffer, token.expires_in / 2)
        return token.access_token

    async def _mint_anew(self, rejected: StoredCredential, error: OAuthTokenError) -> TokenResponse:
        """With the credential that is on disk by now, if that is another one."""
        credential = self._read()
        same = credential is not None and _key(credential) == _key(rejected)
        if credential is None or same:
            raise CredentialRevokedError(
                f"the credential {rejected.client_id} is not valid any more; re-enroll this neuron"
            ) from error
        self._log.info("credential %s was rejected, trying the one now on disk", rejected.client_id)
        try:
            return await self._request(credential)
        except OAuthTokenError as second:
            if second.error != "invalid_client":
                raise
            raise CredentialRevokedError(
                f"the credential {credential.client_id} is not valid any more; re-enroll this neuron"
            ) from second

    async def _request(self, credential: StoredCredential) -> TokenResponse:
        form = {"grant_type": "client_credentials"}
        self._authenticator(credential).apply(form)
        async with opened_port(self._client) as port:
            return await request_token_on(port, credential.token_endpoint, form)

    def _read(self) -> StoredCredential | None:
        found = read_credential_file(self._place)
        self._credential = found or self._credential
        return found

    @property
    def _place(self) -> Path:
        return self._path or default_credential_path()


def _key(credential: StoredCredential) -> tuple[str, str]:
    return credential.client_id, credential.client_secret
