"""Flat calls: one function per operation whose arguments are the fields of its body, answered by plain JSON.

For SDKs whose users expect `client.gateway.create_slot(worker_id="w")` and a dictionary back. The modules load no
model and need nothing but `wirewright`; sync and async faces share them (`wirewright.calls`). How the arguments are
laid out is said in the spec (`x-positional`, `x-argument`, `x-omit`, `x-result`, ...; see specs/README.md).

    [[tool.wirewright.packages]]
    spec = "specs/sbn/0.14"
    package = "sbn_api.v0_14"
    calls = "sbn_calls"
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from wirewright_codegen.errors import SpecError
from wirewright_codegen.naming import class_name, identifier
from wirewright_codegen.records import render_records
from wirewright_codegen.tables import render_tables
from wirewright_codegen.text import docstring, literal, sentence

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
Json = Mapping[str, Any]
_NO_CONTENT: tuple[str, Json] = ("application/json", {})


@dataclass(slots=True)
class Argument:
    """One argument of a call: where its value goes and when it is left out."""

    name: str
    wire: str
    place: str  # path, query, header, body or whole
    schema: Json
    required: bool
    omit: str | None = None  # "empty", "default" or None
    text: str = ""

    @property
    def has_default(self) -> bool:
        return "default" in self.schema

    @property
    def default(self) -> Any:
        return self.schema.get("default")

    @property
    def annotation(self) -> str:
        kind = python_type(self.schema)
        optional = not self.required and (not self.has_default or isinstance(self.default, dict | list))
        return f"{kind} | None" if optional and not kind.endswith("| None") else kind

    @property
    def declaration(self) -> str:
        if self.required:
            return f"{self.name}: {self.annotation}"
        default = self.default if not isinstance(self.default, dict | list) else None
        return f"{self.name}: {self.annotation} = {literal(default)}"

    @property
    def value(self) -> str:
        """The expression that is sent; None means "leave out"."""
        if self.omit == "empty":
            return f"{self.name} or None"
        if self.omit == "default":
            return f"None if {self.name} == {literal(self.default)} else {self.name}"
        if self.has_default and type(self.default) in {dict, list}:
            return f"{self.name} if {self.name} is not None else {self.default!r}"
        return self.name


@dataclass(slots=True)
class FlatCall:
    """One operation as a function."""

    id: str
    name: str
    method: str
    path: str
    summary: str
    description: str
    arguments: list[Argument]
    positional: list[str]
    media_type: str | None = None
    empty_body: bool = False
    reads: str = "whole"
    returns: str = "dict[str, Any]"
    in_class: bool = True
    idempotency_header: str | None = None
    idempotent: bool | None = None
    path_parameters: list[str] = field(default_factory=list[str])
    arrays: list[str] = field(default_factory=list[str])

    @property
    def constant(self) -> str:
        return self.name.upper().strip("_")


def python_type(schema: Json) -> str:
    """What a caller passes for a schema: the widest type that is written the same."""
    kinds = schema.get("type")
    if isinstance(kinds, list):
        several = cast("list[str]", kinds)
        inner = python_type({**schema, "type": next(kind for kind in several if kind != "null")})
        return f"{inner} | None" if "null" in several else inner
    if "anyOf" in schema:
        members = [member for member in schema["anyOf"] if member.get("type") != "null"]
        inner = python_type(members[0]) if len(members) == 1 else "Any"
        return f"{inner} | None" if len(members) < len(schema["anyOf"]) else inner
    if kinds == "array":
        return f"Sequence[{python_type(schema.get('items', {}))}]"
    if schema.get("$ref") or kinds == "object":
        values = schema.get("additionalProperties")
        return f"Mapping[str, {python_type(cast('Json', values)) if isinstance(values, dict) else 'Any'}]"
    return {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}.get(str(kinds), "Any")


class Reader:
    """Reads flat calls out of a document whose only references are to its schemas."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.schemas: Json = document.get("components", {}).get("schemas", {})

    def groups(self) -> dict[str, list[FlatCall]]:
        """The calls by tag, in the document's order."""
        groups: dict[str, list[FlatCall]] = defaultdict(list)
        for path, method, operation in self._operations():
            tag = str((operation.get("tags") or ["default"])[0])
            groups[identifier(tag)].append(self._call(tag, path, method, operation))
        return dict(groups)

    def _operations(self) -> Iterator[tuple[str, str, Json]]:
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield path, method, item[method]

    def _call(self, tag: str, path: str, method: str, operation: Json) -> FlatCall:
        identity = str(operation["operationId"])
        call = FlatCall(
            id=identity,
            name=operation.get("x-method") or method_name(identity, tag),
            method=method.upper(),
            path=path,
            summary=sentence(operation.get("summary", identity)),
            description=str(operation.get("description", "")),
            arguments=[self._parameter(parameter) for parameter in operation.get("parameters", ())],
            positional=list(operation.get("x-positional", ())),
            in_class=operation.get("x-flat") != "function",
            idempotency_header=operation.get("x-idempotency-key"),
            idempotent=operation.get("x-idempotent"),
        )
        call.path_parameters = [argument.wire for argument in call.arguments if argument.place == "path"]
        call.arrays = [
            argument.wire
            for argument in call.arguments
            if argument.place == "query" and argument.schema.get("type") == "array"
        ]
        self._body(call, operation)
        self._answer(call, operation)
        return call

    def _parameter(self, parameter: Json) -> Argument:
        return Argument(
            name=parameter.get("x-argument") or identifier(parameter["name"]),
            wire=parameter["name"],
            place=parameter["in"],
            schema=self._scalar(parameter.get("schema", {})),
            required=bool(parameter.get("required")),
            omit=parameter.get("x-omit"),
            text=parameter.get("description", ""),
        )

    def _body(self, call: FlatCall, operation: Json) -> None:
        body = operation.get("requestBody")
        if body is None:
            return
        media_type, content = next(iter(body["content"].items()))
        schema = self._resolved(content.get("schema", {}))
        call.media_type = media_type
        if name := operation.get("x-body-argument"):
            call.arguments.append(
                Argument(name, name, "whole", {"type": "object"}, required=True, text=schema.get("description", ""))
            )
            return
        properties: Json = schema.get("properties", {})
        call.empty_body = not properties
        required = schema.get("required", ())
        for wire, member in properties.items():
            call.arguments.append(
                Argument(
                    name=member.get("x-argument") or identifier(wire),
                    wire=wire,
                    place="body",
                    schema=self._scalar(member),
                    required=wire in required,
                    omit=member.get("x-omit"),
                    text=member.get("description", ""),
                )
            )

    def _answer(self, call: FlatCall, operation: Json) -> None:
        contents: Json = operation["responses"].get("200", {}).get("content", {})
        media_type, content = next(iter(contents.items()), _NO_CONTENT)
        if not media_type.endswith("json"):
            call.reads, call.returns = "text", "str"
            return
        schema = self._resolved(content.get("schema", {}))
        envelope = content.get("x-envelope")
        if operation.get("x-raw"):
            envelope = None
        if result := operation.get("x-result"):
            call.reads, call.returns = f"member({literal(result)})", "list[dict[str, Any]]"
        elif isinstance(envelope, str):
            array = self._resolved(schema.get("properties", {}).get(envelope, {})).get("type") == "array"
            call.reads = f"member({literal(envelope)})" if array else f"part({literal(envelope)})"
            call.returns = "list[dict[str, Any]]" if array else "dict[str, Any]"
        elif envelope is not None:
            inner = self._resolved(schema.get("properties", {}).get(envelope["member"], {}))
            array = inner.get("type") == "array"
            call.reads = "unwrapped_list" if array else "unwrapped"
            call.returns = "list[dict[str, Any]]" if array else "dict[str, Any]"
        elif schema.get("type") == "array":
            call.reads, call.returns = "whole_list", "list[dict[str, Any]]"

    def _scalar(self, schema: Json) -> Json:
        """A schema; a reference to a named scalar (an enum) stands for it, what is said beside the reference
        counts more.
        """
        target = self._resolved(schema)
        return (
            schema
            if target.get("type") == "object"
            else {**target, **schema, "$ref": None}
            if "$ref" in schema
            else schema
        )

    def _resolved(self, schema: Json) -> Json:
        reference = schema.get("$ref")
        return self.schemas[str(reference).rsplit("/", 1)[-1]] if reference else schema


