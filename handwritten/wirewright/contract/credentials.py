"""Are credentials sent as the spec declares them: each in its place, all of an alternative, and none unasked?"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from wirewright.auth import ApiKey, Auth, Basic, Bearer
from wirewright.client import Client
from wirewright.contract.canned import ORIGIN, Canned
from wirewright.contract.checks import WireRequest
from wirewright.contract.document import SpecOperation
from wirewright.contract.example_calls import ExampleCall
from wirewright.contract.security import check_security
from wirewright.contract.typed import Endpoint
from wirewright.request import StreamRequest

SECRET = "contract-secret"  # noqa: S105 - a mark to look for, it opens nothing


def auth_of(scheme: Mapping[str, Any], secret: str) -> Auth | None:
    """Credentials of a security scheme; `user:password` for basic. None for kinds that no header carries."""
    kind = scheme.get("type")
    if kind == "apiKey":
        return ApiKey(str(scheme.get("name", "")), secret, scheme.get("in", "header"))
    if kind == "http" and str(scheme.get("scheme", "")).lower() == "basic":
        user, _, password = secret.partition(":")
        return Basic(user, password)
    if kind in {"oauth2", "openIdConnect"} or (kind == "http" and str(scheme.get("scheme", "")).lower() == "bearer"):
        return Bearer(secret)
    return None


def faults_of_auth(operation: SpecOperation, endpoint: Endpoint, call: ExampleCall) -> list[str]:
    """For each alternative of the operation's security: what is missing of it on the wire, and what is too much."""
    schemes = operation.document.security_schemes
    auths = {name: auth_of(scheme, f"{SECRET}-{name}") for name, scheme in schemes.items()}
    usable = {name: auth for name, auth in auths.items() if auth is not None}
    faults: list[str] = []
    for alternative in operation.security:
        if not alternative or not usable.keys() >= alternative.keys():
            continue
        sent = _sent(endpoint, call, {name: usable[name] for name in alternative})
        if isinstance(sent, str):
            faults.append(f"auth {' and '.join(alternative)}: {sent}")
            continue
        faults += [f"auth: {problem.message}" for problem in check_security(operation, sent.query, sent.header_map)]
        faults += [
            f"auth {name}: the credential is not where the spec declares it"
            for name in alternative
            if not _carries(sent, schemes[name], f"{SECRET}-{name}")
        ]
    if faults:
        return faults
    bare = _sent(endpoint, call, None)
    if isinstance(bare, WireRequest) and SECRET in repr((bare.target, bare.headers)):
        return ["auth: a credential is sent that nobody gave"]
    return []


def _sent(endpoint: Endpoint, call: ExampleCall, auth: Mapping[str, Auth] | None) -> WireRequest | str:
    canned = Canned()
    try:
        request = endpoint.call(call)
        with Client(ORIGIN, transport=canned, auth=auth, retry=None) as client:
            if isinstance(request, StreamRequest):
                with client.stream(request) as stream:
                    next(iter(stream), None)
            else:
                client.send(request)
    except Exception as error:  # whatever it is, it is the client's
        if not canned.sent:
            return f"nothing was sent: {type(error).__name__}: {error}"
    return canned.sent[0]


def _carries(sent: WireRequest, scheme: Mapping[str, Any], secret: str) -> bool:
    headers = sent.header_map
    if scheme.get("type") == "apiKey":
        name = str(scheme.get("name", ""))
        if scheme.get("in") == "query":
            return parse_qs(sent.query).get(name) == [secret]
        if scheme.get("in") == "cookie":
            return f"{name}={secret}" in headers.get("cookie", "").split("; ")
        return headers.get(name.lower()) == secret
    if str(scheme.get("scheme", "")).lower() == "basic":
        user, _, password = secret.partition(":")
        return headers.get("authorization") == "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return headers.get("authorization") == f"Bearer {secret}"
