"""openapi-python-client's models → frozen values. Nothing is skipped: what is in the document comes out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from wirewright_codegen import naming, text
from wirewright_codegen.document import MediaType, Operation, UntrustedString, plain, read_document, read_path_item
from wirewright_codegen.models.annotations import annotation
from wirewright_codegen.operations import names
from wirewright_codegen.operations.found import Found, escaped, find_operations
from wirewright_codegen.operations.media import base_of, is_json, is_text
from wirewright_codegen.operations.one import OperationReader, requirements
from wirewright_codegen.operations.package import read_security, read_servers
from wirewright_codegen.operations.projection import METHODS, SCHEMA, path_item, project
from wirewright_codegen.operations.values import ApiSpec, Webhook
from wirewright_codegen.operations.values import Operation as OperationValue

_PLACE = re.compile(r" (?:path|querystring|query|header|cookie) ")


def read_api(canonical: Mapping[str, Any], lock: naming.Names) -> tuple[ApiSpec, naming.Names]:
    """Everything that the package is written from, and the lock with the names that were given.

    Raises `SpecError` with the place where the canonical document is not one.
    """
    document = read_document(project(canonical))
    found = list(find_operations(document))
    functions, lock = _functions(found, lock)
    methods, lock = _methods(found, functions, lock)
    schemas: Mapping[str, Any] = canonical.get("components", {}).get("schemas", {})
    siblings: dict[str, set[str]] = defaultdict(set)
    for each in found:
        siblings[each.resource].add(methods[each.id])
    operations: list[OperationValue] = []
    locked = _locked_arguments(lock, functions)
    arguments: dict[str, str] = {}
    for each in sorted(found, key=lambda f: functions[f.id]):
        reader = OperationReader(
            each,
            document,
            schemas,
            function=functions[each.id],
            method=methods[each.id],
            siblings=siblings[each.resource],
            arguments=locked[each.id],
        )
        operations += reader.read()
        arguments |= {f"{each.id} {place}": name for place, name in reader.arguments.items()}
    return ApiSpec(
        title=plain(document.info.title),
        version=plain(document.info.version),
        description=plain(document.info.description),
        operations=tuple(operations),
        webhooks=tuple(read_webhooks(canonical)),
        servers=read_servers(document.servers),
        security=read_security(document.components),
        default_security=requirements(document.security),
        resource_docs={
            names.resource_name(plain(tag.name), "/"): plain(tag.description) for tag in document.tags or ()
        },
    ), lock.grown("arguments", arguments)


def _functions(found: list[Found], lock: naming.Names) -> tuple[dict[str, str], naming.Names]:
    places = {f.id: f"{f.method} {plain(f.path)}" for f in found}
    functions = names.function_names(places, lock.section("operations"))
    return functions, lock.grown("operations", functions)


def _methods(
    found: list[Found], functions: Mapping[str, str], lock: naming.Names
) -> tuple[dict[str, str], naming.Names]:
    methods: dict[str, str] = {}
    for resource in sorted({f.resource for f in found}):
        own = {f.id: functions[f.id] for f in found if f.resource == resource}
        explicit = {f.id: str(x) for f in found if f.id in own and (x := f.extra.get("x-method"))}
        published = lock.section("methods")
        locked = {
            op: published[f"{resource}.{op}"] for op in own if f"{resource}.{op}" in published and op not in explicit
        }
        given = names.method_names(own, resource, explicit, locked)
        methods |= given
        lock = lock.grown("methods", {f"{resource}.{op}": name for op, name in given.items()})
    return methods, lock


def _locked_arguments(lock: naming.Names, ids: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    """Published names of arguments: operationId → location and wire name → argument."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for key, name in lock.section("arguments").items():
        for place in _PLACE.finditer(key):
            if (operation := key[: place.start()]) in ids:
                found[operation][key[place.start() + 1 :]] = name
                break
    return found


def read_webhooks(canonical: Mapping[str, Any]) -> Iterator[Webhook]:
    """Messages that the server sends: one for each method of a webhook, nearly always one."""
    found: dict[str, tuple[Operation, str]] = {}
    for event, value in canonical.get("webhooks", {}).items():
        pointer = f"/webhooks/{escaped(event)}"
        item = read_path_item(path_item(value), pointer)
        sources: dict[str, Operation] = {
            method: source for method in METHODS if (source := getattr(item, method)) is not None
        }
        for method, source in sources.items():
            found[event if len(sources) == 1 else f"{event} {method}"] = (source, f"{pointer}/{method}")
    wanted = {
        key: [naming.identifier(f"parse {key}"), naming.identifier(f"parse {naming.spelled(key)}")] for key in found
    }
    given = naming.unique(wanted, taken=("parse",))
    for key, (source, pointer) in sorted(found.items()):
        words = dict.fromkeys(text.clean(plain(said)) for said in (source.summary, source.description))
        media_type, kind = _message(source)
        yield Webhook(given[key], UntrustedString(key), kind, media_type, text.paragraphs(words), pointer)


def _message(source: Operation) -> tuple[str, str]:
    """How the body of a message is written, and its type."""
    body = source.request_body
    contents: Mapping[UntrustedString, MediaType] = getattr(body, "content", None) or {}
    if not contents:
        return "", "None"
    name = next((name for name in contents if is_json(plain(name))), next(iter(contents)))
    media_type, schema = plain(name), (contents[name].model_extra or {}).get(SCHEMA, {})
    if is_json(media_type) or base_of(media_type) in ("*/*", "application/x-www-form-urlencoded"):
        return media_type, annotation(schema, "m.")
    return media_type, "str" if is_text(media_type) else "bytes"
