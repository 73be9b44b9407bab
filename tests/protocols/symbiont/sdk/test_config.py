"""Where settings come from, and which wins (protocol sheet, section 2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError
from symbiont import Client
from symbiont.config import (
    AuthConfig,
    ClientConfig,
    ConfigManager,
    ConfigSource,
    get_config,
    get_config_manager,
    load_config,
)
from symbiont.exceptions import ConfigurationError

KEY = "sk-planted"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "symbiont.yaml"
    path.write_text("api_key: from-file\ntimeout: 7\nauth:\n  token_issuer: filed\n")
    return path


# Precedence ---------------------------------------------------------------------------------------------------------


def test_defaults() -> None:
    config = Client().config

    assert (config.api_key, config.base_url) == (None, "http://localhost:8080/api/v1")
    assert (config.timeout, config.max_retries, config.validation_mode) == (30, 3, "strict")
    assert config.auth.jwt_secret_key is None


def test_arguments_win_over_the_file_the_file_over_the_environment_and_that_over_dot_env(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("SYMBIONT_API_KEY=dotted\nSYMBIONT_TIMEOUT=1\nSYMBIONT_MAX_RETRIES=1\nOTHER=x\n")
    monkeypatch.setenv("SYMBIONT_TIMEOUT", "2")
    monkeypatch.setenv("SYMBIONT_BASE_URL", "http://env/api/v1/")

    from_env, from_file, from_arguments = Client().config, Client(file).config, Client(file, timeout=9).config

    assert (from_env.api_key, from_env.timeout, from_env.max_retries) == ("dotted", 2, 1)
    assert (from_file.api_key, from_file.timeout, from_file.base_url) == ("from-file", 7, "http://env/api/v1")
    assert from_arguments.timeout == 9


@pytest.mark.parametrize(
    ("form", "is_kept"),
    [
        (lambda path: str(path), False),
        (lambda path: path, False),
        (lambda path: ClientConfig(api_key="from-file"), True),
        (lambda path: {"api_key": "from-file", "auth": {"token_issuer": "mine"}}, False),
    ],
    ids=["a path as text", "a path", "settings", "a mapping"],
)
def test_settings_may_be_given_in_any_form(form: Any, is_kept: bool, file: Path) -> None:
    given = form(file)

    client = Client(given)

    assert client.config.api_key == client.api_key == "from-file"
    assert (client.config is given) is is_kept


def test_arguments_are_checked_too() -> None:
    with pytest.raises(ValidationError):
        Client(validation_mode="whatever")  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "value"), [("0.5", 0.5), ("30", 30)])
def test_a_timeout_may_be_a_fraction(text: str, value: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("symbiont_timeout", text)

    assert Client().config.timeout == value


def test_sections_have_variables_of_their_own_in_environment_and_dot_env(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("SYMBIONT_AUTH_JWT_SECRET_KEY=dotted\nSYMBIONT_DB_HOST=db\nDATABASE_URL=postgres://x\n")
    monkeypatch.setenv("SYMBIONT_AUTH_TOKEN_ISSUER", "me")
    monkeypatch.setenv("SYMBIONT_VECTOR", '{"port": 1}')

    config = ClientConfig()

    assert (config.auth.jwt_secret_key, config.auth.token_issuer) == ("dotted", "me")
    assert (config.database.host, config.vector.port, config.vector.host) == ("db", 1, "localhost")


def test_what_a_file_leaves_out_of_a_section_comes_from_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMBIONT_AUTH_JWT_SECRET_KEY", "s")

    auth = Client(file).config.auth

    assert (auth.token_issuer, auth.jwt_secret_key) == ("filed", "s")


# Files --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("a.toml", "", "Unsupported"),
        ("a.json", "{", "Invalid JSON"),
        ("a.yaml", f"api_key: [{KEY}\n: :", "Invalid YAML"),
        ("a.yml", "- 1", "should hold a mapping"),
        ("a.yaml", "unknown: 1", "unknown"),
    ],
)
def test_a_file_that_is_not_good_says_why(name: str, text: str, error: str) -> None:
    Path(name).write_text(text)

    with pytest.raises(ValueError, match=error) as caught:
        Client(name)

    assert KEY not in str(caught.value)


def test_a_file_that_is_missing() -> None:
    with pytest.raises(FileNotFoundError):
        Client("nowhere.yaml")


@pytest.mark.parametrize("name", ["empty.yaml", "empty.json"])
def test_an_empty_file_says_nothing(name: str) -> None:
    Path(name).write_text("")

    assert Client(name).config.api_key is None


@pytest.mark.parametrize(("format", "read"), [("yaml", yaml.safe_load), ("json", json.loads)])
@pytest.mark.parametrize("exclude", [True, False])
def test_settings_are_written_without_secrets_unless_asked(format: str, read: Any, exclude: bool) -> None:
    manager = ConfigManager()
    manager.load(overrides={"api_key": KEY, "auth": {"jwt_secret_key": KEY}, "database": {"password": KEY}})

    manager.save_to_file(f"deep/settings.{format}", format=format, exclude_secrets=exclude)

    text = Path(f"deep/settings.{format}").read_text()
    assert (KEY in text) is not exclude
    assert ClientConfig(**read(text)).base_url == "http://localhost:8080/api/v1"
    with pytest.raises(ValueError):
        manager.save_to_file("x.ini", format="ini")


# The manager --------------------------------------------------------------------------------------------------------


def test_where_a_setting_came_from(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMBIONT_TIMEOUT", "2")
    monkeypatch.setenv("SYMBIONT_MAX_RETRIES", "2")
    manager = ConfigManager(file)
    manager.load()

    assert manager.get_source("timeout") is ConfigSource.FILE
    assert manager.get_source("max_retries") is ConfigSource.ENVIRONMENT
    assert manager.get_source("base_url") is ConfigSource.DEFAULT
    assert manager.get_source("nothing") is ConfigSource.DEFAULT


def test_settings_are_loaded_once_and_again_when_asked(file: Path) -> None:
    manager = ConfigManager(file)
    with pytest.raises(RuntimeError):
        manager.get_config()
    first = manager.load()
    file.write_text("timeout: 8")

    assert manager.load() is first
    assert manager.reload().timeout == manager.get_config().timeout == 8
    assert manager.to_dict()["timeout"] == 8


@pytest.mark.parametrize(
    ("auth", "missing"),
    [({}, ["auth.jwt_secret_key"]), ({"jwt_secret_key": "x"}, []), ({"enable_refresh_tokens": False}, [])],
)
def test_what_local_tokens_need(auth: dict[str, Any], missing: list[str]) -> None:
    manager = ConfigManager()
    manager.adopt(ClientConfig(auth=AuthConfig(**auth)))

    assert list(manager.validate_required_settings()) == missing


def test_the_shared_settings(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symbiont.config._Global.manager", None)

    assert get_config().timeout == 30
    assert load_config(file).timeout == get_config().timeout == 7
    assert get_config_manager() is get_config_manager()


# A client's settings in its life -------------------------------------------------------------------------------------


def test_reloading_keeps_the_file_and_the_arguments(file: Path) -> None:
    client = Client(file, base_url="http://mine/api/v1/")
    file.write_text("timeout: 8")

    assert client.reload_configuration()["status"] == "reloaded"
    assert (client.config.timeout, client.base_url, client.config.api_key) == (8, "http://mine/api/v1", None)


def test_other_settings_may_be_given_later() -> None:
    client = Client(api_key="a")
    other = ClientConfig(api_key="b", auth=AuthConfig(jwt_secret_key="s"))

    answer = client.configure_client(other)

    assert answer["status"] == "configured"
    assert client.get_configuration() is other
    assert client.api_key == "b"
    assert client.auth_manager.config.jwt_secret_key == "s"


def test_settings_without_an_environment_are_settings_too() -> None:
    from symbiont import models as m

    client = Client(m.ClientConfig(api_key="plain", timeout=4))

    assert (client.config.api_key, client.config.timeout, client.config.auth.token_issuer) == ("plain", 4, "symbiont")


def test_dot_env_may_be_left_out() -> None:
    Path(".env").write_text("SYMBIONT_API_KEY=dotted\n")

    assert ClientConfig().api_key == "dotted"
    assert ClientConfig(_env_file=None).api_key is None  # type: ignore[call-arg]


@pytest.mark.parametrize("url", ["localhost:8080", "http://user:secret@h/api/v1", "ftp://h", "http://h/?a=b"])
def test_an_address_that_is_none_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Client(base_url=url).health_check()

    assert caught.value.config_key == "base_url"
    assert "secret" not in str(caught.value)
