"""What a call may raise, and how an error body becomes one.

The network answers `{"error": {"code", "message", "details"}}`; older routes answer other shapes, all of which are read
(protocol sheet, section 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from wirewright.calls import is_object


class SbnError(RuntimeError):
    """The network answered with an error.

    `status_code`: the HTTP status. `code`: the machine-readable code, if any. `details`: more about it, by code.
    """

    def __init__(
        self, message: str, *, status_code: int, code: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.details = dict(details or {})

    def __str__(self) -> str:
        parts = [f"status={self.status_code}"]
        if self.code:
            parts.append(f"code={self.code}")
        if self.details:
            parts.append(f"details={self.details}")
        return f"{self.args[0]} ({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuilt, (type(self), self.args[0], self.status_code, self.code, self.details))


def _rebuilt(kind: type[SbnError], message: str, status: int, code: str | None, details: dict[str, Any]) -> SbnError:
    return kind(message, status_code=status, code=code, details=details)


class SbnTransportError(RuntimeError):
    """No usable answer came back. `last_exception`: what the last attempt ended with."""

    def __init__(self, message: str, *, last_exception: BaseException | None = None) -> None:
        super().__init__(message)
        self.last_exception = last_exception


def error_fields(status: int, content: bytes, fallback: str) -> tuple[str, Any, dict[str, Any]]:
    """Message, code and details of an error body. `fallback`: the message where neither body nor status has one."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else fallback
    try:
        decoded: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return phrase, None, {}
    if not is_object(decoded):
        return phrase, None, {"response": decoded}
    body: dict[str, Any] = decoded
    outer = _object(body.get("details"))
    found: Any = body.get("error")
    if is_object(found):
        error: dict[str, Any] = found
        return str(error.get("message") or phrase), error.get("code"), {**_object(error.get("details")), **outer}
    if isinstance(found, str):
        return str(body.get("detail") or body.get("message") or phrase), found, outer
    return str(body.get("message") or body.get("detail") or phrase), None, outer


def _object(value: Any) -> dict[str, Any]:
    if not is_object(value):
        return {}
    found: dict[str, Any] = value
    return found
