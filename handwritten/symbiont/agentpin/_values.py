"""Documents are JSON that strangers wrote: these say what is in them without believing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeGuard, cast


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """A JSON object."""
    return isinstance(value, dict)


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list; nothing when it is none."""
    return [item for item in cast("list[object]", value) if is_object(item)] if isinstance(value, list) else []


def texts(value: object) -> list[str] | None:
    """A list of texts; None when it is anything else."""
    if not isinstance(value, list):
        return None
    items = cast("list[object]", value)
    return [item for item in items if isinstance(item, str)] if all(isinstance(i, str) for i in items) else None


def allowed_domains(value: object) -> list[str]:
    """The `allowed_domains` of an object; nothing when there are none."""
    return (texts(value.get("allowed_domains")) if is_object(value) else None) or []


def text(value: object) -> str | None:
    """A text; None when it is anything else, also when it is empty."""
    return value if isinstance(value, str) and value else None


def number(value: object) -> int | float | None:
    """A number; None when it is anything else."""
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value


def now_iso() -> str:
    """This moment as the documents write it: UTC, with microseconds and offset."""
    return datetime.now(UTC).isoformat()


def moment(value: object) -> datetime | None:
    """An ISO time; without an offset it is UTC. None when it cannot be read."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
