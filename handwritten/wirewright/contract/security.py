"""Were the documented credentials sent? Only their presence is judged; who may do what is a server's own business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from wirewright.contract.bodies import split_pairs
from wirewright.contract.document import SpecOperation
from wirewright.contract.problems import Problem


def check_security(operation: SpecOperation, query: str, headers: Mapping[str, str]) -> list[Problem]:
    """One problem when none of the operation's alternatives is met; `headers` are keyed in lower case."""
    alternatives = operation.security
    if not alternatives:
        return []
    schemes = operation.document.security_schemes
    pairs = {name: unquote_plus(value) for name, value in split_pairs(query)}
    for alternative in alternatives:
        if all(_present(schemes.get(name, {}), pairs, headers) for name in alternative):
            return []
    wanted = " or ".join(" and ".join(alternative) for alternative in alternatives)
    return [Problem("security", "security", f"no credentials for {wanted}")]


def _present(scheme: Mapping[str, Any], query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    kind = scheme.get("type")
    if kind == "apiKey":
        name, place = str(scheme.get("name", "")), scheme.get("in")
        if place == "query":
            return name in query
        if place == "cookie":
            return any(part.strip().startswith(name + "=") for part in headers.get("cookie", "").split(";"))
        return name.lower() in headers
    if kind == "http":
        authorization = headers.get("authorization", "")
        return authorization.lower().startswith(str(scheme.get("scheme", "")).lower() + " ")
    if kind in {"oauth2", "openIdConnect"}:
        return headers.get("authorization", "").lower().startswith("bearer ")
    return True  # mutual TLS and unknown kinds leave no trace in the message
