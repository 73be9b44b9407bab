"""The way to the runtime: where requests go, with which credentials, and what its refusals become."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from wirewright import operation as _operation
from wirewright.calls import Operation, Reply
from wirewright.errors import StatusError, TransportError, WirewrightError
from wirewright.narrow import is_mapping
from wirewright.request import Request

from symbiont._calls import Answer
from symbiont._requests import is_refusal, path_values
from symbiont.exceptions import (
    APIError,
    AuthenticationError,
    AuthenticationExpiredError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ReconciledInvocationError,
    SymbiontError,
)

if TYPE_CHECKING:
    from symbiont.config import ClientConfig

VERSION_PREFIX = "/api/v1"
EXECUTE = "execute_agent"
_FLAT: dict[tuple[_operation.Operation, str], Operation] = {}


def below_base(path: str) -> str:
    """A path of the spec, relative to a base URL that has the version in it."""
    return path.removeprefix(VERSION_PREFIX) if path.startswith(f"{VERSION_PREFIX}/") else path


def flat(request: Request[Any], root: str) -> Request[Any]:
    """The request with its path below the base URL, and its answer left to be read by the SDK.

    `root`: the server's URL without the version; what is not under it (`/agents.md`) is found there.
    """
    operation = request.operation
    request.path = path_values(request)
    if isinstance(operation, Operation):
        return request
    found = _FLAT.get((operation, root))
    if found is None:
        is_versioned = operation.path.startswith(f"{VERSION_PREFIX}/")
        found = Operation(
            operation.id,
            operation.method,
            below_base(operation.path),
            parameters=operation.parameters,
            idempotency_header=operation.idempotency_header,
            idempotent=operation.idempotent,
        )
        found.server = None if is_versioned else root
        _FLAT[operation, root] = found
    request.operation = found
    return request


def root_of(base_url: str) -> str:
    """The server of a base URL, without the API's version."""
    return base_url.removesuffix(VERSION_PREFIX)


def options(config: ClientConfig) -> dict[str, Any]:
    """What the runtime's clients are made with: the promises of protocol sheet §1.

    A connection that fails is tried again after 1, 2, 4 ... seconds, whatever the method; a status is not, unless
    `retry_statuses` names it.
    """
    from wirewright.retry import RetryPolicy, RetryQuota

    from symbiont._version import __version__

    return {
        "retry": RetryPolicy(
            attempts=max(0, config.max_retries) + 1,
            base=1.0,
            cap=math.inf,
            jitter="none",
            statuses=frozenset(getattr(config, "retry_statuses", ())),
            retry_unsafe=True,
        ),
        "timeout": config.timeout,
        "deadline": None,
        "quota": RetryQuota(capacity=math.inf),
        "headers": {"user-agent": f"symbiont-sdk/{__version__}"},
    }


def answer_of(response: Any, lenient: bool) -> Answer:
    """A response of the runtime's client, as the SDK reads it."""
    return Answer(response.status, response.headers, response.content, lenient)


def understood(read: Callable[[Reply], Any], answer: Answer) -> Any:
    """What an answer becomes. Raises `APIError` for one that is no JSON."""
    try:
        return read(answer)
    except msgspec.DecodeError as error:
        raise APIError("API answered something that is not JSON", answer.status, answer.text) from error


def translated(error: WirewrightError) -> Exception:
    """What the SDK's users expect for an error of the runtime's client."""
    refusal = error if is_refusal(error) else error.__cause__
    if is_refusal(refusal):
        return _of_status(refusal)
    if isinstance(error, ValueError):  # a request that cannot be built
        return error
    attempts = f" after {error.attempts} attempts" if isinstance(error, TransportError) and error.attempts > 1 else ""
    return APIError(f"Request failed{attempts}: {error.message}", None)


def _of_status(error: StatusError[Any]) -> SymbiontError:
    status, text = error.status, error.content.decode(errors="replace")
    if status == 401:
        if "expired" in text.lower():
            return AuthenticationExpiredError("Authentication token has expired", text)
        return AuthenticationError("Authentication failed - check your credentials", text)
    if status == 403:
        return PermissionDeniedError(required_permission=_field(text, "code"), response_text=text)
    if status == 404:
        return NotFoundError("Resource not found", text)
    if status == 409 and (reconciled := _reconciled(error, text)) is not None:
        return reconciled
    if status == 429:
        after = getattr(error, "retry_after", None)
        return RateLimitError("Rate limit exceeded - too many requests", text, retry_after=after)
    return APIError(f"API request failed with status {status}", status, text)


def _reconciled(error: StatusError[Any], text: str) -> ReconciledInvocationError | None:
    """A 409 that an operator has settled; any other conflict is an error like others."""
    resolution = _field(text, "resolution")
    executed = error.request is not None and error.request.operation.id == EXECUTE
    if resolution is None and not executed:
        return None
    return ReconciledInvocationError(
        "Invocation was reconciled by an operator; no work repeated", resolution, response_text=text
    )


def _field(text: str, name: str) -> Any:
    try:
        body: Any = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    return body.get(name) if is_mapping(body) else None
