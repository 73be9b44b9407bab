"""Request bodies as the state manager reads them (protocol sheet §3.6): unknown members ignored, numbers lax."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BaseModel, Field, model_validator

from exospherehost.models import GraphNodeModel, RetryPolicyModel, StoreConfigModel
from exospherehost.testing.manager import cron


class NodeRegistration(BaseModel):
    """A node as a runtime registers it."""

    name: str
    inputs_schema: dict[str, Any]
    outputs_schema: dict[str, Any]
    secrets: list[str]


class RegisterNodes(BaseModel):
    """PUT nodes."""

    runtime_name: str
    nodes: list[NodeRegistration]


class NodeTemplate(GraphNodeModel):
    """A node use; unlike in programs, inputs must be there."""

    inputs: dict[str, Any] = Field()


def as_object(value: Any) -> dict[str, Any] | None:
    """The value when it is a JSON object."""
    return cast(dict[str, Any], value) if isinstance(value, dict) else None


def _cron_expression(expression: str) -> str:
    if not cron.is_valid(expression):
        raise ValueError("Invalid cron expression")
    return expression


class Trigger(BaseModel):
    """A trigger. `expression` is a member of `value` on the wire; errors place it beside `value`."""

    type: Literal["CRON"]
    value: dict[str, Any] = Field(default_factory=dict)
    expression: Annotated[str, AfterValidator(_cron_expression)] = Field(exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _lift_expression(cls, data: Any) -> Any:
        members = as_object(data)
        if members is None:
            return data
        lifted = {name: member for name, member in members.items() if name != "expression"}
        value = as_object(members.get("value"))
        if value is not None and "expression" in value:
            lifted["expression"] = value["expression"]
        return lifted


class UpsertGraph(BaseModel):
    """PUT graph."""

    secrets: dict[str, str]
    nodes: list[NodeTemplate]
    retry_policy: RetryPolicyModel = Field(default_factory=RetryPolicyModel)
    store_config: StoreConfigModel = Field(default_factory=StoreConfigModel)
    triggers: list[Trigger] = Field(default_factory=list[Trigger])


class TriggerGraph(BaseModel):
    """POST trigger. `start_delay` is milliseconds."""

    store: dict[str, str] = Field(default_factory=dict)
    inputs: dict[str, str] = Field(default_factory=dict)
    start_delay: int = Field(default=0, ge=0)


class Enqueue(BaseModel):
    """POST enqueue."""

    nodes: list[str]
    batch_size: int


class Executed(BaseModel):
    """POST executed."""

    outputs: list[dict[str, Any]]


class Errored(BaseModel):
    """POST errored."""

    error: str


class Prune(BaseModel):
    """POST prune."""

    data: dict[str, Any]


class ReEnqueueAfter(BaseModel):
    """POST re-enqueue-after; a duration in milliseconds."""

    enqueue_after: int = Field(gt=0)


class ManualRetry(BaseModel):
    """POST manual-retry."""

    fanout_id: str
