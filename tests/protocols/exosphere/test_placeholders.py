"""Input templates (protocol sheet §6.2)."""

import pytest
from exospherehost.testing.manager.placeholders import PlaceholderError, Source, parse
from hypothesis import given
from hypothesis import strategies as st

VALUES = {Source("a", "y"): "1", Source("store", "k"): "K", Source("b", "z"): "2"}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("x${{  a . outputs . y  }}z", "x1z"),
        ("${{a.outputs.y}}-${{store.k}}-${{b.outputs.z}}", "1-K-2"),
        ("${{store.outputs.k}}", "K"),
        ("${{a.outputs.y}} }} tail", "1 }} tail"),
        ("$${{a.outputs.y}}", "$1"),
        ("${ {a.outputs.y}}", "${ {a.outputs.y}}"),
        ("{{a.outputs.y}}", "{{a.outputs.y}}"),
        ("${{\na\n.\toutputs . y}}", "1"),
        ("", ""),
        ("plain }} text", "plain }} text"),
    ],
)
def test_a_text_is_rendered(text: str, rendered: str) -> None:
    assert parse(text).render(VALUES) == rendered


@pytest.mark.parametrize(
    "text",
    [
        "${{a.y}}",
        "${{a.inputs.y}}",
        "${{a.outputs.y.z}}",
        "${{store.k.j}}",
        "${{}}",
        "${{ STORE.k }}",
        "${{a.Outputs.y}}",
    ],
)
def test_a_placeholder_that_names_no_source_is_refused(text: str) -> None:
    with pytest.raises(PlaceholderError, match="Invalid syntax string placeholder"):
        parse(text)


@pytest.mark.parametrize(("text", "piece"), [("${{a.outputs.y}", "a.outputs.y}"), ("${{${{a.outputs.y}}}}", "")])
def test_a_placeholder_that_is_not_closed_is_refused(text: str, piece: str) -> None:
    with pytest.raises(PlaceholderError) as refusal:
        parse(text)
    assert str(refusal.value) == f"Invalid syntax string placeholder {piece} for: {text} '${{' not closed"


def test_sources_are_listed_once_in_order_of_first_use() -> None:
    assert parse("${{b.outputs.z}}${{a.outputs.y}}${{b.outputs.z}}").sources == (Source("b", "z"), Source("a", "y"))


def test_a_value_that_is_not_there_is_told_with_its_place() -> None:
    with pytest.raises(PlaceholderError) as refusal:
        parse("<${{a.outputs.n}}>").render(VALUES)
    assert str(refusal.value) == "Dependent value is not set for: identifier='a' field='n' tail='>' value=None"


def test_a_value_that_is_no_text_is_a_type_error() -> None:
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \+: 'int' and 'str'"):
        parse("${{a.outputs.y}}").render({Source("a", "y"): 1})


@given(st.text().filter(lambda text: "${{" not in text))
def test_text_without_an_opener_is_itself(text: str) -> None:
    assert parse(text).render({}) == text


@given(st.text(), st.text())
def test_values_are_never_parsed_again(before: str, value: str) -> None:
    head = before.replace("${{", "")
    assert parse(head + "${{ a.outputs.y }}").render({Source("a", "y"): value}) == head + value
