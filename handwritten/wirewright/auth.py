"""Credentials: added to every attempt, refreshed ahead of time, never shown."""

from __future__ import annotations

import base64
from collections.abc import Generator
from typing import Any, Literal, Protocol
from urllib.parse import quote

from wirewright.messages import HttpRequest, HttpResponse
from wirewright.steps import Step


class Auth(Protocol):
    """Adds credentials. Both methods are flows: they may yield steps (`Call`, `Wait`) for their driver."""

    def apply(self, request: HttpRequest) -> Generator[Step, Any, None]:
        """Called before every attempt."""
        ...

    def refused(self, request: HttpRequest, response: HttpResponse) -> Generator[Step, Any, bool]:
        """Called after a 401; True: the credentials are new now, try once more."""
        ...


class _Static:
    def apply(self, request: HttpRequest) -> Generator[Step, Any, None]:
        self.sign(request)
        return
        yield

    def sign(self, request: HttpRequest) -> None:
        raise TypeError

    def refused(self, request: HttpRequest, response: HttpResponse) -> Generator[Step, Any, bool]:
        return False
        yield


class ApiKey(_Static):
    """A key in a header, the query or a cookie."""

    def __init__(self, name: str, value: str, location: Literal["header", "query", "cookie"] = "header") -> None:
        self._name, self._value, self._location = name, value, location

    def sign(self, request: HttpRequest) -> None:
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


class Basic(_Static):
    """User and password (RFC 7617), as UTF-8."""

    def __init__(self, user: str, password: str) -> None:
        self._value = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def sign(self, request: HttpRequest) -> None:
        request.headers["authorization"] = self._value

    def __repr__(self) -> str:
        return "Basic(***)"


class Bearer(_Static):
    """A fixed token (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._value = f"Bearer {token}"

    def sign(self, request: HttpRequest) -> None:
        request.headers["authorization"] = self._value

    def __repr__(self) -> str:
        return "Bearer(***)"
