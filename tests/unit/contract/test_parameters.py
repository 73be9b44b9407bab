"""Parameters read off the wire: what OpenAPI's style table says, and the counterpart of what the runtime writes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright.contract.bodies import split_pairs
from wirewright.contract.parameters import ABSENT, Parameter, read_parameter
from wirewright.contract.schemas import Schemas
from wirewright.operation import Parameter as Written
from wirewright.parameters import cookie_pairs, header_text, path_text, query_pairs

COLOURS = {"type": "array", "items": {"type": "string"}}
RGB = {"type": "object", "properties": {c: {"type": "integer"} for c in "RGB"}}


def parameter(location: str, schema: dict[str, Any], **more: Any) -> Parameter:
    declared = {"name": "color", "in": location, "schema": schema, **more}
    document = {"paths": {"/": {"get": {"parameters": [declared]}}}}
    return read_parameter(Schemas(document), declared, "/paths/~1/get/parameters/0")


@pytest.mark.parametrize(
    ("style", "explode", "schema", "raw", "value"),
    [
        ("simple", False, {"type": "string"}, "a%2Fb", "a/b"),
        ("simple", False, COLOURS, "blue,black", ["blue", "black"]),
        ("simple", True, COLOURS, "blue,black", ["blue", "black"]),
        ("simple", False, RGB, "R,100,G,200", {"R": 100, "G": 200}),
        ("simple", True, RGB, "R=100,G=200", {"R": 100, "G": 200}),
        ("pipeDelimited", False, COLOURS, "blue%7cblack", ["blue", "black"]),
        ("tabDelimited", False, COLOURS, "blue%09black", ["blue", "black"]),
        ("label", False, {"type": "string"}, ".blue", "blue"),
        ("label", False, COLOURS, ".blue,black", ["blue", "black"]),
        ("label", True, COLOURS, ".blue.black", ["blue", "black"]),
        ("label", True, RGB, ".R=100.G=200", {"R": 100, "G": 200}),
        ("matrix", False, {"type": "string"}, ";color=blue", "blue"),
        ("matrix", False, {"type": "string"}, ";color", ""),
        ("matrix", False, COLOURS, ";color=blue,black", ["blue", "black"]),
        ("matrix", True, COLOURS, ";color=blue;color=black", ["blue", "black"]),
        ("matrix", False, RGB, ";color=R,100,G,200", {"R": 100, "G": 200}),
        ("matrix", True, RGB, ";R=100;G=200", {"R": 100, "G": 200}),
    ],
)
def test_a_path_parameter_is_read_in_every_style(
    style: str, explode: bool, schema: dict[str, Any], raw: str, value: Any
) -> None:
    assert parameter("path", schema, style=style, explode=explode).decode_path(raw) == value


@pytest.mark.parametrize(
    ("style", "explode", "schema", "query", "value"),
    [
        ("form", True, {"type": "string"}, "color=a+b%26", "a b&"),
        ("form", True, {"type": "integer"}, "color=7", 7),
        ("form", True, COLOURS, "color=blue&color=black", ["blue", "black"]),
        ("form", False, COLOURS, "color=blue,a%2Cb", ["blue", "a,b"]),
        ("form", True, RGB, "R=100&G=200&other=1", {"R": 100, "G": 200}),
        ("form", False, RGB, "color=R,100,G,200", {"R": 100, "G": 200}),
        ("spaceDelimited", False, COLOURS, "color=blue%20black", ["blue", "black"]),
        ("spaceDelimited", False, COLOURS, "color=blue+black", ["blue", "black"]),
        ("pipeDelimited", False, COLOURS, "color=blue|black", ["blue", "black"]),
        ("pipeDelimited", False, COLOURS, "color=blue%7cblack", ["blue", "black"]),
        ("tabDelimited", False, COLOURS, "color=blue%09black", ["blue", "black"]),
        ("deepObject", True, RGB, "color[R]=100&color%5BG%5D=200", {"R": 100, "G": 200}),
        ("form", True, {"type": ["integer", "null"]}, "color=null", None),
        ("form", True, {"anyOf": [{"type": "boolean"}, {"type": "string"}]}, "color=true", True),
        ("form", True, {"type": "integer"}, "other=7", ABSENT),
        ("deepObject", True, RGB, "other[R]=1", ABSENT),
        ("deepObject", True, COLOURS, "color[]=blue&color%5B%5D=black", ["blue", "black"]),
        ("deepObject", True, COLOURS, "color[]=blue", ["blue"]),
        ("deepObject", True, COLOURS, "color[1]=black&color[0]=blue", ["blue", "black"]),
        ("deepObject", True, {"type": "array", "items": RGB}, "color[0][R]=1&color[0][G]=2", [{"R": 1, "G": 2}]),
        ("form", True, {"type": "array", "items": RGB}, "color=%7B%22R%22%3A1%7D", [{"R": 1}]),
    ],
)
def test_a_query_parameter_is_read_in_every_style(
    style: str, explode: bool, schema: dict[str, Any], query: str, value: Any
) -> None:
    assert parameter("query", schema, style=style, explode=explode).decode_query(split_pairs(query)) == value


def test_an_open_object_takes_the_names_that_no_other_parameter_claims() -> None:
    anything = {"type": "object", "additionalProperties": {"type": "integer"}}
    read = parameter("query", anything).decode_query(split_pairs("a=1&b=2&page=3"), frozenset({"page"}))
    assert read == {"a": 1, "b": 2}


def test_a_parameter_with_content_is_json() -> None:
    declared = {"name": "f", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}}
    document = {"paths": {"/": {"get": {"parameters": [declared]}}}}
    read = read_parameter(Schemas(document), declared, "/paths/~1/get/parameters/0")
    assert read.decode_query(split_pairs("f=%7B%22a%22%3A1%7D")) == {"a": 1}
    with pytest.raises(ValueError, match="not JSON"):
        read.decode_query(split_pairs("f=%7B"))


def test_the_whole_query_may_be_one_value() -> None:
    form = {
        "application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    }
    declared = {"name": "q", "in": "querystring", "content": form}
    document = {"paths": {"/": {"get": {"parameters": [declared]}}}}
    read = read_parameter(Schemas(document), declared, "/paths/~1/get/parameters/0")
    assert read.decode_querystring("n=7&s=x+y&t=1&t=2") == {"n": 7, "s": "x y", "t": ["1", "2"]}


@pytest.mark.parametrize("text", ["07", "1_0", "٣", "+1", "1.0", "0x1", "1 0", ""])
def test_text_that_is_no_json_number_stays_text(text: str) -> None:
    assert parameter("header", {"type": "integer"}).decode_header(text) == text


WORD = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
TOKEN = st.text("abcXYZ019-_", min_size=1, max_size=6)
NUMBERS = {"type": "array", "items": {"type": "integer"}}
SHAPES = st.one_of(
    st.tuples(st.just({"type": "string"}), WORD),
    st.tuples(st.just({"type": "integer"}), st.integers(-(2**53), 2**53)),
    st.tuples(st.just({"type": "boolean"}), st.booleans()),
    st.tuples(st.just(COLOURS), st.lists(WORD, min_size=1, max_size=4)),
    st.tuples(st.just(NUMBERS), st.lists(st.integers(), min_size=1, max_size=4)),
    st.tuples(st.just(RGB), st.fixed_dictionaries({"R": st.integers()}, optional={"G": st.integers()})),
)


@given(shape=SHAPES, style=st.sampled_from(["simple", "matrix"]), explode=st.booleans())
def test_what_the_runtime_writes_into_a_path_is_read_back(shape: Any, style: Any, explode: bool) -> None:
    schema, value = shape
    raw = path_text(Written("path", "color", style=style, explode=explode), value)
    assert parameter("path", schema, style=style, explode=explode).decode_path(raw) == value


@given(
    shape=SHAPES,
    style=st.sampled_from(["form", "spaceDelimited", "pipeDelimited", "deepObject"]),
    explode=st.booleans(),
)
def test_what_the_runtime_writes_into_a_query_is_read_back(shape: Any, style: Any, explode: bool) -> None:
    schema, value = shape
    if style in {"spaceDelimited", "pipeDelimited"} and not isinstance(value, list):
        return  # defined for arrays
    if style == "deepObject" and not isinstance(value, dict | list):
        return  # defined for objects
    if style == "spaceDelimited" and any(" " in str(item) for item in value):
        return  # the delimiter inside a value cannot be told apart
    if style == "pipeDelimited" and any("|" in str(item) for item in value):
        return
    pairs = "&".join(query_pairs(Written("query", "color", style=style, explode=explode), value))
    assert parameter("query", schema, style=style, explode=explode).decode_query(split_pairs(pairs)) == value


@given(value=st.lists(TOKEN, min_size=1), explode=st.booleans())
def test_what_the_runtime_writes_into_headers_and_cookies_is_read_back(value: list[str], explode: bool) -> None:
    header = header_text(Written("header", "color", explode=explode), value)
    assert parameter("header", COLOURS, explode=explode).decode_header(header) == value
    written = cookie_pairs(Written("cookie", "color", explode=explode), "color", value)
    cookies = [(name, text) for name, _, text in (pair.partition("=") for pair in written)]
    assert parameter("cookie", COLOURS, explode=explode).decode_cookie(cookies) == value
