"""Knowledge, and context made from it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from symbiont.models._base import Model


class KnowledgeSourceType(StrEnum):
    """Where knowledge comes from."""

    DOCUMENT = "document"
    CODE = "code"
    API_REFERENCE = "api_reference"
    CONVERSATION = "conversation"


class VectorMetadata(Model):
    """The origin of a piece of knowledge."""

    source: str
    source_type: KnowledgeSourceType
    chunk_index: int | None = None
    timestamp: datetime
    agent_id: str | None = None


class KnowledgeItem(Model):
    """A piece of knowledge."""

    id: str
    content: str
    embedding: list[float] | None = None
    metadata: VectorMetadata


class VectorSearchRequest(Model):
    """A search by meaning; similarities from 0 to 1."""

    query: str
    agent_id: str | None = None
    source_types: list[KnowledgeSourceType] = Field(default_factory=list[KnowledgeSourceType])
    limit: int = 10
    similarity_threshold: float = 0.7


class VectorSearchResult(Model):
    """One hit."""

    item: KnowledgeItem
    similarity_score: float


class VectorSearchResponse(Model):
    """Hits, best first."""

    results: list[VectorSearchResult]
    query: str
    total_results: int


class ContextQuery(Model):
    """A question to collect context for."""

    query: str
    agent_id: str | None = None
    max_context_items: int = 5
    include_conversation_history: bool = True


class ContextResponse(Model):
    """Context: three lists in the same order."""

    context_items: list[str]
    sources: list[str]
    query: str
    relevance_scores: list[float]
