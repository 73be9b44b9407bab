"""What all clients of the network share: credentials, tenant, sub-clients made on first use, sessions."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from sbn._http import AuthState, HttpTransport

if TYPE_CHECKING:
    from sbn.auth import MintedToken, SigningKey
    from sbn.gec_contract import GecOperationContract
    from sbn.surfaces import SurfaceSession

T = TypeVar("T")
NAMESPACES: Mapping[str, tuple[str, str]] = {
    "acp": ("acp", "AcpClient"),
    "gateway": ("gateway", "GatewayClient"),
    "bitblocks": ("bitblocks", "BitBlocksClient"),
    "snapchore": ("snapchore", "SnapChoreClient"),
    "console": ("console", "ConsoleClient"),
    "control_plane": ("control_plane", "ControlPlaneClient"),
    "lattice": ("lattice", "LatticeClient"),
    "reality": ("reality", "RealityClient"),
    "blocks": ("blocks", "BlocksClient"),
    "atlas": ("atlas", "AtlasClient"),
    "gec": ("gec", "GecClient"),
    "governance": ("governance", "GovernanceClient"),
    "numa": ("numa", "NUMAClient"),
    "receipts": ("receipts", "ReceiptsClient"),
}


def sub_client(name: str, transport: Any, version: str, *, asynchronous: bool = False) -> Any:
    """A sub-client; its module is imported when it is first asked for."""
    module, kind = NAMESPACES[name]
    kind = f"Async{kind}" if asynchronous else kind
    if name == "lattice" and version == "0.12":
        kind += "12"
    return getattr(importlib.import_module(f"sbn.{module}"), kind)(transport)


class Area(Generic[T]):
    """A sub-client as an attribute of a client: made when it is first asked for, then kept."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: Any, owner: type) -> T: ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self
        found = client.__dict__[self._name] = client._sub(self._name)
        return found


class Connected:
    """A client that holds connections until it is closed."""

    _http: HttpTransport

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Authenticated:
    """The ways to authenticate that every server knows. Each call replaces what was used before."""

    _auth: AuthState

    def authenticate_api_key(self, api_key: str) -> None:
        """Use an API key, such as `sbn_live_...`."""
        self._use(api_key=api_key)

    def authenticate_bearer(self, token: str) -> None:
        """Use a bearer token as it is."""
        self._use(bearer_token=token)

    def _use(
        self, *, api_key: str | None = None, bearer_token: str | None = None, provider: Callable[[], str] | None = None
    ) -> None:
        self._auth.api_key, self._auth.bearer_token, self._auth.token_provider = api_key, bearer_token, provider


class Credentials(Authenticated):
    """The network's ways to authenticate, and to select a tenant."""

    def _sign(self, key: SigningKey, subject: str, scopes: Sequence[str], cdna: str, ttl_seconds: int) -> None:
        from sbn.auth import TokenSource

        if ttl_seconds <= 0:
            raise ValueError("ttl_seconds must be positive")

        def mint(tenant: str | None) -> MintedToken:
            return key.issue_token(subject=subject, scopes=scopes, cdna=cdna, ttl_seconds=ttl_seconds, tenant_id=tenant)

        self._use(provider=TokenSource(mint, lambda: self._auth.tenant_id, ttl_seconds))

    def set_tenant(self, tenant_id: str | None) -> None:
        """Select a tenant for every later call; None selects the credentials' own."""
        self._auth.tenant_id = tenant_id


def surface_session(
    open_slot: Callable[..., Any],
    *,
    worker_id: str,
    surface_family: str,
    surface_id: str,
    generation_interval: int = 60,
    task_type: str | None = None,
    domain: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    root_id: str | None = None,
    parent_block_id: str | None = None,
    branch_kind: str | None = None,
    auto_rollup: bool | None = None,
    gec_contract: GecOperationContract | Mapping[str, Any] | None = None,
) -> SurfaceSession:
    """A streaming session of a surface; task type and domain are the surface's family unless given."""
    from sbn.surfaces import SurfaceSession, SurfaceSessionConfig, build_surface_slot_metadata

    config = SurfaceSessionConfig(
        worker_id=worker_id,
        surface_family=surface_family,
        surface_id=surface_id,
        generation_interval=generation_interval,
        task_type=task_type or surface_family,
        domain=domain or surface_family,
        metadata=metadata,
        root_id=root_id,
        parent_block_id=parent_block_id,
        branch_kind=branch_kind,
        auto_rollup=auto_rollup,
    )
    slot = open_slot(
        worker_id=worker_id,
        task_type=config.task_type,
        domain=config.domain,
        generation_interval=generation_interval,
        metadata=build_surface_slot_metadata(
            surface_family=surface_family,
            surface_id=surface_id,
            root_id=root_id,
            parent_block_id=parent_block_id,
            branch_kind=branch_kind,
            auto_rollup=auto_rollup,
            metadata=metadata,
        ),
        gec_contract=gec_contract,
    )
    return SurfaceSession(slot, config)
