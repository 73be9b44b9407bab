"""What we sign others take, and the other way round: PyJWT, standardwebhooks, http-message-signatures.

Run with `nox -s interop`. The first run installs them into an environment of their own (`WIREWRIGHT_PEERS` says where
such are kept).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wirewright.clock import SystemClock
from wirewright.messages import HttpRequest
from wirewright.signing import HttpMessage, HttpSigner, Key, StandardWebhooks, sign_jwt, verify_jwt, verify_message

pytestmark = pytest.mark.interop

PEERS = ("pyjwt==2.15.1", "standardwebhooks==1.1.0", "http-message-signatures==3.0.0", "requests", "cryptography")
HERE = Path(__file__).parent


def environment() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = Path(os.environ.get("WIREWRIGHT_PEERS") or cache / "wirewright" / "peers") / "signing"
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
        commands = (
            [[uv, "venv", "-q", "-p", sys.executable, place], [uv, "pip", "install", "-q", "-p", python, *PEERS]]
            if uv
            else [[sys.executable, "-m", "venv", place], [python, "-m", "pip", "install", "-q", *PEERS]]
        )
        for command in commands:
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"the peers cannot be installed here: {done.stderr.strip()[-300:]}")
        (place / "ready").touch()
    return python


class Peer:
    def __init__(self, python: Path) -> None:
        command = [str(python), str(HERE / "peer.py")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, name: str, *args: Any) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"name": name, "args": args}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer
        return answer["value"]

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    peer = Peer(environment())
    yield peer
    peer.close()


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256", "PS512", "HS256"])
def test_tokens(peer, algorithm):
    now = int(time.time())
    claims = {"iss": "me", "aud": "them", "iat": now, "exp": now + 60, "text": "é"}
    if algorithm == "HS256":
        secret = "a secret of thirty-two bytes, ok"
        key, private, public = Key.from_secret(secret.encode()), secret, secret
    else:
        key = Key.generate(algorithm)
        private, public = key.as_pem(private=True).decode(), key.as_pem().decode()
    assert peer("jwt_verify", sign_jwt(claims, key), public, algorithm, "them") == claims
    theirs = peer("jwt_sign", claims, private, algorithm)
    assert verify_jwt(theirs, key, now=now, audience="them").claims == claims


def test_webhooks(peer):
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"a":"é"}'
    hook = StandardWebhooks(secret)
    assert peer("webhook_verify", secret, hook.sign("msg_1", body.encode()), body) == {"a": "é"}
    now = int(time.time())
    signature = peer("webhook_sign", secret, "msg_2", now, body)
    headers = {"webhook-id": "msg_2", "webhook-timestamp": str(now), "webhook-signature": signature}
    assert hook.verify(headers, body.encode()).id == "msg_2"


@pytest.mark.parametrize(("algorithm", "name"), [("EdDSA", "ED25519"), ("ES256", "ECDSA_P256_SHA256")])
def test_http_messages(peer, algorithm, name):
    key = Key.generate(algorithm, kid="k")
    url, body = "https://example.com/a/b?c=d&e=%20", '{"a": 1}'
    request = HttpRequest(
        "POST", "https://example.com", "/a/b?c=d&e=%20", {"content-type": "application/json"}, body.encode()
    )
    HttpSigner(key).apply(request, SystemClock())
    assert peer("request_verify", key.as_pem().decode(), name, "POST", url, request.headers, body)
    components = ["@method", "@authority", "@path", "@query", "content-type", "content-digest"]
    given = [
        key.as_pem(private=True).decode(),
        name,
        "POST",
        url,
        {"content-type": "application/json"},
        body,
        components,
    ]
    headers = peer("request_sign", *given)
    message = HttpMessage(list(headers.items()), method="POST", url=url, body=body.encode())
    verified = verify_message(message, key.public(), now=time.time())
    assert verified.components['"@path"'] == "/a/b"
