"""A second witness for a domain's key: a DNS TXT record (protocol sheet §9.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from symbiont.agentpin._values import objects
from symbiont.agentpin.jwk import jwk_thumbprint
from symbiont.agentpin.types import AgentPinError, ErrorCode

VERSION: Final = "agentpin1"
FP_PREFIX: Final = "sha256:"


def parse_txt_record(value: str) -> dict[str, str | None]:
    """`{version, kid, fingerprint}` of `v=agentpin1; kid=...; fp=sha256:<hex>`. Raises `AgentPinError`."""
    fields: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in value.split(";"))):
        name, equals, content = part.partition("=")
        if not equals:
            raise _invalid(f"DNS TXT field missing '=': {part[:80]}")
        fields[name.strip().lower()] = content.strip()
    for needed in ("v", "fp"):
        if needed not in fields:
            raise _invalid(f"DNS TXT record missing required '{needed}' field")
    if fields["v"] != VERSION:
        raise _invalid(f"DNS TXT unsupported version: {fields['v'][:40]}")
    fingerprint = fields["fp"].lower()
    if not fingerprint.startswith(FP_PREFIX):
        raise _invalid(f"DNS TXT 'fp' must be sha256:<hex>: {fields['fp'][:80]}")
    return {"version": VERSION, "kid": fields.get("kid"), "fingerprint": fingerprint}


def verify_dns_match(discovery: Mapping[str, Any], txt: Mapping[str, Any]) -> None:
    """Raises `AgentPinError` (DISCOVERY_INVALID) unless a key of the document is the one of the record."""
    for jwk in objects(discovery.get("public_keys")):
        if txt.get("kid") and jwk.get("kid") != txt["kid"]:
            continue
        is_key = all(name in jwk for name in ("crv", "kty", "x", "y"))
        if is_key and f"{FP_PREFIX}{jwk_thumbprint(jwk)}" == str(txt.get("fingerprint")).lower():
            return
    fingerprint = str(txt.get("fingerprint"))[:80]
    raise _invalid(f"DNS TXT fingerprint {fingerprint} does not match any key in the discovery document")


def txt_record_name(domain: str) -> str:
    """Where the record is."""
    return f"_agentpin.{domain.rstrip('.')}"


def fetch_dns_txt(domain: str) -> dict[str, str | None] | None:
    """The record of a domain, None when it has none. Needs the package `dnspython`. Raises `AgentPinError`."""
    try:
        import importlib

        resolver = importlib.import_module("dns.resolver")
    except ImportError:
        message = "fetch_dns_txt requires the 'dnspython' package"
        raise AgentPinError(ErrorCode.DISCOVERY_FETCH_FAILED, message) from None
    try:
        answers = list(resolver.resolve(txt_record_name(domain), "TXT", lifetime=10.0))
    except (resolver.NXDOMAIN, resolver.NoAnswer):
        return None
    except Exception as error:
        message = f"DNS TXT lookup of {domain[:253]} failed: {type(error).__name__}"
        raise AgentPinError(ErrorCode.DISCOVERY_FETCH_FAILED, message) from error
    found = [b"".join(answer.strings).decode("utf-8", "replace") for answer in answers]
    return parse_txt_record(found[0]) if found else None


def _invalid(message: str) -> AgentPinError:
    return AgentPinError(ErrorCode.DISCOVERY_INVALID, message)
