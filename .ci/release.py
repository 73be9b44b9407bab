"""Builds every distribution of `[tool.release]` twice, and proves what comes out.

    python .ci/release.py [--python PATH ...] [--out dist]

Each distribution is staged: the files that git knows, a `pyproject.toml` made from the repository's own, its README
and the licence. Two builds must give the same bytes (SOURCE_DATE_EPOCH is the last commit's time). Then each wheel is
looked into, and all are installed into an empty environment of each Python given, where the quick starts run.
Beside them in `dist/` go `sbom.cdx.json` (CycloneDX), `licenses.md` and `vulnerabilities.md`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import papers

ROOT = Path(__file__).resolve().parents[1]
CONFIG: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = CONFIG["project"]
DISTRIBUTIONS: dict[str, dict[str, Any]] = CONFIG["tool"]["release"]
SDK_OF = {spec["extra"]: name for name, spec in DISTRIBUTIONS.items() if "extra" in spec}
NOT_PUBLISHED = {"dev", "browser"}
SHARED = ("license", "license-files", "requires-python", "classifiers")
SELF = re.compile(r"^wirewright\[([\w, -]+)\]$")


def attempt(*command: str | Path, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command, however it ends."""
    words = [str(part) for part in command]
    return subprocess.run(
        words, check=False, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True
    )


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """What a command prints. It ends the release when it fails."""
    done = attempt(*command, cwd=cwd, **environment)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed\n{done.stdout}\n{done.stderr}")
    return done.stdout


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


# What each distribution needs ---------------------------------------------------------------------------------------


def published(requirement: str) -> list[str]:
    """A requirement of this repository on itself, in terms of what is published."""
    found = SELF.match(requirement)
    if found is None:
        return [requirement]
    version = PROJECT["version"]
    extras = [extra.strip() for extra in found[1].split(",")]
    tools = [extra for extra in extras if extra not in SDK_OF]
    needs = [f"{SDK_OF[extra]}=={version}" for extra in extras if extra in SDK_OF]
    return [*([f"wirewright[{','.join(tools)}]=={version}"] if tools else []), *needs]


def own_extras() -> dict[str, list[str]]:
    """The extras of `wirewright`: an SDK's is the SDK's distribution."""
    extras: dict[str, list[str]] = {}
    for name, needs in PROJECT["optional-dependencies"].items():
        if name in SDK_OF:
            extras[name] = [f"{SDK_OF[name]}=={PROJECT['version']}"]
        elif name not in NOT_PUBLISHED:
            extras[name] = [each for need in needs for each in published(need)]
    return extras


def project_table(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The `[project]` of a distribution."""
    modules = {Path(path).stem for path in spec["include"]}
    table = {key: PROJECT[key] for key in SHARED}
    table |= {"name": name, "version": PROJECT["version"], "readme": "README.md"}
    table["description"] = spec.get("description", PROJECT["description"])
    if "extra" in spec:
        version = PROJECT["version"]
        needs = PROJECT["optional-dependencies"][spec["extra"]]
        table["dependencies"] = [f"wirewright=={version}", *(each for need in needs for each in published(need))]
        table["optional-dependencies"] = {"sandbox": [f"wirewright[sandbox]=={version}"]}
    else:
        table["dependencies"] = PROJECT["dependencies"]
        table["optional-dependencies"] = own_extras()
    for kind, entries in {"scripts": PROJECT["scripts"]}.items():
        table[kind] = {key: value for key, value in entries.items() if top_level(value) in modules}
    groups = {
        group: {key: value for key, value in entries.items() if top_level(value) in modules}
        for group, entries in PROJECT["entry-points"].items()
    }
    table["entry-points"] = {group: entries for group, entries in groups.items() if entries}
    return {key: value for key, value in table.items() if value not in ({}, [])}


def top_level(reference: str) -> str:
    return reference.partition(":")[0].partition(".")[0]


def toml(value: Any) -> str:
    """A value as TOML; JSON's strings and arrays are TOML's, and inline tables serve for the rest."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


# Building -----------------------------------------------------------------------------------------------------------


def stage(name: str, spec: dict[str, Any], folder: Path) -> None:
    """The distribution as a project of its own."""
    for source in run("git", "ls-files", "-z", "--", *spec["include"]).split("\0"):
        if source:
            target = folder / Path(*Path(source).parts[1:])
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / source, target)
    shutil.copyfile(ROOT / spec.get("readme", "README.md"), folder / "README.md")
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE")
    tops = sorted({Path(path).name for path in spec["include"]})
    lines = ["[build-system]", *(f"{key} = {toml(value)}" for key, value in CONFIG["build-system"].items()), ""]
    lines += ["[project]", *(f"{key} = {toml(value)}" for key, value in project_table(name, spec).items()), ""]
    lines += ["[tool.hatch.build]", f"only-include = {toml(tops)}", ""]
    (folder / "pyproject.toml").write_text("\n".join(lines), encoding="utf-8")


