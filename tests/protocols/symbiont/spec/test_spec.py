"""The specs themselves: the runtime's own routes, what only the SDK knows, and examples that keep them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from symbiont.testing.rules import SymbiontRules
from wirewright.contract.document import SpecDocument
from wirewright.contract.spec_examples import check_examples
from wirewright.protocols import find_protocol

PROTOCOL = find_protocol("symbiont")
SPECS = Path(__file__).resolve().parents[4] / "specs" / "symbiont"
# Protocol sheet, section 4.2: the table of the real runtime, by the version that brought a route.
ROUTES = {
    "1.10.0": """
        GET /api/v1/health
        GET /api/v1/health/live
        GET /api/v1/health/ready
        GET /api/v1/health/scheduler
        GET /api/v1/metrics
        POST /api/v1/workflows/execute
        GET /api/v1/agents
        POST /api/v1/agents
        GET /api/v1/agents/{}/status
        PUT /api/v1/agents/{}
        DELETE /api/v1/agents/{}
        POST /api/v1/agents/{}/execute
        GET /api/v1/agents/{}/history
        POST /api/v1/agents/{}/heartbeat
        POST /api/v1/agents/{}/events
        GET /api/v1/schedules
        POST /api/v1/schedules
        GET /api/v1/schedules/{}
        PUT /api/v1/schedules/{}
        DELETE /api/v1/schedules/{}
        POST /api/v1/schedules/{}/pause
        POST /api/v1/schedules/{}/resume
        POST /api/v1/schedules/{}/trigger
        GET /api/v1/schedules/{}/history
        GET /api/v1/schedules/{}/next-runs
        GET /api/v1/channels
        POST /api/v1/channels
        GET /api/v1/channels/{}
        PUT /api/v1/channels/{}
        DELETE /api/v1/channels/{}
        POST /api/v1/channels/{}/start
        POST /api/v1/channels/{}/stop
        GET /api/v1/channels/{}/health
        GET /api/v1/channels/{}/mappings
        POST /api/v1/channels/{}/mappings
        DELETE /api/v1/channels/{}/mappings/{}
        GET /api/v1/channels/{}/audit
        GET /ws/chat
        GET /api-docs/openapi.json
        GET /agents.md
        GET /.well-known/agents.md
        POST /webhook
        POST /webhook/{}
    """,
    "1.11.0": """
        POST /api/v1/agents/{}/messages
        GET /api/v1/agents/{}/messages
        GET /api/v1/messages/{}/status
    """,
    "1.16.0": """
        GET /api/v1/approvals
        POST /api/v1/approvals/{}/approve
        POST /api/v1/approvals/{}/deny
    """,
    "1.18.0": "GET /api/v1/status",
}


def table(*since: str) -> set[str]:
    return {line.strip() for version in since for line in ROUTES[version].splitlines() if line.strip()}


def declared(version: str) -> SpecDocument:
    """As it is published: without what the sandbox adds."""
    folder = "v" + version.replace(".", "_")
    place = SPECS.parents[1] / "generated" / "symbiont_api" / folder / "spec.json"
    return SpecDocument(json.loads(place.read_text()))


def routes(document: SpecDocument, authority: str) -> set[str]:
    found = [operation for operation in document.operations if operation.declared["x-authority"] == authority]
    return {f"{each.method} {shape(each.path)}" for each in found}


def shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_1_10_has_every_route_of_runtime_1_10_and_no_other() -> None:
    assert routes(declared("1.10"), "runtime") == table("1.10.0")


def test_1_16_has_every_route_of_runtime_1_19_and_nothing_else() -> None:
    assert routes(declared("1.16"), "runtime") == table(*ROUTES)
    assert not routes(declared("1.16"), "sdk")


def test_1_10_has_the_operations_that_miss_the_runtime() -> None:
    # 96 of the SDK's 123 do; one of them only by its doubled prefix, as there is a DELETE /api/v1/agents/{id}.
    assert len(routes(declared("1.10"), "sdk")) == 95


@pytest.mark.parametrize("version", ["1.10", "1.16"])
def test_examples_keep_the_spec(version: str) -> None:
    assert check_examples(declared(version)) == []


def examples(media: Any) -> list[Any]:
    return [media["example"]] if "example" in media else [each["value"] for each in media.get("examples", {}).values()]


@pytest.mark.parametrize("version", ["1.10", "1.16"])
def test_every_body_and_every_answer_has_an_example(version: str) -> None:
    for operation in declared(version).operations:
        bodies = [operation.body] if operation.body else []
        for body in [*bodies, *operation.responses.values()]:
            for form in body.content.values():
                assert examples(form.declared), form.place


@pytest.mark.parametrize("version", ["1.10", "1.16"])
def test_every_operation_has_one_tag_and_words_for_people(version: str) -> None:
    document = declared(version)
    tags = {tag["name"] for tag in document.raw["tags"]}
    for operation in document.operations:
        assert operation.declared["summary"].endswith("."), operation
        assert operation.declared["description"].strip(), operation
        assert len(operation.declared["tags"]) == 1, operation
        assert set(operation.declared["tags"]) <= tags, operation


@pytest.mark.parametrize("path", sorted((SPECS / "1.10" / "frames").glob("*.yaml")), ids=lambda path: path.name)
def test_frames_are_json_schemas_with_examples(path: Path) -> None:
    from jsonschema import Draft202012Validator

    schema = yaml.safe_load(path.read_text())
    assert schema["$id"] == path.name
    assert schema["examples"]
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)


@pytest.mark.parametrize("version", ["1.10", "1.16"])
def test_every_operation_has_a_rule(version: str) -> None:
    marked = {
        name
        for base in SymbiontRules.__mro__
        for member in vars(base).values()
        for mark in getattr(member, "__sandbox_rules__", ())
        for name in mark.operation_ids
    }
    assert {operation.id for operation in PROTOCOL.document(version).operations} <= marked


def test_the_sandbox_serves_what_only_the_sdk_knows_in_every_version() -> None:
    assert routes(PROTOCOL.document("1.16"), "sdk") == routes(declared("1.10"), "sdk")
