"""Credentials: discovery, tokens and their cache, the file, enrollment and the command line (protocol sheet §18)."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from holokai_neuron_sdk._cli import main
from holokai_neuron_sdk.auth import (
    ClientAuthenticator,
    CredentialRevokedError,
    EnrollmentError,
    OAuthEndpoints,
    OAuthTokenError,
    StoredCredential,
    create_client_credentials_auth,
    default_credential_path,
    discover_endpoints,
    enroll,
    read_credential_file,
    write_credential_file,
)
from holokai_neuron_sdk.auth.token_client import request_token
from wirewright.sandbox import Sandbox

BASE = "https://moku.example/prefix"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CREDENTIAL = StoredCredential("c-1", "s-1", f"{BASE}/tok", BASE)
Reply = httpx.Response | Exception


def answer(status: int = 200, **body: Any) -> httpx.Response:
    return httpx.Response(status, json=body)


def minted(token: str = "tok", expires_in: Any = 900, **more: Any) -> httpx.Response:
    return answer(access_token=token, expires_in=expires_in, **more)


class Moku:
    """Answers in order; the last answer is repeated."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await asyncio.sleep(0)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)

    def forms(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(r.content.decode())) for r in self.requests if r.method == "POST"]


def delete(path: Path) -> None:
    path.unlink()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "credential.json"


# Discovery.


@pytest.mark.parametrize(
    ("token", "device", "expected"),
    [
        ("http://internal:1/tok?x=1#f", "https://other/dev/", ("/tok", "/dev/")),
        ("/t", "d", ("/t", "/d")),
        ("//h/p", "mailto:x", ("//h/p", "/mailto:x")),
    ],
)
async def test_told_endpoints_are_put_on_the_given_address(token: str, device: str, expected: tuple[str, str]) -> None:
    moku = Moku(answer(token_endpoint=token, device_authorization_endpoint=device))
    found = await discover_endpoints(f"{BASE}//", client=moku.client)
    assert found == OAuthEndpoints(BASE + expected[0], BASE + expected[1])
    assert str(moku.requests[0].url) == f"{BASE}/.well-known/oauth-authorization-server"
    assert moku.requests[0].headers["accept"] == "application/json"


@pytest.mark.parametrize(
    "reply",
    [
        answer(404),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        answer(token_endpoint="/t"),
        answer(token_endpoint=1, device_authorization_endpoint="/d"),
        answer(302, token_endpoint="/t", device_authorization_endpoint="/d"),
        httpx.ConnectError("down"),
    ],
)
async def test_without_an_answer_the_usual_endpoints_are_used(reply: Reply) -> None:
    found = await discover_endpoints(BASE, client=Moku(reply).client)
    assert found == OAuthEndpoints(f"{BASE}/api/v1/auth/token", f"{BASE}/api/v1/auth/device")


# Tokens.


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (minted(), ("tok", "bearer", 900, None, None, None)),
        (
            minted(token_type="Bearer", scope="s", client_id="c", client_secret="x"),
            ("tok", "Bearer", 900, "s", "c", "x"),
        ),
        (minted(expires_in=1.5, token_type=1, scope=2, client_id=[]), ("tok", "bearer", 1.5, None, None, None)),
    ],
)
async def test_a_token_is_read(reply: httpx.Response, expected: tuple[Any, ...]) -> None:
    token = await request_token(f"{BASE}/tok", {}, Moku(reply).client)
    assert (
        token.access_token,
        token.token_type,
        token.expires_in,
        token.scope,
        token.client_id,
        token.client_secret,
    ) == expected


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (
            answer(400, error="invalid_grant", error_description="used up"),
            "invalid_grant",
            "token endpoint returned invalid_grant: used up",
        ),
        (answer(401, error="invalid_client"), "invalid_client", "token endpoint returned invalid_client"),
        (httpx.Response(502, text="<html>"), "http_502", "token endpoint returned http_502"),
        (answer(302), "http_302", "token endpoint returned http_302"),
        (answer(500, error=5), "http_500", "token endpoint returned http_500"),
        (answer(access_token="t"), "invalid_response", "token endpoint returned invalid_response"),
        (answer(access_token="t", expires_in="900"), "invalid_response", "token endpoint returned invalid_response"),
        (httpx.Response(200, text="no json"), "invalid_response", "token endpoint returned invalid_response"),
    ],
)
async def test_a_refusal_is_an_error(reply: httpx.Response, error: str, message: str) -> None:
    with pytest.raises(OAuthTokenError) as caught:
        await request_token(f"{BASE}/tok", {}, Moku(reply).client)
    assert (caught.value.error, caught.value.status, str(caught.value)) == (error, reply.status_code, message)


