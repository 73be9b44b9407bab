"""Fingerprints, roots and seals, byte for byte as the original computes them (protocol sheet §3)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from pgdag import (
    DAGEdge,
    DAGNode,
    DAGTemplate,
    LocalSealBackend,
    ProofArtifact,
    ProofStatus,
    SbnSealBackend,
    StepEnvelope,
    build,
    canonical_fingerprint,
    canonical_json,
    merkle_root,
)

FINGERPRINTS = [
    ({}, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
    ({"a": 1}, "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"),
    ({"b": 1, "a": 2}, "d3626ac30a87e6f7a6428233b3c68299976865fa5508e4267c5415c76af7a772"),
    ({"x": 1.0}, "bf32f56236899e13ef54db875d136c6cbcc65244464829c54911aa9069b0ae25"),
    ({"x": 1e20}, "9528c74921c4a320e27a42b39aa2563b2ea45c20d33cf51188501632e1768a22"),
    ({"s": "é"}, "a2a87295805f4aec2222b5f1299cf6b5ab78f56800b1aeb4c1994f3d5805415f"),
    ({"e": "😀"}, "a061e082b87661a0bdf9a0239c5ec08f2196872fdf308c37b40cdbbd0c73a680"),
    (
        {"v": [1e16, 1e-7, -0.0, 0.1, 100.0, 123456789012345678901234567890]},
        "a2d89ac6cff069949189738e023010c14f48cb7c6b5440cdfc65741ac4caf134",
    ),
    (
        {"t": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)},
        "4e344a2d0d0a978b870192aa111a9f6f114d9e459e78a7250517b5708c7d89b1",
    ),
    (
        {"s": {"z": None, "y": (1, 2, {"b": True, "a": False})}},
        "4b679d449ed61d4b0c612b9a3c22c1977aa2392295d056bd8986912ddb000fc4",
    ),
    (
        {"d": Decimal("1.50"), "u": uuid.UUID(int=1)},
        "4dcb8ab9f5c5fb71a0f0e58b8ca85a9a33b7caf402c1918973e75e812f8fab1b",
    ),
    ({"é": 1, "_": 1, "Z": 1, "a": 1}, "fe567924b527b06633e5c6d07aa27de62481e053d454521696877b9dc28385de"),
    ({10: "y", 2: "x"}, "1e9f8ed4d9a48aad6f32041a251f95955887126fd37325ba2c2ff8cbf353c5f2"),
    ({"c": '\x7f\x01\n"\\/'}, "f494d1a604f62c7bf9e94305129daf924e002c692a08033150cd16b3c0b28581"),
    ({"n": float("nan")}, "df38c4379aa2b6d4a7151668f11c6cdf75dc52f52588502956377adddf9e1a26"),
    ({"sample_id": "sess-42"}, "f6a56545b187559671f31715d148207ac4dded36e404944c5af432b7dc3f8c5d"),
    ({"error": "nope"}, "fd90335038e871f27f04f5f7e22056cef1275185762593fa233fe82b34955d86"),
]


@pytest.mark.promise("pgdag: fingerprints, seals, proofs and roots are byte for byte the original's")
@pytest.mark.parametrize(("value", "expected"), FINGERPRINTS)
def test_a_fingerprint_is_the_hash_of_the_canonical_json(value: Any, expected: str) -> None:
    assert canonical_fingerprint(value) == expected


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (Colour.RED, '"red"'),
        (b"x", "\"b'x'\""),
        ([float("inf"), float("-inf")], "[Infinity,-Infinity]"),
        ({10: 1, 2: 1}, '{"2":1,"10":1}'),
        ("a/b", '"a/b"'),
    ],
)
def test_canonical_json_writes_what_json_has_no_form_for_as_text(value: Any, text: str) -> None:
    assert canonical_json(value) == text


def test_keys_that_cannot_be_sorted_are_an_error() -> None:
    with pytest.raises(TypeError):
        canonical_fingerprint({"a": 1, 2: 1})


A, B, C = (
    "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
    "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d",
    "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6",
)


@pytest.mark.promise("pgdag: fingerprints, seals, proofs and roots are byte for byte the original's")
@pytest.mark.parametrize(
    ("leaves", "root"),
    [
        ([], ""),
        ([A], A),
        ([A, B], "62af5c3cb8da3e4f25061e829ebeea5c7513c54949115b1acc225930a90154da"),
        ([A, B, C], "0bdf27bf7ec894ca7cadfe491ec1a3ece840f117989e8c5e9bd7086467bf6c38"),
        ([A, B, C, A], "e1962a64b6cbe13a4c9a3d22b80797c28c49b6a4379da424bb3e395b2be2e674"),
        ([A, B, C, A, B], "6bb6d7f8d515fd2caf7e976b5cc18598cb0ff370b1c73518fbf068623991ae6a"),
        (["x", "y"], "769a4e6d0003189c7e96c5d9b7e810a0d11c3a12832527ec94b0f86d277f51ca"),
        (["", ""], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (["x", "", ""], "31b783c65b9f88bb3901382a6a5f3a40aa879bb22d25a8495e1cd92c08c24440"),
        (["ha", "hb"], "78436cf45e9b02f878ab7b85cd27ebc463344548c142c0bd0bbe645e1d43f1cc"),
        (["ha", "hb", "hc"], "51ba0357f46b2122f3900292f3fa9d77d81d59259e245561c119852c62c5db12"),
    ],
)
def test_a_merkle_root_folds_the_text_of_hashes(leaves: list[str], root: str) -> None:
    assert merkle_root(leaves) == root


@pytest.fixture
def envelope(noon: datetime) -> StepEnvelope:
    return StepEnvelope(
        "ingest",
        "1.0",
        {"sample_id": "sess-42"},
        actor="eng",
        inputs_fingerprint=canonical_fingerprint({"sample_id": "sess-42"}),
        outputs_fingerprint=canonical_fingerprint({"signal": "collected"}),
        created_at=noon,
    )


PRIMARY = {"fingerprint_mode": "canonical_primary"}


@pytest.mark.promise("pgdag: fingerprints, seals, proofs and roots are byte for byte the original's")
@pytest.mark.parametrize(
    ("outputs", "status", "metrics", "proof_hash"),
    [
        (
            {"signal": "collected"},
            "completed",
            PRIMARY,
            "e1f788ceb54601a09be0befc8cc5cafda99d20bf63c023fc74915b251f35efb4",
        ),
        (
            {"signal": "collected"},
            "completed",
            None,
            "8f5c680616a132473138caf3ed43e91ed5dabb4aeee318b6634348eb30276fc5",
        ),
        (
            {"error": "nope"},
            "failed",
            {"error": "nope", **PRIMARY},
            "6a256b9a2f65177bf88a6b0e58eac59e3cbee60e57d728aec66a0f1e18735622",
        ),
    ],
)
def test_a_local_seal_hashes_the_seal_document(
    envelope: StepEnvelope, outputs: dict[str, Any], status: str, metrics: dict[str, Any] | None, proof_hash: str
) -> None:
    envelope.outputs_fingerprint = canonical_fingerprint(outputs)
    seal = LocalSealBackend().seal_envelope(envelope, status=status, domain="test", metrics=metrics)
    assert seal["proof_hash"] == proof_hash
    assert seal["block_ref"].startswith("local:")
    assert len(seal["block_ref"]) == len("local:") + 12


@pytest.mark.promise("pgdag: fingerprints, seals, proofs and roots are byte for byte the original's")
def test_an_sbn_seal_leaves_the_domain_out(envelope: StepEnvelope) -> None:
    seal = SbnSealBackend(object()).seal_envelope(envelope, domain="test", metrics=PRIMARY)
    assert seal["proof_hash"] == "8637a4819ea6d7ca5314f1d9c6119e278832f9583e5eddfabdbe40a983470cbe"
    assert seal["block_ref"].startswith("no-blocks:")


PIPELINES: dict[str, dict[str, str]] = {
    "linear": {
        "inputs": "c27dcc23c1976ab643515d8173e91ffdef4d00e9bf2e9cad149febec5e2eadd9",
        "proof": "5ffe796f55fc4664aedc97c8dd64f4692a190e53c6d6d598e120e5273b7951bd",
        "root": "3f691da03bc7f701f579ed0dbfd327323fa00d4c677f44cae38af71edc7452ac",
    },
    "edge": {
        "inputs": "7bafd1961e3d608d7adc5a873a59c79ece2979643c93a15157c291310c83de93",
        "proof": "159b0cbbe6bbf509719a0f8c079bfad1093fe59cd9a34bcc6c37491d0522f018",
        "root": "6e6fbb86fe0f98e7525c38c7493f67e4b5747039dbfe7f8f4a94a3473e2ca844",
    },
}


@pytest.mark.promise("pgdag: fingerprints, seals, proofs and roots are byte for byte the original's")
@pytest.mark.parametrize("shape", PIPELINES)
@pytest.mark.parametrize("width", [1, 4])
async def test_the_documented_pipeline_gives_the_original_proofs(
    shape: str, width: int, still: Callable[[], datetime]
) -> None:
    async def collect_signal(ctx: Any) -> dict[str, Any]:
        return {"signal": "collected", "sample_id": ctx.inputs["sample_id"]}

    async def seal_integrity(ctx: Any) -> dict[str, Any]:
        return {"integrity": "verified", "sample_id": ctx.inputs["sample_id"]}

    layer = build(domain="kinetic.session", clock=still, max_concurrency=width)
    layer.runner.register_steps({"collect_signal": collect_signal, "seal_integrity": seal_integrity})
    edges = [DAGEdge("collect_signal", "seal_integrity")] if shape == "edge" else []
    template = DAGTemplate(
        "kinetic_session_integrity",
        nodes=[DAGNode("collect_signal"), DAGNode("seal_integrity")],
        edges=edges,
        domain="kinetic.session",
    )

    result = await layer.runner.execute(template, {"sample_id": "sess-42"}, actor="kinetic-integrity-engine")

    first, second = result.proofs.values()
    expected = PIPELINES[shape]
    assert first.inputs_fingerprint == "f6a56545b187559671f31715d148207ac4dded36e404944c5af432b7dc3f8c5d"
    assert first.outputs_fingerprint == "ce0068e060abc1bcc3e74322f3f90641a873d729bdafa67fdc83b7f9cd659449"
    assert first.proof_hash == "e9f461581ec4ad02c0f9e0c0a325bf802fe91a7e68f1fd2267f60acfd68d7764"
    assert second.outputs_fingerprint == "830a30b3175ca60f4fed47aa5a1640a006759d7f2381c0724ec1a96733dfe6cf"
    assert second.inputs_fingerprint == expected["inputs"]
    assert second.proof_hash == expected["proof"]
    assert result.merkle_root_hash == expected["root"]
    assert result.status == "complete"
    assert result.final_outputs["signal"] == "collected"
    assert result.final_outputs["integrity"] == "verified"


async def test_changing_inputs_in_place_gives_the_proofs_of_the_first_versions(still: Callable[[], datetime]) -> None:
    """Steps that return their results only for the fingerprint: the base's vectors hold when nothing is threaded."""

    async def collect_signal(ctx: Any) -> None:
        ctx.inputs["signal"] = "collected"

    async def seal_integrity(ctx: Any) -> None:
        ctx.inputs["heard"] = ctx.inputs["signal"]

    layer = build(clock=still)
    layer.runner.register_steps({"collect_signal": collect_signal, "seal_integrity": seal_integrity})
    template = DAGTemplate("t", nodes=[DAGNode("collect_signal"), DAGNode("seal_integrity")])
    result = await layer.runner.execute(template, {})
    assert result.final_outputs["heard"] == "collected"
    assert {proof.outputs_fingerprint for proof in result.proofs.values()} == {canonical_fingerprint({})}


