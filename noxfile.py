"""The sessions that people and CI run; `nox -l` lists them.

`nox` alone runs what a change must pass: lint, types, tests. The longer ones are sessions of their own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSIONS = [c.rsplit(" ", 1)[1] for c in PROJECT["classifiers"] if c.startswith("Programming Language :: Python :: 3.")]
# Real sockets and processes, on machines that are busy: a failure counts the second time, and the summary names it.
EVERYDAY = ("pytest", "-n", "2", "--dist", "loadfile", "--reruns", "1", "-raR")
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
SOURCES = ["codegen", "handwritten", "tests", "noxfile.py", ".ci"]

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests"]


def checkout(session: nox.Session, extra: str = "dev") -> None:
    """Install this checkout, editable, with the exact versions of `dev.lock`."""
    session.install("--constraint", "dev.lock", "--editable", f".[{extra}]")


def interpreters() -> dict[str, str]:
    """The supported Pythons that run here, by version."""
    found: dict[str, str] = {}
    named = [shutil.which(f"python{version}") for version in VERSIONS]
    for python in [sys.executable, *named, *map(str, Path.home().glob(".pyenv/versions/3.*/bin/python"))]:
        if python:
            ask = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            version = subprocess.run(ask, check=False, capture_output=True, text=True).stdout.strip()
            if version in VERSIONS:
                found.setdefault(version, python)
    return dict(sorted(found.items()))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, format and the laws of who may import whom."""
    checkout(session)
    session.run("ruff", "check", *SOURCES)
    session.run("ruff", "format", "--check", *SOURCES)
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """mypy --strict and pyright strict over codegen, generated and handwritten."""
    checkout(session)
    session.run("mypy", "codegen", "generated", "handwritten")
    session.run("pyright")


@nox.session
def check(session: nox.Session) -> None:
    """Is `generated/` what `specs/` says?"""
    checkout(session)
    session.run("wirewright", "check")


@nox.session
def tests(session: nox.Session) -> None:
    """The everyday tests, under ten minutes on two cores."""
    checkout(session)
    session.run(*EVERYDAY, *session.posargs)


@nox.session(python=VERSIONS)
def matrix(session: nox.Session) -> None:
    """The everyday tests on every Python that the project supports and this machine has."""
    checkout(session)
    session.run(*EVERYDAY, *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Chaos and load runs that are too long for every day."""
    checkout(session)
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session
def crash(session: nox.Session) -> None:
    """Kill -9: 1,000 rounds on processes that write to an outbox, 1,000 on those that send (`-- --rounds N`)."""
    checkout(session)
    session.run("python", "tests/faults/crash.py", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Any bytes into every decoder: atheris where it installs, else hypothesis (`-- --seconds N TARGET...`)."""
    checkout(session)
    session.install("--only-binary=:all:", "atheris", success_codes=[0, 1, 2])
    session.run("python", "tests/faults/fuzz.py", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """100,000 requests and 1,000,000 events with faults on: flat memory, no leaked sockets, tasks or threads."""
    checkout(session)
    session.run("python", "tests/faults/soak.py", *session.posargs)


@nox.session
def promises(session: nox.Session) -> None:
    """Run every test that holds a promise, then write tests/PROMISES.md."""
    checkout(session)
    session.run("pytest", "-m", "promise and not interop", *session.posargs)
    session.run("python", "tests/promises.py")


@nox.session
def interop(session: nox.Session) -> None:
    """The original SDKs, unchanged, against our sandboxes; writes tests/INTEROP.md."""
    checkout(session)
    session.run("pytest", "-m", "interop", "-p", "interop_table", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def browser(session: nox.Session) -> None:
    """The sandbox's page in a real Chromium; what it saw is kept under `artifacts/screenshots`."""
    checkout(session)
    session.install("--constraint", "dev.lock", "playwright")
    session.run("pytest", "-m", "browser", "tests/browser", *session.posargs)


@nox.session
def corpus(session: nox.Session) -> None:
    """Every document of the shared corpus in every flavour: account, time, memory, types."""
    checkout(session)
    session.run("python", "tests/codegen/corpus.py", *(session.posargs or ("--types", "--write")))


@nox.session
def roundtrip(session: nox.Session) -> None:
    """Values of every schema of the shared corpus, generated, decoded and encoded, in every flavour."""
    checkout(session)
    session.run("pytest", "-m", "slow", "tests/codegen/roundtrip", *session.posargs)


@nox.session(name="fuzz-codegen")
def fuzz_codegen(session: nox.Session) -> None:
    """Hostile text in every position of documents, 100,000 cases."""
    checkout(session)
    session.run("python", "tests/codegen/fuzz/fuzz.py", *session.posargs)


@nox.session(name="bench-codegen")
def bench_codegen(session: nox.Session) -> None:
    """Time and memory of generating, beside openapi-python-client and datamodel-code-generator."""
    checkout(session)
    session.run("python", "tests/benchmarks/bench_codegen.py", *session.posargs)


@nox.session
def comparison(session: nox.Session) -> None:
    """What other generators make of the same documents: the table of `codegen/COMPARISON.md`."""
    checkout(session)
    session.install("--constraint", "dev.lock", "email-validator")  # code of datamodel-code-generator may need it
    session.run("python", "tests/codegen/comparison.py", *(session.posargs or ("--write",)))


@nox.session
def bench(session: nox.Session) -> None:
    """Speed and memory as ratios, measured side by side in one run; all of them go to `bench/` and into the README."""
    checkout(session)
    session.install("matplotlib")
    every = sorted(p.stem for p in (ROOT / "tests/benchmarks").glob("bench_*.py"))
    kept = Path(session.create_tmp())
    (kept / "figures.jsonl").unlink(missing_ok=True)
    for name in session.posargs or every:
        script = f"tests/benchmarks/{name.removesuffix('.py')}.py"
        session.run("python", script, env={"WIREWRIGHT_FIGURES": str(kept)})
    if not session.posargs:
        session.run("python", "tests/benchmarks/publish.py", str(kept))


@nox.session
def release(session: nox.Session) -> None:
    """Wheels and sdists, twice with the same bytes, tried on each Python that is here; their papers."""
    session.install("build", "hatchling", "cyclonedx-bom", "pip-audit", "uv")
    pythons = [f"--python={python}" for python in interpreters().values()]
    session.run("python", ".ci/release.py", *pythons, *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Everything once: regenerate, start the sandboxes, run each quick start."""
    checkout(session, "all")
    session.run("wirewright", "demo")


@nox.session
def lock(session: nox.Session) -> None:
    """Resolve the development dependencies anew into `dev.lock`."""
    session.install("uv")
    session.run(
        "uv", "pip", "compile", "pyproject.toml", "--extra", "dev", "--universal", "--python-version", "3.11",
        "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header", "--quiet",
        "-o", "dev.lock", *session.posargs,
    )  # fmt: skip


@nox.session(venv_backend="none")
def clean(session: nox.Session) -> None:
    """Remove caches and build results."""
    for name in (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".wirewright", "build", "dist"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
