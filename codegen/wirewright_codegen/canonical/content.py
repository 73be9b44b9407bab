"""Media types: the schema of each body, by media type, streams included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirewright_codegen.canonical.places import At, Place
from wirewright_codegen.canonical.schemas import Schemas
from wirewright_codegen.canonical.streams import EVENT_STREAM, Envelopes, Payload, bare, is_stream
from wirewright_codegen.canonical.vocabulary import AT, Schema, json_key
from wirewright_codegen.read.values import is_map

_KEPT = ("example",)
_ENCODING: dict[str, type] = {"contentType": str, "style": str, "explode": bool, "allowReserved": bool}
_PARTS: dict[str, type] = {
    "description": str, "required": bool, "deprecated": bool, "allowEmptyValue": bool, "style": str, "explode": bool,
    "allowReserved": bool,
}  # fmt: skip
_WORDS = {
    "application/x-www-form-urlencoded": "form",
    "multipart/form-data": "multipart",
    "text/event-stream": "event",
    "text/plain": "text",
    "application/octet-stream": "bytes",
    "*/*": "any",
}


def is_json(media_type: str) -> bool:
    """Whether a body of this media type is JSON."""
    name = bare(media_type)
    return name == "application/json" or name.endswith("+json") or name == "text/json"


@dataclass(slots=True)
class Contents:
    """Canonical `content` maps."""

    schemas: Schemas

    def content(self, raw: Any, at: At, place: Place) -> dict[str, Schema]:
        """A `content` map. Equal schemas under several media types are one; JSON has the plain name."""
        if not is_map(raw):
            return {}
        order = sorted(raw, key=lambda media_type: (not is_json(str(media_type)), str(media_type)))
        known: dict[str, Schema] = {}
        built: dict[str, Schema] = {}
        plain = len(raw) == 1
        for media_type in order:
            where = at.child(media_type)
            media = self.schemas.follow(raw[media_type], where, "body")
            if media is None:
                continue
            value, where = media
            inner = (
                place if plain or (is_json(media_type) and media_type == order[0]) else place.child(_word(media_type))
            )
            built[str(media_type)] = self._media(str(media_type), value, where, inner, known)
        return {str(media_type): built[str(media_type)] for media_type in raw if str(media_type) in built}

    def _media(self, media_type: str, raw: Mapping[str, Any], at: At, place: Place, known: dict[str, Schema]) -> Schema:
        media: Schema = {key: raw[key] for key in raw if key in _KEPT or key.startswith("x-")}
        if is_map(raw.get("examples")):
            media["examples"] = self.schemas.examples(raw["examples"], at.child("examples"))
        if is_map(raw.get("encoding")):
            media["encoding"] = self._encoding(raw["encoding"], at.child("encoding"), place)
        for word in ("itemEncoding", "prefixEncoding"):
            if word in raw:
                media[f"x-{word}"] = raw[word]
        if is_stream(media_type) or "itemSchema" in raw:
            return {**media, **self._stream(media_type, raw, at, place)}
        if "schema" not in raw:
            return {**media, "schema": _unspecified(media_type)}
        schema = raw["schema"]
        key = json_key(_plain(schema))
        if key not in known:
            known[key] = self.schemas.inline(schema, at.child("schema"), place)
        return {**media, "schema": known[key]}

    def _stream(self, media_type: str, raw: Mapping[str, Any], at: At, place: Place) -> Schema:
        word = "itemSchema" if "itemSchema" in raw else "schema"
        schema, where = raw.get(word, {}), at.child(word)
        item_place = (
            Place(place.root, place.base, (*place.words[:-1], "event"), place.entry)
            if bare(media_type) == EVENT_STREAM
            else place.child("item")
        )
        if bare(media_type) == EVENT_STREAM:
            payloads = Envelopes(self.schemas.references).payloads(schema, where)
            if payloads is not None:
                return self._events(payloads, item_place)
        elif word == "schema" and is_map(schema) and schema.get("type") == "array" and "items" in schema:
            schema, where = schema["items"], where.child("items")
        return {"itemSchema": self.schemas.inline(schema, where, item_place)}

    def _events(self, payloads: list[Payload], place: Place) -> Schema:
        """The item type is a choice of what the events carry; by name where names tell them apart."""
        several = len(payloads) > 1
        trees = [
            self.schemas.inline(payload.raw, payload.at, place.child(*payload.events[:1]) if several else place)
            for payload in payloads
        ]
        if not several:
            return {"itemSchema": trees[0]}
        named = {name: tree for payload, tree in zip(payloads, trees, strict=True) for name in payload.events}
        media: Schema = {"itemSchema": self.schemas.choice(trees, payloads[0].at, place)}
        return {**media, "x-sse-events": named} if named else media

    def _encoding(self, raw: Mapping[str, Any], at: At, place: Place) -> Schema:
        encodings: Schema = {}
        for name, encoding in raw.items():
            if not is_map(encoding):
                continue
            encodings[str(name)] = {
                word: value for word, value in encoding.items() if isinstance(value, _ENCODING.get(word, object))
            }
            if is_map(encoding.get("headers")):
                encodings[str(name)]["headers"] = self.headers(
                    encoding["headers"], at.child(name, "headers"), place.child(str(name))
                )
        return encodings

    def headers(self, raw: Any, at: At, place: Place) -> Schema:
        """Headers, each resolved and with its schema in canonical form."""
        headers: Schema = {}
        for name, header in (raw if is_map(raw) else {}).items():
            found = self.schemas.follow(header, at.child(name), "response")
            if found is not None:
                value, where = found
                headers[str(name)] = self.schemas.placed(value, where, place.child(str(name)), self.parameter_parts)
        return headers

    def parameter_parts(self, raw: Mapping[str, Any], at: At, place: Place) -> Schema:
        """What parameters and headers share: how they are written, and what they hold."""
        parts: Schema = {key: value for key, value in raw.items() if isinstance(value, _PARTS.get(key, ()))}
        parts |= {key: value for key, value in raw.items() if key == "example" or key.startswith("x-")}
        if is_map(raw.get("examples")):
            parts["examples"] = self.schemas.examples(raw["examples"], at.child("examples"))
        content = raw.get("content")
        if is_map(content) and content:
            parts["content"] = self.content(content, at.child("content"), place)
        else:
            parts["schema"] = self.schemas.inline(raw.get("schema", {}), at.child("schema"), place)
        return parts


def _plain(schema: Any) -> Any:
    """A raw schema for comparison: without the marks of where it comes from."""
    return {key: value for key, value in schema.items() if key != AT} if is_map(schema) else schema


def _word(media_type: str) -> str:
    name = bare(media_type)
    return _WORDS.get(name) or name.rpartition("/")[2].removeprefix("vnd.").removesuffix("+json")


def _unspecified(media_type: str) -> Schema:
    """What a body without schema holds."""
    name = bare(media_type)
    if is_json(name) or "*" in name or "form" in name or name.endswith(("xml", "yaml")):
        return {}
    return {"type": "string"} if name.startswith("text/") else {"type": "string", "format": "binary"}