def test_a_proof_survives_its_document(noon: datetime) -> None:
    proof = ProofArtifact("s", "1.0", "i", "o", "h", "b", ProofStatus.COMPLETED, "a", "t", "r", {"m": 1}, noon)
    assert ProofArtifact.from_dict(proof.to_dict()) == proof
    assert list(proof.to_dict()) == [
        "step_id",
        "spec_version",
        "inputs_fingerprint",
        "outputs_fingerprint",
        "proof_hash",
        "block_ref",
        "anchor_hash",
        "anchor_type",
        "receipt_id",
        "status",
        "metrics",
        "created_at",
    ]
    assert proof.to_dict()["created_at"] == "2026-01-02T03:04:05.678901+00:00"
    assert proof.idempotency_key == "i:s:1.0"


def test_a_proof_document_is_read_leniently() -> None:
    proof = ProofArtifact.from_dict({"step_id": "s", "created_at": "2026-01-02T03:04:05"})
    assert (proof.status, proof.succeeded, proof.proof_hash) == (ProofStatus.FAILED, False, "")
    assert proof.created_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert ProofArtifact.from_dict({"created_at": "yesterday"}).created_at.tzinfo is UTC
    with pytest.raises(ValueError, match="strange"):
        ProofArtifact.from_dict({"status": "strange"})
