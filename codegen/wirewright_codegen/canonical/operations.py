"""Path items to canonical operations: every one with an id, its own parameters, responses and security."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wirewright_codegen.account import Subject
from wirewright_codegen.canonical.content import Contents
from wirewright_codegen.canonical.parameters import Found, Parameters
from wirewright_codegen.canonical.places import At, Place
from wirewright_codegen.canonical.schemas import Schemas
from wirewright_codegen.canonical.security import requirements
from wirewright_codegen.canonical.servers import servers
from wirewright_codegen.canonical.swagger import Lifter
from wirewright_codegen.canonical.templates import plain_paths, reserved_names
from wirewright_codegen.canonical.vocabulary import Schema
from wirewright_codegen.naming import digest
from wirewright_codegen.read.values import is_list, is_map

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
EXTRA = "x-additional-operations"
_BODILESS = ("204", "205", "304")
_STATUS = re.compile(r"(?:[1-5][0-9]{2}|[1-5]XX|default)\Z")
_ITEM_WORDS = ("summary", "description")


@dataclass(slots=True)
class Operations:
    """Reads `paths`, `webhooks` and the callbacks of operations.

    `security` is what applies to operations that say nothing; `published` the ids of the lock of names.
    """

    schemas: Schemas
    contents: Contents
    parameters: Parameters
    security: list[Any]
    published: Mapping[str, str] = field(default_factory=dict[str, str])
    lifter: Lifter | None = None
    ids: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    keys: dict[str, str] = field(default_factory=dict[str, str])
    webhooks: dict[str, Schema] = field(default_factory=dict[str, Schema])
    _open: set[At] = field(default_factory=set[At])

    def paths(self, sources: Iterable[tuple[Any, At]]) -> dict[str, Schema]:
        """The canonical `paths`, of every place that has path items."""
        items = [(self._absolute(path, at), item, at.child(path)) for raw, at in sources for path, item in _items(raw)]
        plain = plain_paths(path for path, _, _ in items)
        found = [
            replace(one, path=plain[path], reserved=reserved_names(path))
            for path, item, at in items
            for one in self._operations(path, item, at, "operation")
        ]
        self._name(found)
        uses = Counter({one.path: one.item_at for one in found}.values())
        self.schemas.items |= {where for where, times in uses.items() if times == 1}
        paths = {plain[path]: self._item_head(item, at) for path, item, at in items}
        for one in found:
            _put(paths[one.path], one.method, self._operation(one, self.security, hook=False))
        return paths

    def _absolute(self, path: str, at: At) -> str:
        if path.startswith("/"):
            return path
        self.schemas.account.note(self._pointer(at.child(path)), "a path begins with a slash; it is read with one")
        return f"/{path}"

    def hooks(self, raw: Any, at: At) -> None:
        """Read webhooks into `webhooks`."""
        for name, item in _items(raw):
            self._hook(name, item, at.child(name), name)

    def _hook(self, name: str, item: Any, at: At, fallback: str) -> None:
        found = list(self._operations(name, item, at, "webhook"))
        self._name(found, fallback)
        head = self._item_head(item, at)
        for one in found:
            _put(head, one.method, self._operation(one, [], hook=True))
        self.webhooks[name] = head

    def _operations(self, path: str, item: Any, at: At, subject: Subject) -> Iterator[Found]:
        followed = self._path_item(item, at, subject)
        if followed is None:
            return
        raw, where = followed
        beside = item if is_map(item) and "$ref" in item else {}
        sources = {word: at if word in beside else where for word in raw}
        methods: list[tuple[str, Any, At]] = [
            (method, raw[method], sources[method].child(method)) for method in (*METHODS, "query") if method in raw
        ]
        for word in ("additionalOperations", EXTRA):
            extra = raw.get(word)
            methods.extend(
                (str(method), operation, sources[word].child(word, method))
                for method, operation in (extra.items() if is_map(extra) else ())
            )
        shared_at = sources.get("parameters", where)
        for method, operation, operation_at in methods:
            if not is_map(operation):
                self.schemas.account.lose(self._pointer(operation_at), "an operation must be an object", subject)
                continue
            if self.lifter:
                lifted = self.lifter.operation(operation, operation_at, raw, shared_at)
                yield Found(path, method, lifted, operation_at, {**raw, "parameters": []}, where, shared_at)
            else:
                yield Found(path, method, operation, operation_at, raw, where, shared_at)

    def _path_item(self, item: Any, at: At, subject: Subject) -> tuple[Mapping[str, Any], At] | None:
        """A path item, its reference followed; what stands beside it is kept. Null has no operations."""
        item = {} if item is None else item
        followed = self.schemas.follow(item, at, subject)
        if followed is None or not is_map(item) or "$ref" not in item:
            return followed
        beside = {key: value for key, value in item.items() if key != "$ref"}
        return {**followed[0], **beside}, followed[1]

    def _item_head(self, item: Any, at: At) -> Schema:
        followed = self._path_item(item, at, "document")
        raw: Mapping[str, Any] = followed[0] if followed else {}
        return {
            key: value for key, value in raw.items() if (key in _ITEM_WORDS or key.startswith("x-")) and key != EXTRA
        }

    def _pointer(self, at: At) -> str:
        return self.schemas.references.id(at)

    def _operation(self, found: Found, security: list[Any], *, hook: bool) -> Schema:
        raw, at = found.raw, found.at
        identifier = self.ids[found.path, self._pointer(at)]
        place = Place(f"operation:{identifier}", identifier)
        operation: Schema = {"operationId": identifier}
        for word in ("summary", "description"):
            if raw.get(word) is not None:
                operation[word] = str(raw[word])
        tags = raw.get("tags")
        if is_list(tags):
            operation["tags"] = [str(tag) for tag in tags]
        for word, kind in (("externalDocs", dict), ("deprecated", bool)):
            if isinstance(raw.get(word), kind):
                operation[word] = raw[word]
        operation["parameters"] = self.parameters.of(found, place, hook=hook)
        if raw.get("requestBody") is not None:
            body = self._request_body(raw["requestBody"], at.child("requestBody"), place)
            if body is not None:
                operation["requestBody"] = body
        responses, responses_at = self.schemas.references.followed(raw.get("responses"), at.child("responses"))
        operation["responses"] = self._responses(responses, responses_at, place, found.method)
        declared = requirements(raw.get("security"))
        # an empty list says that no credentials are needed, which `{}` says too; where nothing is said it stays empty
        operation["security"] = security if declared is None else declared or [{}]
        if own := servers(raw.get("servers")) or servers(found.item.get("servers")):
            operation["servers"] = own
        operation |= {key: value for key, value in raw.items() if key.startswith("x-")}
        operation["x-source"] = self._pointer(at)
        self._callbacks(raw.get("callbacks"), at.child("callbacks"), identifier)
        return operation

    def _name(self, found: list[Found], fallback: str | None = None) -> None:
        """An id for each operation; those that have none, or share one, get it from method and path."""
        declared = Counter(_declared(one) for one in found)
        used = {*self.ids.values()}
        for one in found:
            name = _declared(one)
            if not name:
                name = _made(one, fallback)
            elif (declared[name] > 1 and self.published.get(_key(one)) != name) or name in used:
                self.schemas.account.note(
                    self._pointer(one.at), f"the operationId {name!r} is there twice", "operation"
                )
                name = f"{name}_{_made(one, fallback)}"
            if name in used:
                name = f"{name}_{digest(one.method + one.path)}"
            used.add(name)
            self.ids[one.path, self._pointer(one.at)] = name
            self.keys[_key(one)] = name

    def _request_body(self, raw: Any, at: At, place: Place) -> Schema | None:
        found = self.schemas.follow(raw, at, "body")
        if found is None:
            return None
        value, where = found
        return self.schemas.placed(value, where, place.child("request"), self._body)

    def _body(self, raw: Mapping[str, Any], at: At, place: Place) -> Schema:
        kept: dict[str, type] = {"description": str, "required": bool}
        body: Schema = {
            key: item for key, item in raw.items() if key.startswith("x-") or isinstance(item, kept.get(key, ()))
        }
        body["content"] = self.contents.content(raw.get("content"), at.child("content"), place)
        if not body["content"]:
            self.schemas.account.note(self._pointer(at), "a request body without content is any", "body")
            body["content"] = {"*/*": {"schema": {}}}
        return body

    def _responses(self, raw: Any, at: At, place: Place, method: str) -> Schema:
        responses: Schema = {}
        kept: list[tuple[str, Mapping[str, Any], At]] = []
        for status, response in (raw if is_map(raw) else {}).items():
            text = str(status)
            if text.startswith("x-"):
                continue
            name = text.upper() if text[:1].isdigit() else text.lower()
            found = self.schemas.follow(response, at.child(text), "response")
            if not _STATUS.match(name):
                self.schemas.account.lose(self._pointer(at.child(text)), f"{text!r} is no status code", "response")
            elif found is not None:
                value, where = found
                kept.append((name, self._without_content(value, where, name, method), where))
        plain = _plain_status([(name, value) for name, value, _ in kept])
        for name, value, where in kept:
            words = ("response",) if name == plain else (name.lower(), "response")
            responses[name] = self.schemas.placed(value, where, place.child(*words), self._response)
        if not kept:
            responses["2XX"] = {"description": "Not documented.", "content": {"*/*": {"schema": {}}}}
        return responses

    def _without_content(self, raw: Mapping[str, Any], at: At, status: str, method: str) -> Mapping[str, Any]:
        """A response without the content that HTTP does not let it have (RFC 9110, sections 6.4.1 and 9.3.2)."""
        if not raw.get("content") or (status not in _BODILESS and method.upper() != "HEAD"):
            return raw
        what = "an answer to HEAD" if method.upper() == "HEAD" else f"a response {status}"
        self.schemas.account.note(self._pointer(at), f"{what} has no content; that is left out", "response")
        return {key: value for key, value in raw.items() if key != "content"}

    def _response(self, raw: Mapping[str, Any], at: At, place: Place) -> Schema:
        described = raw.get("description", raw.get("summary", ""))
        response: Schema = {"description": described if isinstance(described, str) else str(described)}
        headers = self.contents.headers(raw.get("headers"), at.child("headers"), place)
        if headers:
            response["headers"] = headers
        content = self.contents.content(raw.get("content"), at.child("content"), place)
        if content:
            response["content"] = content
        links = raw.get("links")
        if is_map(links) and links:
            found = {
                str(name): self.schemas.follow(link, at.child("links", name), "document")
                for name, link in links.items()
            }
            response["links"] = {name: dict(one[0]) for name, one in found.items() if one}
        return response | {key: value for key, value in raw.items() if key.startswith("x-")}

    def _callbacks(self, raw: Any, at: At, operation: str) -> None:
        """Callbacks become webhooks, under the operation's id and their own name."""
        for name, callback in (raw if is_map(raw) else {}).items():
            found = self.schemas.follow(callback, at.child(name), "webhook")
            if found is None:
                continue
            value, where = found
            if where in self._open:
                self.schemas.account.note(self._pointer(at.child(name)), "the callback leads back to itself", "webhook")
                continue
            self._open.add(where)
            items = [(key, item) for key, item in _items(value)]
            for expression, item in items:
                hook = f"{operation}.{name}" + (f".{_expression(expression)}" if len(items) > 1 else "")
                self._hook(hook, item, where.child(expression), f"{operation} {name}")
                self.webhooks[hook]["x-callback-expression"] = expression
            self._open.discard(where)


