"""The attrs flavour: attrs classes, decoded by way of private Structs (`wirewright.codecs.shadows`).

For every attrs class that a type reaches, a Struct of the same fields and wire names is derived when a decoder is made.
msgspec fills those in C and refuses what they do not know (then the document is built field by field and keeps it);
the attrs objects are made from them. Encoding goes the same way back.
"""

from __future__ import annotations

from typing import Any

import msgspec

from wirewright.codecs import Decoder
from wirewright.codecs.deep import in_a_deep_thread
from wirewright.codecs.msgspec import MsgspecCodec
from wirewright.codecs.shadows import Leaner, Shadows, holds_objects
from wirewright.codecs.shapes import EXTRAS


class Model:
    """The base of generated attrs classes: a place for unknown fields (`wirewright.extras`)."""

    __slots__ = (EXTRAS,)


class AttrsCodec(MsgspecCodec):
    """See `wirewright.codecs.Codec`."""

    name = "attrs"

    def __init__(self) -> None:
        super().__init__()
        self._shadows = Shadows()
        self._lean = Leaner().lean

    def _make(self, type: Any) -> Decoder:
        try:
            return self._made(type)
        except RecursionError:
            self._shadows = Shadows()  # what was left half derived is of no use
            return in_a_deep_thread(lambda: self._made(type))

    def _made(self, type: Any) -> Decoder:
        shadow = self._shadows.derive(type)
        rebuild = self._shadows.rebuilder(type)
        decode = msgspec.json.Decoder(shadow, dec_hook=self._decode_custom).decode

        def convert(value: Any) -> Any:
            return rebuild(msgspec.convert(value, shadow, dec_hook=self._decode_custom))

        if not holds_objects(type):
            return self._guarded(decode, convert, shadow, type)
        return self._guarded(lambda content: rebuild(decode(content)), convert, shadow, type)

    def _write(self, value: Any) -> bytes:
        return self._encode(self._lean(value))
