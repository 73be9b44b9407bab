"""Local tokens, roles and permissions (protocol sheet, section 3)."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from symbiont import _tokens
from symbiont.auth import (
    AuthManager,
    AuthMethod,
    AuthProvider,
    AuthUser,
    JWTHandler,
    Permission,
    Role,
    RoleManager,
    TokenType,
    TokenValidator,
)
from symbiont.config import AuthConfig

SECRET = "s" * 32
VECTOR = {
    "sub": "u1", "iat": 1767225600, "exp": 1767229200, "iss": "symbiont", "aud": "symbiont-api", "type": "access",
    "roles": ["user"], "permissions": ["read"],
}  # fmt: skip
ACCESS = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1MSIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI5MjAwLCJpc3MiOiJzeW1i"
    "aW9udCIsImF1ZCI6InN5bWJpb250LWFwaSIsInR5cGUiOiJhY2Nlc3MiLCJyb2xlcyI6WyJ1c2VyIl0sInBlcm1pc3Npb25zIjpbInJlYWQiXX0."
    "48YahoqIDaONPWvQoverHRPyixiDbzBLT6nzz0CCESg"
)
NOW = 1767225600


def config(**settings: Any) -> AuthConfig:
    return AuthConfig(**{"jwt_secret_key": SECRET, **settings})


@pytest.fixture
def handler() -> JWTHandler:
    return JWTHandler(config())


@pytest.fixture
def manager() -> AuthManager:
    return AuthManager(config())


# Tokens -------------------------------------------------------------------------------------------------------------


def test_tokens_are_those_of_the_original_byte_for_byte() -> None:
    assert _tokens.encode(VECTOR, SECRET, "HS256") == ACCESS
    read = _tokens.decode(ACCESS, SECRET, "HS256", issuer="symbiont", audience="symbiont-api", now=NOW)
    assert read == VECTOR


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": NOW}, "expired"),
        ({"exp": NOW + 1}, None),
        ({"exp": "soon"}, "invalid"),
        ({"exp": True}, "invalid"),
        ({"nbf": NOW + 1}, "early"),
        ({"nbf": NOW}, None),
        ({"iat": NOW + 1}, "early"),
        ({"iss": "other"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": ["other", "symbiont-api"]}, None),
        ({"aud": None}, "audience"),
        ({"aud": 5}, "audience"),
    ],
)
def test_every_claim_is_checked(changes: dict[str, Any], reason: str | None) -> None:
    token = _tokens.encode({**VECTOR, **changes}, SECRET, "HS256")
    wanted: dict[str, Any] = {"issuer": "symbiont", "audience": "symbiont-api", "now": NOW}

    if reason is None:
        assert _tokens.decode(token, SECRET, "HS256", **wanted)
    else:
        with pytest.raises(_tokens.TokenError) as caught:
            _tokens.decode(token, SECRET, "HS256", **wanted)
        assert caught.value.reason == reason


@pytest.mark.parametrize("algorithm", ["none", "HS512", "RS256"])
def test_no_other_algorithm_is_good(algorithm: str) -> None:
    import json

    header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=").decode()
    forged = ".".join([header, *ACCESS.split(".")[1:]])

    for token in (forged, forged.rpartition(".")[0] + "."):
        with pytest.raises(_tokens.TokenError):
            _tokens.decode(token, SECRET, "HS256", now=NOW)


@given(st.one_of(st.text(), st.integers(0, len(ACCESS) - 1).map(lambda n: ACCESS[:n] + "!" + ACCESS[n + 1 :])))
def test_anything_else_is_no_token(text: str) -> None:
    with pytest.raises(_tokens.TokenError):
        _tokens.decode(text, SECRET, "HS256", audience="symbiont-api", now=NOW)


def signed(header: bytes, payload: bytes) -> str:
    text = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, payload))
    signature = hmac.digest(SECRET.encode(), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


HEADER = b'{"alg":"HS256"}'


@pytest.mark.parametrize(
    "token",
    [
        signed(b'{"alg":"HS256","alg":"HS256"}', b"{}"),
        signed(b'{"alg":"HS256","crit":["x"],"x":1}', b"{}"),
        signed(b'{"alg":' + b"[" * 100_000, b"{}"),
        signed(HEADER, b'{"exp":1,"exp":9999999999}'),
        signed(HEADER, b'{"exp":NaN}'),
        signed(HEADER, b'{"exp":1e999}'),
        signed(HEADER, b"[" * 100_000),
        signed(HEADER, b"[]"),
        signed(HEADER, b"\xff{}"),
        signed(HEADER, b"{}") + "=",
        signed(HEADER, b"{}") + "\n",
        " " + signed(HEADER, b"{}"),
    ],
    ids=range(12),
)
def test_what_is_spelled_loosely_is_no_token_though_the_signature_is_good(token: str) -> None:
    assert _tokens.decode(signed(HEADER, b"{}"), SECRET, "HS256") == {}
    with pytest.raises(_tokens.TokenError):
        _tokens.decode(token, SECRET, "HS256")


def test_how_long_a_secret_is_is_its_owners_business() -> None:
    assert _tokens.decode(_tokens.encode({"sub": "u"}, "short", "HS512"), "short", "HS512") == {"sub": "u"}


@pytest.mark.parametrize(
    "claims",
    [{"sub": None}, {"sub": 5}, {"roles": "admin"}, {"roles": [1]}, {"roles": {"a": 1}}, {"permissions": 5}],
    ids=str,
)
@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_claims_of_another_shape_name_nobody(claims: dict[str, Any], kind: str, manager: AuthManager) -> None:
    good = {**VECTOR, "exp": 9999999999, "type": kind}
    take = manager.authenticate_with_jwt if kind == "access" else manager.refresh_access_token

    assert take(_tokens.encode(good, SECRET, "HS256")) is not None
    assert take(_tokens.encode({**good, **claims}, SECRET, "HS256")) is None


@pytest.mark.parametrize(
    ("kind", "seconds"), [(TokenType.ACCESS, 3600), (TokenType.REFRESH, 86400), (TokenType.API_KEY, 3600)]
)
def test_how_long_tokens_last(kind: TokenType, seconds: int, handler: JWTHandler) -> None:
    token = handler.generate_token("u", token_type=kind)

    assert token.expires_at - token.issued_at == timedelta(seconds=seconds)
    claims = handler.decode_token(token.token)
    assert claims is not None
    assert list(claims) == ["sub", "iat", "exp", "iss", "aud", "type", "roles", "permissions"]
    assert claims["exp"] - claims["iat"] == seconds


def test_a_token_may_last_for_as_long_as_asked(handler: JWTHandler) -> None:
    assert handler.decode_token(handler.generate_token("u", expires_in=-1).token) is None
    assert handler.decode_token(handler.generate_token("u", expires_in=60).token)


@pytest.mark.parametrize(
    "settings", [{"jwt_secret_key": None}, {"jwt_secret_key": ""}, {"jwt_algorithm": ""}, {"jwt_algorithm": "ES256"}]
)
def test_without_secret_or_algorithm_there_are_no_tokens(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        JWTHandler(config(**settings)).generate_token("u")


def test_refreshing_makes_an_access_token_of_the_same_user(handler: JWTHandler) -> None:
    refresh = handler.generate_token("u", ["user"], {Permission.READ}, TokenType.REFRESH).token

    made = handler.refresh_token(refresh)

    assert made is not None
    assert (made.user_id, made.roles, made.permissions) == ("u", ["user"], {Permission.READ})
    assert handler.refresh_token(made.token) is None
    assert JWTHandler(config(enable_refresh_tokens=False)).refresh_token(refresh) is None


def test_a_refresh_token_gives_no_access(handler: JWTHandler) -> None:
    refresh = handler.generate_token("u", token_type=TokenType.REFRESH).token

    assert TokenValidator(handler).validate_token(refresh) is None


def test_a_permission_of_tomorrow_is_left_out(handler: JWTHandler) -> None:
    now = datetime.now(UTC).timestamp()
    claims = {**VECTOR, "iat": int(now), "exp": int(now) + 60, "permissions": ["read", "fly"]}

    user = TokenValidator(handler).validate_token(_tokens.encode(claims, SECRET, "HS256"))

    assert user is not None
    assert user.permissions == {Permission.READ}


# Users --------------------------------------------------------------------------------------------------------------


def test_signing_in_with_a_key_a_token_or_a_provider(manager: AuthManager, handler: JWTHandler) -> None:
    class Provider(AuthProvider):
        def authenticate(self, credentials: dict[str, Any]) -> AuthUser | None:
            return AuthUser(user_id="p") if credentials.get("name") == "p" else None

        def validate_token(self, token: str) -> AuthUser | None:
            return None

    manager.register_auth_provider("mine", Provider())
    token = handler.generate_token("u").token

    assert manager.authenticate(AuthMethod.API_KEY, {"api_key": "abc"}).user_id == "ba7816bf8f01cfea"  # type: ignore[union-attr]
    assert manager.authenticate(AuthMethod.API_KEY, {}) is None
    assert manager.authenticate(AuthMethod.JWT, {"token": token}).user_id == "u"  # type: ignore[union-attr]
    assert manager.authenticate(AuthMethod.BASIC, {"name": "p"}).user_id == "p"  # type: ignore[union-attr]
    assert manager.authenticate(AuthMethod.OAUTH2, {"name": "q"}) is None


def test_a_token_that_was_signed_out_is_refused(manager: AuthManager) -> None:
    tokens = manager.generate_tokens(AuthUser(user_id="u", roles=["user"]))
    for token in tokens.values():
        manager.logout(token.token)

    assert manager.authenticate_with_jwt(tokens["access"].token) is None
    assert manager.refresh_access_token(tokens["refresh"].token) is None


def test_without_refreshing_there_is_one_token() -> None:
    assert list(AuthManager(config(enable_refresh_tokens=False)).generate_tokens(AuthUser(user_id="u"))) == ["access"]


@pytest.mark.parametrize(
    ("roles", "permitted"),
    [
        (["admin"], {"read", "write", "delete", "admin", "execute"}),
        (["user"], {"read", "write", "execute"}),
        (["readonly"], {"read"}),
        (["readonly", "auditor", "nobody"], {"read", "delete"}),
        ([], set()),
    ],
)
def test_roles_permit(roles: list[str], permitted: set[str], manager: AuthManager) -> None:
    manager.create_role(Role(name="auditor", permissions={Permission.DELETE}))
    user = AuthUser(user_id="u", roles=roles, permissions={Permission.ADMIN})  # a user's own permissions do not count

    assert {p for p in Permission if manager.validate_permissions(user, p.upper())} == permitted
    assert not manager.validate_permissions(user, "fly")
    assert manager.get_user_permissions(user) == permitted
    assert manager.get_user_roles(user) == roles
    assert RoleManager().get_role("nobody") is None
