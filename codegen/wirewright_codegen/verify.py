"""The generator checks its own work: every module imports, every class can decode. In a fresh interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import importlib, json, pathlib, sys
out, package = sys.argv[1], sys.argv[2]
sys.path.insert(0, out)
problems = []
root = pathlib.Path(out, *package.split("."))
for path in sorted(root.rglob("*.py")):
    parts = path.relative_to(root).with_suffix("").parts
    name = ".".join([package, *(parts[:-1] if parts[-1] == "__init__" else parts)])
    try:
        importlib.import_module(name)
    except BaseException as error:
        problems.append([name, f"cannot be imported: {type(error).__name__}: {error}"])
try:
    from wirewright import codecs
    codec = codecs.get(importlib.import_module(package + "._package").CODEC)
except ImportError:
    codec = None
models = importlib.import_module(package + ".models")
models._home_of("")
for name in models._homes if codec else ():
    try:
        kind = getattr(models, name)
        if hasattr(kind, "model_rebuild"):
            kind.model_rebuild()
        codec.decoder(kind)(b"null")
    except codecs.CodecError:
        pass
    except BaseException as error:
        problems.append([f"{package}.models.{name}", f"cannot decode: {type(error).__name__}: {error}"])
print(json.dumps(problems))
"""


def verify_package(out: Path, package: str) -> list[tuple[str, str]]:
    """Places and reasons of everything that does not work; empty when all does."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(  # noqa: S603 - this interpreter, a fixed program
        [sys.executable, "-c", _PROGRAM, str(out), package],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    if ran.returncode != 0:
        return [(package, f"the check itself failed: {ran.stderr.strip()[-2000:]}")]
    return [(place, reason) for place, reason in json.loads(ran.stdout.strip().splitlines()[-1])]
