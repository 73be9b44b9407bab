"""The sandbox of Syncropel: a kernel that needs nothing else.

Options: `api_keys` (comma-separated; none: everybody is let in), `tokens` (bearer tokens of an identity provider, by
the DID that each speaks for), `search` (False: search is disabled), `strict` (acts and data types outside the
protocol are refused), `signatures_required`, `responder` (questions are answered with their own input), `heartbeat`
(seconds between heartbeats of a watch), `chunk_size` (bytes). With `data` the records, and the keys that actors
signed with, are kept in SQLite; files and membership live as long as the process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wirewright.contract.problems import Problem
from wirewright.sandbox import Answer, Call, Refuse, rule
from wirewright.sandbox.picture import Picture

from syncropel.checks import is_object
from syncropel.testing import store
from syncropel.testing.data_rules import DataRules
from syncropel.testing.picture import draw
from syncropel.testing.record_rules import RecordRules
from syncropel.testing.roster import Grant, Roster
from syncropel.testing.tree import CHUNK_SIZE

_CODES = {"validation_error": "INVALID_REQUEST"}


class MembershipRules(RecordRules):
    """Invites, members, grants; and who may do what."""

    api_keys: frozenset[str]
    tokens: Mapping[str, str]

    def open_membership(self) -> None:
        """Nobody belongs here yet."""
        self.roster = Roster(lambda: int(self.clock.time() * 1000), self.token)

    def before(self, call: Call) -> Answer | None:
        """Where keys are configured: a known key or token is needed, but for health."""
        if not self.api_keys or (call.operation is not None and call.operation.id == "check_health"):
            return None
        key = call.headers.get("x-api-key")
        if key is None and call.bearer is None:
            raise Refuse(401, code="UNAUTHORIZED", message="This kernel needs an API key in x-api-key")
        if key in self.api_keys or self._grant_of(call) is not None or self.speaks_for(call) is not None:
            return None
        raise Refuse(403, code="FORBIDDEN", message="The credentials are not known")

    def _grant_of(self, call: Call) -> Grant | None:
        return None if call.bearer is None else self.roster.holder_of(call.bearer)

    def speaks_for(self, call: Call) -> str | None:
        """The DID behind a provider's token or a member's credential."""
        if call.bearer is None:
            return None
        for did, token in self.tokens.items():
            if token == call.bearer:
                return did
        grant = self._grant_of(call)
        return grant.holder if grant is not None and grant.label else None

    def _admin(self, call: Call) -> None:
        grant = self._grant_of(call)
        if grant is not None and "members:admin" not in grant.scopes:
            raise Refuse(403, code="forbidden", message="This needs admin rights")

    @rule("issue_invite")
    def issue(self, call: Call) -> Answer:
        """A new invite."""
        self._admin(call)
        return Answer(200, self.roster.issue(call.body).shown())

    @rule("redeem_invite")
    def redeem(self, call: Call) -> Answer:
        """What an invite is good for."""
        return Answer(200, self.roster.redeem(call.path["invite_id"], call.body))

    @rule("list_members")
    def members(self, call: Call) -> Answer:
        """All rows for admins, the own one for members."""
        rows = [member.shown() for _, member in sorted(self.roster.members.items())]
        grant = self._grant_of(call)
        if grant is not None and "members:admin" not in grant.scopes:
            rows = [row for row in rows if row["label"] == grant.label]
        return Answer(200, {"data": rows})

    @rule("adopt_member")
    def adopt(self, call: Call) -> Answer:
        """Bind a label."""
        self._admin(call)
        return Answer(200, self.roster.adopt(call.body).shown())

    @rule("revoke_member")
    def revoke(self, call: Call) -> Answer:
        """End a membership."""
        self._admin(call)
        label, given = call.path["label"], call.body
        note = given.get("note") if is_object(given) else None
        return Answer(200, {"label": label, "scope": "local", "revoked": self.roster.revoke(label), "note": note})

    @rule("mint_member_grant")
    def mint(self, call: Call) -> Answer:
        """A grant for an agent."""
        grant = self.roster.mint(call.path["label"], call.body)
        return Answer(
            200,
            {
                "grant_id": grant.id,
                "member": grant.label,
                "aud": grant.holder,
                "scopes": grant.scopes,
                "caveats": grant.caveats or None,
                "token": grant.token,
                "expires_at": grant.expires_at,
            },
        )

    @rule("revoke_member_grant")
    def revoke_grant(self, call: Call) -> Answer:
        """End a grant of an agent."""
        label = call.path["label"]
        gone = self.roster.revoke_grant(label, call.path["grant_id"])
        return Answer(200, {"label": label, "scope": "local", "revoked": gone, "note": None})


class SyncropelRules(DataRules, MembershipRules):
    """The whole kernel."""

    invalid_status = 400  # 422 says that an aggregation is too large
    wide = {"list_thread_records": ["thread"], "watch_thread": ["thread"]}  # noqa: RUF012 - as the base declares it

    def setup(
        self,
        *,
        api_keys: str | Sequence[str] = (),
        tokens: Mapping[str, str] | None = None,
        search: bool = True,
        strict: bool = False,
        signatures_required: bool = False,
        responder: bool = False,
        heartbeat: float = 15.0,
        chunk_size: int = CHUNK_SIZE,
    ) -> None:
        keys = api_keys.split(",") if isinstance(api_keys, str) else api_keys
        self.api_keys = frozenset(key.strip() for key in keys if key.strip())
        self.tokens = tokens or {}
        self.searching = search
        self.strict = strict
        self.signatures_required = signatures_required
        self.responding = responder
        self.heartbeat = heartbeat
        self.chunk_size = chunk_size
        self.open_records()
        self.open_data()
        self.open_membership()

    async def stop(self) -> None:
        self.records.end()

    def erase(self) -> None:
        if self.data is not None:
            store.erase(self.data)

    def state(self) -> dict[str, Any]:
        return {
            "records": len(self.records),
            "threads": self.records.threads(),
            "store": self.records.kind,
            "epoch": self.records.epoch,
            "files": sorted(path for path, node in self.tree.nodes.items() if node.hash is not None),
            "members": {label: member.shown() for label, member in sorted(self.roster.members.items())},
            "invites": {name: invite.shown() for name, invite in sorted(self.roster.invites.items())},
        }

    def picture(self) -> Picture:
        return draw(self.records, sorted(path for path, node in self.tree.nodes.items() if node.hash is not None))

    def error(self, status: int, code: str, message: str, problems: Sequence[Problem], *, call: Call | None) -> Answer:
        """In the words of the plane that was called."""
        path = "" if call is None else call.url.partition("://")[2].partition("/")[2]
        if path.startswith(("v1/data", "v1/blobs")):
            return Answer(status, {"ok": False, "error": code.lower(), "detail": message})
        if path.startswith(("v1/invites", "v1/members")):
            return Answer(status, {"code": code.lower(), "message": message})
        return Answer(status, {"error": _CODES.get(code, code.upper()), "message": message})
