"""`sbn governance`."""

from __future__ import annotations

from sbn.cli.shared import GOVERNANCE, show_approvals
from sbn.cli.table import Facts, Group, Row

_group = Group("Proposals.")
governance_app = _group.app
_group.add(
    *GOVERNANCE,
    Row(
        "proposals approve",
        "governance.approve",
        "proposal_id --approver! --signature --note",
        Facts("Status*=status", quiet="id|proposal_id", said="Approved {id}", also=show_approvals),
    ),
    Row(
        "proposals reject",
        "governance.reject",
        "proposal_id --approver! --signature --note",
        Facts("Status*=status", quiet="id|proposal_id", said="Rejected {id}"),
    ),
    Row(
        "proposals promote",
        "governance.promote",
        "proposal_id",
        Facts("Status*=status", quiet="id|proposal_id", said="Promoted {id}"),
    ),
)