def _items(raw: Any) -> Iterator[tuple[str, Any]]:
    for name, item in (raw if is_map(raw) else {}).items():
        if not str(name).startswith("x-"):
            yield str(name), item


def _put(item: Schema, method: str, operation: Schema) -> None:
    if method in METHODS:
        item[method] = operation
    else:
        item.setdefault(EXTRA, {})[method.upper()] = operation


def _plain_status(responses: list[tuple[str, Mapping[str, Any]]]) -> str:
    """The status whose answer needs no status in its name: the lowest success that has a body."""
    successes = sorted(name for name, value in responses if name.startswith("2") and value.get("content"))
    return successes[0] if successes else "200"


def _key(one: Found) -> str:
    return f"{one.method.upper()} {one.path}"


def _declared(one: Found) -> str:
    value = one.raw.get("operationId")
    return str(value).strip() if value is not None else ""


def _made(one: Found, fallback: str | None) -> str:
    """`GET /pets/{id}` → `get_pets_by_id`."""
    text = fallback or one.path
    words = re.sub(r"\{([^}]*)\}", r" by \1 ", text)
    parts = re.findall(r"\w+", words)
    return "_".join([one.method.lower(), *(parts or ["root"])])


def _expression(text: str) -> str:
    return "_".join(re.findall(r"\w+", text)) or "callback"
