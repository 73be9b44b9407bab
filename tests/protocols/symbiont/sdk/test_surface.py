"""The public surface of 1.10.0 and 1.16.0: every name, field, default and argument is here (`surface_*.json`)."""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import symbiont
from pydantic import BaseModel

HERE = Path(__file__).parent
OURS = {"AsyncClient", "ChatSession", "HttpInputClient", "AsyncHttpInputClient"} | {
    # what the original's own page imports from the package, though it is not there
    "AuthConfig", "ClientConfig", "CollectionCreateRequest", "ConfigManager", "MemoryQuery", "MemorySearchRequest",
    "MemoryStoreRequest", "VectorConfig", "VectorUpsertRequest",
}  # fmt: skip
CHANGED = {
    # the runtime's own states beside the SDK's (protocol sheet §20, row 18)
    "models.AgentState",
    # numbers that a runtime leaves out are None (rows 10, 19)
    "models.ResourceUsage",
    "models.SystemMetrics",
    # half a second is a timeout too
    "config.ClientConfig",
    # the runtime's two more severities
    "skills.ScanSeverity",
    # any JSON (row 44)
    "models.WebhookToolRun",
    "models.WebhookCompletedResponse",
}


def surfaces() -> Iterator[Any]:
    for version in ("1_10", "1_16"):
        for module, names in json.loads((HERE / f"surface_{version}.json").read_text()).items():
            if isinstance(names, dict):
                for name, said in names.items():
                    yield pytest.param(module, name, said, id=f"{version} {module}.{name}")


def thing(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"symbiont.{module}"), name)


def test_every_name_of_both_versions_is_public() -> None:
    old, new = (json.loads((HERE / f"surface_{version}.json").read_text()) for version in ("1_10", "1_16"))

    assert (len(old["all"]), len(new["all"])) == (148, 121)
    assert set(symbiont.__all__) == {*old["all"], *new["all"], *OURS}
    assert list(symbiont.__all__) == sorted(symbiont.__all__)
    assert all(hasattr(symbiont, name) for name in symbiont.__all__)
    assert set(symbiont.__all__) <= set(dir(symbiont))
    assert symbiont.__version__ == new["version"]


@pytest.mark.parametrize(("module", "name", "said"), list(surfaces()))
@pytest.mark.promise("Symbiont: every name, signature, field and default of SDK 1.10 and 1.16 is there")
def test_everything_is_there_as_it_was(module: str, name: str, said: dict[str, Any], record: Any) -> None:
    found = thing(module, name)

    if "members" in said:
        own = json.loads(json.dumps({n: member.value for n, member in found.__members__.items()}))
        assert {n: own[n] for n in said["members"]} == said["members"]
    if "properties" in said:
        same_fields(found, said, f"{module}.{name}", record)
    if "fields" in said:
        own = record.described(found)["fields"]
        assert own[: len(said["fields"])] == said["fields"]
    for method, arguments in {**said.get("methods", {}), "__init__": said.get("init")}.items():
        if arguments is not None and (method != "__init__" or not {"fields", "properties"} & said.keys()):
            takes_the_same(getattr(found, method), arguments)
    if "signature" in said:
        takes_the_same(found, said["signature"])


