"""The parts of an HTTP message that a signature can cover, and their texts (RFC 9421 §2)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Self
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

import msgspec

from wirewright.messages import HttpRequest, HttpResponse
from wirewright.signing.errors import ClaimError, MalformedError
from wirewright.signing.structured import (
    InnerList,
    Item,
    parse_dictionary,
    parse_item,
    parse_list,
    serialize,
)

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]+\Z")
_FOLD = re.compile(r"[ \t]*\r?\n[ \t]+")
_PARAMETERS = frozenset({"sf", "key", "bs", "req", "tr", "name"})
_STRUCTURED: Mapping[str, Callable[[Sequence[str]], str]] = {
    "item": lambda lines: serialize(parse_item(lines)),
    "list": lambda lines: serialize(parse_list(lines)),
    "dictionary": lambda lines: serialize(parse_dictionary(lines)),
}
STRUCTURED_FIELDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("cache-status", "proxy-status", "accept-ch", "client-cert-chain", "cdn-loop", "permissions-policy"), "list"
    ),
    **dict.fromkeys(
        (
            "content-digest",
            "repr-digest",
            "want-content-digest",
            "want-repr-digest",
            "priority",
            "signature",
            "signature-input",
            "accept-signature",
            "cdn-cache-control",
        ),
        "dictionary",
    ),
    **dict.fromkeys(("client-cert", "idempotency-key", "expect-ct"), "item"),
}


class HttpMessage(msgspec.Struct, frozen=True):
    """A request (`method`, `url`) or response (`status`) as it is signed.

    `fields`: the header lines in the order they came. `body`: None when it is not known here. `request`: of a
    response, the request that it answers. `trailers`: as `fields`, when there were any.
    """

    fields: Sequence[tuple[str, str]]
    method: str | None = None
    url: str | None = None
    status: int | None = None
    body: bytes | None = None
    request: HttpMessage | None = None
    trailers: Sequence[tuple[str, str]] = ()

    @classmethod
    def of_request(cls, request: HttpRequest) -> Self:
        """What a client is about to send."""
        content = request.content if request.content is not None else b""
        body = content if isinstance(content, bytes) else None
        return cls(list(request.headers.items()), method=request.method, url=request.url, body=body)

    @classmethod
    def of_response(cls, response: HttpResponse, request: HttpRequest | None = None) -> Self:
        """What a client was answered. A body that is still to be read is not known."""
        body = response.content if response.body is None else None
        asked = None if request is None else HttpMessage.of_request(request)
        return cls(response.headers.pairs(), status=response.status, body=body, request=asked)

    def lines(self, name: str, *, trailers: bool = False) -> list[str]:
        """The values of a field, one for each line, without surrounding space and folds."""
        fields = self.trailers if trailers else self.fields
        return [_FOLD.sub(" ", value).strip(" \t") for field, value in fields if field.lower() == name]

    def __repr__(self) -> str:
        return f"<HttpMessage {self.method or self.status}>"


def identifier(text: str) -> Item:
    """A component as it is written in code: `@method`, `content-type`, or with parameters `"example-dict";key="a"`."""
    item = parse_item(text) if text.startswith('"') else Item(text.lower())
    check_identifier(item)
    return item


def check_identifier(item: Item) -> None:
    """Raises `MalformedError` unless it names a component and has only the parameters that components have."""
    name = item.value
    if type(name) is not str or not (_FIELD_NAME.match(name) or name in _DERIVED or name == "@query-param"):
        raise MalformedError("no component of a message")
    if unknown := set(item.params) - _PARAMETERS:
        raise MalformedError(f"a component with an unknown parameter {min(unknown)[:20]!r}")
    flags = [item.params[flag] for flag in ("sf", "bs", "req", "tr") if flag in item.params]
    if any(flag is not True for flag in flags) or any(
        type(item.params.get(name, "")) is not str for name in ("key", "name")
    ):
        raise MalformedError("a component's parameter has the wrong form")
    if "bs" in item.params and ({"sf", "key"} & set(item.params)):
        raise MalformedError("a component cannot be bs and sf at once")
    if name.startswith("@") and set(item.params) - {"req", "name"}:
        raise MalformedError("a derived component with a parameter of fields")
    if ("name" in item.params) != (name == "@query-param"):
        raise MalformedError("a query parameter needs its name, nothing else has one")


def component(message: HttpMessage, item: Item) -> str:
    """The text of a component. Raises `ClaimError` when the message does not have it."""
    if "req" in item.params:
        if message.request is None:
            raise ClaimError("the request that this answers is not known", claim=serialize(item))
        message = message.request
    name = str(item.value)
    try:
        if name == "@query-param":
            value = _query_param(_url(message), str(item.params["name"]))
        elif name.startswith("@"):
            value = _DERIVED[name](message)
        else:
            value = _field(message, name, item)
    except ValueError:  # an address that is none, or text in another encoding
        raise MalformedError(f"{name} of the message cannot be read") from None
    if not value.isascii() or "\n" in value or "\r" in value:
        raise MalformedError(f"{name} has characters that cannot be signed")
    return value


def covered_texts(message: HttpMessage, covered: InnerList) -> dict[str, str]:
    """What is covered: texts by identifiers. Raises for components that are twice there, absent or malformed."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    for item in covered.items:
        check_identifier(item)
        name = serialize(item)
        same = serialize(Item(item.value, dict(sorted(item.params.items())))) if len(item.params) > 1 else name
        if same in seen:
            raise MalformedError("a component is covered twice")
        seen.add(same)
        found[name] = component(message, item)
    return found


