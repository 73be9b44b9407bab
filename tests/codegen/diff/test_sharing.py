"""Versions of a package side by side: what is the same in two of them is one class."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wirewright_codegen.config import load_config
from wirewright_codegen.pipeline import check, generate, preview

Json = dict[str, Any]
GENERATED = Path(__file__).resolve().parents[3] / "generated"


def spec(version: str, **schemas: Json) -> Json:
    """A document with an operation for each schema."""
    paths = {
        f"/{name.lower()}": {
            "get": {
                "operationId": f"get_{name.lower()}",
                "tags": ["things"],
                "responses": {
                    "200": {
                        "description": "Done",
                        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
                    }
                },
            }
        }
        for name in schemas
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": version},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def thing(*properties: str, **more: Json) -> Json:
    return {"type": "object", "properties": {name: {"type": "string"} for name in properties} | more}


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


FIRST = spec(
    "1.9",
    Same=thing("a"),
    Changed=thing("a"),
    Holder=thing(inner=ref("Changed")),
    Owner=thing(inner=ref("Same")),
    Level={"type": "string", "enum": ["low", "high"]},
    Tree=thing("a", kids={"type": "array", "items": ref("Tree")}),
)
SECOND = spec(
    "1.10",
    Same=thing("a"),
    Changed=thing("a", "b"),
    Holder=thing(inner=ref("Changed")),
    Owner=thing(inner=ref("Same")),
    Level={"type": "string", "enum": ["low", "high"]},
    Tree=thing("a", kids={"type": "array", "items": ref("Tree")}),
    New=thing(inner=ref("Same"), other=ref("Changed")),
)
THIRD = spec("1.11", Same=thing("a"), Changed=thing("a", "b"), Holder=thing(inner=ref("Changed")))


class Project:
    def __init__(self, folder: Path, flavour: str, *, share: bool = True) -> None:
        self.folder = folder
        self.config = folder / "pyproject.toml"
        self.lines = ["[tool.wirewright]", f"share = {str(share).lower()}", f'models = "{flavour}"']

    def add(self, version: str, document: Json, **options: str) -> None:
        place = self.folder / "specs/things" / version
        place.mkdir(parents=True, exist_ok=True)
        (place / "openapi.json").write_text(json.dumps(document))
        name = f"v{version.replace('.', '_')}"
        self.lines += [
            "[[tool.wirewright.packages]]",
            f'spec = "specs/things/{version}"',
            f'package = "things_api.{name}"',
        ]
        self.lines += [f'{key} = "{value}"' for key, value in options.items()]
        self.config.write_text("\n".join(self.lines))

    def generate(self) -> None:
        for target in load_config(self.config):
            result = generate(target)
            assert result.ok, (result.account.losses, result.problems)

    def clean(self) -> list[bool]:
        return [not check(target).changes for target in load_config(self.config)]


@pytest.fixture(params=["msgspec", "attrs", "pydantic"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    made = Project(tmp_path, request.param)
    made.add("1.9", FIRST)
    made.add("1.10", SECOND)
    made.add("1.11", THIRD)
    return made


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Project, str], Any]]:
    def load(project: Project, version: str) -> Any:
        monkeypatch.syspath_prepend(str(project.folder / "generated"))
        return importlib.import_module(f"things_api.{version}.models")

    yield load
    for name in [name for name in sys.modules if name.partition(".")[0] == "things_api"]:
        del sys.modules[name]


@pytest.mark.promise("What is equal in two versions is one class; importing the second costs what differs")
def test_what_is_equal_is_one_class_transitively(project: Project, imported: Callable[[Project, str], Any]) -> None:
    project.generate()
    was, now, last = (imported(project, version) for version in ("v1_9", "v1_10", "v1_11"))
    assert now.Same is was.Same
    assert now.Owner is was.Owner
    assert now.Level is was.Level
    assert now.Tree is was.Tree
    assert now.Changed is not was.Changed
    assert now.Holder is not was.Holder, "what it refers to is another type"
    assert last.Same is was.Same
    assert last.Holder is now.Holder


def test_a_type_of_this_version_refers_to_both(project: Project, imported: Callable[[Project, str], Any]) -> None:
    from wirewright import codecs

    project.generate()
    was, now = imported(project, "v1_9"), imported(project, "v1_10")
    codec = codecs.get(importlib.import_module("things_api.v1_10._package").CODEC)
    value = codec.decoder(now.New)(b'{"inner": {"a": "x"}, "other": {"a": "y", "b": "z"}}')
    assert type(value.inner) is was.Same
    assert type(value.other) is now.Changed


def test_check_agrees_and_sees_a_change_of_the_earlier_version(project: Project) -> None:
    project.generate()
    assert project.clean() == [True, True, True]
    (project.folder / "specs/things/1.9/openapi.json").write_text(json.dumps(spec("1.9", Same=thing("a", "c"))))
    assert project.clean() == [False, False, False]
    project.generate()
    assert project.clean() == [True, True, True]


@pytest.mark.promise("What is equal in two versions is one class; importing the second costs what differs")
def test_importing_the_second_version_costs_what_differs(tmp_path: Path) -> None:
    project = Project(tmp_path, "attrs")
    project.add("1.9", FIRST)
    project.add("1.10", SECOND)
    project.generate()
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import things_api.v1_10.models as m;"
        "m.Same; print(*sorted(n for n in sys.modules if n.startswith('things_api.') and '.models.' in n))"
    )
    asked = [sys.executable, "-c", program, str(tmp_path / "generated")]
    ran = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["things_api.v1_9.models.things"]


def test_nothing_is_shared_unless_asked_or_between_flavours(tmp_path: Path) -> None:
    apart = Project(tmp_path / "apart", "attrs", share=False)
    mixed = Project(tmp_path / "mixed", "attrs")
    for project, options in ((apart, {}), (mixed, {"models": "msgspec"})):
        project.folder.mkdir()
        project.add("1.9", FIRST)
        project.add("1.10", SECOND, **options)
        second = load_config(project.config)[1]
        assert "v1_9" not in preview(second)["models/__init__.py"]


def test_the_order_in_the_configuration_does_not_count(tmp_path: Path) -> None:
    files = []
    for name, order in (("one", ("1.9", "1.10")), ("two", ("1.10", "1.9"))):
        project = Project(tmp_path / name, "attrs")
        project.folder.mkdir()
        for version in order:
            project.add(version, {"1.9": FIRST, "1.10": SECOND}[version])
        later = next(target for target in load_config(project.config) if target.package.endswith("v1_10"))
        files.append(preview(later))
    assert files[0] == files[1]


def test_unchanged_types_of_the_shipped_protocols_are_one() -> None:
    was, now = (importlib.import_module(f"sbn_api.{version}.models") for version in ("v0_12", "v0_14"))
    assert now.SlotCreate is was.SlotCreate
    assert now.SlotHandle is not was.SlotHandle
    assert now.Problem is was.Problem
