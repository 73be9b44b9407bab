"""Operation values → modules, by the templates in `templates/`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import jinja2

from wirewright_codegen import text
from wirewright_codegen.document import UntrustedString, plain
from wirewright_codegen.models.hints import names_in
from wirewright_codegen.naming import class_name, identifier, unique
from wirewright_codegen.operations.code import Code, hidden_builtins
from wirewright_codegen.operations.commands import command_of, credential_options, kebab
from wirewright_codegen.operations.faces import FACES, Face, MethodCode, ResourceView
from wirewright_codegen.operations.imports import VALUE_MODULES, Imports
from wirewright_codegen.operations.media import base_of, is_json
from wirewright_codegen.operations.shared import scheme_views, server_views
from wirewright_codegen.operations.values import ApiSpec, Operation

TEMPLATES = Path(__file__).parent.parent / "templates"
_TAKEN_CLASSES = frozenset(
    {"Api", "Auth", "AuthLike", "Client", "Download", "EventStream", "File", "FileContent", "Response"}
)


@cache
def environment() -> jinja2.Environment:
    """Templates with the escaping filters; a name that a template does not know is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the output is Python, escaped by the filters below
    )
    made.filters["literal"] = text.literal
    made.filters["docstring"] = text.docstring
    return made


def _render(template: str, **values: object) -> str:
    return environment().get_template(f"{template}.py.jinja2").render(**values)


def write_package(api: ApiSpec, flavour: str, package: str, *, cli: bool = False) -> dict[str, str]:
    """All modules of a package but its models, by path inside it, not formatted yet."""
    files: dict[str, str] = {}
    by_resource: dict[str, list[Operation]] = defaultdict(list)
    for operation in api.operations:
        by_resource[operation.resource].append(operation)
    bases = _bases(api.resources)
    views: list[ResourceView] = []
    for resource in api.resources:
        own = by_resource[resource]
        title = _title(resource, api)
        files[f"operations/{resource}.py"] = _operations(own, title)
        files[f"resources/{resource}.py"] = _resources(resource, bases[resource], own, title)
        views.append(ResourceView(resource, bases[resource], text.docstring(title, indent=8)))
    homes = _homes(api, by_resource)
    files["operations/__init__.py"] = _render("operations_init", table=_table(homes))
    files["operations/__init__.pyi"] = _operations_stub(api.resources, homes)
    files["resources/__init__.py"] = '"""Resources: the methods of each group of operations, sync and async."""\n'
    files["client.py"] = _client(api, views)
    files["_package.py"] = _package(api, flavour)
    files["__init__.py"] = _init(api)
    if api.webhooks:
        files["webhooks.py"] = _webhooks(api)
    if any(scheme_views(api.security)):
        files["auth.py"] = _auth(api)
    if cli:
        files |= _cli(api, by_resource, package)
    files["py.typed"] = ""
    return files


def _title(resource: str, api: ApiSpec) -> str:
    return text.sentence(api.resource_docs.get(resource, "")) or f"The `{resource}` operations."


def _operations(own: list[Operation], title: str) -> str:
    hidden = hidden_builtins(op.function for op in own)
    codes = [Code(op, hidden) for op in own]
    imports = Imports()
    for code in codes:
        imports.add(code.names, runtime=False)
        imports.add(code.runtime_names, runtime=True)
        for name in code.runtime_classes | {code.request_class}:
            imports.runtime[VALUE_MODULES[name]].add(name)
        if code.pages:
            imports.runtime["wirewright.pagination"].add("Pages")
    imports.runtime[".._package"].add("CODEC")
    if any("m" in code.names | code.runtime_names for code in codes):
        imports.runtime[".."].add("models as m")
    return _render("operations", title=text.docstring(title, indent=0)[3:-3], imports=imports.text(), codes=codes)


def _bases(resources: Iterable[str]) -> dict[str, str]:
    """Class names of the resources, none of them a name that the modules use otherwise."""
    wanted = {resource: [class_name(resource), f"{class_name(resource)}Resource"] for resource in resources}
    plain = {
        resource: wishes if not wishes[0].startswith("Async") and not wishes[0].endswith("WithResponse") else wishes[1:]
        for resource, wishes in wanted.items()
    }
    return unique(plain, taken=_TAKEN_CLASSES)


def _resources(resource: str, base: str, own: list[Operation], title: str) -> str:
    hidden = hidden_builtins(op.method for op in own)
    codes = [MethodCode(op, hidden) for op in sorted(own, key=lambda op: op.method)]
    faces = [Face(f.asynchronous, f.plain, f.of(base), _face_doc(f, title, base)) for f in FACES]
    imports = Imports()
    for code in codes:
        imports.add(code.names, runtime=False)
    imports.typing_only["wirewright.client"] |= {"AsyncClient", "Client"}
    if any(op.stream for op in own):
        imports.typing_only["wirewright.streams"] |= {"AsyncEventStream", "EventStream"}
    if any(not op.stream for op in own):
        imports.typing_only["wirewright.response"].add("Response")
    if any(code.pages for code in codes):
        imports.runtime["wirewright.pagination"] |= {"apaginate", "paginate"}
        imports.typing_only["collections.abc"] |= {"AsyncIterator", "Iterator"}
    if any("m" in code.names for code in codes):
        imports.typing_only[".."].add("models as m")
    imports.runtime["..operations"].add(f"{resource} as operations")
    return _render(
        "resources", title=text.docstring(title, indent=0)[3:-3], imports=imports.text(), codes=codes, faces=faces
    )


def _face_doc(face: Face, title: str, base: str) -> str:
    if face.plain:
        return text.docstring(title)
    return text.docstring(
        f"The methods of `{face.of(base).removesuffix('WithResponse')}`, answered with status and headers."
    )


