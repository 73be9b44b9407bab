"""Credentials: added to every attempt, refreshed ahead of time and only once, never shown.

An `Auth` works on one `HttpRequest` at a time. What needs waiting is expressed as steps (`Call`, `Wait`) for the
driver, so that one definition serves threads and tasks. A request signer is an `Auth` too: it is applied last, sees the
final headers and body, and is applied anew to every attempt.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Literal, cast
from urllib.parse import quote

import msgspec

from wirewright.clock import Clock
from wirewright.errors import AuthError, WirewrightError
from wirewright.forks import ForkSafe
from wirewright.messages import HttpRequest, HttpResponse, header_problem
from wirewright.steps import Call, Step, Wait

Steps = Generator[Step, Any, None]


class Auth:
    """Adds credentials to requests. Derive from it for schemes of your own."""

    def apply(self, request: HttpRequest, clock: Clock) -> Steps | None:
        """Before each attempt: change `request`. None when done; else steps to be run first."""
        raise TypeError(f"{type(self).__name__} does not say how to apply itself")

    def refused(self, request: HttpRequest, response: HttpResponse) -> bool:
        """After a 401. True: there may be better credentials now, so the call is tried once more."""
        return False

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


AuthLike = Auth | Sequence[Auth] | Mapping[str, Auth]


def check(auth: object) -> None:
    """Raises `TypeError` for what can be no `AuthLike`; it names the place, and never shows what was given."""
    if auth is None or isinstance(auth, Auth):
        return
    named: list[tuple[str, object]] = [("auth", auth)]
    if isinstance(auth, Mapping):
        named = [(f"auth[{name!r}]", one) for name, one in cast("Mapping[str, object]", auth).items()]
    elif isinstance(auth, list | tuple):
        named = [(f"auth[{n}]", one) for n, one in enumerate(cast("Sequence[object]", auth))]
    for place, one in named:
        if not isinstance(one, Auth):
            kind = f"the class {one.__name__}" if isinstance(one, type) else f"a value of type {type(one).__name__}"
            raise TypeError(f"{place} must be an Auth, such as Bearer(token) or ApiKey(name, value), not {kind}")


def _sendable(what: str, secret: object) -> str:
    if not isinstance(secret, str):
        raise TypeError(f"{what} must be a string, not {type(secret).__name__}")
    if header_problem("authorization", secret):
        raise ValueError(
            f"{what} has a line break, a space around it, or a control character;"
            " what was read from a file may need .strip()"
        )
    return secret


def select(auth: AuthLike | None, security: Sequence[Sequence[str]]) -> Sequence[Auth]:
    """What applies to an operation. `auth` by scheme name: the first alternative of `security` that is covered.

    That no credentials are needed (`{}` among the alternatives) counts last: those that one has are sent.
    """
    if auth is None:
        return ()
    if isinstance(auth, Auth):
        return (auth,)
    if not isinstance(auth, Mapping):
        return auth
    if not security:
        return tuple(auth.values())[:1]
    for alternative in sorted(security, key=lambda names: not names):
        if all(name in auth for name in alternative):
            return tuple(auth[name] for name in alternative)
    needed = " or ".join(" and ".join(alternative) for alternative in security)
    raise AuthError(f"the operation needs credentials for {needed}, there are only those for {', '.join(auth)}")


class ApiKey(Auth):
    """A key in a header, the query or a cookie."""

    def __init__(self, name: str, value: str, location: Literal["header", "query", "cookie"] = "header") -> None:
        self._name, self._value, self._location = name, _sendable("the key", value), location

    def apply(self, request: HttpRequest, clock: Clock) -> None:
        if self._location == "header":
            request.headers[self._name.lower()] = self._value
        elif self._location == "query":
            joint = "&" if "?" in request.target else "?"
            request.target += f"{joint}{quote(self._name, safe='')}={quote(self._value, safe='')}"
        else:
            cookies = request.headers.get("cookie")
            own = f"{self._name}={self._value}"
            request.headers["cookie"] = f"{cookies}; {own}" if cookies else own

    def __repr__(self) -> str:
        return f"ApiKey({self._name!r}, ***, {self._location!r})"


class Basic(Auth):
    """User and password (RFC 7617), as UTF-8."""

    def __init__(self, user: str, password: str) -> None:
        if ":" in user:
            raise ValueError("a user name for basic authentication cannot contain a colon")
        self._value = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def apply(self, request: HttpRequest, clock: Clock) -> None:
        request.headers["authorization"] = self._value


class Bearer(Auth):
    """A fixed token (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._value = f"Bearer {_sendable('the token', token)}"

    def apply(self, request: HttpRequest, clock: Clock) -> None:
        request.headers["authorization"] = self._value


class Token(msgspec.Struct, frozen=True):
    """A token and the moment it expires (seconds since 1970; None: unknown, kept until it is refused)."""

    value: str
    expires_at: float | None = None

    def __repr__(self) -> str:
        return f"Token(***, expires_at={self.expires_at!r})"


Provider = Callable[[], Token | str] | Callable[[], Awaitable[Token | str]]


class TokenAuth(ForkSafe, Auth):
    """A token that a provider hands out, sync or async (an async one needs the async client).

    It is fetched at the first call and again `leeway` seconds before it expires: by one caller, whatever the number of
    threads and tasks; the others go on with the old one while it is valid, else they wait for the new one. A 401 makes
    it fetched once more and the call tried once more.
    """

    def __init__(
        self, provider: Provider, *, leeway: float = 30.0, header: str = "Authorization", scheme: str = "Bearer"
    ) -> None:
        super().__init__()
        self._provider = provider
        self._leeway = leeway
        self._header = header.lower()
        self._prefix = f"{scheme} " if scheme else ""
        self._token: Token | None = None
        self._fetching: Future[None] | None = None

    def after_fork(self, *, child: bool) -> None:
        """Whoever was fetching a token is not in the child."""
        super().after_fork(child=child)
        if child:
            self._fetching = None

    def apply(self, request: HttpRequest, clock: Clock) -> Steps | None:
        token = self._token
        if token is None or self._expires_within(token, self._leeway, clock):
            return self._apply_fresh(request, clock)
        request.headers[self._header] = self._prefix + token.value
        return None

    def refused(self, request: HttpRequest, response: HttpResponse) -> bool:
        with self._lock:
            token = self._token
            if token is not None and request.headers.get(self._header) == self._prefix + token.value:
                self._token = None
        return True

    @staticmethod
    def _expires_within(token: Token, seconds: float, clock: Clock) -> bool:
        return token.expires_at is not None and clock.time() >= token.expires_at - seconds

    def _apply_fresh(self, request: HttpRequest, clock: Clock) -> Steps:
        token = yield from self._current(clock)
        request.headers[self._header] = self._prefix + token.value

    def _current(self, clock: Clock) -> Generator[Step, Any, Token]:
        while True:
            with self._lock:
                token, fetching = self._token, self._fetching
                if token is not None and not self._expires_within(token, self._leeway, clock):
                    return token
                usable = token is not None and not self._expires_within(token, 0, clock)
                mine = Future[None]() if fetching is None else None
                self._fetching = fetching or mine
            if mine is not None:
                return (yield from self._fetch(mine, token if usable else None))
            if usable and token is not None:
                return token
            assert fetching is not None  # there was one, or it is mine
            yield Wait(fetching)
            if not fetching.done():
                raise AuthError("the token did not arrive in time")
            if not fetching.cancelled() and (error := fetching.exception()) is not None:
                raise AuthError(str(error)) from error

    def _fetch(self, done: Future[None], fallback: Token | None) -> Generator[Step, Any, Token]:
        """Ask the provider, for all who wait on `done`. A token that is valid still bridges a failure."""
        try:
            answer = yield Call(self._provider)
            token = _checked(answer if isinstance(answer, Token) else Token(answer))
        except WirewrightError as error:
            self._finish(done, None, error)
            if fallback is not None:
                return fallback
            raise
        except Exception as error:
            failure = AuthError(f"the token provider failed: {type(error).__name__}")
            self._finish(done, None, failure)
            if fallback is not None:
                return fallback
            raise failure from error
        except BaseException:
            self._finish(done, None, None)
            raise
        self._finish(done, token, None)
        return token

    def _finish(self, done: Future[None], token: Token | None, error: Exception | None) -> None:
        with self._lock:
            self._fetching = None
            if token is not None:
                self._token = token
        if error is not None:
            done.set_exception(error)
        elif token is None:
            done.cancel()
        else:
            done.set_result(None)


def _checked(token: Token) -> Token:
    try:
        _sendable("the token", token.value)
    except (TypeError, ValueError) as error:
        raise AuthError(f"the token provider's answer cannot be used: {error}") from None
    return token
