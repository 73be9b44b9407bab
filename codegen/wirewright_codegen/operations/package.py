"""What all operations of a package share: servers and security schemes."""

from __future__ import annotations

from collections.abc import Iterable

from wirewright_codegen import naming
from wirewright_codegen.document import Components, SecurityScheme, Server, plain
from wirewright_codegen.operations.values import SecurityChoice, ServerChoice, ServerVariable


def read_servers(servers: Iterable[Server]) -> tuple[ServerChoice, ...]:
    """The document's servers with their variables."""
    return tuple(_server(server) for server in servers)


def _server(server: Server) -> ServerChoice:
    variables = server.variables or {}
    given = naming.unique({plain(wire): [naming.identifier(plain(wire), prefix="variable")] for wire in variables})
    return ServerChoice(
        url=server.url,
        variables=tuple(
            ServerVariable(
                given[plain(wire)], wire, variable.default, tuple(variable.enum or ()), plain(variable.description)
            )
            for wire, variable in variables.items()
        ),
        doc=plain(server.description),
    )


def read_security(components: Components | None) -> tuple[SecurityChoice, ...]:
    """The document's security schemes."""
    found = (components.securitySchemes if components is not None else None) or {}
    schemes = {wire: scheme for wire, scheme in found.items() if isinstance(scheme, SecurityScheme)}
    given = naming.unique({plain(wire): [naming.identifier(plain(wire), prefix="scheme")] for wire in schemes})
    return tuple(
        SecurityChoice(
            name=given[plain(wire)],
            wire=wire,
            kind=plain(scheme.type),
            location=plain(scheme.security_scheme_in) or None,
            key=scheme.name,
            scheme=plain(scheme.scheme).lower() or None,
            doc=plain(scheme.description),
        )
        for wire, scheme in schemes.items()
    )
