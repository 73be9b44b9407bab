"""The Tower Agent API: an agent per employee, with product profiles."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "tower.client" if name == "TowerClient" else "tower.types"
    return getattr(importlib.import_module(module), name)
