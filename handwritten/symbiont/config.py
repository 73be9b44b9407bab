"""Settings from arguments, a file, the environment and `.env`, in that order (protocol sheet §2).

A value that is given, in the code or in a file, wins over the environment, which wins over `.env` in the working
directory. Sections (`auth`, `database` ...) have variables of their own: `SYMBIONT_AUTH_TOKEN_ISSUER`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from wirewright.narrow import is_mapping

from symbiont.models import settings as plain

ValidationMode = Literal["strict", "lenient"]
"""What becomes of an answer that does not fit its model: an error, or the model with what there is."""

DEFAULT_BASE_URL = "http://localhost:8080/api/v1"
_SECRETS = (("api_key",), ("auth", "jwt_secret_key"), ("database", "password"))
_MISSING_SECRET = "JWT secret key is required when refresh tokens are enabled"


class ConfigSource(StrEnum):
    """Where a setting came from. `vault` is never used."""

    ENVIRONMENT = "environment"
    FILE = "file"
    VAULT = "vault"
    DEFAULT = "default"


class _KnownOnly(DotEnvSettingsSource):
    """`.env` without what belongs to others: it may hold the settings of a whole project."""

    def __call__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__call__().items() if name in self.settings_cls.model_fields}


def _reads(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(
        env_prefix=prefix, env_file=".env", env_file_encoding="utf-8", hide_input_in_errors=True, validate_default=False
    )


class _Settings(BaseSettings):
    model_config: ClassVar[Any] = _reads("SYMBIONT_")  # of settings and of plain models at once

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        known = _KnownOnly(settings_cls, env_file=getattr(dotenv_settings, "env_file", None))
        return init_settings, env_settings, known, file_secret_settings


class DatabaseConfig(_Settings, plain.DatabaseConfig):
    """A database; `SYMBIONT_DB_*`. `connection_timeout` in seconds."""

    model_config = _reads("SYMBIONT_DB_")


class AuthConfig(_Settings, plain.AuthConfig):
    """Local tokens; `SYMBIONT_AUTH_*`. Lifetimes in seconds.

    The runtime takes API keys; these tokens are for applications that check users on their own.
    """

    model_config = _reads("SYMBIONT_AUTH_")


class VectorConfig(_Settings, plain.VectorConfig):
    """A vector database; `SYMBIONT_VECTOR_*`."""

    model_config = _reads("SYMBIONT_VECTOR_")


class LoggingConfig(_Settings, plain.LoggingConfig):
    """Logging; `SYMBIONT_LOGGING_*`."""

    model_config = _reads("SYMBIONT_LOGGING_")


class ClientConfig(_Settings):
    """Settings of a client; `SYMBIONT_*`.

    `timeout`: seconds per phase of an attempt. `max_retries`: attempts after the first, when the network fails.
    `retry_statuses`: tried again too, where repeating does no harm. `validation_mode`: see `ValidationMode`.
    """

    model_config = _reads("SYMBIONT_")

    api_key: str | None = Field(default=None, repr=False)
    base_url: str = DEFAULT_BASE_URL
    timeout: int | float = 30
    max_retries: int = 3
    database: DatabaseConfig = Field(default_factory=DatabaseConfig)
    auth: AuthConfig = Field(default_factory=AuthConfig)
    vector: VectorConfig = Field(default_factory=VectorConfig)
    logging: LoggingConfig = Field(default_factory=LoggingConfig)
    enable_caching: bool = True
    enable_metrics: bool = True
    enable_debug: bool = False
    validation_mode: ValidationMode = "strict"
    retry_statuses: frozenset[int] = frozenset()

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")


class ConfigManager:
    """Loads settings once, remembers where each came from, and writes them to files."""

    def __init__(self, config_path: str | Path | None = None) -> None:
        self._config_path = Path(config_path) if config_path else None
        self._config: ClientConfig | None = None
        self._sources: dict[str, ConfigSource] = {}

    def load(
        self,
        config_path: str | Path | None = None,
        force_reload: bool = False,
        *,
        overrides: Mapping[str, Any] | None = None,
    ) -> ClientConfig:
        """The settings, from a file and the environment; what was loaded before is answered again.

        `overrides` win over all of them. Raises `FileNotFoundError`, `ValueError` for a file that cannot be read, and
        pydantic's `ValidationError`.
        """
        if self._config is not None and not force_reload and config_path is None:
            return self._config
        path = Path(config_path) if config_path else self._config_path
        from_file = _read(path) if path else {}
        return self.adopt(ClientConfig(**{**from_file, **(overrides or {})}), from_file)

    def adopt(self, config: ClientConfig, from_file: Mapping[str, Any] | None = None) -> ClientConfig:
        """Take over settings that were made elsewhere; `from_file`: those that a file said."""
        self._config = config
        known = () if from_file is None else ClientConfig.model_fields
        self._sources = {name: _source(name, from_file or {}) for name in known}
        return config

    def get_config(self) -> ClientConfig:
        """The settings. Raises `RuntimeError` before they were loaded."""
        if self._config is None:
            raise RuntimeError("Configuration not loaded. Call load() first.")
        return self._config

    def reload(self) -> ClientConfig:
        """Read everything again."""
        return self.load(force_reload=True)

    def get_source(self, field_name: str) -> ConfigSource:
        """Where a setting came from."""
        return self._sources.get(field_name, ConfigSource.DEFAULT)

    def validate_required_settings(self) -> dict[str, str]:
        """What is missing for local tokens, by key. No request needs any of it."""
        auth = self.get_config().auth
        missing = auth.enable_refresh_tokens and auth.jwt_secret_key is None
        return {"auth.jwt_secret_key": _MISSING_SECRET} if missing else {}

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values, secrets included."""
        return self.get_config().model_dump()

    def save_to_file(self, file_path: str | Path, format: str = "yaml", exclude_secrets: bool = True) -> None:
        """Write the settings as `yaml` or `json`. Raises `ValueError` for another format."""
        if format not in {"yaml", "json"}:
            raise ValueError(f"Unsupported format: {format}")
        values = self.get_config().model_dump(mode="json")
        if exclude_secrets:
            _blank(values)
        if format == "json":
            text = json.dumps(values, indent=2)
        else:
            import yaml

            text = yaml.safe_dump(values, indent=2, default_flow_style=False)
        path = Path(file_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _source(name: str, given: Mapping[str, Any]) -> ConfigSource:
    if name in given:
        return ConfigSource.FILE
    variables = {variable.upper() for variable in os.environ}
    return ConfigSource.ENVIRONMENT if f"SYMBIONT_{name.upper()}" in variables else ConfigSource.DEFAULT


def _read(path: Path) -> dict[str, Any]:
    """The mapping in a YAML or JSON file."""
    if not path.exists():
        raise FileNotFoundError(f"Configuration file not found: {path}")
    text = path.read_text(encoding="utf-8")
    suffix = path.suffix.lower()
    if suffix == ".json":
        try:
            found: Any = json.loads(text or "{}")
        except ValueError as error:
            raise ValueError(f"Invalid JSON in {path}: {error}") from error
    elif suffix in {".yml", ".yaml"}:
        import yaml

        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)  # the error's own text quotes the file, which holds secrets
            raise ValueError(f"Invalid YAML in {path}" + (f", line {mark.line + 1}" if mark else "")) from None
    else:
        raise ValueError(f"Unsupported configuration file format: {path.suffix}")
    if found is None:
        return {}
    if not is_mapping(found):
        raise ValueError(f"{path} should hold a mapping")
    return dict(cast("Mapping[str, Any]", found))


def _blank(values: dict[str, Any]) -> None:
    for *sections, name in _SECRETS:
        place = values
        for section in sections:
            place = place[section]
        place[name] = None


class _Global:
    manager: ConfigManager | None = None


def get_config_manager() -> ConfigManager:
    """The manager that the functions below share."""
    if _Global.manager is None:
        _Global.manager = ConfigManager()
    return _Global.manager


def get_config() -> ClientConfig:
    """The shared settings, loaded when they are first asked for."""
    return get_config_manager().load()


def load_config(config_path: str | Path | None = None) -> ClientConfig:
    """Load the shared settings, from a file where one is named."""
    return get_config_manager().load(config_path, force_reload=True)
