"""The reasoning loop: what it is asked, what it answers, what its journal holds."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from symbiont.models._base import Model


class FinishReason(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    TOOL_CALLS = "tool_calls"
    MAX_TOKENS = "max_tokens"
    CONTENT_FILTER = "content_filter"


class ProposedActionType(StrEnum):
    """What a model wants to do."""

    TOOL_CALL = "tool_call"
    DELEGATE = "delegate"
    RESPOND = "respond"
    TERMINATE = "terminate"


class LoopDecisionType(StrEnum):
    """What policies made of a proposal."""

    ALLOW = "allow"
    DENY = "deny"
    MODIFY = "modify"


class TerminationReasonType(StrEnum):
    """Why a loop ended."""

    COMPLETED = "completed"
    MAX_ITERATIONS = "max_iterations"
    MAX_TOKENS = "max_tokens"
    TIMEOUT = "timeout"
    POLICY_DENIAL = "policy_denial"
    ERROR = "error"


class RecoveryStrategyType(StrEnum):
    """What to do when something fails."""

    RETRY = "retry"
    FALLBACK = "fallback"
    CACHED_RESULT = "cached_result"
    LLM_RECOVERY = "llm_recovery"
    ESCALATE = "escalate"
    DEAD_LETTER = "dead_letter"


class LoopEventType(StrEnum):
    """What a journal records."""

    STARTED = "started"
    REASONING_COMPLETE = "reasoning_complete"
    POLICY_EVALUATED = "policy_evaluated"
    TOOLS_DISPATCHED = "tools_dispatched"
    OBSERVATIONS_COLLECTED = "observations_collected"
    TERMINATED = "terminated"
    RECOVERY_TRIGGERED = "recovery_triggered"


class CircuitState(StrEnum):
    """State of a circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Usage(Model):
    """Tokens used."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ToolDefinition(Model):
    """A tool that a model may call; `parameters` is a JSON Schema."""

    name: str
    description: str
    parameters: Any


class ToolCallRequest(Model):
    """A call that a model asks for; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


class InferenceOptions(Model):
    """How a model is asked."""

    max_tokens: int
    temperature: float = 0.7
    tool_definitions: list[ToolDefinition] = Field(default_factory=list[ToolDefinition])
    response_format: dict[str, Any] = Field(default_factory=lambda: {"type": "text"})
    model: str | None = None
    extra: dict[str, Any] = Field(default_factory=dict[str, Any])


class InferenceResponse(Model):
    """What a model said."""

    content: str
    tool_calls: list[ToolCallRequest] = Field(default_factory=list[ToolCallRequest])
    finish_reason: FinishReason
    usage: Usage
    model: str


class Observation(Model):
    """What came back from the world."""

    source: str
    content: str
    is_error: bool = False
    metadata: dict[str, str] = Field(default_factory=dict[str, str])


class ProposedAction(Model):
    """Something a model wants to do. Which fields are set depends on `type`."""

    type: ProposedActionType
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    target: str | None = None
    message: str | None = None
    content: str | None = None
    reason: str | None = None
    output: str | None = None


class LoopDecision(Model):
    """What policies made of a proposal."""

    decision: LoopDecisionType
    reason: str | None = None
    modified_action: ProposedAction | None = None


class RecoveryStrategy(Model):
    """What to do when something fails. Times in milliseconds."""

    type: RecoveryStrategyType
    max_attempts: int | None = None
    base_delay_ms: int | None = None
    alternatives: list[str] | None = None
    max_staleness_ms: int | None = None
    max_recovery_attempts: int | None = None
    queue: str | None = None
    context_snapshot: bool | None = None


class TerminationReason(Model):
    """Why a loop ended."""

    type: TerminationReasonType
    reason: str | None = None
    message: str | None = None


class LoopConfig(Model):
    """Limits of a loop. Times in milliseconds."""

    max_iterations: int = 10
    max_total_tokens: int = 100000
    timeout_ms: int = 300000
    default_recovery: RecoveryStrategy = Field(
        default_factory=lambda: RecoveryStrategy(type=RecoveryStrategyType.DEAD_LETTER)
    )
    tool_timeout_ms: int = 30000
    max_concurrent_tools: int = 4
    context_token_budget: int = 4096
    tool_definitions: list[ToolDefinition] = Field(default_factory=list[ToolDefinition])


class LoopState(Model):
    """A loop that is running."""

    agent_id: str
    iteration: int
    total_usage: Usage
    pending_observations: list[Observation] = Field(default_factory=list[Observation])
    started_at: str
    current_phase: str
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class LoopResult(Model):
    """What a loop came to."""

    output: str
    iterations: int
    total_usage: Usage
    termination_reason: TerminationReason
    duration_ms: int


class LoopEvent(Model):
    """One thing that happened. Which fields are set depends on `type`."""

    type: LoopEventType
    agent_id: str | None = None
    config: LoopConfig | None = None
    iteration: int | None = None
    actions: list[ProposedAction] | None = None
    usage: Usage | None = None
    action_count: int | None = None
    denied_count: int | None = None
    tool_count: int | None = None
    duration_ms: int | None = None
    observation_count: int | None = None
    reason: TerminationReason | None = None
    iterations: int | None = None
    total_usage: Usage | None = None
    tool_name: str | None = None
    strategy: RecoveryStrategy | None = None
    error: str | None = None


class JournalEntry(Model):
    """One line of an agent's journal; sequences grow without gaps."""

    sequence: int
    timestamp: str
    agent_id: str
    iteration: int
    event: LoopEvent


class CedarPolicy(Model):
    """A Cedar policy of an agent."""

    name: str
    source: str
    active: bool = True


class KnowledgeConfig(Model):
    """How a loop uses knowledge."""

    max_context_items: int = 5
    relevance_threshold: float = Field(default=0.7, ge=0.0, le=1.0)
    auto_persist: bool = False


class CircuitBreakerConfig(Model):
    """When a breaker opens and closes."""

    failure_threshold: int = Field(default=5, ge=1)
    recovery_timeout_ms: int = Field(default=30000, ge=0)
    half_open_max_calls: int = Field(default=3, ge=1)


class CircuitBreakerStatus(Model):
    """A tool's breaker."""

    state: CircuitState
    failure_count: int = Field(ge=0)
    success_count: int = Field(ge=0)
    config: CircuitBreakerConfig


class RunReasoningLoopRequest(Model):
    """A loop to run."""

    config: LoopConfig
    initial_message: str
    inference_options: InferenceOptions | None = None
    cedar_policies: list[CedarPolicy] | None = None
    knowledge_config: KnowledgeConfig | None = None


class RunReasoningLoopResponse(Model):
    """A loop that ran, with its journal."""

    loop_id: str
    result: LoopResult
    journal_entries: list[JournalEntry] = Field(default_factory=list[JournalEntry])
