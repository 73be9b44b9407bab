"""Receipts: by id, by hash, and in pages."""

from __future__ import annotations

from typing import Any

from sbn_calls import gateway, receipts, snapchore
from wirewright.calls import Call, Request, whole

from sbn._faces import AsyncSubClient, SubClient


def _get(receipt_id: str) -> Request[Any]:
    """Fetch a receipt as it is."""
    return gateway.fetch_receipt(receipt_id)


class ReceiptsMethods(receipts.ReceiptsCalls):
    """Receipts: by id, by hash, and in pages."""

    get = Call(_get, whole)
    fetch_receipt = Call(_get, whole)
    list = Call(snapchore.receipts_discover, whole)


class ReceiptsClient(ReceiptsMethods, SubClient):
    """Receipts: by id, by hash, and in pages."""


class AsyncReceiptsClient(ReceiptsMethods, AsyncSubClient):
    """Receipts: by id, by hash, and in pages, async."""
