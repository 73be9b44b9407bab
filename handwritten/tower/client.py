"""The client of the Tower Agent API."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from sbn._clients import Authenticated, Connected
from tower_calls import agents as calls
from wirewright.calls import Call, Face

from tower._http import AuthState, HttpTransport, RetryConfig
from tower.profiles._base import (
    BaseProfileClient,
    DominionProfileClient,
    GridProfileClient,
    StillpointProfileClient,
    data,
)


class TowerClient(Authenticated, Connected, Face):
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
        self._auth = self._selected = AuthState(api_key=api_key, project_id=project_id)
        self._http = HttpTransport(
            base_url=base_url, auth=self._auth, retry=retry, timeout=timeout, user_agent=user_agent, transport=transport
        )
        super().__init__(self._http)

    def authenticate_token_provider(self, provider: Callable[[], str]) -> None:
        """Ask a function for a bearer token before each attempt."""
        self._use(provider=provider)

    def set_project(self, project_id: str | None) -> None:
        """Select a project."""
        self._selected.project_id = project_id

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

    get_agent = Call(calls.get, data)
    suggestions = Call(calls.suggestions, data)
    feedback = Call(calls.feedback, data)
    scores = Call(calls.scores, data)
    suspend = Call(calls.suspend, data)
    resume = Call(calls.resume, data)
