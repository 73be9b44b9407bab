"""Memories of agents, kept by a server. No runtime serves these; a sandbox does."""

from __future__ import annotations

from typing import Any

from symbiont_api.v1_10.operations import memory as operations
from wirewright.request import Request

from symbiont import models as m
from symbiont._calls import Json, Method, filled, one, whole


def add_memory(memory_request: m.MemoryStoreRequest | Json) -> Request[Any]:
    """Keep a memory."""
    return operations.add_memory(filled(m.MemoryStoreRequest, memory_request))


def get_memory(memory_query: m.MemoryQuery | Json) -> Request[Any]:
    """One memory: by its id, else the agent's newest that fits."""
    return operations.get_memory(**filled(m.MemoryQuery, memory_query))


def search_memory(search_request: m.MemorySearchRequest | Json) -> Request[Any]:
    """Find memories."""
    return operations.search_memory(filled(m.MemorySearchRequest, search_request))


def get_conversation_context(conversation_id: str, agent_id: str) -> Request[Any]:
    """The memories of one conversation, by time."""
    return operations.get_conversation_context(conversation_id=conversation_id, agent_id=agent_id)


def list_agent_memories(agent_id: str, limit: int = 100) -> Request[Any]:
    """The memories of an agent."""
    return operations.list_agent_memories(agent_id=agent_id, limit=limit)


class MemoryCalls:
    """Memories of agents, kept by a server. No runtime serves these; a sandbox does."""

    add_memory = Method(add_memory, one(lambda: m.MemoryResponse))
    get_memory = Method(get_memory, one(lambda: m.MemoryResponse))
    search_memory = Method(search_memory, one(lambda: m.MemorySearchResponse))
    consolidate_memory = Method(operations.consolidate_memory, one(lambda: m.ConsolidationResponse))
    get_conversation_context = Method(get_conversation_context, one(lambda: m.ConversationContext))
    delete_memory = Method(operations.delete_memory, whole)
    list_agent_memories = Method(list_agent_memories, one(lambda: m.MemorySearchResponse))
