"""Memories of agents, kept by a server. `symbiont.memory` keeps them in the process or in Redis."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from symbiont.models._base import Model


class MemoryNode(Model):
    """One memory."""

    id: str
    content: dict[str, Any]
    memory_type: str
    memory_level: str
    timestamp: datetime
    agent_id: str
    conversation_id: str | None = None
    parent_id: str | None = None
    children_ids: list[str] = Field(default_factory=list[str])
    importance_score: float = 0.0
    access_count: int = 0
    last_accessed: datetime | None = None
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class MemoryStoreRequest(Model):
    """A memory to be kept."""

    content: dict[str, Any]
    memory_type: str
    memory_level: str
    agent_id: str
    conversation_id: str | None = None
    importance_score: float = 0.0
    parent_id: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class MemoryResponse(Model):
    """One memory, with how it went."""

    memory: MemoryNode
    success: bool = True
    message: str | None = None


class MemoryQuery(Model):
    """Which memory to get."""

    memory_id: str | None = None
    agent_id: str
    conversation_id: str | None = None
    memory_type: str | None = None
    memory_level: str | None = None
    parent_id: str | None = None
    limit: int = 50


class MemorySearchRequest(Model):
    """Which memories to find. `time_range` has `start` and `end`."""

    agent_id: str
    query: dict[str, Any] | None = None
    memory_levels: list[str] | None = None
    content_contains: str | None = None
    importance_threshold: float | None = None
    time_range: dict[str, datetime] | None = None
    limit: int = 50


class MemorySearchResponse(Model):
    """Memories; `total_count` counts them before the limit."""

    memories: list[MemoryNode]
    total_count: int
    search_time_ms: float
    success: bool = True
    message: str | None = None


class ConversationContext(Model):
    """The memories of one conversation, by time."""

    conversation_id: str
    agent_id: str
    memories: list[MemoryNode]
    context_summary: str | None = None
    created_at: datetime = Field(default_factory=datetime.now)
    updated_at: datetime = Field(default_factory=datetime.now)
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class ConsolidationResponse(Model):
    """What consolidation did."""

    agent_id: str
    promoted_count: int = 0
    pruned_count: int = 0
    consolidated_count: int = 0
    execution_time_ms: float
    success: bool = True
    message: str | None = None


class MemorySearchResult(Model):
    """A memory, and why it matched."""

    memory: MemoryNode
    relevance_score: float
    match_reason: str
    highlighted_content: dict[str, Any] | None = None
