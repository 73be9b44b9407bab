"""The public surface of 0.2 and 0.7: names, signatures, weight; and types that type checkers can use."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import typing
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
import syncropel
import syncropel.types_generated as published
import syncropel_api.v0_7
from syncropel import Client, ClientData, ClientMembership

OF_0_2 = [
    "ActType",
    "Client",
    "DataType",
    "EmitResult",
    "Identity",
    "InferOptions",
    "InferPending",
    "InferResult",
    "ProvenanceEntry",
    "Record",
    "Ref",
    "SyncropelKindError",
    "TrustSummary",
    "build_infer_input",
    "build_infer_query_body",
    "canonical_json",
    "canonical_value",
    "find_infer_result",
    "hash_levels",
    "random_thread_id",
    "record_id",
    "sha256_hex",
    "validate_kind",
    "validate_scope",
]
OF_0_7 = [
    "SseTransport",
    "SubscribeError",
    "Subscription",
    "GENERATED_SCHEMA_NAMES",
    "MANIFEST_VERSION",
    "ClientData",
    "ListResult",
    "MaterialProvenance",
    "PublishResult",
    "ReadUrlResult",
    "StatResult",
    "SyncropelDataError",
    "UsageResult",
    "WriteResult",
    "ClientMembership",
    "SyncropelMembershipError",
]
OWN = ["CoreKind", "Emission", "Kind", "kind"]


def test_the_names() -> None:
    assert (len(OF_0_2), len(OF_0_2 + OF_0_7)) == (24, 40)
    assert set(syncropel.__all__) == {*OF_0_2, *OF_0_7, *OWN}
    assert list(syncropel.__all__) == sorted(syncropel.__all__)
    assert all(hasattr(syncropel, name) for name in syncropel.__all__)
    assert set(syncropel.__all__) <= set(dir(syncropel))


def test_other_names_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        syncropel.nothing  # type: ignore[attr-defined]  # noqa: B018


MODULES = {
    "canonical": "canonical_value canonical_json",
    "hashing": "sha256_hex record_id HashLevels hash_levels",
    "grammar": "SyncropelKindError validate_kind validate_scope has_explicit_version",
    "identity": "Identity",
    "record": "ActType DataType Record",
    "refs": "Ref merge_refs",
    "client": "EmitResult Client",
    "inference": "InferOptions InferPending ProvenanceEntry TrustSummary InferResult build_infer_input "
    "build_infer_query_body find_infer_result random_thread_id",
    "testing": "MockKernel",
    "subscribe": "KNOWN_EVENTS DEFAULT_HEARTBEAT_TIMEOUT_S DEFAULT_RECONNECT_BASE_S DEFAULT_RECONNECT_MAX_S "
    "SubscribeError Subscription SseTransport start_subscription",
    "types_generated": "MANIFEST_VERSION GENERATED_SCHEMA_NAMES",
    "data": "ClientData SyncropelDataError WriteResult MaterialProvenance StatResult ListResult ReadUrlResult "
    "PublishResult UsageResult DEFAULT_CHUNK_SIZE",
    "membership": "ClientMembership SyncropelMembershipError",
}


@pytest.mark.parametrize("module", MODULES)
def test_the_names_of_a_module(module: str) -> None:
    loaded = __import__(f"syncropel.{module}", fromlist=["*"])
    assert [name for name in MODULES[module].split() if not hasattr(loaded, name)] == []


SIGNATURES = {
    "__init__": "(self, *, endpoint='http://localhost:9100', identity, timeout=30.0, max_retries=2, backoff_ms=250.0, "
    "on_emit=None, api_key=None, transport=None, bearer=None)",
    "emit": "(self, *, act, kind, body, thread, refs=None, parents=None, data_type='SCALAR', clock=None)",
    "emit_sync": "(self, *, act, kind, body, thread, refs=None, parents=None, data_type='SCALAR', clock=None)",
    "intend": "(self, goal, *, thread=None, parents=None, kind='core.intent', body=None, clock=None)",
    "fulfill": "(self, thread, summary, *, fulfills=None, kind='core.outcome', body=None, parents=None, clock=None)",
    "query_thread": "(self, thread, *, limit=100, since=None)",
    "query": "(self, *, kind=None, actor=None, thread=None, since=None, limit=100, where=None)",
    "rich_query": "(self, *, filter, thread=None, sort=None, limit=None, offset=None, explain=False)",
    "search": "(self, query, *, k=10, thread=None, actor=None, kind=None, after_clock=None)",
    "infer": "(self, request, options=None)",
    "health": "(self)",
    "emit_correction": "(self, *, corrects, revised_fields, reason, thread, correcting_actor=None)",
    "emit_erasure": "(self, *, erases, reason, thread, authorized_by=None, effective_at=None)",
    "emit_alias": "(self, *, old_kind, new_kind, reason, thread, since=None, publisher_did=None)",
    "emit_scope_transfer": "(self, *, scope, from_publisher, to_publisher, reason, thread, effective_at=None)",
    "emit_scope_claim": "(self, *, scope, governance_policy, thread, claimant=None, effective_at=None)",
    "subscribe": "(self, thread, callback, *, since_clock=None, bearer=None, on_error=None, on_open=None, "
    "on_heartbeat=None, reconnect_base_s=0.5, reconnect_max_s=30.0, max_reconnects=inf, heartbeat_timeout_s=60.0, "
    "transport=None)",
    "close": "(self)",
    "aclose": "(self)",
}


def signature(function: Any) -> str:
    found = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in found.parameters.values()]
    return str(found.replace(parameters=bare, return_annotation=inspect.Signature.empty))


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_signature_of_a_method(name: str) -> None:
    assert signature(getattr(Client, name)) == SIGNATURES[name]


def test_which_methods_are_async() -> None:
    sync = {"__init__", "emit_sync", "subscribe"}
    assert {name for name in SIGNATURES if not inspect.iscoroutinefunction(getattr(Client, name))} == sync


@pytest.mark.parametrize("cls", [Client, ClientData, ClientMembership])
def test_annotations_can_be_read_at_run_time(cls: type) -> None:
    for name, member in inspect.getmembers(cls, inspect.isfunction):
        if not name.startswith("_"):
            assert "return" in typing.get_type_hints(member), name


def test_client_may_be_narrowed() -> None:
    assert typing.get_args(Client[typing.Literal["a.b.c"]]) == (typing.Literal["a.b.c"],)


TYPED = """
from typing import Literal
from syncropel import Client, Emission, Identity, Kind, kind

