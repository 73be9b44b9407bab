"""The original clients, unchanged, against our sandbox; and their record ids against ours.

Run with `nox -s interop`. The first run installs both versions of the original, each into an environment of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peers
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from syncropel import Client, Identity, canonical_json, record_id
from syncropel.hashing import server_record_id
from syncropel.record import Record
from syncropel.testing import MockKernel
from wirewright.sandbox import Sandbox

pytestmark = pytest.mark.interop

VERSIONS = ("0.2.0", "0.7.0")
SCRIPTS = Path(__file__).parent


def ask(version: str, script: str, question: Any) -> Any:
    """What a script of this folder, run by the original of that version, answers to a question; both are JSON."""
    done = subprocess.run(
        [str(peers.python_of(f"syncropel=={version}")), str(SCRIPTS / script)],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": os.environ.get("PATH", "")},
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"syncropel {version} failed in {script}: {done.stderr[-4000:]}")
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def played(version: str) -> Iterator[tuple[dict[str, Any], Sandbox]]:
    """What every method of the original answered, and the sandbox that it talked to."""
    with Sandbox("syncropel", verify=True, responder=True, chunk_size=1000) as kernel:
        yield ask(version, "run_methods.py", {"url": kernel.url}), kernel


def raised(outcome: Any) -> bool:
    return isinstance(outcome, dict) and "raised" in outcome


REFUSED = {
    "data.write collision": ("SyncropelDataError", "precondition_failed"),
    "data.write stale": ("SyncropelDataError", "precondition_failed"),
    "data.stat missing": ("SyncropelDataError", "not_found"),
    "data.rm not empty": ("SyncropelDataError", "not_empty"),
    "redeem_invite again": ("SyncropelMembershipError", "invite_exhausted"),
    "redeem_invite without label": ("SyncropelMembershipError", "member_label_required"),
    "redeem_invite device": ("SyncropelMembershipError", "(501)"),
    "mint_agent_grant wider": ("SyncropelMembershipError", "scope_widened"),
    "revoke_member again": ("SyncropelMembershipError", "not_found"),
}


def test_every_method_works(played: Any, version: str) -> None:
    report, kernel = played
    assert {name for name, outcome in report.items() if raised(outcome)} == REFUSED.keys() & report.keys()
    for name in REFUSED.keys() & report.keys():
        kind, words = REFUSED[name]
        assert (report[name]["raised"], words in report[name]["text"]) == (kind, True), name
    assert len(report) == {"0.2.0": 26, "0.7.0": 63}[version]
    # whatever of the protocol this version can call, it has called, and both sides kept the spec
    called = {exchange.operation for exchange in kernel.requests}
    if version == "0.7.0":
        assert called == {operation.id for operation in kernel.document.operations} - {"emit_records"}
    odd = [exchange for exchange in kernel.requests if exchange.request_problems]
    assert [(e.target, [str(p) for p in e.request_problems]) for e in odd] == []


def test_emits(played: Any) -> None:
    report, _ = played
    assert [report[name]["success"] for name in ("emit", "emit again", "emit_sync", "emit odd")] == [True] * 4
    assert report["emit"]["record_id"] == report["emit again"]["record_id"]
    assert report["emit duplicate clock"]["error"].startswith('HTTP 400: {"error":"INGEST_FAILED"')
    assert "DuplicateClock: thread=t actor=did:example:me clock=1" in report["emit duplicate clock"]["error"]
    helpers = [name for name in report if name.startswith("emit_") and name != "emit_sync"]
    assert len(helpers) == 5
    assert all(report[name]["success"] for name in helpers)


def test_queries(played: Any) -> None:
    report, _ = played
    assert [record["clock"] for record in report["query_thread"]] == [1, 2]
    assert [record["clock"] for record in report["query_thread limit"]] == [2]
    assert [record["thread"] for record in report["query_thread slash"]] == ["a b/ü"]
    assert (report["query_thread unknown"], len(report["query"])) == ([], 1)
    assert [record["act"] for record in report["query actor"]] == ["INTEND", "KNOW"]
    assert len(report["rich_query"]["records"]) == 1
    assert report["rich_query explain"]["plan"]["indexed"] == ["thread"]
    assert report["rich_query malformed"] == {"records": []}
    assert report["search"]["hits"][0]["record"]["body"]["title"] == "Glow"
    assert report["search narrowed"]["hits"] == []
    assert report["health"]["status"] == "ok"


def test_questions(played: Any) -> None:
    report, _ = played
    assert (report["infer"]["answer"], report["infer"]["fold_function"]) == ({"goal": "g"}, "consensus")
    assert report["infer pending"]["thread_id"] == "q"


def test_subscriptions(played: Any, version: str) -> None:
    report, _ = played
    if version == "0.2.0":
        assert "subscribe" not in report
        return
    subscribed = report["subscribe"]
    assert subscribed["sent"] == subscribed["received"]
    assert (bool(subscribed["cursor"]), subscribed["body"]["s"]) == (True, "\u2028")


def test_the_data_plane(played: Any, version: str) -> None:
    report, _ = played
    if version == "0.2.0":
        assert not any(name.startswith("data.") for name in report)
        return
    assert (report["data.read"], report["data.read_text"], report["data.write empty"]["size_bytes"]) == (
        True,
        "glow",
        0,
    )
    assert report["data.stat"]["provenance"] is None
    assert report["data.stat published"]["provenance"]["content_hash"] == report["data.publish"]["content_hash"]
    assert (report["data.mkdir"], report["data.mv"], report["data.rm"]["removed"]) == (None, None, 2)


def test_membership(played: Any, version: str) -> None:
    report, _ = played
    if version == "0.2.0":
        assert "list_members" not in report
        return
    assert set(report["redeem_invite member"]["membership"]) == {"member_did", "master_did", "grant_id"}
    assert [row["label"] for row in report["list_members"]] == ["ada"]
    assert report["revoke_member"]["scope"] == "local"


# Record ids

VECTORS = Path(__file__).parents[1] / "vectors"


def vectors(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (VECTORS / f"{name}.jsonl").read_text().splitlines()]


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
emissions = st.fixed_dictionaries(
    {
        "act": text.filter(bool),
        "kind": st.sampled_from(["core.x", "music.catalog.track", "music.catalog.track.v2", "@music.track"]),
        "body": st.dictionaries(text.filter(lambda key: key != "_refs"), values, max_size=4),
        "clock": st.integers(-(2**40), 2**63 - 1),
        "data_type": text,
        "parents": st.lists(text, max_size=3),
    }
)
TOTAL = 10_000
FIELDS = ("act", "actor", "body", "clock", "data_type", "parents", "thread")


@pytest.fixture(scope="module")
def random_emissions() -> list[dict[str, Any]]:
    drawn: list[dict[str, Any]] = []

    @settings(
        max_examples=TOTAL,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(emissions)
    def draw(arguments: dict[str, Any]) -> None:
        drawn.append(arguments)

    draw()
    return drawn


def test_record_ids_of_ten_thousand_random_bodies(version: str, random_emissions: list[dict[str, Any]]) -> None:
    theirs = ask(version, "run_ids.py", [json.dumps(arguments) for arguments in random_emissions])
    assert len(theirs) == len(random_emissions) >= TOTAL
    kernel = MockKernel()
    client = Client(endpoint="http://mock", identity=Identity.static("did:example:me"), transport=kernel.transport())
    for number, (arguments, their) in enumerate(zip(random_emissions, theirs, strict=True)):
        result = client.emit_sync(**arguments, thread=f"t{number}")
        envelope = {name: kernel.records[-1][name] for name in FIELDS}
        mine = [record_id(Record(**envelope), fields=7), canonical_json(envelope), result.record_id]
        assert mine == their
        assert result.record_id == server_record_id(envelope)


def test_the_vectors_are_the_originals(version: str) -> None:
    """Our 42 vectors: the original agrees with each of them today."""
    questions = {
        "canonical": [vector["input"] for vector in vectors("canonical")],
        "levels": [[vector["act"], vector["body"]] for vector in vectors("hash_levels")],
        "records": [vector["wire"] for vector in vectors("records")],
    }
    answers = ask(version, "run_vectors.py", questions)
    assert answers["canonical"] == [[v["canonical"], v["sha256"]] for v in vectors("canonical")]
    assert answers["levels"] == [[v["l0"], v["l1"], v["l2"], v["l3"]] for v in vectors("hash_levels")]
    assert answers["records"] == [v["id"] for v in vectors("records")]
    assert sum(map(len, answers.values())) == 42
