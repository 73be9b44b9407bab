"""HTTP messages as plain values: what a transport is handed, and what it hands back.

They know nothing of operations, types or retries; signing and auth work on them, transports carry them.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from wirewright.bodies import Upload

SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "api-key",
        "apikey",
        "x-auth-token",
        "x-access-token",
        "x-csrf-token",
        "x-amz-security-token",
        "signature",
    }
)
_SECRET_WORDS = (
    "secret",
    "token",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "private_key",
    "private-key",
    "api-key",
    "apikey",
    "api_key",
    "signature",
    "authorization",
    "cookie",
)
MASK = "***"
T = TypeVar("T")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search


def is_secret_name(name: str) -> bool:
    """Whether a header, cookie or query parameter of this name is taken to carry a secret."""
    lowered = name.lower()
    return lowered in SECRET_HEADERS or any(word in lowered for word in _SECRET_WORDS)


def masked(values: Mapping[str, object]) -> dict[str, object]:
    """A copy for logs and reprs, with secret values replaced."""
    return {name: MASK if is_secret_name(name) else value for name, value in values.items()}


def header_problem(name: str, value: object) -> str | None:
    """Why such a field of a header cannot be sent (RFC 9110, section 5); None when it can. Never shows the value."""
    if not _FIELD_NAME(name):
        return f"{name!r} is no name of a header"
    if not isinstance(value, str):
        return f"header {name!r} must be a string, not {type(value).__name__}"
    if _CONTROL(value):
        return f"header {name!r} has a line break or another control character in its value"
    if value != value.strip():
        return f"header {name!r} has a space around its value"
    return None


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


class Timeout(msgspec.Struct, frozen=True):
    """Seconds each phase of one attempt may take; None is no limit. `read` is per read, not in total."""

    connect: float | None = 5.0
    read: float | None = 30.0
    write: float | None = 30.0
    pool: float | None = 5.0

    @classmethod
    def of(cls, value: float | Timeout | None) -> Timeout:
        """A number is the limit of every phase."""
        if isinstance(value, Timeout):
            return value
        if value is not None and not _is_positive(value):
            raise ValueError(f"timeout must be a number of seconds above 0, a Timeout, or None, not {value!r}")
        return cls(value, value, value, value)


class Headers(Mapping[str, str]):
    """Header fields of an answer: names in any case, repeated fields joined by a comma (`all` gives them apart)."""

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] | Mapping[str, str] = ()) -> None:
        items = cast("Mapping[str, str]", pairs).items() if isinstance(pairs, Mapping) else pairs
        self._pairs: list[tuple[str, str]] = [(name.lower(), value) for name, value in items]
        self._index: dict[str, str] | None = None

    def _lookup(self) -> dict[str, str]:
        if self._index is None:
            index: dict[str, str] = {}
            for name, value in self._pairs:
                index[name] = f"{index[name]}, {value}" if name in index else value
            self._index = index
        return self._index

    def __getitem__(self, name: str) -> str:
        return self._lookup()[name.lower()]

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...
    @overload
    def get(self, name: str, default: T, /) -> str | T: ...
    def get(self, name: str, default: Any = None) -> Any:
        return self._lookup().get(name.lower(), default)

    def all(self, name: str) -> Sequence[str]:
        """Every value of a repeated field, in order (`Set-Cookie` must not be joined)."""
        lowered = name.lower()
        return [value for key, value in self._pairs if key == lowered]

    def pairs(self) -> Sequence[tuple[str, str]]:
        """All fields in the order they came, names in lower case."""
        return self._pairs[:]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._lookup()

    def __iter__(self) -> Iterator[str]:
        return iter(self._lookup())

    def __len__(self) -> int:
        return len(self._lookup())

    def __repr__(self) -> str:
        return f"Headers({masked(self._lookup())!r})"


class HttpRequest:
    """One attempt on the wire.

    `origin` is scheme and authority (`https://api.example.com:8443`), `target` the path and query as sent. `headers`
    are keyed by lower-case name. `content` is the whole body, or an `Upload` that can be opened (once or again).
    `budget` is how many seconds the whole attempt may take, whatever its phases may. An answer's body larger than
    `max_bytes` is refused. With `stream` the body of a 2xx is left to be read: only reaching its headers counts
    against the budget, and `idle` is how many seconds of silence it may have then.
    """

    __slots__ = ("budget", "content", "headers", "idle", "max_bytes", "method", "origin", "stream", "target", "timeout")

    def __init__(
        self,
        method: str,
        origin: str,
        target: str,
        headers: dict[str, str],
        content: bytes | Upload | None = None,
        *,
        timeout: Timeout | None = None,
        budget: float | None = None,
        max_bytes: int | None = None,
        stream: bool = False,
        idle: float | None = None,
    ) -> None:
        self.method = method
        self.origin = origin
        self.target = target
        self.headers = headers
        self.content = content
        self.timeout = timeout
        self.budget = budget
        self.max_bytes = max_bytes
        self.stream = stream
        self.idle = idle

    def copy(self) -> HttpRequest:
        """The same, with headers of its own."""
        return HttpRequest(
            self.method,
            self.origin,
            self.target,
            self.headers.copy(),
            self.content,
            timeout=self.timeout,
            budget=self.budget,
            max_bytes=self.max_bytes,
            stream=self.stream,
            idle=self.idle,
        )

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.origin + self.target

    def __repr__(self) -> str:
        path = urlsplit(self.target).path
        return f"<HttpRequest {self.method} {self.origin}{path} {masked(self.headers)!r}>"


class HttpResponse:
    """What came back.

    Read answers have their body in `content`. For a request with `stream`, `content` is empty and `body` iterates
    chunks (an async iterator from an async transport); `close` releases the connection and may be called from
    another thread to end a blocked read (`aclose` for the async one).
    """

    __slots__ = ("aclose", "body", "close", "content", "headers", "status")

    def __init__(
        self,
        status: int,
        headers: Headers,
        content: bytes = b"",
        *,
        body: Iterator[bytes] | AsyncIterator[bytes] | None = None,
        close: Callable[[], None] | None = None,
        aclose: Callable[[], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.content = content
        self.body = body
        self.close = close
        self.aclose = aclose

    def __repr__(self) -> str:
        return f"<HttpResponse {self.status} {self.headers!r} {len(self.content)} bytes>"
