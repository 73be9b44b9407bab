"""`sbn receipts`."""

from __future__ import annotations

from sbn.cli.shared import RECEIPTS
from sbn.cli.table import Group

_group = Group("Receipts.")
receipts_app = _group.app
_group.add(*RECEIPTS)
