"""Path items in files of their own are named as if they stood in the document itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wirewright_codegen.canonical import canonicalise
from wirewright_codegen.read import read_document


def document(folder: Path, item: dict[str, Any], *paths: str) -> dict[str, Any]:
    root = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {path: {"$ref": "items.json#/item"} for path in paths},
    }
    (folder / "openapi.json").write_text(json.dumps(root))
    (folder / "items.json").write_text(json.dumps({"item": item}))
    found: dict[str, Any] = canonicalise(read_document(folder / "openapi.json")).document
    return found


def item() -> dict[str, Any]:
    answer = {"type": "object", "properties": {"a": {"type": "string"}}}
    return {
        "get": {
            "operationId": "read_thing",
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": answer}}}},
        }
    }


def test_an_inline_answer_is_named_after_its_operation(tmp_path: Path) -> None:
    assert list(document(tmp_path, item(), "/thing")["components"]["schemas"]) == ["ReadThingResponse"]


def test_an_item_of_two_paths_is_named_after_where_it_stands(tmp_path: Path) -> None:
    schemas = document(tmp_path, item(), "/one", "/two")["components"]["schemas"]
    assert len(schemas) == 1
    assert "ReadThingResponse" not in schemas
