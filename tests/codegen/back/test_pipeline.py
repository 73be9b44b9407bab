"""Generating and checking: what is written, when, and what is left alone."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from wirewright_codegen.config import ConfigError, load_config
from wirewright_codegen.errors import SpecError
from wirewright_codegen.pipeline import Target, check, generate, preview
from wirewright_codegen.publish import Change

THING = {"type": "object", "properties": {"id": {"type": "integer"}}}
OTHER = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.fixture
def document(make_spec: Any, make_operation: Any) -> Any:
    paths = {
        "/things": {"get": make_operation("get_thing", schema={"$ref": "#/components/schemas/Thing"})},
        "/others": {"get": make_operation("get_other", tag="others", schema={"$ref": "#/components/schemas/Other"})},
    }
    return make_spec(paths, {"Thing": THING, "Other": OTHER})


@pytest.fixture
def target(tmp_path: Path, document: Any) -> Target:
    source = tmp_path / "spec.json"
    source.write_text(json.dumps(document))
    return Target(source, "acme.v1", tmp_path / "out", cache=tmp_path / "cache")


def rewrite(target: Target, document: Any) -> None:
    Path(target.spec).write_text(json.dumps(document))


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_everything_is_accounted_for(target: Target) -> None:
    result = generate(target)
    assert result.ok
    assert result.account.summary() == "2 of 2 operations, 2 of 2 schemas, 0 losses"
    assert json.dumps(result.as_json())


def test_a_package_has_these_files(target: Target) -> None:
    generate(target)
    assert set(contents(target.folder)) == {
        "__init__.py",
        "_package.py",
        "client.py",
        "models/__init__.py",
        "models/__init__.pyi",
        "models/things.py",
        "models/others.py",
        "names.lock.json",
        "operations/__init__.py",
        "operations/__init__.pyi",
        "operations/things.py",
        "operations/others.py",
        "py.typed",
        "resources/__init__.py",
        "resources/things.py",
        "resources/others.py",
        "spec.json",
    }
    assert (target.out / "acme/py.typed").exists()


def test_a_second_run_changes_nothing_and_renders_nothing(target: Target) -> None:
    first = generate(target)
    before = contents(target.folder)
    again = generate(target)
    assert first.rendered == 2
    assert (again.rendered, again.changes) == (0, ())
    assert again.account == first.account
    assert contents(target.folder) == before


def test_a_second_run_changes_nothing_without_a_cache_either(target: Target) -> None:
    generate(target)
    before = contents(target.folder)
    again = generate(replace(target, cache=None))
    assert (again.rendered, again.changes) == (2, ())
    assert contents(target.folder) == before


@pytest.mark.parametrize("change", [{"cli": True}, {"models": "attrs"}, {"package": "acme.v2"}, {"prune": True}])
def test_what_is_kept_is_not_mistaken_for_another_target(target: Target, change: Any) -> None:
    generate(target)
    kept = preview(replace(target, **change))
    assert kept == preview(replace(target, cache=None, **change))


def test_the_same_spec_gives_the_same_bytes_whatever_the_process_and_the_place(target: Target, tmp_path: Path) -> None:
    generate(target)
    program = (
        "import sys; from pathlib import Path; from wirewright_codegen.pipeline import Target, generate;"
        "generate(Target(Path(sys.argv[1]), 'acme.v1', Path(sys.argv[2]), cache=None), verify=False)"
    )
    for seed in ("1", "2"):
        out = tmp_path / f"elsewhere{seed}"
        subprocess.run(
            [sys.executable, "-c", program, str(target.spec), str(out)], check=True, env={"PYTHONHASHSEED": seed}
        )
        assert contents(out / "acme/v1") == contents(target.folder)


def test_an_edit_of_one_field_touches_only_what_it_concerns(target: Target, document: Any) -> None:
    generate(target)
    edited = copy.deepcopy(document)
    edited["components"]["schemas"]["Thing"]["properties"]["size"] = {"type": "number"}
    rewrite(target, edited)
    result = generate(target)
    assert result.rendered == 1
    assert {change.path for change in result.changes} == {"models/things.py", "spec.json"}


def test_check_says_what_differs_and_writes_nothing(target: Target, document: Any) -> None:
    assert check(target).changes
    assert not target.folder.exists()
    generate(target)
    assert check(target).changes == ()
    edited = copy.deepcopy(document)
    del edited["paths"]["/others"]
    rewrite(target, edited)
    before = contents(target.folder)
    assert Change("operations/others.py", "removed") in check(target).changes
    assert contents(target.folder) == before


def test_check_notices_a_file_that_was_edited_by_hand(target: Target) -> None:
    generate(target)
    path = target.folder / "client.py"
    path.write_text(path.read_text() + "\n# mine\n")
    assert check(target).changes == (Change("client.py", "changed"),)


def test_files_of_others_stay_and_stale_ones_of_ours_go(target: Target, document: Any) -> None:
    generate(target)
    (target.folder / "mine.py").write_text("# written by hand\n")
    edited = copy.deepcopy(document)
    del edited["paths"]["/others"]
    rewrite(target, edited)
    generate(target)
    assert (target.folder / "mine.py").read_text() == "# written by hand\n"
    assert not (target.folder / "operations/others.py").exists()


def test_a_run_that_fails_leaves_the_package_as_it_was(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(target)
    before = contents(target.out)
    rewrite(target, {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}})
    renames = iter([True, False])
    original = Path.rename

    def failing(self: Path, to: Any) -> Any:
        if not next(renames, True):
            raise OSError("the disk is full")
        return original(self, to)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="the disk is full"):
        generate(target)
    monkeypatch.undo()
    assert contents(target.out) == before


LOSING = {"$ref": "#/components/schemas/Nowhere"}


def test_a_loss_writes_nothing_unless_it_is_allowed(target: Target, document: Any) -> None:
    document["components"]["schemas"]["Thing"] = LOSING
    rewrite(target, document)
    result = generate(target)
    assert not result.ok
    assert result.account.losses
    assert not target.folder.exists()
    allowed = Target(target.spec, target.package, target.out, allow_loss=True, cache=None)
    assert generate(allowed).ok
    assert target.folder.exists()


def test_a_document_that_cannot_be_used_is_one_clear_error(target: Target) -> None:
    Path(target.spec).write_text("openapi: [")
    with pytest.raises(SpecError) as caught:
        generate(target)
    assert caught.value.file == "spec.json"


def test_the_generator_checks_its_own_work(target: Target) -> None:
    from wirewright_codegen.verify import verify_package

    generate(target)
    assert verify_package(target.out, target.package) == []
    (target.folder / "models/things.py").write_text("import does_not_exist\n")
    places = [place for place, _ in verify_package(target.out, target.package)]
    assert "acme.v1.models.things" in places
    assert "acme.v1.models.Thing" in places


def test_a_damaged_cache_is_no_problem(target: Target) -> None:
    generate(target)
    before = contents(target.folder)
    assert target.cache is not None
    for path in target.cache.iterdir():
        path.write_text("{damaged")
    assert generate(target).rendered == 2
    assert contents(target.folder) == before


def test_progress_is_reported_by_step(target: Target) -> None:
    steps: list[str] = []
    generate(target, progress=lambda step, done, total: steps.append(step))
    assert list(dict.fromkeys(steps)) == ["read", "canonical", "models", "format", "verify"]


BARE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Order",
    "type": "object",
    "properties": {"lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}}},
    "$defs": {"Line": {"type": "object", "properties": {"sku": {"type": "string"}, "order": {"$ref": "#"}}}},
}


def test_a_bare_json_schema_gives_models_alone(build: Any, flavour: str) -> None:
    package = build(BARE, flavour, verify=True)
    schemas = json.loads(package.source("spec.json"))["components"]["schemas"]
    order = next(name for name, schema in schemas.items() if "lines" in schema.get("properties", {}))
    wire = {"lines": [{"sku": "a", "order": {"lines": []}}]}
    assert package.encode(package.decode(order, wire)) == wire


CONFIG = """
[tool.wirewright]
out = "src"

