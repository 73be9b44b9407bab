"""openapi-python-client's models → frozen `Operation` values. Nothing is skipped: what is in the document comes out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wirewright_codegen import naming, text
from wirewright_codegen.document import (
    OpenAPI,
    PathItem,
    UntrustedString,
    plain,
    read_document,
    read_operation,
    read_path_item,
)
from wirewright_codegen.document import (
    Operation as Source,
)
from wirewright_codegen.document import (
    Parameter as SourceParameter,
)
from wirewright_codegen.models.annotations import annotation
from wirewright_codegen.models.schemas import ref_name
from wirewright_codegen.models.shapes import field_names
from wirewright_codegen.operations import media, names
from wirewright_codegen.operations.package import read_security, read_servers
from wirewright_codegen.operations.projection import ADDITIONAL, LOCATION, METHODS, SCHEMA, path_item, project
from wirewright_codegen.operations.values import (
    ApiSpec,
    Body,
    Location,
    Media,
    Operation,
    Pagination,
    Parameter,
    Response,
    Stream,
    Webhook,
)

_DEFAULT_STYLE = {"path": "simple", "header": "simple", "query": "form", "cookie": "form", "querystring": "form"}


@dataclass(frozen=True, slots=True)
class _Found:
    """An operation where it stands."""

    source: Source
    method: str
    path: UntrustedString
    item: PathItem
    pointer: str

    @property
    def id(self) -> str:
        return plain(self.source.operationId)

    @property
    def resource(self) -> str:
        tag = next(iter(self.source.tags or ()), None)
        return names.resource_name(plain(tag), plain(self.path))


def read_api(canonical: Mapping[str, Any], lock: naming.Names) -> tuple[ApiSpec, naming.Names]:
    """Everything that the package is written from, and the lock with the names that were given.

    Raises `SpecError` with the place where the canonical document is not one.
    """
    document = read_document(project(canonical))
    found = list(_operations(document))
    schemas = canonical.get("components", {}).get("schemas", {})
    functions = names.function_names({f.id: f"{f.method} {plain(f.path)}" for f in found}, lock.section("operations"))
    lock = lock.grown("operations", functions)
    methods: dict[str, str] = {}
    for resource in sorted({f.resource for f in found}):
        own = {f.id: functions[f.id] for f in found if f.resource == resource}
        explicit = {f.id: str(x) for f in found if f.id in own and (x := (f.source.model_extra or {}).get("x-method"))}
        locked = {op: name for op in own if (name := lock.section("methods").get(f"{resource}.{op}"))}
        given = names.method_names(own, resource, explicit, {op: n for op, n in locked.items() if op not in explicit})
        methods |= given
        lock = lock.grown("methods", {f"{resource}.{op}": name for op, name in given.items()})
    taken = {f.resource: {methods[g.id] for g in found if g.resource == f.resource} for f in found}
    operations: list[Operation] = []
    for each in sorted(found, key=lambda f: functions[f.id]):
        locked = _arguments(lock, each.id)
        reader = _Reader(each, schemas, functions[each.id], methods[each.id], taken[each.resource], locked)
        operations += reader.read(document)
        lock = lock.grown("arguments", {f"{each.id} {place}": name for place, name in reader.arguments.items()})
    return ApiSpec(
        title=plain(document.info.title),
        version=plain(document.info.version),
        description=plain(document.info.description),
        operations=tuple(operations),
        webhooks=tuple(read_webhooks(canonical)),
        servers=read_servers(document.servers),
        security=read_security(document.components),
        default_security=_requirements(document.security),
        resource_docs={
            names.resource_name(plain(tag.name), "/"): plain(tag.description) for tag in document.tags or ()
        },
    ), lock


def _arguments(lock: naming.Names, operation: str) -> dict[str, str]:
    prefix = f"{operation} "
    return {key.removeprefix(prefix): name for key, name in lock.section("arguments").items() if key.startswith(prefix)}


def _operations(document: OpenAPI) -> Iterator[_Found]:
    for path, item in document.paths.items():
        pointer = f"/paths/{_escaped(plain(path))}"
        for method in METHODS:
            source = getattr(item, method)
            if source is not None:
                yield _Found(source, method.upper(), path, item, f"{pointer}/{method}")
        for method, value in ((item.model_extra or {}).get(ADDITIONAL) or {}).items():
            place = f"{pointer}/{ADDITIONAL}/{_escaped(method)}"
            yield _Found(read_operation(value, place), method.upper(), path, item, place)


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _requirements(security: Any) -> tuple[tuple[UntrustedString, ...], ...]:
    return tuple(tuple(requirement) for requirement in security or ())


class _Reader:
    """Reads one operation; one that answers both at once and as a stream becomes two functions."""

    def __init__(
        self,
        found: _Found,
        schemas: Mapping[str, Any],
        function: str,
        method: str,
        methods: Collection[str],
        locked: Mapping[str, str],
    ) -> None:
        self._found = found
        self._source = found.source
        self._schemas = schemas
        self._function = function
        self._method = method
        self._methods = methods
        self._extra: Mapping[str, Any] = found.source.model_extra or {}
        sources = [p for p in found.source.parameters or () if isinstance(p, SourceParameter)]
        places = [(_location(p), plain(p.name)) for p in sources]
        self._names = names.argument_names(places, locked)
        self.arguments = {f"{location} {wire}": name for (location, wire), name in self._names.items()}
        self._parameters = tuple(self._parameter(p) for p in sources)

    def read(self, document: OpenAPI) -> list[Operation]:
        responses = self._responses()
        streams = {c.stream for r in responses if _is_success(r, responses) for c in r.contents} - {None}
        plain_too = any(c.stream is None for r in responses if _is_success(r, responses) for c in r.contents)
        found: list[Operation] = []
        if plain_too or not streams:
            found.append(self._operation(document, _without(responses, streams=True), None, ""))
        for stream in sorted(s for s in streams if s):
            suffix = "_stream" if plain_too else ""
            found.append(self._operation(document, _without(responses, streams=False), stream, suffix))
        return found[: 1 + plain_too] if streams else found

    def _operation(
        self, document: OpenAPI, responses: tuple[Response, ...], stream: Stream | None, suffix: str
    ) -> Operation:
        source, found = self._source, self._found
        security = source.security if source.security is not None else document.security
        servers = source.servers or (found.item.servers if "servers" in found.item.model_fields_set else None) or ()
        key = self._extra.get("x-idempotency-key")
        idempotent = self._extra.get("x-idempotent")
        return Operation(
            id=UntrustedString(found.id),
            function=self._function + suffix,
            method=self._method + suffix,
            resource=found.resource,
            http_method=found.method,
            path=found.path,
            summary=plain(source.summary),
            description=plain(source.description),
            parameters=self._parameters,
            body=self._body(),
            responses=responses,
            returns=_returns(responses),
            stream=stream,
            security=_requirements(security),
            idempotency_header=UntrustedString(key) if isinstance(key, str) else None,
            idempotent=idempotent if isinstance(idempotent, bool) else None,
            server=next((s.url for s in servers if not s.variables), None),
            deprecated=source.deprecated,
            pagination=self._pagination(responses) if stream is None else None,
            pointer=found.pointer,
        )

    def _parameter(self, source: SourceParameter) -> Parameter:
        extra: Mapping[str, Any] = source.model_extra or {}
        schema = extra.get(SCHEMA, {})
        location = _location(source)
        style = plain(source.style) or None
        default = _DEFAULT_STYLE[location]
        explode = source.explode if "explode" in source.model_fields_set else None
        if explode is not None and explode == ((style or default) in ("form", "cookie")):
            explode = None
        content = next(iter(source.content or {}), None)
        words = [text.clean(plain(source.description)), text.rules(schema)]
        return Parameter(
            name=self._names[location, plain(source.name)],
            wire=source.name,
            location=location,
            required=source.required or location == "path",
            annotation=annotation(schema, "m."),
            doc=" ".join(word for word in words if word),
            style=style if style != default else None,
            explode=explode,
            allow_reserved=source.allowReserved,
            media_type=content,
        )

    def _responses(self) -> tuple[Response, ...]:
        found = [
            Response(
                plain(status),
                plain(getattr(response, "description", None)),
                self._contents(getattr(response, "content", None) or {}),
            )
            for status, response in self._source.responses.items()
        ]
        return tuple(sorted(found, key=lambda r: (r.status == "default", r.status)))

    def _contents(self, content: Mapping[UntrustedString, Any]) -> tuple[Media, ...]:
        """JSON first: it is what a caller wants, and what a server is asked for first."""
        found = [media.answer(name, m, self._schemas) for name, m in content.items()]
        return tuple(sorted(found, key=lambda c: not media.is_json(plain(c.media_type))))

    def _body(self) -> Body | None:
        source: Any = self._source.request_body
        if source is None or not source.content:
            return None
        sent = [media.request(name, m, self._schemas) for name, m in source.content.items()]
        contents = tuple(sorted(sent, key=lambda c: not media.is_json(plain(c.media_type))))
        kinds = list(dict.fromkeys(c.type or "Any" for c in contents))
        return Body(
            source.required, " | ".join(kinds) if "Any" not in kinds else "Any", plain(source.description), contents
        )

    def _pagination(self, responses: tuple[Response, ...]) -> Pagination | None:
        value = self._extra.get("x-pagination")
        if not isinstance(value, Mapping):
            return None

        pointer = str(value.get("items") or "")
        attributes, item = self._walked(pointer)

        def tainted(key: str) -> UntrustedString | None:
            return UntrustedString(str(value[key])) if isinstance(value.get(key), str) else None

        return Pagination(
            style=str(value.get("style", "cursor")),
            items=attributes,
            next=tainted("next"),
            parameter=tainted("parameter"),
            limit=tainted("limit"),
            item_annotation=annotation(item, "m."),
            method=next(n for n in (f"{self._method}_all", f"iterate_{self._method}") if n not in self._methods),
        )

    def _walked(self, pointer: str) -> tuple[tuple[str, ...], Mapping[str, Any]]:
        """The attributes that a pointer into the answer passes, and the schema of the items it leads to."""
        for response in self._source.responses.values():
            for content in (getattr(response, "content", None) or {}).values():
                extra = content.model_extra or {}
                if extra.get(SCHEMA) is not None:
                    return _walk(extra[SCHEMA], pointer, media.envelope_member(extra), self._schemas)
        return (), {}


def _walk(
    schema: Mapping[str, Any], pointer: str, envelope: str | None, schemas: Mapping[str, Any]
) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    attributes: list[str] = []
    for number, step in enumerate(pointer.removeprefix("#").split("/")[1:]):
        key = step.replace("~1", "/").replace("~0", "~")
        properties = _resolved(schema, schemas).get("properties", {})
        if not (number == 0 and key == envelope):
            attributes.append(field_names(properties).get(key, key))
        schema = properties.get(key, {})
    return tuple(attributes), _items(schema, schemas)


def _items(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    items = _resolved(schema, schemas).get("items", {})
    return items if isinstance(items, Mapping) else {}


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    for variant in schema.get("anyOf", ()):
        if variant.get("type") != "null":
            return _resolved(variant, schemas)
    name = ref_name(schema)
    return _resolved(schemas[name], schemas) if name in schemas else schema


def _location(source: SourceParameter) -> Location:
    location = (source.model_extra or {}).get(LOCATION)
    return location if location in _DEFAULT_STYLE else "query"  # type: ignore[return-value]


def _is_success(response: Response, responses: tuple[Response, ...]) -> bool:
    """2xx; without any, 3xx; without those, `default`."""
    firsts = {r.status[0] for r in responses}
    wanted = next((first for first in "23d" if first in firsts), "2")
    return response.status[0] == wanted


def _without(responses: tuple[Response, ...], *, streams: bool) -> tuple[Response, ...]:
    """The responses without their streams, or, of the successes, with nothing but them."""
    return tuple(
        Response(
            r.status,
            r.doc,
            tuple(
                c
                for c in r.contents
                if (c.stream is None if streams else c.stream is not None or not _is_success(r, responses))
            ),
        )
        for r in responses
    )


def _returns(responses: tuple[Response, ...]) -> str:
    """The type of a success; where JSON is offered beside other media types, of the JSON."""
    kinds: dict[str, None] = {}
    for response in responses:
        if _is_success(response, responses):
            kinds.update(dict.fromkeys(_kinds(response.contents)))
    found = list(kinds) or ["None"]
    if "Any" in found:
        return "Any"
    members = list(dict.fromkeys(part for kind in found for part in _split(kind)))
    return " | ".join([m for m in members if m != "None"] + (["None"] if "None" in members else []))


def _split(kind: str) -> list[str]:
    return kind.split(" | ") if "[" not in kind else [kind]


def _kinds(contents: tuple[Media, ...]) -> list[str]:
    if not contents:
        return ["None"]
    preferred = [c for c in contents if media.is_json(plain(c.media_type)) or c.stream]
    return [c.type or "Any" for c in preferred or contents]


def read_webhooks(canonical: Mapping[str, Any]) -> Iterator[Webhook]:
    """Messages that the server sends: one for each method of a webhook, nearly always one."""
    found: dict[str, tuple[str, Source, str]] = {}
    for event, value in canonical.get("webhooks", {}).items():
        pointer = f"/webhooks/{_escaped(event)}"
        item = read_path_item(path_item(value), pointer)
        sources = {method: source for method in METHODS if (source := getattr(item, method)) is not None}
        for method, source in sources.items():
            found[event if len(sources) == 1 else f"{event} {method}"] = (event, source, f"{pointer}/{method}")
    given = naming.unique(
        {key: [naming.identifier(f"parse {key}"), naming.identifier(f"parse {naming.spelled(key)}")] for key in found},
        taken=("parse",),
    )
    for key, (event, source, pointer) in sorted(found.items()):
        body: Any = source.request_body
        contents = list(body.content.items()) if body is not None else []
        chosen = next((m for name, m in contents if media.is_json(plain(name))), contents[0][1] if contents else None)
        schema = (chosen.model_extra or {}).get(SCHEMA, {}) if chosen is not None else None
        kind = annotation(schema, "m.") if schema is not None else "None"
        doc = text.paragraphs(list(dict.fromkeys([plain(source.summary), plain(source.description)])))
        yield Webhook(given[key], UntrustedString(key), kind, doc, pointer)
