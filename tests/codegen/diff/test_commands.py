"""diff, impact, check and watch as people run them, in a git repository of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from wirewright.cli import main, watch
from wirewright.cli.compared import Sides
from wirewright.cli.report import Format
from wirewright.cli.targets import choose_targets

ROOT = Path(__file__).resolve().parents[3]
SHOP = Path(__file__).parent / "shop"
CONFIG = """
[tool.wirewright]
changelog = true
[[tool.wirewright.packages]]
spec = "specs/shop/1"
package = "shop_api.v1"
"""


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture
def wirewright(project: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command line, as the `wirewright` command does."""

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        written = capsys.readouterr()
        return Outcome(int(ended.value.code or 0), written.out, written.err)

    return run


def git(*arguments: str) -> str:
    who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false"]
    ran = subprocess.run(["git", *who, *arguments], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with version 1 of the shop's spec, tagged."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    (tmp_path / "specs/shop/1").mkdir(parents=True)
    shutil.copy(SHOP / "before.yaml", tmp_path / "specs/shop/1/openapi.yaml")
    (tmp_path / "pyproject.toml").write_text(CONFIG)
    (tmp_path / ".gitignore").write_text(".wirewright/\n")
    with pytest.raises(SystemExit):
        main(["generate", "--no-verify"])
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "One")
    git("tag", "v1")
    return tmp_path


def edit(project: Path, old: str, new: str) -> None:
    spec = project / "specs/shop/1/openapi.yaml"
    assert old in spec.read_text()
    spec.write_text(spec.read_text().replace(old, new))


# diff ----------------------------------------------------------------------------------------------------------------


def test_two_files_a_version_and_a_revision_are_compared(wirewright: Run, project: Path) -> None:
    shutil.copy(SHOP / "after.yaml", project / "after.yaml")
    by_file = wirewright("diff", str(SHOP / "before.yaml"), "after.yaml", "--format", "json").json()
    by_version = wirewright("diff", "shop/1", "after.yaml", "--format", "json").json()
    shutil.copy(SHOP / "after.yaml", project / "specs/shop/1/openapi.yaml")
    by_revision = wirewright("diff", "v1:specs/shop/1", "specs/shop/1", "--format", "json").json()
    prints = [[change["fingerprint"] for change in told["changes"]] for told in (by_file, by_version, by_revision)]
    assert prints[0] == prints[1] == prints[2]
    assert by_revision["bump"] == "major"
    assert by_revision["step"] == {"asked": "major", "made": "major", "least": "2.0", "enough": True}


def test_a_path_at_a_revision_may_be_relative(wirewright: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "specs/shop")
    assert wirewright("diff", "v1:./1", "1").code == 0
    assert wirewright("diff", "v1:specs/shop/1", "1").code == 0
    assert "is outside of the repository" in wirewright("diff", "v1:../../../x", "1").err
    assert "v1 has no 1; relative to this folder it is v1:./1" in wirewright("diff", "v1:1", "1").err


def test_a_change_has_place_sides_source_and_advice(wirewright: Run, project: Path) -> None:
    told = wirewright("diff", "shop/1", str(SHOP / "after.yaml"), "--format", "json").json()
    (gone,) = [change for change in told["changes"] if change["place"] == "Item.weight"]
    assert (gone["senders"], gone["receivers"], gone["clients"]) == ("compatible", "breaking", "breaking")
    assert gone["source"] == "#/components/schemas/Item/properties/weight"
    assert gone["operations"] == ["create_item", "get_item", "list_items"]
    assert (gone["do"], len(gone["fingerprint"])) == ("stop using it", 12)


def test_the_text_is_for_people_and_the_exit_code_for_scripts(wirewright: Run) -> None:
    after = str(SHOP / "after.yaml")
    told = wirewright("diff", "shop/1", after)
    assert told.code == 0
    assert "breaking for clients" in told.out
    assert "POST /items/{item_id}/archive: operation archive_item is gone" in told.out
    assert "asks for a major version: 2.0 at least, 2.0 is enough" in told.out
    assert wirewright("diff", "shop/1", after, "--fail-on", "breaking").code == 1
    assert wirewright("diff", "shop/1", "shop/1", "--fail-on", "risky").out.splitlines()[-1] == "nothing changed"


