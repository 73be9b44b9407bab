"""RFC 8785: the published pairs, the published sequence of numbers, and what has no canonical form."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright.signing import CanonicalJsonError, canonical_json
from wirewright.signing.encoding import strict_json

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "jcs"
PAIRS = ["arrays", "french", "structures", "unicode", "values", "weird"]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.promise("Canonical JSON is that of RFC 8785: the published pairs and sequence of numbers")
def test_the_published_pairs(name):
    if not FOLDER.exists():
        pytest.skip("no ../shared/vectors beside this checkout")
    given = json.loads((FOLDER / "input" / f"{name}.json").read_bytes())
    assert canonical_json(given) == (FOLDER / "output" / f"{name}.json").read_bytes().rstrip(b"\n")
    assert canonical_json(given) == bytes.fromhex((FOLDER / "outhex" / f"{name}.txt").read_text())


def es6_numbers(static: list[int]) -> Iterator[int]:
    """The published sequence after its fixed part: 2,000 small ones, then what hashing gives."""
    yield from static
    yield from range(0x0010000000000000, 0x0010000000000000 + 2000)
    block = bytes(32)
    while True:
        block = hashlib.sha256(block).digest()
        for (number,) in struct.iter_unpack("<d", block):
            if number != 0 and math.isfinite(number):
                yield struct.unpack("<Q", struct.pack("<d", number))[0]


@pytest.mark.parametrize(
    ("lines", "digest"),
    [
        (1000, "be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687"),
        (10000, "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892"),
    ],
)
@pytest.mark.promise("Canonical JSON is that of RFC 8785: the published pairs and sequence of numbers")
def test_numbers_are_written_as_ecmascript_does(lines, digest):
    readme = FOLDER / "README.md"
    if not readme.exists():
        pytest.skip("no ../shared/vectors beside this checkout")
    listed = readme.read_text().partition("new BigUint64Array([")[2].partition("])")[0]
    numbers = es6_numbers(
        [int(word.strip().rstrip("n"), 16) for word in listed.replace("\n", " ").split(",") if word.strip()]
    )
    found = hashlib.sha256()
    for _ in range(lines):
        bits = next(numbers)
        (value,) = struct.unpack("<d", struct.pack("<Q", bits))
        found.update(f"{bits:x},".encode() + canonical_json(value) + b"\n")
    assert found.hexdigest() == digest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-07, b"1e-7"),
        (1e16, b"10000000000000000"),
        (-0.0, b"0"),
        (1.0, b"1"),
        ({"\U0001f600": 1, "\ufb33": 2}, '{"\U0001f600":1,"\ufb33":2}'.encode()),
        ({"b": [True, None], "a": "\x7f\x08"}, b'{"a":"\x7f\\b","b":[true,null]}'),
    ],
)
def test_traps(value, text):
    assert canonical_json(value) == text


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, 2**53 + 2, "\ud800", {"\udfff": 1}, {1: 2}, b"x", object(), {"a": {1, 2}}],
    ids=lambda value: ascii(value).partition(" at ")[0],
)
def test_what_has_no_canonical_form_is_one_error(value):
    with pytest.raises(CanonicalJsonError):
        canonical_json({"deep": [value]})


def test_a_value_that_holds_itself_is_the_same_error():
    circular: list[object] = []
    circular.append(circular)
    with pytest.raises(CanonicalJsonError, match="deep"):
        canonical_json(circular)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: abs(number) < 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(VALUES)
def test_reading_and_writing_again_changes_nothing(value):
    text = canonical_json(value)
    assert canonical_json(strict_json(text)) == text
    assert json.loads(text) == value
