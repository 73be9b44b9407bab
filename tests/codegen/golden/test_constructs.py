"""Every construct that the generator promises has a tiny spec here: this table says which, and looks it up there."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wirewright_codegen.read import read_document

HERE = Path(__file__).parent
Found = Callable[[Any], bool]


def nodes(value: Any) -> Iterator[Any]:
    """A value and everything inside it."""
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from nodes(child)


def has(**wanted: Any) -> Found:
    """Some object has these members; a type stands for any value of it, and `_dollar_ref` for `$ref`."""

    def fits(node: Any) -> bool:
        return isinstance(node, dict) and all(
            name in node and (node[name] == held or (isinstance(held, type) and isinstance(node[name], held)))
            for name, held in members.items()
        )

    members = {name.replace("_dollar_", "$"): held for name, held in wanted.items()}
    return lambda document: any(fits(node) for node in nodes(document))


def key(*names: str) -> Found:
    """Some object has each of these keys, whatever the value."""
    return lambda document: any(
        isinstance(node, dict) and all(name in node for name in names) for node in nodes(document)
    )


def value(wanted: object) -> Found:
    """Some value is this one."""
    return lambda document: any(type(node) is type(wanted) and node == wanted for node in nodes(document))


def version(text: str) -> Found:
    return lambda document: str(document.get("openapi", document.get("swagger", ""))).startswith(text)


CONSTRUCTS: list[tuple[str, str, Found]] = [
    ("Swagger 2.0", "swagger", version("2.0")),
    ("OpenAPI 3.0", "discriminators", version("3.0")),
    ("OpenAPI 3.1", "parameters", version("3.1")),
    ("OpenAPI 3.2", "methods", version("3.2")),
    ("bare JSON Schema", "bare", key("$schema")),
    ("references across files", "files", has(_dollar_ref="paths/pets.yaml")),
    ("overlay", "overlaid", key("openapi")),
    ("a document's own name", "methods", key("$self")),
    ("discriminator with mapping", "discriminators", key("propertyName", "mapping")),
    ("discriminator by names", "discriminators", has(discriminator={"propertyName": "kind"})),
    ("constants that imply one", "discriminators", has(type="string", enum=["circle"])),
    ("choices of choices", "discriminators", key("oneOf")),
    ("anyOf", "compositions", key("anyOf")),
    ("oneOf", "compositions", key("oneOf")),
    ("allOf with siblings", "compositions", key("allOf", "properties")),
    ("a reference with siblings", "compositions", key("$ref", "description")),
    ("untagged objects", "unions", key("untagged")),
    ("two enums of strings", "unions", has(anyOf=[{"type": "string", "enum": [name]} for name in "ab"])),
    ("enums of booleans", "unions", has(type="boolean", enum=[True])),
    ("variants that share a tag", "unions", key("nested")),
    ("nullable", "nulls", has(nullable=True)),
    ("type arrays", "nulls", has(type=["string", "null"])),
    ("an optional nullable", "nulls", key("optional")),
    ("recursion", "recursion", has(_dollar_ref="#/components/schemas/Node")),
    ("mutual recursion", "recursion", has(_dollar_ref="#/components/schemas/Other")),
    ("const", "enums", has(const="x")),
    ("enums of mixed types", "enums", has(enum=["a", 1, 2.5, True, None])),
    ("open enums", "enums", has(type="string", enum=["on", "off"])),
    ("additionalProperties: true", "maps", has(additionalProperties=True)),
    ("additionalProperties: false", "maps", has(additionalProperties=False)),
    ("additionalProperties: schema", "maps", has(additionalProperties={"type": "integer"})),
    ("additionalProperties beside properties", "maps", has(properties=dict, additionalProperties={"type": "integer"})),
    ("patternProperties", "maps", key("patternProperties")),
    ("propertyNames", "maps", key("propertyNames")),
    ("prefixItems", "tuples", key("prefixItems")),
    ("boolean schema true", "tuples", has(anything=True)),
    ("boolean schema false", "tuples", has(nothing=False)),
    ("readOnly", "directions", has(readOnly=True)),
    ("writeOnly", "directions", has(writeOnly=True)),
    ("defaults", "formats", has(default=["a", "b"])),
    *((f"format {name}", "formats", has(format=name)) for name in
      ("date-time", "date", "time", "uuid", "decimal", "byte", "email", "uri", "duration", "int64", "float")),
    ("contentEncoding", "formats", has(contentEncoding="base64")),
    ("format binary", "forms", has(format="binary")),
    ("contentMediaType", "forms", has(contentMediaType="application/pdf")),
    ("$defs", "definitions", key("$defs")),
    ("$anchor", "definitions", key("$anchor")),
    ("$dynamicRef", "bare", key("$dynamicRef")),
    *((f"style {name}", "parameters", has(style=name)) for name in
      ("label", "matrix", "pipeDelimited", "spaceDelimited", "deepObject")),
    ("explode", "parameters", has(explode=False)),
    ("allowReserved", "parameters", has(allowReserved=True)),
    ("parameters with content", "parameters", key("in", "content")),
    ("parameters of the path", "parameters", has(name="shared", description="Of the path.")),
    ("referenced parameters", "parameters", has(_dollar_ref="#/components/parameters/Trace")),
    ("cookies", "parameters", value("cookie")),
    ("headers", "parameters", value("header")),
    ("the whole query", "methods", value("querystring")),
    ("several request media types", "media", key("application/json", "text/csv")),
    ("*/*", "media", key("*/*")),
    ("bytes", "media", key("application/octet-stream")),
    ("urlencoded forms", "forms", key("application/x-www-form-urlencoded")),
    ("multipart forms", "forms", key("multipart/form-data")),
    ("encodings", "forms", key("contentType")),
    ("several files", "forms", has(type="array", items={"type": "string", "format": "binary"})),
    ("streamed uploads", "forms", value("put_stream")),
    ("server-sent events", "streams", key("text/event-stream")),
    ("JSON lines", "streams", key("application/x-ndjson")),
    ("status ranges", "answers", key("4XX")),
    ("default answers", "answers", key("default")),
    ("answers that are references", "answers", has(_dollar_ref="#/components/responses/NotFound")),
    ("headers of answers", "answers", key("X-Total")),
    ("links", "answers", key("links")),
    ("server variables", "security", key("variables")),
    ("servers of operations", "security", has(servers=[{"url": "https://files.test"}])),
    *((f"security {name}", "security", has(type=name)) for name in
      ("apiKey", "http", "oauth2", "openIdConnect", "mutualTLS")),
    ("several schemes at once", "security", key("key", "bearer")),
    ("optional security", "security", has(security=[{}, {"bearer": []}])),
    ("no security", "security", has(security=[])),
    ("callbacks", "webhooks", key("callbacks")),
    ("webhooks", "webhooks", key("webhooks")),
    ("pagination", "pagination", key("x-pagination")),
    ("deprecated", "words", has(deprecated=True)),
    ("keywords as names", "words", key("class", "self", "from")),
    ("names that are numbers with signs", "words", key("+1", "-1")),
    ("method query", "methods", key("query")),
    ("additionalOperations", "methods", key("additionalOperations")),
]  # fmt: skip


@pytest.fixture(scope="module")
def sources() -> dict[str, Path]:
    found = importlib.util.spec_from_file_location("wirewright_golden_sources", HERE / "golden.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return dict(module.SOURCES)


@pytest.mark.parametrize(("construct", "spec", "found"), CONSTRUCTS, ids=[construct for construct, _, _ in CONSTRUCTS])
def test_a_construct_has_its_spec(construct: str, spec: str, found: Found, sources: dict[str, Path]) -> None:
    document = read_document(sources[spec])
    value = document.files[document.name].value
    assert found(value) or any(found(file.value) for file in document.files.values()), construct


def test_every_spec_has_its_expected_code_and_its_behaviour(sources: dict[str, Path]) -> None:
    tests = (HERE / "test_golden.py").read_text(encoding="utf-8")
    for name in sources:
        assert f'"{name}"' in tests, f"nothing is called with the spec {name}"
        for flavour in ("msgspec", "attrs", "pydantic"):
            assert (HERE / "expected" / f"{name}.{flavour}.txt").is_file()


def test_the_overlay_is_one(sources: dict[str, Path]) -> None:
    assert (sources["overlaid"].with_suffix(".overlay.yaml")).is_file()