def build(out: Path) -> dict[str, str]:
    """All distributions into `out`; the SHA-256 of each file."""
    epoch = run("git", "log", "-1", "--format=%ct").strip()
    for name, spec in DISTRIBUTIONS.items():
        with tempfile.TemporaryDirectory() as made:
            stage(name, spec, Path(made))
            run(sys.executable, "-m", "build", "--outdir", out, made, SOURCE_DATE_EPOCH=epoch)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.iterdir())}


def inspect(wheel: Path) -> None:
    """Ends the release when a wheel holds what it should not, or lacks what it should hold."""
    names = zipfile.ZipFile(wheel).namelist()
    distribution = wheel.name.partition("-")[0].replace("_", "-")
    expected = {Path(path).name for path in DISTRIBUTIONS[distribution]["include"]}
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    if tops != expected:
        sys.exit(f"{wheel.name} holds {sorted(tops)}, not {sorted(expected)}")
    stray = [name for name in names if re.search(r"(^|/)(tests?|__pycache__|\.\w+)/|\.pyc$|names\.lock\.json\.", name)]
    if stray:
        sys.exit(f"{wheel.name} holds {stray[:5]}")
    for package in (top for top in tops if not top.endswith(".py")):
        if f"{package}/py.typed" not in names:
            sys.exit(f"{wheel.name}: {package} has no py.typed")
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in names):
        sys.exit(f"{wheel.name} carries no licence")


# Trying -------------------------------------------------------------------------------------------------------------


def environment(python: str, *wanted: str | Path) -> tuple[Path, Path]:
    """An empty folder, and the commands of a new environment in it that holds what is wanted."""
    where = Path(tempfile.mkdtemp(prefix="wirewright-release-"))
    inside = where / "venv" / ("Scripts" if os.name == "nt" else "bin")
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        run(uv, "venv", "--quiet", "--python", python, where / "venv")
        run(uv, "pip", "install", "--quiet", "--python", inside / "python", *wanted, cwd=where)
    else:
        run(python, "-m", "venv", where / "venv")
        pip = (inside / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        run(*pip, *wanted, cwd=where)
    return where, inside


def try_out(python: str, out: Path) -> Path:
    """Installs the wheels into an empty environment and runs every quick start there; the environment's Python."""
    where, inside = environment(python, *sorted(out.glob("*.whl")), "--find-links", out, "wirewright[all]")
    version = run(inside / "python", "-V", cwd=where).strip()
    result = json.loads(run(inside / "wirewright", "demo", "--no-regenerate", "--format", "json", cwd=where))
    for played in result["protocols"]:
        say(f"  {version}: {played['protocol']} {played['version']}, {played['calls']} calls, kept its contract")
    if not result["ok"] or len(result["protocols"]) != len(PROJECT["entry-points"]["wirewright.protocols"]):
        sys.exit(f"{version}: a quick start failed: {result}")
    return inside / "python"


def alone(python: str, out: Path) -> None:
    """`wirewright` by itself brings no package of an SDK into an environment."""
    where, inside = environment(python, next(out.glob("wirewright-[0-9]*.whl")))
    names = sorted(Path(path).stem for spec in DISTRIBUTIONS.values() if "extra" in spec for path in spec["include"])
    code = f"import importlib.util as u; print([name for name in {names} if u.find_spec(name)])"
    found = run(inside / "python", "-c", code, cwd=where).strip()
    if found != "[]":
        sys.exit(f"wirewright alone brings {found}")
    told = attempt(inside / "wirewright", "demo", cwd=where)
    if told.returncode == 70 or "Traceback" in told.stderr:
        sys.exit(f"wirewright alone: {told.stderr}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--python", action="append", default=[], help="an interpreter to try the wheels on")
    arguments.add_argument("--out", type=Path, default=ROOT / "dist")
    given = arguments.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    given.out.mkdir(parents=True)
    first = build(given.out)
    with tempfile.TemporaryDirectory() as again:
        second = build(Path(again))
    if first != second:
        sys.exit(f"two builds differ: {sorted(name for name in first if first[name] != second.get(name))}")
    say(f"{len(first)} files, the same bytes in two builds")
    for wheel in sorted(given.out.glob("*.whl")):
        inspect(wheel)
    pythons = given.python or [sys.executable]
    alone(pythons[0], given.out)
    tried = [try_out(python, given.out) for python in pythons]
    say(f"papers: {papers.write(tried[0], given.out)}")
    digests = "".join(f"{digest}  {name}\n" for name, digest in first.items())
    (given.out / "SHA256SUMS").write_text(digests, encoding="utf-8")


if __name__ == "__main__":
    main()
