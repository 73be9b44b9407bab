"""Knowledge, and context made from it. No runtime serves these; a sandbox does."""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_10.operations import knowledge as operations
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import Json, Method, filled, one, whole


def add_knowledge_item(item: m.KnowledgeItem | Json) -> Request[Any]:
    """Add a piece of knowledge."""
    return operations.add_knowledge_item(filled(m.KnowledgeItem, item))


def search_knowledge(search_request: m.VectorSearchRequest | Json) -> Request[Any]:
    """Search by meaning, best first."""
    return operations.search_knowledge(filled(m.VectorSearchRequest, search_request))


def get_context(context_query: m.ContextQuery | Json) -> Request[Any]:
    """Collect context for a question."""
    return operations.get_context(filled(m.ContextQuery, context_query))


class KnowledgeCalls:
    """Knowledge, and context made from it. No runtime serves these; a sandbox does."""

    add_knowledge_item = Method(add_knowledge_item, whole)
    search_knowledge = Method(search_knowledge, one(lambda: m.VectorSearchResponse))
    get_context = Method(get_context, one(lambda: m.ContextResponse))
    delete_knowledge_item = Method(operations.delete_knowledge_item, whole)