def test_markdown_is_a_section_of_a_changelog(wirewright: Run) -> None:
    told = wirewright("diff", "shop/1", str(SHOP / "after.yaml"), "--format", "markdown").out
    assert told.startswith("## 2.0\n\nSince 1.4: ")
    assert "- `ItemCreate`: new and required properties: `category`. *Give it a value.*" in told


@pytest.mark.promise("An approved change stays approved, whatever else changes")
def test_an_approved_change_stays_approved(wirewright: Run, project: Path) -> None:
    edit(project, "weight: {type: integer}", "mass: {type: integer}")
    asked = ("diff", "v1:specs/shop/1", "specs/shop/1", "--fail-on", "breaking")
    assert wirewright(*asked).code == 1
    assert wirewright(*asked, "--approve", "all", "--reason", "nobody reads it").code == 0
    assert 'reason = "nobody reads it"' in (project / ".wirewright-approved.toml").read_text()
    edit(project, "An item", "One item")
    edit(project, "mass: {type: integer}", "mass: {type: integer}\n        height: {type: integer}")
    assert wirewright(*asked).code == 0
    edit(project, "price: {type: integer}\n        mass", "price: {type: string}\n        mass")
    assert wirewright(*asked).code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("diff", "nothing", "shop/1"), "'nothing' is neither a file nor a version of a protocol nor REVISION:PATH"),
        (("diff", "nope:specs/shop/1", "shop/1"), "git knows no revision 'nope'"),
        (("diff", "v1:specs/none/1", "shop/1"), "v1 has no specs/none/1"),
        (("diff", "shop/1", "shop/1", "--approve", "abc"), "no change here has the fingerprint 'abc'"),
        (("impact", "none.py", "--from", "shop/1", "--to", "shop/1"), "none.py: there is no such file or folder"),
        (("impact", "pyproject.toml", "--from", "specs/shop/1/openapi.yaml", "--to", "nothing"), "neither a file"),
        (("check", "--base", "nope"), "git knows no revision 'nope'"),
    ],
)
def test_errors_are_one_clear_line(wirewright: Run, arguments: tuple[str, ...], words: str) -> None:
    told = wirewright(*arguments)
    assert told.code in {2, 3}
    assert words in told.err.splitlines()[0]
    assert "Traceback" not in told.err


def test_a_damaged_file_of_approvals_is_told(wirewright: Run, project: Path) -> None:
    (project / ".wirewright-approved.toml").write_text('[[approved]]\nreason = "none"\n')
    assert ".wirewright-approved.toml: approved[0] has no fingerprint" in wirewright("diff", "shop/1", "shop/1").err


# impact --------------------------------------------------------------------------------------------------------------


def test_impact_names_lines_and_reasons(wirewright: Run, project: Path) -> None:
    (project / "app.py").write_text(
        "from shop_api.v1 import models as m\n\n\ndef f(i: m.Item) -> object:\n    return i.weight\n"
    )
    told = wirewright("impact", "app.py", "--from", "shop/1", "--to", str(SHOP / "after.yaml"))
    assert told.code == 1
    assert told.out.splitlines()[0] == "breaks app.py:5  Item.weight: property weight is gone: stop using it"
    (finding,) = wirewright(
        "impact", "app.py", "--from", "shop/1", "--to", str(SHOP / "after.yaml"), "--format", "json"
    ).json()["findings"]
    assert (finding["file"], finding["line"], finding["change"]["rule"]) == ("app.py", 5, "property-removed")
    safe = wirewright("impact", "app.py", "--from", "shop/1", "--to", "shop/1")
    assert (safe.code, safe.out.split("  ")[0]) == (0, "nothing is touched")


@pytest.mark.parametrize(
    ("old", "package"),
    [
        ("shop/1", ("shop_api.v1", "msgspec")),
        ("specs/shop/1", ("shop_api.v1", "msgspec")),
        ("HEAD:specs/shop/1", ("shop_api.v1", "msgspec")),
        ("v1:specs/shop/1/openapi.yaml", ("shop_api.v1", "msgspec")),
        ("sbn/0.12", ("sbn_api.v0_12", "attrs")),
        ("neuron", ("neuron_api.v1_0", "pydantic")),
        (str(SHOP / "after.yaml"), None),
        ("https://example.com/openapi.json", None),
    ],
)
def test_the_package_of_an_app_is_known_by_its_spec(project: Path, old: str, package: tuple[str, str] | None) -> None:
    assert Sides(project / "pyproject.toml").package(old) == package


