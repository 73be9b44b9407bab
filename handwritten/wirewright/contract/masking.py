"""Takes secrets out of traffic before it is shown or kept.

What is masked: headers, cookies, query parameters and fields of bodies whose name says that they are secret, those that
the spec declares as credentials, and every occurrence of a value that is known to be a secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

from wirewright.contract.bodies import is_json, media_type_of, read_json
from wirewright.contract.document import SpecDocument
from wirewright.contract.shapes import is_array, is_object
from wirewright.messages import MASK, is_secret_name

_SHORTEST = 4  # a shorter value would be found in places where it is none


class Masker:
    """Knows names and values of secrets. `names` are those of headers, cookies, query parameters and fields."""

    def __init__(self, names: Iterable[str] = (), values: Iterable[str] = ()) -> None:
        self._names = frozenset(name.lower() for name in names)
        known = {
            form for value in values if len(value) >= _SHORTEST for form in (value, quote(value), quote_plus(value))
        }
        self._values = sorted(known, key=len, reverse=True)

    @classmethod
    def of(cls, document: SpecDocument, values: Iterable[str] = ()) -> Masker:
        """With the names that a spec declares for its API keys."""
        schemes: Iterable[Any] = document.security_schemes.values()
        return cls((str(scheme["name"]) for scheme in schemes if scheme.get("type") == "apiKey"), values)

    def is_secret(self, name: str) -> bool:
        return name.lower() in self._names or is_secret_name(name)

    def text(self, text: str) -> str:
        """With known secrets replaced."""
        for value in self._values:
            text = text.replace(value, MASK)
        return text

    def headers(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """An `Authorization` keeps its scheme, a cookie its name."""
        return [(name, self._header(name.lower(), value)) for name, value in pairs]

    def _header(self, name: str, value: str) -> str:
        if name in {"authorization", "proxy-authorization"}:
            scheme, space, _ = value.partition(" ")
            return f"{scheme} {MASK}" if space else MASK
        if name == "cookie":
            return "; ".join(f"{part.partition('=')[0].strip()}={MASK}" for part in value.split(";"))
        if name == "set-cookie":
            pair, semicolon, attributes = value.partition(";")
            return f"{pair.partition('=')[0]}={MASK}{semicolon}{attributes}"
        return MASK if self.is_secret(name) else self.text(value)

    def target(self, target: str) -> str:
        """A path with its query, or a whole URL."""
        path, mark, query = target.partition("?")
        return self.text(path) + mark + self._pairs(query)

    def _pairs(self, text: str) -> str:
        pieces = (piece.partition("=") for piece in text.split("&"))
        return "&".join(
            name + joint + (MASK if joint and self.is_secret(unquote_plus(name)) else self.text(value))
            for name, joint, value in pieces
        )

    def body(self, body: bytes, content_type: str) -> bytes:
        """Fields of JSON and forms by their name; in other texts what is known. Bytes that are no text stay."""
        name = media_type_of(content_type)
        if is_json(name):
            return self._json(body)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return body
        if name == "application/x-www-form-urlencoded":
            return self._pairs(text).encode()
        return self.text(text).encode()

    def _json(self, body: bytes) -> bytes:
        try:
            value = read_json(body)
        except ValueError:
            return self.text(body.decode("utf-8", "replace")).encode()
        masked = self.value(value)
        return body if masked == value else json.dumps(masked, ensure_ascii=False, separators=(",", ":")).encode()

    def value(self, value: Any, *, secret: bool = False) -> Any:
        """A JSON value with secret texts replaced: in a `secret` one all of them, whatever their names."""
        if is_object(value):
            return {name: self.value(member, secret=secret or self.is_secret(name)) for name, member in value.items()}
        if is_array(value):
            return [self.value(item, secret=secret) for item in value]
        if not isinstance(value, str):
            return value
        return MASK if secret and value else self.text(value)


def header_value(headers: Sequence[tuple[str, str]] | Mapping[str, str], name: str) -> str:
    """The first header of a name, in any case; empty when there is none."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return next((value for key, value in pairs if key.lower() == name.lower()), "")
