"""What agents remember (protocol sheet, section 19.4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from wirewright.sandbox import Call, rule

from symbiont.testing.base import Base, Json, invalid, misshapen, missing

LEVELS = frozenset({"short_term", "long_term", "episodic", "semantic"})
TYPES = frozenset({"conversation", "fact", "experience", "context", "metadata"})
IMPORTANT = 0.7


class MemoryRules(Base):
    """Memories by id, oldest first."""

    def setup_memory(self) -> None:
        self.memories: dict[str, Json] = {}

    def remembered(self, agent: str, **wanted: Any) -> list[Json]:
        """An agent's memories with these members, newest first."""
        return [
            node
            for node in reversed(self.memories.values())
            if node["agent_id"] == agent
            and all(node[name] == value for name, value in wanted.items() if value is not None)
        ]

    @rule("add_memory")
    def add_memory(self, call: Call) -> Json:
        body: Json = call.body
        if body["memory_level"] not in LEVELS:
            raise invalid("memory_level is not known")
        if body["memory_type"] not in TYPES:
            raise invalid("memory_type is not known")
        node: Json = {
            "id": self.uuid(),
            "timestamp": self.zulu(),
            "conversation_id": None,
            "parent_id": None,
            **body,
            "importance_score": body.get("importance_score") or 0.0,
            "metadata": body.get("metadata") or {},
            "children_ids": [],
            "access_count": 0,
            "last_accessed": None,
        }
        self.memories[node["id"]] = node
        if (parent := self.memories.get(node["parent_id"] or "")) is not None:
            parent["children_ids"].append(node["id"])
        return {"memory": node, "success": True, "message": None}

    @rule("get_memory")
    def get_memory(self, call: Call) -> Json:
        query = call.query
        if identity := query.get("memory_id"):
            found = [self.memories[identity]] if identity in self.memories else []
        else:
            names = ("conversation_id", "memory_type", "memory_level", "parent_id")
            found = self.remembered(query["agent_id"], **{name: query.get(name) for name in names})
        if not found:
            raise missing("Memory")
        found[0]["access_count"] += 1
        found[0]["last_accessed"] = self.zulu()
        return {"memory": found[0], "success": True, "message": None}

    @rule("search_memory")
    def search_memory(self, call: Call) -> Json:
        body: Json = call.body
        hits = [node for node in self.remembered(body["agent_id"]) if fits(node, body)]
        hits.sort(key=lambda node: -node["importance_score"])
        return answer(hits, body.get("limit", 50))

    @rule("list_agent_memories")
    def list_agent_memories(self, call: Call) -> Json:
        return answer(self.remembered(call.query["agent_id"]), call.query.get("limit", 100))

    @rule("get_conversation_context")
    def get_conversation_context(self, call: Call) -> Json:
        conversation, agent = call.query["conversation_id"], call.query["agent_id"]
        nodes = self.remembered(agent, conversation_id=conversation)[::-1]
        times = [node["timestamp"] for node in nodes] or [self.zulu()]
        named = {"conversation_id": conversation, "agent_id": agent, "memories": nodes}
        return {**named, "context_summary": None, "created_at": times[0], "updated_at": times[-1], "metadata": {}}

    @rule("consolidate_memory")
    def consolidate_memory(self, call: Call) -> Json:
        nodes = self.remembered(call.path["agent_id"], memory_level="short_term")
        promoted = [node for node in nodes if node["importance_score"] > IMPORTANT]
        for node in nodes:
            if node in promoted:
                node["memory_level"] = "long_term"
            else:
                del self.memories[node["id"]]
        return {
            "agent_id": call.path["agent_id"],
            "promoted_count": len(promoted),
            "pruned_count": len(nodes) - len(promoted),
            "consolidated_count": len(nodes),
            "execution_time_ms": 0.0,
            "success": True,
            "message": None,
        }

    @rule("delete_memory")
    def delete_memory(self, call: Call) -> Json:
        if self.memories.pop(call.path["memory_id"], None) is None:
            raise missing("Memory")
        return {"id": call.path["memory_id"], "status": "deleted"}


def answer(nodes: list[Json], limit: int) -> Json:
    shown = nodes[: max(0, limit)]
    return {"memories": shown, "total_count": len(nodes), "search_time_ms": 0.0, "success": True, "message": None}


def fits(node: Json, wanted: Json) -> bool:
    """Whether a memory is what a search asks for: all conditions hold."""
    asked: Json = wanted.get("query") or {}
    if any(node["content"].get(name) != value for name, value in asked.items()):
        return False
    if wanted.get("memory_levels") and node["memory_level"] not in wanted["memory_levels"]:
        return False
    text = wanted.get("content_contains")
    if text and text.lower() not in json.dumps(node["content"], ensure_ascii=False).lower():
        return False
    least = wanted.get("importance_threshold")
    if least is not None and node["importance_score"] < least:
        return False
    return _within(node["timestamp"], wanted.get("time_range") or {})


def _within(stamp: str, span: Json) -> bool:
    moment = _moment(stamp)
    start, end = span.get("start"), span.get("end")
    return (start is None or _moment(start) <= moment) and (end is None or moment <= _moment(end))


def _moment(text: str) -> datetime:
    """A time without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise misshapen(str(error)) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
