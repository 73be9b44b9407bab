"""The JSON Schema 2020-12 suite over the canonical form.

What a schema allows its canonical form must allow: else a model refuses data that is right. What it forbids the
canonical form forbids as well, as far as its keywords can say; the rest is counted by keyword.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from wirewright_codegen.canonical import CanonicalOptions, canonicalise
from wirewright_codegen.canonical.check import assert_canonical
from wirewright_codegen.read.document import Document, SourceFile

LETTER = CanonicalOptions(infer_types=False)

REFUSED = {
    # other drafts and vocabularies by $schema; what looks like an $id inside an unknown keyword
    "optional/cross-draft": 1,
    "optional/unknownKeyword": 1,
    "vocabulary": 1,
}
WEAKER_ALLOWED = {
    "additionalProperties",  # allOf with additionalProperties: an object of both
    "defs",
    "ref",  # the metaschema, which is not at hand
    "dynamicRef",
    "enum",
    "oneOf",
    "properties",
    "unevaluatedItems",
    "unevaluatedProperties",
}


def groups(suite: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((suite / "tests").glob("**/*.json")):
        keyword = path.relative_to(suite / "tests").as_posix().removesuffix(".json").removeprefix("draft2020-12/")
        if keyword.startswith("optional/format") or keyword in (
            "optional/ecmascript-regex",
            "optional/non-bmp-regex",
            "format",
        ):
            continue  # formats and regular expressions are the validator's matter
        for group in json.loads(path.read_text()):
            if "\\\\p{" not in json.dumps(group["schema"]):
                yield keyword, group


@pytest.fixture(scope="module")
def remotes(suite: Path) -> dict[str, SourceFile]:
    found: dict[str, SourceFile] = {}
    for path in (suite / "remotes").glob("**/*.json"):
        address = "http://localhost:1234/" + path.relative_to(suite / "remotes").as_posix()
        found[address] = SourceFile(address, json.loads(path.read_text()))
    return found


def validator(document: dict[str, Any]) -> Draft202012Validator:
    """A validator of the root schema of a canonical document, constraints included."""
    name = next(name for name, schema in document["components"]["schemas"].items() if schema["x-source"] == "#")
    whole = {"$id": "http://canonical/", **enforced(document)}
    registry: Registry[Any] = Registry().with_resource("http://canonical/", Resource(whole, DRAFT202012))
    return Draft202012Validator({"$ref": f"http://canonical/#/components/schemas/{name}"}, registry=registry)


def enforced(node: Any) -> Any:
    if isinstance(node, list):
        return [enforced(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {"allOf" if key == "x-constraints" else key: enforced(value) for key, value in node.items()}


def test_the_suite(suite: Path, remotes: dict[str, SourceFile]) -> None:
    refused: Counter[str] = Counter()
    weaker: Counter[str] = Counter()
    tests = 0
    for keyword, group in groups(suite):
        files = {"schema.json": SourceFile("schema.json", group["schema"]), **remotes}
        document = canonicalise(Document("schema.json", files, ("schema.json",)), LETTER).document
        assert_canonical(document)
        check = validator(document)
        for test in group["tests"]:
            tests += 1
            allowed = check.is_valid(test["data"])
            refused[keyword] += test["valid"] and not allowed
            weaker[keyword] += allowed and not test["valid"]

    assert tests > 1000
    assert {keyword: count for keyword, count in refused.items() if count} == REFUSED
    assert {
        keyword for keyword, count in weaker.items() if count and not keyword.startswith("optional/")
    } <= WEAKER_ALLOWED
