"""Planted secrets appear in no repr, no log, no exception, and no traceback."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import symbiont
from symbiont import AsyncClient, Client
from symbiont import models as m
from symbiont.auth import AuthManager, AuthToken, JWTHandler, TokenType
from symbiont.channels import ChannelDetail, RegisterChannelRequest, UpdateChannelRequest
from symbiont.config import AuthConfig, ClientConfig, ConfigManager, DatabaseConfig
from symbiont.metrics import OtlpExporterConfig
from symbiont.webhooks import HmacVerifier, JwtVerifier, SlackVerifier, StripeVerifier

PLANTED = "planted-s3cr3t-0123456789abcdef"
WHEN = "2026-01-01T00:00:00Z"

HOLDERS: list[Callable[[], Any]] = [
    lambda: Client(api_key=PLANTED),
    lambda: AsyncClient(api_key=PLANTED),
    lambda: Client({"auth": {"jwt_secret_key": PLANTED}}).auth_manager,
    lambda: Client({"auth": {"jwt_secret_key": PLANTED}}).auth_manager.jwt_handler,
    lambda: Client(api_key=PLANTED).schedules,
    lambda: Client(api_key=PLANTED).api,
    lambda: AsyncClient(api_key=PLANTED).chat(),
    lambda: ClientConfig(api_key=PLANTED, auth=AuthConfig(jwt_secret_key=PLANTED)),
    lambda: DatabaseConfig(password=PLANTED),
    lambda: ConfigManager().adopt(ClientConfig(api_key=PLANTED)),
    lambda: m.ClientConfig(api_key=PLANTED),
    lambda: m.DatabaseConfig(password=PLANTED),
    lambda: m.AuthConfig(jwt_secret_key=PLANTED),
    lambda: m.VaultConfig(
        url="u", auth_method=m.VaultAuthMethod.APPROLE, token=PLANTED, role_id=PLANTED, secret_id=PLANTED
    ),
    lambda: m.SecretBackendConfig(backend_type=m.SecretBackendType.VAULT, encryption_key=PLANTED),
    lambda: m.SecretRequest(agent_id="a", secret_name="n", secret_value=PLANTED),
    lambda: m.McpServerConfig(name="n", command=["c"], env={"TOKEN": PLANTED}),
    lambda: m.HttpInputConfig(agent_id="a", auth_header=f"Bearer {PLANTED}"),
    lambda: m.WebhookVerificationConfig(provider=m.WebhookProviderType.GITHUB, secret=PLANTED),
    lambda: m.WebhookTriggerRequest(server_id="s", payload={}, headers={"authorization": PLANTED}),
    lambda: m.JWTToken(token=PLANTED, token_type="Bearer", expires_at=WHEN, issued_at=WHEN, user_id="u"),  # type: ignore[arg-type]
    lambda: m.AuthResponse(user_id="u", access_token=PLANTED, refresh_token=PLANTED, expires_in=1),
    lambda: m.TokenRefreshRequest(refresh_token=PLANTED),
    lambda: m.TokenRefreshResponse(access_token=PLANTED, expires_in=1),
    lambda: m.OtlpConfig(endpoint="e", headers={"k": PLANTED}),
    lambda: OtlpExporterConfig(headers={"k": PLANTED}),
    lambda: RegisterChannelRequest("n", "slack", {"bot_token": PLANTED}),
    lambda: UpdateChannelRequest({"bot_token": PLANTED}),
    lambda: ChannelDetail("i", "n", "slack", "running", {"bot_token": PLANTED}, WHEN, WHEN),
    lambda: AuthToken(token=PLANTED, token_type=TokenType.ACCESS, expires_at=WHEN, issued_at=WHEN, user_id="u"),  # type: ignore[arg-type]
    lambda: HmacVerifier(PLANTED.encode(), "X-S"),
    lambda: JwtVerifier(PLANTED, "X-S"),
    lambda: StripeVerifier(PLANTED),
    lambda: SlackVerifier(PLANTED),
    lambda: JWTHandler(AuthConfig(jwt_secret_key=PLANTED)),
    lambda: AuthManager(AuthConfig(jwt_secret_key=PLANTED)),
    lambda: symbiont.HttpInputClient(auth_header=f"Bearer {PLANTED}"),
    lambda: symbiont.chat.ChatSession("http://h/api/v1", PLANTED),
]


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.promise("Symbiont: planted secrets show in no repr, log, message or traceback")
def test_what_holds_a_secret_does_not_show_it(holder: Callable[[], Any]) -> None:
    held = holder()

    assert PLANTED not in repr(held) + str(held) + f"{held}"


def test_a_private_key_does_not_show_itself() -> None:
    pair = Client().agentpin.generate_key_pair()
    inner = pair.private_key_pem.splitlines()[1]

    assert inner not in repr(pair) + str(pair) + f"{pair}"


@pytest.mark.parametrize(
    "act",
    [
        lambda: ClientConfig(api_key=[PLANTED]),  # type: ignore[arg-type]
        lambda: Client({"api_key": {"deep": PLANTED}}),
        lambda: Client({"auth": {"jwt_secret_key": [PLANTED]}}),
        lambda: AuthConfig(jwt_expiration_seconds=PLANTED),  # type: ignore[arg-type]
        lambda: m.SecretRequest(agent_id="a", secret_name="n", secret_value=[PLANTED]),  # type: ignore[arg-type]
        lambda: m.VaultConfig(url="u", auth_method=PLANTED),  # type: ignore[arg-type]
        lambda: JWTHandler(AuthConfig(jwt_secret_key=PLANTED, jwt_algorithm="RS256")).generate_token("u"),
        lambda: Client({"auth": {"jwt_secret_key": "x"}}).authenticate_jwt(PLANTED),
        lambda: HmacVerifier(PLANTED, "X-S").verify({"X-S": "0" * 64}, b""),
        lambda: HmacVerifier("x", "X-S").verify({"X-S": PLANTED}, b""),
        lambda: JwtVerifier("x", "X-S").verify({"X-S": PLANTED}, b""),
    ],
)
def test_what_goes_wrong_does_not_tell_it(act: Callable[[], Any]) -> None:
    try:
        act()
    except Exception as error:
        told = "".join(traceback.format_exception(error, chain=True))
        messages = [line for line in told.splitlines() if not line.startswith("    ")]
        assert PLANTED not in "\n".join(messages)
    else:
        pytest.fail("it should have been refused")


ANSWERS = [
    (401, PLANTED.encode()),
    (403, {"code": "X", "error": PLANTED}),
    (500, PLANTED.encode()),
    (200, b"<" + PLANTED.encode()),
    (200, {"status": PLANTED}),
    (200, b""),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
@pytest.mark.promise("Symbiont: planted secrets show in no repr, log, message or traceback")
def test_neither_requests_nor_answers_are_logged_or_told(
    answer: Any, make: Any, runtime: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    runtime.answers(answer)
    client = make(api_key=PLANTED)

    for act in (client.health_check, lambda: client.store_secret(_secret()), lambda: client.get_secret("a", "n")):
        try:
            act()
        except Exception as error:
            told = str(error) + repr(error) + str(error.__cause__) + repr(error.__cause__)
            assert PLANTED not in told

    assert runtime.requests
    assert PLANTED not in caplog.text


def _secret() -> dict[str, str]:
    return {"agent_id": "a", "secret_name": "n", "secret_value": PLANTED}


def test_a_lenient_client_logs_only_that_something_did_not_fit(
    make: Any, runtime: Any, caplog: pytest.LogCaptureFixture
) -> None:
    runtime.answers({"status": PLANTED, "uptime_seconds": PLANTED})

    make(validation_mode="lenient").health_check()

    assert "HealthResponse" in caplog.text
    assert PLANTED not in caplog.text


def test_a_network_that_fails_tells_no_key(make: Any, runtime: Any, lost: Exception, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    runtime.answers(lost)

    with pytest.raises(symbiont.APIError) as caught:
        make(api_key=PLANTED).store_secret(_secret())

    told = "".join(traceback.format_exception(caught.value))
    assert PLANTED not in told + caplog.text + repr(caught.value.__cause__.request)  # type: ignore[union-attr]


def test_an_error_can_be_pickled_and_still_tells_nothing() -> None:
    error = pickle.loads(pickle.dumps(symbiont.APIError("API request failed with status 500", 500, "body")))

    assert str(error) == "API request failed with status 500"


async def test_not_even_the_libraries_below_log_it(sandbox: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = {"api_key": PLANTED, "base_url": f"{sandbox.url}/api/v1"}

    with Client(**settings) as client:
        client.health_check()
        with pytest.raises(symbiont.AuthenticationError):
            client.list_agents()
    async with AsyncClient(**settings) as later:
        await later.health_check()
        with pytest.raises(symbiont.AuthenticationError):
            await later.list_agents()

    assert PLANTED not in caplog.text