# check ---------------------------------------------------------------------------------------------------------------


def test_check_is_content_with_what_was_generated(wirewright: Run) -> None:
    told = wirewright("check")
    assert told.code == 0
    assert "breaking changes and names measured against v1" in told.out
    assert wirewright("check", "--format", "json").json()["clean"] is True


def test_check_names_what_breaks_a_published_version_until_it_is_approved(wirewright: Run, project: Path) -> None:
    edit(project, "weight: {type: integer}", "mass: {type: integer}")
    wirewright("generate", "--no-verify")
    told = wirewright("check")
    assert told.code == 1
    assert "breaks clients Item.weight: property weight is gone" in told.out
    (package,) = wirewright("check", "--format", "json").json()["packages"]
    (fingerprint,) = [change["fingerprint"] for change in package["breaking"]]
    wirewright("diff", "v1:specs/shop/1", "shop/1", "--approve", fingerprint, "--reason", "agreed")
    assert wirewright("check").code == 0


def test_a_breaking_change_in_a_new_version_is_no_problem(wirewright: Run, project: Path) -> None:
    (project / "specs/shop/2").mkdir()
    shutil.copy(SHOP / "after.yaml", project / "specs/shop/2/openapi.yaml")
    more = '[[tool.wirewright.packages]]\nspec = "specs/shop/2"\npackage = "shop_api.v2"\n'
    (project / "pyproject.toml").write_text(CONFIG + more)
    wirewright("generate", "--no-verify")
    assert wirewright("check").code == 0
    text = (project / "specs/shop/CHANGELOG.md").read_text()
    assert text.index("## 2") < text.index("## 1")


def test_a_stale_changelog_a_lost_name_and_a_false_example_are_named(wirewright: Run, project: Path) -> None:
    (project / "specs/shop/CHANGELOG.md").write_text("# By hand\n")
    lock = project / "generated/shop_api/v1/names.lock.json"
    lock.write_text(lock.read_text().replace('"ItemState"', '"StateOfItem"', 1))
    edit(
        project,
        "{name: tag, in: query, schema: {type: string}}",
        "{name: tag, in: query, schema: {type: string}, example: 5}",
    )
    told = wirewright("check")
    assert told.code == 1
    assert "specs/shop/CHANGELOG.md  is not what the specs say" in told.out
    assert "was published as ItemState and is now StateOfItem" in told.out
    assert "example /paths/~1items/get/parameters/0/example" in told.out
    assert len(told.out.splitlines()) < 40, "one screen"


def test_without_git_or_a_tag_the_rest_is_checked(wirewright: Run, project: Path) -> None:
    git("tag", "--delete", "v1")
    told = wirewright("check")
    assert told.code == 0
    assert "breaking and names not checked: no tag yet" in told.out
    shutil.rmtree(project / ".git")
    told = wirewright("check")
    assert told.code == 0
    assert "breaking and names not checked: this is no git repository" in told.out
    assert "not asked for" in wirewright("check", "--base", "none").out


def test_a_branch_is_measured_against_where_it_left_the_main_one(wirewright: Run, project: Path) -> None:
    edit(project, "weight: {type: integer}", "mass: {type: integer}")
    wirewright("generate", "--no-verify")
    git("commit", "--all", "--quiet", "--message", "Two")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("commit", "--allow-empty", "--quiet", "--message", "Three")
    assert wirewright("check").code == 0, "what broke was merged before"
    assert wirewright("check", "--base", "v1").code == 1


# calls, watch --------------------------------------------------------------------------------------------------------


def test_flat_calls_are_generated_and_checked_with_their_package(wirewright: Run, project: Path) -> None:
    (project / "pyproject.toml").write_text(CONFIG + 'calls = "shop_calls"\n')
    assert wirewright("check", "--base", "none").code == 1
    wirewright("generate", "--no-verify")
    module = project / "generated/shop_calls/items.py"
    assert "def list_items(" in module.read_text()
    assert module.read_text().startswith("# Generated by Wirewright; do not edit. ")
    assert wirewright("check", "--base", "none").code == 0
    module.write_text(module.read_text() + "# edited\n")
    assert "changed  shop_calls/items.py" in wirewright("check", "--base", "none").out


