"""Capabilities: `action:resource` (protocol sheet §9.5)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from symbiont.agentpin.crypto import sha256_hex

CORE_ACTIONS: Final = ["read", "write", "execute", "admin", "delegate"]


@dataclass(frozen=True, repr=False)
class Capability:
    """What an agent may do, and to what."""

    value: str

    @staticmethod
    def create(action: str, resource: str) -> Capability:
        """`action:resource`."""
        return Capability(f"{action}:{resource}")

    @staticmethod
    def parse(s: str) -> tuple[str, str] | None:
        """Action and resource, parted at the first colon; None without one."""
        action, colon, resource = s.partition(":")
        return (action, resource) if colon else None

    @property
    def action(self) -> str | None:
        """What is before the colon."""
        parsed = self.parse(self.value)
        return None if parsed is None else parsed[0]

    @property
    def resource(self) -> str | None:
        """What is behind the colon."""
        parsed = self.parse(self.value)
        return None if parsed is None else parsed[1]

    def matches(self, requested: Capability) -> bool:
        """Whether this covers what is requested: the same action, and `*`, the same resource or one below it."""
        mine, wanted = self.parse(self.value), self.parse(requested.value)
        if mine is None or wanted is None or mine[0] != wanted[0]:
            return False
        return mine[1] in {"*", wanted[1]} or wanted[1].startswith(f"{mine[1]}.")

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return f"Capability({self.value!r})"


CapabilityLike = Capability | str


def capabilities(values: Iterable[CapabilityLike]) -> list[Capability]:
    """Capabilities, whether they are given as such or as text."""
    return [value if isinstance(value, Capability) else Capability(value) for value in values]


def capabilities_subset(declared: Sequence[CapabilityLike], requested: Sequence[CapabilityLike]) -> bool:
    """Whether each that is requested is covered by one that is declared."""
    have = capabilities(declared)
    return all(any(one.matches(wanted) for one in have) for wanted in capabilities(requested))


def capabilities_hash(capabilities: Sequence[CapabilityLike]) -> str:
    """SHA-256 of the sorted list as compact JSON, in hex."""
    return sha256_hex(json.dumps(sorted(str(one) for one in capabilities), separators=(",", ":")).encode())


def validate_capability(cap: Capability) -> None:
    """Raises `ValueError` without a colon, for `admin:*`, and for an action of one's own without a domain."""
    parsed = cap.parse(cap.value)
    if parsed is None:
        raise ValueError(f"Invalid capability format (missing ':'): {cap.value}")
    action, resource = parsed
    if action == "admin" and resource == "*":
        raise ValueError("admin:* wildcard is not allowed; admin capabilities must be explicitly scoped")
    if action not in CORE_ACTIONS and "." not in action:
        raise ValueError(f"Custom action '{action}' must use reverse-domain prefix (e.g., com.example.{action})")
