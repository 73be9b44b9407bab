"""Keys that were seen for a domain: trust on first use, refusal of any other afterwards (protocol sheet §9.5)."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any, Final, Self

from symbiont.agentpin._values import is_object, now_iso, objects, text
from symbiont.agentpin.jwk import jwk_thumbprint
from symbiont.agentpin.types import AgentPinError, ErrorCode, TrustLevel


class PinningResult:
    """What a store says of a key."""

    FIRST_USE: Final = "first_use"
    MATCHED: Final = "matched"
    CHANGED: Final = "changed"


class KeyPinStore:
    """Domains and their keys, in memory; safe to share between threads. `to_json` and `from_json` keep it."""

    def __init__(self) -> None:
        self._domains: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def check_and_pin(self, domain: str, jwk: Mapping[str, Any]) -> str:
        """`first_use` (and pinned), `matched`, or `changed` (and not pinned)."""
        thumbprint = jwk_thumbprint(jwk)
        with self._lock:
            if domain not in self._domains:
                self._domains[domain] = {"domain": domain, "pinned_keys": [_pinned(jwk, thumbprint)]}
                return PinningResult.FIRST_USE
            for key in self._domains[domain]["pinned_keys"]:
                if key["public_key_hash"] == thumbprint:
                    key["last_seen"] = now_iso()
                    return PinningResult.MATCHED
            return PinningResult.CHANGED

    def add_key(self, domain: str, jwk: Mapping[str, Any]) -> None:
        """One more key that the domain may use, for its rotation; one that is there already stays as it is."""
        thumbprint = jwk_thumbprint(jwk)
        with self._lock:
            keys = self._domains.setdefault(domain, {"domain": domain, "pinned_keys": []})["pinned_keys"]
            if all(key["public_key_hash"] != thumbprint for key in keys):
                keys.append(_pinned(jwk, thumbprint))

    def get_domain(self, domain: str) -> dict[str, Any] | None:
        """`{domain, pinned_keys: [...]}`, or None for one that was never seen."""
        return self._domains.get(domain)

    def to_json(self) -> str:
        """All of it, as JSON."""
        with self._lock:
            return json.dumps(list(self._domains.values()), indent=2)

    @classmethod
    def from_json(cls, json_str: str) -> Self:
        """A store from its JSON. Raises `ValueError` when it is none."""
        store = cls()
        for entry in objects(json.loads(json_str)):
            domain, keys = text(entry.get("domain")), objects(entry.get("pinned_keys"))
            if domain is None or not all(text(key.get("public_key_hash")) for key in keys):
                raise ValueError("not a pin store: a domain or a key's hash is missing")
            store._domains[domain] = {**entry, "pinned_keys": keys}
        return store

    def __repr__(self) -> str:
        return f"<KeyPinStore of {len(self._domains)} domains>"


def check_pinning(store: KeyPinStore, domain: str, jwk: Mapping[str, Any]) -> str:
    """As `check_and_pin`, but a changed key raises `AgentPinError` (KEY_PIN_MISMATCH)."""
    result = store.check_and_pin(domain, jwk)
    if result == PinningResult.CHANGED:
        message = f"Key for domain '{domain}' has changed since last pinned (kid: '{str(jwk.get('kid'))[:80]}')"
        raise AgentPinError(ErrorCode.KEY_PIN_MISMATCH, message)
    return result


def first_seen(store: KeyPinStore, domain: str) -> str | None:
    """When the domain's first key was seen."""
    keys = objects((store.get_domain(domain) or {}).get("pinned_keys"))
    return text(keys[0].get("first_seen")) if keys and is_object(keys[0]) else None


def _pinned(jwk: Mapping[str, Any], thumbprint: str) -> dict[str, Any]:
    seen = now_iso()
    return {
        "kid": jwk.get("kid"),
        "public_key_hash": thumbprint,
        "first_seen": seen,
        "last_seen": seen,
        "trust_level": TrustLevel.TOFU,
    }
