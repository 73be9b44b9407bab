"""What an instance knows of invites, members and grants (protocol sheet §21).

Methods raise `Refuse` in the codes of the protocol.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wirewright.sandbox import Refuse

INSTANCE_DID = "did:sync:instance"
MEMBERSHIP_SECONDS = 180 * 24 * 3600
PRESETS = {
    "reader": ["records:read"],
    "contributor": ["records:read", "records:write"],
    "admin": ["records:read", "records:write", "members:admin"],
}
_label = re.compile(r"[a-z0-9][a-z0-9-]{0,62}").fullmatch


@dataclass
class Invite:
    """A way in. Times are Unix milliseconds; `terms` are those of a membership, None for guests."""

    id: str
    max_uses: int
    scopes: list[str]
    expires_at: int | None
    terms: dict[str, Any] | None
    uses: int = 0

    def shown(self) -> dict[str, Any]:
        """As answered."""
        return {
            "invite_id": self.id,
            "max_uses": self.max_uses,
            "uses": self.uses,
            "scopes": self.scopes,
            "expires_at": self.expires_at,
            "membership": self.terms,
        }


@dataclass
class Grant:
    """What somebody may do, below a member's own grant or being it."""

    id: str
    label: str
    holder: str
    scopes: list[str]
    caveats: dict[str, Any]
    expires_at: int | None
    parent: str | None = None
    token: str | None = None


@dataclass
class Member:
    """One who belongs here."""

    label: str
    did: str
    grant_id: str | None
    preset: str
    expires_at: int | None
    revoked: bool = False

    def shown(self) -> dict[str, Any]:
        """As answered."""
        return {
            "label": self.label,
            "member_did": self.did,
            "grant_id": self.grant_id,
            "preset": self.preset,
            "expires_at": self.expires_at,
            "revoked": self.revoked,
        }


