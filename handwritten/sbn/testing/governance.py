"""Proposals and what becomes of them."""

from __future__ import annotations

from wirewright.sandbox import Call, rule

from sbn.testing.offices import OfficeRules
from sbn.testing.space import Json, conflict, found, newest

APPROVALS_REQUIRED = 2


class GovernanceRules(OfficeRules):
    """Proposals and what becomes of them."""

    @rule("governance_create_proposal")
    def create_proposal(self, call: Call) -> Json:
        proposal = call.body["proposal"]
        document = proposal["document"]
        identity = self.short("prop_")
        known: Json = {
            "id": identity,
            "proposal_id": identity,
            "status": "pending",
            "checksum": self.hash_of(proposal),
            "document": document,
            "frontier_id": document.get("frontier_id"),
            "submitter": document.get("submitter"),
            "risk_band": document.get("risk_band"),
            "approvals_received": 0,
            "approvals_required": APPROVALS_REQUIRED,
            "created_at": self.stamp(),
            "_approvers": [],
        }
        self.space(call).proposals[identity] = known
        return self.public(known)

    def proposal(self, call: Call) -> Json:
        return found(self.space(call).proposals, call.path["proposal_id"], "proposal")

    @rule("governance_list_proposals")
    def list_proposals(self, call: Call) -> Json:
        status, frontier = call.query.get("status_filter"), call.query.get("frontier")
        listed = [
            self.public(proposal)
            for proposal in self.space(call).proposals.values()
            if (not status or proposal["status"] == status) and (not frontier or proposal["frontier_id"] == frontier)
        ]
        return {"proposals": newest(listed), "count": len(listed)}

    @rule("governance_get_proposal")
    def get_proposal(self, call: Call) -> Json:
        return self.public(self.proposal(call))

    @rule("governance_approve")
    def approve(self, call: Call) -> Json:
        proposal = self.proposal(call)
        if proposal["status"] not in {"pending", "approved"}:
            raise conflict(f"A proposal that is {proposal['status']} cannot be approved.")
        if call.body["approver"] not in proposal["_approvers"]:
            proposal["_approvers"].append(call.body["approver"])
        proposal["approvals_received"] = len(proposal["_approvers"])
        if proposal["approvals_received"] >= proposal["approvals_required"]:
            proposal["status"] = "approved"
        return self.public(proposal)

    @rule("governance_reject")
    def reject(self, call: Call) -> Json:
        proposal = self.proposal(call)
        if proposal["status"] == "promoted":
            raise conflict("A promoted proposal cannot be rejected.")
        proposal["status"] = "rejected"
        return self.public(proposal)

    @rule("governance_promote")
    def promote(self, call: Call) -> Json:
        proposal = self.proposal(call)
        if proposal["status"] != "approved":
            raise conflict(f"A proposal that is {proposal['status']} cannot be promoted.")
        proposal["status"] = "promoted"
        return self.public(proposal)
