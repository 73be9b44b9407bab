"""A call as a value: built by endpoint functions, sent by a client, stored by an outbox. No I/O.

In `path`, `query`, `headers` and `cookies` the keys are wire names; `None` and `UNSET` mean "do not send".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

import msgspec
from msgspec import UNSET, UnsetType

from wirewright.messages import MASK, Timeout, masked
from wirewright.operation import Operation

if TYPE_CHECKING:
    from wirewright.auth import Auth
    from wirewright.retry import RetryPolicy

T_co = TypeVar("T_co", covariant=True)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What one call does differently from its client. UNSET is "as the client"."""

    timeout: float | Timeout | UnsetType | None = UNSET
    deadline: float | UnsetType | None = UNSET
    retry: Any = UNSET
    idempotency_key: str | UnsetType = UNSET
    ordering_key: str | UnsetType = UNSET
    headers: Mapping[str, str] = {}
    auth: Any = UNSET

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """What is set, without secrets."""
        given = {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not UNSET}
        given["headers"] = masked(self.headers)
        return list(given.items())

    def __repr__(self) -> str:
        return f"Options({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"


NO_OPTIONS = Options()


class Request(Generic[T_co]):
    """One call of an operation, answered by a `T`."""

    __slots__ = ("body", "cookies", "headers", "media_type", "operation", "options", "path", "query")

    def __init__(
        self,
        operation: Operation,
        *,
        path: Mapping[str, Any] = {},
        query: Mapping[str, Any] = {},
        headers: Mapping[str, Any] = {},
        cookies: Mapping[str, Any] = {},
        body: Any = UNSET,
        media_type: str | None = None,
    ) -> None:
        self.operation = operation
        self.path = path
        self.query = query
        self.headers = headers
        self.cookies = cookies
        self.body = body
        self.media_type = media_type
        self.options = NO_OPTIONS

    def with_options(
        self,
        *,
        timeout: float | Timeout | UnsetType | None = UNSET,
        deadline: float | UnsetType | None = UNSET,
        retry: RetryPolicy | UnsetType | None = UNSET,
        idempotency_key: str | UnsetType = UNSET,
        ordering_key: str | UnsetType = UNSET,
        headers: Mapping[str, str] | None = None,
        auth: Auth | UnsetType | None = UNSET,
    ) -> Self:
        """The same call, done differently. Options add up over several calls; `headers` merge, the later wins.

        `timeout` is seconds per phase (or a `Timeout`), `deadline` seconds in total; None lifts the limit.
        `retry=None` means one attempt, `auth=None` sends no credentials. An outbox sends calls of one `ordering_key` in
        the order in which they were delivered.
        """
        given: dict[str, Any] = {
            "timeout": timeout,
            "deadline": deadline,
            "retry": retry,
            "idempotency_key": idempotency_key,
            "ordering_key": ordering_key,
            "auth": auth,
        }
        changes = {name: value for name, value in given.items() if value is not UNSET}
        if headers:
            changes["headers"] = {**self.options.headers, **headers}
        copy = type(self)(
            self.operation,
            path=self.path,
            query=self.query,
            headers=self.headers,
            cookies=self.cookies,
            body=self.body,
            media_type=self.media_type,
        )
        copy.options = msgspec.structs.replace(self.options, **changes)
        return copy

    def _key(self) -> tuple[Any, ...]:
        return (
            self.operation,
            self.path,
            self.query,
            self.headers,
            self.cookies,
            self.body,
            self.media_type,
            self.options,
        )

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._key() == cast("Request[Any]", other)._key()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = [f"{type(self).__name__} {self.operation.id} {self.operation.method} {self.operation.path}"]
        parts += [
            f"{name}={masked(value)!r}" for name in ("path", "query", "headers") if (value := getattr(self, name))
        ]
        if self.cookies:
            parts.append(f"cookies={dict.fromkeys(self.cookies, MASK)!r}")
        return f"<{' '.join(parts)}>"


class StreamRequest(Request[T_co]):
    """One call of an operation that answers with a stream of `T`."""

    __slots__ = ()
