"""Open enums: a value that the spec does not name (yet) is kept, not refused, in every flavour."""

from __future__ import annotations

import enum
from typing import Self


class OpenStrEnum(enum.StrEnum):
    """A string enum whose unknown values become member-like values of the same class: `Status("new").value == "new"`.

    They compare and hash as their string, are not listed when iterating the class, and have `known` False.
    """

    @property
    def known(self) -> bool:
        """Whether the spec names this value."""
        return self._value_ in type(self)._value2member_map_

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = str(value)
        return member


class OpenIntEnum(enum.IntEnum):
    """An integer enum, open as `OpenStrEnum` is."""

    @property
    def known(self) -> bool:
        """Whether the spec names this value."""
        return self._value_ in type(self)._value2member_map_

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"value {int(value)}"
        member._value_ = int(value)
        return member
