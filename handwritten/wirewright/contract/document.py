"""A canonical document as a server or a checker needs it: operations with what may be sent and answered.

Everything is read on first use, so that opening a document with a thousand operations costs little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from wirewright.contract.bodies import is_json, match_media_type, media_type_of
from wirewright.contract.parameters import Parameter, read_parameter
from wirewright.contract.schemas import Schemas, Validator, pointer
from wirewright.contract.shapes import is_array, is_object

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


class MediaType:
    """One form that a body may have."""

    def __init__(self, schemas: Schemas, name: str, declared: Mapping[str, Any], place: str) -> None:
        self.name = name
        self.declared = declared
        self.place = place
        self.schemas = schemas

    @property
    def schema(self) -> Any:
        return self.declared.get("schema", {})

    @cached_property
    def validator(self) -> Validator | None:
        return self.schemas.usable(self.place + "/schema") if "schema" in self.declared else None

    @cached_property
    def item_validator(self) -> Validator | None:
        """Of one JSON line, or of the data of one server-sent event."""
        return self.schemas.usable(self.place + "/itemSchema") if "itemSchema" in self.declared else None

    @cached_property
    def event_validators(self) -> dict[str, Validator | None]:
        """Of the data of server-sent events, by event name."""
        events = self.declared.get("x-sse-events", {})
        return {name: self.schemas.usable(self.place + pointer("x-sse-events", name)) for name in events}


class Body:
    """What may be sent or answered: media types by name, and whether it must be there."""

    def __init__(self, schemas: Schemas, declared: Mapping[str, Any], place: str) -> None:
        self.required = bool(declared.get("required", False))
        content = declared.get("content", {})
        self.content = {
            name: MediaType(schemas, name, value, place + pointer("content", name)) for name, value in content.items()
        }

    def media_type(self, content_type: str) -> MediaType | None:
        """The documented form that covers this content type."""
        name = match_media_type(self.content, media_type_of(content_type))
        return None if name is None else self.content[name]


class Response(Body):
    """One documented answer."""

    def __init__(self, schemas: Schemas, status: str, declared: Mapping[str, Any], place: str) -> None:
        super().__init__(schemas, declared, place)
        self.status = status
        self.declared = declared
        self.place = place
        self._schemas = schemas

    @cached_property
    def headers(self) -> tuple[Parameter, ...]:
        return tuple(
            read_parameter(
                self._schemas, {**value, "name": name, "in": "header"}, self.place + pointer("headers", name)
            )
            for name, value in self.declared.get("headers", {}).items()
            if name.lower() != "content-type"
        )

    @property
    def is_error(self) -> bool:
        """Whether it documents failures: a 4xx, a 5xx, or the default."""
        return self.status[0] in {"4", "5", "d"}

    @property
    def json_form(self) -> MediaType | None:
        """The first of its forms that is JSON."""
        return next((form for name, form in self.content.items() if is_json(media_type_of(name))), None)


class SpecOperation:
    """One operation of a document."""

    def __init__(self, document: SpecDocument, method: str, path: str, declared: Mapping[str, Any], place: str) -> None:
        self.document = document
        self.method = method
        self.path = path
        self.declared = declared
        self.place = place
        self.id = str(declared.get("operationId") or f"{method.lower()} {path}")

    def __repr__(self) -> str:
        return f"<{self.id}: {self.method} {self.path}>"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(
            read_parameter(self.document.schemas, declared, self.place + pointer("parameters", index))
            for index, declared in enumerate(self.declared.get("parameters", ()))
        )

    @cached_property
    def query_names(self) -> frozenset[str]:
        """The declared query parameters."""
        return frozenset(parameter.name for parameter in self.parameters if parameter.location == "query")

    @cached_property
    def body(self) -> Body | None:
        declared = self.declared.get("requestBody")
        return None if declared is None else Body(self.document.schemas, declared, self.place + "/requestBody")

    @cached_property
    def responses(self) -> dict[str, Response]:
        place = self.place + "/responses"
        return {
            str(status): Response(self.document.schemas, str(status), declared, place + pointer(str(status)))
            for status, declared in self.declared.get("responses", {}).items()
        }

    def response(self, status: int) -> Response | None:
        """What is documented for a status: the number itself, else its class (`4XX`), else `default`."""
        for key in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
            if key in self.responses:
                return self.responses[key]
        return None

    @cached_property
    def success_status(self) -> int:
        """The status of a plain success: the first documented 2xx, else 200."""
        exact = sorted(int(key) for key in self.responses if key.isdigit() and 200 <= int(key) < 300)
        return exact[0] if exact else 200

    @cached_property
    def usual_error(self) -> MediaType | None:
        """The JSON form of its first documented failure; a default alone documents success, too."""
        if self.responses.keys() == {"default"}:
            return None
        forms = [response.json_form for response in self.responses.values() if response.is_error]
        return next((form for form in forms if form is not None), None)

    @property
    def security(self) -> Sequence[Mapping[str, Any]]:
        found: Any = self.declared.get("security", self.document.raw.get("security", ()))
        return found if is_array(found) else ()

    @property
    def needs_credentials(self) -> bool:
        """Whether it is documented to refuse those who bring none."""
        return bool(self.security) and all(self.security)

    @property
    def server_paths(self) -> frozenset[str]:
        return _server_paths(self.declared.get("servers", ()))


class SpecDocument:
    """A canonical document (see CONTRIBUTING.md), opened for serving and checking."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.schemas = Schemas(raw)

    @property
    def title(self) -> str:
        return str(self.raw.get("info", {}).get("title", "untitled"))

    @cached_property
    def operations(self) -> tuple[SpecOperation, ...]:
        return tuple(
            SpecOperation(self, method, path, declared, place)
            for path, item in self.raw.get("paths", {}).items()
            for method, declared, place in _operations_of(item, pointer("paths", path))
        )

    @cached_property
    def by_id(self) -> dict[str, SpecOperation]:
        return {operation.id: operation for operation in self.operations}

    @cached_property
    def server_paths(self) -> frozenset[str]:
        """Path prefixes of the declared servers (`/api/v1`), without the empty one."""
        found = set(_server_paths(self.raw.get("servers", ())))
        for item in self.raw.get("paths", {}).values():
            found |= _server_paths(item.get("servers", ()))
        return frozenset(found.union(*(operation.server_paths for operation in self.operations)))

    @cached_property
    def usual_error(self) -> MediaType | None:
        """The JSON form in which most operations document failures."""
        forms = [operation.usual_error for operation in self.operations]
        shapes = {str(form.schema): form for form in reversed(forms) if form is not None}
        count = Counter(str(form.schema) for form in forms if form is not None)
        return shapes[count.most_common(1)[0][0]] if count else None

    @property
    def security_schemes(self) -> Mapping[str, Any]:
        schemes = self.raw.get("components", {}).get("securitySchemes", {})
        return schemes if is_object(schemes) else {}


def _operations_of(item: Mapping[str, Any], place: str) -> list[tuple[str, Mapping[str, Any], str]]:
    plain = [(key.upper(), item[key], f"{place}/{key}") for key in METHODS if key in item]
    extra = item.get("x-additional-operations", {})
    return plain + [(key, value, place + pointer("x-additional-operations", key)) for key, value in extra.items()]


def _server_paths(servers: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    found = set[str]()
    for server in servers:
        url = str(server.get("url", ""))
        for name, variable in server.get("variables", {}).items():
            url = url.replace("{" + name + "}", str(variable.get("default", "")))
        path = urlsplit(url).path.rstrip("/")
        if path and "{" not in path:
            found.add(path if path.startswith("/") else "/" + path)
    return frozenset(found)
