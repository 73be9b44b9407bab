"""Ids as the original's storage makes them: 24 hexadecimal digits that sort by the time they were made."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Callable

_PATTERN = re.compile(r"[0-9a-fA-F]{24}")
_COUNTER_SIZE = 1 << 24


def is_object_id(text: str) -> bool:
    """Whether the text can be an id at all."""
    return _PATTERN.fullmatch(text) is not None


class ObjectIds:
    """Makes ids: seconds since 1970 (4 bytes), a number of this process (5 bytes), a counter (3 bytes)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._process = secrets.token_hex(5)
        self._counter = itertools.count(secrets.randbelow(_COUNTER_SIZE // 2))

    def __call__(self) -> str:
        """A fresh id, in lower case."""
        return f"{int(self._clock()):08x}{self._process}{next(self._counter) % _COUNTER_SIZE:06x}"
