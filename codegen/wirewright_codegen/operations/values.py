"""Operations as the templates see them: frozen values. Texts of the document stay `UntrustedString`s in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from wirewright_codegen.document import UntrustedString

Location = Literal["path", "query", "header", "cookie", "querystring"]
Text = UntrustedString
Stream = Literal["sse", "lines"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of an endpoint function.

    `annotation` is Python source with class names prefixed by `m.`; `style` and the like are None where the value is
    the default of the location. `nullable`: it is required and may be null, so None is sent.
    """

    name: str
    wire: Text
    location: Location
    required: bool
    annotation: str
    doc: str
    style: str | None = None
    explode: bool | None = None
    allow_reserved: bool = False
    media_type: Text | None = None
    nullable: bool = False

    @property
    def is_special(self) -> bool:
        """Whether the runtime must be told how it is written."""
        return (
            self.style is not None
            or self.explode is not None
            or self.allow_reserved
            or self.media_type is not None
            or self.nullable
            or self.location == "querystring"
        )


@dataclass(frozen=True, slots=True)
class PartEncoding:
    """How one property of a form or part of a multipart body is written."""

    name: Text
    content_type: Text | None = None
    style: Text | None = None
    explode: bool | None = None
    allow_reserved: bool = False


@dataclass(frozen=True, slots=True)
class Media:
    """One media type of a body or an answer. `type` is None where there is nothing to decode by."""

    media_type: Text
    type: str | None
    envelope: Text | None = None
    envelope_optional: bool = False
    events: tuple[tuple[Text, str], ...] = ()
    stream: Stream | None = None
    encoding: tuple[PartEncoding, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """What one status is answered with."""

    status: str
    doc: str
    contents: tuple[Media, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a request."""

    required: bool
    annotation: str
    doc: str
    contents: tuple[Media, ...]


@dataclass(frozen=True, slots=True)
class Pagination:
    """How the pages of a list are asked for. `items` are attributes; `method` is the name of what walks all pages."""

    style: str
    items: tuple[str, ...]
    next: Text | None
    parameter: Text | None
    limit: Text | None
    item_annotation: str
    method: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint function and the methods that call it.

    `function` is its name in `operations/<resource>.py`, `method` its name on the resource, `returns` the type of the
    value (of an item, for a stream).
    """

    id: Text
    function: str
    method: str
    resource: str
    http_method: str
    path: Text
    summary: str
    description: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: tuple[Response, ...]
    returns: str
    stream: Stream | None
    security: tuple[tuple[Text, ...], ...]
    idempotency_header: Text | None
    idempotent: bool | None
    server: Text | None
    deprecated: bool
    pagination: Pagination | None
    pointer: str

    @property
    def pages(self) -> str:
        """Name of the module's `Pages` value, for an operation with pagination."""
        return f"{self.function.upper()}_PAGES"

    @property
    def constant(self) -> str:
        """Name of the module's `Operation` value."""
        return f"_{self.function.upper()}"

    def by_location(self, location: Location) -> tuple[Parameter, ...]:
        """The parameters in one place of the request."""
        return tuple(p for p in self.parameters if p.location == location)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A message that the server sends: its name, the type of its body, how that is written."""

    name: str
    event: Text
    type: str
    media_type: str
    doc: str
    pointer: str


@dataclass(frozen=True, slots=True)
class ServerVariable:
    """A part of a server's URL that a caller chooses."""

    name: str
    wire: Text
    default: Text
    choices: tuple[Text, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """One server of the document."""

    url: Text
    variables: tuple[ServerVariable, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class SecurityChoice:
    """One security scheme of the document."""

    name: str
    wire: Text
    kind: str
    location: str | None
    key: Text | None
    scheme: str | None
    doc: str


@dataclass(frozen=True, slots=True)
class ApiSpec:
    """Everything that the package is written from, apart from models."""

    title: str
    version: str
    description: str
    operations: tuple[Operation, ...]
    webhooks: tuple[Webhook, ...]
    servers: tuple[ServerChoice, ...]
    security: tuple[SecurityChoice, ...]
    default_security: tuple[tuple[Text, ...], ...]
    resource_docs: Mapping[str, str]

    @property
    def resources(self) -> list[str]:
        """Names of all resources, sorted."""
        return sorted({operation.resource for operation in self.operations})
