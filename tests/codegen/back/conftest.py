"""Tiny specs, generated, imported and called: `build(spec)` answers the package."""

from __future__ import annotations

import hashlib
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from wirewright_codegen.pipeline import Result, Target, generate

Spec = dict[str, Any]
FLAVOURS = ("msgspec", "attrs", "pydantic")
CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"


def spec(paths: Any = None, schemas: Any = None, **more: Any) -> Spec:
    """An OpenAPI 3.1 document around paths and schemas."""
    components = {"schemas": schemas or {}, **more.pop("components", {})}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "servers": [{"url": "https://things.test"}],
        "paths": paths or {},
        "components": components,
        **more,
    }


def operation(
    id: str = "get_thing", *, tag: str = "things", status: str = "200", schema: Any = None, **more: Any
) -> Any:
    """An operation that answers with a schema."""
    content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
    return {"operationId": id, "tags": [tag], "responses": {status: {"description": "ok", **content}}, **more}


@dataclass
class Package:
    """A generated package: its modules, its files, and what the generator said."""

    name: str
    folder: Path
    result: Result

    @property
    def root(self) -> ModuleType:
        return importlib.import_module(self.name)

    @property
    def models(self) -> Any:
        return importlib.import_module(f"{self.name}.models")

    @property
    def operations(self) -> Any:
        return importlib.import_module(f"{self.name}.operations")

    def module(self, name: str) -> Any:
        return importlib.import_module(f"{self.name}.{name}")

    def source(self, path: str) -> str:
        return (self.folder / path).read_text()

    def decode(self, name: str, content: Any) -> Any:
        from wirewright import codecs

        codec = codecs.get(self.module("_package").CODEC)
        return codec.decoder(getattr(self.models, name))(json.dumps(content).encode())

    def encode(self, value: Any) -> Any:
        from wirewright import codecs

        return json.loads(codecs.get(self.module("_package").CODEC).encode(value))

    def api(self, handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> Any:
        return self.root.Api("https://things.test", transport=httpx.MockTransport(handler), **options)

    def async_api(self, handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> Any:
        return self.root.AsyncApi("https://things.test", transport=httpx.MockTransport(handler), **options)


Build = Callable[..., Package]


@pytest.fixture(scope="session")
def generated_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("generated")
    sys.path.insert(0, str(root))
    yield root
    sys.path.remove(str(root))


@pytest.fixture(scope="session")
def build(generated_root: Path) -> Build:
    """Generates a spec once for each flavour and set of options, and answers the package."""
    built: dict[str, Package] = {}

    def made(document: Spec, models: str = "msgspec", *, verify: bool = False, **options: Any) -> Package:
        text = json.dumps([document, models, options], sort_keys=True, default=str)
        name = f"p{hashlib.sha256(text.encode()).hexdigest()[:12]}_{models}"
        if name not in built:
            source = generated_root / f"{name}.json"
            source.write_text(json.dumps(document))
            target = Target(source, name, generated_root, models, cache=generated_root / ".cache", **options)  # type: ignore[arg-type]
            result = generate(target, verify=verify)
            assert result.ok, result.as_json()
            built[name] = Package(name, generated_root / name, result)
            importlib.invalidate_caches()
        return built[name]

    return made


class Recorder:
    """Answers every request alike, and keeps them."""

    def __init__(self, *responses: httpx.Response) -> None:
        self.responses = list(responses) or [httpx.Response(200, json={})]
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]


@pytest.fixture
def recorder() -> type[Recorder]:
    return Recorder


@pytest.fixture
def make_spec() -> Callable[..., Spec]:
    return spec


@pytest.fixture
def make_operation() -> Callable[..., Any]:
    return operation


@pytest.fixture(params=FLAVOURS)
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def corpus() -> Path:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public documents is not beside this checkout")
    return CORPUS


@pytest.fixture(scope="session")
def sampler() -> Any:
    found = importlib.util.spec_from_file_location("wirewright_samples", Path(__file__).with_name("samples.py"))
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.Sampler
