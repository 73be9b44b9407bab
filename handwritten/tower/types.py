"""Words of the Tower Agent API."""

from __future__ import annotations

from enum import StrEnum


class AgentState(StrEnum):
    """What an agent is doing."""

    INITIALIZING = "initializing"
    LEARNING = "learning"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ARCHIVED = "archived"


class ProfileTier(StrEnum):
    """How many products an agent serves."""

    LIGHTWEIGHT = "lightweight"
    MULTI_PRODUCT = "multi_product"
    FULL_STACK = "full_stack"


class SuggestionType(StrEnum):
    """What a suggestion is about."""

    REMINDER = "reminder"
    TASK_GUIDANCE = "task_guidance"
    OPTIMIZATION = "optimization"
    KNOWLEDGE = "knowledge"
    WELLBEING = "wellbeing"
    ESCALATION = "escalation"
    DRAFT = "draft"
    NUMA_SIGNAL = "numa_signal"
    GEC_INSIGHT = "gec_insight"
    GEC_ALERT = "gec_alert"
    GEC_ACHIEVEMENT = "gec_achievement"


class SuggestionStatus(StrEnum):
    """What became of a suggestion."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IGNORED = "ignored"


class FeedbackType(StrEnum):
    """What is said about a suggestion."""

    ACCEPT = "accept"
    REJECT = "reject"
    CORRECT = "correct"
    RATE = "rate"
    IGNORE = "ignore"


class MemoryType(StrEnum):
    """How long something is remembered."""

    LONG_TERM = "long_term"
    SHORT_TERM = "short_term"
    EPISODIC = "episodic"


class ScoreType(StrEnum):
    """What a score measures."""

    TRUST = "trust"
    SKILL = "skill"
    EFFECTIVENESS = "effectiveness"
    PROFICIENCY = "proficiency"
    CONFIDENCE = "confidence"
    GEC_EFFICIENCY = "gec_efficiency"
    GEC_STABILITY = "gec_stability"


class SignalType(StrEnum):
    """Types of NUMA signals."""

    GEC_HEALTH = "GEC_HEALTH"
    PRIORITY_SHIFT = "PRIORITY_SHIFT"
    GOVERNANCE_ALERT = "GOVERNANCE_ALERT"
    ESCALATION = "ESCALATION"
    FORECAST = "FORECAST"
    INSTRUCTION = "INSTRUCTION"
    META = "META"
    AUDIT = "AUDIT"


class SBNBlockType(StrEnum):
    """Types of SnapChore blocks."""

    EVENT = "event"
    STIMULUS = "stimulus"
    AUDIT = "audit"
    INSTRUCTION = "instruction"
    META = "meta"
