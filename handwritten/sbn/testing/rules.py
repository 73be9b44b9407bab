"""The network's rules together: who may call, what is there from the start, and what can be asked of the sandbox
itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from wirewright.contract.problems import Problem
from wirewright.sandbox import Answer, Call, Refuse, control
from wirewright.sandbox.picture import Picture

from sbn.testing.cards import CardRules
from sbn.testing.picture import draw
from sbn.testing.space import Json, Network, Space
from sbn.testing.workflows import RUN_CLOSE

SEED_KEY = "sbn_live_abc123"
SEED_WORKFLOW = "wf_kinetic_session_integrity_v3_ab12cd34"
SEED_RUN = "run_seed_1"
SEED_FACTS = ("fact_seed_1", "fact_seed_2")
SEED_FRONTIERS = ("kinetic.pushup.amrap.v1", "kinetic.session.integrity.v1", "grid.atomic_rentals.streaming")
STATIC_TOKEN = "sbn-sandbox-token"  # noqa: S105 - the sandbox's own, for tests
SKEW_SECONDS = 2.0
WIDE = ("frontier_id", "card_ref")


class SbnRules(CardRules):
    """One state of the network.

    Options: `open`: no credentials are needed. `audience`: what a signed token's `aud` must be. `tokens`: static bearer
    tokens. `trusted`: public keys (32 bytes, hex) of signers, by `issuer/kid`.
    """

    wide: ClassVar[Mapping[str, Iterable[str]]] = {}
    invalid_status: ClassVar[int | None] = 422

    def setup(
        self,
        *,
        open: bool = False,
        audience: str = "sbn",
        tokens: Sequence[str] = (STATIC_TOKEN,),
        trusted: Mapping[str, str] | None = None,
    ) -> None:
        self.open, self.audience, self.tokens = open, audience, set(tokens)
        self.network = Network()
        self.spaces = {}
        self.make_space = self.seeded_space
        self.evidence_key = Ed25519PrivateKey.from_private_bytes(bytes(self.random.getrandbits(8) for _ in range(32)))
        for name, public in (trusted or {}).items():
            issuer, _, kid = name.partition("/")
            self.network.trusted[issuer, kid] = bytes.fromhex(public)
        self.seed_network()

    # What is there from the start -----------------------------------------------------------------------------------

    def seed_network(self) -> None:
        self.make_project("proj-123", "pt-kinetic")
        key = self.mint_key("seed key", id="key_seed")
        del self.network.keys[key["_secret"]]
        key |= {"_secret": SEED_KEY, "prefix": SEED_KEY[:13]}
        self.network.keys[SEED_KEY] = key
        self.network.plans["rp_standard"] = {
            "id": "rp_standard",
            "name": "Standard",
            "sla_tier": "standard",
            "daily_quota": 100_000,
            "burst_limit_per_minute": 600,
            "description": "The plan for most tenants",
            "created_at": self.stamp(),
        }
        for identity in SEED_FRONTIERS:
            self.frontier(identity, provision=True)

    def seeded_space(self, tenant: str) -> Space:
        space = Space(tenant)
        nodes = [{"step_id": "collect_signal", "name": "Collect signal"}, {"step_id": "seal_integrity", "name": "Seal"}]
        edges = [{"source_id": "collect_signal", "target_id": "seal_integrity", "edge_type": "sequence"}]
        body: Json = {"name": "kinetic.session.integrity", "domain": "kinetic.session", "nodes": nodes, "edges": edges}
        self.make_workflow(space, body, SEED_WORKFLOW, "active")
        for step in ("collect_signal", "seal_integrity"):
            said = {"meta": {"run_id": SEED_RUN}, "proof_stage": "sealed", "duration_seconds": 1.5}
            self.record_outcome(space, SEED_WORKFLOW, step, said)
        closing = {"meta": {"run_id": SEED_RUN}, "outcome": "completed", "proof_stage": "reduced"}
        self.record_outcome(space, SEED_WORKFLOW, RUN_CLOSE, closing)
        for identity, text in zip(SEED_FACTS, ("The gate closes at nine.", "The ramp opens at six."), strict=True):
            fact = self.make_fact(space, text)
            del space.facts[fact["fact_id"]]
            space.facts[identity] = fact | {"fact_id": identity, "id": identity}
        return space

    # Who may call ---------------------------------------------------------------------------------------------------

    def before(self, call: Call) -> Answer | None:
        operation = call.operation
        if operation is None or not operation.needs_credentials or operation.id.startswith("pgdag_py_"):
            return None
        if "x-api-key" in call.headers:
            self.check_key(call.headers["x-api-key"], operation.id)
        elif call.bearer:
            self.check_bearer(call.bearer)
        elif not self.open:
            raise refused("Credentials are missing.")
        return None

    def check_key(self, secret: str, operation: str) -> None:
        key = self.network.keys.get(secret)
        if key is None or key["revoked"]:
            raise refused("The API key is not known, or was revoked.")
        meter = "attestations" if operation == "gateway_request_attestation" else "facts_reads"
        meter = "snapchore_events" if operation.startswith("snapchore_") else meter
        if meter != "facts_reads" or operation.startswith("reality_"):
            used = key.setdefault("_used", {})
            used[meter] = used.get(meter, 0) + 1

    def check_bearer(self, token: str) -> None:
        known = self.network.tokens.get(token)
        if known is not None:
            if known["until"] <= self.now().timestamp():
                raise refused("The token has expired.")
        elif token not in self.tokens:
            self.check_signed(token)

    def check_signed(self, token: str) -> None:
        try:
            header, payload, signature = token.split(".")
            claims, said = json.loads(decoded(payload)), json.loads(decoded(header))
            public = self.network.trusted[claims["iss"], said["kid"]]
            if said["alg"] != "EdDSA":
                raise refused("The token is not signed with Ed25519.")
            Ed25519PublicKey.from_public_bytes(public).verify(decoded(signature), f"{header}.{payload}".encode())
            expired = float(claims["exp"]) + SKEW_SECONDS <= self.now().timestamp()
        except (ValueError, KeyError, TypeError, InvalidSignature) as error:
            raise refused("The token is not valid.") from error
        if expired or claims.get("aud") != self.audience:
            raise refused("The token has expired, or is meant for someone else.")

    def error(
        self, status: int, code: str, message: str, problems: Sequence[Problem], *, call: Call | None = None
    ) -> Answer:
        details: Json = {"problems": [str(problem) for problem in problems]} if problems else {}
        if status == 429:
            details["retry_after"] = 0
        return Answer(status, {"error": {"code": code, "message": message, "details": details}})

    # Of the sandbox itself ------------------------------------------------------------------------------------------

    @control("POST", "/sbn/keys")
    def trust(self, call: Call) -> Answer:
        """Trust a signer: `{"issuer", "kid", "public_key"}` with the raw public key in hex."""
        said = call.body or json.loads(call.raw_body or b"{}")
        public = bytes.fromhex(said["public_key"])
        self.network.trusted[said["issuer"], said.get("kid") or "sbn-ed25519"] = public
        return Answer(200, {"trusted": len(self.network.trusted)})

    def state(self) -> Any:
        shown = ("slots", "bitblocks", "blocks", "receipts", "sealed", "workflows", "facts", "signals", "proposals")
        return {
            "tenants": {name: {kind: len(getattr(s, kind)) for kind in shown} for name, s in self.spaces.items()},
            "apps": len(self.network.apps),
            "keys": len(self.network.keys),
        }

    def picture(self) -> Picture:
        return draw(self.network, self.spaces)

    def credentials(self) -> Mapping[str, str]:
        return {"api_key": SEED_KEY}


def refused(message: str) -> Refuse:
    return Refuse(401, code="unauthorized", message=message)


def decoded(text: str) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


SbnRules.wide = dict.fromkeys(
    [
        "atlas_get_frontier_snapshot",
        "atlas_get_frontier_history",
        "atlas_get_frontier_history_delta",
        "atlas_get_frontier_validation",
        "atlas_get_frontier_couplings",
        "gec_get_frontier_health",
        "gec_start_calibration",
        "gec_complete_calibration",
        "gec_suspend_frontier",
        "gec_unsuspend_frontier",
        "numa_get_forecast",
        "atlas_get_card",
        "atlas_version_card",
        "atlas_run_card",
    ],
    WIDE,
)
