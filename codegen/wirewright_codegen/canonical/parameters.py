"""Parameters of an operation: its own and those of its path, resolved, each once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wirewright_codegen.canonical.content import Contents
from wirewright_codegen.canonical.places import At, Place
from wirewright_codegen.canonical.schemas import Schemas
from wirewright_codegen.canonical.vocabulary import Schema
from wirewright_codegen.read.values import is_list

_LOCATIONS = ("path", "query", "header", "cookie")
_TEMPLATE = re.compile(r"\{([^{}]*)\}")


@dataclass(slots=True)
class Parameters:
    """Reads the parameters of operations."""

    schemas: Schemas
    contents: Contents

    def of(
        self,
        path: str,
        raw: Mapping[str, Any],
        at: At,
        item: Mapping[str, Any],
        item_at: At,
        place: Place,
        *,
        hook: bool,
    ) -> list[Schema]:
        """All parameters of an operation; its own replace those of its path."""
        path_place = Place(f"path:{path}", " ".join(re.findall(r"\w+", path)) or "root")
        found: dict[tuple[str, str], Schema] = {}
        for source, where, inner in ((item, item_at, path_place), (raw, at, place)):
            listed = source.get("parameters")
            for number, parameter in enumerate(listed if is_list(listed) else ()):
                read = self._parameter(parameter, where.child("parameters", number), inner)
                if read is not None:
                    found[read["in"], read["name"]] = read
        return found_for(found, path, self, at) if not hook else [*found.values()]

    def _parameter(self, raw: Any, at: At, place: Place) -> Schema | None:
        followed = self.schemas.follow(raw, at, "parameter")
        if followed is None:
            return None
        value, where = followed
        name, location = value.get("name"), value.get("in")
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


def found_for(found: dict[tuple[str, str], Schema], path: str, reader: Parameters, at: At) -> list[Schema]:
    """The parameters that fit a path: those of the template that nobody declared are text, the others of it go."""
    account, pointer = reader.schemas.account, reader.schemas.references.id(at)
    names = list(dict.fromkeys(_TEMPLATE.findall(path)))
    for location, name in [*found]:
        if location == "path" and name not in names:
            account.note(pointer, f"the path {path} has no place for its parameter {name!r}", "parameter")
            del found[location, name]
    for name in names:
        if ("path", name) not in found:
            account.note(pointer, f"the parameter {name!r} of the path is not declared; it is text", "parameter")
            found["path", name] = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    return [*found.values()]
