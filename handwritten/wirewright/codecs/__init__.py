"""Codecs: JSON bytes to typed values and back, one per model flavour, each loaded when first used.

What generated models look like, so that nothing is lost on a round trip:

**Base classes.** Each flavour has a `Model` in its module; every generated object class derives from it.

- msgspec: `class Record(Model)` from `wirewright.codecs.msgspec`, a keyword-only Struct that refuses unknown fields in
  its fast path, which is how the codec notices them for free; such a document is then built field by field and keeps
  them. Wire names by `msgspec.field(name="wireName")`; absent is `T | UnsetType = UNSET`. Tagged unions are msgspec's
  own (`class Cat(Model, tag_field="kind", tag="cat")`, with `kind: ClassVar[Literal["cat"]] = "cat"`): an unknown tag
  is kept as a plain dict.
- attrs: `@attrs.define(kw_only=True) class Record(Model)` from `wirewright.codecs.attrs`. Wire names by
  `attrs.field(metadata={"wire": "wireName"})`; absent is `T | UnsetType = UNSET`. No second set of classes is
  generated: the codec derives private Structs at run time and builds the attrs objects from them.
- pydantic: `class Record(Model)` from `wirewright.codecs.pydantic` (extra fields allowed, builds deferred). Wire names
  by `pydantic.Field(validation_alias="wireName", serialization_alias="wireName")`, so that models are made with Python
  names (`alias` would make type checkers ask for wire names); absent is `T | None = None` and `model_fields_set`.

**Unknown fields** of an object are `wirewright.extras(obj)`, a live mapping by wire name, sent back with the object.
A class whose `additionalProperties` have a type names it: `__extra_type__: ClassVar = lambda: m.Value` (a callable, so
that it may be defined later).

**Enums** derive from `wirewright.codecs.enums.OpenStrEnum` or `OpenIntEnum`, in every flavour: an unknown value becomes
a member-like value of the same class (`Status("new").value == "new"`, `.known` is False).

**Unions** that a library cannot hold natively are markers, see `wirewright.codecs.unions`; in every flavour but
pydantic, whose unions are native, those of several models by `wirewright.codecs.open_unions`. A value that fits no
variant is kept as plain Python values.

**Scalars**: `datetime` (always sent with an offset), `date`, `time`, `timedelta` (ISO 8601), `UUID`, `Decimal`, `bytes`
(base64) are native in all flavours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

Decoder = Callable[[bytes], Any]


class CodecError(ValueError):
    """A document does not fit its type. `path` is a JSON path (`$.items[3].id`), or empty when it is no JSON."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


@runtime_checkable
class Codec(Protocol):
    """What the runtime asks of a model flavour. Implementations are stateless but for caches, and thread-safe."""

    name: str

    def decoder(self, type: Any) -> Decoder:
        """A function from JSON bytes to `type`, cached per type; it raises `CodecError`."""
        ...

    def convert(self, value: Any, type: Any) -> Any:
        """Builtins (dict, list, str ...) to `type`; raises `CodecError`."""
        ...

    def encode(self, value: Any) -> bytes:
        """Any model or plain value to JSON bytes; absent fields are left out. Raises `CodecError`."""
        ...

    def to_builtins(self, value: Any) -> Any:
        """Any model or plain value to what JSON can say (dict, list, str, int, float, bool, None)."""
        ...

    def extras(self, value: Any) -> Mapping[str, Any] | None:
        """The unknown fields of one object, by wire name; None when `value` is no model of this flavour."""
        ...


_LOADED: dict[str, Codec] = {}


def get(codec: str | Codec) -> Codec:
    """The codec of that flavour: "msgspec", "attrs" or "pydantic" (a `Codec` is answered as is)."""
    if not isinstance(codec, str):
        return codec
    found = _LOADED.get(codec)
    if found is None:
        found = _LOADED[codec] = _load(codec)
    return found


def _load(name: str) -> Codec:
    if name == "msgspec":
        from wirewright.codecs.msgspec import MsgspecCodec

        return MsgspecCodec()
    if name == "attrs":
        from wirewright.codecs.attrs import AttrsCodec

        return AttrsCodec()
    if name == "pydantic":
        from wirewright.codecs.pydantic import PydanticCodec

        return PydanticCodec()
    raise ValueError(f'no codec called {name!r}; there are "msgspec", "attrs" and "pydantic"')


def extras(value: Any) -> Mapping[str, Any]:
    """The unknown fields that came with a decoded object, by wire name; empty when there were none."""
    for codec in _LOADED.values():
        found = codec.extras(value)
        if found is not None:
            return found
    return {}
