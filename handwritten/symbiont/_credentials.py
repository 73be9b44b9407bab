"""The credentials of a client, for the runtime's machinery: loaded with the first call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirewright.auth import Auth
from wirewright.messages import header_problem

from symbiont.exceptions import ConfigurationError

if TYPE_CHECKING:
    from wirewright.messages import HttpRequest, HttpResponse

    from symbiont._base import BaseClient


class Credentials(Auth):
    """The token of a user who has signed in, else the API key; looked up anew for each attempt."""

    def __init__(self, owner: BaseClient) -> None:
        self._owner = owner

    def apply(self, request: HttpRequest, clock: Any) -> None:
        token = self._owner.bearer_token()
        if not token:
            return
        value = f"Bearer {token}"
        if header_problem("authorization", value):
            raise ConfigurationError("The key is not one that a header can hold: .strip() what a file says", "api_key")
        request.headers["authorization"] = value

    def refused(self, request: HttpRequest, response: HttpResponse) -> bool:
        """After a 401: a new access token is made here, where there is a refresh token."""
        return self._owner.try_refresh()
