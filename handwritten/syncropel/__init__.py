"""Syncropel: emit content-addressed records, query threads, and never be taken down by a flaky network.

    async with Client(identity=Identity.static("did:example:me")) as client:
        result = await client.emit(act="PUT", kind="music.catalog.track", body={"title": "Glow"},
        thread="music.library")

Every public name is here and loads its module on first use: `import syncropel` itself loads neither an HTTP library
nor a model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirewright.lazy import attach

if TYPE_CHECKING:
    from syncropel.canonical import canonical_json, canonical_value
    from syncropel.client import Client
    from syncropel.data import (
        ClientData,
        ListResult,
        MaterialProvenance,
        PublishResult,
        ReadUrlResult,
        StatResult,
        SyncropelDataError,
        UsageResult,
        WriteResult,
    )
    from syncropel.emission import Emission, EmitResult
    from syncropel.grammar import SyncropelKindError, validate_kind, validate_scope
    from syncropel.hashing import hash_levels, record_id, sha256_hex
    from syncropel.identity import Identity
    from syncropel.inference import (
        InferOptions,
        InferPending,
        InferResult,
        ProvenanceEntry,
        TrustSummary,
        build_infer_input,
        build_infer_query_body,
        find_infer_result,
        random_thread_id,
    )
    from syncropel.kinds import CoreKind, Kind, kind
    from syncropel.membership import ClientMembership, SyncropelMembershipError
    from syncropel.record import ActType, DataType, Record
    from syncropel.refs import Ref
    from syncropel.subscribe import SseTransport, SubscribeError, Subscription
    from syncropel.types_generated import GENERATED_SCHEMA_NAMES, MANIFEST_VERSION

_HOMES = {
    "canonical": "canonical_json canonical_value",
    "client": "Client",
    "data": "ClientData ListResult MaterialProvenance PublishResult ReadUrlResult StatResult SyncropelDataError "
    "UsageResult WriteResult",
    "emission": "Emission EmitResult",
    "grammar": "SyncropelKindError validate_kind validate_scope",
    "hashing": "hash_levels record_id sha256_hex",
    "identity": "Identity",
    "inference": "InferOptions InferPending InferResult ProvenanceEntry TrustSummary build_infer_input "
    "build_infer_query_body find_infer_result random_thread_id",
    "kinds": "CoreKind Kind kind",
    "membership": "ClientMembership SyncropelMembershipError",
    "record": "ActType DataType Record",
    "refs": "Ref",
    "subscribe": "SseTransport SubscribeError Subscription",
    "types_generated": "GENERATED_SCHEMA_NAMES MANIFEST_VERSION",
}

__all__ = [  # noqa: RUF022 - as `sorted` does it, checked by a test against the table above
    "ActType",
    "Client",
    "ClientData",
    "ClientMembership",
    "CoreKind",
    "DataType",
    "Emission",
    "EmitResult",
    "GENERATED_SCHEMA_NAMES",
    "Identity",
    "InferOptions",
    "InferPending",
    "InferResult",
    "Kind",
    "ListResult",
    "MANIFEST_VERSION",
    "MaterialProvenance",
    "ProvenanceEntry",
    "PublishResult",
    "ReadUrlResult",
    "Record",
    "Ref",
    "SseTransport",
    "StatResult",
    "SubscribeError",
    "Subscription",
    "SyncropelDataError",
    "SyncropelKindError",
    "SyncropelMembershipError",
    "TrustSummary",
    "UsageResult",
    "WriteResult",
    "build_infer_input",
    "build_infer_query_body",
    "canonical_json",
    "canonical_value",
    "find_infer_result",
    "hash_levels",
    "kind",
    "random_thread_id",
    "record_id",
    "sha256_hex",
    "validate_kind",
    "validate_scope",
]

__getattr__, __dir__ = attach(__name__, _HOMES)
