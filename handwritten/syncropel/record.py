"""The record as a value, with its speech acts and data types (protocol sheet §3, §15)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ActType(StrEnum):
    """The speech acts that the protocol names. Kernels take other strings too."""

    GET = "GET"
    PUT = "PUT"
    CALL = "CALL"
    MAP = "MAP"
    INTEND = "INTEND"
    DO = "DO"
    KNOW = "KNOW"
    LEARN = "LEARN"


class DataType(StrEnum):
    """The data types that the protocol names. Kernels take other strings too."""

    SCALAR = "SCALAR"
    FORMULA = "FORMULA"
    DISTRIBUTION = "DISTRIBUTION"
    REFERENCE = "REFERENCE"
    MORPHISM = "MORPHISM"
    VOID = "VOID"


@dataclass
class Record:
    """A record before it is sent: what its emitter states.

    `clock` is the logical time of this actor on this thread, `parents` are record ids in any order, `judged_by` takes
    no part in the id. `act` and `data_type` may be enum members or strings.
    """

    act: ActType | str
    actor: str
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    clock: int = 0
    parents: list[str] = field(default_factory=list[str])
    thread: str = ""
    data_type: DataType | str = DataType.SCALAR
    judged_by: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The six fields of the default `record_id`, parents sorted."""
        return {
            "act": self.act,
            "actor": self.actor,
            "body": self.body,
            "clock": self.clock,
            "parents": sorted(self.parents),
            "thread": self.thread,
        }

    def to_dict_7field(self) -> dict[str, Any]:
        """The seven fields that a kernel's id is made from."""
        return {**self.to_dict(), "data_type": self.data_type}

    def to_api_dict(self) -> dict[str, Any]:
        """The seven fields, and `judged_by` where it is known."""
        judged = {} if self.judged_by is None else {"judged_by": self.judged_by}
        return {**self.to_dict_7field(), **judged}
