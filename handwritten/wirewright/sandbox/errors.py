"""Errors in the shape that a spec documents for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from wirewright.contract.bodies import media_type_of
from wirewright.contract.document import MediaType, SpecDocument, SpecOperation
from wirewright.contract.examples import NoValueError, synthesise
from wirewright.contract.problems import Problem
from wirewright.contract.schemas import Schemas, branch_of
from wirewright.contract.shapes import is_array, is_object

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Failure:
    """What an error answer has to say."""

    status: int
    code: str  # a short name, such as validation_error
    message: str  # a sentence
    problems: Sequence[Problem] = ()

    @property
    def phrase(self) -> str:
        """The status in words."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return str(self.status)


def invalid_status(operation: SpecOperation, problems: Sequence[Problem]) -> int:
    """The status for a request that breaks the spec: 415 for a form that is not documented, else 400 or 422.

    422 when the operation documents it and not 400; when it documents both, 400 is for what cannot be read at all.
    """
    documented = operation.responses
    kinds = {problem.kind for problem in problems}
    if "media_type" in kinds and "415" in documented:
        return 415
    if "422" not in documented:
        return 400
    return 400 if "400" in documented and "malformed" in kinds else 422


def error_body(document: SpecDocument, operation: SpecOperation | None, failure: Failure) -> tuple[Any, str]:
    """An error body and its media type: the documented shape filled in, else problem details (RFC 9457)."""
    shape = _shape(document, operation, failure.status)
    if shape is not None and media_type_of(shape.name) == PROBLEM_JSON:
        details = problem_details(failure)
        if shape.validator is None or shape.validator.is_valid(details):
            return details, shape.name
    if shape is not None:
        try:
            body: Any = _Filling(document.schemas, failure).shape(shape.schema)
        except NoValueError:
            body = None
        if shape.validator is None or shape.validator.is_valid(body):
            return body, shape.name
    return problem_details(failure), PROBLEM_JSON


def problem_details(failure: Failure) -> dict[str, Any]:
    details: dict[str, Any] = {
        "type": "about:blank",
        "title": failure.phrase,
        "status": failure.status,
        "detail": failure.message,
        "code": failure.code,
    }
    if failure.problems:
        details["problems"] = [problem.to_json() for problem in failure.problems]
    return details


def _shape(document: SpecDocument, operation: SpecOperation | None, status: int) -> MediaType | None:
    """The documented JSON form of this error; else of the operation's other errors, else of most operations'."""
    if operation is None:
        return document.usual_error
    response = operation.response(status)
    form = response.json_form if response and response.is_error else None
    return form or operation.usual_error or document.usual_error


_MESSAGE = frozenset(
    ("message", "detail", "details", "error_description", "description", "msg", "reason", "error_message", "text")
)
_CODE = frozenset(("code", "error", "error_code", "errorcode", "type", "kind", "name", "slug", "id"))
_STATUS = frozenset(("status", "status_code", "statuscode", "code", "http_status", "error_code", "errorcode"))


class _Filling:
    """A made-up value of the error's schema, with what we know put where the names of its members ask for it."""

    def __init__(self, schemas: Schemas, failure: Failure) -> None:
        self._schemas = schemas
        self._failure = failure

    def shape(self, schema: Any) -> Any:
        return self._fill(synthesise(self._schemas, schema), schema)

    def _fill(self, value: Any, schema: Any) -> Any:
        if is_object(value):
            properties = branch_of(self._schemas, schema, "object").get("properties", {})
            return {name: self._member(name, held, properties.get(name, {})) for name, held in value.items()}
        if is_array(value):
            return self._list(branch_of(self._schemas, schema, "array").get("items", {}))
        return self._failure.message if isinstance(value, str) else value

    def _list(self, items: Any) -> list[Any]:
        made = synthesise(self._schemas, items)
        if isinstance(made, str):
            return [str(problem) for problem in self._failure.problems] or [self._failure.message]
        if not is_object(made):
            return []
        problems = self._failure.problems or [Problem("schema", "request", self._failure.message)]
        return [_of_problem(made, problem) for problem in problems]

    def _member(self, name: str, held: Any, schema: Any) -> Any:
        resolved = self._schemas.resolve(schema)
        if is_object(resolved) and ("const" in resolved or "enum" in resolved):
            return held
        key = name.lower()
        if isinstance(held, bool):
            return False  # success, ok: not for an error
        if isinstance(held, int | float):
            return self._failure.status if key in _STATUS else held
        if isinstance(held, str):
            return self._text(key, held)
        return self._fill(held, schema) if isinstance(held, dict | list) else held

    def _text(self, key: str, held: str) -> str:
        if key == "title":
            return self._failure.phrase
        if key in {"status", "status_code", "statuscode"}:
            return str(self._failure.status)
        return self._failure.message if key in _MESSAGE else self._failure.code if key in _CODE else held


def _of_problem(made: dict[str, Any], problem: Problem) -> dict[str, Any]:
    """One entry of a list of errors; FastAPI's `loc` is a list, other names hold the place as text."""
    place = [part for part in problem.place.replace(".", "/", 1).split("/") if part]
    known: dict[str, Any] = {"loc": place, "path": problem.place, "field": problem.place, "location": problem.place}
    known |= dict.fromkeys(_MESSAGE, problem.message) | {"type": problem.kind, "code": problem.kind}
    return {
        name: known[name] if name in known and type(known[name]) is type(held) else held for name, held in made.items()
    }
