"""Memories of agents kept by the program itself: in the process or in Redis (protocol sheet §15).

Redis needs the extra `symbiont-redis`. A server's memories are `Client.add_memory` and its like.
"""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from symbiont.exceptions import MemoryRetrievalError, MemoryStorageError

REDIS_AVAILABLE = find_spec("redis") is not None
SHORT_TERM_SECONDS = 3600
IMPORTANT = 0.7
Query = Mapping[str, Any]


class MemoryLevel(Enum):
    """How long a memory is meant to last."""

    SHORT_TERM = "short_term"
    LONG_TERM = "long_term"
    EPISODIC = "episodic"
    SEMANTIC = "semantic"


class MemoryType(Enum):
    """What a memory is of."""

    CONVERSATION = "conversation"
    FACT = "fact"
    EXPERIENCE = "experience"
    CONTEXT = "context"
    METADATA = "metadata"


@dataclass
class MemoryNode:
    """One memory. `importance_score` from 0 to 1; times are local."""

    id: str
    content: dict[str, Any]
    memory_type: MemoryType
    memory_level: MemoryLevel
    timestamp: datetime
    agent_id: str
    conversation_id: str | None = None
    parent_id: str | None = None
    children_ids: list[str] = field(default_factory=list[str])
    importance_score: float = 0.0
    access_count: int = 0
    last_accessed: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        self.children_ids = self.children_ids or []  # None was their default once
        self.metadata = self.metadata or {}

    def to_dict(self) -> dict[str, Any]:
        """Plain values; times as ISO 8601."""
        return {
            **vars(self),
            "memory_type": self.memory_type.value,
            "memory_level": self.memory_level.value,
            "timestamp": self.timestamp.isoformat(),
            "last_accessed": self.last_accessed.isoformat() if self.last_accessed else None,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> MemoryNode:
        """The other way round."""
        accessed = data.get("last_accessed")
        fields: dict[str, Any] = {
            **data,
            "memory_type": MemoryType(data["memory_type"]),
            "memory_level": MemoryLevel(data["memory_level"]),
            "timestamp": datetime.fromisoformat(data["timestamp"]),
            "last_accessed": datetime.fromisoformat(accessed) if accessed else None,
        }
        return cls(**fields)

    def accessed(self) -> MemoryNode:
        """The same, having been looked at once more."""
        self.access_count += 1
        self.last_accessed = datetime.now()
        return self


class MemoryStore(ABC):
    """Where memories are kept."""

    @abstractmethod
    def store(self, memory_node: MemoryNode) -> bool:
        """Keep a memory, replacing the one with its id."""

    @abstractmethod
    def retrieve(self, memory_id: str) -> MemoryNode | None:
        """A memory; it counts as accessed."""

    @abstractmethod
    def search(self, query: dict[str, Any]) -> list[MemoryNode]:
        """Memories that fit, the most important and newest first.

        `query`: `agent_id`, `conversation_id`, `memory_type`, `memory_level`, `content_contains` (in any case); other
        keys are ignored. Raises `MemoryRetrievalError` for a type or level that does not exist.
        """

    @abstractmethod
    def delete(self, memory_id: str) -> bool:
        """Remove a memory; whether there was one."""

    @abstractmethod
    def list_by_agent(self, agent_id: str, limit: int = 100) -> list[MemoryNode]:
        """An agent's memories, newest first."""


def _matching(nodes: Iterable[MemoryNode], query: Query) -> list[MemoryNode]:
    try:
        kind = MemoryType(query["memory_type"]) if query.get("memory_type") else None
        level = MemoryLevel(query["memory_level"]) if query.get("memory_level") else None
    except ValueError as error:
        raise MemoryRetrievalError(f"Memories cannot be searched: {error}") from error
    wanted = {name: query[name] for name in ("agent_id", "conversation_id") if query.get(name)}
    text = str(query.get("content_contains") or "").lower()
    found = [
        node
        for node in nodes
        if (kind is None or node.memory_type is kind)
        and (level is None or node.memory_level is level)
        and all(getattr(node, name) == value for name, value in wanted.items())
        and (not text or text in json.dumps(node.content, default=str).lower())
    ]
    return sorted(found, key=lambda node: (node.importance_score, node.timestamp), reverse=True)


class InMemoryStore(MemoryStore):
    """Memories in the process."""

    def __init__(self) -> None:
        self._nodes: dict[str, MemoryNode] = {}

    def store(self, memory_node: MemoryNode) -> bool:
        """See `MemoryStore`."""
        self._nodes[memory_node.id] = memory_node
        return True

    def retrieve(self, memory_id: str) -> MemoryNode | None:
        """See `MemoryStore`."""
        node = self._nodes.get(memory_id)
        return node.accessed() if node is not None else None

    def search(self, query: dict[str, Any]) -> list[MemoryNode]:
        """See `MemoryStore`."""
        return _matching(self._nodes.values(), query)

    def delete(self, memory_id: str) -> bool:
        """See `MemoryStore`."""
        return self._nodes.pop(memory_id, None) is not None

    def list_by_agent(self, agent_id: str, limit: int = 100) -> list[MemoryNode]:
        """See `MemoryStore`."""
        found = [node for node in self._nodes.values() if node.agent_id == agent_id]
        return sorted(found, key=lambda node: node.timestamp, reverse=True)[:limit]


class RedisMemoryStore(MemoryStore):
    """Memories in Redis: `<prefix>:<id>` holds one, `<prefix>:agent:<agent>` lists an agent's ids.

    Short-term memories expire an hour after they were stored. Raises `MemoryStorageError` when Redis is not there.
    """

    def __init__(
        self, redis_url: str = "redis://localhost:6379/0", key_prefix: str = "symbiont:memory", *, client: Any = None
    ) -> None:
        """`client`: a Redis client to use instead of a new one."""
        self.key_prefix = key_prefix
        self.redis_client = client if client is not None else _redis(redis_url)
        try:
            self.redis_client.ping()
        except Exception as error:
            raise MemoryStorageError("Redis cannot be reached", storage_type="redis") from error

    def _key(self, memory_id: str) -> str:
        return f"{self.key_prefix}:{memory_id}"

    def _agent_key(self, agent_id: str) -> str:
        return f"{self.key_prefix}:agent:{agent_id}"

    def store(self, memory_node: MemoryNode) -> bool:
        """See `MemoryStore`."""
        seconds = SHORT_TERM_SECONDS if memory_node.memory_level is MemoryLevel.SHORT_TERM else None
        try:
            self.redis_client.set(self._key(memory_node.id), json.dumps(memory_node.to_dict()), ex=seconds)
            self.redis_client.lrem(self._agent_key(memory_node.agent_id), 0, memory_node.id)
            self.redis_client.lpush(self._agent_key(memory_node.agent_id), memory_node.id)
        except Exception as error:
            raise MemoryStorageError("The memory cannot be stored", storage_type="redis") from error
        return True

    def retrieve(self, memory_id: str) -> MemoryNode | None:
        """See `MemoryStore`. A memory that expires goes on expiring."""
        node = self._load(memory_id)
        if node is not None:
            self.redis_client.set(self._key(memory_id), json.dumps(node.accessed().to_dict()), keepttl=True)
        return node

    def _load(self, memory_id: str) -> MemoryNode | None:
        try:
            text = self.redis_client.get(self._key(memory_id))
            return MemoryNode.from_dict(json.loads(text)) if text else None
        except Exception as error:
            raise MemoryRetrievalError("The memory cannot be read", memory_id=memory_id) from error

    def _all(self, agent_id: str | None) -> list[MemoryNode]:
        pattern = self._agent_key(agent_id) if agent_id else f"{self.key_prefix}:agent:*"
        lists = [pattern] if agent_id else list(self.redis_client.scan_iter(match=pattern))
        names = [_text(name) for key in lists for name in self.redis_client.lrange(key, 0, -1)]
        return [node for name in names if (node := self._load(name)) is not None]

    def search(self, query: dict[str, Any]) -> list[MemoryNode]:
        """See `MemoryStore`."""
        return _matching(self._all(query.get("agent_id")), query)

    def delete(self, memory_id: str) -> bool:
        """See `MemoryStore`."""
        node = self._load(memory_id)
        if node is None:
            return False
        self.redis_client.delete(self._key(memory_id))
        self.redis_client.lrem(self._agent_key(node.agent_id), 0, memory_id)
        return True

    def list_by_agent(self, agent_id: str, limit: int = 100) -> list[MemoryNode]:
        """See `MemoryStore`."""
        return sorted(self._all(agent_id), key=lambda node: node.timestamp, reverse=True)[:limit]


def _redis(url: str) -> Any:
    library = globals().get("redis") or __getattr__("redis")
    try:
        return library.from_url(url)
    except ValueError as error:
        raise MemoryStorageError("The address of Redis is not one", storage_type="redis") from error


def __getattr__(name: str) -> Any:
    """`redis`, the library, loads when it is needed; under this name programs put doubles of their own."""
    if name != "redis":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return import_module("redis")
    except ModuleNotFoundError as error:
        needed = "RedisMemoryStore needs redis: pip install 'wirewright[symbiont-redis]'"
        raise ModuleNotFoundError(needed, name=error.name) from error


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class HierarchicalMemory:
    """Memories by level. Short-term ones are consolidated when there are more than fifty of an agent."""

    def __init__(self, memory_store: MemoryStore) -> None:
        self.memory_store = memory_store
        self.consolidation_thresholds = {
            MemoryLevel.SHORT_TERM: 50,
            MemoryLevel.LONG_TERM: 1000,
            MemoryLevel.EPISODIC: 500,
            MemoryLevel.SEMANTIC: 2000,
        }

    def add_memory(  # noqa: PLR0917 - the public signature
        self,
        content: dict[str, Any],
        memory_type: MemoryType,
        memory_level: MemoryLevel,
        agent_id: str,
        conversation_id: str | None = None,
        importance_score: float = 0.0,
        parent_id: str | None = None,
    ) -> MemoryNode:
        """Keep a memory, as a child of another where one is named."""
        node = MemoryNode(
            id=str(uuid.uuid4()),
            content=content,
            memory_type=memory_type,
            memory_level=memory_level,
            timestamp=datetime.now(),
            agent_id=agent_id,
            conversation_id=conversation_id,
            parent_id=parent_id,
            importance_score=importance_score,
        )
        self.memory_store.store(node)
        parent = self.memory_store.retrieve(parent_id) if parent_id else None
        if parent is not None:
            parent.children_ids.append(node.id)
            self.memory_store.store(parent)
        if memory_level is MemoryLevel.SHORT_TERM and self._overflows(agent_id):
            self.consolidate_memories(agent_id)
        return node

    def _short_term(self, agent_id: str) -> list[MemoryNode]:
        return self.memory_store.search({"agent_id": agent_id, "memory_level": MemoryLevel.SHORT_TERM.value})

    def _overflows(self, agent_id: str) -> bool:
        return len(self._short_term(agent_id)) > self.consolidation_thresholds[MemoryLevel.SHORT_TERM]

    def get_memory(self, memory_id: str) -> MemoryNode | None:
        """A memory; it counts as accessed."""
        return self.memory_store.retrieve(memory_id)

    def search_memories(
        self,
        agent_id: str,
        query: dict[str, Any] | None = None,
        memory_levels: list[MemoryLevel] | None = None,
        limit: int = 50,
    ) -> list[MemoryNode]:
        """An agent's memories that fit (see `MemoryStore.search`), of some levels."""
        found = self.memory_store.search({**(query or {}), "agent_id": agent_id})
        return [node for node in found if not memory_levels or node.memory_level in memory_levels][:limit]

    def get_conversation_context(self, conversation_id: str, agent_id: str) -> list[MemoryNode]:
        """The memories of one conversation, by time."""
        found = self.memory_store.search({"agent_id": agent_id, "conversation_id": conversation_id})
        return sorted(found, key=lambda node: node.timestamp)

    def consolidate_memories(self, agent_id: str) -> dict[str, int]:
        """Short-term memories that are important become long-term ones, the others are forgotten."""
        counts = {"promoted": 0, "pruned": 0, "consolidated": 0}
        for node in self._short_term(agent_id):
            if node.importance_score > IMPORTANT:
                node.memory_level = MemoryLevel.LONG_TERM
                self.memory_store.store(node)
                counts["promoted"] += 1
            else:
                self.memory_store.delete(node.id)
                counts["pruned"] += 1
        counts["consolidated"] = counts["promoted"] + counts["pruned"]
        return counts


class MemoryManager(HierarchicalMemory):
    """Memories, kept as `config` says: `{"storage_type": "redis", "redis_url": ...}`, else in the process."""

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        self.config = config or {}
        is_redis = self.config.get("storage_type") == "redis"
        url = self.config.get("redis_url", "redis://localhost:6379/0")
        super().__init__(RedisMemoryStore(url) if is_redis else InMemoryStore())
        self.hierarchical_memory: HierarchicalMemory = self

    search_memory = HierarchicalMemory.search_memories
    consolidate_memory = HierarchicalMemory.consolidate_memories

    def delete_memory(self, memory_id: str) -> bool:
        """Remove a memory; whether there was one."""
        return self.memory_store.delete(memory_id)

    def list_agent_memories(self, agent_id: str, limit: int = 100) -> list[MemoryNode]:
        """An agent's memories, newest first."""
        return self.memory_store.list_by_agent(agent_id, limit)
