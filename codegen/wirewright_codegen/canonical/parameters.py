"""Parameters of an operation: its own and those of its path, resolved, each once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirewright_codegen.canonical.content import Contents
from wirewright_codegen.canonical.places import At, Place
from wirewright_codegen.canonical.schemas import Schemas
from wirewright_codegen.canonical.templates import declared_name
from wirewright_codegen.canonical.vocabulary import Schema, json_key
from wirewright_codegen.read.values import is_list

_LOCATIONS = ("path", "query", "header", "cookie")
_TEMPLATE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Found:
    """An operation as found: where it belongs, and its raw form.

    `shared_at` is where the parameters of its path stand: beside a reference, or in what that leads to (`item_at`);
    `reserved` are path parameters that may hold slashes.
    """

    path: str
    method: str
    raw: Mapping[str, Any]
    at: At
    item: Mapping[str, Any]
    item_at: At
    shared_at: At
    reserved: frozenset[str] = frozenset()


@dataclass(slots=True)
class Parameters:
    """Reads the parameters of operations."""

    schemas: Schemas
    contents: Contents

    def of(self, found: Found, place: Place, *, hook: bool) -> list[Schema]:
        """All parameters of an operation; its own replace those of its path. The path of a webhook is but a name.

        The names of headers differ by more than case (RFC 9110, section 5.1).
        """
        path_place = Place(f"path:{found.path}", " ".join(re.findall(r"\w+", found.path)) or "root")
        read: dict[tuple[str, str], Schema] = {}
        for source, at, inner in ((found.item, found.shared_at, path_place), (found.raw, found.at, place)):
            listed, where = self.schemas.references.followed(source.get("parameters"), at.child("parameters"))
            for number, parameter in enumerate(listed if is_list(listed) else ()):
                one = self._parameter(parameter, where.child(number), inner)
                if one is not None:
                    name: str = one["name"]
                    read[one["in"], name.lower() if one["in"] == "header" else name] = one
        if not hook:
            self._fit(read, found)
        return [*read.values()]

    def _fit(self, read: dict[tuple[str, str], Schema], found: Found) -> None:
        """Parameters that fit the path: those of its template that nobody declared are text, others of it go."""
        account, pointer = self.schemas.account, self.schemas.references.id(found.at)
        names = list(dict.fromkeys(_TEMPLATE.findall(found.path)))
        for name in names:
            declared = ("path", declared_name(name))
            if ("path", name) not in read and declared in read and declared[1] not in names:
                read["path", name] = {**read.pop(declared), "name": name}
        for location, name in [*read]:
            if location == "path" and name not in names:
                account.note(pointer, f"the path {found.path} has no place for its parameter {name!r}", "parameter")
                del read[location, name]
        for name in names:
            if ("path", name) not in read:
                account.note(pointer, f"the parameter {name!r} of the path is not declared; it is text", "parameter")
                read["path", name] = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            if declared_name(name) in found.reserved or read["path", name].get("x-multi-segment") is True:
                read["path", name] = {**read["path", name], "allowReserved": True}

    def _parameter(self, raw: Any, at: At, place: Place) -> Schema | None:
        followed = self.schemas.follow(raw, at, "parameter")
        if followed is None:
            return None
        value, where = followed
        name, location = value.get("name"), value.get("in")
        if isinstance(name, int | float):  # YAML without quotes
            name = json_key(name)
        if not isinstance(name, str) or location not in (*_LOCATIONS, "querystring"):
            self._lose(at, f"a parameter needs a name and a location ({', '.join(_LOCATIONS)})")
            return None
        if location == "header" and name.lower() in ("accept", "content-type"):
            self.schemas.account.note(
                self.schemas.references.id(at), f"the header {name} is written by the client itself", "parameter"
            )
            return None
        parts = self.schemas.placed(value, where, place.child(name), self.contents.parameter_parts)
        parameter: Schema = {"name": name, "in": location, **parts}
        if location == "path":
            parameter["required"] = True
        if location == "querystring":  # OpenAPI 3.2: the whole query is one value
            parameter |= {"in": "query", "x-querystring": True}
        return parameter

    def _lose(self, at: At, reason: str) -> None:
        self.schemas.account.lose(self.schemas.references.id(at), reason, "parameter")
