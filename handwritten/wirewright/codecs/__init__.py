"""Codecs: JSON bytes to typed values and back, one per model flavour, each loaded when first used.

A codec keeps three things that most clients lose: absent stays apart from null, unknown fields and unknown enum
values survive a round trip (`extras`, `wirewright.codecs.enums`), and a union is decoded to its right variant
(`wirewright.codecs.unions`).
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
