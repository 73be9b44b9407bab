"""Vectors and their collections."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from symbiont.models._base import Model


class Vector(Model):
    """A vector with metadata."""

    id: str | int
    values: list[float]
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class Point(Model):
    """A vector or several named ones, to be stored."""

    id: str | int
    vector: list[float] | dict[str, list[float]]
    payload: dict[str, Any] = Field(default_factory=dict[str, Any])


class SearchQuery(Model):
    """A search by vector."""

    vector: list[float]
    limit: int = 10
    score_threshold: float | None = None
    filter: dict[str, Any] | None = None
    with_payload: bool = True
    with_vector: bool = False


class CollectionCreateRequest(Model):
    """A collection to be created."""

    name: str
    vector_size: int
    distance: str = "Cosine"
    on_disk_payload: bool = False
    hnsw_config: dict[str, Any] | None = None
    optimizers_config: dict[str, Any] | None = None


class CollectionResponse(Model):
    """What became of a collection."""

    collection_name: str
    status: str
    result: dict[str, Any] | None = None


class CollectionInfo(Model):
    """A collection."""

    collection_name: str
    config: dict[str, Any]
    status: str
    vectors_count: int
    indexed_vectors_count: int
    points_count: int


class VectorUpsertRequest(Model):
    """Points to be stored, replacing those with the same id."""

    collection_name: str
    points: list[Point]
    wait: bool = True


class UpsertResponse(Model):
    """What was stored."""

    collection_name: str
    operation_id: str | None = None
    status: str
    points_count: int


class VectorPoint(Model):
    """A point that was found."""

    id: str | int
    vector: list[float]
    payload: dict[str, Any] = Field(default_factory=dict[str, Any])
    score: float | None = None


class EmbeddingRequest(Model):
    """Texts to be turned into vectors."""

    texts: list[str]
    model: str = "default"
    collection_name: str | None = None
    metadata: list[dict[str, Any]] | None = None


class EmbeddingResponse(Model):
    """Their vectors, in the same order."""

    embeddings: list[list[float]]
    model: str
    processing_time_ms: float
    token_count: int | None = None
