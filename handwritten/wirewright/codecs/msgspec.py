"""The msgspec flavour: Structs, decoded and encoded in C."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from wirewright.codecs import CodecError, Decoder
from wirewright.codecs.scalars import decode_scalar, encode_scalar

_PATH = re.compile(r" - at `(?:key in )?(.*)`$")


def codec_error(error: Exception) -> CodecError:
    """msgspec puts the place at the end of its message; take it apart."""
    text = str(error)
    place = _PATH.search(text)
    if place:
        return CodecError(text[: place.start()], place.group(1))
    return CodecError(text)


class MsgspecCodec:
    """See `wirewright.codecs.Codec`."""

    name = "msgspec"

    def __init__(self) -> None:
        self._decoders: dict[Any, Decoder] = {}
        self._encoder = msgspec.json.Encoder(enc_hook=encode_scalar)

    def decoder(self, type: Any) -> Decoder:
        found = self._decoders.get(type)
        if found is None:
            found = self._decoders[type] = self._make(type)
        return found

    def _make(self, type: Any) -> Decoder:
        decode = msgspec.json.Decoder(type, dec_hook=decode_scalar).decode

        def checked(content: bytes) -> Any:
            try:
                return decode(content)
            except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
                raise codec_error(error) from error

        return checked

    def convert(self, value: Any, type: Any) -> Any:
        try:
            return msgspec.convert(value, type, dec_hook=decode_scalar)
        except (msgspec.ValidationError, RecursionError) as error:
            raise codec_error(error) from error

    def encode(self, value: Any) -> bytes:
        try:
            return self._encoder.encode(value)
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            raise CodecError(str(error)) from error

    def to_builtins(self, value: Any) -> Any:
        return msgspec.to_builtins(value, enc_hook=encode_scalar, str_keys=True)

    def extras(self, value: Any) -> Mapping[str, Any] | None:
        return None
