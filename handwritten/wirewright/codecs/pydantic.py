"""The pydantic flavour: `TypeAdapter`s, cached per type."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec
import pydantic

from wirewright.codecs import CodecError, Decoder
from wirewright.codecs.deep import deeply
from wirewright.codecs.plain import encode_unknown, plain
from wirewright.codecs.shapes import shape_of
from wirewright.narrow import is_bytes, is_collection, is_mapping, is_sequence

_NAIVE_MOMENT = re.compile(rb'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?"').search


class _Seen:
    """Whether any model has a field of bytes: pydantic writes base64 in its URL-safe form, OpenAPI means the other."""

    bytes = False


_BYTES = pydantic.ConfigDict(val_json_bytes="base64")


class Model(pydantic.BaseModel):
    """The base of generated models: unknown fields are kept, validators are built on first use."""

    model_config = pydantic.ConfigDict(
        extra="allow",
        populate_by_name=True,
        defer_build=True,
        protected_namespaces=(),
        arbitrary_types_allowed=True,  # `File`, in the models of multipart bodies
        val_json_bytes="base64",
        ser_json_timedelta="iso8601",
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if any("bytes" in str(field.annotation) for field in cls.model_fields.values()):
            _Seen.bytes = True

    @classmethod
    def model_rebuild(
        cls,
        *,
        force: bool = False,
        raise_errors: bool = True,
        _parent_namespace_depth: int = 2,
        _types_namespace: Mapping[str, Any] | None = None,
    ) -> bool | None:
        """Build the validator: pydantic recurses into every model that this one leads to, hundreds deep at times."""
        names = _types_namespace or vars(sys.modules[cls.__module__])
        build = super().model_rebuild
        return deeply(lambda: build(force=force, raise_errors=raise_errors, _types_namespace=names))


def codec_error(error: pydantic.ValidationError, document: Any) -> CodecError:
    """The first of pydantic's findings, with its place as a JSON path of the document."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return CodecError(first["msg"])
    return CodecError(first["msg"], _json_path(first["loc"], document, missing=first["type"] == "missing"))


def _json_path(location: tuple[int | str, ...], document: Any, *, missing: bool) -> str:
    """pydantic's location without the names of union variants, which are no places of the document."""
    path, here = "$", document
    for number, part in enumerate(location):
        if isinstance(part, int) and is_sequence(here) and part < len(here):
            path, here = f"{path}[{part}]", here[part]
        elif is_mapping(here) and (part in here or (missing and number == len(location) - 1)):
            path, here = f"{path}.{part}", here.get(part)
    return path


class PydanticCodec:
    """See `wirewright.codecs.Codec`."""

    name = "pydantic"

    def __init__(self) -> None:
        self._adapters: dict[Any, pydantic.TypeAdapter[Any]] = {}
        self._decoders: dict[Any, Decoder] = {}
        self._any = pydantic.TypeAdapter[Any](Any)
        self._write = msgspec.json.Encoder(enc_hook=encode_unknown).encode

    def _adapter(self, type: Any) -> pydantic.TypeAdapter[Any]:
        found = self._adapters.get(type)
        if found is None:
            found = self._adapters[type] = deeply(lambda: _built(type))
        return found

    def decoder(self, type: Any) -> Decoder:
        found = self._decoders.get(type)
        if found is None:
            found = self._decoders[type] = self._make(type)
        return found

    def _make(self, type: Any) -> Decoder:
        validate = self._adapter(type).validate_json

        def decoded(content: bytes) -> Any:
            try:
                return validate(content)
            except pydantic.ValidationError as error:
                raise codec_error(error, _parsed(content)) from error
            except RecursionError as error:
                raise CodecError("the document is nested too deeply") from error

        return decoded

    def convert(self, value: Any, type: Any) -> Any:
        adapter = self._adapter(type)
        try:
            if _Seen.bytes:  # base64 is understood in JSON alone
                return adapter.validate_json(self._write(value))
            return adapter.validate_python(value)
        except pydantic.ValidationError as error:
            raise codec_error(error, value) from error
        except RecursionError as error:
            raise CodecError("the value is nested too deeply") from error
        except (TypeError, ValueError) as error:
            raise CodecError(str(error)) from error

    def encode(self, value: Any) -> bytes:
        try:
            if _Seen.bytes or _holds_bytes(value):
                return self._write(self.to_builtins(value))
            content = self._any.dump_json(value, by_alias=True, exclude_unset=True)
            return self._write(self.to_builtins(value)) if _NAIVE_MOMENT(content) else content
        except (ValueError, TypeError, RecursionError) as error:
            raise CodecError(str(error)) from error

    def to_builtins(self, value: Any) -> Any:
        return msgspec.to_builtins(plain(_dumped(value)), enc_hook=encode_unknown, str_keys=True)

    def extras(self, value: Any) -> MutableMapping[str, Any] | None:
        return value.model_extra if isinstance(value, pydantic.BaseModel) else None


def _built(type: Any) -> pydantic.TypeAdapter[Any]:
    adapter = _adapter(type)
    adapter.rebuild()
    return adapter


def _adapter(type: Any) -> pydantic.TypeAdapter[Any]:
    if "bytes" not in str(type):
        return pydantic.TypeAdapter(type)
    _Seen.bytes = True
    try:
        return pydantic.TypeAdapter(type, config=_BYTES)
    except pydantic.PydanticUserError:  # a model, which has a configuration of its own
        return pydantic.TypeAdapter(type)


def _holds_bytes(value: Any) -> bool:
    """Whether bytes are what is sent, or directly in it; those in models are known from their fields."""
    members = value.values() if is_mapping(value) else value if is_collection(value) else (value,)
    return any(is_bytes(member) for member in members)


def _parsed(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _dumped(value: Any) -> Any:
    """Models as dicts with Python scalars, so that moments can still be given an offset."""
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(by_alias=True, exclude_unset=True)
    if is_mapping(value):
        return {key: _dumped(item) for key, item in value.items()}
    if is_collection(value):
        return [_dumped(item) for item in value]
    if shape_of(value.__class__) is not None:
        return plain(value)
    return value
