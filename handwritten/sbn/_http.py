"""The way to the network: credentials, retries and errors around the runtime's clients."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeGuard, TypeVar

from wirewright.calls import Operation, Reply, Request
from wirewright.errors import DecodeError, StatusError, WirewrightError

from sbn._version import __version__
from sbn.errors import SbnError, SbnTransportError, error_fields

if TYPE_CHECKING:
    from wirewright import AsyncClient, Client

__all__ = ["AsyncHttpTransport", "AuthState", "HttpTransport", "RetryConfig", "SbnError", "SbnTransportError"]

T = TypeVar("T")
USER_AGENT = f"sbn-sdk/{__version__}"
STATUSES = (500, 502, 503, 504)


def is_answer(error: WirewrightError) -> TypeGuard[StatusError[Any]]:
    """Whether the error is an answer of the server."""
    return isinstance(error, StatusError)


@dataclass
class RetryConfig:
    """How often a call is tried, first try included, and the first pause in seconds; each pause doubles the one
    before.
    """

    attempts: int = 5
    backoff_factor: float = 0.75
    status_forcelist: Sequence[int] = STATUSES


@dataclass
class AuthState:
    """The credentials in use. An API key wins over a token provider, which wins over a bearer token."""

    api_key: str | None = field(default=None, repr=False)
    bearer_token: str | None = field(default=None, repr=False)
    tenant_id: str | None = None
    token_provider: Callable[[], str] | None = field(default=None, repr=False)

    tenant_header: ClassVar[str] = "x-tenant-id"

    @property
    def tenant(self) -> str | None:
        """What the tenant header says."""
        return self.tenant_id

    def headers(self) -> dict[str, str]:
        """The headers that one attempt carries; a token provider is asked anew for each."""
        headers = {self.tenant_header: self.tenant} if self.tenant else {}
        if self.api_key:
            return headers | {"x-api-key": self.api_key}
        token = self.token_provider() if self.token_provider else self.bearer_token
        return headers | ({"authorization": f"Bearer {token}"} if token else {})


@dataclass(frozen=True)
class Dialect:
    """What differs between the servers that are reached in this way."""

    error: Callable[..., Exception] = SbnError
    transport_error: Callable[..., Exception] = SbnTransportError
    unreachable: str = "Failed to reach SBN"
    failed: str = "SBN request failed"

    def status(self, error: StatusError[Any]) -> Exception:
        """The exception for an answer that is an error."""
        message, code, details = error_fields(error.status, error.content, self.failed)
        return self.error(message, status_code=error.status, code=code, details=details)

    def translated(self, error: WirewrightError) -> Exception:
        """What the SDK's users expect for an error of the runtime."""
        if is_answer(error):
            return self.status(error)
        if isinstance(error, ValueError):
            return error
        return self.transport_error(self.unreachable, last_exception=getattr(error, "last_error", None) or error)

    def read(self, reply: Reply, read: Callable[[Reply], T]) -> T:
        """What an answer becomes; one that is no JSON is an error of the server."""
        try:
            return read(reply)
        except (ValueError, DecodeError) as error:
            raise self.error("SBN answered something that is not JSON", status_code=reply.status) from error


class HttpReply:
    """An answer as `HttpTransport.get` and its like return it."""

    def __init__(self, reply: Reply) -> None:
        self.status_code = reply.status
        self.headers = reply.headers
        self.content = reply.content
        self._reply = reply

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        return self._reply.json()


class _Transport:
    dialect = Dialect()

    def __init__(
        self,
        *,
        base_url: str,
        auth: AuthState,
        retry: RetryConfig | None = None,
        timeout: float = 10.0,
        user_agent: str = USER_AGENT,
        transport: Any = None,
    ) -> None:
        self.auth = auth
        self._base_url = base_url.rstrip("/")
        self._retry = retry or RetryConfig()
        self._timeout = timeout
        self._user_agent = user_agent
        self._given = transport

    @property
    def base_url(self) -> str:
        return self._base_url

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._base_url}>"

    def _options(self) -> dict[str, Any]:
        """Arguments for the runtime's client; the runtime is imported when the first call is made."""
        from sbn._policy import StateAuth, no_quota, retry_policy

        return {
            "auth": StateAuth(self.auth),
            "retry": retry_policy(self._retry.attempts, self._retry.backoff_factor, self._retry.status_forcelist),
            "timeout": self._timeout,
            "quota": no_quota(),
            "deadline": None,
            "headers": {"user-agent": self._user_agent},
            "transport": self._given,
        }

    def _recovered(self, error: WirewrightError) -> Reply:
        """A redirect is an answer like any other; everything else is raised as the SDK's own error."""
        if is_answer(error) and error.status < 400:
            return Reply(error.status, dict(error.headers), error.content)
        raise self.dialect.translated(error) from error


