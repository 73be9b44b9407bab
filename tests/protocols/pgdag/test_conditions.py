"""What conditions on edges mean, and that no text and no value does harm."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgdag import ConditionError
from pgdag.conditions import check_condition, holds

VALUES: dict[str, Any] = {"yes": True, "no": False, "score": 0.9, "kind": "a", "order": {"total": 120, "tags": ["x"]}}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("yes", True),
        ("no", False),
        ("not no", True),
        ("missing", False),
        ("missing == null", True),
        ("yes == true and no == False", True),
        ("score >= 0.8 and kind == 'a'", True),
        ("0.5 < score < 0.8", False),
        ("score > missing", False),
        ("score > kind", False),
        ("-score < 0", True),
        ("-kind < 0", False),
        ("-missing == null", True),
        ('kind in ["a", "b"]', True),
        ("kind not in ('a', 'b')", False),
        ("kind in missing", False),
        ("order.total > 100", True),
        ("order.total.deeper > 100", False),
        ("'x' in order.tags", True),
        ("yes && !no || missing", True),
        ("!yes", False),
        ("kind != 'a'", False),
        ("'a&&b' == \"a&&b\" && '!' == \"\\x21\"", True),
        ("  On_Success ", True),
        (None, True),
        ("", True),
    ],
)
def test_a_condition_holds_or_does_not(condition: str | None, expected: bool) -> None:
    check_condition(condition)
    assert holds(condition, VALUES) is expected


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("open('/etc/passwd')", "part \"open('/etc/passwd')\" is not understood"),
        ("(lambda: 1)()", "is not understood"),
        ("x[0]", "is not understood"),
        ("x + 1 > 2", "part 'x + 1' is not understood"),
        ("x is None", "is not understood"),
        ("a b", "is not an expression"),
        ("a = 1", "is not an expression"),
        ("a; b", "is not an expression"),
        ("x\x00", "is not an expression"),
        ("-" * 60 + "1", "nested deeper than 50"),
        ("(" * 400 + "x" + ")" * 400, "is not an expression"),
        ("x or " * 400 + "x", "longer than 1000"),
    ],
)
def test_what_is_no_condition_is_refused(condition: str, told: str) -> None:
    with pytest.raises(ConditionError) as refused:
        check_condition(condition)
    assert told in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(["a", "b", "c", ".", " and ", " or ", " not ", "!", "&&", "||", "-", "(", ")", "[", "]", ","])
MORE = st.sampled_from([" in ", " == ", "!=", "<", ">=", "1", "1.5", "'x'", '"', "true", "null", " is ", "+", "{", ":"])


@given(
    st.one_of(st.text(max_size=30), st.lists(WORDS | MORE, max_size=12).map("".join)),
    st.dictionaries(st.sampled_from("abc"), JSON),
)
def test_any_text_over_any_values(text: str, values: dict[str, Any]) -> None:
    try:
        check_condition(text)
    except ConditionError:
        return
    assert isinstance(holds(text, values), bool)
