"""Vectors in Qdrant, from the program itself (protocol sheet §15). Needs the extra `symbiont-qdrant`.

A server's vectors are `Client.add_vectors` and its like.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from symbiont.exceptions import CollectionNotFoundError, EmbeddingError, QdrantConnectionError, VectorDatabaseError

Embed = Callable[[str], Sequence[float]]
PointId = str | int
_DISTANCES = {"cosine": "COSINE", "euclidean": "EUCLID", "euclid": "EUCLID", "dot": "DOT", "manhattan": "MANHATTAN"}


class QdrantManager:
    """Collections and points. Connects when first used; raises `VectorDatabaseError`s."""

    def __init__(  # noqa: PLR0917 - the public signature
        self,
        host: str = "localhost",
        port: int = 6333,
        grpc_port: int = 6334,
        prefer_grpc: bool = False,
        timeout: float = 60.0,
        api_key: str | None = None,
        **kwargs: Any,
    ) -> None:
        """`timeout` in seconds; `kwargs` go to `qdrant_client.QdrantClient` (`location=":memory:"` keeps it here)."""
        self.host, self.port = host, port
        self._client: Any = None
        self._options: dict[str, Any] = {"timeout": int(timeout), "api_key": api_key, **kwargs}
        if "location" not in kwargs and "path" not in kwargs and "url" not in kwargs:
            self._options |= {"host": host, "port": port, "grpc_port": grpc_port, "prefer_grpc": prefer_grpc}

    def __repr__(self) -> str:
        return f"<QdrantManager {self.host}:{self.port}>"

    @property
    def client(self) -> Any:
        """The client of Qdrant's own library."""
        if self._client is None:
            self._client = self._connected()
        return self._client

    def _connected(self) -> Any:
        try:
            library: Any = import_module("qdrant_client")
        except ModuleNotFoundError as error:
            needed = "symbiont.qdrant needs qdrant-client: pip install 'wirewright[symbiont-qdrant]'"
            raise ModuleNotFoundError(needed, name=error.name) from error
        try:
            return library.QdrantClient(**self._options)
        except Exception as error:
            raise QdrantConnectionError("Qdrant cannot be reached", host=self.host) from error

    @property
    def _models(self) -> Any:
        return import_module("qdrant_client.models")

    @contextmanager
    def _told(self, what: str, collection_name: str | None = None) -> Generator[Any]:
        """The client, with its errors as ours."""
        client = self.client
        try:
            yield client
        except Exception as error:
            text = str(error).lower()
            if collection_name and ("not found" in text or "doesn't exist" in text):
                raise CollectionNotFoundError(
                    f"Collection {collection_name} not found", collection_name=collection_name
                ) from error
            raise VectorDatabaseError(f"{what} failed: {type(error).__name__}") from error

    def health_check(self) -> bool:
        """Whether Qdrant answers."""
        try:
            self.client.get_collections()
        except Exception:
            return False
        return True

    def create_collection(  # noqa: PLR0917 - the public signature
        self,
        collection_name: str,
        vector_size: int,
        distance: str = "Cosine",
        on_disk_payload: bool = False,
        hnsw_config: dict[str, Any] | None = None,
        optimizers_config: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Create a collection. `distance`: Cosine, Euclidean or Dot."""
        kind = getattr(self._models.Distance, _DISTANCES.get(distance.lower(), "COSINE"))
        with self._told("Creating a collection", collection_name) as client:
            result = client.create_collection(
                collection_name=collection_name,
                vectors_config=self._models.VectorParams(size=vector_size, distance=kind),
                on_disk_payload=on_disk_payload,
                hnsw_config=hnsw_config,
                optimizers_config=optimizers_config,
            )
        return {"collection_name": collection_name, "status": "created", "result": result}

    def delete_collection(self, collection_name: str) -> dict[str, Any]:
        """Remove a collection."""
        with self._told("Removing a collection", collection_name) as client:
            result = client.delete_collection(collection_name)
        return {"collection_name": collection_name, "status": "deleted", "result": result}

    def get_collection_info(self, collection_name: str) -> dict[str, Any]:
        """A collection's settings and figures."""
        with self._told("Reading a collection", collection_name) as client:
            info = client.get_collection(collection_name)
        points = info.points_count or 0
        return {
            "collection_name": collection_name,
            "config": info.config.model_dump(mode="json"),
            "status": str(getattr(info.status, "value", info.status)),
            "vectors_count": getattr(info, "vectors_count", None) or points,
            "indexed_vectors_count": info.indexed_vectors_count or 0,
            "points_count": points,
        }

    def list_collections(self) -> list[str]:
        """The names of all collections."""
        with self._told("Listing collections") as client:
            return [collection.name for collection in client.get_collections().collections]

    def upsert_points(self, collection_name: str, points: list[dict[str, Any]], wait: bool = True) -> dict[str, Any]:
        """Store points: `id` (made up when missing), `vector` or `embedding`, `payload`."""
        structs = [
            self._models.PointStruct(
                id=point.get("id") or str(uuid.uuid4()),
                vector=point["vector"] if "vector" in point else point["embedding"],
                payload=point.get("payload") or {},
            )
            for point in points
        ]
        with self._told("Storing points", collection_name) as client:
            result = client.upsert(collection_name=collection_name, points=structs, wait=wait)
        return {
            "collection_name": collection_name,
            "operation_id": result.operation_id,
            "status": str(getattr(result.status, "value", result.status)),
            "points_count": len(structs),
        }

    def search_points(  # noqa: PLR0917 - the public signature
        self,
        collection_name: str,
        query_vector: list[float],
        limit: int = 10,
        score_threshold: float | None = None,
        payload_filter: dict[str, Any] | None = None,
        with_payload: bool = True,
        with_vectors: bool = False,
    ) -> list[dict[str, Any]]:
        """The nearest points, best first. `payload_filter`: values that the payload must have."""
        with self._told("Searching", collection_name) as client:
            found = client.query_points(
                collection_name=collection_name,
                query=query_vector,
                limit=limit,
                score_threshold=score_threshold,
                query_filter=self._filter(payload_filter),
                with_payload=with_payload,
                with_vectors=with_vectors,
            )
        return [
            {"id": point.id, "score": point.score, "payload": point.payload, "vector": point.vector}
            for point in found.points
        ]

    def _filter(self, wanted: Mapping[str, Any] | None) -> Any:
        models = self._models
        if not wanted:
            return None
        return models.Filter(
            must=[models.FieldCondition(key=k, match=models.MatchValue(value=v)) for k, v in wanted.items()]
        )

    def get_points(
        self,
        collection_name: str,
        point_ids: list[PointId],
        with_payload: bool = True,
        with_vectors: bool = False,
    ) -> list[dict[str, Any]]:
        """Points by id."""
        with self._told("Reading points", collection_name) as client:
            found = client.retrieve(
                collection_name=collection_name, ids=point_ids, with_payload=with_payload, with_vectors=with_vectors
            )
        return [{"id": point.id, "payload": point.payload, "vector": point.vector} for point in found]

    def delete_points(self, collection_name: str, point_ids: list[PointId], wait: bool = True) -> dict[str, Any]:
        """Remove points."""
        selector = self._models.PointIdsList(points=point_ids)
        with self._told("Removing points", collection_name) as client:
            result = client.delete(collection_name=collection_name, points_selector=selector, wait=wait)
        return {
            "collection_name": collection_name,
            "operation_id": result.operation_id,
            "status": str(getattr(result.status, "value", result.status)),
            "deleted_count": len(point_ids),
        }

    def count_points(self, collection_name: str, exact: bool = True) -> int:
        """How many points there are."""
        with self._told("Counting points", collection_name) as client:
            return int(client.count(collection_name=collection_name, exact=exact).count)

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()


class CollectionManager:
    """Collections that are made when they are missing."""

    def __init__(self, qdrant_manager: QdrantManager) -> None:
        self.qdrant_manager = qdrant_manager

    def ensure_collection_exists(
        self, collection_name: str, vector_size: int, distance: str = "Cosine", **kwargs: Any
    ) -> bool:
        """Make a collection when it is missing; True when it is there afterwards."""
        if collection_name not in self.qdrant_manager.list_collections():
            self.qdrant_manager.create_collection(collection_name, vector_size, distance, **kwargs)
        return True


class VectorOperations:
    """Points, by their older names."""

    def __init__(self, qdrant_manager: QdrantManager) -> None:
        self.qdrant_manager = qdrant_manager

    def add_vectors(self, collection_name: str, vectors: list[dict[str, Any]]) -> dict[str, Any]:
        """See `QdrantManager.upsert_points`."""
        return self.qdrant_manager.upsert_points(collection_name, vectors)

    def get_vectors(self, collection_name: str, vector_ids: list[PointId]) -> list[dict[str, Any]]:
        """See `QdrantManager.get_points`."""
        return self.qdrant_manager.get_points(collection_name, vector_ids, with_vectors=True)

    def search_vectors(
        self, collection_name: str, query_vector: list[float], limit: int = 10, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """See `QdrantManager.search_points`."""
        return self.qdrant_manager.search_points(collection_name, query_vector, limit, **kwargs)


class SearchEngine:
    """Search by text."""

    def __init__(self, qdrant_manager: QdrantManager) -> None:
        self.qdrant_manager = qdrant_manager

    def semantic_search(
        self,
        collection_name: str,
        query_text: str,
        limit: int = 10,
        score_threshold: float | None = None,
        embedding_function: Embed | None = None,
    ) -> list[dict[str, Any]]:
        """The points nearest to a text. Raises `EmbeddingError` without a function that makes vectors."""
        if embedding_function is None:
            raise EmbeddingError("An embedding function is required")
        vector = list(embedding_function(query_text))
        return self.qdrant_manager.search_points(collection_name, vector, limit, score_threshold)


class EmbeddingManager:
    """Functions that make vectors of texts, by name."""

    def __init__(self, qdrant_manager: QdrantManager) -> None:
        self.qdrant_manager = qdrant_manager
        self._functions: dict[str, Embed] = {}

    def register_embedding_function(self, name: str, function: Embed) -> None:
        """Add a function, or replace it."""
        self._functions[name] = function

    def get_embedding_function(self, name: str) -> Embed:
        """A function. Raises `EmbeddingError` when there is none of that name."""
        if name not in self._functions:
            raise EmbeddingError(f"Embedding function {name!r} is not registered", model=name)
        return self._functions[name]

    def embed_and_store(
        self,
        collection_name: str,
        texts: list[str],
        embedding_function_name: str,
        metadata: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Store texts with their vectors; `text` and `embedding_function` are added to each one's metadata."""
        embed = self.get_embedding_function(embedding_function_name)
        own: dict[str, Any] = {"embedding_function": embedding_function_name}
        payloads: list[dict[str, Any]] = metadata or [{} for _ in texts]
        points: list[dict[str, Any]] = []
        for text, payload in zip(texts, payloads, strict=True):
            full: dict[str, Any] = {**payload, "text": text, **own}
            points.append({"id": str(uuid.uuid4()), "vector": list(embed(text)), "payload": full})
        return self.qdrant_manager.upsert_points(collection_name, points)