[[tool.wirewright.packages]]
spec = "specs/a"
package = "a_api.v1"

[[tool.wirewright.packages]]
spec = "https://example.com/openapi.json"
package = "b_api"
models = "pydantic"
cli = true
overlay = "mend.yaml"
"""


def test_the_configuration_lists_packages_with_common_defaults(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(CONFIG)
    first, second = load_config(tmp_path / "pyproject.toml")
    assert (first.spec, first.folder, first.models) == (tmp_path / "specs/a", tmp_path / "src/a_api/v1", "msgspec")
    assert (second.spec, second.cli, second.overlay) == (
        "https://example.com/openapi.json", True, (tmp_path / "mend.yaml",),
    )  # fmt: skip
    assert first.cache == tmp_path / ".wirewright/cache"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('model = "x"', "'model' is no option"),
        ('models = "dataclass"', "no flavour"),
        ("cli = 3", "not true or false"),
        ('package = "a b"', "no name of a package"),
    ],
)
def test_a_wrong_configuration_names_the_key(tmp_path: Path, line: str, message: str) -> None:
    package = "" if line.startswith("package") else 'package = "a"\n'
    (tmp_path / "pyproject.toml").write_text(f'[[tool.wirewright.packages]]\nspec = "x"\n{package}{line}\n')
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / "pyproject.toml")
