"""How the command line behaves as a whole: help, errors, exit codes, formats."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wirewright.cli import report
from wirewright.cli.app import COMMANDS

Run = Callable[..., Any]


def test_help_names_every_command(wirewright: Run) -> None:
    shown = wirewright("--help")
    assert shown.code == 0
    assert all(f" {name} " in shown.out for name in COMMANDS)
    assert "Exit codes" in shown.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(wirewright: Run, command: str) -> None:
    shown = wirewright(command, "--help")
    assert shown.code == 0
    assert "Usage: wirewright " + command in shown.out


def test_help_is_quick_and_loads_neither_generator_nor_server() -> None:
    script = (
        "import sys\nfrom wirewright.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'wirewright_codegen', 'uvicorn', 'httpx', 'jsonschema_rs', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.perf_counter() - started < 3


def test_the_version_is_told(wirewright: Run) -> None:
    assert wirewright("--version").out.startswith("wirewright 0.")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["bogus"], 2, "No such command 'bogus'"),
        (["serve"], 2, "Missing argument 'PROTOCOL|FILE'."),
        (["serve", "a", "--port", "99999"], 2, "99999 is not in the range"),
        (["generate", "--bogus"], 2, "No such option: --bogus"),
        (
            ["generate", "--spec", "x.yaml", "--package", "x", "--models", "y"],
            2,
            "--models: 'y' is no flavour; there are",
        ),
        (["serve", "nothing"], 3, "there is no protocol 'nothing'; installed: "),
        (["serve", "lost.yaml"], 3, "lost.yaml: there is no such file"),
        (
            ["serve", "syncropel", "--chaos", "reset=200%"],
            3,
            "--chaos: fault 'reset=200%': '200%' is not a probability",
        ),
        (["demo", "nothing"], 3, "there is no protocol 'nothing'; installed: "),
        (["generate"], 3, "there is no pyproject.toml with [tool.wirewright] here or above"),
        (["generate", "--spec", "x.yaml"], 2, "--package is missing"),
        (["generate", "--package", "x"], 2, "--spec is missing"),
        (["generate", "a", "--spec", "x", "--package", "y"], 2, "not both"),
        (["generate", "--spec", "x.yaml", "--package", "no name"], 2, "'no name' is no name of a package"),
        (["generate", "--spec", "x.yaml", "--package", "x.class"], 2, "'x.class' is no name of a package"),
        (["generate", "--spec", "x.yaml", "--package", "json.v1"], 2, "already a Python package called json"),
        (["generate", "--spec", "x.yaml", "--package", "wirewright"], 2, "already a Python package called wirewright"),
        (["generate", "--spec", "x.yaml", "--package", "x"], 3, "x.yaml: there is no such file"),
        (["check"], 3, "there is no pyproject.toml"),
        (["watch"], 3, "there is no pyproject.toml"),
        (["new", "No-Name"], 2, "'No-Name' is no name of a package"),
        (["new", "json"], 2, "already a Python package called json"),
        (["new", "class"], 2, "'class' is no name of a package"),
        (["new", "notes_of_mine", "--title", 'My "notes": all'], 2, "is no title"),
    ],
)
def test_a_mistake_is_one_clear_sentence_without_a_traceback(
    wirewright: Run, arguments: list[str], code: int, said: str
) -> None:
    told = wirewright(*arguments)
    assert (told.code, told.out) == (code, "")
    assert said in told.err
    assert "Traceback" not in told.err


def test_an_error_is_json_when_json_was_asked_for(wirewright: Run) -> None:
    told = wirewright("serve", "lost.yaml", "--format", "json")
    assert told.code == 3
    assert told.json()["error"]["place"] == "lost.yaml"
    assert told.err == ""


@pytest.mark.parametrize("arguments", [["bogus"], ["diff"], ["generate", "--bogus"], ["serve", "a", "--port", "x"]])
def test_wrong_usage_is_json_too(wirewright: Run, arguments: list[str]) -> None:
    told = wirewright(*arguments, "--format=json")
    assert (told.code, told.err) == (2, "")
    error = told.json()["error"]
    assert (error["code"], error["hint"].endswith(" --help")) == (2, True)


@pytest.mark.parametrize("charset", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_without_our_signs_is_no_reason_to_fail(here: Path, charset: str) -> None:
    (here / "a.yaml").write_text("openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n")
    command = [sys.executable, "-m", "wirewright", "diff", "a.yaml", "a.yaml"]
    done = subprocess.run(
        command, capture_output=True, cwd=here, env={**os.environ, "PYTHONIOENCODING": charset}, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "a.yaml ? a.yaml" in done.stdout.decode(charset)


def test_a_port_that_is_taken_is_named(wirewright: Run, here: Path) -> None:
    (here / "a.yaml").write_text("openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = wirewright("serve", "a.yaml", "--port", str(port))
    assert told.code == 4
    assert told.err.splitlines() == [
        f"error: 127.0.0.1:{port}: address already in use",
        "--port 0 takes a port that is free",
    ]


def test_an_error_in_a_spec_names_its_place(wirewright: Run, here: Path) -> None:
    (here / "bad.yaml").write_text("openapi: 3.1.0\ninfo: {title: T\npaths: [\n")
    told = wirewright("generate", "--spec", "bad.yaml", "--package", "bad_api")
    assert told.code == 3
    assert told.err.startswith("error: bad.yaml:")


def test_a_defect_says_how_to_see_more_and_debug_shows_it(wirewright: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from wirewright.cli import app

    def defect(**options: Any) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(app, "app", defect)
    told = wirewright("check")
    assert told.code == report.DEFECT
    assert "ZeroDivisionError: oh" in told.err
    assert "--debug" in told.err
    with pytest.raises(ZeroDivisionError):
        __import__("wirewright.cli").cli.main(["check", "--debug"])


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ModuleNotFoundError("no", name="uvicorn"), report.MISSING, "pip install 'wirewright[sandbox]'"),
        (ModuleNotFoundError("no", name="jinja2.env"), report.MISSING, "pip install 'wirewright[codegen]'"),
        (ModuleNotFoundError("no", name="cryptography.x509"), report.MISSING, "pip install 'wirewright[all]'"),
        (OSError(errno.EROFS, "Read-only file system", "specs"), report.MISSING, "specs: read-only file system"),
        (OSError(98, "Address already in use"), report.MISSING, "address already in use"),
        (FileNotFoundError(2, "No such file or directory", "a.txt"), report.INPUT, "a.txt: no such file or directory"),
    ],
)
def test_what_is_missing_is_said_with_the_remedy(
    capsys: pytest.CaptureFixture[str], error: Exception, code: int, said: str
) -> None:
    assert report.explain(error, as_json=False) == code
    assert said in capsys.readouterr().err
