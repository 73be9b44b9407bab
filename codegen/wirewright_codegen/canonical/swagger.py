"""Swagger 2.0 in the clothes of OpenAPI 3: operations, responses, servers and security schemes.

Schemas stay where they are and are read by the same builder; what is moved carries the location it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirewright_codegen.canonical.places import At
from wirewright_codegen.canonical.refs import References
from wirewright_codegen.canonical.vocabulary import AT
from wirewright_codegen.read.values import is_list, is_map

_SCHEMA_WORDS = (
    "type", "format", "items", "default", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
    "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "enum", "multipleOf", "x-nullable",
    "x-enum-varnames", "x-enumNames",
)  # fmt: skip
_STYLES: dict[str, dict[str, Any]] = {
    "csv": {"style": "form", "explode": False},
    "ssv": {"style": "spaceDelimited", "explode": False},
    "tsv": {"style": "form", "explode": False, "x-style": "tabDelimited"},
    "pipes": {"style": "pipeDelimited", "explode": False},
    "multi": {"style": "form", "explode": True},
}
"""How arrays are written. `x-style` is for what no style of OpenAPI 3 says."""
_FLOWS = {
    "implicit": "implicit",
    "password": "password",
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Lifter:
    """Lifts the parts of one Swagger document."""

    references: References
    root: Mapping[str, Any]

    def servers(self) -> list[dict[str, Any]]:
        """`host`, `basePath` and `schemes` as servers."""
        host, base = str(self.root.get("host", "")), str(self.root.get("basePath", "")).rstrip("/")
        declared = self.root.get("schemes")
        schemes = declared if is_list(declared) and declared else ["https"]
        if not host:
            return [{"url": base or "/"}]
        return [{"url": f"{scheme}://{host}{base}"} for scheme in schemes if scheme in ("http", "https")]

    def security_schemes(self) -> dict[str, Any]:
        """`securityDefinitions` as security schemes."""
        found: dict[str, Any] = {}
        definitions = self.root.get("securityDefinitions")
        for name, raw in (definitions if is_map(definitions) else {}).items():
            if not is_map(raw) or not isinstance(raw.get("type"), str):
                continue
            kept = {key: value for key, value in raw.items() if key == "description" or str(key).startswith("x-")}
            if raw.get("type") == "basic":
                found[name] = {"type": "http", "scheme": "basic", **kept}
            elif raw.get("type") == "oauth2":
                urls: dict[str, Any] = {key: raw[key] for key in ("authorizationUrl", "tokenUrl") if key in raw}
                flow: dict[str, Any] = {**urls, "scopes": raw.get("scopes") or {}}
                found[name] = {"type": "oauth2", "flows": {_FLOWS.get(str(raw.get("flow")), "implicit"): flow}, **kept}
            else:
                found[name] = {key: raw[key] for key in ("type", "name", "in") if key in raw} | kept
        return found

    def operation(self, raw: Mapping[str, Any], at: At, item: Mapping[str, Any], item_at: At) -> dict[str, Any]:
        """An operation with parameters, request body and responses of OpenAPI 3."""
        own = self._parameters(raw.get("parameters"), at.child("parameters"))
        shared = self._parameters(item.get("parameters"), item_at.child("parameters"))
        known = {_key(value) for value, _ in own}
        merged = [*own, *(one for one in shared if _key(one[0]) not in known)]
        lifted = {
            key: value for key, value in raw.items() if key not in ("consumes", "produces", "schemes", "parameters")
        }
        lifted["parameters"] = [
            _parameter(value, where) for value, where in merged if value.get("in") not in ("body", "formData")
        ]
        body = self._body(raw, merged)
        if body:
            lifted["requestBody"] = body
        produces = self._media_types(raw, "produces") or ["application/json"]
        responses = raw.get("responses")
        lifted["responses"] = {
            str(status): self._response(response, at.child("responses", status), produces)
            for status, response in (responses if is_map(responses) else {}).items()
        }
        return lifted

    def _parameters(self, raw: Any, at: At) -> list[tuple[Mapping[str, Any], At]]:
        listed = enumerate(raw if is_list(raw) else ())
        found = [self.references.followed(one, at.child(number)) for number, one in listed]
        return [(value, where) for value, where in found if is_map(value)]

    def _body(self, raw: Mapping[str, Any], parameters: list[tuple[Mapping[str, Any], At]]) -> dict[str, Any] | None:
        consumes = self._media_types(raw, "consumes")
        for value, where in parameters:
            if value.get("in") == "body":
                media = {"schema": _placed(value.get("schema", {}), where.child("schema"))}
                body = {key: value[key] for key in ("description", "required") if key in value}
                return {**body, "content": dict.fromkeys(consumes or ["application/json"], media)}
        fields = [(value, where) for value, where in parameters if value.get("in") == "formData"]
        if not fields:
            return None
        has_file = any(value.get("type") == "file" for value, _ in fields)
        types = [name for name in consumes if name in _FORMS] or [_FORMS[1] if has_file else _FORMS[0]]
        schema = {
            "type": "object",
            "properties": {str(value.get("name")): _form_field(value, where) for value, where in fields},
            "required": [str(value.get("name")) for value, _ in fields if value.get("required") is True],
        }
        encoding = {str(value.get("name")): _style(value) for value, _ in fields if value.get("type") == "array"}
        media = {"schema": schema} | ({"encoding": encoding} if encoding else {})
        return {"required": bool(schema["required"]), "content": dict.fromkeys(types, media)}

    def _media_types(self, raw: Mapping[str, Any], word: str) -> list[str]:
        found = raw.get(word, self.root.get(word))
        return [str(one) for one in found] if is_list(found) else []

    def _response(self, raw: Any, at: At, produces: list[str]) -> Any:
        value, where = self.references.followed(raw, at)
        if not is_map(value) or "$ref" in value:
            return raw
        response = {key: item for key, item in value.items() if key not in ("schema", "examples", "headers")}
        response[AT] = where
        examples = value.get("examples")
        examples = examples if is_map(examples) else {}
        if "schema" in value:
            schema = _placed(value["schema"], where.child("schema"))
            types = (
                ["application/octet-stream"]
                if _is_file(value["schema"]) and "application/json" in produces
                else produces
            )
            response["content"] = {
                str(name): {"schema": schema} | ({"example": examples[name]} if name in examples else {})
                for name in types
            }
        headers = value.get("headers")
        response["headers"] = {
            str(name): _header(header, where.child("headers", name))
            for name, header in (headers if is_map(headers) else {}).items()
            if is_map(header)
        }
        return response


def _key(raw: Mapping[str, Any]) -> tuple[str, str]:
    return str(raw.get("in")), str(raw.get("name"))


def _parameter(raw: Mapping[str, Any], at: At) -> dict[str, Any]:
    lifted = {key: value for key, value in raw.items() if key not in _SCHEMA_WORDS and key != "collectionFormat"}
    styles = _style(raw) if raw.get("type") == "array" else {}
    if styles and raw.get("in") != "query":
        own = styles.get("x-style", styles["style"])
        styles = {"style": "simple"} | ({"x-style": own} if own != "form" else {})
    return {**lifted, **styles, "schema": _typed(raw, at), AT: at}


def _style(raw: Mapping[str, Any]) -> dict[str, Any]:
    return _STYLES.get(str(raw.get("collectionFormat", "csv")), _STYLES["csv"])


def _form_field(raw: Mapping[str, Any], at: At) -> dict[str, Any]:
    described = {"description": raw["description"]} if "description" in raw else {}
    return {**_typed(raw, at), **described}


def _header(raw: Mapping[str, Any], at: At) -> dict[str, Any]:
    return {"schema": _typed(raw, at), AT: at} | ({"description": raw["description"]} if "description" in raw else {})


def _typed(raw: Mapping[str, Any], at: At) -> dict[str, Any]:
    return {**{key: raw[key] for key in _SCHEMA_WORDS if key in raw}, AT: at}


def _placed(schema: Any, at: At) -> Any:
    return {**schema, AT: at} if is_map(schema) else schema


def _is_file(schema: Any) -> bool:
    return is_map(schema) and schema.get("type") == "file"
