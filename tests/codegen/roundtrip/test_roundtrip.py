"""Whatever the schemas of public documents allow decodes and encodes back to equal JSON, in every flavour.

Every day some schemas of each document take part, others each day; `nox -s roundtrip` has them all.
"""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.util
import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from wirewright import codecs
from wirewright_codegen.pipeline import Target, generate

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
FLAVOURS = ("msgspec", "attrs", "pydantic")
DOCUMENTS = sorted(path.stem for path in CORPUS.glob("*.json"))
SMALL = ("feat-circular30", "feat-discriminators30", "feat-types31", "langgraph31", "petstore31", "traintravel31")
SAMPLED = 6


def module(name: str) -> Any:
    found = importlib.util.spec_from_file_location(f"wirewright_{name}", Path(__file__).with_name(f"{name}.py"))
    assert found is not None and found.loader is not None
    made = importlib.util.module_from_spec(found)
    found.loader.exec_module(made)
    return made


STRATEGIES = module("strategies")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Any]]:
    root = tmp_path_factory.mktemp("roundtrip")
    sys.path.insert(0, str(root))

    def load(document: str, flavour: str) -> Any:
        name = f"{document.replace('-', '_')}_{flavour}"
        if not (root / name).is_dir():
            source = CORPUS / f"{document}.json"
            generate(Target(source, name, root, flavour, allow_loss=True, cache=None), verify=False)  # type: ignore[arg-type]
            importlib.invalidate_caches()
        return importlib.import_module(name)

    yield load
    sys.path.remove(str(root))


def uploads(models: Any, name: str) -> bool:
    """Whether a model is a multipart body with files, which no JSON says."""
    return "_File" in str(getattr(getattr(models, name), "__annotations__", {}).values())


class Tally(NamedTuple):
    """How many schemas took part, how many of them anything satisfies, and how many of these came back equal."""

    tried: int
    satisfiable: int
    equal: int


def come_back(package: Any, flavour: str, names: list[str], schemas: Any, examples: int) -> Tally:
    codec, values = codecs.get(flavour), STRATEGIES.Values(schemas)
    names = [name for name in names if not uploads(package.models, name)]
    equal = satisfiable = 0
    for name in names:
        strategy = values.of(name)
        if strategy is None:
            continue
        satisfiable += 1
        decode = codec.decoder(getattr(package.models, name))

        @settings(
            max_examples=examples, deadline=None, database=None, derandomize=True,
            phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(strategy)
        def check(wire: Any) -> None:
            again = json.loads(codec.encode(decode(json.dumps(wire).encode())))  # noqa: B023
            assert STRATEGIES.same(again, wire), name  # noqa: B023

        check()
        equal += 1
    return Tally(len(names), satisfiable, equal)


def schemas_of(package: Any) -> Any:
    return json.loads((Path(package.__file__).parent / "spec.json").read_text())["components"]["schemas"]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("document", SMALL)
def test_some_schemas_of_the_day_come_back(document: str, flavour: str, packages: Any) -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public documents is not beside this checkout")
    package = packages(document, flavour)
    schemas = schemas_of(package)
    names = sorted(schemas)
    some = random.Random(f"{document} {dt.date.today().toordinal()}").sample(names, min(SAMPLED, len(names)))
    found = come_back(package, flavour, some, schemas, 15)
    assert found.satisfiable == found.equal


@pytest.mark.slow
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_schema_comes_back(document: str, flavour: str, packages: Any, record_property: Any) -> None:
    package = packages(document, flavour)
    schemas = schemas_of(package)
    found = come_back(package, flavour, sorted(schemas), schemas, 10)
    record_property("tried/satisfiable/equal", "/".join(map(str, found)))
    assert found.satisfiable == found.equal


@given(st.data())
@settings(max_examples=50, deadline=None)
def test_the_strategies_make_what_the_schemas_allow(data: st.DataObject) -> None:
    from jsonschema import Draft202012Validator

    schemas = {
        "Tree": {"type": "object", "required": ["v"], "properties": {
            "v": {"type": "integer", "minimum": 3, "maximum": 5}, "next": {"$ref": "#/components/schemas/Tree"},
            "many": {"type": "array", "items": {"$ref": "#/components/schemas/Either"}, "maxItems": 2},
            "pair": {"type": "array", "prefixItems": [{"type": "string", "pattern": "^a+$"}, {"type": "null"}]},
        }, "additionalProperties": {"type": "boolean"}},
        "Either": {"anyOf": [{"$ref": "#/components/schemas/Tree"}, {"enum": ["a", 1]}, {"const": None}]},
        "Endless": {"type": "object", "required": ["e"], "properties": {"e": {"$ref": "#/components/schemas/Endless"}}},
    }  # fmt: skip
    values = STRATEGIES.Values(schemas)
    assert values.of("Endless") is None
    value = data.draw(values.of("Either"))
    document = {"$ref": "#/components/schemas/Either", "components": {"schemas": schemas}}
    Draft202012Validator(document).validate(value)
