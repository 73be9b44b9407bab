"""The 47 constructs that broke other generators: here none loses anything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Canonicalise = Callable[..., Any]
Tiny = Callable[..., dict[str, Any]]

ROW = re.compile(r"\| (\S+) \| (.*?) \| `(\{.*\})` \|")


def documents(text: str, tiny: Tiny) -> dict[str, dict[str, Any]]:
    """Every construct of the baseline as a document; fragments are component schemas."""
    found: dict[str, dict[str, Any]] = {}
    for line in text.splitlines():
        row = ROW.match(line)
        if not row:
            continue
        fragment = json.loads(row[3].replace("#/c/s/", "#/components/schemas/"))
        version = "3.0.3" if "nullable" in row[3] else "3.1.0"
        whole = {"paths", "components"} & fragment.keys()
        found[row[1]] = {**tiny(version=version), **fragment} if whole else tiny(fragment, version=version)
    return found


def test_each_construct_of_the_baseline(baseline: str, canonical: Canonicalise, tiny: Tiny) -> None:
    cases = documents(baseline, tiny)

    assert len(cases) >= 45
    for case, document in cases.items():
        result = canonical(document)
        assert result.account.complete, case
        operations = sum(len(item) for item in document["paths"].values())
        assert result.account.operations.kept == operations, case
        assert result.account.schemas.kept == len(document["components"]["schemas"]), case


# what the telling ones become

A = {"type": "object", "properties": {"a": {"type": "string"}}}


def test_a_nullable_component_with_something_inline(canonical: Canonicalise, tiny: Tiny) -> None:
    raw = {"A": {"type": "object", "properties": {"inner": A}, "nullable": True}}

    schemas = canonical(tiny(raw, version="3.0.3")).document["components"]["schemas"]

    assert schemas["A"]["properties"] == {"inner": {"$ref": "#/components/schemas/AInner"}}


def test_two_inline_schemas_with_one_title(canonical: Canonicalise, tiny: Tiny) -> None:
    link = {"type": "object", "properties": {"href": {"type": "string"}}, "title": "Link"}
    raw = {"R": {"type": "object", "properties": {"self": link, "html": link}}}

    schemas = canonical(tiny(raw)).document["components"]["schemas"]

    assert set(schemas) == {"R", "RSelf", "RHtml"}


def test_a_webhook_with_the_tag_of_an_operation(canonical: Canonicalise, tiny: Tiny) -> None:
    paths = {"/p": {"get": {"operationId": "list", "tags": ["P"]}}}

    result = canonical(tiny(paths=paths, webhooks={"newP": {"post": {"tags": ["P"]}}}))

    assert result.document["paths"]["/p"]["get"]["operationId"] == "list"
    assert result.document["webhooks"]["newP"]["post"]["tags"] == ["P"]
