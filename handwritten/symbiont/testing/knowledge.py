"""What all agents know, and collections of vectors (protocol sheet, section 19.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from wirewright.contract.shapes import is_array, is_object
from wirewright.sandbox import Call, rule

from symbiont.testing.base import Base, Json, conflict, invalid, missing, need

DISTANCES = frozenset({"Cosine", "Euclid", "Dot"})
_WORD = re.compile(r"\w+")
SEEDED = (
    ("handbook.md", "document", "Symbiont agents run under policies that the runtime enforces."),
    ("handbook.md", "document", "Schedules run agents when their time comes; seven fields say when."),
    ("api.md", "api_reference", "Agents are created over HTTP and queued at once."),
)


def words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def similarity(query: str, text: str) -> float:
    """The share of the query's words that the text has, between 0 and 1."""
    asked = words(query)
    return round(len(asked & words(text)) / len(asked), 4) if asked else 0.0


@dataclass
class Collection:
    config: Json
    points: dict[str | int, Json] = field(default_factory=dict[str | int, Json])

    @property
    def size(self) -> int:
        return int(self.config["vector_size"])

    def fits(self, vector: Any) -> bool:
        """Whether it is a vector of the right size, or several by name."""
        several: list[Any] = list(vector.values()) if is_object(vector) else [vector]
        return all(is_array(each) and len(each) == self.size for each in several)


class KnowledgeRules(Base):
    """Items by id; collections by name."""

    def setup_knowledge(self) -> None:
        self.items: dict[str, Json] = {}
        self.collections: dict[str, Collection] = {}
        for index, (source, kind, content) in enumerate(SEEDED):
            about = {"source": source, "source_type": kind, "chunk_index": index, "timestamp": self.zulu()}
            item = {"id": f"item-{index + 1}", "content": content, "embedding": None}
            self.items[item["id"] or ""] = {**item, "metadata": {**about, "agent_id": None}}

    def hits(self, query: str, agent: str | None, *, limit: int, least: float, kinds: list[str] | None = None) -> Any:
        """`(score, item)`, the best first, of those that this agent may know."""
        scored = [(similarity(query, item["content"]), item) for item in self.items.values()]
        good = [
            (score, item)
            for score, item in scored
            if score >= least
            and item["metadata"].get("agent_id") in {None, agent}
            and (not kinds or item["metadata"]["source_type"] in kinds)
        ]
        return sorted(good, key=lambda hit: -hit[0])[: max(0, limit)]

    @rule("add_knowledge_item")
    def add_knowledge_item(self, call: Call) -> Json:
        self.items[call.body["id"]] = call.body
        return {"id": call.body["id"], "status": "added"}

    @rule("delete_knowledge_item")
    def delete_knowledge_item(self, call: Call) -> Json:
        if self.items.pop(call.path["item_id"], None) is None:
            raise missing("Knowledge item")
        return {"id": call.path["item_id"], "status": "deleted"}

    @rule("search_knowledge", "search_vectors")
    def search_knowledge(self, call: Call) -> Json:
        body: Json = call.body
        found = self.hits(
            body["query"],
            body.get("agent_id"),
            limit=body.get("limit", 10),
            least=body.get("similarity_threshold", 0.7),
            kinds=body.get("source_types"),
        )
        results = [{"item": item, "similarity_score": score} for score, item in found]
        return {"results": results, "query": body["query"], "total_results": len(results)}

    @rule("get_context")
    def get_context(self, call: Call) -> Json:
        body: Json = call.body
        found = self.hits(body["query"], body.get("agent_id"), limit=body.get("max_context_items", 5), least=0.01)
        return {
            "query": body["query"],
            "context_items": [item["content"] for _, item in found],
            "sources": [item["metadata"]["source"] for _, item in found],
            "relevance_scores": [score for score, _ in found],
        }

    # Vectors --------------------------------------------------------------------------------------------------------

    @rule("create_vector_collection")
    def create_vector_collection(self, call: Call) -> Json:
        body: Json = call.body
        if body.get("distance", "Cosine") not in DISTANCES:
            raise invalid("distance must be Cosine, Euclid or Dot")
        if body["name"] in self.collections:
            raise conflict("There is a collection of this name")
        config = {name: value for name, value in body.items() if name != "name" and value is not None}
        self.collections[body["name"]] = Collection(config)
        return {"collection_name": body["name"], "status": "created", "result": None}

    def collection(self, name: str) -> Collection:
        return need(self.collections, name, "Collection")

    @rule("list_vector_collections")
    def list_vector_collections(self, call: Call) -> Any:
        return sorted(self.collections)

    @rule("get_collection_info")
    def get_collection_info(self, call: Call) -> Json:
        found = self.collection(call.path["collection_name"])
        count = len(found.points)
        return {
            "collection_name": call.path["collection_name"],
            "config": found.config,
            "status": "green",
            "vectors_count": count,
            "indexed_vectors_count": count,
            "points_count": count,
        }

    @rule("delete_vector_collection")
    def delete_vector_collection(self, call: Call) -> Json:
        self.collection(call.path["collection_name"])
        del self.collections[call.path["collection_name"]]
        return {"id": call.path["collection_name"], "status": "deleted"}

    @rule("count_vectors")
    def count_vectors(self, call: Call) -> Json:
        return {"count": len(self.collection(call.path["collection_name"]).points)}

    @rule("add_vectors")
    def add_vectors(self, call: Call) -> Json:
        name, points = call.body["collection_name"], call.body["points"]
        found = self.collection(name)
        if not all(found.fits(point["vector"]) for point in points):
            raise invalid(f"The collection has vectors of size {found.size}")
        for point in points:
            found.points[point["id"]] = {**point, "payload": point.get("payload") or {}, "score": None}
        counted = {"operation_id": self.uuid(), "status": "completed", "points_count": len(points)}
        return {"collection_name": name, **counted}

    @rule("get_vectors")
    def get_vectors(self, call: Call) -> Any:
        points = self.collection(call.query["collection_name"]).points
        by_text = {str(identity): point for identity, point in points.items()}
        return [by_text[identity] for identity in call.query["ids"] if identity in by_text]

    @rule("delete_vectors")
    def delete_vectors(self, call: Call) -> Json:
        name = call.body["collection_name"]
        points = self.collection(name).points
        gone = [identity for identity in call.body["ids"] if points.pop(identity, None) is not None]
        return {"collection_name": name, "status": "deleted", "deleted": len(gone)}
