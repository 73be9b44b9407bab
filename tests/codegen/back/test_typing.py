"""What is generated is clean under the strictest checkers: one run of each over one of everything, in every flavour."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
DOCUMENTS = ("petstore31", "feat-discriminators30", "feat-params31", "feat-types31", "feat-circular30", "traintravel31")
USE = """
from __future__ import annotations

from typing import assert_type

from petstore31_msgspec import Api, AsyncApi
from petstore31_msgspec import models as m
from petstore31_msgspec import operations
from wirewright.request import Request
from wirewright.response import Response


def sync(api: Api) -> None:
    assert_type(api.pet.get_by_id(1), m.Pet)
    assert_type(api.pet.get_by_id(1).name, str)
    assert_type(api.with_response.pet.get_by_id(1), Response[m.Pet])
    assert_type(operations.get_pet_by_id(1), Request[m.Pet])
    assert_type(api.client.send(operations.get_pet_by_id(1)), m.Pet)
    api.pet.find_by_status(status=["available", "something new"])


async def asynchronous(api: AsyncApi) -> None:
    assert_type(await api.pet.get_by_id(1), m.Pet)
"""


@pytest.fixture(scope="module")
def packages(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Public documents that try the corners of the specification, generated in all flavours."""
    from wirewright_codegen.pipeline import Target, generate

    out = tmp_path_factory.mktemp("typed")
    for document in DOCUMENTS:
        for flavour in ("msgspec", "attrs", "pydantic"):
            name = f"{document.replace('-', '_')}_{flavour}"
            target = Target(corpus / f"{document}.json", name, out, flavour, cli=flavour == "attrs", allow_loss=True)  # type: ignore[arg-type]
            generate(target, verify=False)
    (out / "use.py").write_text(USE)
    return out


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MYPYPATH": f"{cwd}:{REPOSITORY / 'handwritten'}"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_mypy_strict_finds_nothing(packages: Path) -> None:
    names = [path.name for path in packages.iterdir() if path.is_dir() and not path.name.startswith(".")]
    ran = run(
        sys.executable, "-m", "mypy", "--strict", "--python-version", "3.11", "--cache-dir", str(packages / ".mypy"),
        *names, "use.py", cwd=packages,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-3000:]


@pytest.mark.slow
def test_pyright_strict_finds_nothing(packages: Path) -> None:
    program = shutil.which("pyright", path=str(Path(sys.executable).parent)) or shutil.which("pyright")
    if program is None:
        pytest.skip("pyright is not installed")
    settings = {
        "include": ["."],
        "extraPaths": [".", str(REPOSITORY / "handwritten")],
        "pythonVersion": "3.11",
        "typeCheckingMode": "strict",
    }
    (packages / "pyrightconfig.json").write_text(json.dumps(settings))
    ran = run(program, "--pythonpath", sys.executable, "-p", "pyrightconfig.json", cwd=packages)
    assert ran.returncode == 0, ran.stdout[-3000:]


def test_the_fixture_really_has_every_flavour(packages: Path, corpus: Any) -> None:
    found = {path.name.rpartition("_")[2] for path in packages.iterdir() if (path / "client.py").exists()}
    assert found == {"msgspec", "attrs", "pydantic"}
