"""Schemas that lead back to themselves where a step looks into them: never a crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

REF = "#/components/schemas/"


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"oneOf": [{"$ref": REF + "A"}, {"type": "string"}]}},
        {"A": {"anyOf": [{"$ref": REF + "B"}]}, "B": {"anyOf": [{"$ref": REF + "A"}]}},
        {"A": {"allOf": [{"$ref": REF + "A"}], "properties": {"event": {"const": "e"}, "data": {"type": "string"}}}},
        {"A": {"allOf": [{"$ref": REF + "B"}]}, "B": {"allOf": [{"$ref": REF + "A"}]}},
    ],
    ids=["a choice of itself", "two of each other", "an event that extends itself", "two that extend each other"],
)
@pytest.mark.parametrize("media_type", ["text/event-stream", "application/x-ndjson", "application/json"])
@pytest.mark.parametrize("word", ["schema", "itemSchema"])
def test_an_answer_of_circles(
    canonical: Callable[..., Any], tiny: Callable[..., Any], schemas: Any, media_type: str, word: str
) -> None:
    content = {media_type: {word: {"$ref": REF + "A"}}}
    paths = {"/a": {"get": {"operationId": "a", "responses": {"200": {"description": "ok", "content": content}}}}}
    made = canonical(tiny(schemas, paths, version="3.2.0"))
    assert made.account.operations.kept == 1
