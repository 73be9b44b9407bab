"""Codecs: the same promises in every flavour."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import Any, ClassVar, Literal

import attrs
import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType
from wirewright import codecs, extras
from wirewright.codecs import CodecError
from wirewright.codecs.attrs import Model as AttrsModel
from wirewright.codecs.enums import OpenIntEnum, OpenStrEnum
from wirewright.codecs.msgspec import Model as StructModel
from wirewright.codecs.pydantic import Model as PydanticModel
from wirewright.codecs.unions import union_marker


class Colour(OpenStrEnum):
    RED = "red"


class Level(OpenIntEnum):
    LOW = 1


# the same four models, three times


class SInner(StructModel):
    v: int
    colour: Colour | UnsetType = UNSET


class SUser(StructModel):
    login: str
    deep: SInner | UnsetType = UNSET


class STeam(StructModel):
    login: str
    members: list[str] | UnsetType = UNSET


SOwner = union_marker("SOwner", __name__, lambda: (SUser, STeam, str))
SPet = union_marker(
    "SPet", __name__, lambda: (SInner, SUser), discriminator="kind", mapping=lambda: {"in": SInner, "us": SUser}
)


class SRecord(StructModel):
    id: str
    user_id: int | UnsetType = msgspec.field(name="userId", default=UNSET)
    note: str | UnsetType | None = UNSET
    level: Level | UnsetType = UNSET
    inner: SInner | UnsetType | None = UNSET
    by_name: dict[str, SInner] | UnsetType = msgspec.field(name="byName", default=UNSET)
    children: list[SRecord] | UnsetType = UNSET
    owner: SOwner | UnsetType | None = UNSET
    when: dt.datetime | UnsetType = UNSET
    span: dt.timedelta | UnsetType = UNSET
    raw: bytes | UnsetType = UNSET
    key: uuid.UUID | UnsetType = UNSET
    price: decimal.Decimal | UnsetType = UNSET


@attrs.define(kw_only=True)
class AInner(AttrsModel):
    v: int
    colour: Colour | UnsetType = UNSET


@attrs.define(kw_only=True)
class AUser(AttrsModel):
    login: str
    deep: AInner | UnsetType = UNSET


@attrs.define(kw_only=True)
class ATeam(AttrsModel):
    login: str
    members: list[str] | UnsetType = UNSET


AOwner = union_marker("AOwner", __name__, lambda: (AUser, ATeam, str))


@attrs.define(kw_only=True)
class ARecord(AttrsModel):
    id: str
    user_id: int | UnsetType = attrs.field(default=UNSET, metadata={"wire": "userId"})
    note: str | UnsetType | None = UNSET
    level: Level | UnsetType = UNSET
    inner: AInner | UnsetType | None = UNSET
    by_name: dict[str, AInner] | UnsetType = attrs.field(default=UNSET, metadata={"wire": "byName"})
    children: list[ARecord] | UnsetType = UNSET
    owner: AOwner | UnsetType | None = UNSET
    when: dt.datetime | UnsetType = UNSET
    span: dt.timedelta | UnsetType = UNSET
    raw: bytes | UnsetType = UNSET
    key: uuid.UUID | UnsetType = UNSET
    price: decimal.Decimal | UnsetType = UNSET


class PInner(PydanticModel):
    v: int
    colour: Colour | None = None


class PUser(PydanticModel):
    login: str
    deep: PInner | None = None


class PTeam(PydanticModel):
    login: str
    members: list[str] | None = None


class PRecord(PydanticModel):
    id: str
    user_id: int | None = pydantic.Field(default=None, alias="userId")
    note: str | None = None
    level: Level | None = None
    inner: PInner | None = None
    by_name: dict[str, PInner] | None = pydantic.Field(default=None, alias="byName")
    children: list[PRecord] | None = None
    owner: PUser | PTeam | str | None = None
    when: dt.datetime | None = None
    span: dt.timedelta | None = None
    raw: bytes | None = None
    key: uuid.UUID | None = None
    price: decimal.Decimal | None = None


RECORDS = {"msgspec": SRecord, "attrs": ARecord, "pydantic": PRecord}
flavours = pytest.mark.parametrize("flavour", list(RECORDS))

DOCUMENTS: dict[str, Any] = {
    "required only": {"id": "a"},
    "null is not absent": {"id": "a", "note": None, "inner": None},
    "renamed fields": {"id": "a", "userId": 3, "byName": {"x": {"v": 1}}},
    "nested": {"id": "a", "children": [{"id": "b", "children": [{"id": "c", "userId": 1}]}]},
    "unknown fields at every depth": {
        "id": "a", "new": {"x": [1]}, "inner": {"v": 1, "w": None}, "byName": {"k": {"v": 1, "z": 2}},
        "children": [{"id": "b", "q": "r"}],
    },
    "unknown enum values": {"id": "a", "level": 9, "inner": {"v": 1, "colour": "blue"}},
    "scalars": {
        "id": "a", "when": "2024-01-02T03:04:05Z", "span": "PT60S", "raw": "/w==",
        "key": "00000000-0000-0000-0000-000000000001", "price": "1.10",
    },
    "a union's text": {"id": "a", "owner": "me"},
    "a union's object": {"id": "a", "owner": {"login": "l", "members": ["x"]}},
    "a union's object with unknown fields": {"id": "a", "owner": {"login": "l", "deep": {"v": 1, "w": 2}}},
}  # fmt: skip


@flavours
@pytest.mark.parametrize("case", DOCUMENTS)
def test_round_trips_lose_nothing(flavour, case):
    document = DOCUMENTS[case]
    codec = codecs.get(flavour)
    value = codec.decoder(RECORDS[flavour])(msgspec.json.encode(document))
    assert isinstance(value, RECORDS[flavour])
    assert msgspec.json.decode(codec.encode(value)) == document
    assert codec.convert(document, RECORDS[flavour]) == value


@flavours
def test_unknown_fields_can_be_read_changed_and_sent(flavour):
    codec = codecs.get(flavour)
    value = codec.decoder(RECORDS[flavour])(b'{"id":"a","new":1}')
    assert extras(value) == {"new": 1}
    extras(value)["more"] = [2]
    assert msgspec.json.decode(codec.encode([value])) == [{"id": "a", "new": 1, "more": [2]}]


@flavours
def test_the_right_variant_is_chosen(flavour):
    decode = codecs.get(flavour).decoder(RECORDS[flavour])
    names = [
        type(decode(msgspec.json.encode({"id": "a", "owner": owner})).owner).__name__[1:]
        for owner in ({"login": "l"}, {"login": "l", "members": []}, {"login": "l", "deep": {"v": 1}}, "text")
    ]
    assert names == ["User", "Team", "User", "tr"]


@pytest.mark.parametrize("flavour", ["msgspec", "attrs"])
def test_a_value_that_fits_no_variant_is_kept_plain(flavour):
    value = codecs.get(flavour).decoder(RECORDS[flavour])(b'{"id":"a","owner":{"strange":1}}')
    assert value.owner == {"strange": 1}


def test_a_discriminator_decides_before_the_keys():
    codec = codecs.get("msgspec")
    assert isinstance(codec.decoder(SPet)(b'{"kind":"us","login":"x"}'), SUser)
    assert isinstance(codec.decoder(SPet)(b'{"kind":"in","v":1}'), SInner)


def test_variants_that_differ_only_inside_are_told_apart():
    class Wide(StructModel):
        deep: SUser

    class Narrow(StructModel):
        deep: STeam

    either = union_marker("either", __name__, lambda: (Narrow, Wide))
    value = codecs.get("msgspec").decoder(either)(b'{"deep":{"login":"l","deep":{"v":1}}}')
    assert isinstance(value, Wide)


def test_typed_extra_fields():
    class Open(StructModel):
        __extra_type__: ClassVar[Any] = lambda: SInner
        id: str

    value = codecs.get("msgspec").decoder(Open)(b'{"id":"a","x":{"v":1}}')
    assert extras(value) == {"x": SInner(v=1)}
    assert codecs.get("msgspec").encode(value) == b'{"id":"a","x":{"v":1}}'


def test_tagged_unions_keep_an_unknown_tag():
    class Cat(StructModel, tag_field="kind", tag="cat"):
        kind: ClassVar[Literal["cat"]] = "cat"
        n: int

    class Dog(StructModel, tag_field="kind", tag="dog"):
        kind: ClassVar[Literal["dog"]] = "dog"
        n: int

    codec = codecs.get("msgspec")
    values = codec.decoder(list[Cat | Dog])(b'[{"kind":"cat","n":1},{"kind":"cow","n":2},{"kind":"dog","n":3,"x":4}]')
    assert values == [Cat(n=1), {"kind": "cow", "n": 2}, Dog(n=3)]
    assert values[0].kind == "cat"
    assert msgspec.json.decode(codec.encode(values))[2] == {"kind": "dog", "n": 3, "x": 4}


@flavours
@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b'{"id":1}', "$.id"),
        (b"{}", "$"),
        (b'{"id":"a","children":[{"id":"b"},{"id":2}]}', "$.children[1].id"),
        (b'{"id":"a","new":1,"inner":{"v":"x"}}', "$.inner.v"),
        (b"{", ""),
    ],
)
def test_errors_name_the_place(flavour, content, path):
    with pytest.raises(CodecError) as caught:
        codecs.get(flavour).decoder(RECORDS[flavour])(content)
    assert caught.value.path in {path, f"{path}.id"}


@flavours
def test_moments_are_always_sent_with_an_offset(flavour):
    value = RECORDS[flavour](id="a", when=dt.datetime(2024, 1, 2, 3, 4, 5))
    sent = msgspec.json.decode(codecs.get(flavour).encode({"x": [value]}))["x"][0]["when"]
    assert dt.datetime.fromisoformat(sent).tzinfo is not None


@flavours
@given(depth=st.integers(1, 60))
def test_depth_is_no_problem(flavour, depth):
    content = b'{"id":"a","children":[' * depth + b'{"id":"z","new":1}' + b"]}" * depth
    value = codecs.get(flavour).decoder(RECORDS[flavour])(content)
    assert msgspec.json.decode(codecs.get(flavour).encode(value)) == msgspec.json.decode(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "userId", "inner", "v", "owner", "login", "deep", "children", "x"]), inner, max_size=4
    ),
    max_leaves=12,
)  # fmt: skip


@flavours
@given(document=JSON)
def test_any_document_decodes_or_raises_the_one_error_and_loses_nothing(flavour, document):
    codec = codecs.get(flavour)
    content = msgspec.json.encode(document)
    try:
        value = codec.decoder(RECORDS[flavour])(content)
    except CodecError:
        return
    if flavour != "pydantic":  # pydantic reads "1" and true as numbers
        assert msgspec.json.decode(codec.encode(value)) == document
