"""What a streaming session ends with: the receipt of its slot, what finalising it did, and errors in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sbn_calls.records import SlotReceiptFields

from sbn.errors import SbnError, SbnTransportError
from sbn.gateway import SlotClosure

Json = Mapping[str, Any]


class SlotReceipt(SlotReceiptFields):
    """What closing the slot produced; `closed_at` is ISO 8601."""

    __slots__ = ()

    @classmethod
    def from_closure(cls, closure: SlotClosure) -> SlotReceipt:
        """The receipt of a closure."""
        values = {item.name: getattr(closure, item.name) for item in fields(cls) if hasattr(closure, item.name)}
        values["closed_at"] = closure.closed_at.isoformat() if closure.closed_at else None
        return cls(**values)


@dataclass(slots=True)
class SlotFinalizeResult:
    """The close, and how the explicit attestation went, if one was asked for."""

    close: SlotReceipt
    attestation: Json | None = None
    attestation_error: Json | None = None

    @property
    def explicit_attestation_succeeded(self) -> bool:
        return self.attestation is not None and self.attestation_error is None

    @property
    def explicit_attestation_failed(self) -> bool:
        return self.attestation_error is not None

    @property
    def lifecycle_contract(self) -> Json | None:
        return self.close.lifecycle_contract

    @property
    def native_proof_chain(self) -> Json | None:
        return self.close.native_proof_chain

    @property
    def successor_surface_ids(self) -> list[str]:
        return self.close.successor_surface_ids


def is_passing(error: Exception) -> bool:
    """Whether a later try may succeed: no answer, a server's fault, or too many requests."""
    if isinstance(error, SbnError):
        return error.status_code >= 500 or error.status_code == 429
    return isinstance(error, SbnTransportError)


def describe_error(error: Exception) -> dict[str, Any]:
    """An error as `SlotFinalizeResult.attestation_error` holds it."""
    described: dict[str, Any] = {"message": str(error), "error_type": type(error).__name__, "retryable": False}
    if isinstance(error, SbnError):
        described |= {"retryable": error.status_code >= 500, "status_code": error.status_code}
        described |= {"code": error.code} if error.code else {}
        described |= {"details": error.details} if error.details else {}
    elif isinstance(error, SbnTransportError):
        details = {"last_exception": str(error.last_exception)}
        described |= {"retryable": True, "code": "transport_unavailable", "details": details}
    return described