def signature_base(found: Mapping[str, str], covered: InnerList) -> bytes:
    """What is signed (RFC 9421 §2.5). `found`: what `covered_texts` says of `covered`."""
    lines = [f"{name}: {text}" for name, text in found.items()]
    return "\n".join((*lines, f'"@signature-params": {serialize(covered)}')).encode("ascii")


def _field(message: HttpMessage, name: str, item: Item) -> str:
    lines = message.lines(name, trailers="tr" in item.params)
    if not lines:
        raise ClaimError(f"the message has no {name}", claim=name)
    if "bs" in item.params:
        return ", ".join(f":{base64.b64encode(line.encode('latin-1')).decode()}:" for line in lines)
    if "key" in item.params:
        members = parse_dictionary(lines)
        key = str(item.params["key"])
        if key not in members:
            raise ClaimError(f"{name} has no such member", claim=serialize(item))
        return serialize(members[key])
    if "sf" in item.params:
        if name not in STRUCTURED_FIELDS:
            raise MalformedError(f"{name} is not known as a structured field")
        return _STRUCTURED[STRUCTURED_FIELDS[name]](lines)
    return ", ".join(lines)


def _url(message: HttpMessage) -> SplitResult:
    return urlsplit(_required(message.url, "@target-uri"))


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise ClaimError(f"the message has no {name}", claim=name)
    return value


def _authority(message: HttpMessage) -> str:
    url = _url(message)
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if url.port in {None, _DEFAULT_PORTS.get(url.scheme)} else f"{host}:{url.port}"


def _status(message: HttpMessage) -> str:
    if message.status is None:
        raise ClaimError("a request has no status", claim="@status")
    return f"{message.status:03d}"


def _request_target(message: HttpMessage) -> str:
    url = _url(message)
    return (url.path or "/") + (f"?{url.query}" if url.query or (message.url or "").endswith("?") else "")


def _query_param(url: SplitResult, name: str) -> str:
    pairs = parse_qsl(url.query, keep_blank_values=True, encoding="utf-8", errors="strict")
    values = [value for key, value in pairs if _form_encoded(key) == name]
    if len(values) != 1:
        raise ClaimError(f"the query parameter is there {len(values)} times, not once", claim="@query-param")
    return _form_encoded(values[0])


def _form_encoded(text: str) -> str:
    return quote(text, safe="*-._").replace("~", "%7E")


_DERIVED: Mapping[str, Callable[[HttpMessage], str]] = {
    "@method": lambda message: _required(message.method, "@method"),
    "@target-uri": lambda message: _required(message.url, "@target-uri"),
    "@authority": _authority,
    "@scheme": lambda message: _url(message).scheme.lower(),
    "@request-target": _request_target,
    "@path": lambda message: _url(message).path or "/",
    "@query": lambda message: f"?{_url(message).query}",
    "@status": _status,
}
