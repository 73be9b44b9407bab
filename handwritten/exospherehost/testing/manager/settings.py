"""How a state manager behaves, and what it takes from its surroundings."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Self

HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Behaviour:
    """Where the original state manager surprises its callers, and what is done here instead (protocol sheet §13).

    All true is the default; `Behaviour.original()` keeps every surprise, for comparisons.
    """

    stored_settings_are_shown: bool = True
    """GET graph answers the stored retry policy, store and triggers; the original answers their defaults (1)."""
    join_outputs_are_usable: bool = True
    """What follows a join may name its outputs (4)."""
    every_end_moves_joins: bool = True
    """A branch that ends by an error, a prune or without a successor can be the last that a join waited for (5)."""
    ended_states_stay_ended: bool = True
    """`re-enqueue-after` is refused (400) for a state that is not CREATED or QUEUED; the original revives it (7)."""
    unknown_states_are_refused: bool = True
    """Malformed state ids are 400, unknown states without secrets 404; the original answers 500 (9)."""
    states_remember_their_graph: bool = True
    """A state in another namespace than its graph finds its way back to it (10)."""

    @classmethod
    def original(cls) -> Self:
        """Every surprise as it is."""
        return cls(**{each.name: False for each in fields(cls)})


@dataclass(frozen=True)
class Settings:
    """Times are milliseconds unless their name says otherwise."""

    api_key: str = "sandbox-key"
    """What `x-api-key` must be."""
    encryption_key: str | None = None
    """URL-safe base64 of 32 bytes; None derives one from `api_key`."""
    behaviour: Behaviour = field(default_factory=Behaviour)
    lease: int | None = None
    """A state claimed so long ago and never reported on can be claimed again; None: never, as in the original."""
    template_wait: int = 300_000
    """How long an executed state waits for its graph to become valid."""
    orphan_age: int = 5_000
    """Unfinished background work of this age belongs to a process that died; another one does it."""
    schedule_retention: int = 720 * HOUR_MS
    """How long fired schedule entries are kept."""
    clock: Callable[[], float] = time.time
    """Seconds since 1970."""
    random: Callable[[], float] = random.random
    """Uniform in [0, 1)."""