@pytest.mark.parametrize(
    "name", ["APIError", "ClientConfig", "AuthUser", "MemoryQuery", "ScheduleClient", "ChannelClient"]
)
def test_what_the_client_s_module_once_imported_can_be_taken_from_it(name: str) -> None:
    assert getattr(symbiont.client, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        symbiont.client.Nothing  # noqa: B018


def same_fields(found: type[BaseModel], said: dict[str, Any], place: str, record: Any) -> None:
    own = record.described(found)
    missing = set(said["properties"]) - set(own["properties"])
    assert not missing
    if place in CHANGED:
        return
    assert {n for n in own["required"] if n in said["properties"]} == set(said["required"])
    for name, schema in said["properties"].items():
        wanted, kept = dict(schema), dict(own["properties"][name])
        if wanted.get("default") in ([], {}):  # a factory makes it, which a schema does not show
            default = wanted.pop("default")
            field = next(f for n, f in found.model_fields.items() if name in (n, f.alias))
            made = field.get_default(call_default_factory=True)
            assert (list(made) if isinstance(made, set) else made) == default
        if "$ref" in wanted or ("default" in wanted and isinstance(wanted["default"], dict)):
            wanted.pop("default", None)
            kept.pop("default", None)
        assert kept == wanted, name


def takes_the_same(function: Any, arguments: list[list[Any]]) -> None:
    """Every call that was good is good: the same positions, names and defaults; what is new may be left out."""
    parameters = list(inspect.signature(function).parameters.values())
    old = [argument for argument in arguments if argument[1] in {"POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY"}]
    for parameter, (name, _, default) in zip(parameters, old, strict=False):
        if parameter.name == "source":  # the collector takes its arguments in two ways
            return
        assert parameter.name == name
        if default is not None:
            assert repr(parameter.default) in {default, "<factory>"}
    for extra in parameters[len(old) :]:
        assert extra.default is not extra.empty or extra.kind in {extra.VAR_KEYWORD, extra.VAR_POSITIONAL}


@pytest.mark.parametrize("client", [symbiont.Client, symbiont.AsyncClient])
def test_methods_tell_what_they_are(client: Any) -> None:
    for name, _ in inspect.getmembers(client):
        if not name.startswith("_"):
            said = inspect.getdoc(getattr(client, name))
            assert said, name
            assert "BadRequest" not in said  # errors are the SDK's own


def test_a_method_can_be_called_on_the_class(client: symbiont.Client, runtime: Any) -> None:
    runtime.answers([])

    assert symbiont.Client.list_agents(client) == []
    assert str(inspect.signature(symbiont.Client.get_review_session)).startswith("(self, /, review_id: ")


# Weight -------------------------------------------------------------------------------------------------------------

HEAVY = {
    "httpx", "httpcore", "aiohttp", "pydantic", "pydantic_settings", "yaml", "redis", "qdrant_client", "opentelemetry",
    "websockets", "cryptography", "joserfc", "requests", "jwt",
}  # fmt: skip


def loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.promise("Importing an SDK loads no HTTP library and no model")
def test_importing_it_loads_nothing_heavy() -> None:
    assert loaded("import symbiont").isdisjoint(HEAVY)


def test_importing_the_client_loads_no_network_and_no_models() -> None:
    modules = loaded("from symbiont import Client, AsyncClient")

    assert modules.isdisjoint(HEAVY)


def test_making_a_client_loads_settings_but_no_network() -> None:
    modules = loaded("from symbiont import Client; Client(api_key='k')")

    assert modules & HEAVY == {"pydantic", "pydantic_settings"}


@pytest.mark.parametrize(
    ("missing", "code", "extra"),
    [
        (
            "websockets",
            "import asyncio, symbiont; asyncio.run(symbiont.AsyncClient().chat().connect())",
            "symbiont-chat",
        ),
        ("redis", "from symbiont.memory import RedisMemoryStore; RedisMemoryStore()", "symbiont-redis"),
        (
            "qdrant_client",
            "from symbiont.qdrant import QdrantManager; QdrantManager().list_collections()",
            "symbiont-qdrant",
        ),
        ("opentelemetry", "from symbiont.metrics import *; OtlpExporter(OtlpExporterConfig())", "symbiont-otlp"),
    ],
)
def test_a_missing_extra_says_which_one_to_install(missing: str, code: str, extra: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; {code}"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"pip install 'wirewright[{extra}]'" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "command", [["-c", "print(client.config.base_url)"], ["script.py", "one"]], ids=["a line", "a script"]
)
def test_the_module_runs(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import sys, symbiont; print(symbiont.Client().config.base_url, sys.argv[1])")

    done = subprocess.run(
        [sys.executable, "-m", "symbiont", *command], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert done.stdout.startswith("http://localhost:8080/api/v1")


def test_the_module_without_arguments_is_a_prompt() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "symbiont"], input="print(client)\n", capture_output=True, text=True, check=True
    )

    assert "<Client http://localhost:8080/api/v1>" in done.stdout
