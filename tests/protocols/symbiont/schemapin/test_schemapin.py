"""SchemaPin: the sheet's vectors, the order of the steps, pins and policies, signed folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from symbiont import schemapin
from symbiont.agentpin import fetching
from symbiont.agentpin.types import AgentPinError
from symbiont.agentpin.types import ErrorCode as AgentPinCode
from symbiont.schemapin import (
    CallbackInteractiveHandler,
    ConsoleInteractiveHandler,
    KeyManager,
    KeyPinning,
    KeyPinStore,
    PinningMode,
    PromptType,
    PublicKeyDiscovery,
    RevocationReason,
    SchemaPinCore,
    SchemaPinTrustBundle,
    SchemaSigningWorkflow,
    SchemaVerificationWorkflow,
    SkillSigner,
    UserDecision,
    verify_schema_offline,
    verify_schema_with_resolver,
)
from symbiont.schemapin.pinning import PinningPolicy

SCHEMA = {"type": "object", "name": "é"}
DOMAIN = "example.com"


class Developer:
    """A key, the document that publishes it, and what it signs."""

    def __init__(self) -> None:
        private, public = KeyManager.generate_keypair()
        self.private = KeyManager.export_private_key_pem(private)
        self.public = KeyManager.export_public_key_pem(public)
        self.fingerprint = KeyManager.calculate_key_fingerprint(public)
        self.document = schemapin.create_well_known_response(self.public, "Dev")
        self.signature = SchemaSigningWorkflow(self.private).sign_schema(SCHEMA)

    def verify(self, **changes: Any) -> Any:
        given = {
            "schema": SCHEMA,
            "signature_b64": self.signature,
            "domain": DOMAIN,
            "tool_id": "tool",
            "discovery": self.document,
            "revocation": None,
            "pin_store": KeyPinStore(),
        }
        return verify_schema_offline(**{**given, **changes})


@pytest.fixture
def dev() -> Developer:
    return Developer()


# -- vectors


def test_a_schema_is_canonical():
    schema = {"type": "object", "name": "é", "b": [1, 2.0, True, None], "a": {"z": 1, "y": "\u2028"}}
    text = SchemaPinCore.canonicalize_schema(schema)
    assert text == '{"a":{"y":"\u2028","z":1},"b":[1,2.0,true,null],"name":"é","type":"object"}'
    expected = "7c08ad7e00cf0ae9dc4393070140f530804fe30aa03b2098db6ae6ddc33c1556"
    assert SchemaPinCore.canonicalize_and_hash(schema).hex() == expected


def test_a_fingerprint():
    pem = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVkdQFwXCZkoQEqiEQkD+OteBdN43
cLWuRaTd8quI52uGeMj/JKySDcSnre73NKALRvQufgwnlQhxAJmvil3Z/A==
-----END PUBLIC KEY-----
"""
    expected = "sha256:1f36fc8eea50ff2356fb810ee95ac5a3d866a3ba7564020d9e9be686827a7106"
    assert KeyManager.calculate_key_fingerprint_from_pem(pem) == expected


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    (tmp_path / "SKILL.md").write_text("---\nname: demo\n---\nHi\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("A")
    (tmp_path / "link").symlink_to("/etc/hostname")
    (tmp_path / "linked").symlink_to(tmp_path / "sub")
    return tmp_path


def test_a_folder_is_canonical(skill):
    root, manifest = SkillSigner.canonicalize_skill(skill)
    assert root.hex() == "bd53c6765c8a20c4bb4bb9b441ff3f39e0fd823d30221a7c7b32b0df8cda65bd"
    assert manifest == {
        "SKILL.md": "sha256:d4c655c9385abeea8bed031c41c398af379a9bd5a0be4b6ecad2f586d6860379",
        "sub/a.txt": "sha256:f7ad6af44ebf2f689672f52b4af9154c88581a45dfe7cb8156cd7bd20a3d1e2b",
    }


# -- the steps


def test_a_good_signature(dev):
    store = KeyPinStore()
    first, second = dev.verify(pin_store=store), dev.verify(pin_store=store)
    assert first.to_dict() == {
        "valid": True,
        "domain": DOMAIN,
        "developer_name": "Dev",
        "key_pinning": {"status": "first_use"},
    }
    assert second.key_pinning.status == "pinned"
    assert json.loads(store.to_json()) == {"tool@example.com": dev.fingerprint}
    assert KeyPinStore.from_json(store.to_json()).get_pinned("tool", DOMAIN) == dev.fingerprint


def revoked(fingerprint: str) -> Any:
    document = schemapin.build_revocation_document(DOMAIN)
    schemapin.add_revoked_key(document, fingerprint, RevocationReason.KEY_COMPROMISE)
    return document


def changed_store() -> KeyPinStore:
    store = KeyPinStore()
    store.check_and_pin("tool", DOMAIN, "sha256:other")
    return store


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("no document", "discovery_invalid"),
        ("no key", "discovery_invalid"),
        ("junk key", "discovery_invalid"),
        ("broken key", "key_not_found"),
        ("in the list", "key_revoked"),
        ("in the document", "key_revoked"),
        ("changed", "key_pin_mismatch"),
        ("no JSON", "schema_canonicalization_failed"),
        ("NaN", "schema_canonicalization_failed"),
        ("surrogate", "schema_canonicalization_failed"),
        ("other schema", "signature_invalid"),
        ("junk signature", "signature_invalid"),
        ("no signature", "signature_invalid"),
        ("other key", "signature_invalid"),
    ],
)
def test_every_step_has_its_code(dev, step, code):
    key = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"
    changes: dict[str, Any] = {
        "no document": {"discovery": []},
        "no key": {"discovery": {}},
        "junk key": {"discovery": dev.document | {"public_key_pem": "x"}},
        "broken key": {"discovery": dev.document | {"public_key_pem": key}},
        "in the list": {"discovery": dev.document | {"revoked_keys": [dev.fingerprint]}},
        "in the document": {"revocation": revoked(dev.fingerprint)},
        "changed": {"pin_store": changed_store()},
        "no JSON": {"schema": {"a": object()}},
        "NaN": {"schema": {"a": float("nan")}},
        "surrogate": {"schema": {"a": "\ud800"}},
        "other schema": {"schema": SCHEMA | {"x": 1}},
        "junk signature": {"signature_b64": "!!"},
        "no signature": {"signature_b64": None},
        "other key": {"discovery": Developer().document},
    }[step]
    result = dev.verify(**changes)
    assert (result.valid, result.error_code.value) == (False, code)
    assert result.to_dict()["error_code"] == code


