"""The Tower Agent API: an agent per employee, with product profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach

if TYPE_CHECKING:
    from tower.client import TowerClient as TowerClient
    from tower.types import AgentState as AgentState
    from tower.types import FeedbackType as FeedbackType
    from tower.types import MemoryType as MemoryType
    from tower.types import ProfileTier as ProfileTier
    from tower.types import SBNBlockType as SBNBlockType
    from tower.types import ScoreType as ScoreType
    from tower.types import SignalType as SignalType
    from tower.types import SuggestionStatus as SuggestionStatus
    from tower.types import SuggestionType as SuggestionType

__version__ = "0.1.0"
__all__ = [
    "AgentState",
    "FeedbackType",
    "MemoryType",
    "ProfileTier",
    "SBNBlockType",
    "ScoreType",
    "SignalType",
    "SuggestionStatus",
    "SuggestionType",
    "TowerClient",
    "__version__",
]

_HOMES = {
    "client": "TowerClient",
    "types": "AgentState FeedbackType MemoryType ProfileTier SBNBlockType ScoreType SignalType SuggestionStatus "
    "SuggestionType",
}

__getattr__, __dir__ = attach(__name__, _HOMES)
