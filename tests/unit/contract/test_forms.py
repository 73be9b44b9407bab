"""Forms as their encoding says they are written."""

from __future__ import annotations

from typing import Any

import pytest
from wirewright.contract import SpecDocument, WireRequest, check_request

FIELDS = {
    "name": {"type": "string"},
    "ids": {"type": "array", "items": {"type": "integer"}},
    "address": {
        "type": "object",
        "properties": {"zip": {"type": "integer"}, "lines": {"type": "array", "items": {"type": "string"}}},
    },
}


def problems(body: str, encoding: dict[str, Any] | None = None) -> list[str]:
    media = {
        "schema": {"type": "object", "properties": FIELDS, "additionalProperties": False},
        "encoding": encoding or {},
    }
    operation = {
        "operationId": "send",
        "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": media}},
        "responses": {"204": {"description": "ok"}},
        "parameters": [],
    }
    document = SpecDocument({
        "openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"post": operation}},
        "components": {"schemas": {}},
    })  # fmt: skip
    headers = [("content-type", "application/x-www-form-urlencoded")]
    return [problem.place for problem in check_request(document, WireRequest("POST", "/a", headers, body.encode()))]


@pytest.mark.parametrize(
    ("encoding", "right", "wrong"),
    [
        ({}, "ids=1&ids=2", "ids=1&ids=x"),
        ({"ids": {"style": "form", "explode": False}}, "ids=1,2", "ids=1,x"),
        ({"ids": {"style": "pipeDelimited", "explode": False}}, "ids=1%7C2", "ids=1%7Cx"),
        ({"ids": {"style": "spaceDelimited", "explode": False}}, "ids=1+2", "ids=1,2"),
        ({"ids": {"style": "form", "x-style": "tabDelimited", "explode": False}}, "ids=1%092", "ids=1,2"),
        ({}, "address=%7B%22zip%22%3A1%7D", "address=%7B%22zip%22%3A%22x%22%7D"),
        ({"address": {"style": "deepObject"}}, "address%5Bzip%5D=1", "address%5Bzip%5D=x"),
        ({"address": {"style": "deepObject"}}, "address[lines][0]=a&address[lines][1]=b", "address[zip][0]=1"),
        ({"address": {"style": "deepObject"}}, "address[lines][]=a&name=n", "other[lines]=1"),
    ],
    ids=str,
)
def test_fields_are_read_as_they_are_written(encoding: dict[str, Any], right: str, wrong: str) -> None:
    assert problems(right, encoding) == []
    assert problems(wrong, encoding)
