"""Words of the Tower Agent API."""

from __future__ import annotations

from tower_calls.types import (
    AgentState,
    FeedbackType,
    MemoryType,
    ProfileTier,
    SBNBlockType,
    ScoreType,
    SignalType,
    SuggestionStatus,
    SuggestionType,
)

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
]
