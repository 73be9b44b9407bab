"""Request values of the generated package, as URL and JSON for a session (protocol sheet §1, §7.2).

Address, version and names are joined as they are; the session percent-encodes what a URL cannot hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wirewright import codecs
from wirewright.request import Request

SPEC_VERSION = "v0"
"""The version in the paths of the spec; another one asked for takes its place."""


@dataclass(frozen=True)
class Address:
    """A state manager: where it is, and which version of its paths to use."""

    uri: str | None
    version: str = SPEC_VERSION

    def url(self, request: Request[Any]) -> str:
        """The whole URL of a call."""
        path = request.operation.path.replace(f"/{SPEC_VERSION}/", f"/{self.version}/", 1)
        for name, value in request.path.items():
            path = path.replace(f"{{{name}}}", str(value))
        return f"{str(self.uri).rstrip('/')}{path}"


def json_of(request: Request[Any]) -> Any:
    """The body as plain values, in the order of the spec."""
    return codecs.get("pydantic").to_builtins(request.body)
