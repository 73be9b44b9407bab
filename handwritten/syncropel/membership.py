"""Invites, members and their grants (protocol sheet §21).

Strict: every answer that is no success, and every broken connection, raises `SyncropelMembershipError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import UNSET
from syncropel_api.v0_7.operations import invites, members

from syncropel import wire
from syncropel.checks import is_array, is_object

if TYPE_CHECKING:
    from wirewright.client import AsyncClient
    from wirewright.errors import WirewrightError
    from wirewright.request import Request


class SyncropelMembershipError(Exception):
    """A membership call failed. `status` is 0 and `code` `transport_error` when no answer came."""

    def __init__(self, op: str, status: int, code: str, detail: str) -> None:
        super().__init__(f"{op}: {code} ({status}): {detail}")
        self.op = op
        self.status = status
        self.code = code
        self.detail = detail


class ClientMembership:
    """Membership of one instance. Reached as `Client.membership`; takes an `httpx.AsyncClient` too.

    Answers are handed on as the kernel wrote them; one that is no object comes as `{"data": ...}`.
    """

    def __init__(self, http: Any) -> None:
        self._client: AsyncClient = wire.async_client(http)

    async def issue_invite(
        self,
        *,
        scopes: list[str] | None = None,
        ttl_seconds: int | None = None,
        max_uses: int = 1,
        membership: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Issue an invite, good for `max_uses` within `ttl_seconds`; with `membership` it admits a member."""
        body = _given(max_uses=max_uses, scopes=scopes, ttl_seconds=ttl_seconds, membership=membership)
        return await self._object("invites.issue", invites.issue_invite(wire.json_body(body)))

    async def redeem_invite(
        self, invite_id: str, *, holder_pubkey: str, member_label: str | None = None, custody: str = "custodial"
    ) -> dict[str, Any]:
        """Redeem an invite for the holder of a public key; `member_label` where it admits a member."""
        body = {"holder_type": "guest", "holder_pubkey": holder_pubkey}
        if member_label is not None:
            body |= {"member_label": member_label, "custody": custody}
        return await self._object("invites.redeem", invites.redeem_invite(invite_id, wire.json_body(body)))

    async def list_members(self) -> list[dict[str, Any]]:
        """The roster: every row for admins, the own one for others."""
        rows = (await self._object("members.list", members.list_members())).get("data")
        return rows if is_array(rows) else []

    async def adopt(self, label: str, *, sa_id: str | None = None, ttl_seconds: int | None = None) -> dict[str, Any]:
        """Bind a label to a principal, with `sa_id` to that service account's holder. Repeating it changes nothing."""
        body = _given(label=label, sa_id=sa_id, ttl_seconds=ttl_seconds)
        return await self._object("members.adopt", members.adopt_member(wire.json_body(body)))

    async def revoke_member(self, label: str, *, note: str | None = None) -> dict[str, Any]:
        """Revoke a member's grant and every credential under it."""
        body = UNSET if note is None else wire.json_body({"note": note})
        return await self._object("members.revoke", members.revoke_member(label, body=body))

    async def mint_agent_grant(
        self,
        member: str,
        *,
        aud: str,
        scopes: list[str] | None = None,
        caveats: dict[str, Any] | None = None,
        ttl_seconds: int | None = None,
    ) -> dict[str, Any]:
        """Make a grant for the agent `aud` of a member. Scopes only narrow, caveats only tighten."""
        body = _given(aud=aud, scopes=scopes, caveats=caveats, ttl_seconds=ttl_seconds)
        return await self._object("members.mint_agent_grant", members.mint_member_grant(member, wire.json_body(body)))

    async def revoke_agent_grant(self, member: str, grant_id: str) -> dict[str, Any]:
        """Revoke the grant of an agent; the member stays."""
        return await self._object("members.revoke_agent_grant", members.revoke_member_grant(member, grant_id))

    async def _object(self, op: str, request: Request[Any]) -> dict[str, Any]:
        outcome = await self._client.deliver(wire.strictly(request))
        if outcome.error is not None:
            raise failure(op, outcome.error) from outcome.error
        answer: Any = wire.from_json(outcome.value) if outcome.value else {}
        return answer if is_object(answer) else {"data": answer}


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def failure(op: str, error: WirewrightError) -> SyncropelMembershipError:
    """A failed call as this plane's error. Its kernels write `code` before `error`, and `message` before `detail`."""
    if not wire.is_status(error):
        return SyncropelMembershipError(op, 0, "transport_error", str(wire.cause_of(error)))
    envelope = wire.json_object(error.content)
    code = envelope.get("code") or envelope.get("error") or "http_error"
    detail = envelope.get("message") or envelope.get("detail") or wire.text_of(error)[: wire.EXCERPT]
    return SyncropelMembershipError(op, error.status, str(code), str(detail))
