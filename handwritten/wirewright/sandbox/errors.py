"""Errors in the shape that a spec documents for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from wirewright.contract.bodies import is_json
from wirewright.contract.document import MediaType, SpecDocument, SpecOperation
from wirewright.contract.examples import synthesise
from wirewright.contract.problems import Problem

PROBLEM_JSON = "application/problem+json"


def invalid_status(operation: SpecOperation, problems: Sequence[Problem]) -> int:
    """The status for a request that breaks the spec: 415 for a form that is not documented, 422 where documented, else 400."""
    documented = operation.responses
    if any(problem.kind == "media_type" for problem in problems) and "415" in documented:
        return 415
    return 422 if "422" in documented and "400" not in documented else 400 if "422" not in documented else _split(problems)


def _split(problems: Sequence[Problem]) -> int:
    return 400 if any(problem.kind == "malformed" for problem in problems) else 422


def error_body(
    document: SpecDocument,
    operation: SpecOperation | None,
    status: int,
    code: str,
    message: str,
    problems: Sequence[Problem],
) -> tuple[Any, str]:
    """An error body and its media type: the documented shape filled in, else problem details (RFC 9457)."""
    shape = _documented(operation, status) if operation else _usual(document)
    if shape is not None:
        body = _filled(document, shape, status, code, message, problems)
        if shape.validator is None or shape.validator.is_valid(body):
            return body, shape.name
    details = {"type": "about:blank", "title": _phrase(status), "status": status, "detail": message, "code": code}
    return details | ({"problems": [problem.to_json() for problem in problems]} if problems else {}), PROBLEM_JSON


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return str(status)


def _documented(operation: SpecOperation, status: int) -> MediaType | None:
    response = operation.response(status)
    if response is None or (response.status == "default" and "200" not in operation.responses):
        return None
    return next((form for name, form in response.content.items() if is_json(name)), None)


def _usual(document: SpecDocument) -> MediaType | None:
    """The error shape that most operations document."""
    shapes: dict[str, MediaType] = {}
    count: Counter[str] = Counter()
    for operation in document.operations:
        for status, response in operation.responses.items():
            form = next((form for name, form in response.content.items() if is_json(name)), None)
            if form is not None and (status.startswith("4") or status == "default"):
                key = str(form.schema)
                shapes.setdefault(key, form)
                count[key] += 1
    return shapes[count.most_common(1)[0][0]] if count else None


def _filled(
    document: SpecDocument, shape: MediaType, status: int, code: str, message: str, problems: Sequence[Problem]
) -> Any:
    """A made-up value of the shape, with what we know put where its member names ask for it."""
    hints = _Hints(document, status, code, message, problems)
    return hints.fill(synthesise(document.schemas, shape.schema, optional=True), shape.schema)


_MESSAGE = {"message", "detail", "details", "error_description", "description", "msg", "reason", "error_message", "text"}
_CODE = {"code", "error", "error_code", "errorcode", "type", "kind", "name", "slug", "id"}
_STATUS = {"status", "status_code", "statuscode", "code", "http_status"}


class _Hints:
    def __init__(self, document: SpecDocument, status: int, code: str, message: str, problems: Sequence[Problem]) -> None:
        self._schemas = document.schemas
        self._status = status
        self._code = code
        self._message = message
        self._problems = problems

    def fill(self, value: Any, schema: Any) -> Any:
        schema = self._schemas.resolve(schema)
        if isinstance(value, dict):
            properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
            return {name: self._member(name, held, properties.get(name, {})) for name, held in value.items()}
        if isinstance(value, list):
            items = schema.get("items", {}) if isinstance(schema, Mapping) else {}
            return self._each(items)
        return self._message if isinstance(value, str) else value

    def _each(self, items: Any) -> list[Any]:
        made = synthesise(self._schemas, items, optional=True)
        if isinstance(made, str):
            return [str(problem) for problem in self._problems] or [self._message]
        if not isinstance(made, dict):
            return []
        return [self._of_problem(made, problem) for problem in self._problems]

    def _of_problem(self, made: dict[str, Any], problem: Problem) -> dict[str, Any]:
        place = [part for part in problem.place.replace(".", "/", 1).split("/") if part]
        known: dict[str, Any] = {"loc": place, "path": problem.place, "field": problem.place, "msg": problem.message}
        known |= dict.fromkeys(_MESSAGE, problem.message) | {"type": problem.kind, "code": problem.kind}
        return {
            name: known[name] if name in known and type(known[name]) is type(held) else held for name, held in made.items()
        }

    def _member(self, name: str, held: Any, schema: Any) -> Any:
        resolved = self._schemas.resolve(schema)
        closed = isinstance(resolved, Mapping) and ("const" in resolved or "enum" in resolved)
        key = name.lower()
        if isinstance(held, bool) or closed:
            return False if held is True and not closed else held
        if isinstance(held, int | float) and key in _STATUS:
            return self._status
        if isinstance(held, str):
            if key == "status" and not closed:
                return str(self._status)
            if key == "title":
                return _phrase(self._status)
            return self._message if key in _MESSAGE else self._code if key in _CODE else held
        return self.fill(held, schema) if isinstance(held, dict | list) else held