@pytest.mark.parametrize(("version", "warned"), [("1.1", True), ("1.2", False), ("1.10", False), ("new", False)])
def test_an_old_document_is_warned_about(dev, version, warned):
    assert bool(dev.verify(discovery=dev.document | {"schema_version": version}).warnings) == warned


@given(
    st.dictionaries(st.sampled_from(["schema_version", "public_key_pem", "revoked_keys"]), st.text() | st.none()),
    st.text(),
)
def test_any_document_and_signature_are_a_result(document, signature):
    result = verify_schema_offline(SCHEMA, signature, DOMAIN, "t", document, None, KeyPinStore())
    assert not result.valid


# -- where documents come from


def test_resolvers(dev, tmp_path):
    bundle = SchemaPinTrustBundle("1.2", "now", [schemapin.create_bundled_discovery(DOMAIN, dev.document)])
    bundle.revocations.append(schemapin.build_revocation_document(DOMAIN))
    again = schemapin.TrustBundleResolver.from_json(json.dumps(bundle.to_dict()))
    assert again.resolve_discovery(DOMAIN) == dev.document
    assert again.resolve_revocation(DOMAIN, {}).domain == DOMAIN
    (tmp_path / "file.com.json").write_text(json.dumps(dev.document))
    (tmp_path / "file.com.revocations.json").write_text(json.dumps(revoked(dev.fingerprint).to_dict()))
    (tmp_path / "bad.com.json").write_text("x")
    (tmp_path / "bad.com.revocations.json").write_text("{}")
    files = schemapin.LocalFileResolver(str(tmp_path), str(tmp_path))
    assert files.resolve_discovery("bad.com") is files.resolve_revocation("bad.com", {}) is None
    assert schemapin.LocalFileResolver(str(tmp_path)).resolve_revocation("file.com", {}) is None
    chain = schemapin.ChainResolver([files, again])
    codes = [
        verify_schema_with_resolver(SCHEMA, dev.signature, domain, "t", chain, KeyPinStore()).error_code
        for domain in (DOMAIN, "file.com", "other.com")
    ]
    assert [code and code.value for code in codes] == [None, "key_revoked", "discovery_fetch_failed"]


