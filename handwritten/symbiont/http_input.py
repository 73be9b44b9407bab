"""The HTTP Input listener: webhooks that a runtime gives to its agents (protocol sheet §4.7).

    with HttpInputClient("http://localhost:8081", auth_header="Bearer ...") as listener:
        print(listener.invoke({"prompt": "scan 10.0.0.1"}).status)

It is a server of its own, beside the API, with credentials of its own. Where its path is not `/webhook`, give the
whole URL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from symbiont_api.v1_16.operations import http_input as operations
from wirewright.calls import AsyncFace, Face, Operation, Reply
from wirewright.errors import WirewrightError
from wirewright.narrow import is_mapping
from wirewright.request import Request

from symbiont import _http
from symbiont import models as m
from symbiont._calls import Json, Method, untyped

if TYPE_CHECKING:
    from wirewright.auth import Auth

T = TypeVar("T")
DEFAULT_URL = "http://localhost:8081"
PATH = "/webhook"


def invocation(reply: Reply) -> m.WebhookInvocationResponse:
    """What HTTP Input answers, by its `status`. Raises pydantic's `ValidationError`."""
    body: Any = reply.json()
    started = is_mapping(body) and body.get("status") == m.WebhookInvocationStatus.EXECUTION_STARTED
    model: Any = m.WebhookExecutionStartedResponse if started else m.WebhookCompletedResponse
    found: m.WebhookInvocationResponse = model.model_validate(body)
    return found


def invoke(request: m.WebhookInvocationRequest | Json, path: str | None = None) -> Request[Any]:
    """Give an agent work. `path` goes below `/webhook`, where routing rules look at it.

    `prompt` is what is asked (else `message`, else the whole request); everything else is part of the payload.
    """
    checked = m.WebhookInvocationRequest.model_validate(request) if isinstance(request, Mapping) else request
    body = untyped(checked.model_dump(mode="json", exclude_none=True))
    return operations.invoke_webhook_path(path.strip("/"), body) if path else operations.invoke_webhook(body)


class _Calls:
    """Webhooks."""

    invoke = Method(invoke, invocation)


class _Listener:
    def __init__(self, url: str, auth_header: str | None, **options: Any) -> None:
        self.url = url.rstrip("/") if urlsplit(url).path.strip("/") else url.rstrip("/") + PATH
        self._options: dict[str, Any] = {
            "auth": _auth(auth_header),
            "retry": None,
            "deadline": None,
            "timeout": 130.0,
            **options,
        }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"


class HttpInputClient(_Calls, _Listener, Face):
    """Calls a listener. `auth_header` is the whole value of `Authorization`; options as `wirewright.Client`.

    A webhook is sent once, and may take as long as a model takes (130 s per phase). Raises `SymbiontError`s.
    """

    def __init__(self, url: str = DEFAULT_URL, auth_header: str | None = None, **options: Any) -> None:
        from wirewright import Client

        super().__init__(url, auth_header, **options)
        self._transport = self
        self._client = Client(self.url, **self._options)

    def perform(self, request: Request[Any], read: Callable[[Reply], T]) -> T:
        """Send a request and read its answer."""
        try:
            response: Any = self._client.respond(_below(request))
        except WirewrightError as error:
            raise _http.translated(error) from error
        value: T = _http.understood(read, _http.answer_of(response, False))
        return value

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class AsyncHttpInputClient(_Calls, _Listener, AsyncFace):
    """`HttpInputClient`, to be awaited."""

    def __init__(self, url: str = DEFAULT_URL, auth_header: str | None = None, **options: Any) -> None:
        from wirewright import AsyncClient

        super().__init__(url, auth_header, **options)
        self._transport = self
        self._client = AsyncClient(self.url, **self._options)

    async def perform(self, request: Request[Any], read: Callable[[Reply], T]) -> T:
        """Send a request and read its answer."""
        try:
            response: Any = await self._client.respond(_below(request))
        except WirewrightError as error:
            raise _http.translated(error) from error
        value: T = _http.understood(read, _http.answer_of(response, False))
        return value

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()


def _below(request: Request[Any]) -> Request[Any]:
    """The request with its path below the listener's URL."""
    operation = request.operation
    request.operation = Operation(operation.id, operation.method, operation.path.removeprefix(PATH), idempotent=False)
    return request


def _auth(header: str | None) -> Auth | None:
    from wirewright.auth import ApiKey

    return ApiKey("Authorization", header) if header else None
