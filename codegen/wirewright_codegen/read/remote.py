"""Fetching a file from the web, without ever reaching a private address on a document's behalf."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from urllib.parse import urljoin, urlsplit

from wirewright_codegen.errors import ForbiddenReferenceError, SpecError
from wirewright_codegen.read.options import ReadOptions

_MAX_REDIRECTS = 5


def fetch(url: str, options: ReadOptions, *, trust_host: bool = False) -> bytes:
    """The body at an address.

    Every host, redirects included, is resolved once, checked, and connected to at the checked address, so a name cannot
    change its mind in between. `trust_host` lets the first host be private: the user named it, not a document.
    """
    address = url
    for hop in range(_MAX_REDIRECTS + 1):
        status, location, body = _get(address, url, options, private=trust_host and hop == 0)
        if status == 200:
            return body
        if status not in (301, 302, 303, 307, 308) or not location:
            raise SpecError(f"the server answered {status}", file=url)
        address = urljoin(address, location)
    raise SpecError("too many redirects", file=url)


def _get(address: str, name: str, options: ReadOptions, *, private: bool) -> tuple[int, str | None, bytes]:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise SpecError(f"{address} is no web address", file=name) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ForbiddenReferenceError(f"{address} is no web address", file=name)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        connection = http.client.HTTPConnection(parts.hostname, port, timeout=options.timeout)
        raw = _connect(parts.hostname, port, name, options.timeout, private=private)
        connection.sock = (
            ssl.create_default_context().wrap_socket(raw, server_hostname=parts.hostname)
            if parts.scheme == "https"
            else raw
        )
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers={"Accept": "application/json, application/yaml, */*"})
            answer = connection.getresponse()
            body = answer.read(options.max_bytes + 1)
            return answer.status, answer.headers.get("Location"), body
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SpecError(f"the file cannot be fetched: {error}", file=name) from None


def _connect(host: str, port: int, name: str, timeout: float, *, private: bool) -> socket.socket:
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not private and not _is_public(str(address[0])):
            raise ForbiddenReferenceError(f"{host} is a private address", file=name)
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(timeout)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            continue
        return connection
    raise OSError(f"{host} does not answer")


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed.sixtofour or parsed
    return parsed.is_global and not parsed.is_multicast
