"""Cron expressions as the runtime reads them: seconds first, a year if wanted (protocol sheet, section 4.5).

The grammar is that of the Rust crate `cron`: six fields or seven, Sunday is 1, day of month **and** day of week must
match. croniter works out the times; it is given every field as a list, so that the two grammars cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

YEARS = 130  # how far ahead a time is looked for: to the end of all years that an expression can name
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_ITEM = re.compile(r"(\*|\?|\w+)(?:-(\w+))?(?:/(\d+))?")
_SHORTHANDS = {
    "@yearly": "0 0 0 1 1 * *",
    "@monthly": "0 0 0 1 * * *",
    "@weekly": "0 0 0 * * 1 *",
    "@daily": "0 0 0 * * * *",
    "@hourly": "0 0 * * * * *",
}


class CronError(ValueError):
    """The expression or the time zone means nothing; the text is the runtime's."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()

    def read(self, text: str) -> list[int]:
        """The values that the field allows, in order. Raises ValueError."""
        return sorted({value for item in text.split(",") for value in self._item(item)})

    def _item(self, text: str) -> Iterator[int]:
        found = _ITEM.fullmatch(text)
        if found is None:
            raise ValueError(f"{self.name}: {text!r}")
        first, last, step = found.groups()
        if first in {"*", "?"}:
            if last is not None:
                raise ValueError(f"{self.name}: {text!r}")
            low, high = self.low, self.high
        else:
            low = self._value(first)
            high = self._value(last) if last is not None else self.high if step else low
        if low > high or (step is not None and int(step) == 0):
            raise ValueError(f"{self.name}: {text!r}")
        yield from range(low, high + 1, int(step or 1))

    def _value(self, text: str) -> int:
        word = text.upper()[:3]
        if word in self.words and len(text) >= 3:
            return self.words.index(word) + self.low
        if not text.isdigit() or not self.low <= int(text) <= self.high:
            raise ValueError(f"{self.name}: {text!r} is not within {self.low} and {self.high}")
        return int(text)


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, tuple(_MONTHS)),
    _Field("day of week", 1, 7, tuple(_DAYS)),
    _Field("year", 1970, 2099),
)


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression in a time zone."""

    expression: str  # as croniter reads it
    zone: ZoneInfo

    @classmethod
    def parse(cls, expression: str, timezone: str) -> Cron:
        """Raises CronError: `invalid cron expression ...`, `invalid timezone ...`."""
        try:
            values = _read(expression)
        except ValueError as error:
            raise CronError(f"invalid cron expression '{expression}': {error}") from None
        try:
            zone = ZoneInfo(timezone or "UTC")
        except (ValueError, OSError, KeyError):
            raise CronError(f"invalid timezone '{timezone}'") from None
        second, minute, hour, day, month, weekday, year = values
        weekday = [value - 1 for value in weekday]
        fields = [_text(minute, 60), _text(hour, 24), _text(day, 31), _text(month, 12), _text(weekday, 7)]
        return cls(" ".join([*fields, _text(second, 60), _text(year, 130)]), zone)

    def after(self, moment: datetime) -> datetime | None:
        """The first time strictly after the moment, in UTC; None when there is none any more."""
        return next(self.times(moment), None)

    def times(self, moment: datetime) -> Iterator[datetime]:
        """The times strictly after the moment, in UTC, as long as there are any."""
        start = moment.astimezone(self.zone)
        walk = croniter(self.expression, start, day_or=False, max_years_between_matches=YEARS)
        while True:
            try:
                found = walk.get_next(datetime)
            except CroniterBadDateError:
                return
            yield found.astimezone(UTC)


def _read(expression: str) -> list[list[int]]:
    parts = _SHORTHANDS.get(expression.strip(), expression).split()
    if len(parts) not in {6, 7}:
        raise ValueError(f"6 or 7 fields are needed, not {len(parts)}")
    parts += ["*"] * (7 - len(parts))
    return [field.read(part) for field, part in zip(_FIELDS, parts, strict=True)]


def _text(values: list[int], all_of_them: int) -> str:
    return "*" if len(values) == all_of_them else ",".join(map(str, values))
