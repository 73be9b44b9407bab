"""What the SDK is asked and what it answers, as pydantic models. Each loads with its module when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach

if TYPE_CHECKING:
    from symbiont.models.agents import (
        Agent,
        AgentMetrics,
        AgentState,
        AgentStatusResponse,
        ErrorResponse,
        HealthResponse,
        PaginationInfo,
        ResourceUsage,
        StatusResponse,
        SystemMetrics,
        WorkflowExecutionRequest,
        WorkflowExecutionResponse,
    )
    from symbiont.models.dsl import AgentDeployRequest, AgentDeployResponse, DslCompileRequest, DslCompileResponse
    from symbiont.models.endpoints import (
        EndpointMetrics,
        EndpointStatus,
        HttpEndpointCreateRequest,
        HttpEndpointInfo,
        HttpEndpointResponse,
        HttpEndpointUpdateRequest,
        HttpMethod,
    )
    from symbiont.models.http_input import (
        AgentRoutingRule,
        HttpInputConfig,
        HttpInputCreateRequest,
        HttpInputServerInfo,
        HttpInputUpdateRequest,
        HttpResponseControlConfig,
        RouteMatchType,
        WebhookCompletedResponse,
        WebhookExecutionStartedResponse,
        WebhookInvocationRequest,
        WebhookInvocationResponse,
        WebhookInvocationStatus,
        WebhookProviderType,
        WebhookRunAudit,
        WebhookToolRun,
        WebhookTriggerRequest,
        WebhookTriggerResponse,
        WebhookVerificationConfig,
    )
    from symbiont.models.knowledge import (
        ContextQuery,
        ContextResponse,
        KnowledgeItem,
        KnowledgeSourceType,
        VectorMetadata,
        VectorSearchRequest,
        VectorSearchResponse,
        VectorSearchResult,
    )
    from symbiont.models.mcp import (
        McpConnectionInfo,
        McpConnectionStatus,
        McpResourceInfo,
        McpServerConfig,
        McpToolInfo,
    )
    from symbiont.models.memory import (
        ConsolidationResponse,
        ConversationContext,
        MemoryNode,
        MemoryQuery,
        MemoryResponse,
        MemorySearchRequest,
        MemorySearchResponse,
        MemorySearchResult,
        MemoryStoreRequest,
    )
    from symbiont.models.metrics import (
        FileMetricsConfig,
        LoadBalancerMetricsSnapshot,
        MetricsConfig,
        MetricsSnapshot,
        OtlpConfig,
        OtlpProtocol,
        SchedulerMetricsSnapshot,
        SystemResourceMetricsSnapshot,
        TaskManagerMetricsSnapshot,
    )
    from symbiont.models.review import (
        AnalysisResults,
        FindingCategory,
        FindingSeverity,
        HumanReviewDecision,
        ReviewSession,
        ReviewSessionCreate,
        ReviewSessionList,
        ReviewSessionResponse,
        ReviewSessionState,
        ReviewStatus,
        SecurityFinding,
        SignedTool,
        SigningRequest,
        SigningResponse,
        Tool,
        ToolProvider,
        ToolSchema,
    )
    from symbiont.models.secrets import (
        SecretBackendConfig,
        SecretBackendType,
        SecretListResponse,
        SecretRequest,
        SecretResponse,
        VaultAuthMethod,
        VaultConfig,
    )
    from symbiont.models.settings import (
        AuthConfig,
        AuthResponse,
        ClientConfig,
        DatabaseConfig,
        JWTToken,
        LoggingConfig,
        RoleDefinition,
        TokenRefreshRequest,
        TokenRefreshResponse,
        UserPermissions,
        VectorConfig,
    )
    from symbiont.models.skills import (
        LoadedSkillModel,
        ScanFindingModel,
        ScanResultModel,
        ScanSeverityType,
        SignatureStatusType,
        SkillMetadataModel,
        SkillsConfig,
    )
    from symbiont.models.toolclad import (
        CommunicationEvaluation,
        CommunicationRule,
        ToolExecutionResult,
        ToolManifestInfo,
        ToolTestResult,
        ToolValidationResult,
    )
    from symbiont.models.vectors import (
        CollectionCreateRequest,
        CollectionInfo,
        CollectionResponse,
        EmbeddingRequest,
        EmbeddingResponse,
        Point,
        SearchQuery,
        UpsertResponse,
        Vector,
        VectorPoint,
        VectorUpsertRequest,
    )

__all__ = [
    "Agent",
    "AgentDeployRequest",
    "AgentDeployResponse",
    "AgentMetrics",
    "AgentRoutingRule",
    "AgentState",
    "AgentStatusResponse",
    "AnalysisResults",
    "AuthConfig",
    "AuthResponse",
    "ClientConfig",
    "CollectionCreateRequest",
    "CollectionInfo",
    "CollectionResponse",
    "CommunicationEvaluation",
    "CommunicationRule",
    "ConsolidationResponse",
    "ContextQuery",
    "ContextResponse",
    "ConversationContext",
    "DatabaseConfig",
    "DslCompileRequest",
    "DslCompileResponse",
    "EmbeddingRequest",
    "EmbeddingResponse",
    "EndpointMetrics",
    "EndpointStatus",
    "ErrorResponse",
    "FileMetricsConfig",
    "FindingCategory",
    "FindingSeverity",
    "HealthResponse",
    "HttpEndpointCreateRequest",
    "HttpEndpointInfo",
    "HttpEndpointResponse",
    "HttpEndpointUpdateRequest",
    "HttpInputConfig",
    "HttpInputCreateRequest",
    "HttpInputServerInfo",
    "HttpInputUpdateRequest",
    "HttpMethod",
    "HttpResponseControlConfig",
    "HumanReviewDecision",
    "JWTToken",
    "KnowledgeItem",
    "KnowledgeSourceType",
    "LoadBalancerMetricsSnapshot",
    "LoadedSkillModel",
    "LoggingConfig",
    "McpConnectionInfo",
    "McpConnectionStatus",
    "McpResourceInfo",
    "McpServerConfig",
    "McpToolInfo",
    "MemoryNode",
    "MemoryQuery",
    "MemoryResponse",
    "MemorySearchRequest",
    "MemorySearchResponse",
    "MemorySearchResult",
    "MemoryStoreRequest",
    "MetricsConfig",
    "MetricsSnapshot",
    "OtlpConfig",
    "OtlpProtocol",
    "PaginationInfo",
    "Point",
    "ResourceUsage",
    "ReviewSession",
    "ReviewSessionCreate",
    "ReviewSessionList",
    "ReviewSessionResponse",
    "ReviewSessionState",
    "ReviewStatus",
    "RoleDefinition",
    "RouteMatchType",
    "ScanFindingModel",
    "ScanResultModel",
    "ScanSeverityType",
    "SchedulerMetricsSnapshot",
    "SearchQuery",
    "SecretBackendConfig",
    "SecretBackendType",
    "SecretListResponse",
    "SecretRequest",
    "SecretResponse",
    "SecurityFinding",
    "SignatureStatusType",
    "SignedTool",
    "SigningRequest",
    "SigningResponse",
    "SkillMetadataModel",
    "SkillsConfig",
    "StatusResponse",
    "SystemMetrics",
    "SystemResourceMetricsSnapshot",
    "TaskManagerMetricsSnapshot",
    "TokenRefreshRequest",
    "TokenRefreshResponse",
    "Tool",
    "ToolExecutionResult",
    "ToolManifestInfo",
    "ToolProvider",
    "ToolSchema",
    "ToolTestResult",
    "ToolValidationResult",
    "UpsertResponse",
    "UserPermissions",
    "VaultAuthMethod",
    "VaultConfig",
    "Vector",
    "VectorConfig",
    "VectorMetadata",
    "VectorPoint",
    "VectorSearchRequest",
    "VectorSearchResponse",
    "VectorSearchResult",
    "VectorUpsertRequest",
    "WebhookCompletedResponse",
    "WebhookExecutionStartedResponse",
    "WebhookInvocationRequest",
    "WebhookInvocationResponse",
    "WebhookInvocationStatus",
    "WebhookProviderType",
    "WebhookRunAudit",
    "WebhookToolRun",
    "WebhookTriggerRequest",
    "WebhookTriggerResponse",
    "WebhookVerificationConfig",
    "WorkflowExecutionRequest",
    "WorkflowExecutionResponse",
]

_HOMES = {
    "agents": (
        "Agent AgentMetrics AgentState AgentStatusResponse ErrorResponse HealthResponse PaginationInfo "
        "ResourceUsage StatusResponse SystemMetrics WorkflowExecutionRequest WorkflowExecutionResponse "
    ),
    "dsl": ("AgentDeployRequest AgentDeployResponse DslCompileRequest DslCompileResponse "),
    "endpoints": (
        "EndpointMetrics EndpointStatus HttpEndpointCreateRequest HttpEndpointInfo HttpEndpointResponse "
        "HttpEndpointUpdateRequest HttpMethod "
    ),
    "http_input": (
        "AgentRoutingRule HttpInputConfig HttpInputCreateRequest HttpInputServerInfo HttpInputUpdateRequest "
        "HttpResponseControlConfig RouteMatchType WebhookCompletedResponse WebhookExecutionStartedResponse "
        "WebhookInvocationRequest WebhookInvocationResponse WebhookInvocationStatus WebhookProviderType "
        "WebhookRunAudit WebhookToolRun WebhookTriggerRequest WebhookTriggerResponse "
        "WebhookVerificationConfig "
    ),
    "knowledge": (
        "ContextQuery ContextResponse KnowledgeItem KnowledgeSourceType VectorMetadata VectorSearchRequest "
        "VectorSearchResponse VectorSearchResult "
    ),
    "mcp": ("McpConnectionInfo McpConnectionStatus McpResourceInfo McpServerConfig McpToolInfo "),
    "memory": (
        "ConsolidationResponse ConversationContext MemoryNode MemoryQuery MemoryResponse MemorySearchRequest "
        "MemorySearchResponse MemorySearchResult MemoryStoreRequest "
    ),
    "metrics": (
        "FileMetricsConfig LoadBalancerMetricsSnapshot MetricsConfig MetricsSnapshot OtlpConfig OtlpProtocol "
        "SchedulerMetricsSnapshot SystemResourceMetricsSnapshot TaskManagerMetricsSnapshot "
    ),
    "review": (
        "AnalysisResults FindingCategory FindingSeverity HumanReviewDecision ReviewSession "
        "ReviewSessionCreate ReviewSessionList ReviewSessionResponse ReviewSessionState ReviewStatus "
        "SecurityFinding SignedTool SigningRequest SigningResponse Tool ToolProvider ToolSchema "
    ),
    "secrets": (
        "SecretBackendConfig SecretBackendType SecretListResponse SecretRequest SecretResponse "
        "VaultAuthMethod VaultConfig "
    ),
    "settings": (
        "AuthConfig AuthResponse ClientConfig DatabaseConfig JWTToken LoggingConfig RoleDefinition "
        "TokenRefreshRequest TokenRefreshResponse UserPermissions VectorConfig "
    ),
    "skills": (
        "LoadedSkillModel ScanFindingModel ScanResultModel ScanSeverityType SignatureStatusType "
        "SkillMetadataModel SkillsConfig "
    ),
    "toolclad": (
        "CommunicationEvaluation CommunicationRule ToolExecutionResult ToolManifestInfo ToolTestResult "
        "ToolValidationResult "
    ),
    "vectors": (
        "CollectionCreateRequest CollectionInfo CollectionResponse EmbeddingRequest EmbeddingResponse Point "
        "SearchQuery UpsertResponse Vector VectorPoint VectorUpsertRequest "
    ),
}

__getattr__, __dir__ = attach(__name__, _HOMES)
