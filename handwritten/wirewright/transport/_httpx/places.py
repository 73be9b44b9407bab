"""Where an origin is on the network, and by which proxy the environment wants it reached."""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from typing import NamedTuple

import httpcore

_PORTS = {"http": 80, "https": 443}
_PLAIN = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::([0-9]{1,5}))?").fullmatch


class Place(NamedTuple):
    """`netloc` is for the `Host` header: without the port that the scheme has anyway."""

    scheme: str
    host: str
    port: int
    netloc: bytes


@lru_cache(maxsize=256)
def place_of(origin: str) -> Place:
    """Raises `httpcore.UnsupportedProtocol`, or `httpcore.LocalProtocolError` for what is no URL."""
    plain = _PLAIN(origin)
    scheme, host, port = plain.groups() if plain is not None else _parts_of(origin)
    if scheme not in _PORTS:
        raise httpcore.UnsupportedProtocol(f"{scheme!r} is not HTTP")
    number = int(port or _PORTS[scheme])
    if number > 65_535:  # getaddrinfo would take it for another
        raise httpcore.LocalProtocolError("the port of its address is above 65535")
    name = f"[{host}]" if ":" in host else host
    return Place(scheme, host, number, (name if number == _PORTS[scheme] else f"{name}:{number}").encode("ascii"))


def _parts_of(origin: str) -> tuple[str, str, int | None]:
    """Of names that are not ASCII, of IPv6 addresses, of upper case, and of what is none of it."""
    import httpx

    try:
        url = httpx.URL(origin)
    except httpx.InvalidURL as error:
        raise httpcore.LocalProtocolError(f"its address is none: {error}") from error
    return url.scheme, url.raw_host.decode("ascii"), url.port


def environment_proxy(origin: str) -> str | None:
    """`HTTP_PROXY`, `NO_PROXY` and their kind, or what the system has been set to."""
    if sys.platform not in {"win32", "darwin"} and not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    import urllib.request

    proxies = urllib.request.getproxies()
    scheme, host = origin.partition("://")[::2]
    if not proxies or urllib.request.proxy_bypass(host):
        return None
    found = proxies.get(scheme) or proxies.get("all")
    return found if found is None or "://" in found else f"http://{found}"
