"""Tables of changes, as documents: every row is an operation of its own in one old and one new document."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from wirewright_codegen.canonical import canonicalise
from wirewright_codegen.diff import Change, Diff, compare
from wirewright_codegen.read import document_of

Json = dict[str, Any]
HERE = Path(__file__).parent
WORDS = {"b": "breaking", "r": "risky", "c": "compatible"}
SECURITY = {
    "key": {"type": "apiKey", "in": "header", "name": "x-key"},
    "token": {"type": "http", "scheme": "bearer"},
    "oauth": {
        "type": "oauth2",
        "flows": {"clientCredentials": {"tokenUrl": "https://t.test", "scopes": {"read": "r", "write": "w"}}},
    },
}


@dataclass
class Case:
    """One row, for one direction."""

    number: int
    name: str
    rules: list[str]
    senders: str
    receivers: str
    sent: bool
    before: Json | None
    after: Json | None
    old_types: Json = field(default_factory=dict)
    new_types: Json = field(default_factory=dict)
    row: Json = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.name}, {'sent' if self.sent else 'received'}"


def schema_cases() -> list[Case]:
    rows = yaml.safe_load((HERE / "schemas.yaml").read_text())
    cases: list[Case] = []
    for row in rows:
        for direction in ("sent", "received"):
            cases.append(_schema_case(row, len(cases), direction))
    return cases


def _schema_case(row: Json, number: int, direction: str) -> Case:
    senders, receivers = row[direction].split("/")
    types = [{_type(name, number): _refs(value, number) for name, value in row.get(key, {}).items()}
             for key in ("old_types", "new_types")]  # fmt: skip
    operations = []
    for schema, value in ((row["before"], row["was"]), (row["after"], row["now"])):
        schema = _refs(schema, number)
        body = {"application/json": {"schema": schema, "example": value}}
        if direction == "sent":
            operations.append({"method": "post", "requestBody": {"required": True, "content": body}})
        else:
            operations.append({"responses": {"200": {"description": "Done", "content": body}}})
    rules = row["rule"] if isinstance(row["rule"], list) else [row["rule"]]
    return Case(number, row["name"], rules, WORDS[senders], WORDS[receivers], direction == "sent",
                operations[0], operations[1], types[0], types[1], row)  # fmt: skip


def _type(name: str, number: int) -> str:
    return f"{name}S{number}"


def _refs(value: Any, number: int) -> Any:
    if isinstance(value, str) and value.startswith("#"):
        return {"$ref": f"#/components/schemas/{_type(value[1:], number)}"}
    if isinstance(value, dict):
        return {key: _refs(item, number) for key, item in value.items()}
    return [_refs(item, number) for item in value] if isinstance(value, list) else value


def operation_cases() -> list[Case]:
    rows = yaml.safe_load((HERE / "operations.yaml").read_text())
    cases: list[Case] = []
    for row in rows:
        senders, receivers = row["class"].split("/")
        rules = row["rule"] if isinstance(row["rule"], list) else [row["rule"]]
        cases.append(Case(1000 + len(cases), row["name"], rules, WORDS[senders], WORDS[receivers], True,
                          row["before"], row["after"], row=row))  # fmt: skip
    return cases


def document(cases: list[Case], *, new: bool) -> Json:
    """The old or the new document of all cases."""
    paths: Json = {}
    schemas: Json = {}
    for case in cases:
        operation = copy.deepcopy(case.after if new else case.before)
        schemas |= case.new_types if new else case.old_types
        if operation is None:
            continue
        method = operation.pop("method", "get")
        path = f"/c{case.number}{operation.pop('path', '/things')}"
        operation["operationId"] = f"{operation.get('operationId', 'case')}_{case.number}"
        operation.setdefault("tags", [f"r{case.number}"])
        operation.setdefault("responses", {"200": {"description": "Done"}})
        if "x-method" in operation:
            operation["x-method"] += f"_{case.number}"
        paths[path] = {method: operation}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Cases", "version": "2.0" if new else "1.0"},
        "servers": [{"url": "https://cases.test"}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": SECURITY},
    }


def canonical(value: Json) -> Json:
    found = canonicalise(document_of(value))
    assert not found.account.losses, found.account.losses
    return json.loads(json.dumps(found.document))


CASES = [*schema_cases(), *operation_cases()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a `case` runs once for each row of the tables."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", CASES, ids=lambda case: case.id)


@pytest.fixture(scope="session")
def all_cases() -> list[Case]:
    return CASES


@pytest.fixture(scope="session")
def documents(all_cases: list[Case]) -> tuple[Json, Json]:
    """The canonical documents, before and after."""
    return canonical(document(all_cases, new=False)), canonical(document(all_cases, new=True))


@pytest.fixture(scope="session")
def differences(documents: tuple[Json, Json]) -> Diff:
    return compare(*documents)


@pytest.fixture
def changes_of() -> Callable[[Case], list[Change]]:
    """The changes of one case, compared on its own."""

    def changes(case: Case) -> list[Change]:
        return list(compare(canonical(document([case], new=False)), canonical(document([case], new=True))).changes)

    return changes