MusicKind = Literal["music.catalog.track"]
identity = Identity.static("did:example:me")

async def plain(client: Client) -> None:
    await client.emit(act="PUT", kind="anything.at.all", body={}, thread="t")

async def literal(client: Client[MusicKind]) -> None:
    await client.emit(act="PUT", kind="music.catalog.track", body={}, thread="t")
    await client.intend("goal")
    await client.emit(act="PUT", kind="music.catalog.trak", body={}, thread="t")  # E: arg-type

async def checked(client: Client[Kind]) -> None:
    await client.emit(act="PUT", kind=kind("music.catalog.track"), body={}, thread="t")
    await client.emit(act="PUT", kind="music.catalog.track", body={}, thread="t")  # E: arg-type
"""


def test_kinds_are_checked_by_type_checkers(tmp_path: Path) -> None:
    file = tmp_path / "typed.py"
    file.write_text(TYPED)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", str(file)]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    if "No module named mypy" in done.stderr:
        pytest.skip("mypy is not installed")
    found = {int(line.split(":")[1]): line for line in done.stdout.splitlines() if ": error:" in line}
    wanted = {n for n, line in enumerate(TYPED.splitlines(), 1) if line.endswith("# E: arg-type")}
    assert set(found) == wanted
    assert all("[arg-type]" in line for line in found.values())


def loaded_by(statement: str) -> set[str]:
    program = f"{statement}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_importing_the_package_is_light() -> None:
    modules = loaded_by("import syncropel")
    assert not {"httpx", "httpcore", "msgspec", "asyncio", "syncropel_api"} & modules
    ours = {name for name in modules if name.startswith(("syncropel.", "wirewright."))}
    assert ours == {"wirewright.lazy"}


@pytest.mark.parametrize(
    "statement",
    [
        "from syncropel import *",
        "from syncropel import Client, Identity; Client(identity=Identity.static('did:a'))",
        "from syncropel.testing import MockKernel; MockKernel()",
        "import syncropel.testing.protocol",
    ],
)
def test_neither_network_nor_models_are_loaded_before_they_are_needed(statement: str) -> None:
    modules = loaded_by(statement)
    assert not {"httpx", "httpcore"} & modules
    assert not [
        name for name in modules if name.startswith("syncropel_api.") and ".models" in name and name.count(".") > 2
    ]


# The published models


def test_the_manifest_names_models_that_exist() -> None:
    assert (published.MANIFEST_VERSION, len(published.GENERATED_SCHEMA_NAMES)) == ("2", 21)
    assert all(hasattr(published, name) for name in published.GENERATED_SCHEMA_NAMES)


SAME_AS_SPEC = sorted(set(published.GENERATED_SCHEMA_NAMES) - {"Record", "RecordList", "RichQueryRequest"})


@pytest.mark.parametrize("name", SAME_AS_SPEC)
def test_a_published_model_has_the_fields_of_the_spec(name: str) -> None:
    document = json.loads((Path(syncropel_api.v0_7.__file__).parent / "spec.json").read_text())
    schema = document["components"]["schemas"][name]
    members = fields(getattr(published, name))
    required = [f.name for f in members if f.default is MISSING]
    assert sorted(required) == required
    own = {f.name for f in members}
    assert (own - set(schema.get("properties", {})), set(required) - set(schema.get("required", []))) == (set(), set())


def test_published_models_are_plain_dataclasses() -> None:
    record = published.Record(published.Act.PUT, "a", {}, 0, published.DataType.SCALAR, "id", [], "t")
    assert (record.judged_by, record.act.value) == (None, "PUT")
    assert published.Complete.boolean_True.value is True
    assert published.Context("trigger") is published.Context.trigger
