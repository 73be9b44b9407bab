"""The identity provider: enrollments that somebody approves, credentials that can be revoked, tokens that expire."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Decision = Literal["pending", "approved", "denied", "delivered"]
CLIENT_CREDENTIALS = "client_credentials"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class OAuthRefusal(Exception):  # noqa: N818 - an answer of the protocol
    """`error` and `status` of an OAuth error answer."""

    def __init__(self, error: str, status: int = 400, description: str | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.status = status
        self.description = description

    def to_json(self) -> dict[str, Any]:
        """The body."""
        more = {"error_description": self.description} if self.description else {}
        return {"error": self.error, **more}


@dataclass(slots=True)
class Enrollment:
    """One device that asks for a credential."""

    device_code: str
    user_code: str
    client_name: str
    hostname: str
    capability_types: list[str]
    expires_at: float
    interval: float
    decision: Decision = "pending"
    polled_at: float = float("-inf")

    def to_json(self) -> dict[str, Any]:
        """What an approver sees."""
        return {
            "userCode": self.user_code,
            "clientName": self.client_name,
            "hostname": self.hostname,
            "capabilityTypes": self.capability_types,
            "decision": self.decision,
        }


class Moku:
    """Times are seconds; `token` makes secrets with a prefix and a length in hex digits."""

    def __init__(
        self,
        token: Callable[[str, int], str],
        *,
        token_lifetime: float = 900.0,
        device_lifetime: float = 900.0,
        interval: float = 5.0,
        auto_approve: bool = False,
    ) -> None:
        self._token = token
        self._token_lifetime = token_lifetime
        self._device_lifetime = device_lifetime
        self._interval = interval
        self._auto_approve = auto_approve
        self.enrollments: dict[str, Enrollment] = {}
        self.clients: dict[str, str] = {}
        """Secrets by client id."""
        self._tokens: dict[str, tuple[str, float]] = {}

    def caller(self, token: str, now: float) -> str | None:
        """Whose token it is; None when it was not minted here. Raises `OAuthRefusal` when it has expired."""
        found = self._tokens.get(token)
        if found is None:
            return None
        client_id, expires_at = found
        if expires_at <= now:
            raise OAuthRefusal("invalid_token", 401, "the token has expired")
        return client_id

    def start(self, form: dict[str, Any], base_url: str, now: float) -> dict[str, Any]:
        """Begin an enrollment; the answer of the device authorization endpoint."""
        letters = self._token("", 8).upper()
        enrollment = Enrollment(
            device_code=self._token("dc-", 32),
            user_code=f"{letters[:4]}-{letters[4:]}",
            client_name=form["client_name"],
            hostname=form["hostname"],
            capability_types=[name for name in form.get("capability_types", "").split(",") if name],
            expires_at=now + self._device_lifetime,
            interval=self._interval,
            decision="approved" if self._auto_approve else "pending",
        )
        self.enrollments[enrollment.user_code] = enrollment
        uri = f"{base_url}/_sandbox/enrollments"
        return {
            "device_code": enrollment.device_code,
            "user_code": enrollment.user_code,
            "verification_uri": uri,
            "verification_uri_complete": f"{uri}?user_code={enrollment.user_code}",
            "expires_in": self._device_lifetime,
            "interval": self._interval,
        }

    def decide(self, user_code: str, decision: Decision) -> Enrollment:
        """Approve or deny. Raises KeyError for an unknown code."""
        enrollment = self.enrollments[user_code]
        if enrollment.decision == "pending":
            enrollment.decision = decision
        return enrollment

    def grant(self, form: dict[str, Any], now: float) -> dict[str, Any]:
        """The answer of the token endpoint. Raises `OAuthRefusal`."""
        if form["grant_type"] == DEVICE_CODE:
            return self._redeem(form["device_code"], now)
        client_id = form["client_id"]
        if client_id not in self.clients or self.clients[client_id] != form["client_secret"]:
            raise OAuthRefusal("invalid_client", 401, "the credential is unknown or revoked")
        return self._mint(client_id, now)

    def revoke(self, client_id: str) -> None:
        """Make a credential and its tokens worthless. Raises KeyError for an unknown one."""
        del self.clients[client_id]
        self._tokens = {
            token: (owner, 0.0 if owner == client_id else end) for token, (owner, end) in self._tokens.items()
        }

    def rotate(self, client_id: str) -> str:
        """A new secret in place of the old one. Raises KeyError for an unknown client."""
        if client_id not in self.clients:
            raise KeyError(client_id)
        self.clients[client_id] = self._token("secret-", 32)
        return self.clients[client_id]

    def _redeem(self, device_code: str, now: float) -> dict[str, Any]:
        enrollment = next((e for e in self.enrollments.values() if e.device_code == device_code), None)
        if enrollment is None or enrollment.decision == "delivered":
            raise OAuthRefusal("invalid_grant", description="the device code is unknown or used up")
        if enrollment.decision == "denied":
            raise OAuthRefusal("access_denied", description="the request was denied")
        if enrollment.expires_at <= now:
            raise OAuthRefusal("expired_token", description="nobody decided in time")
        # Half an interval of tolerance: a poller's clock and the network are not exact.
        hasty, enrollment.polled_at = now - enrollment.polled_at < enrollment.interval / 2, now
        if hasty:
            enrollment.interval += 5
            raise OAuthRefusal("slow_down")
        if enrollment.decision == "pending":
            raise OAuthRefusal("authorization_pending", description="nobody has decided yet")
        enrollment.decision = "delivered"
        client_id = self._token("client-", 16)
        self.clients[client_id] = self._token("secret-", 32)
        return {**self._mint(client_id, now), "client_id": client_id, "client_secret": self.clients[client_id]}

    def _mint(self, client_id: str, now: float) -> dict[str, Any]:
        self._tokens = {token: entry for token, entry in self._tokens.items() if entry[1] > now}
        token = self._token("token-", 32)
        self._tokens[token] = (client_id, now + self._token_lifetime)
        return {"access_token": token, "token_type": "bearer", "expires_in": self._token_lifetime}
