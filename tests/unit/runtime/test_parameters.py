"""Parameters on the wire: the style examples of OpenAPI 3.1, and what surrounds them."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import uuid
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright import UNSET, Operation, Parameter, Request, RequestError
from wirewright.encode import RequestEncoder

STRING, ARRAY, OBJECT = "blue", ["blue", "black", "brown"], {"R": 100, "G": 200, "B": 150}


def operation(path: str = "/x", *parameters: Parameter) -> Operation:
    return Operation("op", "GET", path, codec="msgspec", parameters=parameters)


def target(template: str = "/x", /, *parameters: Parameter, **values: Any) -> str:
    op = operation(template, *parameters)
    return RequestEncoder(op).target(Request(op, **values))


# the table of OpenAPI 3.1.1, "Style Examples"; percent-encoded where RFC 6570 does


@pytest.mark.parametrize(
    ("style", "explode", "value", "written"),
    [
        ("matrix", False, "", ";color"),
        ("matrix", False, STRING, ";color=blue"),
        ("matrix", False, ARRAY, ";color=blue,black,brown"),
        ("matrix", False, OBJECT, ";color=R,100,G,200,B,150"),
        ("matrix", True, "", ";color"),
        ("matrix", True, STRING, ";color=blue"),
        ("matrix", True, ARRAY, ";color=blue;color=black;color=brown"),
        ("matrix", True, OBJECT, ";R=100;G=200;B=150"),
        ("label", False, "", "."),
        ("label", False, STRING, ".blue"),
        ("label", False, ARRAY, ".blue,black,brown"),
        ("label", False, OBJECT, ".R,100,G,200,B,150"),
        ("label", True, "", "."),
        ("label", True, STRING, ".blue"),
        ("label", True, ARRAY, ".blue.black.brown"),
        ("label", True, OBJECT, ".R=100.G=200.B=150"),
        ("simple", False, STRING, "blue"),
        ("simple", False, ARRAY, "blue,black,brown"),
        ("simple", False, OBJECT, "R,100,G,200,B,150"),
        ("simple", True, STRING, "blue"),
        ("simple", True, ARRAY, "blue,black,brown"),
        ("simple", True, OBJECT, "R=100,G=200,B=150"),
        ("pipeDelimited", False, ARRAY, "blue%7Cblack%7Cbrown"),
        ("tabDelimited", False, ARRAY, "blue%09black%09brown"),
    ],
)
def test_path_styles(style, explode, value, written):
    parameter = Parameter("path", "color", style, explode)
    assert target("/a/c{color}/b", parameter, path={"color": value}) == f"/a/c{written}/b"


@pytest.mark.parametrize(
    ("style", "explode", "value", "written"),
    [
        ("form", False, "", "color="),
        ("form", False, STRING, "color=blue"),
        ("form", False, ARRAY, "color=blue,black,brown"),
        ("form", False, OBJECT, "color=R,100,G,200,B,150"),
        ("form", True, "", "color="),
        ("form", True, STRING, "color=blue"),
        ("form", True, ARRAY, "color=blue&color=black&color=brown"),
        ("form", True, OBJECT, "R=100&G=200&B=150"),
        ("spaceDelimited", False, ARRAY, "color=blue%20black%20brown"),
        ("spaceDelimited", False, OBJECT, "color=R%20100%20G%20200%20B%20150"),
        ("spaceDelimited", True, ARRAY, "color=blue&color=black&color=brown"),
        ("pipeDelimited", False, ARRAY, "color=blue%7Cblack%7Cbrown"),
        ("pipeDelimited", False, OBJECT, "color=R%7C100%7CG%7C200%7CB%7C150"),
        ("pipeDelimited", True, ARRAY, "color=blue&color=black&color=brown"),
        ("tabDelimited", False, ARRAY, "color=blue%09black%09brown"),
        ("deepObject", True, OBJECT, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150"),
        ("deepObject", True, {"a": {"b": [1, 2]}}, "color%5Ba%5D%5Bb%5D%5B%5D=1&color%5Ba%5D%5Bb%5D%5B%5D=2"),
        ("deepObject", True, ["x", "y"], "color%5B%5D=x&color%5B%5D=y"),
        ("deepObject", True, [{"a": 1}, {"a": 2}], "color%5B0%5D%5Ba%5D=1&color%5B1%5D%5Ba%5D=2"),
        ("form", True, [{"a": 1}], "color=%7B%22a%22%3A1%7D"),
        ("form", False, [[1, 2], [3]], "color=%5B1%2C2%5D,%5B3%5D"),
        ("form", True, {"R": {"a": 1}}, "R=%7B%22a%22%3A1%7D"),
    ],
)
def test_query_styles(style, explode, value, written):
    assert target("/x", Parameter("query", "color", style, explode), query={"color": value}) == f"/x?{written}"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1.5, "1.5"),
        ("a b&c=d/é", "a%20b%26c%3Dd%2F%C3%A9"),
        (dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2024-01-02T03%3A04%3A05Z"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (dt.timedelta(minutes=1), "PT60S"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (decimal.Decimal("1.10"), "1.10"),
        (enum.Enum("E", {"A": "x"})["A"], "x"),
        (b"\xff", "%2Fw%3D%3D"),
        ([1, True], "1&q=true"),
        ((1, 2), "1&q=2"),
    ],
)
def test_values_without_declared_style(value, written):
    assert target(query={"q": value}) == f"/x?q={written}"


@pytest.mark.parametrize("value", [None, UNSET, []])
def test_absent_values_are_not_sent(value):
    assert target(query={"q": value, "r": 1}) == "/x?r=1"
    assert target(query={"q": value}) == "/x"


def test_a_naive_datetime_gets_an_offset():
    written = unquote(target(query={"q": dt.datetime(2024, 1, 2, 3, 4, 5)}))
    assert written[-1] == "Z" or written[-6] in "+-"


@pytest.mark.parametrize(
    ("parameter", "value", "written"),
    [
        (Parameter("query", "q", allow_reserved=True), "a/b?c:d,e", "/x?q=a/b?c:d,e"),
        (Parameter("query", "q", allow_reserved=True), "a&b#c+d[e]", "/x?q=a%26b%23c%2Bd%5Be%5D"),
        (Parameter("query", "q", allow_reserved=True), "50%25 %zz", "/x?q=50%25%20%25zz"),
        (Parameter("query", "q", media_type="application/json"), {"a": [1]}, "/x?q=%7B%22a%22%3A%5B1%5D%7D"),
    ],
)
def test_reserved_characters_and_content(parameter, value, written):
    assert target("/x", parameter, query={"q": value}) == written


@pytest.mark.parametrize(
    ("media_type", "written"),
    [
        ("application/x-www-form-urlencoded", "a=1&b=x+y"),
        ("application/json", "%7B%22a%22%3A1%2C%22b%22%3A%22x%20y%22%7D"),
    ],
)
def test_the_whole_query_may_be_one_value(media_type, written):
    parameter = Parameter("querystring", "all", media_type=media_type)
    assert target("/x", parameter, query={"all": {"a": 1, "b": "x y"}}) == f"/x?{written}"
    assert target("/x", parameter, query={"all": None}) == "/x"


def test_path_values_are_encoded_and_may_keep_reserved_characters():
    assert target("/f/{p}", path={"p": "a/b c"}) == "/f/a%2Fb%20c"
    assert target("/f/{p}", Parameter("path", "p", allow_reserved=True), path={"p": "a/b?c"}) == "/f/a/b%3Fc"


@pytest.mark.parametrize("value", [None, UNSET, "", [], ".", ".."])
def test_a_path_value_that_leads_elsewhere_is_refused(value):
    with pytest.raises(RequestError):
        target("/f/{p}", path={"p": value})


def test_two_parameters_in_one_segment_and_a_query_in_the_path():
    assert target("/{a}-{b}.json", path={"a": 1, "b": "x"}) == "/1-x.json"
    assert target("/x?fixed=1", query={"q": 2}) == "/x?fixed=1&q=2"


def test_what_stands_in_the_path_itself_is_encoded_once():
    assert target("/caf\u00e9/a b/%2F/{p}", path={"p": "x"}) == "/caf%C3%A9/a%20b/%2F/x"
    assert target("/caf\u00e9") == "/caf%C3%A9"


def test_headers_and_cookies():
    op = operation(
        "/x",
        Parameter("header", "X-List", explode=True),
        Parameter("header", "X-Pipes", "pipeDelimited"),
        Parameter("cookie", "c", explode=False),
    )
    request = Request(
        op,
        headers={
            "X-List": {"a": 1, "b": 2},
            "X-Pipes": [1, 2],
            "X-Plain": [1, 2],
            "X-None": None,
            "X-Date": dt.date(2024, 1, 2),
        },
        cookies={"c": ["a b", "c"], "d": 1},
    )
    assert RequestEncoder(op).headers(request) == {
        "x-list": "a=1,b=2",
        "x-pipes": "1|2",
        "x-plain": "1,2",
        "x-date": "2024-01-02",
        "cookie": "c=a%20b,c; d=1",
    }


@pytest.mark.parametrize("value", ["a\r\nEvil: 1", "a\nb", "a\0b"])
def test_a_header_cannot_be_broken_out_of(value):
    op = operation()
    with pytest.raises(RequestError):
        RequestEncoder(op).headers(Request(op, headers={"X": value}))


def test_models_are_written_by_their_wire_names():
    class Filter(msgspec.Struct, rename="camel"):
        user_id: int
        name: str | None = None

    parameter = Parameter("query", "filter", "deepObject", True)
    assert target("/x", parameter, query={"filter": Filter(3)}) == "/x?filter%5BuserId%5D=3"


@given(st.text(max_size=50), st.text(min_size=1, max_size=20))
def test_any_text_comes_back_from_the_query(value, name):
    query = target(query={name: value}).partition("?")[2]
    assert parse_qsl(query, keep_blank_values=True) == [(name, value)]


@given(st.text(min_size=1, max_size=50).filter(lambda text: text not in {".", ".."}))
def test_any_text_comes_back_from_the_path_and_stays_one_segment(value):
    path = target("/a/{p}/b", path={"p": value})
    assert path.count("/") == 3
    assert unquote(path.split("/")[2]) == value