def test_watching_shows_what_a_change_means(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    targets = choose_targets([], None, {})
    watch.warm_up(targets)
    edit(project, "weight: {type: integer}", "mass: {type: integer}")
    watch.regenerate(targets, Format.text)
    shown = capsys.readouterr().out
    assert "breaking for clients" in shown
    assert "Item: properties gone: weight" in shown
    edit(project, "mass: {type: integer}", "weight: {type: integer}")
    watch.regenerate(targets, Format.json)
    assert json.loads(capsys.readouterr().out)["diff"]["bump"] == "major"


@pytest.mark.promise("`watch` regenerates a large spec within a second of a saved line")
def test_a_saved_line_of_a_large_spec_costs_less_than_a_second(tmp_path: Path) -> None:
    import time

    from wirewright_codegen.config import load_config
    from wirewright_codegen.pipeline import generate

    shutil.copytree(ROOT / "specs/sbn", tmp_path / "specs/sbn")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    targets = [target for target in load_config(tmp_path / "pyproject.toml") if target.package == "sbn_api.v0_14"]
    spec = tmp_path / "specs/sbn/0.14/schemas/gateway.yaml"
    seconds: list[float] = []
    for _ in range(4):  # the first two fill the caches, as the start of `watch` does
        started = time.process_time()
        result = generate(targets[0], verify=False)
        seconds.append(time.process_time() - started)
        assert result.ok
        assert result.changes
        spec.write_text(spec.read_text().replace("description: ", "description: Now ", 1))
    assert min(seconds[2:]) < 1


# CI ------------------------------------------------------------------------------------------------------------------


def shell(script: str, project: Path, **environment: str) -> int:
    """A script, run by bash in the project, with this environment's programs first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    asked = ["bash", "-eo", "pipefail", "-c", script]
    return subprocess.run(asked, cwd=project, env={**os.environ, "PATH": path, **environment}, check=False).returncode


@pytest.mark.promise("The workflow and the hooks for others do what they say")
def test_the_workflow_does_what_it_says_with_few_rights(project: Path) -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/specs.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert workflow["permissions"] == {}
    assert job["permissions"] == {"contents": "read"}
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in used)
    assert "${{" not in "".join(step.get("run", "") for step in job["steps"]), "nothing of the event gets into a script"
    (step,) = [step for step in job["steps"] if "wirewright check" in step.get("run", "")]
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    summary = project / ".wirewright/summary"
    on_request = {"BASE": "main", "GITHUB_STEP_SUMMARY": str(summary)}
    assert shell(step["run"], project, **on_request) == 0
    assert "measured against origin/main" in summary.read_text()
    assert shell(step["run"], project, BASE="") == 0
    edit(project, "weight: {type: integer}", "mass: {type: integer}")
    shell("wirewright generate --no-verify", project)
    assert shell(step["run"], project, **on_request) == 1


@pytest.mark.promise("The workflow and the hooks for others do what they say")
def test_the_hooks_of_pre_commit_run(project: Path) -> None:
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    check, make = hooks["wirewright-check"], hooks["wirewright-generate"]
    assert shell(check["entry"], project) == 0
    edit(project, "An item", "One item")
    assert shell(check["entry"], project) == 1
    assert shell(make["entry"], project) == 0
    assert shell(check["entry"], project) == 0
    touched = ("specs/shop/1/openapi.yaml", "generated/shop_api/v1/client.py", "pyproject.toml")
    assert all(re.search(check["files"], path) for path in touched)
    assert not re.search(check["files"], "src/app.py")


# what is in the repository -------------------------------------------------------------------------------------------


def test_the_page_of_checks_is_what_the_table_says() -> None:
    from wirewright_codegen.diff.page import FILE, page

    assert FILE.read_text(encoding="utf-8") == page(), "python -m wirewright_codegen.diff.page writes it"


@pytest.mark.promise("The changelogs of the protocols are made from their specs, and true")
def test_the_committed_changelogs_are_true() -> None:
    from wirewright_codegen.config import load_config
    from wirewright_codegen.diff.history import changelogs

    told = changelogs(load_config(ROOT / "pyproject.toml"))
    assert {path.parent.name for path in told} >= {"sbn", "syncropel", "symbiont", "exosphere", "neuron"}
    assert {path.name for path, text in told.items() if path.read_text(encoding="utf-8") != text} == set()
