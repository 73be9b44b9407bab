"""What runs elsewhere: workflows may do as little as they need, with actions that cannot change under us."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SESSIONS = set(re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE))
each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


@each_workflow
def test_actions_are_pinned_by_hash_and_say_which_version_that_is(workflow: Path) -> None:
    uses = re.findall(r"uses: (\S+)(.*)", workflow.read_text(encoding="utf-8"))

    assert uses
    for action, comment in uses:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+(\.\d+)*", comment), action


@each_workflow
def test_rights_are_given_job_by_job(workflow: Path) -> None:
    said = yaml.safe_load(workflow.read_text(encoding="utf-8"))

    assert said["permissions"] == {}
    for job in said["jobs"].values():
        assert job["permissions"]["contents"] == "read"
        assert job["timeout-minutes"] <= 60


@each_workflow
def test_a_checkout_leaves_no_credentials_behind(workflow: Path) -> None:
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@each_workflow
def test_every_nox_session_that_is_run_exists(workflow: Path) -> None:
    for step in steps(workflow):
        for names in re.findall(r"nox -s ([\w -]+)", step.get("run", "")):
            assert set(names.split()) <= SESSIONS


def test_what_is_published_is_tested_on_each_system_and_python() -> None:
    matrix = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))["jobs"]["tests"]
    classifiers = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())

    assert matrix["strategy"]["matrix"]["python"] == classifiers
    assert {name.partition("-")[0] for name in matrix["strategy"]["matrix"]["os"]} == {"ubuntu", "macos", "windows"}


def test_the_image_runs_as_a_user_without_rights() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    last_stage = lines[max(index for index, line in enumerate(lines) if line.startswith("FROM ")) :]

    assert "USER 10001" in last_stage
    assert lines.index("USER 10001") < lines.index('ENTRYPOINT ["wirewright"]')


# The papers of a release ----------------------------------------------------------------------------------------------

FINE: dict[str, Any] = {"name": "attrs", "version": "26.1.0", "vulns": []}
FLAWED: dict[str, Any] = {
    "name": "old",
    "version": "1.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}],
}
UNKNOWN: dict[str, Any] = {"name": "in-house", "version": "0.1", "skip_reason": "not found on the index"}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "Not known: no database could be reached."),
        ([FINE], "0 known in the 1 packages looked up."),
        ([FINE, UNKNOWN], "0 known in the 1 packages looked up; of 1 nothing is known."),
        ([UNKNOWN], "Not known: no database could be reached."),
        ([FLAWED], "| old | 1.0 | PYSEC-2026-1 | 1.1 |"),
    ],
    ids=["offline", "clean", "partly", "nobody asked", "flawed"],
)
def test_the_report_on_vulnerabilities_does_not_take_silence_for_health(
    found: list[dict[str, Any]] | None, said: str
) -> None:
    page = load_papers().vulnerabilities(found)
    assert said in page
    assert ("in-house" in page) is (found == [FINE, UNKNOWN])


def load_papers() -> Any:
    spec = importlib.util.spec_from_file_location("papers", ROOT / ".ci/papers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
