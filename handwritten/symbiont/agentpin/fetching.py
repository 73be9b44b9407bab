"""JSON documents of strangers, over HTTPS: with a time limit, a size limit, and only from hosts out in the world.

Whose document is fetched is what an unverified credential says, so what is no domain is not asked: an address, or a
name without a dot, unless `Reach(private=True)`.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Final, TypeGuard, TypeVar, cast
from urllib.parse import urljoin, urlsplit

from wirewright import AsyncClient, Client, Content, Operation, Outcome, Request, StatusError
from wirewright.signing.encoding import strict_object
from wirewright.signing.errors import MalformedError

from symbiont.agentpin.types import AgentPinError, ErrorCode

TIMEOUT: Final = 10.0
MAX_BYTES: Final = 1024 * 1024
MAX_REDIRECTS: Final = 5
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:]*)(?::[0-9]{1,5})?\Z")


T = TypeVar("T")
Fetches = Generator[tuple[str, int], dict[str, Any], T]
"""Yields an address and how many redirects are followed, and is sent the document that is there."""


@dataclass(frozen=True)
class Reach:
    """How far a fetch may go.

    `timeout`: seconds in total for each request. `private`: also ask addresses and names without a dot. `transport`: as
    `wirewright.Client` (or `AsyncClient`) takes it.
    """

    timeout: float = TIMEOUT
    private: bool = False
    transport: Any = None


WORLD: Final = Reach()


def well_known(domain: str, path: str, reach: Reach = WORLD) -> str:
    """`https://<domain>/.well-known/<path>`. Raises `AgentPinError` when it is no domain (a port may follow)."""
    _check_host(domain, reach)
    return f"https://{domain}/.well-known/{path}"


def fetch_json(url: str, *, redirects: int = 0, reach: Reach = WORLD) -> dict[str, Any]:
    """The JSON object at an HTTPS address.

    `redirects`: how many are followed, each to an HTTPS address within reach. Raises `AgentPinError`
    (DISCOVERY_FETCH_FAILED).
    """
    flow = _flow(url, redirects, reach)
    try:
        origin, target = next(flow)
        while True:
            with Client(origin, **_options(reach)) as client:
                outcome = client.deliver(_request(target))
            origin, target = flow.send(outcome)
    except StopIteration as done:
        document: dict[str, Any] = done.value
        return document


async def afetch_json(url: str, *, redirects: int = 0, reach: Reach = WORLD) -> dict[str, Any]:
    """As `fetch_json`."""
    flow = _flow(url, redirects, reach)
    try:
        origin, target = next(flow)
        while True:
            async with AsyncClient(origin, **_options(reach)) as client:
                outcome = await client.deliver(_request(target))
            origin, target = flow.send(outcome)
    except StopIteration as done:
        document: dict[str, Any] = done.value
        return document


def fetched(flow: Fetches[T], reach: Reach) -> T:
    """What a flow of fetches comes to. A fetch that fails is raised in it."""
    resume: Callable[[], tuple[str, int]] = functools.partial(next, flow)
    try:
        while True:
            url, redirects = resume()
            try:
                document = fetch_json(url, redirects=redirects, reach=reach)
            except AgentPinError as error:
                resume = functools.partial(flow.throw, error)
            else:
                resume = functools.partial(flow.send, document)
    except StopIteration as done:
        return cast("T", done.value)


async def afetched(flow: Fetches[T], reach: Reach) -> T:
    """As `fetched`."""
    resume: Callable[[], tuple[str, int]] = functools.partial(next, flow)
    try:
        while True:
            url, redirects = resume()
            try:
                document = await afetch_json(url, redirects=redirects, reach=reach)
            except AgentPinError as error:
                resume = functools.partial(flow.throw, error)
            else:
                resume = functools.partial(flow.send, document)
    except StopIteration as done:
        return cast("T", done.value)


def _flow(url: str, redirects: int, reach: Reach) -> Generator[tuple[str, str], Outcome[bytes], dict[str, Any]]:
    """Yields origin and target to ask, and is sent how it went."""
    asked, below = url, ""
    for _ in range(redirects + 1):
        asked, origin, target = _parted(asked, below, url, reach)
        outcome = yield origin, target
        if outcome.success:
            try:
                return strict_object(outcome.value or b"", "the document")
            except MalformedError as error:
                raise _failed(url, str(error)) from None
        if not _is_refusal(outcome.error):
            raise _failed(url, str(outcome.error)) from outcome.error
        location = outcome.error.headers.get("location")
        if outcome.error.status not in {301, 302, 303, 307, 308} or location is None:
            raise _failed(url, f"HTTP {outcome.error.status}")
        below = location
    raise _failed(url, f"more than {redirects} redirects" if redirects else "redirects are not followed")


def _parted(base: str, below: str, url: str, reach: Reach) -> tuple[str, str, str]:
    """The address that is meant, its origin and its target."""
    try:
        asked = urljoin(base, below)
        parts = urlsplit(asked)
    except ValueError:
        raise _failed(url, "not an address") from None
    if parts.scheme != "https" or not parts.netloc:
        raise _failed(url, "not an HTTPS address")
    _check_host(parts.netloc, reach)
    return asked, f"https://{parts.netloc}", (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _check_host(authority: str, reach: Reach) -> None:
    match = _AUTHORITY.match(authority)
    host = match[1] if match else ""
    known = reach.private if _is_address(host) else bool(_NAME.match(host)) and (reach.private or "." in host)
    if not known:
        raise AgentPinError(ErrorCode.DISCOVERY_FETCH_FAILED, f"Not a domain to ask: {authority[:80]!r}")


def _is_address(host: str) -> bool:
    """An address in any of the forms that resolvers take, such as `127.1` and `0x7f.1`."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        last = host.rpartition(".")[2].lower()
        return last.isdigit() or last.startswith("0x")
    return True


def _is_refusal(error: object) -> TypeGuard[StatusError[Any]]:
    return isinstance(error, StatusError)


def _options(reach: Reach) -> dict[str, Any]:
    return {
        "transport": reach.transport,
        "retry": None,
        "timeout": reach.timeout,
        "deadline": reach.timeout,
        "max_response_bytes": MAX_BYTES,
    }


def _request(target: str) -> Request[bytes]:
    operation = Operation(
        "fetch_document", "GET", target, codec="msgspec", responses={"2XX": (Content("*/*", lambda: bytes),)}
    )
    return Request(operation, headers={"accept": "application/json"})


def _failed(url: str, reason: str) -> AgentPinError:
    return AgentPinError(ErrorCode.DISCOVERY_FETCH_FAILED, f"Failed to fetch {url[:200]}: {reason}")
