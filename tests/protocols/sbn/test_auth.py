"""Credentials: which header, when a token is renewed, and that no secret is ever shown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sbn import Atlas, AtlasClient, RetryConfig, SbnClient, SbnError, SigningKey
from sbn import auth as auth_module
from sbn._http import AuthState
from sbn.auth import MintedToken, TokenSource
from wirewright.sandbox import ManualClock, Sandbox

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The moment tokens are minted at; change its only item."""
    moment = [START]
    monkeypatch.setattr(auth_module, "_now", lambda: moment[0])
    return moment


def minted(ttl: float, count: list[int]) -> Callable[[str | None], MintedToken]:
    def mint(tenant: str | None) -> MintedToken:
        count.append(1)
        return MintedToken(f"token-{len(count)}-{tenant}", auth_module._now() + timedelta(seconds=ttl))

    return mint


def test_a_token_is_renewed_ahead_of_its_end(now: list[datetime]) -> None:
    count: list[int] = []
    source = TokenSource(minted(300, count), lambda: None, 300)

    first = source()
    now[0] = START + timedelta(seconds=269)
    same = source()
    now[0] = START + timedelta(seconds=270)
    renewed = source()

    assert (first, same, renewed) == ("token-1-None", "token-1-None", "token-2-None")


def test_a_short_token_is_renewed_at_half_its_life(now: list[datetime]) -> None:
    count: list[int] = []
    source = TokenSource(minted(20, count), lambda: None, 20)

    source()
    now[0] = START + timedelta(seconds=10)
    source()

    assert len(count) == 2


def test_a_change_of_tenant_renews_the_token(now: list[datetime]) -> None:
    tenant = ["a"]
    source = TokenSource(minted(300, []), lambda: tenant[0], 300)

    first = source()
    tenant[0] = "b"

    assert (first, source()) == ("token-1-a", "token-2-b")


def test_many_threads_renew_a_token_once() -> None:
    count: list[int] = []
    together = threading.Barrier(16)

    def mint(tenant: str | None) -> MintedToken:
        count.append(1)
        return MintedToken("t", datetime.now(UTC) + timedelta(hours=1))

    source = TokenSource(mint, lambda: None, 3600)

    def ask() -> str:
        together.wait()
        return source()

    with ThreadPoolExecutor(16) as pool:
        tokens = {future.result() for future in [pool.submit(ask) for _ in range(16)]}

    assert tokens == {"t"}
    assert len(count) == 1


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (lambda c: c.authenticate_api_key("sbn_live_x"), {"x-api-key": "sbn_live_x"}),
        (lambda c: c.authenticate_bearer("tok"), {"authorization": "Bearer tok"}),
        (lambda c: (c.authenticate_api_key("k"), c.authenticate_bearer("tok")), {"authorization": "Bearer tok"}),
        (lambda c: (c.authenticate_bearer("tok"), c.authenticate_api_key("k")), {"x-api-key": "k"}),
        (lambda c: c.set_tenant("tower"), {"x-tenant-id": "tower"}),
        (lambda c: (c.set_tenant("tower"), c.set_tenant(None)), {}),
        (lambda c: None, {}),
    ],
)
def test_the_headers_of_each_mode(use: Callable[[SbnClient], Any], expected: dict[str, str]) -> None:
    seen: list[httpx.Headers] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200, json={})

    client = SbnClient(base_url="http://sandbox.test", transport=httpx.MockTransport(handle))
    use(client)
    client.gateway.list_flags()

    sent = {name: seen[0][name] for name in ("x-api-key", "authorization", "x-tenant-id") if name in seen[0]}
    assert sent == expected
    assert seen[0]["user-agent"] == "sbn-sdk/0.14.0"


def test_a_signed_token_opens_the_network(
    sandbox: Sandbox, connect: Callable[..., SbnClient], clock: ManualClock
) -> None:
    key = SigningKey.generate(issuer="my-svc", audience="sbn")
    client = connect(key=None, tenant_id="tower-agents")
    client.authenticate_signing_key(key, scopes=["attest.write", "snapchore.seal"])
    with pytest.raises(SbnError, match="not valid") as refused:
        client.gateway.list_slots()

    public = key.private_key.public_key().public_bytes_raw().hex()
    said = {"issuer": "my-svc", "kid": "sbn-ed25519", "public_key": public}
    httpx.post(f"{sandbox.url}/_sandbox/sbn/keys", json=said).raise_for_status()

    assert refused.value.status_code == 401
    assert client.gateway.list_slots() == []
    clock.advance(10**9)  # the sandbox lives later than the token
    with pytest.raises(SbnError, match="expired"):
        client.gateway.list_slots()