@pytest.mark.parametrize(
    ("lifetime", "used"), [(30, 15), (60, 30), (119, 59.5), (120, 60), (121, 61), (900, 840), (3600, 3540)]
)
async def test_a_token_is_used_until_shortly_before_it_expires(path: Path, lifetime: float, used: float) -> None:
    write_credential_file(path, CREDENTIAL)
    moku, clock = Moku(minted("one", lifetime), minted("two", lifetime)), [0.0]
    auth = create_client_credentials_auth(path, client=moku.client, now=lambda: clock[0])
    assert await auth() == "one"
    clock[0] = used - 0.01
    assert await auth() == "one"
    clock[0] = used
    assert await auth() == "two"
    assert moku.forms() == [{"grant_type": "client_credentials", "client_id": "c-1", "client_secret": "s-1"}] * 2


async def test_those_who_ask_at_once_share_one_request(path: Path) -> None:
    write_credential_file(path, CREDENTIAL)
    moku = Moku(minted())
    auth = create_client_credentials_auth(path, client=moku.client)
    assert await asyncio.gather(auth(), auth(), auth()) == ["tok"] * 3
    assert len(moku.requests) == 1


async def test_without_a_file_nothing_is_asked(path: Path) -> None:
    moku = Moku(minted())
    auth = create_client_credentials_auth(path, client=moku.client)
    with pytest.raises(CredentialRevokedError):
        await auth()
    assert moku.requests == []
    write_credential_file(path, CREDENTIAL)
    assert await auth() == "tok"


INVALID = answer(401, error="invalid_client")


@pytest.mark.parametrize(("on_disk", "replies", "token"), [
    ("same", [INVALID], None),
    ("gone", [INVALID], None),
    ("new", [INVALID, minted("fresh")], "fresh"),
    ("new", [INVALID, INVALID], None),
])  # fmt: skip
async def test_a_rejected_credential_is_read_once_more(
    path: Path, on_disk: str, replies: list[Reply], token: str | None
) -> None:
    write_credential_file(path, CREDENTIAL)
    moku, clock = Moku(minted("first", 60), *replies), [0.0]
    auth = create_client_credentials_auth(path, client=moku.client, now=lambda: clock[0])
    await auth()
    clock[0] = 31
    if on_disk == "gone":
        delete(path)
    if on_disk == "new":
        write_credential_file(path, StoredCredential("c-2", "s-2", f"{BASE}/tok", BASE))
    if token:
        assert await auth() == token
        assert moku.forms()[-1]["client_id"] == "c-2"
    else:
        with pytest.raises(CredentialRevokedError) as caught:
            await auth()
        assert isinstance(caught.value.__cause__, OAuthTokenError)
        write_credential_file(path, StoredCredential("c-3", "s-3", f"{BASE}/tok", BASE))
        moku.replies = [INVALID, minted("later")]
        assert await auth() == "later"


@pytest.mark.parametrize("reply", [answer(503), httpx.ConnectError("down")])
async def test_other_failures_come_out_as_they_are_and_the_next_call_tries_again(path: Path, reply: Reply) -> None:
    write_credential_file(path, CREDENTIAL)
    auth = create_client_credentials_auth(path, client=Moku(reply, minted()).client)
    with pytest.raises((OAuthTokenError, httpx.ConnectError)):
        await auth()
    assert await auth() == "tok"


