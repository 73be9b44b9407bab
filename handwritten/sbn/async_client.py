"""The async clients: the same areas and methods, to be awaited.

They have an async transport of their own. Given a sync client (`raw_client=`) they run that one's methods in threads
instead. `open_slot` answers a session that blocks in a `with` block and does not in an `async with` block.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast

from sbn._clients import NAMESPACES, Area, Credentials, sub_client, surface_session
from sbn._http import AsyncHttpTransport, AuthState, RetryConfig
from sbn.agent import AgentClient
from sbn.client import NetworkClient, SbnClient
from sbn.errors import SbnError, SbnTransportError
from sbn.streaming import AsyncSlotSession, SlotSession

if TYPE_CHECKING:
    from sbn.acp import AsyncAcpClient
    from sbn.atlas import AsyncAtlasClient
    from sbn.auth import SigningKey
    from sbn.bitblocks import AsyncBitBlocksClient
    from sbn.blocks import AsyncBlocksClient
    from sbn.console import AsyncConsoleClient
    from sbn.control_plane import AsyncControlPlaneClient
    from sbn.gateway import AsyncGatewayClient
    from sbn.gec import AsyncGecClient
    from sbn.gec_contract import GecOperationContract
    from sbn.governance import AsyncGovernanceClient
    from sbn.lattice import AsyncLatticeClient
    from sbn.numa import AsyncNUMAClient
    from sbn.reality import AsyncRealityClient
    from sbn.receipts import AsyncReceiptsClient
    from sbn.snapchore import AsyncSnapChoreClient
    from sbn.surfaces import SurfaceSession

T = TypeVar("T")


class AsyncNamespaceProxy(Generic[T]):
    """A sync sub-client whose methods run in threads."""

    aliases: ClassVar[Mapping[str, str]] = {}

    def __init__(self, namespace: T) -> None:
        self._namespace = namespace

    @property
    def raw(self) -> T:
        """The sync sub-client."""
        return self._namespace

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._namespace, self.aliases.get(name, name))
        if not callable(found):
            return found

        @functools.wraps(found)
        async def in_thread(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(found, *args, **kwargs)

        return in_thread


class AsyncRealityNamespaceProxy(AsyncNamespaceProxy[T]):
    """Facts and evidence, under the older names too."""

    aliases: ClassVar[Mapping[str, str]] = {"create_evidence": "ingest_evidence", "recompute_fact": "recompute"}


class AsyncLatticeNamespaceProxy(AsyncNamespaceProxy[T]):
    """Workflows, under the older names too."""

    aliases: ClassVar[Mapping[str, str]] = {"get_workflows": "list_workflows"}

    async def create_workflow(self, *args: Any, **kwargs: Any) -> Any:
        """Create a workflow; one dictionary may stand for all keywords."""
        create = cast("Any", self._namespace).create_workflow
        return await asyncio.to_thread(create, **{**(args[0] if args else {}), **kwargs})


class AsyncReceiptsNamespaceProxy(AsyncNamespaceProxy[T]):
    """Receipts."""


_PROXIES: Mapping[str, type[AsyncNamespaceProxy[Any]]] = {
    "reality": AsyncRealityNamespaceProxy,
    "lattice": AsyncLatticeNamespaceProxy,
    "receipts": AsyncReceiptsNamespaceProxy,
}


class _EitherSession(SlotSession):
    """Blocks in a `with` block; in an `async with` block hands out an `AsyncSlotSession`."""

    make_async: Any = None

    async def __aenter__(self) -> AsyncSlotSession:
        session: AsyncSlotSession = self.make_async()
        self._async = session
        return await session.__aenter__()

    async def __aexit__(self, *exc: object) -> None:
        await self._async.__aexit__(*exc)


class AsyncNetworkClient(Credentials):
    """What `AsyncSbnClient` and `AsyncAgentClient` share."""

    _sync: ClassVar[type[NetworkClient]] = SbnClient

    def __init__(
        self,
        *,
        base_url: str = "http://localhost:8090",
        tenant_id: str | None = None,
        retry: RetryConfig | None = None,
        timeout: float = 10.0,
        user_agent: str = "sbn-sdk-async/0.1",
        transport: Any = None,
        raw_client: Any = None,
        api_version: str = "0.14",
    ) -> None:
        self.api_version = api_version
        self._raw = raw_client
        self._auth: AuthState = raw_client._auth if raw_client is not None else AuthState(tenant_id=tenant_id)
        self._settings: dict[str, Any] = {
            "base_url": base_url,
            "retry": retry,
            "timeout": timeout,
            "user_agent": user_agent,
            "transport": transport,
        }
        self._threads = raw_client is not None or _is_only_sync(transport)
        own: dict[str, Any] = {**self._settings, "transport": None if self._threads else transport}
        self._http = AsyncHttpTransport(auth=self._auth, **own)

    @property
    def raw(self) -> Any:
        """The sync client: the one that was given, else one with the same settings and credentials."""
        if self._raw is None:
            raw: Any = self._sync(tenant_id=None, api_version=self.api_version, **self._settings)
            raw._auth = raw._http.auth = self._auth
            self._raw = raw
        return self._raw

    def _sub(self, name: str) -> Any:
        if self._threads:
            return _PROXIES.get(name, AsyncNamespaceProxy)(getattr(self.raw, name))
        return sub_client(name, self._http, self.api_version, asynchronous=True)

    gateway: Area[AsyncGatewayClient] = Area()
    snapchore: Area[AsyncSnapChoreClient] = Area()
    reality: Area[AsyncRealityClient] = Area()
    lattice: Area[AsyncLatticeClient] = Area()
    governance: Area[AsyncGovernanceClient] = Area()
    numa: Area[AsyncNUMAClient] = Area()
    receipts: Area[AsyncReceiptsClient] = Area()

    def open_slot(self, *args: Any, **kwargs: Any) -> Any:
        """A streaming session: `async with` it, or `with` it where blocking is fine.

        Keywords as `SbnClient.open_slot`.
        """
        session = self.raw.open_slot(*args, **kwargs)
        if self._threads:
            return session
        session.__class__ = _EitherSession
        session.make_async = functools.partial(self.stream_slot, *args, **kwargs)
        return session

    def stream_slot(self, **options: Any) -> AsyncSlotSession:
        """A streaming session to be awaited. Keywords as `SbnClient.open_slot`."""
        session = AsyncSlotSession(gateway=self.gateway, bitblocks_client=self._bits(), **options)
        session.api_version = self.api_version
        return session

    def _bits(self) -> Any:
        return AsyncNamespaceProxy(self.raw._sub("bitblocks")) if self._threads else self._sub("bitblocks")

    async def health_check(self) -> bool:
        """Whether the network is up."""
        from sbn_calls import health
        from wirewright.calls import text

        for request in (health.health(), health.healthz()):
            try:
                if self._threads:
                    await asyncio.to_thread(self.raw._http.perform, request, text)
                else:
                    await self._http.perform(request, text)
            except SbnError as error:
                if error.status_code != 404:
                    return False
            except SbnTransportError:
                return False
            else:
                return True
        return False

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        if self._raw is not None:
            await asyncio.to_thread(self._raw.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


def _is_only_sync(transport: Any) -> bool:
    """Whether a given transport cannot be awaited."""
    if transport is None or hasattr(transport, "handle_async_request"):
        return False
    return hasattr(transport, "handle_request") or not inspect.iscoroutinefunction(getattr(transport, "send", None))


class AsyncAgentClient(AsyncNetworkClient):
    """The network as an agent sees it, async."""

    _sync: ClassVar[type[NetworkClient]] = AgentClient

    def __init__(self, *, user_agent: str = "sbn-agent-async/0.2", **options: Any) -> None:
        super().__init__(user_agent=user_agent, **options)

    def authenticate_signing_key(
        self,
        signing_key: SigningKey,
        *,
        subject: str = "sbn-agent",
        scopes: tuple[str, ...] = ("attest.write",),
        cdna: str = "agent",
        ttl_seconds: int = 300,
    ) -> None:
        """Mint tokens with an Ed25519 key."""
        self._sign(signing_key, subject, scopes, cdna, ttl_seconds)


class AsyncSbnClient(AsyncNetworkClient):
    """The client of the network, async. Arguments and areas as `SbnClient`."""

    acp: Area[AsyncAcpClient] = Area()
    bitblocks: Area[AsyncBitBlocksClient] = Area()
    console: Area[AsyncConsoleClient] = Area()
    control_plane: Area[AsyncControlPlaneClient] = Area()
    blocks: Area[AsyncBlocksClient] = Area()
    atlas: Area[AsyncAtlasClient] = Area()
    gec: Area[AsyncGecClient] = Area()

    def authenticate_signing_key(
        self,
        signing_key: SigningKey,
        *,
        subject: str = "sbn-sdk",
        scopes: tuple[str, ...] = ("attest.write",),
        cdna: str = "sdk",
        ttl_seconds: int = 300,
    ) -> None:
        """Mint tokens with an Ed25519 key."""
        self._sign(signing_key, subject, scopes, cdna, ttl_seconds)

    def open_surface(self, **options: Any) -> SurfaceSession:
        """A streaming session of a surface; `async with` its `slot`, or `with` it where blocking is fine."""
        return surface_session(self.open_slot, **options)

    def define_frontier(self, *, frontier: str, **options: Any) -> GecOperationContract:
        """A contract in one call; keywords as `sbn.define_frontier`."""
        from sbn.frontiers import define_frontier

        return define_frontier(frontier=frontier, **options)


__all__ = ["NAMESPACES", "AsyncAgentClient", "AsyncNamespaceProxy", "AsyncSbnClient"]
