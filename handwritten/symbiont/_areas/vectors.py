"""Vectors and their collections. No runtime serves these; a sandbox does."""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_10.operations import vectors as operations
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import Json, Method, filled, member, one, rows, untyped, whole


def create_vector_collection(collection_request: m.CollectionCreateRequest | Json) -> Request[Any]:
    """Create a collection."""
    return operations.create_vector_collection(filled(m.CollectionCreateRequest, collection_request))


def add_vectors(upsert_request: m.VectorUpsertRequest | Json) -> Request[Any]:
    """Store points, replacing those with the same id."""
    return operations.add_vectors(filled(m.VectorUpsertRequest, upsert_request))


def get_vectors(collection_name: str, vector_ids: list[str | int]) -> Request[Any]:
    """Points by id, in the order asked for."""
    return operations.get_vectors(collection_name=collection_name, ids=untyped(vector_ids))


def search_vectors(search_request: m.VectorSearchRequest | Json) -> Request[Any]:
    """Search all collections by meaning."""
    return operations.search_vectors(filled(m.VectorSearchRequest, search_request))


def delete_vectors(collection_name: str, vector_ids: list[str | int]) -> Request[Any]:
    """Remove points."""
    return operations.delete_vectors(untyped({"collection_name": collection_name, "ids": vector_ids}))


class VectorCalls:
    """Vectors and their collections. No runtime serves these; a sandbox does."""

    create_vector_collection = Method(create_vector_collection, one(lambda: m.CollectionResponse))
    delete_vector_collection = Method(operations.delete_vector_collection, whole)
    get_collection_info = Method(operations.get_collection_info, one(lambda: m.CollectionInfo))
    list_vector_collections = Method(operations.list_vector_collections, rows)
    add_vectors = Method(add_vectors, one(lambda: m.UpsertResponse))
    get_vectors = Method(get_vectors, rows)
    search_vectors = Method(search_vectors, one(lambda: m.VectorSearchResponse))
    delete_vectors = Method(delete_vectors, whole)
    count_vectors = Method(operations.count_vectors, member("count", int))
