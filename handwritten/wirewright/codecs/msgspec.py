"""The msgspec flavour: Structs, decoded and encoded in C, with a slower way for what C would lose."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from inspect import isclass
from typing import Any

import msgspec

from wirewright.codecs import CodecError, Decoder
from wirewright.codecs.lenient import Builders
from wirewright.codecs.plain import encode_unknown, plain
from wirewright.codecs.pruning import Pruners, graft
from wirewright.codecs.shapes import extras_of, seen_extras, shape_of
from wirewright.codecs.unions import is_marker

_PLACE = re.compile(r" - at `(?:key in )?(.*)`$")
_NAIVE_MOMENT = re.compile(rb'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?"').search

Convert = Callable[[Any], Any]

_REFUSALS = (msgspec.DecodeError, RecursionError, UnicodeError)


class Model(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, dict=True):
    """The base of generated Structs.

    Unknown fields are refused by msgspec's own decoder and kept by the codec's (`wirewright.extras`).
    `msgspec.structs.replace` and `copy` do not carry them over.
    """


def codec_error(error: Exception) -> CodecError:
    """msgspec puts the place at the end of its message; take it apart."""
    text = str(error)
    place = _PLACE.search(text)
    if place:
        return CodecError(text[: place.start()], place.group(1))
    return CodecError(text, "$" if isinstance(error, msgspec.ValidationError) else "")


class MsgspecCodec:
    """See `wirewright.codecs.Codec`."""

    name = "msgspec"

    def __init__(self) -> None:
        self._decoders: dict[Any, Decoder] = {}
        self._builders = Builders(self._decode_custom)
        self._pruners = Pruners()
        self._encode = msgspec.json.Encoder(enc_hook=encode_unknown).encode
        self._parse = msgspec.json.Decoder().decode

    def _decode_custom(self, type: Any, value: Any) -> Any:
        """`dec_hook`: union markers; what is of its type already (a `File`) stays."""
        if is_marker(type):
            return self._builders.of(type)(value, [0])
        if isclass(type) and isinstance(value, type):
            return value
        raise TypeError(f"cannot decode into {type!r}")

    def decoder(self, type: Any) -> Decoder:
        found = self._decoders.get(type)
        if found is None:
            found = self._decoders[type] = self._make(type)
        return found

    def _make(self, type: Any) -> Decoder:
        decode = msgspec.json.Decoder(type, dec_hook=self._decode_custom).decode

        def convert(value: Any) -> Any:
            return msgspec.convert(value, type, dec_hook=self._decode_custom)

        return self._guarded(decode, convert, type, type)

    def _guarded(self, decode: Decoder, convert: Convert, wire_type: Any, type: Any) -> Decoder:
        """`decode`, with the slower ways for what it refuses, and one kind of error.

        `convert` makes the same from plain values; `wire_type` is the type that it and msgspec see.
        """

        def decoded(content: bytes) -> Any:
            try:
                return decode(content)
            except msgspec.ValidationError:
                return self._slowly(content, convert, wire_type, type)
            except _REFUSALS as error:
                raise codec_error(error) from error

        return decoded

    def _slowly(self, content: bytes, convert: Convert, wire_type: Any, type: Any) -> Any:
        prune = self._pruners.of(wire_type)
        if prune is not None:
            plain_value = self._plain(content)
            try:
                aside = prune(plain_value)
                if aside is not None:
                    value = convert(plain_value)
                    graft(value, aside)
                    return value
            except (msgspec.ValidationError, RecursionError):
                pass  # more than unknown fields: built field by field below
        return self._builders.convert(self._plain(content), type)

    def _plain(self, content: bytes) -> Any:
        try:
            return self._parse(content)
        except _REFUSALS as error:
            raise codec_error(error) from error

    def convert(self, value: Any, type: Any) -> Any:
        return self._builders.convert(value, type)

    def encode(self, value: Any) -> bytes:
        try:
            if seen_extras():
                return self._encode(plain(value))
            content = self._write(value)
            return self._encode(plain(value)) if _NAIVE_MOMENT(content) else content
        except (TypeError, ValueError, RecursionError, OverflowError) as error:
            raise CodecError(str(error)) from error

    def _write(self, value: Any) -> bytes:
        """Values without unknown fields, in C."""
        return self._encode(value)

    def to_builtins(self, value: Any) -> Any:
        return msgspec.to_builtins(plain(value), enc_hook=encode_unknown, str_keys=True)

    def extras(self, value: Any) -> MutableMapping[str, Any] | None:
        return None if shape_of(value.__class__) is None else extras_of(value)