@dataclass
class Roster:
    """The state of membership. `now` is Unix milliseconds, `token` makes up secrets."""

    now: Callable[[], int]
    token: Callable[[str], str]
    invites: dict[str, Invite] = field(default_factory=dict[str, Invite])
    members: dict[str, Member] = field(default_factory=dict[str, Member])
    grants: dict[str, Grant] = field(default_factory=dict[str, Grant])

    # Invites

    def issue(self, asked: Mapping[str, Any]) -> Invite:
        """A new invite."""
        terms = asked.get("membership")
        if terms is not None and "label" in terms:
            checked_label(terms["label"])
        invite = Invite(
            self.token("inv_"),
            int(asked.get("max_uses", 1)),
            asked.get("scopes") or (PRESETS[terms.get("preset", "reader")] if terms else ["records:read"]),
            self._until(asked.get("ttl_seconds")),
            terms,
        )
        self.invites[invite.id] = invite
        return invite

    def redeem(self, invite_id: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What the holder of an invite gets."""
        invite = self._usable(invite_id)
        admitted = self._admit(invite, asked) if invite.terms is not None else None
        invite.uses += 1
        grant = admitted or self._grant("", asked["holder_pubkey"], invite.scopes)
        answer = {
            "invite_id": invite.id,
            "token": grant.token,
            "scopes": grant.scopes,
            "expires_at": grant.expires_at,
        }
        if admitted is None:
            return answer
        membership = {"member_did": admitted.holder, "master_did": INSTANCE_DID, "grant_id": admitted.id}
        return {**answer, "membership": membership}

    def _usable(self, invite_id: str) -> Invite:
        invite = self.invites.get(invite_id)
        if invite is None:
            raise Refuse(404, code="not_found", message=f"There is no invite {invite_id}")
        if invite.expires_at is not None and self.now() >= invite.expires_at:
            raise Refuse(410, code="invite_expired", message="This invite has expired")
        if invite.uses >= invite.max_uses:
            message = f"This invite was redeemed {invite.uses} of {invite.max_uses} times"
            raise Refuse(410, code="invite_exhausted", message=message)
        return invite

    def _admit(self, invite: Invite, asked: Mapping[str, Any]) -> Grant:
        """The grant of the member that an invite admits, or whose membership it renews."""
        terms = invite.terms or {}
        label = asked.get("member_label", terms.get("label"))
        if label is None:
            raise Refuse(
                400, code="member_label_required", message="This invite admits a member: member_label is required"
            )
        checked_label(label)
        if terms.get("label", label) != label:
            raise Refuse(403, code="label_pinned", message=f"This invite is for {terms['label']}")
        if asked.get("custody", "custodial") != "custodial":
            raise Refuse(501, code="custody_not_implemented", message="Only custodial keys are implemented")
        present = self.members.get(label)
        if present is not None and not present.revoked and "label" not in terms:
            raise Refuse(409, code="label_taken", message=f"The label {label} is taken")
        preset = terms.get("preset", "reader")
        until = self._until(terms.get("ttl_seconds", MEMBERSHIP_SECONDS))
        member = Member(label, f"did:sync:member:{label}", None, preset, until)
        if present is not None:
            self._drop(present.grant_id)
        grant = self._grant(label, member.did, invite.scopes, caveats=terms.get("caveats"), until=until)
        member.grant_id = grant.id
        self.members[label] = member
        return grant

    # Members

    def adopt(self, asked: Mapping[str, Any]) -> Member:
        """Bind a label; binding it again answers what is there."""
        label = checked_label(asked["label"])
        present = self.members.get(label)
        if present is not None and not present.revoked:
            return present
        until = self._until(asked.get("ttl_seconds", MEMBERSHIP_SECONDS))
        member = Member(label, f"did:sync:member:{label}", None, "contributor", until)
        holder = asked.get("sa_id") or member.did
        member.grant_id = self._grant(label, holder, PRESETS["contributor"], until=until).id
        self.members[label] = member
        return member

    def member(self, label: str) -> Member:
        """A member who was not revoked."""
        member = self.members.get(label)
        if member is None or member.revoked:
            raise Refuse(404, code="not_found", message=f"No member has the label {label}")
        return member

    def revoke(self, label: str) -> list[str]:
        """End a membership; the grants that went with it."""
        member = self.member(label)
        gone = self._drop(member.grant_id)
        member.revoked, member.grant_id = True, None
        return gone

    # Grants

    def mint(self, label: str, asked: Mapping[str, Any]) -> Grant:
        """A grant below a member's own: narrower in scope, tighter in its caveats."""
        parent = self.grants[str(self.member(label).grant_id)]
        wanted: list[str] = parent.scopes if asked.get("scopes") is None else asked["scopes"]
        wider = [scope for scope in wanted if scope not in parent.scopes]
        if wider:
            message = f"{', '.join(wider)} is not among the scopes of this member"
            raise Refuse(403, code="scope_widened", message=message)
        caveats = self._tightened(parent, asked.get("caveats") or {})
        until = self._until(asked.get("ttl_seconds"))
        if parent.expires_at is not None:
            until = min(until or parent.expires_at, parent.expires_at)
        return self._grant(label, asked["aud"], wanted, caveats=caveats, until=until, parent=parent.id)

    def _tightened(self, parent: Grant, asked: Mapping[str, Any]) -> dict[str, Any]:
        for name, limit in parent.caveats.items():
            if name in asked and asked[name] > limit:
                raise Refuse(403, code="caveat_loosened", message=f"{name} {asked[name]} is above the member's {limit}")
        siblings = sum(grant.parent == parent.id for grant in self.grants.values())
        if siblings >= parent.caveats.get("max_fanout", siblings + 1) or parent.caveats.get("max_depth", 1) < 1:
            raise Refuse(403, code="caveat_exhausted", message="This member may make no more grants")
        return {**parent.caveats, **asked}

    def revoke_grant(self, label: str, grant_id: str) -> list[str]:
        """End a grant below a member's own."""
        member = self.member(label)
        grant = self.grants.get(grant_id)
        if grant is None or grant.label != label or grant_id == member.grant_id:
            raise Refuse(404, code="not_found", message=f"{label} has no grant {grant_id}")
        return self._drop(grant_id)

    def holder_of(self, token: str) -> Grant | None:
        """The grant behind a credential, as long as it holds."""
        grant = next((grant for grant in self.grants.values() if grant.token == token), None)
        expired = grant is not None and grant.expires_at is not None and self.now() >= grant.expires_at
        return None if expired else grant

    def _grant(
        self,
        label: str,
        holder: str,
        scopes: Iterable[str],
        *,
        caveats: dict[str, Any] | None = None,
        until: int | None = None,
        parent: str | None = None,
    ) -> Grant:
        grant = Grant(self.token("gr_"), label, holder, list(scopes), caveats or {}, until, parent, self.token("tok_"))
        self.grants[grant.id] = grant
        return grant

    def _drop(self, grant_id: str | None) -> list[str]:
        """Remove a grant and all below it."""
        if grant_id is None or grant_id not in self.grants:
            return []
        below = [grant.id for grant in self.grants.values() if grant.parent == grant_id]
        del self.grants[grant_id]
        return [grant_id, *(gone for child in below for gone in self._drop(child))]

    def _until(self, seconds: int | None) -> int | None:
        return None if seconds is None else self.now() + int(seconds) * 1000


def checked_label(label: str) -> str:
    """The label, if it is one."""
    if not _label(label):
        message = "member_label must match [a-z0-9][a-z0-9-]* and have at most 63 characters"
        raise Refuse(400, code="invalid_label", message=message)
    return label
