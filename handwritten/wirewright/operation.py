"""An operation of a spec, as a value: everything that is the same for each of its calls.

Generated modules hold one `Operation` per operation; it is compiled on first use (path template, parameter styles,
decoders by status) and then shared by all calls and threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from wirewright.codecs import Codec

Location = Literal["path", "query", "header", "cookie", "querystring"]
Style = Literal[
    "matrix", "label", "simple", "form", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject", "cookie"
]
TypeRef = Callable[[], Any]
"""Returns the Python type when called, so that no model loads before it is needed: `lambda: m.Record`."""


class Parameter(msgspec.Struct, frozen=True):
    """How one parameter is written on the wire, where that is not the default of its location.

    Defaults, as OpenAPI says: path and header `simple`, query and cookie `form`; `explode` is true for `form` and
    `cookie`, else false. `tabDelimited` is Swagger's `tsv`, and as there the delimited styles hold in every location.
    With `media_type` the value is encoded so (`content` in the spec) and style does not apply. `nullable` is for
    required parameters whose schema allows null: None is sent, as `null`, and not left out.
    """

    location: Location
    name: str
    style: Style | None = None
    explode: bool | None = None
    allow_reserved: bool = False
    media_type: str | None = None
    nullable: bool = False


class Encoding(msgspec.Struct, frozen=True):
    """How one property of a form or part of a multipart body is written (OpenAPI `encoding`).

    `content_type` may be a list separated by commas; the first is sent where a value does not name its own.
    """

    content_type: str | None = None
    style: Style | None = None
    explode: bool | None = None
    allow_reserved: bool = False


class Envelope(msgspec.Struct, frozen=True):
    """The answer's value is its member `member`; with `optional`, a bare value (no such member) is allowed too."""

    member: str
    optional: bool = False


class Content(msgspec.Struct, frozen=True):
    """One media type that a request may have or an answer may come in.

    `type` and the values of `events` are callables that return the Python type. `media_type` may be a range
    (`application/*`, `*/*`). `events` names the types of server-sent events by event name; `type` is the type of
    every other one (and of JSON lines).
    """

    media_type: str
    type: TypeRef | None = None
    envelope: str | Envelope | None = msgspec.field(default=None, name="envelope")
    events: Mapping[str, TypeRef] | None = None
    encoding: Mapping[str, Encoding] | None = None


class Operation:
    """One operation. `codec` is the package's flavour: "msgspec", "attrs" or "pydantic" (or a `Codec`).

    `responses`: by status, status class ("4XX") or "default"; statuses without a body have an empty tuple.
    `request`: the media types a body may have, the first is sent by default. `security`: alternatives, each the names
    of the schemes that must be used together. `idempotency_header` carries a key that is made once per call;
    `idempotent` overrides what the method says about repeating a call. `server`: a URL that replaces the client's
    base URL, or is joined to it when relative.
    """

    __slots__ = (
        "codec",
        "deprecated",
        "id",
        "idempotency_header",
        "idempotent",
        "method",
        "parameters",
        "path",
        "plan",
        "request",
        "responses",
        "security",
        "server",
    )

    def __init__(
        self,
        id: str,
        method: str,
        path: str,
        *,
        codec: str | Codec,
        parameters: Sequence[Parameter] = (),
        request: Sequence[Content] = (),
        responses: Mapping[str, Sequence[Content]] | None = None,
        security: Sequence[Sequence[str] | Mapping[str, Any]] = (),
        idempotency_header: str | None = None,
        idempotent: bool | None = None,
        server: str | None = None,
        deprecated: bool = False,
    ) -> None:
        self.id = id
        self.method = method.upper()
        self.path = path
        self.codec = codec
        self.parameters = tuple(parameters)
        self.request = tuple(request)
        self.responses = {
            status.upper() if status != "default" else status: tuple(contents)
            for status, contents in (responses or {}).items()
        }
        self.security = tuple(tuple(alternative) for alternative in security)
        self.idempotency_header = idempotency_header
        self.idempotent = idempotent
        self.server = server
        self.deprecated = deprecated
        self.plan: Any = None

    @property
    def is_idempotent(self) -> bool:
        """Whether repeating a call does no harm: as the spec says, else as RFC 9110 says of the method."""
        if self.idempotent is not None:
            return self.idempotent
        return self.method in IDEMPOTENT_METHODS

    def __repr__(self) -> str:
        return f"<Operation {self.id} {self.method} {self.path}>"


IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "QUERY"})
