"""Symbiont: drive a policy-governed agent runtime, typed, from any Python program.

    with Client(api_key="...", base_url="http://localhost:8080/api/v1") as client:
        for agent in client.list_agents():
            print(client.get_agent_status(agent["id"]).state)

`AsyncClient` is the same, to be awaited. Settings come from arguments, a file, `SYMBIONT_*` and `.env`.
`wirewright serve symbiont` starts a runtime to try it on. Names load when they are first used: `import symbiont` itself
loads neither an HTTP library nor a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach

from symbiont._version import __version__ as __version__

if TYPE_CHECKING:
    from symbiont._agentpin_client import AgentPinClient
    from symbiont.chat import ChatSession
    from symbiont.client import AsyncClient, Client
    from symbiont.config import AuthConfig, ClientConfig, ConfigManager, VectorConfig
    from symbiont.exceptions import (
        APIError,
        AuthenticationError,
        MetricsConfigError,
        MetricsExportError,
        NotFoundError,
        RateLimitError,
        ReconciledInvocationError,
        SkillLoadError,
        SkillScanError,
        SymbiontError,
        WebhookVerificationError,
    )
    from symbiont.http_input import AsyncHttpInputClient, HttpInputClient
    from symbiont.markdown_memory import AgentMemoryContext, MarkdownMemoryStore, StorageStats
    from symbiont.metrics import (
        CompositeExporter,
        FileMetricsExporter,
        MetricsClient,
        MetricsCollector,
        MetricsSnapshot,
    )
    from symbiont.models import (
        Agent,
        AgentDeployRequest,
        AgentDeployResponse,
        AgentMetrics,
        AgentRoutingRule,
        AgentState,
        AgentStatusResponse,
        AnalysisResults,
        CollectionCreateRequest,
        CommunicationEvaluation,
        CommunicationRule,
        ContextQuery,
        ContextResponse,
        DslCompileRequest,
        DslCompileResponse,
        ErrorResponse,
        FindingCategory,
        FindingSeverity,
        HealthResponse,
        HttpInputConfig,
        HttpInputCreateRequest,
        HttpInputServerInfo,
        HttpInputUpdateRequest,
        HttpResponseControlConfig,
        HumanReviewDecision,
        KnowledgeItem,
        KnowledgeSourceType,
        McpConnectionInfo,
        McpConnectionStatus,
        McpResourceInfo,
        McpServerConfig,
        McpToolInfo,
        MemoryQuery,
        MemorySearchRequest,
        MemoryStoreRequest,
        PaginationInfo,
        ResourceUsage,
        ReviewSession,
        ReviewSessionCreate,
        ReviewSessionList,
        ReviewSessionResponse,
        ReviewSessionState,
        ReviewStatus,
        RouteMatchType,
        SecretBackendConfig,
        SecretBackendType,
        SecretListResponse,
        SecretRequest,
        SecretResponse,
        SecurityFinding,
        SignedTool,
        SigningRequest,
        SigningResponse,
        StatusResponse,
        SystemMetrics,
        Tool,
        ToolExecutionResult,
        ToolManifestInfo,
        ToolProvider,
        ToolSchema,
        ToolTestResult,
        ToolValidationResult,
        VaultAuthMethod,
        VaultConfig,
        VectorMetadata,
        VectorSearchRequest,
        VectorSearchResponse,
        VectorSearchResult,
        VectorUpsertRequest,
        WebhookCompletedResponse,
        WebhookExecutionStartedResponse,
        WebhookInvocationRequest,
        WebhookInvocationResponse,
        WebhookInvocationStatus,
        WebhookRunAudit,
        WebhookToolRun,
        WebhookTriggerRequest,
        WebhookTriggerResponse,
        WorkflowExecutionRequest,
        WorkflowExecutionResponse,
    )
    from symbiont.reasoning import (
        CedarPolicy,
        CircuitBreakerConfig,
        CircuitBreakerStatus,
        CircuitState,
        FinishReason,
        InferenceOptions,
        InferenceResponse,
        JournalEntry,
        KnowledgeConfig,
        LoopConfig,
        LoopDecision,
        LoopDecisionType,
        LoopEvent,
        LoopEventType,
        LoopResult,
        LoopState,
        Observation,
        ProposedAction,
        ProposedActionType,
        RecoveryStrategy,
        RecoveryStrategyType,
        RunReasoningLoopRequest,
        RunReasoningLoopResponse,
        TerminationReason,
        TerminationReasonType,
        ToolCallRequest,
        ToolDefinition,
        Usage,
    )
    from symbiont.reasoning_client import ReasoningClient
    from symbiont.schedules import (
        CreateScheduleRequest,
        CreateScheduleResponse,
        DeleteScheduleResponse,
        NextRunsResponse,
        ScheduleActionResponse,
        ScheduleClient,
        ScheduleDetail,
        ScheduleHistoryResponse,
        SchedulerHealthResponse,
        ScheduleRunEntry,
        ScheduleSummary,
        UpdateScheduleRequest,
    )
    from symbiont.skills import (
        LoadedSkill,
        ScanFinding,
        ScanResult,
        ScanSeverity,
        SignatureStatus,
        SkillLoader,
        SkillLoaderConfig,
        SkillMetadata,
        SkillScanner,
    )
    from symbiont.toolclad import ToolCladClient
    from symbiont.webhooks import HmacVerifier, JwtVerifier, SignatureVerifier, WebhookProvider

__all__ = [
    "APIError",
    "Agent",
    "AgentDeployRequest",
    "AgentDeployResponse",
    "AgentMemoryContext",
    "AgentMetrics",
    "AgentPinClient",
    "AgentRoutingRule",
    "AgentState",
    "AgentStatusResponse",
    "AnalysisResults",
    "AsyncClient",
    "AsyncHttpInputClient",
    "AuthConfig",
    "AuthenticationError",
    "CedarPolicy",
    "ChatSession",
    "CircuitBreakerConfig",
    "CircuitBreakerStatus",
    "CircuitState",
    "Client",
    "ClientConfig",
    "CollectionCreateRequest",
    "CommunicationEvaluation",
    "CommunicationRule",
    "CompositeExporter",
    "ConfigManager",
    "ContextQuery",
    "ContextResponse",
    "CreateScheduleRequest",
    "CreateScheduleResponse",
    "DeleteScheduleResponse",
    "DslCompileRequest",
    "DslCompileResponse",
    "ErrorResponse",
    "FileMetricsExporter",
    "FindingCategory",
    "FindingSeverity",
    "FinishReason",
    "HealthResponse",
    "HmacVerifier",
    "HttpInputClient",
    "HttpInputConfig",
    "HttpInputCreateRequest",
    "HttpInputServerInfo",
    "HttpInputUpdateRequest",
    "HttpResponseControlConfig",
    "HumanReviewDecision",
    "InferenceOptions",
    "InferenceResponse",
    "JournalEntry",
    "JwtVerifier",
    "KnowledgeConfig",
    "KnowledgeItem",
    "KnowledgeSourceType",
    "LoadedSkill",
    "LoopConfig",
    "LoopDecision",
    "LoopDecisionType",
    "LoopEvent",
    "LoopEventType",
    "LoopResult",
    "LoopState",
    "MarkdownMemoryStore",
    "McpConnectionInfo",
    "McpConnectionStatus",
    "McpResourceInfo",
    "McpServerConfig",
    "McpToolInfo",
    "MemoryQuery",
    "MemorySearchRequest",
    "MemoryStoreRequest",
    "MetricsClient",
    "MetricsCollector",
    "MetricsConfigError",
    "MetricsExportError",
    "MetricsSnapshot",
    "NextRunsResponse",
    "NotFoundError",
    "Observation",
    "PaginationInfo",
    "ProposedAction",
    "ProposedActionType",
    "RateLimitError",
    "ReasoningClient",
    "ReconciledInvocationError",
    "RecoveryStrategy",
    "RecoveryStrategyType",
    "ResourceUsage",
    "ReviewSession",
    "ReviewSessionCreate",
    "ReviewSessionList",
    "ReviewSessionResponse",
    "ReviewSessionState",
    "ReviewStatus",
    "RouteMatchType",
    "RunReasoningLoopRequest",
    "RunReasoningLoopResponse",
    "ScanFinding",
    "ScanResult",
    "ScanSeverity",
    "ScheduleActionResponse",
    "ScheduleClient",
    "ScheduleDetail",
    "ScheduleHistoryResponse",
    "ScheduleRunEntry",
    "ScheduleSummary",
    "SchedulerHealthResponse",
    "SecretBackendConfig",
    "SecretBackendType",
    "SecretListResponse",
    "SecretRequest",
    "SecretResponse",
    "SecurityFinding",
    "SignatureStatus",
    "SignatureVerifier",
    "SignedTool",
    "SigningRequest",
    "SigningResponse",
    "SkillLoadError",
    "SkillLoader",
    "SkillLoaderConfig",
    "SkillMetadata",
    "SkillScanError",
    "SkillScanner",
    "StatusResponse",
    "StorageStats",
    "SymbiontError",
    "SystemMetrics",
    "TerminationReason",
    "TerminationReasonType",
    "Tool",
    "ToolCallRequest",
    "ToolCladClient",
    "ToolDefinition",
    "ToolExecutionResult",
    "ToolManifestInfo",
    "ToolProvider",
    "ToolSchema",
    "ToolTestResult",
    "ToolValidationResult",
    "UpdateScheduleRequest",
    "Usage",
    "VaultAuthMethod",
    "VaultConfig",
    "VectorConfig",
    "VectorMetadata",
    "VectorSearchRequest",
    "VectorSearchResponse",
    "VectorSearchResult",
    "VectorUpsertRequest",
    "WebhookCompletedResponse",
    "WebhookExecutionStartedResponse",
    "WebhookInvocationRequest",
    "WebhookInvocationResponse",
    "WebhookInvocationStatus",
    "WebhookProvider",
    "WebhookRunAudit",
    "WebhookToolRun",
    "WebhookTriggerRequest",
    "WebhookTriggerResponse",
    "WebhookVerificationError",
    "WorkflowExecutionRequest",
    "WorkflowExecutionResponse",
]

_HOMES = {
    "_agentpin_client": "AgentPinClient",
    "chat": "ChatSession",
    "client": "AsyncClient Client",
    "config": "AuthConfig ClientConfig ConfigManager VectorConfig",
    "exceptions": (
        "APIError AuthenticationError MetricsConfigError MetricsExportError NotFoundError RateLimitError "
        "ReconciledInvocationError SkillLoadError SkillScanError SymbiontError WebhookVerificationError "
    ),
    "http_input": "AsyncHttpInputClient HttpInputClient",
    "markdown_memory": "AgentMemoryContext MarkdownMemoryStore StorageStats",
    "metrics": "CompositeExporter FileMetricsExporter MetricsClient MetricsCollector MetricsSnapshot",
    "models": (
        "Agent AgentDeployRequest AgentDeployResponse AgentMetrics AgentRoutingRule AgentState "
        "AgentStatusResponse AnalysisResults CollectionCreateRequest CommunicationEvaluation "
        "CommunicationRule ContextQuery ContextResponse DslCompileRequest DslCompileResponse ErrorResponse "
        "FindingCategory FindingSeverity HealthResponse HttpInputConfig HttpInputCreateRequest "
        "HttpInputServerInfo HttpInputUpdateRequest HttpResponseControlConfig HumanReviewDecision "
        "KnowledgeItem KnowledgeSourceType McpConnectionInfo McpConnectionStatus McpResourceInfo "
        "McpServerConfig McpToolInfo MemoryQuery MemorySearchRequest MemoryStoreRequest PaginationInfo "
        "ResourceUsage ReviewSession ReviewSessionCreate ReviewSessionList ReviewSessionResponse "
        "ReviewSessionState ReviewStatus RouteMatchType SecretBackendConfig SecretBackendType "
        "SecretListResponse SecretRequest SecretResponse SecurityFinding SignedTool SigningRequest "
        "SigningResponse StatusResponse SystemMetrics Tool ToolExecutionResult ToolManifestInfo ToolProvider "
        "ToolSchema ToolTestResult ToolValidationResult VaultAuthMethod VaultConfig VectorMetadata "
        "VectorSearchRequest VectorSearchResponse VectorSearchResult VectorUpsertRequest "
        "WebhookCompletedResponse WebhookExecutionStartedResponse WebhookInvocationRequest "
        "WebhookInvocationResponse WebhookInvocationStatus WebhookRunAudit WebhookToolRun "
        "WebhookTriggerRequest WebhookTriggerResponse WorkflowExecutionRequest WorkflowExecutionResponse "
    ),
    "reasoning": (
        "CedarPolicy CircuitBreakerConfig CircuitBreakerStatus CircuitState FinishReason InferenceOptions "
        "InferenceResponse JournalEntry KnowledgeConfig LoopConfig LoopDecision LoopDecisionType LoopEvent "
        "LoopEventType LoopResult LoopState Observation ProposedAction ProposedActionType RecoveryStrategy "
        "RecoveryStrategyType RunReasoningLoopRequest RunReasoningLoopResponse TerminationReason "
        "TerminationReasonType ToolCallRequest ToolDefinition Usage "
    ),
    "reasoning_client": "ReasoningClient",
    "schedules": (
        "CreateScheduleRequest CreateScheduleResponse DeleteScheduleResponse NextRunsResponse "
        "ScheduleActionResponse ScheduleClient ScheduleDetail ScheduleHistoryResponse ScheduleRunEntry "
        "ScheduleSummary SchedulerHealthResponse UpdateScheduleRequest "
    ),
    "skills": (
        "LoadedSkill ScanFinding ScanResult ScanSeverity SignatureStatus SkillLoader SkillLoaderConfig "
        "SkillMetadata SkillScanner "
    ),
    "toolclad": "ToolCladClient",
    "webhooks": "HmacVerifier JwtVerifier SignatureVerifier WebhookProvider",
}
_MODULES = (
    "agentpin approvals auth channels chat client config exceptions http_input markdown_memory memory metrics models "
    "qdrant reasoning reasoning_client schedules schemapin skills toolclad webhooks"
)

__getattr__, __dir__ = attach(__name__, _HOMES, _MODULES)