async def test_identity_may_be_proven_otherwise(path: Path) -> None:
    class Assertion:
        def apply(self, form: dict[str, str]) -> None:
            form["client_assertion"] = "signed"

    def authenticator(credential: StoredCredential) -> ClientAuthenticator:
        return Assertion()

    write_credential_file(path, CREDENTIAL)
    moku = Moku(minted())
    await create_client_credentials_auth(path, client=moku.client, authenticator=authenticator)()
    assert moku.forms() == [{"grant_type": "client_credentials", "client_assertion": "signed"}]


# The file.


def test_the_file_is_private_and_readable_by_people(path: Path) -> None:
    write_credential_file(path, CREDENTIAL)
    assert path.read_text() == (
        '{\n  "client_id": "c-1",\n  "client_secret": "s-1",\n'
        f'  "token_endpoint": "{BASE}/tok",\n  "moku_base_url": "{BASE}"\n}}\n'
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o644)
    write_credential_file(path, CREDENTIAL)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert read_credential_file(path) == CREDENTIAL


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("{", json.JSONDecodeError),
        ("[]", ValueError),
        ('{"client_id": "c"}', ValueError),
        ('{"client_id": 1, "client_secret": "", "token_endpoint": "", "moku_base_url": ""}', ValueError),
    ],
)
def test_a_broken_file_is_an_error(path: Path, content: str, error: type[Exception]) -> None:
    path.parent.mkdir()
    path.write_text(content)
    with pytest.raises(error):
        read_credential_file(path)


