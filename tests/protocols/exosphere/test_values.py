"""Delays, fingerprints, secrets, ids and schemas: the functions with vectors (protocol sheet §6.4, §6.9 to §6.11)."""

from __future__ import annotations

from typing import Any

import pytest
from exospherehost import RetryPolicyModel
from exospherehost.testing.manager.fingerprint import fingerprint
from exospherehost.testing.manager.ids import ObjectIds, is_object_id
from exospherehost.testing.manager.retry import delay
from exospherehost.testing.manager.schemas import SchemaError, fields
from exospherehost.testing.manager.vault import Vault, key_from_passphrase
from hypothesis import given
from hypothesis import strategies as st

U = 0.8444218515250481
PLAIN = {"backoff_factor": 2000, "exponent": 2}
CAPPED = {"backoff_factor": 1001, "exponent": 3, "max_delay": 10000}


@pytest.mark.parametrize(
    ("strategy", "plain", "capped"),
    [
        ("EXPONENTIAL", [2000, 4000, 8000, 16000, 32000], [1001, 3003, 9009, 10000, 10000]),
        ("EXPONENTIAL_FULL_JITTER", [1688, 3377, 6755, 13510, 27021], [845, 2535, 7607, 10000, 10000]),
        ("EXPONENTIAL_EQUAL_JITTER", [1844, 3688, 7377, 14755, 29510], [923, 2769, 8308, 10000, 10000]),
        ("LINEAR", [2000, 4000, 6000, 8000, 10000], [1001, 2002, 3003, 4004, 5005]),
        ("LINEAR_FULL_JITTER", [1688, 3377, 5066, 6755, 8444], [845, 1690, 2535, 3381, 4226]),
        ("LINEAR_EQUAL_JITTER", [1844, 3688, 5533, 7377, 9222], [923, 1846, 2769, 3692, 4615]),
        ("FIXED", [2000] * 5, [1001] * 5),
        ("FIXED_FULL_JITTER", [1688] * 5, [845] * 5),
        ("FIXED_EQUAL_JITTER", [1844] * 5, [923] * 5),
    ],
)
def test_delays_grow_as_their_strategy_says(strategy: str, plain: list[int], capped: list[int]) -> None:
    for settings, expected in ((PLAIN, plain), (CAPPED, capped)):
        policy = RetryPolicyModel.model_validate({"strategy": strategy, **settings})
        assert [delay(policy, k, lambda: U) for k in range(1, 6)] == expected


def test_there_is_no_delay_before_the_first_failure() -> None:
    with pytest.raises(ValueError, match="Retry count must be greater than or equal to 1, got 0"):
        delay(RetryPolicyModel(), 0, lambda: 0.5)


def test_fingerprints_are_those_of_the_original() -> None:
    first = fingerprint(
        graph_name="g", identifier="m", manual_retry_fanout_id="", namespace_name="ns", node_name="A",
        parents={"root": "64b000000000000000000001"}, retry_count=0, run_id="00000000-0000-4000-8000-000000000001",
    )  # fmt: skip
    second = fingerprint(
        graph_name="g", identifier="m", manual_retry_fanout_id="f1", namespace_name="ns", node_name="Ä",
        parents={"b": "64b000000000000000000002", "a": "64b000000000000000000001"}, retry_count=1, run_id="r",
    )  # fmt: skip
    assert first == "3ca9e502cf53ae3eb64dc586cda728dd6b2df73c322a324c380331ca1d1f747c"
    assert second == "f22711618d5f851390f20955eaf10a15fdcba1545c1abba29baf40f990987a64"


KEY = "YTzpUlBGLSwm-3yKJRJTZnb0_aQuQQHyz64s8qAERVU="


@pytest.mark.parametrize(
    ("plain", "kept"),
    [
        ("", "AAECAwQFBgcICQoLizmCgbiyNDKXT3tCLVIdKw=="),
        ("sek", "AAECAwQFBgcICQoLd258dDeOU_qq3BXzLyh9fKLFEQ=="),
        ("päss", "AAECAwQFBgcICQoLdMiztMxmtVeKvWQoUmlSuhc2zZJN"),
    ],
)
def test_secrets_are_kept_as_the_original_keeps_them(plain: str, kept: str) -> None:
    vault = Vault(KEY, nonces=lambda size: bytes(range(size)))
    assert vault.encrypt(plain) == kept
    assert vault.decrypt(kept) == plain


@given(st.text())
def test_every_secret_comes_back(text: str) -> None:
    vault = Vault(key_from_passphrase("key"))
    assert vault.decrypt(vault.encrypt(text)) == text


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("not base64!", r"Key must be URL-safe base64 \(44 chars for 32-byte key\)"),
        ("c2hvcnQ=", r"Key must be 32 raw bytes \(256 bits\)"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused(key: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Vault(key)


def test_ids_are_24_hexadecimal_digits_and_sort_by_age() -> None:
    ids = ObjectIds(lambda: 1_700_000_000.0)
    made = [ids() for _ in range(1000)]
    assert all(is_object_id(each) and each == each.lower() for each in made)
    assert made == sorted(made)
    assert len(set(made)) == 1000


@pytest.mark.parametrize("text", ["", "64b0", "64b00000000000000000000g", "64b0000000000000000000011"])
def test_other_texts_are_no_ids(text: str) -> None:
    assert not is_object_id(text)


@pytest.mark.parametrize(
    "declared",
    [
        {"type": "string"},
        {"type": "string", "default": "x", "minLength": 1, "maxLength": 9, "pattern": "x+"},
        {"type": "string", "format": "email"},
        {"$ref": "#/$defs/Name"},
        {"allOf": [{"$ref": "#/$defs/Name"}]},
    ],
)
def test_properties_that_are_strings(declared: dict[str, Any]) -> None:
    assert fields({"properties": {"x": declared}, "$defs": {"Name": {"type": "string"}}}) == {"x": True}


@pytest.mark.parametrize(
    "declared",
    [
        {"type": "integer"},
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "string", "enum": ["a"]},
        {"const": "a"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "uuid"},
        {"$ref": "#/$defs/Number"},
    ],
)
def test_properties_that_are_something_else(declared: dict[str, Any]) -> None:
    assert fields({"properties": {"x": declared}, "$defs": {"Number": {"type": "number"}}}) == {"x": False}


@pytest.mark.parametrize(
    "properties",
    [
        {"x": {}},
        {"x": True},
        {"_x": {"type": "string"}},
        {"x": {"$ref": "#/$defs/No"}},
        {"x": {"$ref": "#/properties/x"}},
    ],
)
def test_schemas_that_say_nothing_are_refused(properties: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        fields({"properties": properties})


def test_a_schema_without_properties_has_no_fields() -> None:
    assert fields({"type": "object"}) == {}
