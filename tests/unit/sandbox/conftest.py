"""A small protocol with rules of every kind, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from wirewright.sandbox import Answer, Call, Event, Events, Lines, ManualClock, Refuse, Rules, Sandbox, control, rule

NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
NOTE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {"type": "string"}, "stars": {"type": "integer"}},
}


def json_of(schema: Any, **more: Any) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema, **more}}}


SPEC: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1.0"},
    "paths": {
        "/notes": {
            "get": {
                "operationId": "list_notes",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1}}],
                "responses": {
                    "200": json_of({"type": "array", "items": NOTE}, example=[{"text": "from the spec"}]),
                    "404": json_of({"$ref": "#/components/schemas/Error"}),
                },
            }
        },
        "/notes/{name}": {
            "parameters": [],
            "get": {
                "operationId": "read_note",
                "parameters": [NAME],
                "responses": {"200": json_of(NOTE), "4XX": json_of({"$ref": "#/components/schemas/Error"})},
            },
            "put": {
                "operationId": "write_note",
                "parameters": [NAME],
                "requestBody": {"required": True, "content": {"application/json": {"schema": NOTE}}},
                "responses": {"201": json_of(NOTE), "4XX": json_of({"$ref": "#/components/schemas/Error"})},
                "security": [{"key": []}],
            },
            "delete": {"operationId": "drop_note", "parameters": [NAME], "responses": {"204": {"description": ""}}},
        },
        "/watch": {
            "get": {
                "operationId": "watch_notes",
                "responses": {
                    "200": {
                        "description": "",
                        "content": {"text/event-stream": {"itemSchema": {}, "x-sse-events": {"note": NOTE, "bye": {}}}},
                    }
                },
            }
        },
        "/lines": {
            "get": {
                "operationId": "lines",
                "responses": {"200": {"description": "", "content": {"application/jsonl": {"itemSchema": NOTE}}}},
            }
        },
        "/blob": {
            "get": {"operationId": "blob", "responses": {"200": {"description": "", "content": {"image/png": {}}}}}
        },
        "/upper": {
            "post": {
                "operationId": "upper",
                "requestBody": {"content": {"text/plain": {"schema": {"type": "string"}}}},
                "responses": {"200": {"description": "", "content": {"text/plain": {"schema": {"type": "string"}}}}},
            }
        },
    },
    "components": {
        "schemas": {
            "Error": {
                "type": "object",
                "required": ["error"],
                "properties": {
                    "error": {
                        "type": "object",
                        "required": ["code", "message"],
                        "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                    }
                },
            }
        },
        "securitySchemes": {"key": {"type": "apiKey", "name": "x-key", "in": "header"}},
    },
}
del SPEC["paths"]["/notes/{name}"]["parameters"]


class NotesRules(Rules):
    def setup(self, *, room: int = 10, heartbeat: float = 30.0) -> None:
        self.room = room
        self.heartbeat = heartbeat
        self.notes: dict[str, dict[str, Any]] = {}
        self.changes = self.topic()
        self.seen: list[Call] = []
        self.ended = False

    @rule("write_note", wide=["name"])
    def write(self, call: Call) -> Answer:
        self.seen.append(call)
        if len(self.notes) >= self.room:
            raise Refuse(409, code="full", message="no room for more notes", headers={"x-room": str(self.room)})
        self.notes[call.path["name"]] = call.body
        self.changes.publish("note", call.body)
        return Answer(201, call.body, headers={"X-Number": str(call.number)})

    @rule("read_note", wide=["name"])
    async def read(self, call: Call) -> Any:
        if call.path["name"] == "broken":
            return {"text": None}
        if call.path["name"] == "defect":
            raise ZeroDivisionError
        if call.path["name"] not in self.notes:
            raise Refuse(404, {"error": {"code": "no_note", "message": "no such note"}})
        return self.notes[call.path["name"]]

    @rule("drop_note")
    def drop(self, call: Call) -> None:
        self.notes.pop(call.path["name"], None)

    @rule("watch_notes")
    def watch(self, call: Call) -> Events:
        source = self.changes.follow(after=call.headers.get("last-event-id"))
        return Events(source, heartbeat=self.heartbeat, farewell=Event("bye", {}))

    @rule("lines")
    def lines(self, call: Call) -> Lines:
        return Lines([{"text": "a"}, {"text": "b"}])

    @rule("blob")
    def blob(self, call: Call) -> Answer:
        return Answer(200, chunks=[b"\x89P", b"NG"], media_type="image/png")

    @rule("upper", validate=False)
    def upper(self, call: Call) -> Answer:
        return Answer(200, str(call.body).upper() + str(len(call.problems)), media_type="text/plain")

    @control("POST", "/notes/{name}/star")
    def star(self, call: Call) -> Any:
        self.notes[call.path["name"]]["stars"] = call.body["stars"]
        return self.notes[call.path["name"]]

    def state(self) -> Any:
        return {"notes": self.notes}

    async def stop(self) -> None:
        self.ended = True


@pytest.fixture
def spec() -> dict[str, Any]:
    return SPEC


@pytest.fixture
def rules() -> type[Rules]:
    return NotesRules


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Served over a real socket, in a thread of its own."""
    with Sandbox.from_spec(SPEC, rules=NotesRules, seed=1) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url, timeout=5) as made:
        yield made
