"""The documentation of contract tests is run: its spec, its tests, its commands."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from wirewright.cli import main
from wirewright.contract import Recorder
from wirewright.contract.probe import Probe
from wirewright.sandbox import Sandbox

pytest_plugins = ["pytester"]
README = Path(__file__).resolve().parents[2] / "handwritten" / "wirewright" / "contract" / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(README.read_text(encoding="utf-8"))
FILES = {body.split("\n", 1)[0].removeprefix("# "): body for kind, body in BLOCKS if kind in {"python", "yaml"}}
COMMANDS = [line[2:] for kind, body in BLOCKS if kind == "console" for line in body.splitlines()]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every file of the page."""
    monkeypatch.setenv("WIREWRIGHT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NOTES_KEY", "a-key-of-notes")
    monkeypatch.chdir(tmp_path)
    for name, body in FILES.items():
        (tmp_path / name).write_text(body, encoding="utf-8")
    return tmp_path


@pytest.fixture
def sandbox(page: Path) -> Iterator[Sandbox]:
    with Sandbox.from_spec(page / "notes.yaml", verify=True, security=True) as running:
        yield running


def test_every_file_of_the_page_has_a_name() -> None:
    assert set(FILES) == {
        "notes.yaml",
        "test_contract.py",
        "test_fixtures.py",
        "test_more.py",
        "test_outside.py",
        "test_recordings.py",
    }


@pytest.mark.promise("The documentation of contract tests is run")
def test_its_tests_pass(page: Path, sandbox: Sandbox, pytester: pytest.Pytester) -> None:
    shutil.copytree(page, pytester.path, dirs_exist_ok=True)
    plain = pytester.runpytest_subprocess("-p", "no:xdist", "-v", "--strict-markers")
    plain.assert_outcomes(passed=11)
    plain.stdout.fnmatch_lines(["*::test_notes?add_note? PASSED*", "*::test_notes?add_note-422? PASSED*"])

    (command,) = [shlex.split(each) for each in COMMANDS if each.startswith("pytest ")]
    options = [word.replace("http://127.0.0.1:8080", sandbox.url) for word in command[1:]]
    live = pytester.runpytest_subprocess("-p", "no:xdist", "-v", "test_contract.py", *options)
    live.assert_outcomes(passed=6)
    live.stdout.fnmatch_lines(["*::test_notes?get_note@server? PASSED*"])


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.startswith("wirewright ")])
def test_its_commands_do_what_they_say(command: str, sandbox: Sandbox) -> None:
    recorder = Recorder(sandbox.document)
    probe = Probe(sandbox.document, sandbox.url, transport=recorder.over())
    next(probe.trials(sandbox.document.by_id["get_note"]))
    recorder.save("notes.har")

    words = shlex.split(command.replace("http://127.0.0.1:8080", sandbox.url))
    with pytest.raises(SystemExit) as raised:
        main(words[1:])

    assert raised.value.code in {0, None}
    for name in ("report.html", "report.xml"):
        assert ("--html" in words) is Path(name).exists()
        assert not Path(name).exists() or "a-key-of-notes" not in Path(name).read_text()


def test_the_install_line_names_an_extra_that_there_is() -> None:
    import tomllib

    project = tomllib.loads((README.parents[3] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert COMMANDS[0] == "pip install 'wirewright[contract]'"
    assert "contract" in project["optional-dependencies"]
