"""Operations as source: signatures, calls and docstrings. Templates ask here, and hold no decisions themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from wirewright_codegen import text
from wirewright_codegen.document import plain
from wirewright_codegen.models.hints import names_in
from wirewright_codegen.operations.values import Location, Media, Operation, Parameter

_BUILTINS = frozenset({"list", "dict", "str", "int", "float", "bool", "bytes", "tuple"})
_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|(?<![\w.])[A-Za-z_]\w*")
_ERRORS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Gone",
    412: "PreconditionFailed", 422: "Unprocessable", 429: "RateLimited",
}  # fmt: skip
_LOCATIONS: tuple[tuple[Location, str], ...] = (
    ("path", "path"), ("query", "query"), ("querystring", "query"), ("header", "headers"), ("cookie", "cookies"),
)  # fmt: skip


class Code:
    """One operation, as the templates write it."""

    def __init__(self, operation: Operation, hidden: frozenset[str] = frozenset()) -> None:
        self.operation = operation
        self._hidden = hidden

    @cached_property
    def path_parameters(self) -> list[Parameter]:
        """Path parameters in the order of the path."""
        order = plain(self.operation.path)
        return sorted(self.operation.by_location("path"), key=lambda p: order.find("{" + plain(p.wire) + "}"))

    @cached_property
    def keyword_parameters(self) -> list[Parameter]:
        """All other parameters, required ones first."""
        others = [p for p in self.operation.parameters if p.location != "path"]
        return sorted(others, key=lambda p: not p.required)

    @property
    def signature(self) -> str:
        """What stands between the brackets of a `def`, without `self`."""
        parts = [f"{p.name}: {self._shown(p.annotation)}" for p in self.path_parameters]
        body = self.operation.body
        if body is not None and body.required:
            parts.append(f"body: {self._shown(body.annotation)}")
        keywords = [self._keyword(p) for p in self.keyword_parameters]
        if body is not None and not body.required:
            keywords.append(f"body: {self._shown(body.annotation)} | UnsetType = UNSET")
        if self._media_types:
            shown = ", ".join(self._media_types)
            keywords.append(f"media_type: Literal[{shown}] = {self._media_types[0]}")
        return ", ".join([*parts, *(["*", *keywords] if keywords else [])])

    def _keyword(self, parameter: Parameter) -> str:
        kind = self._shown(parameter.annotation)
        if parameter.required:
            return f"{parameter.name}: {kind}"
        if kind == "Any" or kind.endswith("None"):
            return f"{parameter.name}: {kind} = None"
        return f"{parameter.name}: {kind} | None = None"

    @property
    def _media_types(self) -> list[str]:
        """Where a caller must choose."""
        body = self.operation.body
        return [text.literal(c.media_type) for c in body.contents] if body and len(body.contents) > 1 else []

    @property
    def arguments(self) -> str:
        """The call of the endpoint function from a method."""
        positional = [p.name for p in self.path_parameters]
        body = self.operation.body
        if body is not None and body.required:
            positional.append("body")
        keywords = [p.name for p in self.keyword_parameters]
        keywords += ["body"] if body is not None and not body.required else []
        keywords += ["media_type"] if self._media_types else []
        return ", ".join([*positional, *(f"{name}={name}" for name in keywords)])

    @property
    def values(self) -> str:
        """What the request is made from."""
        parts = [self.operation.constant]
        for location, keyword in _LOCATIONS:
            own = (
                self.path_parameters
                if location == "path"
                else [p for p in self.keyword_parameters if p.location == location]
            )
            if own:
                pairs = ", ".join(f"{text.literal(p.wire)}: {p.name}" for p in own)
                parts.append(f"{keyword}={{{pairs}}}")
        merged = [part for part in parts if part.startswith("query=")]
        if len(merged) > 1:
            parts = [p for p in parts if not p.startswith("query=")]
            parts.append("query={" + ", ".join(part[len("query={") : -1] for part in merged) + "}")
        if self.operation.body is not None:
            parts.append("body=body")
        if self._media_types:
            parts.append("media_type=media_type")
        return ", ".join(parts)

    def returns(self, prefix: str = "Request") -> str:
        """The return type of the endpoint function or, with another prefix, of a method."""
        return self.wrapped(prefix)

    def wrapped(self, outer: str) -> str:
        """`outer[T]`; T alone for no outer."""
        inner = self._shown(self.operation.returns)
        return f"{outer}[{inner}]" if outer else inner

    @property
    def request_class(self) -> str:
        """The class of the request."""
        return "StreamRequest" if self.operation.stream else "Request"

    def _shown(self, annotation: str) -> str:
        """The annotation where functions of the module hide builtins: those are named in full."""
        if not self._hidden:
            return annotation
        return _TOKEN.sub(lambda t: f"builtins.{t[0]}" if t[0] in self._hidden else t[0], annotation)

    @property
    def names(self) -> set[str]:
        """Names that the signature and the return type use."""
        found: set[str] = set()
        op = self.operation
        pages = [op.pagination.item_annotation] if op.pagination else []
        for kind in [
            op.returns,
            *pages,
            *(p.annotation for p in op.parameters),
            *([op.body.annotation] if op.body else []),
        ]:
            found |= names_in(self._shown(kind))
        if self._media_types:
            found.add("Literal")
        if op.body is not None and not op.body.required:
            found |= {"UNSET", "UnsetType"}
        return found

    @property
    def declaration(self) -> str:
        """The arguments of `Operation(...)`."""
        op = self.operation
        parts = [text.literal(op.id), text.literal(op.http_method), text.literal(op.path), "codec=CODEC"]
        if special := [self._parameter(p) for p in op.parameters if p.is_special]:
            parts.append(f"parameters=({', '.join(special)},)")
        if op.body is not None:
            parts.append(f"request=({', '.join(self._content(c) for c in op.body.contents)},)")
        if op.responses:
            parts.append(f"responses={{{', '.join(self._response(r.status, r.contents) for r in op.responses)}}}")
        if op.security:
            parts.append(f"security={_tuples(op.security)}")
        if op.idempotency_header is not None:
            parts.append(f"idempotency_header={text.literal(op.idempotency_header)}")
        if op.idempotent is not None:
            parts.append(f"idempotent={op.idempotent}")
        if op.server is not None:
            parts.append(f"server={text.literal(op.server)}")
        if op.deprecated:
            parts.append("deprecated=True")
        return ", ".join(parts)

    def _response(self, status: str, contents: tuple[Media, ...]) -> str:
        inner = ", ".join(self._content(c) for c in contents)
        return f"{text.literal(status)}: ({inner}{',' if contents else ''})"

    def _content(self, media: Media) -> str:
        parts = [text.literal(media.media_type)]
        if media.type is not None and media.type != "File | FileContent":
            parts.append(f"lambda: {self._shown(media.type)}")
        if media.envelope is not None:
            member = text.literal(media.envelope)
            parts.append(
                f"envelope=Envelope({member}, optional=True)" if media.envelope_optional else f"envelope={member}"
            )
        if media.events:
            pairs = ", ".join(f"{text.literal(name)}: lambda: {self._shown(kind)}" for name, kind in media.events)
            parts.append(f"events={{{pairs}}}")
        if media.encoding:
            pairs = ", ".join(f"{text.literal(e.name)}: {_encoding(e)}" for e in media.encoding)
            parts.append(f"encoding={{{pairs}}}")
        return f"Content({', '.join(parts)})"

    @staticmethod
    def _parameter(parameter: Parameter) -> str:
        parts = [text.literal(parameter.location), text.literal(parameter.wire)]
        parts += [f"style={text.literal(parameter.style)}"] if parameter.style is not None else []
        parts += [f"explode={parameter.explode}"] if parameter.explode is not None else []
        parts += ["allow_reserved=True"] if parameter.allow_reserved else []
        parts += [f"media_type={text.literal(parameter.media_type)}"] if parameter.media_type is not None else []
        parts += ["nullable=True"] if parameter.nullable else []
        return f"Parameter({', '.join(parts)})"

    @property
    def pages(self) -> str:
        """The arguments of `Pages(...)`; empty for an operation without pages."""
        found = self.operation.pagination
        if found is None:
            return ""
        parts = [text.literal(found.style)]
        parts += [f"items=({''.join(f'{text.literal(step)}, ' for step in found.items)})"] if found.items else []
        for name, value in (("next", found.next), ("parameter", found.parameter), ("limit", found.limit)):
            parts += [f"{name}={text.literal(value)}"] if value is not None else []
        return ", ".join(parts)

    def items(self, outer: str) -> str:
        """`outer[T]` of the items of all pages."""
        assert self.operation.pagination is not None
        return f"{outer}[{self._shown(self.operation.pagination.item_annotation)}]"

    @property
    def pages_docstring(self) -> str:
        """For the method that walks all pages."""
        return text.docstring(f"Every item of all pages of `{self.operation.method}`, fetched as they are iterated.")

    @property
    def runtime_names(self) -> set[str]:
        """Names that the declaration uses when a call is decoded."""
        op = self.operation
        contents = [c for r in op.responses for c in r.contents] + list(op.body.contents if op.body else ())
        kinds = [kind for c in contents for kind in (c.type, *(k for _, k in c.events)) if kind]
        return set[str]().union(*(names_in(self._shown(kind)) for kind in kinds if kind != "File | FileContent"))

    @property
    def runtime_classes(self) -> set[str]:
        """Classes of the runtime that the declaration uses."""
        op = self.operation
        contents = [c for r in op.responses for c in r.contents] + list(op.body.contents if op.body else ())
        found = {"Operation"}
        found |= {"Parameter"} if any(p.is_special for p in op.parameters) else set()
        found |= {"Content"} if contents else set()
        found |= {"Envelope"} if any(c.envelope_optional for c in contents) else set()
        return found | ({"Encoding"} if any(c.encoding for c in contents) else set())

    @cached_property
    def docstring(self) -> str:
        """Summary, place, description, arguments, answer and errors."""
        op = self.operation
        summary = text.sentence(op.summary) or text.sentence(op.description) or f"Call `{text.clean(plain(op.id))}`."
        description = text.clean(op.description)
        if not op.summary and description:
            description = description.split("\n\n", 1)[1] if "\n\n" in description else ""
        parts = [
            summary,
            "Deprecated." if op.deprecated else "",
            self._place(),
            description,
            self._args(),
            self._raises(),
        ]
        return text.docstring(text.paragraphs(parts))

    def _place(self) -> str:
        kind = {"sse": ", server-sent events", "lines": ", JSON lines", None: ""}[self.operation.stream]
        return f"`{self.operation.http_method} {text.clean(plain(self.operation.path))}`{kind}."

    def _args(self) -> str:
        body = self.operation.body
        shown = [(p.name, p.doc) for p in self.path_parameters]
        shown += [("body", text.clean(body.doc))] if body is not None and body.required else []
        shown += [(p.name, p.doc) for p in self.keyword_parameters]
        shown += [("body", text.clean(body.doc))] if body is not None and not body.required else []
        return _section("Args", [(name, doc) for name, doc in shown if doc])

    def _raises(self) -> str:
        found: dict[str, list[str]] = {}
        for response in self.operation.responses:
            name = _error_name(response.status)
            if name:
                doc = text.sentence(response.doc)
                found.setdefault(name, []).append(f"{response.status}" + (f": {doc}" if doc else "."))
        return _section("Raises", [(name, " ".join(docs)) for name, docs in found.items()])

    @property
    def short_docstring(self) -> str:
        """For the faces that answer the same otherwise."""
        return text.docstring(f"As `{self.operation.method}`, answered with status and headers.")


def _encoding(encoding: object) -> str:
    from wirewright_codegen.operations.values import PartEncoding

    assert isinstance(encoding, PartEncoding)
    parts = [f"content_type={text.literal(encoding.content_type)}"] if encoding.content_type is not None else []
    parts += [f"style={text.literal(encoding.style)}"] if encoding.style is not None else []
    parts += [f"explode={encoding.explode}"] if encoding.explode is not None else []
    parts += ["allow_reserved=True"] if encoding.allow_reserved else []
    return f"Encoding({', '.join(parts)})"


def _tuples(requirements: Iterable[Iterable[object]]) -> str:
    rows = [f"({''.join(f'{text.literal(name)}, ' for name in row)})" for row in requirements]  # type: ignore[arg-type]
    return f"({''.join(f'{row}, ' for row in rows)})"


def _error_name(status: str) -> str | None:
    if status.isdigit():
        number = int(status)
        if number in _ERRORS:
            return _ERRORS[number]
        return "ClientError" if 400 <= number < 500 else "ServerError" if 500 <= number < 600 else None
    return {"4XX": "ClientError", "5XX": "ServerError"}.get(status)


def _section(title: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    lines = [f"{title}:"]
    for name, doc in rows:
        words = " ".join(doc.split())
        lines += [
            ("    " if number == 0 else "        ") + line
            for number, line in enumerate(text.wrapped(f"{name}: {words}", text.WIDTH))
        ]
    return "\n".join(lines)


def hidden_builtins(names: Iterable[str]) -> frozenset[str]:
    """Builtin types that functions of these names hide."""
    return _BUILTINS & frozenset(names)
