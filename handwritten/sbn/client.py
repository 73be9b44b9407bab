"""The client of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sbn._clients import Area, Connected, Credentials, sub_client, surface_session
from sbn._http import USER_AGENT, AuthState, HttpTransport, RetryConfig

if TYPE_CHECKING:
    from sbn.acp import AcpClient
    from sbn.atlas import AtlasClient
    from sbn.auth import SigningKey
    from sbn.bitblocks import BitBlocksClient
    from sbn.blocks import BlocksClient
    from sbn.console import ConsoleClient
    from sbn.control_plane import ControlPlaneClient
    from sbn.gateway import GatewayClient
    from sbn.gec import GecClient
    from sbn.gec_contract import GecOperationContract
    from sbn.governance import GovernanceClient
    from sbn.lattice import LatticeClient
    from sbn.numa import NUMAClient
    from sbn.reality import RealityClient
    from sbn.receipts import ReceiptsClient
    from sbn.snapchore import SnapChoreClient
    from sbn.streaming import SlotSession
    from sbn.surfaces import SurfaceSession


class NetworkClient(Credentials, Connected):
    """What `SbnClient` and `AgentClient` share."""

    def __init__(self, *, tenant_id: str | None, api_version: str, **transport: Any) -> None:
        self.api_version = api_version
        self._auth = AuthState(tenant_id=tenant_id)
        self._http = HttpTransport(auth=self._auth, **transport)

    def _sub(self, name: str) -> Any:
        return sub_client(name, self._http, self.api_version)

    gateway: Area[GatewayClient] = Area()
    snapchore: Area[SnapChoreClient] = Area()
    lattice: Area[LatticeClient] = Area()
    reality: Area[RealityClient] = Area()
    governance: Area[GovernanceClient] = Area()
    numa: Area[NUMAClient] = Area()
    receipts: Area[ReceiptsClient] = Area()

    def open_slot(
        self,
        *,
        worker_id: str,
        task_type: str,
        domain: str,
        generation_interval: int = 60,
        metadata: Mapping[str, Any] | None = None,
        gec_contract: GecOperationContract | Mapping[str, Any] | None = None,
        stream_profile: str | None = None,
        fail_open: bool = False,
    ) -> SlotSession:
        """A streaming session; nothing is sent before it is entered or opened.

        `generation_interval`: seconds after which a generation seals on its own. With `fail_open` pulses never raise
        for what the network does: they wait, in order, until they can be sent.
        """
        from sbn.streaming import SlotSession

        session = SlotSession(
            gateway=self.gateway,
            bitblocks_client=self._sub("bitblocks"),
            worker_id=worker_id,
            task_type=task_type,
            domain=domain,
            generation_interval=generation_interval,
            metadata=metadata,
            gec_contract=gec_contract,
            stream_profile=stream_profile,
            fail_open=fail_open,
        )
        session.api_version = self.api_version
        return session

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._http.base_url}>"


class SbnClient(NetworkClient):
    """The client of the network: one sub-client per area, streaming sessions, and the ways to authenticate.

    `timeout`: seconds per phase of one attempt. `transport`: any httpx transport, for tests. `api_version`: the
    protocol spoken, `"0.14"` or `"0.12"`.
    """

    def __init__(
        self,
        *,
        base_url: str = "http://localhost:8090",
        tenant_id: str | None = None,
        retry: RetryConfig | None = None,
        timeout: float = 15.0,
        user_agent: str = USER_AGENT,
        transport: Any = None,
        api_version: str = "0.14",
    ) -> None:
        super().__init__(
            tenant_id=tenant_id,
            api_version=api_version,
            base_url=base_url,
            retry=retry,
            timeout=timeout,
            user_agent=user_agent,
            transport=transport,
        )

    acp: Area[AcpClient] = Area()
    bitblocks: Area[BitBlocksClient] = Area()
    console: Area[ConsoleClient] = Area()
    control_plane: Area[ControlPlaneClient] = Area()
    blocks: Area[BlocksClient] = Area()
    atlas: Area[AtlasClient] = Area()
    gec: Area[GecClient] = Area()

    def authenticate_signing_key(
        self,
        signing_key: SigningKey,
        *,
        subject: str = "sbn-sdk",
        scopes: Sequence[str] = ("attest.write",),
        cdna: str = "sdk",
        ttl_seconds: int = 300,
    ) -> None:
        """Mint tokens with an Ed25519 key; they are renewed ahead of their end, once for all threads."""
        self._sign(signing_key, subject, scopes, cdna, ttl_seconds)

    def open_surface(self, **options: Any) -> SurfaceSession:
        """A streaming session of a surface; see `sbn._clients.surface_session` for its keywords."""
        return surface_session(self.open_slot, **options)

    def define_frontier(self, *, frontier: str, **options: Any) -> GecOperationContract:
        """A contract in one call; keywords as `sbn.define_frontier`."""
        from sbn.frontiers import define_frontier

        return define_frontier(frontier=frontier, **options)