class HttpTransport(_Transport):
    """Performs requests. Safe to share between threads; opens connections when first used."""

    _client: Client | None = None
    _closed = False

    def client(self) -> Client:
        """The runtime's client below."""
        if self._closed:
            raise RuntimeError("Cannot send a request, as the client has been closed.")
        if self._client is None:
            from wirewright import Client

            self._client = Client(self._base_url, **self._options())
        return self._client

    def perform(self, request: Request[Any], read: Callable[[Reply], T]) -> T:
        """Send a request and read its answer. Raises SbnError or SbnTransportError."""
        client = self._client or self.client()
        try:
            response = client.respond(request)
            reply = Reply(response.status, response.headers, response.content)
        except WirewrightError as error:
            reply = self._recovered(error)
        return self.dialect.read(reply, read)

    def request(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **kwargs: Any) -> HttpReply:
        """Send any request. `params`: the query, `json`: the body."""
        return self.perform(_any_request(method, path, headers, **kwargs), HttpReply)

    def get(self, path: str, **kwargs: Any) -> HttpReply:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> HttpReply:
        return self.request("POST", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> HttpReply:
        return self.request("PATCH", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> HttpReply:
        return self.request("PUT", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> HttpReply:
        return self.request("DELETE", path, **kwargs)

    def close(self) -> None:
        """Close all connections; later calls raise RuntimeError."""
        if self._client is not None:
            self._client.close()
        self._client, self._closed = None, True


class AsyncHttpTransport(_Transport):
    """Performs requests without blocking the event loop."""

    _client: AsyncClient | None = None
    _closed = False
    _sync: HttpTransport | None = None

    def client(self) -> AsyncClient:
        """The runtime's client below."""
        if self._closed:
            raise RuntimeError("Cannot send a request, as the client has been closed.")
        if self._client is None:
            from wirewright import AsyncClient

            self._client = AsyncClient(self._base_url, **self._options())
        return self._client

    async def perform(self, request: Request[Any], read: Callable[[Reply], T]) -> T:
        """Send a request and read its answer. Raises SbnError or SbnTransportError."""
        client = self._client or self.client()
        try:
            response = await client.respond(request)
            reply = Reply(response.status, response.headers, response.content)
        except WirewrightError as error:
            reply = self._recovered(error)
        return self.dialect.read(reply, read)

    @property
    def sync(self) -> HttpTransport:
        """A sync transport with the same settings and credentials; closed together with this one."""
        if self._sync is None:
            self._sync = HttpTransport(
                base_url=self._base_url,
                auth=self.auth,
                retry=self._retry,
                timeout=self._timeout,
                user_agent=self._user_agent,
                transport=self._given,
            )
        return self._sync

    async def aclose(self) -> None:
        """Close all connections; later calls raise RuntimeError."""
        if self._client is not None:
            await self._client.aclose()
        if self._sync is not None:
            self._sync.close()
        self._client, self._closed = None, True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()


_BRACES = re.compile(r"[{}]")


def _any_request(
    method: str, path: str, headers: Mapping[str, str] | None, *, params: Any = None, json: Any = None, **other: Any
) -> Request[Any]:
    if other:
        raise TypeError(f"unknown arguments: {', '.join(other)}")
    operation = Operation("request", method, _BRACES.sub(lambda brace: f"%{ord(brace[0]):02X}", path))
    body: dict[str, Any] = {} if json is None else {"body": json}
    return Request(operation, query=dict(params or {}), headers=dict(headers or {}), **body)
