"""Atlas: apps, their keys and bindings, and the frontiers that score their work."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from sbn_calls import atlas as calls
from sbn_calls.constants import APP_CALLS
from sbn_calls.records import AtlasBinding, AtlasConfig
from wirewright.calls import Call, Reply, Request, is_object, whole

from sbn._clients import Connected
from sbn._faces import AsyncSubClient, SubClient
from sbn._http import AuthState, HttpTransport, RetryConfig
from sbn.errors import SbnError
from sbn.gec_contract import GecOperationContract, contract_of

__all__ = ["AsyncAtlasClient", "Atlas", "AtlasBinding", "AtlasClient", "AtlasConfig", "AtlasMethods"]
Json = Mapping[str, Any]
PRODUCTION = "https://api.smartblocks.network"
LEEWAY_SECONDS = 30.0
_COMPOSED = frozenset({"frontier_id", "phase_ref"})


def _upsert(
    app_id: str,
    *,
    workflow: str,
    frontier_id: str,
    gec_contract: GecOperationContract | Json | None = None,
    pulse_type: str | None = None,
    event_types: list[str] | None = None,
    derives_from_frontiers: list[str] | None = None,
    accepted_pulse_types: list[str] | None = None,
    accepted_action_types: list[str] | None = None,
    accepted_interaction_types: list[str] | None = None,
    accepted_event_types: list[str] | None = None,
    action_weight_map: dict[str, float] | None = None,
    interaction_weight_map: dict[str, float] | None = None,
    event_polarity_weights: dict[str, float] | None = None,
    weighting_strategy: str | None = None,
    rollup_mode: str | None = None,
    anchor_requirement: str | None = None,
    fallback_policy: str | None = None,
    history_action: str | None = None,
) -> Request[Any]:
    """Bind a workflow to a frontier. What is said here wins over what the contract says."""
    contract = contract_of(gec_contract)
    said = {name: value for name, value in (contract.to_dict() if contract else {}).items() if name not in _COMPOSED}
    explicit = calls.upsert_binding(
        app_id,
        workflow=workflow,
        frontier_id=frontier_id,
        pulse_type=pulse_type,
        event_types=event_types,
        derives_from_frontiers=derives_from_frontiers,
        accepted_pulse_types=accepted_pulse_types,
        accepted_action_types=accepted_action_types,
        accepted_interaction_types=accepted_interaction_types,
        accepted_event_types=accepted_event_types,
        action_weight_map=action_weight_map,
        interaction_weight_map=interaction_weight_map,
        event_polarity_weights=event_polarity_weights,
        weighting_strategy=weighting_strategy,
        rollup_mode=rollup_mode,
        anchor_requirement=anchor_requirement,
        fallback_policy=fallback_policy,
        history_action=history_action,
    )
    explicit.body = {**said, **explicit.body}
    return explicit


def _register_card(
    *,
    app_family: str,
    family_class: str,
    authored_by: str,
    card_id: str | None = None,
    scope: str | None = None,
    domain: str | None = None,
    **fields: Any,
) -> Request[Any]:
    """Register a frontier card under the first of `card_id`, `scope` and `domain`; other fields as `version_card`
    has them.
    """
    named = card_id or scope or domain
    if not named:
        raise ValueError("card_id, scope, or domain is required")
    return calls.register_card(
        card_id=named, app_family=app_family, family_class=family_class, authored_by=authored_by, **fields
    )


def _env(reply: Reply) -> dict[str, Any] | str:
    content_type = reply.headers.get("content-type") or ""
    if content_type.startswith("text/") and not reply.content.lstrip().startswith(b"{"):
        return reply.content.decode(errors="replace")
    return whole(reply)


class AtlasMethods(calls.AtlasCalls):
    """Apps, keys, bindings and frontiers."""

    upsert_binding = Call(_upsert, whole)
    register_card = Call(_register_card, whole)
    get_env = Call(calls.get_env, _env)


class AtlasClient(AtlasMethods, SubClient):
    """Apps, keys, bindings and frontiers."""


class AsyncAtlasClient(AtlasMethods, AsyncSubClient):
    """Apps, keys, bindings and frontiers, async."""


_DELEGATED = frozenset(APP_CALLS)


class Atlas(Connected):
    """An app's own view of Atlas: exchanges its credentials for tokens, and reads its configuration once.

    It has the methods of `AtlasClient` that an app may call (`resolve`, `list_frontiers`, `mint_bound_key`, ...).
    """

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        base_url: str = PRODUCTION,
        timeout: float = 10.0,
        retry: RetryConfig | None = None,
        transport: Any = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._auth = AuthState()
        self._http = HttpTransport(
            base_url=base_url,
            auth=self._auth,
            retry=retry,
            timeout=timeout,
            user_agent="sbn-atlas-sdk/0.1",
            transport=transport,
        )
        self._client = AtlasClient(self._http)
        self._expires: float | None = None
        self._app_id: str | None = None
        self._config: AtlasConfig | None = None

    @classmethod
    def from_credentials(
        cls,
        *,
        client_id: str,
        client_secret: str,
        base_url: str = PRODUCTION,
        timeout: float = 10.0,
        retry: RetryConfig | None = None,
        eager: bool = True,
    ) -> Self:
        """With client credentials; `eager` exchanges them and reads the configuration at once."""
        atlas = cls(client_id=client_id, client_secret=client_secret, base_url=base_url, timeout=timeout, retry=retry)
        if eager:
            _ = atlas.config
        return atlas

    @classmethod
    def from_env(
        cls, *, base_url: str = PRODUCTION, timeout: float = 10.0, retry: RetryConfig | None = None, eager: bool = True
    ) -> Self:
        """With the credentials in `ATLAS_CLIENT_ID` and `ATLAS_CLIENT_SECRET`.

        Raises ValueError when one is missing.
        """
        client_id, secret = os.environ.get("ATLAS_CLIENT_ID"), os.environ.get("ATLAS_CLIENT_SECRET")
        if not client_id or not secret:
            raise ValueError("ATLAS_CLIENT_ID and ATLAS_CLIENT_SECRET must be set")
        return cls.from_credentials(
            client_id=client_id, client_secret=secret, base_url=base_url, timeout=timeout, retry=retry, eager=eager
        )

    def _authenticate(self) -> None:
        """Exchange the credentials when there is no token, or it ends within 30 seconds."""
        now = self._clock()
        if self._expires is not None and now < self._expires - LEEWAY_SECONDS:
            return
        token = self._client.exchange_token(client_id=self._client_id, client_secret=self._client_secret)
        self._auth.bearer_token = token["access_token"]
        self._app_id = token.get("app_id") or self._app_id
        self._expires = now + float(token.get("expires_in") or 3600)

    def _known_app(self) -> str:
        self._authenticate()
        if not self._app_id:
            raise SbnError("no app_id from token exchange", status_code=0)
        return self._app_id

    @property
    def config(self) -> AtlasConfig:
        """The app's configuration, read once."""
        if self._config is None:
            answer = self._client.get_env(self._known_app(), format="json")
            self._config = AtlasConfig.from_dict(answer if is_object(answer) else {})
        return self._config

    @property
    def app_id(self) -> str:
        return self.config.app_id or self._known_app()

    @property
    def bindings(self) -> list[AtlasBinding]:
        return self.config.bindings

    @property
    def env_vars(self) -> dict[str, str]:
        return self.config.env_vars

    @property
    def scoring_frontier(self) -> str | None:
        """The frontier of the first binding."""
        return self.bindings[0].frontier if self.bindings else None

    @property
    def regime(self) -> str:
        return self.bindings[0].regime if self.bindings else "unknown"

    @property
    def c_max(self) -> float | None:
        return self.bindings[0].c_max if self.bindings else None

    @property
    def metallic_label(self) -> str | None:
        return self.bindings[0].metallic_label if self.bindings else None

    def __getattr__(self, name: str) -> Any:
        if name in _DELEGATED:
            self._authenticate()
            return getattr(self._client, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *_DELEGATED})

    def get_env(self, format: str = "json") -> dict[str, Any] | str:
        """The app's configuration, read anew: JSON, or text with `format="dotenv"`."""
        return self._client.get_env(self._known_app(), format=format)

    def dotenv(self) -> str:
        """The app's configuration as text of `KEY=VALUE` lines."""
        return str(self.get_env("dotenv"))

    def __repr__(self) -> str:
        bindings = self._config.bindings if self._config else []
        return f"<Atlas client_id={self._client_id!r} frontier={bindings[0].frontier if bindings else '?'!r}>"
