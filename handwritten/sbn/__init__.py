"""The SmartBlocks Network.

    from sbn import SbnClient

    client = SbnClient(base_url="https://api.smartblocks.network")
    client.authenticate_api_key("sbn_live_...")
    with client.open_slot(worker_id="w", task_type="t", domain="d") as stream:
        stream.pulse("picked_up", score=0.9)

Names are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach

from sbn._version import __version__ as __version__

if TYPE_CHECKING:
    from sbn._http import RetryConfig as RetryConfig
    from sbn.acp import AcpClient as AcpClient
    from sbn.agent import AgentClient as AgentClient
    from sbn.artifacts import artifact_descriptor_from_bytes as artifact_descriptor_from_bytes
    from sbn.artifacts import artifact_descriptor_from_file as artifact_descriptor_from_file
    from sbn.artifacts import artifact_proof_payload as artifact_proof_payload
    from sbn.artifacts import artifact_sha256_bytes as artifact_sha256_bytes
    from sbn.async_client import AsyncAgentClient as AsyncAgentClient
    from sbn.async_client import AsyncSbnClient as AsyncSbnClient
    from sbn.atlas import Atlas as Atlas
    from sbn.atlas import AtlasBinding as AtlasBinding
    from sbn.atlas import AtlasClient as AtlasClient
    from sbn.atlas import AtlasConfig as AtlasConfig
    from sbn.auth import MintedToken as MintedToken
    from sbn.auth import SigningKey as SigningKey
    from sbn.bitblocks import BitBlock as BitBlock
    from sbn.bitblocks import BitBlockList as BitBlockList
    from sbn.bitblocks import BitBlocksClient as BitBlocksClient
    from sbn.blocks import BlocksClient as BlocksClient
    from sbn.client import SbnClient as SbnClient
    from sbn.console import ApiKeyLimits as ApiKeyLimits
    from sbn.console import ApiKeyRecord as ApiKeyRecord
    from sbn.console import ConsoleClient as ConsoleClient
    from sbn.console import ProjectUsage as ProjectUsage
    from sbn.contracts import ALLOWED_AUDIT_REVIEW_TRANSITIONS as ALLOWED_AUDIT_REVIEW_TRANSITIONS
    from sbn.contracts import ALLOWED_FINANCE_LIFECYCLE_TRANSITIONS as ALLOWED_FINANCE_LIFECYCLE_TRANSITIONS
    from sbn.contracts import ALLOWED_TASK_TRANSITIONS as ALLOWED_TASK_TRANSITIONS
    from sbn.contracts import AUDIT_REVIEW_STATES as AUDIT_REVIEW_STATES
    from sbn.contracts import FINANCE_LIFECYCLE_STATES as FINANCE_LIFECYCLE_STATES
    from sbn.contracts import ISO20022_BUSINESS_DOMAINS as ISO20022_BUSINESS_DOMAINS
    from sbn.contracts import TASK_STATES as TASK_STATES
    from sbn.contracts import is_allowed_audit_review_transition as is_allowed_audit_review_transition
    from sbn.contracts import is_allowed_finance_lifecycle_transition as is_allowed_finance_lifecycle_transition
    from sbn.contracts import is_allowed_task_transition as is_allowed_task_transition
    from sbn.contracts import is_audit_review_state as is_audit_review_state
    from sbn.contracts import is_finance_lifecycle_state as is_finance_lifecycle_state
    from sbn.contracts import is_task_state as is_task_state
    from sbn.contracts import validate_audit_block_metadata as validate_audit_block_metadata
    from sbn.contracts import validate_audit_review_transition as validate_audit_review_transition
    from sbn.contracts import validate_finance_block_metadata as validate_finance_block_metadata
    from sbn.contracts import validate_finance_lifecycle_transition as validate_finance_lifecycle_transition
    from sbn.contracts import validate_task_block_metadata as validate_task_block_metadata
    from sbn.contracts import validate_task_state_transition as validate_task_state_transition
    from sbn.control_plane import ControlPlaneClient as ControlPlaneClient
    from sbn.control_plane import RatePlan as RatePlan
    from sbn.control_plane import TenantDetail as TenantDetail
    from sbn.control_plane import TenantSummary as TenantSummary
    from sbn.control_plane import Validator as Validator
    from sbn.errors import SbnError as SbnError
    from sbn.errors import SbnTransportError as SbnTransportError
    from sbn.frontiers import FrontierContractBuilder as FrontierContractBuilder
    from sbn.frontiers import define_frontier as define_frontier
    from sbn.gateway import BlockDetail as BlockDetail
    from sbn.gateway import GatewayClient as GatewayClient
    from sbn.gateway import Receipt as Receipt
    from sbn.gateway import SlotClosure as SlotClosure
    from sbn.gateway import SlotCreateRequest as SlotCreateRequest
    from sbn.gateway import SlotHandle as SlotHandle
    from sbn.gateway import SlotSeal as SlotSeal
    from sbn.gateway import SlotSummary as SlotSummary
    from sbn.gec import GecClient as GecClient
    from sbn.gec_contract import GecOperationContract as GecOperationContract
    from sbn.gec_contract import compose_frontier_ref as compose_frontier_ref
    from sbn.governance import GovernanceClient as GovernanceClient
    from sbn.hashing import snapchore_hash as snapchore_hash
    from sbn.lattice import LatticeClient as LatticeClient
    from sbn.numa import NUMAClient as NUMAClient
    from sbn.pgdag_py import PGDagPyClient as PGDagPyClient
    from sbn.reality import RealityClient as RealityClient
    from sbn.receipts import ReceiptsClient as ReceiptsClient
    from sbn.snapchore import SnapChoreClient as SnapChoreClient
    from sbn.streaming import AsyncSlotSession as AsyncSlotSession
    from sbn.streaming import SlotFinalizeResult as SlotFinalizeResult
    from sbn.streaming import SlotReceipt as SlotReceipt
    from sbn.streaming import SlotSession as SlotSession
    from sbn.surfaces import SurfaceSession as SurfaceSession
    from sbn.surfaces import SurfaceSessionConfig as SurfaceSessionConfig
    from sbn.surfaces import build_surface_slot_metadata as build_surface_slot_metadata

_EXPORTS = {
    "client": "SbnClient",
    "agent": "AgentClient",
    "async_client": "AsyncAgentClient AsyncSbnClient",
    "auth": "SigningKey MintedToken",
    "errors": "SbnError SbnTransportError",
    "_http": "RetryConfig",
    "acp": "AcpClient",
    "gateway": "GatewayClient SlotCreateRequest SlotHandle SlotClosure SlotSeal SlotSummary Receipt BlockDetail",
    "streaming": "SlotSession AsyncSlotSession SlotReceipt SlotFinalizeResult",
    "numa": "NUMAClient",
    "receipts": "ReceiptsClient",
    "snapchore": "SnapChoreClient",
    "console": "ConsoleClient ApiKeyRecord ApiKeyLimits ProjectUsage",
    "control_plane": "ControlPlaneClient RatePlan TenantSummary TenantDetail Validator",
    "lattice": "LatticeClient",
    "reality": "RealityClient",
    "blocks": "BlocksClient",
    "bitblocks": "BitBlocksClient BitBlock BitBlockList",
    "atlas": "Atlas AtlasClient AtlasBinding AtlasConfig",
    "gec": "GecClient",
    "gec_contract": "GecOperationContract compose_frontier_ref",
    "governance": "GovernanceClient",
    "cdna": (
        "CdnaRecord DriftDetector DriftReport EvolutionaryMutator LineageManager MutationProof "
        "MutationStrategy MutationTrigger"
    ),
    "pgdag_py": "PGDagPyClient",
    "artifacts": (
        "artifact_sha256_bytes artifact_descriptor_from_bytes artifact_descriptor_from_file artifact_proof_payload"
    ),
    "frontiers": "FrontierContractBuilder define_frontier",
    "contracts": (
        "FINANCE_LIFECYCLE_STATES ALLOWED_FINANCE_LIFECYCLE_TRANSITIONS ISO20022_BUSINESS_DOMAINS "
        "is_finance_lifecycle_state is_allowed_finance_lifecycle_transition "
        "validate_finance_lifecycle_transition validate_finance_block_metadata TASK_STATES "
        "ALLOWED_TASK_TRANSITIONS is_task_state is_allowed_task_transition validate_task_state_transition "
        "validate_task_block_metadata AUDIT_REVIEW_STATES ALLOWED_AUDIT_REVIEW_TRANSITIONS "
        "is_audit_review_state is_allowed_audit_review_transition validate_audit_review_transition "
        "validate_audit_block_metadata"
    ),
    "surfaces": "SurfaceSession SurfaceSessionConfig build_surface_slot_metadata",
    "hashing": "snapchore_hash",
}

__getattr__, __dir__ = attach(__name__, _EXPORTS)
