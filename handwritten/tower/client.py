"""The client of the Tower Agent API."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Self

from tower._http import AuthState, HttpTransport, RetryConfig
from tower.profiles import BaseProfileClient, DominionProfileClient, GridProfileClient, StillpointProfileClient


class TowerClient:
    """Agents by profile. `timeout`: seconds per phase of one attempt."""

    def __init__(
        self,
        *,
        base_url: str = "http://localhost:8001",
        api_key: str | None = None,
        project_id: str | None = None,
        retry: RetryConfig | None = None,
        timeout: float = 10.0,
        user_agent: str = "tower-sdk/0.1",
        transport: Any = None,
    ) -> None:
        self._auth = AuthState(api_key=api_key, project_id=project_id)
        self._http = HttpTransport(
            base_url=base_url, auth=self._auth, retry=retry, timeout=timeout, user_agent=user_agent, transport=transport
        )

    def _use(
        self, api_key: str | None = None, bearer: str | None = None, provider: Callable[[], str] | None = None
    ) -> None:
        self._auth.api_key, self._auth.bearer_token, self._auth.token_provider = api_key, bearer, provider

    def authenticate_api_key(self, api_key: str) -> None:
        """Use an API key."""
        self._use(api_key=api_key)

    def authenticate_bearer(self, token: str) -> None:
        """Use a bearer token."""
        self._use(bearer=token)

    def authenticate_token_provider(self, provider: Callable[[], str]) -> None:
        """Ask a function for a bearer token before each attempt."""
        self._use(provider=provider)

    def set_project(self, project_id: str | None) -> None:
        """Select a project."""
        self._auth.project_id = project_id

    @cached_property
    def dominion(self) -> DominionProfileClient:
        return DominionProfileClient(self._http)

    @cached_property
    def grid(self) -> GridProfileClient:
        return GridProfileClient(self._http)

    @cached_property
    def stillpoint(self) -> StillpointProfileClient:
        return StillpointProfileClient(self._http)

    @cached_property
    def agents(self) -> BaseProfileClient:
        return BaseProfileClient(self._http)

    def create_agent(
        self,
        *,
        employee_id: str,
        project_id: str,
        profile: str = "",
        role: str = "standard",
        department: str = "",
        config: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Create an agent. `profile`: `dominion`, `grid_operator` or `stillpoint`; none otherwise."""
        profiles = {"dominion": self.dominion, "grid_operator": self.grid, "stillpoint": self.stillpoint}
        return profiles.get(profile, self.agents).create(
            employee_id=employee_id, project_id=project_id, role=role, department=department, config=config
        )

    def get_agent(self, agent_id: str) -> dict[str, Any]:
        """Fetch an agent."""
        found: dict[str, Any] = self.agents.get(agent_id)
        return found

    def suggestions(self, agent_id: str, **kwargs: Any) -> list[dict[str, Any]]:
        """List an agent's suggestions."""
        found: list[dict[str, Any]] = self.agents.suggestions(agent_id, **kwargs)
        return found

    def feedback(self, agent_id: str, suggestion_id: str, *, feedback_type: str, **kwargs: Any) -> dict[str, Any]:
        """Tell an agent what became of a suggestion."""
        said: dict[str, Any] = self.agents.feedback(agent_id, suggestion_id, feedback_type=feedback_type, **kwargs)
        return said

    def scores(self, agent_id: str) -> dict[str, Any]:
        """Read an agent's scores."""
        found: dict[str, Any] = self.agents.scores(agent_id)
        return found

    def suspend(self, agent_id: str, *, reason: str = "manual") -> dict[str, Any]:
        """Suspend an agent."""
        suspended: dict[str, Any] = self.agents.suspend(agent_id, reason=reason)
        return suspended

    def resume(self, agent_id: str) -> dict[str, Any]:
        """Let an agent work again."""
        resumed: dict[str, Any] = self.agents.resume(agent_id)
        return resumed

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
