"""Local tokens, roles and permissions (protocol sheet §3).

All of it is for applications that check their own users: a runtime takes API keys, not these tokens. Nothing here
does I/O.
"""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from symbiont._tokens import TokenError, decode, encode
from symbiont.config import AuthConfig
from symbiont.models._base import Model


class AuthMethod(StrEnum):
    """How a user signs in."""

    API_KEY = "api_key"
    JWT = "jwt"
    OAUTH2 = "oauth2"
    BASIC = "basic"


class TokenType(StrEnum):
    """What a token is for."""

    ACCESS = "access"
    REFRESH = "refresh"
    API_KEY = "api_key"


class Permission(StrEnum):
    """What may be done. `admin` includes all others."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    ADMIN = "admin"
    EXECUTE = "execute"


class Role(Model):
    """A name for some permissions, until `expires_at`."""

    name: str
    permissions: set[Permission]
    description: str | None = None
    expires_at: datetime | None = None


class AuthToken(Model):
    """A token and what it says."""

    token: str = Field(repr=False)
    token_type: TokenType
    expires_at: datetime
    issued_at: datetime
    user_id: str
    roles: list[str] = Field(default_factory=list[str])
    permissions: set[Permission] = Field(default_factory=set[Permission])
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class AuthUser(Model):
    """A user who has signed in."""

    user_id: str
    username: str | None = None
    email: str | None = None
    roles: list[str] = Field(default_factory=list[str])
    permissions: set[Permission] = Field(default_factory=set[Permission])
    is_active: bool = True
    last_login: datetime | None = None
    metadata: dict[str, Any] = Field(default_factory=dict[str, Any])


class AuthProvider(ABC):
    """Signs users in by other means; see `AuthManager.register_auth_provider`."""

    @abstractmethod
    def authenticate(self, credentials: dict[str, Any]) -> AuthUser | None:
        """The user whom these credentials belong to."""

    @abstractmethod
    def validate_token(self, token: str) -> AuthUser | None:
        """The user whom this token belongs to."""


class JWTHandler:
    """Mints and reads tokens with the secret of the settings."""

    def __init__(self, config: AuthConfig) -> None:
        """Raises `ValueError` when there is no secret or no algorithm."""
        if not config.jwt_secret_key:
            raise ValueError("JWT secret key is required")
        if not config.jwt_algorithm:
            raise ValueError("JWT algorithm is required")
        self.config = config
        self._secret = config.jwt_secret_key

    def __repr__(self) -> str:
        return f"JWTHandler({self.config.jwt_algorithm}, ***)"

    def generate_token(
        self,
        user_id: str,
        roles: list[str] | None = None,
        permissions: set[Permission] | None = None,
        token_type: TokenType = TokenType.ACCESS,
        expires_in: int | None = None,
    ) -> AuthToken:
        """A new token, good for `expires_in` seconds (default: as the settings say for its type)."""
        is_refresh = token_type is TokenType.REFRESH
        lasts = self.config.jwt_refresh_expiration_seconds if is_refresh else self.config.jwt_expiration_seconds
        now = datetime.now(UTC)
        until = now + timedelta(seconds=lasts if expires_in is None else expires_in)
        claims = {
            "sub": user_id,
            "iat": math.floor(now.timestamp()),
            "exp": math.floor(until.timestamp()),
            "iss": self.config.token_issuer,
            "aud": self.config.token_audience,
            "type": token_type.value,
            "roles": roles or [],
            "permissions": [permission.value for permission in permissions or ()],
        }
        return AuthToken(
            token=encode(claims, self._secret, self.config.jwt_algorithm),
            token_type=token_type,
            expires_at=until,
            issued_at=now,
            user_id=user_id,
            roles=roles or [],
            permissions=permissions or set(),
        )

    def decode_token(self, token: str) -> dict[str, Any] | None:
        """The claims of a good token, else None."""
        config = self.config
        try:
            return decode(
                token,
                self._secret,
                config.jwt_algorithm,
                issuer=config.token_issuer,
                audience=config.token_audience,
            )
        except TokenError:
            return None

    def refresh_token(self, refresh_token: str) -> AuthToken | None:
        """A new access token for a good refresh token. Made here, without any request."""
        claims = self.decode_token(refresh_token) if self.config.enable_refresh_tokens else None
        if claims is None or claims.get("type") != TokenType.REFRESH:
            return None
        user = _user_of(claims)
        return self.generate_token(user.user_id, user.roles, user.permissions) if user else None


def _user_of(claims: dict[str, Any]) -> AuthUser | None:
    """The user whom claims name, with the permissions that are known here; None for claims of another shape."""
    named = claims.get("permissions") or ()
    try:
        permissions = {permission for permission in Permission if permission.value in named}
        fields: dict[str, Any] = {
            "user_id": claims.get("sub"),
            "roles": claims.get("roles") or [],
            "permissions": permissions,
        }
        return AuthUser.model_validate({**fields, "last_login": datetime.now(UTC)})
    except (ValueError, TypeError):
        return None


class TokenValidator:
    """Reads access tokens, but for those that were signed out."""

    def __init__(self, jwt_handler: JWTHandler) -> None:
        self.jwt_handler = jwt_handler
        self._blacklisted_tokens: set[str] = set()

    def validate_token(self, token: str) -> AuthUser | None:
        """The user of a good access token. A refresh token is none."""
        if self.is_token_blacklisted(token):
            return None
        claims = self.jwt_handler.decode_token(token)
        if claims is None or claims.get("type", TokenType.ACCESS) != TokenType.ACCESS:
            return None
        return _user_of(claims)

    def blacklist_token(self, token: str) -> None:
        """Refuse a token from now on, in this process."""
        self._blacklisted_tokens.add(token)

    def is_token_blacklisted(self, token: str) -> bool:
        """Whether a token was signed out."""
        return token in self._blacklisted_tokens


class RoleManager:
    """Roles by name. `admin`, `user` and `readonly` are there from the start."""

    def __init__(self) -> None:
        self._roles: dict[str, Role] = {}
        execute = {Permission.READ, Permission.WRITE, Permission.EXECUTE}
        self.create_role(Role(name="admin", permissions=set(Permission), description="Full system access"))
        self.create_role(Role(name="user", permissions=execute, description="Standard user access"))
        self.create_role(Role(name="readonly", permissions={Permission.READ}, description="Read-only access"))

    def create_role(self, role: Role) -> None:
        """Add a role, or replace it."""
        self._roles[role.name] = role

    def get_role(self, role_name: str) -> Role | None:
        """A role, if there is one of that name."""
        return self._roles.get(role_name)

    def get_permissions_for_roles(self, role_names: Iterable[str]) -> set[Permission]:
        """What the roles permit together. Unknown ones permit nothing."""
        roles = (self._roles.get(name) for name in role_names)
        return {permission for role in roles if role is not None for permission in role.permissions}

    def has_permission(self, user_roles: Iterable[str], required_permission: Permission) -> bool:
        """Whether the roles permit it."""
        return not self.get_permissions_for_roles(user_roles).isdisjoint({required_permission, Permission.ADMIN})


class AuthManager:
    """Signs users in and says what they may do.

    Without a secret in the settings everything works but tokens: those raise `ValueError`.
    """

    def __init__(self, config: AuthConfig) -> None:
        self.config = config
        self.role_manager = RoleManager()
        self._auth_providers: dict[str, AuthProvider] = {}
        self._handler: JWTHandler | None = None
        self._validator: TokenValidator | None = None

    def __repr__(self) -> str:
        return f"<AuthManager of {self.config.token_issuer}>"

    @property
    def jwt_handler(self) -> JWTHandler:
        """Mints and reads tokens. Raises `ValueError` without a secret."""
        if self._handler is None:
            self._handler = JWTHandler(self.config)
        return self._handler

    @property
    def token_validator(self) -> TokenValidator:
        """Reads tokens, but for those that were signed out."""
        if self._validator is None:
            self._validator = TokenValidator(self.jwt_handler)
        return self._validator

    def register_auth_provider(self, name: str, provider: AuthProvider) -> None:
        """Sign users in by other means too."""
        self._auth_providers[name] = provider

    def authenticate_with_api_key(self, api_key: str) -> AuthUser | None:
        """A user named after the key's hash. Whether the key is good only the runtime can say."""
        if not api_key:
            return None
        roles = ["user"]
        return AuthUser(
            user_id=hashlib.sha256(api_key.encode()).hexdigest()[:16],
            roles=roles,
            permissions=self.role_manager.get_permissions_for_roles(roles),
            last_login=datetime.now(UTC),
        )

    def authenticate_with_jwt(self, token: str) -> AuthUser | None:
        """The user of a good access token."""
        return self.token_validator.validate_token(token)

    def authenticate(self, method: AuthMethod, credentials: dict[str, Any]) -> AuthUser | None:
        """Sign in. Methods other than API keys and tokens are the providers', the first answer counts."""
        if method == AuthMethod.API_KEY:
            return self.authenticate_with_api_key(credentials.get("api_key", ""))
        if method == AuthMethod.JWT:
            return self.authenticate_with_jwt(credentials.get("token", ""))
        users = (provider.authenticate(credentials) for provider in self._auth_providers.values())
        return next((user for user in users if user), None)

    def generate_tokens(self, user: AuthUser) -> dict[str, AuthToken]:
        """An `access` and, where the settings allow it, a `refresh` token."""
        make = self.jwt_handler.generate_token
        tokens = {"access": make(user.user_id, user.roles, user.permissions)}
        if self.config.enable_refresh_tokens:
            tokens["refresh"] = make(user.user_id, user.roles, user.permissions, TokenType.REFRESH)
        return tokens

    def refresh_access_token(self, refresh_token: str) -> AuthToken | None:
        """A new access token for a good refresh token that was not signed out."""
        if self.token_validator.is_token_blacklisted(refresh_token):
            return None
        return self.jwt_handler.refresh_token(refresh_token)

    def validate_permissions(self, user: AuthUser, action: str, resource: str | None = None) -> bool:
        """Whether the user's roles permit an action (a permission's name). `resource` makes no difference."""
        try:
            wanted = Permission(action.lower())
        except ValueError:
            return False
        return self.role_manager.has_permission(user.roles, wanted)

    def logout(self, token: str) -> None:
        """Refuse a token from now on."""
        self.token_validator.blacklist_token(token)

    def create_role(self, role: Role) -> None:
        """Add a role, or replace it."""
        self.role_manager.create_role(role)

    def get_user_roles(self, user: AuthUser) -> list[str]:
        """The names of a user's roles."""
        return user.roles

    def get_user_permissions(self, user: AuthUser) -> set[Permission]:
        """What the user's roles permit."""
        return self.role_manager.get_permissions_for_roles(user.roles)
