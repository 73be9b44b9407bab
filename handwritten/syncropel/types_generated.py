"""The models that kernels publish in their capability manifest, as plain dataclasses (protocol sheet §18).

The typed client of the operations that this SDK calls is the generated package `syncropel_api.v0_7`; these are the
shapes of the whole manifest, under the names that its version 2 gives them. A test keeps both in step with the spec.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

MANIFEST_VERSION = "2"

GENERATED_SCHEMA_NAMES = (
    "Ack",
    "AggregationResult",
    "ApiError",
    "DecisionDecideRequest",
    "DecisionPending",
    "DispatchRequest",
    "DispatchResult",
    "Empty",
    "ExprEvalRequest",
    "ExprEvalResponse",
    "PairConfirmRequest",
    "PairInitRequest",
    "PairPollRequest",
    "PairResponse",
    "Record",
    "RecordList",
    "RichQueryRequest",
    "RichQueryResult",
    "ThreadList",
    "ThreadSummary",
    "TrustScore",
)


class Act(Enum):
    """Speech acts."""

    GET = "GET"
    PUT = "PUT"
    CALL = "CALL"
    MAP = "MAP"
    INTEND = "INTEND"
    DO = "DO"
    KNOW = "KNOW"
    LEARN = "LEARN"


class DataType(Enum):
    """Data types."""

    SCALAR = "SCALAR"
    FORMULA = "FORMULA"
    DISTRIBUTION = "DISTRIBUTION"
    REFERENCE = "REFERENCE"
    MORPHISM = "MORPHISM"
    VOID = "VOID"


class Context(Enum):
    """Where an expression is used."""

    trigger = "trigger"
    routing = "routing"
    precondition = "precondition"
    fold_rule = "fold_rule"
    health_check = "health_check"
    decision = "decision"
    permission = "permission"


class Object(Enum):
    """The tag of an aggregation."""

    aggregation = "aggregation"


class Complete(Enum):
    """Aggregations are complete or refused."""

    boolean_True = True  # noqa: N815 - the published name


@dataclass
class Ack:
    """The request was taken."""

    object: str


@dataclass
class Group:
    """One group of an aggregation and its figures."""

    aggregates: dict[str, Any]
    key: dict[str, Any]


@dataclass
class Plan:
    """What the figures of an aggregation rest on."""

    budget: int
    complete: Complete
    groups: int
    rows_scanned: int
    watermark_seq: int


@dataclass
class AggregationResult:
    """Figures by group: complete, and ascending by key."""

    groups: list[Group]
    object: Object
    plan: Plan


@dataclass
class ApiError:
    """The published error envelope."""

    code: str
    message: str
    object: Literal["error"]
    type: str
    audit_record: str | None = None
    docs_url: str | None = None
    hint: str | None = None


@dataclass
class DecisionDecideRequest:
    """A person's answer to a pending decision."""

    decision: str
    provided_value: Any | None = None
    reason: str | None = None


@dataclass
class DecisionPending:
    """Decisions that wait for a person."""

    data: list[dict[str, Any]]


@dataclass
class DispatchRequest:
    """Hands a goal to an actor; `budget` in US dollars, `timeout_secs` in seconds."""

    actor: str
    goal: str
    budget: float | None = None
    thread: str | None = None
    timeout_secs: int | None = None


@dataclass
class DispatchResult:
    """Work that was handed out."""

    dispatch_id: str
    status: str | None = None
    thread: str | None = None


@dataclass
class Empty:
    """Nothing."""


@dataclass
class ExprEvalRequest:
    """An expression to evaluate, within `timeout_ms` milliseconds."""

    context: Context
    expression: str
    record: dict[str, Any] | None = None
    timeout_ms: int | None = None


@dataclass
class ExprEvalResponse:
    """What an expression came to, after `elapsed_us` microseconds."""

    result: Any
    elapsed_us: int | None = None


@dataclass
class PairConfirmRequest:
    """Accepts a pairing."""

    nonce: str
    pair_id: str


@dataclass
class PairInitRequest:
    """Asks another kernel to pair."""

    actor_did: str
    peer_url: str
    labels: list[str] | None = None
    namespace: str | None = None


@dataclass
class PairPollRequest:
    """Asks how a pairing stands."""

    nonce: str


@dataclass
class PairResponse:
    """How a pairing stands."""

    issued_token: str | None = None
    pair_id: str | None = None
    responder_manifest: dict[str, Any] | None = None


@dataclass
class Record:
    """A stored record."""

    act: Act
    actor: str
    body: dict[str, Any]
    clock: int
    data_type: DataType
    id: str
    parents: list[str]
    thread: str
    judged_by: str | None = None


@dataclass
class RecordList:
    """Records in the order in which they were ingested."""

    data: list[Record]
    next_cursor: str | None = None


@dataclass
class RichQueryRequest:
    """A filter with order and window, or an aggregation."""

    aggregates: dict[str, Any] | None = None
    cursor: str | None = None
    filter: dict[str, Any] | None = None
    group_by: list[str] | None = None
    limit: int | None = None
    select: list[str] | None = None
    sort: dict[str, Any] | None = None


@dataclass
class RichQueryResult:
    """What matched."""

    data: list[dict[str, Any]]
    next_cursor: str | None = None


@dataclass
class ThreadSummary:
    """One thread in a listing."""

    id: str
    last_clock: int | None = None
    namespace: str | None = None
    record_count: int | None = None


@dataclass
class TrustScore:
    """Trust in an actor within a domain, from 0 to 1."""

    actor: str
    domain: str
    score: float
    namespace: str | None = None
    samples: int | None = None


@dataclass
class ThreadList:
    """Threads of a kernel."""

    data: list[ThreadSummary]


@dataclass
class FieldGeneratedManifestRoot:
    """Nothing; the root that the models hang on."""
