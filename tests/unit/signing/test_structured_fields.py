"""The HTTP working group's structured field vectors: parsed, refused and written as they say, but for those listed."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright.signing import MalformedError
from wirewright.signing.structured import (
    DisplayString,
    InnerList,
    Item,
    Token,
    parse_dictionary,
    parse_item,
    parse_list,
    serialize,
)

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "structured-fields"
if not FOLDER.exists():
    pytest.skip("no ../shared/vectors beside this checkout", allow_module_level=True)

PARSERS = {"item": parse_item, "list": parse_list, "dictionary": parse_dictionary}
# What http-sfv cannot do: its dates are datetimes, and it has none for the first moment of the year 1.
EXCEPTIONS = {"interoperability min date - 0001-01-01 00:00:00": "refused: no datetime for it"}


def cases(folder: Path) -> list[Any]:
    found = [(file.stem, case) for file in sorted(folder.glob("*.json")) for case in json.loads(file.read_text())]
    return [pytest.param(case, id=f"{stem}: {case['name']}") for stem, case in found]


def bare(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    kind, content = value["__type"], value["value"]
    return {
        "token": Token,
        "binary": base64.b32decode,
        "date": lambda seconds: datetime.fromtimestamp(seconds, UTC),
        "displaystring": DisplayString,
    }[kind](content)


def member(expected: Any) -> Item | InnerList:
    value, params = expected
    parameters = {name: bare(parameter) for name, parameter in params}
    if isinstance(value, list):
        return InnerList([member(item) for item in value], parameters)  # type: ignore[misc]
    return Item(bare(value), parameters)


def structure(kind: str, expected: Any) -> Any:
    if kind == "item":
        return member(expected)
    if kind == "list":
        return [member(item) for item in expected]
    return {name: member(value) for name, value in expected}


def same(one: Any, other: Any) -> bool:
    """Equal in type as well: 1, 1.0, True and a token are four different things; numbers by value."""
    if isinstance(one, Item) and isinstance(other, Item):
        return same(one.value, other.value) and same(list(one.params.items()), list(other.params.items()))
    if isinstance(one, InnerList) and isinstance(other, InnerList):
        return same(list(one.items), list(other.items)) and same(list(one.params.items()), list(other.params.items()))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, datetime):
        return one.timestamp() == other.timestamp()
    numbers = (float, Decimal)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return float(one) == float(other)
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("case", cases(FOLDER))
@pytest.mark.promise("Structured fields are those of RFC 9651: all published vectors, one exception listed")
def test_parsing(case):
    parse = PARSERS[case["header_type"]]
    try:
        value: Any = parse(case["raw"])
    except MalformedError:
        assert case.get("must_fail") or case.get("can_fail") or case["name"] in EXCEPTIONS
        return
    assert not case.get("must_fail")
    assert same(value, structure(case["header_type"], case["expected"]))
    assert serialize(value) == ", ".join(case.get("canonical", case["raw"]))


@pytest.mark.parametrize("case", cases(FOLDER / "serialisation-tests"))
@pytest.mark.promise("Structured fields are those of RFC 9651: all published vectors, one exception listed")
def test_serialising(case):
    value = structure(case["header_type"], case["expected"])
    if case.get("must_fail"):
        with pytest.raises(MalformedError):
            serialize(value)
    else:
        assert serialize(value) == ", ".join(case["canonical"])


@given(st.text(alphabet=st.characters(max_codepoint=0x17F), max_size=60))
def test_any_text_is_parsed_or_refused_by_the_one_error_and_what_was_parsed_is_stable(text):
    for parse in PARSERS.values():
        try:
            value: Any = parse(text)
        except MalformedError:
            continue
        assert serialize(parse(serialize(value))) == serialize(value)


def test_a_field_that_is_too_large_is_refused():
    with pytest.raises(MalformedError, match="larger than"):
        parse_item('"' + "a" * 300_000 + '"')