@pytest.mark.parametrize("key", [None, "sbn_live_unknown"])
def test_without_good_credentials_the_answer_is_401(key: str | None, connect: Callable[..., SbnClient]) -> None:
    with pytest.raises(SbnError) as refused:
        connect(key=key).gateway.list_slots()

    assert (refused.value.status_code, refused.value.code) == (401, "unauthorized")


def test_keys_of_the_wrong_kind_and_wrong_paths(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for source in (pem, pem.decode()):
        with pytest.raises(TypeError, match="Ed25519"):
            SigningKey.from_pem(source, issuer="i", audience="a")
    with pytest.raises(FileNotFoundError):
        SigningKey.from_pem(tmp_path / "missing.pem", issuer="i", audience="a")
    with pytest.raises(ValueError, match="positive"):
        SigningKey.generate(issuer="i", audience="a").issue_token(subject="s", scopes=[], cdna="c", ttl_seconds=0)


SECRET = "sbn_live_very_secret"


def test_no_secret_is_shown(sandbox: Sandbox) -> None:
    key = SigningKey.generate(issuer="i", audience="a")
    token = key.issue_token(subject="s", scopes=[], cdna="c", ttl_seconds=60)
    client = SbnClient(base_url=sandbox.url, retry=RetryConfig(attempts=1))
    client.authenticate_api_key(SECRET)
    atlas = Atlas(client_id="atl_1", client_secret=SECRET, base_url=sandbox.url)
    with pytest.raises(SbnError) as refused:
        client.gateway.list_slots()

    shown = [client, client.gateway, atlas, AuthState(api_key=SECRET, bearer_token=SECRET), key, refused.value, token]
    shown += [refused.value.__cause__, client._http._client]
    for thing in shown:
        assert SECRET not in f"{thing!r} {thing}"
        assert token.token not in f"{thing!r} {thing}"


def test_atlas_exchanges_its_credentials_and_renews_the_token(
    client: SbnClient, sandbox: Sandbox, clock: ManualClock
) -> None:
    spec = {"workflow": "pushup_session", "frontier_id": "kinetic.pushup.amrap.v1"}
    app = client.atlas.register_app(
        app_name="a",
        app_family="f",
        declared_workflows=["pushup_session"],
        workflow_specs=[spec],
        token_ttl_seconds=600,
    )
    now = [0.0]
    atlas = Atlas(
        client_id=app["client_id"], client_secret=app["client_secret"], base_url=sandbox.url, clock=lambda: now[0]
    )

    with atlas:
        assert repr(atlas).endswith("frontier='?'>")
        assert (atlas.app_id, atlas.scoring_frontier, atlas.regime) == (
            app["app_id"],
            "kinetic.pushup.amrap.v1",
            "unknown",
        )
        assert "ATLAS_APP_ID=" in atlas.dotenv()
        now[0] = 569.0
        atlas.resolve(workflow="pushup_session")
        before = len(sandbox.requests.of("atlas_exchange_token"))
        now[0] = 570.0
        assert atlas.list_frontiers()["count"] >= 3
    assert (before, len(sandbox.requests.of("atlas_exchange_token"))) == (1, 2)
    with pytest.raises(AttributeError):
        _ = atlas.register_app
    client.atlas.revoke_app(app["app_id"])
    with pytest.raises(SbnError, match="client credentials"):
        Atlas.from_credentials(client_id=app["client_id"], client_secret=app["client_secret"], base_url=sandbox.url)


def test_atlas_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="ATLAS_CLIENT_ID"):
        Atlas.from_env()
    monkeypatch.setenv("ATLAS_CLIENT_ID", "a")
    monkeypatch.setenv("ATLAS_CLIENT_SECRET", "b")

    atlas = Atlas.from_env(eager=False, base_url="http://127.0.0.1:1")

    assert isinstance(atlas._client, AtlasClient)
