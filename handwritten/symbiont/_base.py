"""What `Client` and `AsyncClient` share: settings, local sign-in, credentials, and where requests go."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wirewright.narrow import is_mapping

from symbiont import _http
from symbiont.exceptions import AuthenticationError, ConfigurationError, TokenRefreshError

if TYPE_CHECKING:
    from wirewright.request import Request

    from symbiont.auth import AuthManager, AuthUser
    from symbiont.config import ClientConfig, ConfigManager, ValidationMode


T = TypeVar("T")


class BaseClient:
    """Settings and sign-in. See `Client`."""

    def __init__(
        self,
        config: ClientConfig | Mapping[str, Any] | str | Path | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        timeout: float | None = None,
        max_retries: int | None = None,
        validation_mode: ValidationMode | None = None,
        require_jwt_secret: bool = False,
        transport: Any = None,
        hooks: tuple[Any, ...] = (),
    ) -> None:
        """Settings come from `config` (settings, a mapping, or a YAML or JSON file), else from environment and `.env`.

        - `api_key`, `base_url` (with the version: `http://localhost:8080/api/v1`), `timeout` (seconds per phase of an
          attempt), `max_retries` and `validation_mode` (`strict` or `lenient`) win over all of these.
        - `require_jwt_secret`: raise `ConfigurationError` where local tokens are switched on and have no secret.
        - `transport`, `hooks`: as `wirewright.Client` takes them.

        Raises `ConfigurationError`, `FileNotFoundError`, or pydantic's `ValidationError`.
        """
        from symbiont.config import ConfigManager

        self._given: Any = config
        self._overrides: dict[str, Any] = {
            name: value
            for name, value in {
                "api_key": api_key or None,
                "base_url": base_url.rstrip("/") if base_url else None,
                "timeout": timeout,
                "max_retries": max_retries,
                "validation_mode": validation_mode,
            }.items()
            if value is not None
        }
        self._config_manager: ConfigManager = ConfigManager(config if isinstance(config, str | Path) else None)
        self._transport: Any = self
        self._transport_option = transport
        self._hooks = hooks
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._current_user: AuthUser | None = None
        self._current_tokens: dict[str, str] = {}
        self._request_count = 0
        self._request_window_start = time.time()
        self._use(self._load())
        if require_jwt_secret:
            self._check_required()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.config.base_url}>"

    # Settings ------------------------------------------------------------------------------------------------------

    def _load(self) -> ClientConfig:
        from symbiont.config import ClientConfig

        given: Any = self._given
        if given is None or isinstance(given, str | Path):
            return self._config_manager.load(force_reload=True, overrides=self._overrides)
        if is_mapping(given):
            given = ClientConfig(**{**given, **self._overrides})
        elif self._overrides or not isinstance(given, ClientConfig):
            given = ClientConfig(**{**given.model_dump(), **self._overrides})
        return self._config_manager.adopt(given)

    def _use(self, config: ClientConfig) -> None:
        from symbiont.auth import AuthManager

        self.__dict__.pop("api", None)  # it is bound to an address
        self.config = config
        self.auth_manager: AuthManager = AuthManager(config.auth)
        self.api_key = config.api_key
        self.base_url = config.base_url

    def _check_required(self) -> None:
        missing = self._config_manager.validate_required_settings()
        if missing:
            text = "; ".join(f"{key}: {reason}" for key, reason in missing.items())
            raise ConfigurationError(f"Configuration validation failed: {text}", config_key=next(iter(missing)))

    def configure_client(self, config: ClientConfig) -> dict[str, Any]:
        """Use other settings from now on."""
        self._given, self._overrides = config, {}
        self._use(self._config_manager.adopt(config))
        return {"status": "configured", "timestamp": time.time()}

    def get_configuration(self) -> ClientConfig:
        """The settings in use."""
        return self.config

    def reload_configuration(self) -> dict[str, Any]:
        """Read file and environment again; what was given as arguments stays."""
        self._use(self._load())
        return {"status": "reloaded", "timestamp": time.time()}

    # Signing in, on this side -------------------------------------------------------------------------------------

    def authenticate_jwt(self, token: str) -> dict[str, Any]:
        """Check a token of one's own with the secret of the settings, and send it from now on.

        A runtime takes API keys only; gateways before it may take tokens. Raises `AuthenticationError`, and
        `ConfigurationError` when there is no secret.
        """
        user = self._manager().authenticate_with_jwt(token)
        if user is None:
            raise AuthenticationError("Invalid JWT token")
        self._current_user = user
        self._current_tokens["access"] = token
        return {
            "user_id": user.user_id,
            "roles": user.roles,
            "permissions": [permission.value for permission in user.permissions],
            "authenticated": True,
        }

    def refresh_token(self) -> dict[str, Any]:
        """Make a new access token from the refresh token in `_current_tokens`. No request is sent.

        Raises `TokenRefreshError`.
        """
        refresh = self._current_tokens.get("refresh")
        if not refresh:
            raise TokenRefreshError("No refresh token available")
        token = self._manager().refresh_access_token(refresh)
        if token is None:
            raise TokenRefreshError("The refresh token is not valid")
        self._current_tokens["access"] = token.token
        lasts = self.config.auth.jwt_expiration_seconds
        return {"access_token": token.token, "token_type": "Bearer", "expires_in": lasts}

    def validate_permissions(self, action: str, resource: str | None = None) -> bool:
        """Whether the user who has signed in may do something (a permission's name)."""
        user = self._current_user
        return user is not None and self.auth_manager.validate_permissions(user, action, resource)

    def get_user_roles(self) -> list[str]:
        """The roles of the user who has signed in."""
        return self.auth_manager.get_user_roles(self._current_user) if self._current_user else []

    def _manager(self) -> AuthManager:
        if not self.config.auth.jwt_secret_key:
            raise ConfigurationError("JWT secret key is required", config_key="auth.jwt_secret_key")
        return self.auth_manager

    def bearer_token(self) -> str | None:
        """What requests carry: the token of who has signed in, else the API key."""
        return self._current_tokens.get("access") or self.config.api_key

    def try_refresh(self) -> bool:
        """A new access token, where there is a refresh token; whether there was."""
        try:
            self.refresh_token()
        except (AuthenticationError, ConfigurationError):
            return False
        return True

    # Requests ------------------------------------------------------------------------------------------------------

    @property
    def _address(self) -> str:
        return self.config.base_url.rstrip("/")

    @property
    def _settings_key(self) -> tuple[Any, ...]:
        """What the connections depend on."""
        config = self.config
        return config.base_url, config.timeout, config.max_retries, getattr(config, "retry_statuses", None)

    def _made(self, kind: Callable[..., T], base_url: str, transport: Any) -> T:
        """A client of the runtime with these settings. Raises `ConfigurationError` for an address that is none."""
        from symbiont._credentials import Credentials

        settings = _http.options(self.config)
        try:
            return kind(base_url, **settings, auth=Credentials(self), hooks=self._hooks, transport=transport)
        except ValueError as error:
            raise ConfigurationError(f"The settings do not work: {error}", config_key="base_url") from error

    def _flat(self, request: Request[Any]) -> Request[Any]:
        return _http.flat(request, _http.root_of(self._address))

    @property
    def _lenient(self) -> bool:
        return getattr(self.config, "validation_mode", "strict") == "lenient"
