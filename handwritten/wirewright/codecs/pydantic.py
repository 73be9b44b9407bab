"""The pydantic flavour: `TypeAdapter`s, cached per type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pydantic

from wirewright.codecs import CodecError, Decoder


def codec_error(error: pydantic.ValidationError) -> CodecError:
    """The first of pydantic's findings, with its place as a JSON path."""
    first = error.errors(include_url=False, include_input=False)[0]
    path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    return CodecError(first["msg"], "" if first["type"] == "json_invalid" else path)


class PydanticCodec:
    """See `wirewright.codecs.Codec`."""

    name = "pydantic"

    def __init__(self) -> None:
        self._adapters: dict[Any, pydantic.TypeAdapter[Any]] = {}
        self._decoders: dict[Any, Decoder] = {}
        self._any = pydantic.TypeAdapter[Any](Any)

    def _adapter(self, type: Any) -> pydantic.TypeAdapter[Any]:
        found = self._adapters.get(type)
        if found is None:
            found = self._adapters[type] = pydantic.TypeAdapter(type)
        return found

    def decoder(self, type: Any) -> Decoder:
        found = self._decoders.get(type)
        if found is None:
            found = self._decoders[type] = self._make(type)
        return found

    def _make(self, type: Any) -> Decoder:
        validate = self._adapter(type).validate_json

        def checked(content: bytes) -> Any:
            try:
                return validate(content)
            except pydantic.ValidationError as error:
                raise codec_error(error) from error

        return checked

    def convert(self, value: Any, type: Any) -> Any:
        try:
            return self._adapter(type).validate_python(value)
        except pydantic.ValidationError as error:
            raise codec_error(error) from error

    def encode(self, value: Any) -> bytes:
        try:
            return self._any.dump_json(value, by_alias=True, exclude_unset=True)
        except (ValueError, TypeError, RecursionError) as error:
            raise CodecError(str(error)) from error

    def to_builtins(self, value: Any) -> Any:
        return self._any.dump_python(value, mode="json", by_alias=True, exclude_unset=True)

    def extras(self, value: Any) -> Mapping[str, Any] | None:
        return (value.model_extra or {}) if isinstance(value, pydantic.BaseModel) else None