def test_no_file_is_no_error_and_more_keys_are_ignored(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_credential_file(path) is None
    write_credential_file(path, CREDENTIAL)
    path.write_text(json.dumps({**json.loads(path.read_text()), "more": 1}))
    assert read_credential_file(str(path)) == CREDENTIAL
    monkeypatch.setenv("HOME", "/home/somebody")
    assert str(default_credential_path()) == "/home/somebody/.holokai/neuron-credentials.json"


# Enrollment.

DEVICE = answer(
    device_code="dc",
    user_code="AB-CD",
    verification_uri="https://m/v",
    verification_uri_complete="https://m/v?c",
    expires_in=890,
    interval=2,
)
NO_DISCOVERY = answer(404)
ENROLLED = minted(client_id="c-9", client_secret="s-9")
PENDING = answer(400, error="authorization_pending")


class Waits:
    """Instead of sleeping."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


async def run(moku: Moku, path: Path, **more: Any) -> tuple[Any, list[str], Waits]:
    lines: list[str] = []
    waits = Waits()
    result = await enroll(
        moku_base_url=f"{BASE}/",
        client_name="my n",
        hostname="hh",
        credential_path=path,
        client=moku.client,
        out=lines.append,
        sleep=waits,
        **more,
    )
    return result, lines, waits


async def test_an_enrollment(path: Path) -> None:
    moku = Moku(
        NO_DISCOVERY,
        DEVICE,
        PENDING,
        answer(400, error="slow_down"),
        answer(409),
        httpx.Response(502),
        httpx.ReadTimeout("slow"),
        ENROLLED,
    )
    result, lines, waits = await run(moku, path, capability_types=["a/b", "c/d"])
    assert (result.status, result.client_id, result.credential_path, result.access_token, result.expires_in) == (
        "enrolled",
        "c-9",
        path,
        "tok",
        900,
    )
    assert waits.seconds == [2, 2, 7, 7, 7, 7]
    assert moku.requests[1].content == b"client_name=my+n&hostname=hh&capability_types=a%2Fb%2Cc%2Fd"
    assert moku.forms()[1] == {"grant_type": DEVICE_GRANT, "device_code": "dc"}
    assert lines[1] == "  https://m/v?c"
    assert lines[2] == "and enter code: AB-CD"
    assert "15 minutes" in lines[3]
    assert read_credential_file(path) == StoredCredential("c-9", "s-9", f"{BASE}/api/v1/auth/token", BASE)


@pytest.mark.parametrize(
    ("replies", "error", "code"),
    [
        ([answer(403)], EnrollmentError, "device_request_failed"),
        ([answer(device_code="dc")], EnrollmentError, "invalid_response"),
        ([httpx.Response(200, json=[])], EnrollmentError, "invalid_response"),
        ([httpx.Response(200, text="no json")], json.JSONDecodeError, None),
        ([DEVICE, answer(400, error="expired_token")], EnrollmentError, "expired_token"),
        ([DEVICE, answer(400, error="access_denied")], EnrollmentError, "access_denied"),
        ([DEVICE, minted()], EnrollmentError, "invalid_response"),
        ([DEVICE, answer(400, error="invalid_grant")], OAuthTokenError, None),
        ([DEVICE, answer(access_token="t")], OAuthTokenError, None),
        (
            [answer(device_code="d", user_code="u", verification_uri="v", expires_in=0)],
            EnrollmentError,
            "expired_token",
        ),
    ],
)
async def test_how_an_enrollment_fails(
    path: Path, replies: list[Reply], error: type[Exception], code: str | None
) -> None:
    with pytest.raises(error) as caught:
        await run(Moku(NO_DISCOVERY, *replies), path)
    assert getattr(caught.value, "code", None) == code
    assert read_credential_file(path) is None


async def test_a_working_credential_is_kept_and_asked_for_where_it_came_from(path: Path) -> None:
    write_credential_file(path, CREDENTIAL)
    moku = Moku(minted())
    result, lines, _ = await run(moku, path)
    assert (result.status, result.client_id, result.access_token) == ("already-enrolled", "c-1", None)
    assert len(lines) == 1
    assert [str(r.url) for r in moku.requests] == [f"{BASE}/tok"]


async def test_a_revoked_credential_is_replaced(path: Path) -> None:
    write_credential_file(path, CREDENTIAL)
    result, _, _ = await run(Moku(INVALID, NO_DISCOVERY, DEVICE, ENROLLED), path)
    assert result.status == "enrolled"
    assert (read_credential_file(path) or CREDENTIAL).client_id == "c-9"


async def test_a_provider_that_is_down_does_not_cost_the_credential(path: Path) -> None:
    write_credential_file(path, CREDENTIAL)
    with pytest.raises(OAuthTokenError):
        await run(Moku(answer(503)), path)
    assert read_credential_file(path) == CREDENTIAL


# Against the sandbox, and from the command line.


def test_the_command_line_enrolls_and_finds_itself_enrolled(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox("neuron", auto_approve=True, device_interval=0.01, verify=True, strict_auth=True) as sandbox:
        arguments = [
            "enroll",
            "--moku-url",
            sandbox.url,
            "--capabilities",
            " a/b, ,c/d",
            "--credentials-file",
            str(path),
            "--name",
            "n",
        ]
        assert main(arguments) == 0
        assert "and enter code:" in capsys.readouterr().out
        assert sandbox.rules.moku.enrollments.popitem()[1].capability_types == ["a/b", "c/d"]
        assert main(arguments) == 0
        assert "Already enrolled" in capsys.readouterr().out
        token = asyncio.run(_token(path))
        with httpx.stream(
            "GET", f"{sandbox.url}/neuron/events?neuronId=n", headers={"authorization": f"Bearer {token}"}
        ) as answered:
            assert answered.status_code == 200


async def _token(path: Path) -> str:
    return await create_client_credentials_auth(path)()


def test_an_approval_a_denial_a_rotation_and_a_revocation(path: Path) -> None:
    async def flow(sandbox: Sandbox, decision: str) -> Any:
        async with httpx.AsyncClient(base_url=sandbox.url) as http:

            async def decide(seconds: float) -> None:
                (waiting,) = [e for e in (await http.get("/_sandbox/enrollments")).json() if e["decision"] == "pending"]
                await http.post(f"/_sandbox/enrollments/{waiting['userCode']}/{decision}")

            return await enroll(
                moku_base_url=sandbox.url, client_name="n", credential_path=path, sleep=decide, out=lambda line: None
            )

    with Sandbox("neuron", verify=True) as sandbox:
        with pytest.raises(EnrollmentError) as caught:
            asyncio.run(flow(sandbox, "deny"))
        assert caught.value.code == "access_denied"
        client_id = asyncio.run(flow(sandbox, "approve")).client_id
        httpx.post(f"{sandbox.url}/_sandbox/clients/{client_id}/rotate")
        with pytest.raises(CredentialRevokedError):
            asyncio.run(_token(path))


def test_a_token_dies_with_its_credential_and_by_itself() -> None:
    from holokai_neuron_sdk.testing.moku import Moku as Provider
    from holokai_neuron_sdk.testing.moku import OAuthRefusal

    names = iter(range(100))
    provider = Provider(lambda prefix, length: f"{prefix}{next(names):0{length}}", token_lifetime=10, auto_approve=True)
    device = provider.start({"client_name": "n", "hostname": "h"}, "http://m", 0)
    grant = {"grant_type": DEVICE_GRANT, "device_code": device["device_code"]}
    token = provider.grant(grant, 5)
    assert provider.caller(token["access_token"], 6) == token["client_id"]
    for check in (lambda: provider.caller(token["access_token"], 16), lambda: provider.grant(grant, 20)):
        with pytest.raises(OAuthRefusal):
            check()
    credentials = {
        "grant_type": "client_credentials",
        "client_id": token["client_id"],
        "client_secret": token["client_secret"],
    }
    second = provider.grant(credentials, 20)
    provider.revoke(token["client_id"])
    refused: list[Callable[[], Any]] = [
        lambda: provider.caller(second["access_token"], 21),
        lambda: provider.grant(credentials, 21),
    ]
    for check in refused:
        with pytest.raises(OAuthRefusal):
            check()


def test_a_poller_that_is_too_quick_is_slowed_down() -> None:
    from holokai_neuron_sdk.testing.moku import Moku as Provider
    from holokai_neuron_sdk.testing.moku import OAuthRefusal

    names = iter(range(100))
    provider = Provider(lambda prefix, length: f"{prefix}{next(names):0{length}}", device_lifetime=60)
    device = provider.start({"client_name": "n", "hostname": "h"}, "http://m", 0)
    errors = []
    for now in (5, 10, 11, 21, 61):
        with pytest.raises(OAuthRefusal) as caught:
            provider.grant({"grant_type": DEVICE_GRANT, "device_code": device["device_code"]}, now)
        errors.append(caught.value.error)
    assert errors == [
        "authorization_pending",
        "authorization_pending",
        "slow_down",
        "authorization_pending",
        "expired_token",
    ]


@pytest.mark.parametrize(("arguments", "code", "said"), [
    ([], 1, "usage"),
    (["enroll"], 2, "--moku-url"),
    (["nonsense"], 2, "invalid choice"),
    (["--help"], 0, ""),
    (["enroll", "--moku-url", "http://127.0.0.1:1", "--credentials-file", "{path}"], 1, "Enrollment failed: "),
])  # fmt: skip
def test_exit_codes(arguments: list[str], code: int, said: str, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([argument.format(path=path) for argument in arguments]) == code
    assert said in capsys.readouterr().err


def test_a_failure_with_a_code_says_it(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox("neuron", device_lifetime=0.0) as sandbox:
        assert main(["enroll", "--moku-url", sandbox.url, "--credentials-file", str(path)]) == 1
    assert "Enrollment failed (expired_token): " in capsys.readouterr().err


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(work: Any) -> None:
        work.close()
        raise KeyboardInterrupt

    monkeypatch.setattr("holokai_neuron_sdk._cli.asyncio.run", interrupted)
    assert main(["enroll", "--moku-url", "http://m"]) == 130
