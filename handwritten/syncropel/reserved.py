"""Records of the kinds that the protocol reserves for itself (protocol sheet §9)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import Any

from syncropel.checks import is_text, type_name
from syncropel.emission import EmitResult
from syncropel.grammar import validate_kind, validate_scope
from syncropel.identity import Identity


class ReservedKinds(ABC):
    """The part of `Client` that emits reserved kinds. Raises `ValueError` for what is missing or empty."""

    identity: Identity

    @abstractmethod
    async def _put(self, kind: str, body: dict[str, Any], thread: str) -> EmitResult:
        """Emit a body with act `PUT`."""

    async def emit_correction(
        self,
        *,
        corrects: list[str],
        revised_fields: dict[str, Any],
        reason: str,
        thread: str,
        correcting_actor: str | None = None,
    ) -> EmitResult:
        """`core.correction`: supersede earlier records with revised values."""
        _strings("corrects", corrects)
        _filled_dict("revised_fields", revised_fields)
        _text("reason", reason)
        body = {
            "corrects": corrects,
            "revised_fields": revised_fields,
            "reason": reason,
            "correcting_actor": correcting_actor or self.identity.actor_did,
        }
        return await self._put("core.correction", body, thread)

    async def emit_erasure(
        self,
        *,
        erases: list[str],
        reason: str,
        thread: str,
        authorized_by: str | None = None,
        effective_at: str | None = None,
    ) -> EmitResult:
        """`core.erasure`: mark records as erased, from now on or from `effective_at` (ISO 8601)."""
        _strings("erases", erases)
        _text("reason", reason)
        body = {
            "erases": erases,
            "reason": reason,
            "authorized_by": authorized_by or self.identity.actor_did,
            "effective_at": effective_at or _now(),
        }
        return await self._put("core.erasure", body, thread)

    async def emit_alias(
        self,
        *,
        old_kind: str,
        new_kind: str,
        reason: str,
        thread: str,
        since: str | None = None,
        publisher_did: str | None = None,
    ) -> EmitResult:
        """`core.alias`: declare that one kind supersedes another, from now on or `since` (ISO 8601)."""
        validate_kind(old_kind)
        validate_kind(new_kind)
        _text("reason", reason)
        body = {
            "old_kind": old_kind,
            "new_kind": new_kind,
            "reason": reason,
            "since": since or _now(),
            "publisher_did": publisher_did or self.identity.actor_did,
        }
        return await self._put("core.alias", body, thread)

    async def emit_scope_transfer(
        self,
        *,
        scope: str,
        from_publisher: str,
        to_publisher: str,
        reason: str,
        thread: str,
        effective_at: str | None = None,
    ) -> EmitResult:
        """`core.scope_transfer`: hand a scope from one publisher to another."""
        validate_scope(scope)
        _text("from_publisher", from_publisher)
        _text("to_publisher", to_publisher)
        _text("reason", reason)
        body = {
            "scope": scope,
            "from_publisher": from_publisher,
            "to_publisher": to_publisher,
            "reason": reason,
            "effective_at": effective_at or _now(),
        }
        return await self._put("core.scope_transfer", body, thread)

    async def emit_scope_claim(
        self,
        *,
        scope: str,
        governance_policy: dict[str, Any],
        thread: str,
        claimant: str | None = None,
        effective_at: str | None = None,
    ) -> EmitResult:
        """`core.scope_claim`: claim a scope under a governance policy, which has at least a `type`."""
        validate_scope(scope)
        _filled_dict("governance_policy", governance_policy)
        if "type" not in governance_policy:
            raise ValueError('governance_policy must include a "type" key')
        body = {
            "scope": scope,
            "claimant": claimant or self.identity.actor_did,
            "governance_policy": governance_policy,
            "effective_at": effective_at or _now(),
        }
        return await self._put("core.scope_claim", body, thread)


def _now() -> str:
    """The current time as ISO 8601 in UTC, `Z` at the end."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _filled(name: str, value: object, kind: type, article: str) -> None:
    """A `ValueError` for a wrong type too: so the protocol's users know it."""
    problem = f"must be {article}, got {type_name(value)}" if not isinstance(value, kind) else None
    if problem or not value:
        raise ValueError(f"{name} {problem or 'must be non-empty'}")


def _strings(name: str, value: list[str]) -> None:
    _filled(name, value, list, "a list")
    if not all(is_text(entry) and entry for entry in value):
        raise ValueError(f"{name} entries must be non-empty strings")


def _filled_dict(name: str, value: dict[str, Any]) -> None:
    _filled(name, value, dict, "a dict")


def _text(name: str, value: str) -> None:
    _filled(name, value, str, "a string")
