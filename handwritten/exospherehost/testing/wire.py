"""What every answer of the state manager has in common (protocol sheet §1): request ids, CORS, redirects, refusals."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from wirewright.sandbox import Answer, Call

Body = TypeVar("Body", bound=BaseModel)

REQUEST_ID = "x-exosphere-request-id"
LOCAL_ORIGINS = tuple(f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 3001))
_METHODS = "GET, POST, PUT, DELETE, OPTIONS, PATCH"
_HEADERS = (
    "Accept, Accept-Language, Authorization, Content-Language, Content-Type, X-API-Key, X-Exosphere-Request-ID, "
    "X-Requested-With"
)


JSON_TYPES = (str, int, float, bool, list, dict, type(None))


class InvalidRequestError(Exception):
    """The request breaks its schema (422); `detail` lists how."""

    def __init__(self, detail: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(f"{len(detail)} problems")
        self.detail = detail


def request_id(headers: Mapping[str, str]) -> str:
    """The caller's own id when it is a UUID in any spelling, else a fresh one."""
    given = headers.get(REQUEST_ID, "")
    try:
        uuid.UUID(given)
    except ValueError:
        return str(uuid.uuid4())
    return given


def check_syntax(call: Call) -> None:
    """Refuse (422) a body that is no JSON, before anything else is looked at."""
    if not call.raw_body or not _is_json(call.headers.get("content-type", "application/json")):
        return
    try:
        json.loads(call.raw_body)
    except ValueError as error:
        place, reason = getattr(error, "pos", 0), getattr(error, "msg", error)
        problem: dict[str, Any] = {"type": "json_invalid", "loc": ["body", place], "msg": "JSON decode error"}
        raise InvalidRequestError([problem | {"input": {}, "ctx": {"error": str(reason)}}]) from error


def read_body(call: Call, model: type[Body]) -> Body:
    """The body as a model; `InvalidRequestError` with every problem."""
    if not call.raw_body:
        raise InvalidRequestError([{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}])
    is_json = _is_json(call.headers.get("content-type", "application/json"))
    value = json.loads(call.raw_body) if is_json else call.raw_body.decode("utf-8", "replace")
    try:
        return model.model_validate(value, from_attributes=True)
    except ValidationError as error:
        raise InvalidRequestError([_problem(found) for found in error.errors(include_url=False)]) from error


def _problem(found: Mapping[str, Any]) -> dict[str, Any]:
    place = {"loc": ["body", *found["loc"]]}
    context = {"ctx": {name: _plain(value) for name, value in found["ctx"].items()}} if "ctx" in found else {}
    return {**found, **place, **context, "input": _plain(found["input"])}


def _plain(value: Any) -> Any:
    """A value for JSON; an exception, which validators leave behind, says nothing."""
    if isinstance(value, Exception):
        return {}
    return cast(Any, value) if isinstance(value, JSON_TYPES) else str(value)


def _is_json(content_type: str) -> bool:
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def toggled_slash(url: str) -> str:
    """The same URL with a slash at the end of its path, or without the one that it has."""
    address, mark, query = url.partition("?")
    return (address[:-1] if address.endswith("/") else f"{address}/") + mark + query


class Cors:
    """Cross-origin rules for browsers on a few origins."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def headers(self, call: Call | None) -> dict[str, str]:
        """What an answer to a browser carries."""
        origin = call.headers.get("origin") if call else None
        if origin is None:
            return {}
        common = {"access-control-allow-credentials": "true", "access-control-expose-headers": "X-Exosphere-Request-ID"}
        return common | ({"access-control-allow-origin": origin, "vary": "Origin"} if origin in self._origins else {})

    def preflight(self, call: Call) -> Answer | None:
        """The answer to a browser's question before the real request; None when this is none."""
        origin, method = call.headers.get("origin"), call.headers.get("access-control-request-method")
        if call.method != "OPTIONS" or origin is None or method is None:
            return None
        allowed = {
            "access-control-allow-methods": _METHODS,
            "access-control-allow-headers": _HEADERS,
            "access-control-allow-credentials": "true",
            "access-control-max-age": "600",
            "vary": "Origin",
        }
        if origin not in self._origins:
            return Answer(400, "Disallowed CORS origin", media_type="text/plain", headers=allowed)
        return Answer(200, "OK", media_type="text/plain", headers=allowed | {"access-control-allow-origin": origin})