def method_name(identity: str, tag: str) -> str:
    """`gateway_create_slot` in `gateway` → `create_slot`."""
    return identifier(identity.removeprefix(f"{tag}_"))


class Writer:
    """Writes one module per group."""

    def module(self, group: str, title: str, calls: list[FlatCall]) -> str:
        body = "\n\n".join(part for call in calls for part in (self._operation(call), "\n" + self._function(call)))
        face = self._face(group, title, calls)
        reads = sorted({call.reads.partition("(")[0] for call in calls if call.in_class})
        names = ["Operation", "Request", *(["Call", *reads] if reads else [])]
        used = body + face
        typing = [name for name in ("Any",) if f"{name}" in used]
        abc = [name for name in ("Mapping", "Sequence") if f"{name}[" in used]
        extra = [name for name in ("Parameter", "present") if f"{name}(" in used]
        lines = [
            f'"""{sentence(title)} Flat calls."""\n',
            "from __future__ import annotations\n",
            f"from collections.abc import {', '.join(abc)}" if abc else "",
            f"from typing import {', '.join(typing)}\n" if typing else "",
            f"from wirewright.calls import {', '.join(sorted(names + extra))}\n",
            body,
            "\n\n" + face,
        ]
        return "\n".join(line for line in lines if line).rstrip() + "\n"

    def _operation(self, call: FlatCall) -> str:
        parts = [literal(call.id), literal(call.method), literal(call.path)]
        parameters = [f'Parameter("path", {literal(name)}, allow_reserved=True)' for name in call.path_parameters]
        parameters += [f'Parameter("query", {literal(name)}, explode=False)' for name in call.arrays]
        if parameters:
            parts.append(f"parameters=({', '.join(parameters)},)")
        if call.media_type and call.media_type != "application/json":
            parts.append(f"media_type={literal(call.media_type)}")
        if call.idempotency_header:
            parts.append(f"idempotency_header={literal(call.idempotency_header)}")
        if call.idempotent is not None:
            parts.append(f"idempotent={literal(call.idempotent)}")
        return f"{call.constant} = Operation({', '.join(parts)})"

    def _function(self, call: FlatCall) -> str:
        return "\n".join(
            [
                f"def {call.name}({', '.join(self._signature(call))}) -> Request[Any]:",
                "    " + docstring(self._text(call)),
                f"    return Request({', '.join(self._request(call))})",
            ]
        )

    def _signature(self, call: FlatCall) -> list[str]:
        by_name = {argument.name: argument for argument in call.arguments}
        first = [argument for argument in call.arguments if argument.place == "path"]
        first += [by_name[name] for name in call.positional]
        whole = [argument for argument in call.arguments if argument.place == "whole"]
        plain = [argument for argument in whole if not argument.name.startswith("**")]
        rest = [argument for argument in call.arguments if argument not in first and argument.place != "whole"]
        parts = [argument.declaration for argument in (*first, *plain)]
        if rest:
            parts += [
                "*",
                *(argument.declaration for argument in sorted(rest, key=lambda argument: not argument.required)),
            ]
        return parts + [f"{argument.name}: Any" for argument in whole if argument not in plain]

    def _text(self, call: FlatCall) -> str:
        lines = [
            f"    {argument.name.lstrip('*')}: {sentence(argument.text)}"
            for argument in call.arguments
            if argument.text
        ]
        text = f"{call.summary}\n\n{call.description}\n\n`{call.method} {call.path}`"
        return text + ("\n\nArgs:\n" + "\n".join(lines) if lines else "")

    def _request(self, call: FlatCall) -> list[str]:
        parts = [call.constant]
        for place, keyword in (("path", "path"), ("query", "query"), ("header", "headers")):
            given = [argument for argument in call.arguments if argument.place == place]
            if given:
                parts.append(f"{keyword}={{{self._items(given)}}}")
        whole = next((argument for argument in call.arguments if argument.place == "whole"), None)
        fields = [argument for argument in call.arguments if argument.place == "body"]
        if whole:
            parts.append(f"body={whole.name.lstrip('*')}")
        elif fields:
            always = [a for a in fields if a.omit is None and (a.required or a.has_default)]
            maybe = [a for a in fields if a not in always]
            inside = self._items(always)
            if maybe:
                inside += (", " if inside else "") + f"**present({{{self._items(maybe)}}})"
            parts.append(f"body={{{inside}}}" if always else f"body=present({{{self._items(maybe)}}})")
        elif call.empty_body:
            parts.append("body={}")
        return parts

    def _items(self, arguments: list[Argument]) -> str:
        return ", ".join(f"{literal(argument.wire)}: {argument.value}" for argument in arguments)

    def _face(self, group: str, title: str, calls: list[FlatCall]) -> str:
        lines = [
            f"class {class_name(group)}Calls:",
            f'    """{sentence(title)} Mixed into a sync or an async face."""',
            "",
        ]
        lines += [f"    {call.name} = Call({call.name}, {call.reads})" for call in calls if call.in_class]
        return "\n".join(lines)


def render(document: Json) -> dict[str, str]:
    """All modules of a package of flat calls, by file name. Raises SpecError."""
    titles = {
        identifier(tag["name"]): tag.get("summary") or tag["name"].replace("_", " ").capitalize()
        for tag in document.get("tags", ())
    }
    writer = Writer()
    groups = Reader(document).groups()
    files = {
        f"{group}.py": writer.module(group, titles.get(group, group.replace("_", " ").capitalize()), calls)
        for group, calls in groups.items()
    }
    for more in (render_tables(document), render_records(document)):
        if taken := files.keys() & more.keys():
            raise SpecError(f"two modules would be called {', '.join(sorted(taken))}")
        files |= more
    files["__init__.py"] = f'"""{sentence(document["info"]["title"])} Flat calls, one module per resource."""\n'
    files["py.typed"] = ""
    return files


def build(spec: str) -> dict[str, str]:
    """All files of a package of flat calls for a spec, as they are published."""
    from wirewright_codegen.canonical import canonicalise
    from wirewright_codegen.publish import finished
    from wirewright_codegen.read import read_document

    return finished(render(canonicalise(read_document(spec)).document))
