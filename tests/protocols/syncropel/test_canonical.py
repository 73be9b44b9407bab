"""Canonical JSON and the hashes made of it: 42 vectors of the original, and properties over random values."""

from __future__ import annotations

import datetime
import decimal
import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syncropel import Record, canonical_json, canonical_value, hash_levels, record_id, sha256_hex
from syncropel.hashing import server_record_id


def vectors(name: str) -> list[dict[str, Any]]:
    path = Path(__file__).parent / "vectors" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("vector", vectors("canonical"), ids=lambda vector: vector["name"])
def test_canonical_json_of_a_vector(vector: dict[str, Any]) -> None:
    text = canonical_json(json.loads(vector["input"]))
    assert (text, sha256_hex(text)) == (vector["canonical"], vector["sha256"])


@pytest.mark.parametrize("vector", vectors("hash_levels"), ids=lambda vector: vector["act"])
def test_hash_levels_of_a_vector(vector: dict[str, Any]) -> None:
    levels = hash_levels(vector["act"], json.loads(vector["body"]))
    assert astuple(levels) == (vector["l0"], vector["l1"], vector["l2"], vector["l3"])


@pytest.mark.parametrize("vector", vectors("records"), ids=lambda vector: vector["name"])
def test_record_ids_of_a_vector(vector: dict[str, Any]) -> None:
    envelope = json.loads(vector["wire"])
    six = {name: value for name, value in envelope.items() if name != "data_type"}
    assert canonical_json(envelope) == vector["canonical"]
    assert server_record_id(envelope) == vector["id"] == record_id(Record(**envelope), fields=7)
    assert record_id(six) == vector["id6"] == record_id(Record(**envelope))


def test_the_default_of_record_id_is_not_the_id_that_a_kernel_assigns() -> None:
    (vector,) = vectors("record_object")
    record = Record(**vector["record"])
    assert record_id(record) == vector["record_id_fields6"]
    assert record_id(record, fields=7) == vector["record_id_fields7"]
    assert record_id(record.to_api_dict()) == vector["record_id_of_to_api_dict"]


def test_a_dict_is_hashed_as_it_is() -> None:
    assert record_id({"parents": ["b", "a"], "x": 1}, fields=7) == sha256_hex('{"parents":["b","a"],"x":1}')


def test_only_the_seven_fields_that_are_present_make_the_id_of_a_kernel() -> None:
    assert server_record_id({"act": "PUT", "id": "no", "judged_by": "no", "extra": 1}) == sha256_hex('{"act":"PUT"}')


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_cannot_say_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="NaN and Infinity not allowed"):
        canonical_json({"a": value})


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ((1, 2), "tuple"),
        (b"x", "bytes"),
        ({1}, "set"),
        (datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "datetime"),
        (decimal.Decimal("1"), "Decimal"),
    ],
)
def test_values_that_are_no_json_are_refused(value: object, name: str) -> None:
    with pytest.raises(TypeError, match=f"Unsupported type: {name}"):
        canonical_json({"a": value})


def test_keys_that_cannot_be_ordered_are_refused() -> None:
    with pytest.raises(TypeError):
        canonical_json({1: "a", "b": 2})


def test_keys_that_are_no_strings_are_written_as_json_writes_them() -> None:
    texts = [canonical_json({key: 0}) for key in (1, True, None, 2.0)]
    assert texts == ['{"1":0}', '{"true":0}', '{"null":0}', '{"2.0":0}']


def test_a_lone_surrogate_has_no_hash() -> None:
    with pytest.raises(UnicodeEncodeError):
        sha256_hex(canonical_json("\ud800"))


text = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4))


@given(values)
def test_the_canonical_text_says_the_same_value(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@given(values)
def test_canonicalising_twice_changes_nothing(value: Any) -> None:
    once = canonical_json(value)
    assert canonical_json(json.loads(once)) == once
    assert canonical_json(canonical_value(value)) == once


@given(values)
def test_the_canonical_text_is_what_its_rules_say(value: Any) -> None:
    assert canonical_json(value) == written_out(value)


@given(st.dictionaries(text, values, min_size=2, max_size=5), st.randoms())
def test_the_order_of_keys_does_not_matter(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical_json(dict(items)) == canonical_json(value)


ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def written_out(value: Any) -> str:
    """The rules of the protocol sheet §4.2, one after the other."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        escaped = (ESCAPES.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 0x20 else c) for c in value)
        return f'"{"".join(escaped)}"'
    if isinstance(value, list):
        return f"[{','.join(written_out(item) for item in value)}]"
    members = sorted(value.items(), key=lambda item: [ord(c) for c in item[0]])
    return "{" + ",".join(f"{written_out(key)}:{written_out(item)}" for key, item in members) + "}"
