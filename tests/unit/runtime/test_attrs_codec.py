"""The attrs codec: any attrs class decodes and encodes as if msgspec knew it, whatever its `__init__` does."""

from __future__ import annotations

import json
from typing import Any, Literal

import attrs
import pytest
from msgspec import UNSET, UnsetType
from wirewright import codecs, extras
from wirewright.codecs import CodecError
from wirewright.codecs.attrs import Model
from wirewright.codecs.unions import union_marker


@attrs.define(kw_only=True)
class Point(Model):
    x: int
    y: int = 7


@attrs.define(kw_only=True)
class Renamed(Model):
    first_name: str = attrs.field(metadata={"wire": "firstName"})
    nick: str | UnsetType | None = UNSET


@attrs.define(kw_only=True)
class Checked(Model):
    size: int = attrs.field(validator=attrs.validators.gt(0))
    half: float | UnsetType = UNSET

    def __attrs_post_init__(self) -> None:
        self.half = self.size / 2


@attrs.frozen(kw_only=True)
class Frozen(Model):
    items: list[int] = attrs.field(factory=list)
    point: Point | UnsetType = UNSET


@attrs.define(kw_only=True)
class Cat(Model):
    lives: int
    kind: Literal["cat"] = "cat"


@attrs.define(kw_only=True)
class Dog(Model):
    good_boy: bool = attrs.field(metadata={"wire": "goodBoy"})
    kind: Literal["dog"] = "dog"


Pet = union_marker("Pet", __name__, lambda: (Cat, Dog))
Tree: Any = union_marker("Tree", __name__, lambda: (str, list[Tree], dict[str, Point]))


@attrs.define(kw_only=True)
class Holder(Model):
    pets: list[Pet] | UnsetType = UNSET
    pet: Pet | UnsetType | None = UNSET
    tree: Tree | UnsetType = UNSET
    child: Holder | UnsetType | None = UNSET
    by_name: dict[str, Renamed] | UnsetType = UNSET
    anything: Any | UnsetType = UNSET


CODEC = codecs.get("attrs")


def decode(kind: Any, text: str) -> Any:
    return CODEC.decoder(kind)(text.encode())


@pytest.mark.parametrize(
    ("kind", "wire", "value", "again"),
    [
        (Point, '{"x":1}', Point(x=1), '{"x":1,"y":7}'),
        (Renamed, '{"firstName":"a"}', Renamed(first_name="a"), None),
        (Renamed, '{"firstName":"a","nick":null}', Renamed(first_name="a", nick=None), None),
        (Checked, '{"size":3}', Checked(size=3), '{"size":3,"half":1.5}'),
        (Frozen, "{}", Frozen(), '{"items":[]}'),
        (Frozen, '{"items":[1],"point":{"x":1,"y":2}}', Frozen(items=[1], point=Point(x=1, y=2)), None),
        (Pet, '{"lives":9,"kind":"cat"}', Cat(lives=9), None),
        (Pet, '{"goodBoy":true,"kind":"dog"}', Dog(good_boy=True), None),
        (Holder, '{"pets":[{"lives":9,"kind":"cat"},{"goodBoy":true,"kind":"dog"}],"pet":null}',
         Holder(pets=[Cat(lives=9), Dog(good_boy=True)], pet=None), None),
        (Holder, '{"child":{"child":null,"tree":["a",[{"p":{"x":1,"y":2}}]]}}',
         Holder(child=Holder(child=None, tree=["a", [{"p": Point(x=1, y=2)}]])), None),
        (Holder, '{"by_name":{"a":{"firstName":"b"}},"anything":[1,{"a":null}]}',
         Holder(by_name={"a": Renamed(first_name="b")}, anything=[1, {"a": None}]), None),
        (list[Renamed], '[{"firstName":"a"}]', [Renamed(first_name="a")], None),
        (dict[str, Point], '{"a":{"x":1,"y":2}}', {"a": Point(x=1, y=2)}, None),
    ],
    ids=str,
)  # fmt: skip
def test_decodes_and_encodes(kind: Any, wire: str, value: Any, again: str | None) -> None:
    assert decode(kind, wire) == value
    assert json.loads(CODEC.encode(value)) == json.loads(again or wire)


def test_what_init_refuses_is_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        decode(Checked, '{"size":-3}')


def test_a_model_inside_a_field_of_anything_is_written_by_its_wire_names() -> None:
    assert CODEC.encode(Holder(anything=[Renamed(first_name="a")])) == b'{"anything":[{"firstName":"a"}]}'
    assert CODEC.encode({"a": (Renamed(first_name="a"),)}) == b'{"a":[{"firstName":"a"}]}'


def test_the_tag_of_tomorrow_is_kept() -> None:
    found = decode(Holder, '{"pets":[{"kind":"eel","length":3},{"kind":"cat","lives":1}]}')
    assert found.pets == [{"kind": "eel", "length": 3}, Cat(lives=1)]


def test_unknown_fields_of_tagged_variants_survive() -> None:
    wire = '{"pets":[{"goodBoy":true,"kind":"dog","owner":{"id":1}}]}'
    found = decode(Holder, wire)
    assert extras(found.pets[0]) == {"owner": {"id": 1}}
    assert json.loads(CODEC.encode(found)) == json.loads(wire)


def test_errors_name_the_place() -> None:
    with pytest.raises(CodecError) as caught:
        decode(Holder, '{"child":{"by_name":{"a":{"firstName":1}}}}')
    assert caught.value.path == "$.child.by_name.a.firstName"
