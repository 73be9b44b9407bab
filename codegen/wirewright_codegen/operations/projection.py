"""Canonical document → the part that describes calls, in the form that openapi-python-client's models accept.

Schemas do not go through those models: each is moved aside under `x-schema`, as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ADDITIONAL = "x-additional-operations"
SCHEMA = "x-schema"
ITEM_SCHEMA = "x-item-schema"
LOCATION = "x-location"
Json = Mapping[str, Any]


def project(canonical: Json) -> dict[str, Any]:
    """The projection of a canonical document."""
    components = canonical.get("components", {})
    info = canonical.get("info", {})
    return {
        "openapi": "3.1.0",
        "info": {"title": str(info.get("title", "")), "version": str(info.get("version", ""))}
        | ({"description": info["description"]} if isinstance(info.get("description"), str) else {}),
        "servers": [_server(server) for server in canonical.get("servers", [])],
        "tags": [
            {"name": tag["name"]} | _kept(tag, ("description",)) for tag in canonical.get("tags", []) if "name" in tag
        ],
        "security": canonical.get("security", []),
        "paths": {path: path_item(item) for path, item in canonical.get("paths", {}).items() if path.startswith("/")},
        "components": {
            "securitySchemes": {name: _scheme(scheme) for name, scheme in components.get("securitySchemes", {}).items()}
        },
    }


def path_item(item: Json) -> dict[str, Any]:
    """One path item; operations of other methods stay under their key, projected."""
    projected: dict[str, Any] = {method: operation(item[method]) for method in METHODS if method in item}
    if ADDITIONAL in item:
        projected[ADDITIONAL] = {method: operation(value) for method, value in item[ADDITIONAL].items()}
    if "servers" in item:
        projected["servers"] = [_server(server) for server in item["servers"]]
    return projected


def operation(value: Json) -> dict[str, Any]:
    """One operation, without examples, callbacks and links."""
    projected = _kept(value, ("operationId", "summary", "description", "tags", "security", "deprecated"))
    projected |= {key: inner for key, inner in value.items() if key.startswith("x-")}
    projected["parameters"] = [_parameter(p) for p in value.get("parameters", [])]
    projected["responses"] = {str(status): _response(r) for status, r in value.get("responses", {}).items()}
    if "requestBody" in value:
        body = value["requestBody"]
        projected["requestBody"] = _kept(body, ("description", "required")) | {"content": _contents(body)}
    if value.get("servers"):
        projected["servers"] = [_server(server) for server in value["servers"]]
    return projected


def _parameter(value: Json) -> dict[str, Any]:
    projected = _kept(value, ("name", "description", "required", "deprecated", "style", "explode", "allowReserved"))
    projected |= _own_style(value)
    location = value.get("in", "query")
    projected["in"] = location
    projected[LOCATION] = "querystring" if value.get("x-querystring") is True else location
    if value.get("content"):
        projected["content"] = _contents(value)
        projected[SCHEMA] = next(iter(value["content"].values())).get("schema", {})
    else:
        projected[SCHEMA] = value.get("schema", {})
    return projected


def _own_style(value: Json) -> dict[str, Any]:
    """The style of our own that stands beside the nearest one of OpenAPI."""
    return {"style": value["x-style"]} if "x-style" in value else {}


def _response(value: Json) -> dict[str, Any]:
    headers = {
        name: _kept(header, ("description", "required", "deprecated")) | {SCHEMA: header.get("schema", {})}
        for name, header in value.get("headers", {}).items()
    }
    return {"description": str(value.get("description", "")), "headers": headers, "content": _contents(value)}


def _contents(value: Json) -> dict[str, Any]:
    return {media_type: _media(media) for media_type, media in value.get("content", {}).items()}


def _media(media: Json) -> dict[str, Any]:
    projected: dict[str, Any] = {key: inner for key, inner in media.items() if key.startswith("x-")}
    if "schema" in media:
        projected[SCHEMA] = media["schema"]
    if "itemSchema" in media:
        projected[ITEM_SCHEMA] = media["itemSchema"]
    if "encoding" in media:
        projected["encoding"] = {
            name: _kept(encoding, ("contentType", "style", "explode", "allowReserved")) | _own_style(encoding)
            for name, encoding in media["encoding"].items()
        }
    return projected


def _server(server: Json) -> dict[str, Any]:
    variables = {
        name: {"default": str(variable.get("default", ""))}
        | _kept(variable, ("description",))
        | ({"enum": [str(value) for value in variable["enum"]]} if variable.get("enum") else {})
        for name, variable in server.get("variables", {}).items()
    }
    return {"url": str(server.get("url", "/")), "variables": variables} | _kept(server, ("description",))


def _scheme(scheme: Json) -> dict[str, Any]:
    words = ("type", "description", "name", "in", "scheme", "bearerFormat", "openIdConnectUrl")
    return {word: inner for word, inner in _kept(scheme, words).items() if isinstance(inner, str)}


def _kept(value: Json, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value[key] for key in keys if value.get(key) is not None}
