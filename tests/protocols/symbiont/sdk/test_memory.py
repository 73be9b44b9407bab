"""Memories and vectors that the program keeps itself (protocol sheet, section 15)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from symbiont.exceptions import (
    CollectionNotFoundError,
    EmbeddingError,
    MemoryRetrievalError,
    MemoryStorageError,
    QdrantConnectionError,
    VectorDatabaseError,
)
from symbiont.memory import (
    HierarchicalMemory,
    InMemoryStore,
    MemoryLevel,
    MemoryManager,
    MemoryNode,
    MemoryStore,
    MemoryType,
    RedisMemoryStore,
)

START = datetime(2026, 1, 1)


def node(name: str, minutes: int = 0, **fields: Any) -> MemoryNode:
    known: dict[str, Any] = {
        "content": {"text": f"About {name}"},
        "memory_type": MemoryType.FACT,
        "memory_level": MemoryLevel.LONG_TERM,
        "timestamp": START + timedelta(minutes=minutes),
        "agent_id": "a",
    }
    return MemoryNode(name, **{**known, **fields})


def test_what_a_memory_does_not_have_is_empty() -> None:
    made = node("one", children_ids=None, metadata=None)

    assert (made.children_ids, made.metadata) == ([], {})


@pytest.fixture
def redis() -> Any:
    fakeredis = pytest.importorskip("fakeredis", reason="the extra `dev` brings fakeredis")
    return fakeredis.FakeRedis()


@pytest.fixture(params=["here", "redis"])
def store(request: pytest.FixtureRequest) -> MemoryStore:
    if request.param == "here":
        return InMemoryStore()
    return RedisMemoryStore(client=request.getfixturevalue("redis"))


def test_a_memory_comes_back_and_counts_how_often(store: MemoryStore) -> None:
    kept = node("one", conversation_id="c", importance_score=0.5, metadata={"k": 1}, children_ids=["two"])
    assert store.store(kept)
    assert MemoryNode.from_dict(kept.to_dict()) == kept

    first = store.retrieve("one")
    assert first is not None
    assert (first.content, first.access_count, first.metadata) == ({"text": "About one"}, 1, {"k": 1})
    again = store.retrieve("one")
    assert again is not None
    assert again.access_count == 2
    assert again.last_accessed is not None
    assert store.retrieve("nothing") is None


def test_searching_sorts_by_importance_and_time(store: MemoryStore) -> None:
    store.store(node("old", 0, importance_score=0.1))
    store.store(node("new", 9, importance_score=0.1))
    store.store(node("dear", 5, importance_score=0.9, conversation_id="c"))
    store.store(node("other", 5, agent_id="b", memory_type=MemoryType.CONTEXT, memory_level=MemoryLevel.EPISODIC))

    def found(**query: Any) -> list[str]:
        return [each.id for each in store.search(query)]

    assert found(agent_id="a") == ["dear", "new", "old"]
    assert found(agent_id="a", conversation_id="c") == ["dear"]
    assert found(memory_type="context") == found(memory_level="episodic") == ["other"]
    assert found(content_contains="ABOUT N") == ["new"]
    assert found(unknown="x") == ["dear", "new", "old", "other"]
    with pytest.raises(MemoryRetrievalError):
        found(memory_type="dream")


def test_an_agents_memories_are_listed_newest_first_and_once(store: MemoryStore) -> None:
    for minutes, name in enumerate(["one", "two", "three"]):
        store.store(node(name, minutes))
    store.store(node("two", 1, importance_score=1.0))

    assert [each.id for each in store.list_by_agent("a")] == ["three", "two", "one"]
    assert [each.id for each in store.list_by_agent("a", limit=1)] == ["three"]
    assert store.delete("two")
    assert not store.delete("two")
    assert [each.id for each in store.list_by_agent("a")] == ["three", "one"]


def test_in_redis_short_memories_go_on_expiring(redis: Any) -> None:
    store = RedisMemoryStore(client=redis, key_prefix="p")
    store.store(node("short", memory_level=MemoryLevel.SHORT_TERM))
    store.store(node("long"))

    store.retrieve("short")

    assert 0 < redis.ttl("p:short") <= 3600
    assert redis.ttl("p:long") == -1
    assert redis.lrange("p:agent:a", 0, -1) == [b"long", b"short"]


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "nonsense://x"])
def test_a_redis_that_is_not_there(url: str) -> None:
    with pytest.raises(MemoryStorageError) as caught:
        RedisMemoryStore(url)
    assert caught.value.storage_type == "redis"


def test_the_library_may_be_replaced_by_its_name(monkeypatch: pytest.MonkeyPatch, redis: Any) -> None:
    import symbiont.memory

    with pytest.raises(AttributeError):
        symbiont.memory.nothing  # type: ignore[attr-defined]  # noqa: B018
    with patch("symbiont.memory.redis") as double:
        double.from_url.return_value = redis
        assert RedisMemoryStore("redis://x").store(node("one"))

    double.from_url.assert_called_once_with("redis://x")


def test_a_redis_that_fails_is_an_error_of_ours(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RedisMemoryStore(client=redis)

    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(redis, "set", fail)
    monkeypatch.setattr(redis, "get", fail)
    with pytest.raises(MemoryStorageError):
        store.store(node("one"))
    with pytest.raises(MemoryRetrievalError) as caught:
        store.retrieve("one")
    assert caught.value.memory_id == "one"


Add = Callable[..., MemoryNode]


@pytest.fixture
def manager() -> MemoryManager:
    return MemoryManager()


def add(manager: HierarchicalMemory, importance: float = 0.0, **fields: Any) -> MemoryNode:
    return manager.add_memory(
        {"n": 1}, MemoryType.FACT, MemoryLevel.SHORT_TERM, "a", importance_score=importance, **fields
    )


def test_more_than_fifty_short_memories_are_consolidated(manager: MemoryManager) -> None:
    for n in range(50):
        add(manager, importance=0.9 if n < 3 else 0.1)
    assert len(manager.search_memory("a", memory_levels=[MemoryLevel.SHORT_TERM], limit=99)) == 50

    add(manager)

    assert manager.search_memory("a", memory_levels=[MemoryLevel.SHORT_TERM]) == []
    assert len(manager.search_memory("a", memory_levels=[MemoryLevel.LONG_TERM])) == 3


def test_consolidating_promotes_what_matters(manager: MemoryManager) -> None:
    add(manager, importance=0.71)
    add(manager, importance=0.7)

    assert manager.consolidate_memory("a") == {"promoted": 1, "pruned": 1, "consolidated": 2}
    assert manager.consolidate_memory("a") == {"promoted": 0, "pruned": 0, "consolidated": 0}


def test_children_and_conversations(manager: MemoryManager) -> None:
    parent = add(manager, conversation_id="c")
    child = add(manager, conversation_id="c", parent_id=parent.id)

    found = manager.get_memory(parent.id)

    assert found is not None
    assert found.children_ids == [child.id]
    assert [each.id for each in manager.get_conversation_context("c", "a")] == [parent.id, child.id]
    assert manager.hierarchical_memory.search_memories("a", {"content_contains": "1"}, limit=1)[0].agent_id == "a"
    assert len(manager.list_agent_memories("a")) == 2
    assert manager.delete_memory(child.id)


def test_the_manager_keeps_them_where_it_is_told(monkeypatch: pytest.MonkeyPatch, redis: Any) -> None:
    monkeypatch.setattr("symbiont.memory._redis", lambda url: redis)

    assert isinstance(MemoryManager({"storage_type": "redis", "redis_url": "redis://x"}).memory_store, RedisMemoryStore)
    assert isinstance(MemoryManager({"storage_type": "other"}).memory_store, InMemoryStore)


# Vectors ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def qdrant() -> Any:
    pytest.importorskip("qdrant_client", reason="the extra `symbiont-qdrant` is not installed")
    from symbiont.qdrant import QdrantManager

    manager = QdrantManager(location=":memory:")
    yield manager
    manager.close()


def test_vectors_are_stored_found_and_removed(qdrant: Any) -> None:
    from symbiont.qdrant import CollectionManager, VectorOperations

    assert qdrant.health_check()
    assert CollectionManager(qdrant).ensure_collection_exists("docs", 2)
    assert CollectionManager(qdrant).ensure_collection_exists("docs", 2)
    vectors = VectorOperations(qdrant)
    points = [{"id": 1, "vector": [1.0, 0.0], "payload": {"k": "a"}}, {"embedding": [0.0, 1.0]}]

    assert vectors.add_vectors("docs", points)["points_count"] == 2
    assert qdrant.list_collections() == ["docs"]
    assert qdrant.count_points("docs") == 2
    assert [each["id"] for each in vectors.search_vectors("docs", [1.0, 0.1], limit=1)] == [1]
    assert [each["id"] for each in qdrant.search_points("docs", [0.0, 1.0], payload_filter={"k": "a"})] == [1]
    assert vectors.get_vectors("docs", [1])[0]["payload"] == {"k": "a"}
    assert qdrant.delete_points("docs", [1])["deleted_count"] == 1
    info = qdrant.get_collection_info("docs")
    assert (info["points_count"], info["config"]["params"]["vectors"]["distance"]) == (1, "Cosine")
    assert qdrant.delete_collection("docs")["status"] == "deleted"


def test_texts_are_embedded_and_found(qdrant: Any) -> None:
    from symbiont.qdrant import EmbeddingManager, SearchEngine

    qdrant.create_collection("docs", 2, "Dot")
    embeddings = EmbeddingManager(qdrant)
    embeddings.register_embedding_function("length", lambda text: [float(len(text)), 1.0])
    metadata = [{"k": 1}]

    embeddings.embed_and_store("docs", ["hello"], "length", metadata)

    [found] = SearchEngine(qdrant).semantic_search("docs", "hi", embedding_function=lambda text: [1.0, 1.0])
    assert found["payload"] == {"k": 1, "text": "hello", "embedding_function": "length"}
    assert metadata == [{"k": 1}]
    with pytest.raises(EmbeddingError):
        embeddings.get_embedding_function("nothing")
    with pytest.raises(EmbeddingError):
        SearchEngine(qdrant).semantic_search("docs", "hi")


def test_a_collection_that_is_missing(qdrant: Any) -> None:
    with pytest.raises(CollectionNotFoundError) as caught:
        qdrant.count_points("nothing")
    assert caught.value.collection_name == "nothing"
    qdrant.create_collection("docs", 2)
    with pytest.raises(VectorDatabaseError):
        qdrant.upsert_points("docs", [{"id": 1, "vector": [1.0, 2.0, 3.0]}])


def test_options_that_do_not_work() -> None:
    pytest.importorskip("qdrant_client", reason="the extra `symbiont-qdrant` is not installed")
    from symbiont.qdrant import QdrantManager

    with pytest.raises(QdrantConnectionError):
        QdrantManager(nonsense=True).client  # noqa: B018
