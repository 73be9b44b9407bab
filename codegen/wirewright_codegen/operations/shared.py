"""Servers and security schemes as source, for `_package.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from wirewright_codegen import naming, text
from wirewright_codegen.document import plain
from wirewright_codegen.operations.values import SecurityChoice, ServerChoice, ServerVariable

_VARIABLE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class FunctionView:
    """A function with one expression."""

    function: str
    signature: str
    doc: str
    expression: str
    kind: str = "str"
    imports: tuple[tuple[str, str], ...] = ()


def server_views(servers: Iterable[ServerChoice]) -> list[FunctionView]:
    """A function that puts a URL together, for each server with variables. The first has the plain name."""
    several = [server for server in servers if server.variables]
    wanted = {plain(server.url): [f"server_url_{naming.identifier(plain(server.url))}"] for server in several[1:]}
    names = naming.unique(wanted, taken=["server_url"])
    found: dict[str, FunctionView] = {}
    for server in several:
        function = names.get(plain(server.url), "server_url") if found else "server_url"
        given = {plain(variable.wire): variable.name for variable in server.variables}
        pieces = _VARIABLE.split(plain(server.url))
        parts = [
            text.literal(piece) if index % 2 == 0 else given.get(piece, text.literal("{" + piece + "}"))
            for index, piece in enumerate(pieces)
            if index % 2 or piece
        ]
        rows = [" ".join([f"{v.name}:", *filter(None, _told(v))]) for v in server.variables]
        doc = text.paragraphs(
            [
                text.sentence(server.doc) or "The URL of the server, for `Api(base_url)`.",
                "Args:\n" + "\n".join(f"    {r.strip()}" for r in rows),
            ]
        )
        signature = "*, " + ", ".join(f"{v.name}: str = {text.literal(v.default)}" for v in server.variables)
        found.setdefault(function, FunctionView(function, signature, text.docstring(doc), " + ".join(parts)))
    return [*found.values()]


def _told(variable: ServerVariable) -> tuple[str, str]:
    shown = ", ".join(f"`{text.clean(plain(choice))}`" for choice in variable.choices)
    return text.sentence(variable.doc), f"One of {shown}." if shown else ""


def scheme_views(schemes: Iterable[SecurityChoice]) -> list[FunctionView]:
    """A function that makes credentials, for each security scheme."""
    return [view for scheme in schemes if (view := _scheme(scheme)) is not None]


def _scheme(scheme: SecurityChoice) -> FunctionView | None:
    doc = text.docstring(text.paragraphs([_first(scheme), text.clean(scheme.doc)]))
    function = f"{scheme.name}_auth" if not scheme.name.endswith("auth") else scheme.name
    if scheme.kind == "apiKey" and scheme.key is not None and scheme.location in ("header", "query", "cookie"):
        made = f"ApiKey({text.literal(scheme.key)}, value, {text.literal(scheme.location)})"
        return FunctionView(function, "value: str", doc, made, "ApiKey", (("wirewright.auth", "ApiKey"),))
    if scheme.kind == "http" and scheme.scheme == "basic":
        made = "Basic(user, password)"
        return FunctionView(function, "user: str, password: str", doc, made, "Basic", (("wirewright.auth", "Basic"),))
    if scheme.kind in ("oauth2", "openIdConnect") or (scheme.kind == "http" and scheme.scheme == "bearer"):
        made = "Bearer(token) if isinstance(token, str) else TokenAuth(token)"
        imports = tuple(("wirewright.auth", name) for name in ("Auth", "Bearer", "Provider", "TokenAuth"))
        return FunctionView(function, "token: str | Provider", doc, made, "Auth", imports)
    return None


def _first(scheme: SecurityChoice) -> str:
    return f"Credentials for the security scheme `{text.clean(plain(scheme.wire))}`."
