"""generate, check and watch, on a small spec."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wirewright.cli import watch
from wirewright.cli.report import Format
from wirewright.cli.targets import choose_targets

Run = Callable[..., Any]
SPEC = """
openapi: 3.1.0
info: {title: Pets, version: "1"}
paths:
  /pets/{id}:
    get:
      operationId: get_pet
      tags: [pets]
      parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
      responses:
        "200": {description: A pet, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}
components:
  schemas:
    Pet: {type: object, required: [name], properties: {name: {type: string}}}
"""
CONFIG = '[tool.wirewright]\n[[tool.wirewright.packages]]\nspec = "specs/pets/1.0"\npackage = "pets_api.v1_0"\n'


@pytest.fixture
def project(here: Path) -> Path:
    (here / "specs/pets/1.0").mkdir(parents=True)
    (here / "specs/pets/1.0/openapi.yaml").write_text(SPEC)
    (here / "pyproject.toml").write_text(CONFIG)
    return here


def edit(project: Path, old: str, new: str) -> None:
    spec = project / "specs/pets/1.0/openapi.yaml"
    spec.write_text(spec.read_text().replace(old, new))


def test_any_spec_becomes_a_package_with_an_account(wirewright: Run, here: Path) -> None:
    (here / "pets.yaml").write_text(SPEC)
    done = wirewright("generate", "--spec", "pets.yaml", "--package", "pets_api", "--out", "made", "--models", "attrs")
    assert done.code == 0
    assert "✓ pets_api  1 of 1 operations, 1 of 1 schemas, 0 losses" in done.out
    assert (here / "made/pets_api/spec.json").is_file()


def test_the_configured_packages_are_generated_and_then_nothing_changes(wirewright: Run, project: Path) -> None:
    assert wirewright("generate", "--no-verify").code == 0
    again = wirewright("generate", "pets", "--no-verify", "--format", "json").json()
    assert [(package["package"], package["changes"]) for package in again["packages"]] == [("pets_api.v1_0", [])]


@pytest.mark.parametrize("name", ["pets", "pets/1.0", "pets_api", "pets_api.v1_0"])
def test_a_package_answers_to_several_names(project: Path, name: str) -> None:
    assert [target.package for target in choose_targets([name], None, {})] == ["pets_api.v1_0"]


def test_an_option_of_the_command_line_wins_over_the_configuration(project: Path) -> None:
    (target,) = choose_targets([], None, {"models": "pydantic", "out": Path("elsewhere"), "cli": None, "overlay": []})
    assert (target.models, target.out) == ("pydantic", Path("elsewhere"))


def test_an_unknown_name_or_flavour_is_told_with_what_there_is(wirewright: Run, project: Path) -> None:
    assert "lists no 'dogs'; it has pets" in wirewright("generate", "dogs").err
    told = wirewright("generate", "pets", "--models", "clay")
    assert (told.code, "there are " in told.err) == (2, True)


def test_check_fails_before_and_passes_after_generating(wirewright: Run, project: Path) -> None:
    stale = wirewright("check")
    assert stale.code == 1
    assert "pets_api.v1_0  differs" in stale.out
    wirewright("generate", "--no-verify")
    clean = wirewright("check")
    assert (clean.code, "up to date" in clean.out) == (0, True)
    edit(project, "name: {type: string}", "name: {type: string}, age: {type: integer}")
    told = wirewright("check", "--format", "json")
    assert told.code == 1
    assert told.json()["clean"] is False
    assert {change["kind"] for change in told.json()["packages"][0]["changes"]} == {"changed"}


def test_a_loss_is_named_and_fails_the_run(wirewright: Run, project: Path) -> None:
    edit(project, "#/components/schemas/Pet", "#/components/schemas/Lost")
    lost = wirewright("generate", "--no-verify")
    assert lost.code == 1
    assert "lost" in lost.out
    assert "--allow-loss" in lost.out
    assert not (project / "generated/pets_api").exists()
    assert wirewright("generate", "--no-verify", "--allow-loss").code == 0


def rounds(*work: Callable[[], Any]) -> Callable[[], None]:
    """Stands for waiting: does the next piece of work each time, and ends the watching after the last."""
    steps: Iterator[Callable[[], Any]] = iter(work)

    def wait() -> None:
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    return wait


def test_watching_sees_each_saved_change_once(project: Path) -> None:
    targets = choose_targets([], None, {})
    seen: list[list[str]] = []
    waiting = rounds(
        lambda: None,
        lambda: edit(project, "age", "age"),
        lambda: edit(project, "[name]", "[]"),
        lambda: None,
        lambda: (project / "specs/pets/1.0/notes.txt").write_text("no spec"),
        lambda: (project / "specs/pets/shared.yaml").write_text("{}"),
    )
    with pytest.raises(KeyboardInterrupt):
        seen.extend([target.label for target in changed] for changed in watch.changes(targets, waiting))
    assert len(seen) in {2, 3}  # saving the same text again may move the file's time
    assert set(map(tuple, seen)) == {("pets_api.v1_0",)}


def test_watching_survives_an_error_in_the_spec(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    targets = choose_targets([], None, {})
    edit(project, "paths:", "paths: [")
    assert watch.regenerate(targets, Format.text) == []
    assert "error: " in capsys.readouterr().err
    edit(project, "paths: [", "paths:")
    (result,) = watch.regenerate(targets, Format.json)
    assert result.ok