def _homes(api: ApiSpec, by_resource: Mapping[str, list[Operation]]) -> dict[str, str]:
    """Function → resource, but for functions called as a resource is: those are had from its module."""
    return {
        op.function: resource
        for resource in api.resources
        for op in by_resource[resource]
        if op.function not in by_resource
    }


def _table(homes: Mapping[str, str]) -> str:
    rows: dict[str, list[str]] = defaultdict(list)
    for name, home in homes.items():
        rows[home].append(name)
    return "\n".join(f"{home}: {' '.join(sorted(names))}" for home, names in sorted(rows.items()))


def _operations_stub(resources: Iterable[str], homes: Mapping[str, str]) -> str:
    lines = ['"""Endpoint functions of all resources."""', ""]
    lines += [f"from . import {resource} as {resource}" for resource in resources]
    lines += [
        f"from .{home} import {name} as {name}" for name, home in sorted(homes.items(), key=lambda i: (i[1], i[0]))
    ]
    return "\n".join(lines) + "\n"


def _client(api: ApiSpec, views: list[ResourceView]) -> str:
    title = text.sentence(api.title) or "The API."
    docs: dict[tuple[bool, bool], str] = {
        (False, True): f"{title} Methods return when the answer is there.",
        (True, True): f"{title} Methods are coroutines.",
        (False, False): "The resources of `Api`, answered with status and headers.",
        (True, False): "The resources of `AsyncApi`, answered with status and headers.",
    }
    faces = [Face(f.asynchronous, f.plain, f.of("Api"), text.docstring(docs[f.asynchronous, f.plain])) for f in FACES]
    return _render("client", resources=views, faces=faces, has_server=bool(_base_url(api)))


def _base_url(api: ApiSpec) -> str:
    for server in api.servers:
        url = plain(server.url)
        for variable in server.variables:
            url = url.replace("{" + plain(variable.wire) + "}", plain(variable.default))
        if url.startswith(("http://", "https://")):
            return url.rstrip("/")
    return ""


def _package(api: ApiSpec, flavour: Literal["msgspec", "attrs", "pydantic"] | str) -> str:
    servers = ", ".join(
        f"{text.literal(s.url)}: {text.literal(text.sentence(s.doc))}" for s in api.servers if plain(s.url) != "/"
    )
    rows = "".join(f"({''.join(f'{text.literal(name)}, ' for name in row)}), " for row in api.default_security)
    return _render(
        "package",
        flavour=flavour,
        base_url=_base_url(api),
        servers=f"{{{servers}}}",
        default_security=f"({rows})" if rows else "",
        variable_servers=server_views(api.servers),
    )


def _auth(api: ApiSpec) -> str:
    imports = Imports()
    schemes = scheme_views(api.security)
    for scheme in schemes:
        for module, name in scheme.imports:
            imports.runtime[module].add(name)
    return _render("auth", imports=imports.text(), schemes=schemes)


def _cli(api: ApiSpec, by_resource: Mapping[str, list[Operation]], package: str) -> dict[str, str]:
    prefix = identifier(package.split(".", maxsplit=1)[0]).upper()
    options = credential_options(api.security, prefix)
    helpers = sorted({option.expression.partition("(")[0] for option in options})
    rows = [{"command": kebab(resource), "module": resource} for resource in api.resources]
    doc = text.docstring(text.sentence(api.title) or "The API.")
    files = {
        "cli.py": _render("cli", resources=rows, schemes=options, credential_helpers=helpers, prefix=prefix, doc=doc),
        "commands/__init__.py": '"""Commands of `cli`, a module for each resource."""\n',
    }
    for resource in api.resources:
        commands = [command_of(op) for op in sorted(by_resource[resource], key=lambda op: op.method)]
        title = _title(resource, api)
        used = sorted(set[str]().union(*(command.helpers for command in commands)))
        files[f"commands/{resource}.py"] = _render(
            "commands", title=text.docstring(title, indent=0)[3:-3], help=title, helpers=used, commands=commands
        )
    return files


@dataclass(frozen=True, slots=True)
class _Hook:
    """A webhook as its template needs it."""

    function: str
    event: UntrustedString
    type: str
    media_type: str
    docstring: str


def _webhooks(api: ApiSpec) -> str:
    hooks: list[_Hook] = []
    imports = Imports()
    for hook in api.webhooks:
        words = text.paragraphs([text.sentence(hook.doc) or f"Parse `{text.clean(plain(hook.event))}`.", hook.doc])
        media_type = "" if is_json(hook.media_type) or base_of(hook.media_type) == "*/*" else hook.media_type
        hooks.append(_Hook(hook.name, hook.event, hook.type, media_type, text.docstring(words)))
        imports.add(names_in(hook.type), runtime=True)
    imports.runtime["collections.abc"] |= {"Callable", "Mapping"}
    imports.runtime["typing"].add("Any")
    imports.runtime["wirewright"].add("codecs")
    imports.runtime["._package"].add("CODEC")
    if any("m." in hook.type for hook in hooks):
        imports.runtime["."].add("models as m")
    written = [hook for hook in hooks if hook.media_type]
    is_special = bool(written) or any(hook.type == "None" for hook in hooks)
    if is_special:
        imports.runtime["wirewright.bodies"].add("decode_message")
    return _render("webhooks", imports=imports.text(), webhooks=hooks, written=written, is_special=is_special)


def _init(api: ApiSpec) -> str:
    version = text.clean(api.version)
    words = text.paragraphs(
        [f"{text.sentence(api.title)} Version {version}." if version else text.sentence(api.title), api.description]
    )
    names = ["Api", "AsyncApi", "models", "operations", *(["webhooks"] if api.webhooks else [])]
    return _render("init", doc=text.docstring(words, indent=0), names=names, webhooks=bool(api.webhooks))