def test_a_domain_is_no_path(tmp_path, dev):
    (tmp_path / "secret.json").write_text(json.dumps(dev.document))
    (tmp_path / "below").mkdir()
    resolver = schemapin.LocalFileResolver(str(tmp_path / "below"))
    for domain in ("../secret", "/etc/passwd", "..", ""):
        assert resolver.resolve_discovery(domain) is None


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What addresses answer; everything else is not there."""
    pages: dict[str, Any] = {}

    def fetch(url: str, *, redirects: int = 0, reach: Any = None) -> Any:
        if url not in pages:
            raise AgentPinError(AgentPinCode.DISCOVERY_FETCH_FAILED, "404")
        return pages[url]

    monkeypatch.setattr("symbiont.schemapin.discovery.fetch_json", fetch)
    monkeypatch.setattr("symbiont.schemapin.revocation.fetch_json", fetch)
    return pages


URL = "https://example.com/.well-known/schemapin.json"


def test_discovery(web, dev):
    find = PublicKeyDiscovery
    assert find.get_public_key_pem(DOMAIN) is find.get_revoked_keys(DOMAIN) is find.get_developer_info(DOMAIN) is None
    assert find.validate_key_not_revoked(dev.public, DOMAIN)
    web[URL] = dev.document | {"contact": "c", "revocation_endpoint": "https://example.com/r"}
    web["https://example.com/r"] = revoked(dev.fingerprint).to_dict()
    assert find.get_public_key_pem(DOMAIN) == dev.public
    assert find.get_developer_info(DOMAIN) == {"developer_name": "Dev", "schema_version": "1.2", "contact": "c"}
    assert find.validate_key_not_revoked(dev.public, DOMAIN)
    resolver = schemapin.WellKnownResolver()
    assert resolver.resolve_discovery(DOMAIN) == web[URL]
    assert resolver.resolve_revocation(DOMAIN, web[URL]).revoked_keys[0].fingerprint == dev.fingerprint
    assert resolver.resolve_revocation(DOMAIN, {}) is None
    web[URL] = {"schema_version": 5}
    assert find.fetch_well_known(DOMAIN) is None


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        ("example.com", URL),
        ("https://example.com/x", URL),
        ("example.com:8443", "https://example.com:8443/.well-known/schemapin.json"),
    ],
)
def test_where_a_document_is(domain, url):
    assert PublicKeyDiscovery.construct_well_known_url(domain) == url


@pytest.mark.parametrize(
    "domain", ["http://example.com", "localhost", "127.0.0.1", "https://[", "a b", "x@example.com"]
)
def test_domains_that_are_not_asked(domain, monkeypatch):
    def refuse(*args: Any, **options: Any) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(fetching, "Client", refuse)
    assert PublicKeyDiscovery.fetch_well_known(domain) is None
    assert schemapin.fetch_revocation_document(f"https://{domain}/r") is None


def test_a_document_really_comes_over_the_transport(dev):
    answer = httpx.MockTransport(lambda request: httpx.Response(200, json=dev.document))
    assert fetching.fetch_json(URL, reach=fetching.Reach(transport=answer)) == dev.document


# -- workflows


def test_a_workflow_pins_what_was_good_and_then_needs_no_web(web, dev, tmp_path):
    flow = SchemaVerificationWorkflow(str(tmp_path / "pins.db"))
    assert flow.verify_schema(SCHEMA, dev.signature, "t", DOMAIN)["error"] == "Could not discover public key"
    web[URL] = dev.document
    bad = flow.verify_schema(SCHEMA, "AAAA", "t", DOMAIN, auto_pin=True)
    assert (bad["valid"], bad["pinned"], flow.pinning.get_pinned_key("t")) == (False, False, None)
    looked = flow.verify_schema(SCHEMA, dev.signature, "t", DOMAIN)
    assert (looked["valid"], looked["pinned"], looked["first_use"]) == (True, False, True)
    assert looked["developer_info"]["developer_name"] == "Dev"
    assert flow.verify_schema(SCHEMA, dev.signature, "t", DOMAIN, auto_pin=True)["pinned"]
    web.clear()
    assert flow.verify_schema(SCHEMA, dev.signature, "t", DOMAIN)["valid"]
    web[URL] = Developer().document
    assert flow.verify_schema(SCHEMA, dev.signature, "t", DOMAIN)["valid"]
    web[URL] = dev.document | {"revoked_keys": [dev.fingerprint]}
    assert "Pinned" in flow.verify_schema(SCHEMA, dev.signature, "t", DOMAIN)["error"]
    assert "revoked" in flow.verify_schema(SCHEMA, dev.signature, "new", DOMAIN)["error"]
    assert not flow.pin_key_for_tool("other", DOMAIN)
    web[URL] = dev.document
    assert flow.pin_key_for_tool("other", DOMAIN)
    assert not flow.pin_key_for_tool("other", "nowhere.com")
    web[URL] = dev.document | {"public_key_pem": "x"}
    assert flow.verify_schema(SCHEMA, dev.signature, "third", DOMAIN)["error"]


# -- pins


def test_pins_are_a_file(tmp_path):
    path = str(tmp_path / "deep" / "pins.db")
    pins = KeyPinning(path)
    assert [pins.pin_key("t", "pem", "d", "dev"), pins.pin_key("t", "other", "d")] == [True, False]
    again = KeyPinning(path)
    assert again.get_pinned_key("t") == "pem"
    assert again.get_pinned_key("x") is again.get_key_info("x") is None
    assert [again.update_last_verified("t"), again.update_last_verified("x")] == [True, False]
    (entry,) = again.list_pinned_keys()
    assert list(entry) == ["tool_id", "domain", "developer_name", "pinned_at", "last_verified"]
    exported = again.export_pinned_keys()
    other = KeyPinning(str(tmp_path / "other.db"))
    assert [other.import_pinned_keys(exported), other.import_pinned_keys(exported)] == [1, 0]
    assert other.import_pinned_keys(exported, overwrite=True) == 1
    assert [other.import_pinned_keys(text) for text in ("x", "{}", '[{"tool_id": "q"}]')] == [0, 0, 0]
    assert [other.remove_pinned_key("t"), other.remove_pinned_key("t"), other.is_key_pinned("t")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("mode", "policy", "decision", "first", "same", "changed"),
    [
        ("automatic", "default", None, True, True, False),
        ("automatic", "always_trust", None, True, True, False),
        ("automatic", "never_trust", None, False, False, False),
        ("automatic", "interactive_only", None, False, False, False),
        ("automatic", "interactive_only", "accept", True, True, True),
        ("strict", "default", "accept", False, False, False),
        ("strict", "always_trust", None, True, True, False),
        ("interactive", "default", None, False, False, False),
        ("interactive", "default", "accept", True, True, True),
        ("interactive", "default", "reject", False, False, False),
        ("interactive", "default", "temporary_accept", True, True, True),
        ("interactive", "default", "never_trust", False, False, False),
        ("interactive", "default", "always_trust", True, True, False),
    ],
)
def test_modes_policies_and_people(tmp_path, web, mode, policy, decision, first, same, changed):
    handler = CallbackInteractiveHandler(lambda context: UserDecision(decision)) if decision else None
    pins = KeyPinning(str(tmp_path / "pins.db"), PinningMode(mode), handler)
    pins.set_domain_policy("d", PinningPolicy(policy))
    keys = [Developer().public, Developer().public]
    found = [pins.verify_with_interactive_pinning("t", "d", key, "dev") for key in (keys[0], keys[0], keys[1])]
    assert found == [first, same, changed]
    if decision in {"never_trust", "always_trust"} and mode == "interactive":
        assert pins.get_domain_policy("d").value == decision
    if decision == "temporary_accept":
        assert not pins.is_key_pinned("t")


def test_what_a_person_is_asked(tmp_path, web, dev):
    asked: list[Any] = []
    handler = CallbackInteractiveHandler(lambda context: asked.append(context) or UserDecision.ACCEPT)
    pins = KeyPinning(str(tmp_path / "pins.db"), PinningMode.INTERACTIVE, handler)
    other = Developer()
    assert pins.interactive_pin_key("t", dev.public, "d", "dev")
    assert pins.interactive_pin_key("t", other.public, "d", "dev")
    assert pins.interactive_pin_key("t", other.public, "d")
    assert pins.interactive_pin_key("t", other.public, "d", force_prompt=True)
    assert [question.prompt_type for question in asked] == [
        PromptType.FIRST_TIME_KEY,
        PromptType.KEY_CHANGE,
        PromptType.KEY_CHANGE,
    ]
    assert asked[0].current_key is None
    assert (asked[1].current_key.fingerprint, asked[1].new_key.fingerprint) == (dev.fingerprint, other.fingerprint)
    assert asked[1].current_key.developer_name == "dev"


@pytest.mark.parametrize(
    ("decision", "used"), [("accept", False), ("always_trust", False), ("reject", False), ("temporary_accept", True)]
)
def test_a_person_is_told_that_a_key_was_taken_back(tmp_path, web, dev, decision, used):
    web[URL] = dev.document | {"revoked_keys": [dev.fingerprint]}
    asked: list[Any] = []
    handler = CallbackInteractiveHandler(lambda context: asked.append(context) or UserDecision(decision))
    pins = KeyPinning(str(tmp_path / "pins.db"), PinningMode.INTERACTIVE, handler)
    assert pins.interactive_pin_key("t", dev.public, DOMAIN, "dev") is used
    assert [question.prompt_type for question in asked] == [PromptType.REVOKED_KEY]
    assert asked[0].security_warning
    assert not pins.is_key_pinned("t")
    assert pins.get_domain_policy(DOMAIN) is PinningPolicy.DEFAULT


@pytest.mark.parametrize(
    ("answers", "decision"),
    [
        (["a"], "accept"),
        ([""], "reject"),
        (["?", "O"], "temporary_accept"),
        (["t"], "always_trust"),
        (["n"], "never_trust"),
        ([], "reject"),
    ],
)
def test_the_console(dev, answers, decision):
    shown: list[str] = []
    given = iter(answers)

    def ask(prompt: str) -> str:
        try:
            return next(given)
        except StopIteration:
            raise EOFError from None

    manager = schemapin.InteractivePinningManager(ConsoleInteractiveHandler(ask, shown.append))
    assert manager.prompt_revoked_key("t", "d", dev.public, {"developer_name": "dev"}).value == decision
    text = "\n".join(shown)
    for part in (dev.fingerprint, "REVOKED", "WARNING", "dev", "a)"):
        assert part in text
    assert manager.create_key_info("x", "d").fingerprint == "Invalid key"


def test_a_callback_may_show_too(dev):
    shown: list[str] = []
    handler = CallbackInteractiveHandler(lambda context: UserDecision.REJECT, shown.append)
    handler.display_security_warning("w")
    assert shown == ["SECURITY WARNING: w"]
    CallbackInteractiveHandler(lambda context: UserDecision.REJECT).display_security_warning("w")
    info = schemapin.InteractivePinningManager(handler).create_key_info(dev.public, "d")
    assert handler.display_key_info(info) == f"Fingerprint: {dev.fingerprint} | Domain: d"


# -- folders


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("---\nname: demo\n---\n", "demo"),
        ('---\nname: "a: b"\n---', "a: b"),
        ("no", None),
        ("---\nx: 1\n---\nname: z\n", None),
    ],
)
def test_names_of_skills(tmp_path, content, name):
    (tmp_path / "SKILL.md").write_text(content)
    assert SkillSigner.parse_skill_name(tmp_path) == (name or tmp_path.name)


def test_a_signed_folder(skill, dev):
    made = SkillSigner.sign_skill(skill, dev.private, DOMAIN)
    assert list(made) == [
        "schemapin_version",
        "skill_name",
        "skill_hash",
        "signature",
        "signed_at",
        "domain",
        "signer_kid",
        "file_manifest",
    ]
    assert (made["skill_name"], made["signer_kid"]) == ("demo", dev.fingerprint)
    assert (skill / ".schemapin.sig").read_text() == json.dumps(made, indent=2) + "\n"
    store = KeyPinStore()
    assert SkillSigner.verify_skill_offline(skill, dev.document).valid
    assert SkillSigner.verify_skill_offline(skill, dev.document, pin_store=store).key_pinning.status == "first_use"
    assert store.get_pinned("demo", DOMAIN) == dev.fingerprint
    (skill / "sub" / "a.txt").write_text("B")
    (skill / "new").write_text("")
    (skill / "SKILL.md").unlink()
    assert SkillSigner.verify_skill_offline(skill, dev.document).error_code.value == "signature_invalid"
    now = SkillSigner.canonicalize_skill(skill)[1]
    assert SkillSigner.detect_tampered_files(now, made["file_manifest"]) == {
        "modified": ["sub/a.txt"],
        "added": ["new"],
        "removed": ["SKILL.md"],
    }


def test_folders_that_are_refused(skill, dev, tmp_path_factory):
    resolver = schemapin.TrustBundleResolver(
        SchemaPinTrustBundle("1.2", "now", [schemapin.create_bundled_discovery(DOMAIN, dev.document)])
    )
    verify = SkillSigner.verify_skill_with_resolver
    assert verify(skill, DOMAIN, resolver).error_message == "No .schemapin.sig found in skill directory"
    SkillSigner.sign_skill(skill, dev.private, DOMAIN)
    assert verify(skill, DOMAIN, resolver).valid
    assert verify(skill, "other.com", resolver).error_code.value == "domain_mismatch"
    SkillSigner.sign_skill(skill, dev.private, "other.com")
    assert verify(skill, "other.com", resolver).error_code.value == "discovery_fetch_failed"
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(ValueError, match="empty"):
        SkillSigner.canonicalize_skill(empty)
    signature = SkillSigner.load_signature(skill)
    assert SkillSigner.verify_skill_offline(empty, dev.document, signature).error_code.value == (
        "schema_canonicalization_failed"
    )
    for content in ("x", "[]", "[" * 100_000):
        (skill / ".schemapin.sig").write_text(content)
        assert verify(skill, DOMAIN, resolver).error_code.value == "signature_invalid"


# -- values


def test_documents_and_names():
    document = revoked("sha256:x")
    assert schemapin.RevocationDocument.from_dict(document.to_dict()) == document
    with pytest.raises(ValueError, match="is revoked"):
        schemapin.check_revocation(document, "sha256:x")
    with pytest.raises(ValueError, match="simple revocation"):
        schemapin.check_revocation_combined(["a"], document, "a")
    schemapin.check_revocation_combined(None, None, "a")
    with pytest.raises(KeyError):
        schemapin.RevocationDocument.from_dict({})
    with pytest.raises(ValueError, match="not a pin store"):
        KeyPinStore.from_json("[]")
    assert "PRIVATE" not in repr(SchemaSigningWorkflow(Developer().private))
    full = schemapin.create_well_known_response("pem", "Dev", "c", ["r"], "1.3", "https://e")
    assert list(full)[3:] == ["contact", "revoked_keys", "revocation_endpoint"]
    for name in schemapin.__all__:
        assert getattr(schemapin, name) is not None
