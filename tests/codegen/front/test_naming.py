"""Names: out of any text a safe one, the same whatever else there is, and settled by place."""

from __future__ import annotations

import ast
import builtins
import itertools
import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright_codegen.naming import Names, class_name, identifier, spelled, unique


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("User", "User"),
        ("simple-user", "SimpleUser"),
        ("simple_user", "SimpleUser"),
        ("a.b.C", "ABC"),
        ("HTTPServer", "HTTPServer"),
        ("userID", "UserID"),
        ("1-Click Apps", "Model1ClickApps"),
        ("été", "Ete"),
        ("用户", "用户"),
        ("+1", "Plus1"),
        ("-1", "Minus1"),
        ("$", "Dollar"),
        ("", "Empty"),
        ("__init__", "Init"),
        ("Exception", "ExceptionModel"),
        ("None", "NoneModel"),
        ("Field", "FieldModel"),
        ("list", "List"),
        ("'; import os #", "ImportOs"),
        ("a\nb", "AB"),
        ("\u202eevil", "Evil"),
    ],
)
def test_class_names(text: str, name: str) -> None:
    assert class_name(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("X-Rate-Limit", "x_rate_limit"),
        ("userId", "user_id"),
        ("class", "class_"),
        ("self", "self_"),
        ("1st", "field_1st"),
        ("$filter", "filter"),
        ("@type", "type"),
        ("+1", "plus_1"),
        ("-1", "minus_1"),
        ("", "empty"),
        ("*", "star"),
        ("type", "type"),
        ("filter", "filter"),
        ("None", "none"),
        ("import", "import_"),
        ("a[b]", "a_b"),
    ],
)
def test_identifiers(text: str, name: str) -> None:
    assert identifier(text) == name


def test_names_of_arguments_may_be_reserved_by_the_caller() -> None:
    assert identifier("body", reserved={"body"}) == "body_"


@given(st.text())
def test_any_text_gives_a_safe_class_name(text: str) -> None:
    name = class_name(text)

    assert name.isidentifier() and not keyword.iskeyword(name) and not hasattr(builtins, name)
    assert isinstance(ast.parse(f"class {name}: pass").body[0], ast.ClassDef)
    assert class_name(name) == name


@given(st.text())
def test_any_text_gives_a_safe_identifier(text: str) -> None:
    name = identifier(text)

    assert name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("__")
    assert ast.parse(f"{name} = 1")


@given(st.text(alphabet="aB1-_. +", max_size=6), st.text(alphabet="aB1-_. +", max_size=6))
def test_spelled_names_differ_where_separators_do(one: str, other: str) -> None:
    if one != other and class_name(one) == class_name(other) and one.strip("_") != other.strip("_"):
        assert spelled(one) != spelled(other) or one.lower() == other.lower()


WISHES = st.dictionaries(
    st.text("abc", min_size=1, max_size=3),
    st.lists(st.sampled_from(["X", "Y", "Z"]), min_size=1, max_size=3),
    max_size=6,
)


@given(WISHES, st.randoms())
def test_unique_names_do_not_depend_on_order(wanted: dict[str, list[str]], random: object) -> None:
    keys = list(wanted)
    random.shuffle(keys)  # type: ignore[attr-defined]

    names = unique(wanted)

    assert unique({key: wanted[key] for key in keys}) == names
    assert set(names) == set(wanted)
    assert len(set(names.values())) == len(names)


def test_one_of_several_that_want_a_name_has_it_only_by_rank() -> None:
    assert unique({"a": ["X", "XA"], "b": ["X", "XB"]}) == {"a": "XA", "b": "XB"}
    assert unique({"a": ["X", "XA"], "b": ["X", "XB"]}, rank={"b": 1}) == {"a": "X", "b": "XB"}


def test_names_that_were_given_before_stay() -> None:
    assert unique({"a": ["X"], "b": ["X", "Y"]}, locked={"b": "X"})["b"] == "X"
    assert unique({"a": ["X", "Z"]}, locked={"gone": "X"}) == {"a": "Z"}


def test_the_lock_only_grows_and_reads_back() -> None:
    lock = (
        Names()
        .grown("schemas", {"#/a": "A"})
        .grown("schemas", {"#/a": "Other", "#/b": "B"})
        .grown("methods", {"x": "y"})
    )

    assert lock.section("schemas") == {"#/a": "A", "#/b": "B"}
    assert Names.loads(lock.dumps()) == lock
    assert lock.dumps().splitlines()[1:3] == ['  "methods": {', '    "x": "y"']


@pytest.mark.parametrize("text", ["[]", '{"schemas": []}', '{"schemas": {"a": 1}}', "nonsense"])
def test_what_is_no_lock(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Names.loads(text)


def test_every_order_of_a_clash_gives_the_same_names() -> None:
    wanted = {"k1": ["N", "P"], "k2": ["N", "P"], "k3": ["P", "Q"]}

    results = {tuple(sorted(unique(dict(order)).items())) for order in itertools.permutations(wanted.items())}

    assert len(results) == 1
