"""What a graph is made of, as a program writes it down. All refusals are `pydantic.ValidationError` (a `ValueError`).

Rules and texts: protocol sheet §3.1 to §3.5. Unknown members are ignored. Input values are taken as they come; the
state manager refuses those that are not strings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from pydantic import BaseModel, Field, field_validator


class UnitesStrategyEnum(str, Enum):  # noqa: UP042 - as in the original: str() of a member is its name
    """When a join starts."""

    ALL_SUCCESS = "ALL_SUCCESS"
    """Every descendant of the united state has succeeded."""
    ALL_DONE = "ALL_DONE"
    """No descendant of the united state is left to run, however it ended."""


class RetryStrategyEnum(str, Enum):  # noqa: UP042 - as above
    """How the delay before a retry grows; `FULL_JITTER` takes a random part of it, `EQUAL_JITTER` of its half."""

    EXPONENTIAL = "EXPONENTIAL"
    EXPONENTIAL_FULL_JITTER = "EXPONENTIAL_FULL_JITTER"
    EXPONENTIAL_EQUAL_JITTER = "EXPONENTIAL_EQUAL_JITTER"
    LINEAR = "LINEAR"
    LINEAR_FULL_JITTER = "LINEAR_FULL_JITTER"
    LINEAR_EQUAL_JITTER = "LINEAR_EQUAL_JITTER"
    FIXED = "FIXED"
    FIXED_FULL_JITTER = "FIXED_FULL_JITTER"
    FIXED_EQUAL_JITTER = "FIXED_EQUAL_JITTER"


class UnitesModel(BaseModel):
    """Makes a node a join over the descendants of one state of `identifier`."""

    identifier: str
    strategy: UnitesStrategyEnum = UnitesStrategyEnum.ALL_SUCCESS


class GraphNodeModel(BaseModel):
    """One use of a node in a graph.

    `inputs` may hold placeholders: `${{ identifier.outputs.field }}` and `${{ store.key }}`.
    """

    node_name: str
    namespace: str
    identifier: str
    inputs: dict[str, Any] = Field(default_factory=dict)
    next_nodes: list[str] | None = None
    unites: UnitesModel | None = None

    @field_validator("node_name")
    @classmethod
    def _node_name_says_something(cls, value: str) -> str:
        return _filled(value, "Node name cannot be empty")

    @field_validator("identifier")
    @classmethod
    def _identifier_is_free_to_use(cls, value: str) -> str:
        identifier = _filled(value, "Node identifier cannot be empty")
        if identifier == "store":
            raise ValueError("Node identifier cannot be reserved word 'store'")
        return identifier

    @field_validator("next_nodes")
    @classmethod
    def _next_nodes_are_distinct(cls, value: list[str] | None) -> list[str]:
        def problem(identifier: str, known: list[str]) -> str | None:
            if not identifier:
                return "Next node identifier cannot be empty"
            return f"Next node identifier {identifier} is not unique" if identifier in known else None

        return _trimmed(value or (), problem)

    @field_validator("unites")
    @classmethod
    def _unites_names_a_node(cls, value: UnitesModel | None) -> UnitesModel | None:
        if value is None:
            return None
        identifier = _filled(value.identifier, "Unites identifier cannot be empty")
        return UnitesModel(identifier=identifier, strategy=value.strategy)


class RetryPolicyModel(BaseModel):
    """How often and how late a failed state is tried again. Times are milliseconds."""

    max_retries: int = Field(default=3, ge=0, description="Retries beyond the first attempt.")
    strategy: RetryStrategyEnum = RetryStrategyEnum.EXPONENTIAL
    backoff_factor: int = Field(default=2000, gt=0, description="Milliseconds.")
    exponent: int = Field(default=2, gt=0, description="Base of the exponential strategies.")
    max_delay: int | None = Field(default=None, gt=0, description="No delay is longer, in milliseconds.")


class StoreConfigModel(BaseModel):
    """The keys of the read-only store that each run has. A required key must be sent even where it has a default."""

    required_keys: list[str] = Field(default_factory=list)
    default_values: dict[str, str] = Field(default_factory=dict)

    @field_validator("required_keys")
    @classmethod
    def _required_keys_are_keys(cls, value: list[str]) -> list[str]:
        return _trimmed(value, _key_problem)

    @field_validator("default_values")
    @classmethod
    def _default_keys_are_keys(cls, value: dict[str, str]) -> dict[str, str]:
        return dict(zip(_trimmed(value, _key_problem), value.values(), strict=True))


class CronTrigger(BaseModel):
    """Starts a run of the graph by the clock. The state manager judges the expression."""

    expression: str


class TriggerState(BaseModel):
    """Inputs for a node to start from, as SDK 0.0.1 took them and documentation still shows them.

    `StateManager.trigger` starts a graph at its root; pass `inputs=state.inputs`.
    """

    identifier: str
    inputs: dict[str, str] = Field(default_factory=dict)


def _filled(text: str, complaint: str) -> str:
    trimmed = text.strip()
    if not trimmed:
        raise ValueError(complaint)
    return trimmed


def _trimmed(texts: Iterable[str], problem: Callable[[str, list[str]], str | None]) -> list[str]:
    """All texts without the blanks around them; everything that is wrong is told in one error."""
    known: list[str] = []
    problems: list[str] = []
    for text in texts:
        trimmed = text.strip()
        found = problem(trimmed, known)
        if found is None:
            known.append(trimmed)
        else:
            problems.append(found)
    if problems:
        raise ValueError("\n".join(problems))
    return known


def _key_problem(key: str, known: list[str]) -> str | None:
    if not key:
        return "Key cannot be empty or contain only whitespace"
    if "." in key:
        return f"Key '{key}' cannot contain '.' character"
    return f"Key '{key}' is duplicated" if key in known else None
