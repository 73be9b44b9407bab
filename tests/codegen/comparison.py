"""What three generators make of the same documents: the table of `codegen/COMPARISON.md`.

    python tests/codegen/comparison.py [--write] [DOCUMENT...]

Each tool runs as its user would call it, with what its own page recommends. What it wrote is then asked the same
questions: how many operations it has, whether every module can be imported, what `mypy --strict` says, and how many
names of classes end in a count that the document does not have.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"
PAGE = ROOT / "codegen" / "COMPARISON.md"
BEGIN, END = "<!-- table: nox -s comparison -->", "<!-- /table -->"
EXPERIMENTAL = "(experimental)"  # it needs an HTTP library of its own: asked only what it takes
BIN = Path(sys.executable).parent
METHODS = frozenset(("get", "put", "post", "delete", "options", "head", "patch", "trace", "query"))
IMPORTS = """
import importlib, json, pkgutil, sys
sys.path.insert(0, ".")
package = importlib.import_module(sys.argv[1])
found, failed = 1, 0
for module in pkgutil.walk_packages(getattr(package, "__path__", []), sys.argv[1] + ".", onerror=lambda name: None):
    found += 1
    try:
        importlib.import_module(module.name)
    except Exception:
        failed += 1
print(json.dumps([found, failed]))
"""


@dataclass(frozen=True)
class Tool:
    """How it is called, what it writes, and where its operations can be counted; none: it writes models alone."""

    name: str
    command: tuple[str, ...]
    writes: str
    operations: str | None = None


TOOLS = (
    Tool(
        "wirewright",
        ("wirewright", "generate", "--spec", "spec.json", "--package", "ours", "--out", ".", "--allow-loss"),
        "ours",
        "ours/operations/**/*.py",
    ),
    Tool(
        "openapi-python-client",
        ("openapi-python-client", "generate", "--path", "spec.json", "--meta", "none", "--output-path", "opc"),
        "opc",
        "opc/api/**/*.py",
    ),
    Tool(
        "datamodel-code-generator, models",
        ("datamodel-codegen", "--input", "spec.json", "--input-file-type", "openapi", "--output", "dcg.py",
         "--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11", "--use-annotated"),
        "dcg.py",
    ),
    Tool(
        f"datamodel-code-generator, with its client {EXPERIMENTAL}",
        ("datamodel-codegen", "--input", "spec.json", "--input-file-type", "openapi", "--output", "dcg_models.py",
         "--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11", "--use-annotated",
         "--generate-client", "httpx2", "--client-output", "dcg_client", "--client-package", "dcg_client",
         "--client-model-package", "dcg_models", "--client-default-base-url", "https://api.test"),
        "dcg_client",
        "dcg_client/resources/**/_sync.py",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One tool on one document. None: there was nothing to ask."""

    document: str
    tool: str
    exit: int
    operations: str  # "7 of 7"; empty: it writes none
    broken: int | None
    numbered: int | None
    mypy: int | None

    @property
    def cell(self) -> str:
        """What there is to say: nothing of what is as it should be."""
        if self.refused:
            return "refused"
        counts = {"do not import": self.broken, "numbered": self.numbered, "type errors": self.mypy}
        said = [f"{count:,} {what}" for what, count in counts.items() if count]
        return "; ".join([*([self.operations] if self.operations else []), *said]) or "clean"

    @property
    def refused(self) -> bool:
        """It wrote nothing, and its exit status says so."""
        return self.exit != 0 and self.mypy is None


def quiet(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)


def operations_of(document: dict[str, dict[str, object]]) -> int:
    return sum(1 for item in document.get("paths", {}).values() if isinstance(item, dict) for m in item if m in METHODS)


def counted(tool: Tool, folder: Path) -> int | None:
    """Operations in what was written, by the form that each tool gives them."""
    if tool.operations is None:
        return None
    files = [path for path in folder.glob(tool.operations) if path.name != "__init__.py"]
    if tool.name == "wirewright":
        return sum(len(re.findall(r"^def [a-z]\w*\(", path.read_text(encoding="utf-8"), re.M)) for path in files)
    if tool.name == "openapi-python-client":
        return len(files)
    methods = (set(re.findall(r"^    def ([a-z]\w*)", path.read_text(encoding="utf-8"), re.M)) for path in files)
    return sum(1 for names in methods for name in names if not name.startswith("with_"))


def numbered(place: Path, document: str) -> int:
    """Classes that are called as another one with a count behind it, where the document has no such word."""
    names: set[str] = set()
    for path in [place] if place.is_file() else place.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    words = re.sub(r"[^a-z0-9]", "", document.lower())
    counts = (re.fullmatch(r"(.*\D)\d+", name) for name in names)
    return sum(1 for found in counts if found and found[1] in names and found[0].lower() not in words)


def asked(tool: Tool, name: str, text: str) -> Row:
    with tempfile.TemporaryDirectory(prefix="wirewright-comparison-") as root:
        folder = Path(root)
        (folder / "spec.json").write_text(text, encoding="utf-8")
        status = quiet([str(BIN / tool.command[0]), *tool.command[1:]], folder).returncode
        total, place = operations_of(json.loads(text)), folder / tool.writes
        if not place.exists():
            return Row(name, tool.name, status, "", None, None, None)
        found = counted(tool, folder)
        operations = "" if found is None else f"{found} of {total}"
        if EXPERIMENTAL in tool.name:
            return Row(name, tool.name, status, operations, None, None, None)
        package = tool.writes.removesuffix(".py")
        printed = quiet([sys.executable, "-c", IMPORTS, package], folder).stdout
        broken = json.loads(printed.splitlines()[-1])[1] if printed else 1
        checked = quiet([sys.executable, "-m", "mypy", "--strict", "--cache-dir", ".mypy", "-p", package], folder)
        errors = len(re.findall(r": error: ", checked.stdout))
        counts = numbered(place, text)
        return Row(name, tool.name, status, operations, broken, counts, errors)


def rows(documents: list[Path]) -> Iterator[Row]:
    for path in documents:
        for tool in TOOLS:
            row = asked(tool, path.stem, path.read_text(encoding="utf-8"))
            print(row.document, row.tool, row.cell, sep="\t", flush=True)
            yield row


def table(found: list[Row]) -> str:
    """One row for each document, one column for each tool."""
    cells = {(row.document, row.tool): row.cell for row in found}
    documents = dict.fromkeys(row.document for row in found)
    lines = [["document", *(tool.name for tool in TOOLS)], ["---"] * (len(TOOLS) + 1)]
    lines += [[name, *(cells[name, tool.name] for tool in TOOLS)] for name in documents]
    versions = ", ".join(f"{name} {version(name)}" for name in ("openapi-python-client", "datamodel-code-generator"))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\nWith {versions}, mypy {version('mypy')}."


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("documents", nargs="*", type=Path, default=sorted(CORPUS.glob("*.json")))
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.relative_to(ROOT)}")
    given = parser.parse_args()
    found = list(rows(given.documents))
    if given.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{table(found)}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
