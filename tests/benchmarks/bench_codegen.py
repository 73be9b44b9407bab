"""Generating a client: time and peak memory, cold, unchanged and with one line changed, beside what people would pick.

    python tests/benchmarks/bench_codegen.py [--json FILE] [DOCUMENT...]

Three public documents of different size, each tool in processes of its own, as its user would call it: `wirewright
generate` (which also imports what it wrote and builds every decoder), openapi-python-client with its default hooks, and
datamodel-code-generator's models and experimental client, formatted by ruff. Memory is the peak of the tool's own
process or of its largest child; on a busy machine compare the CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from figures import figure

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
DOCUMENTS = ("petstore31", "langgraph31", "openai31")
BIN = Path(sys.executable).parent
Command = Callable[[Path], list[str]]


@dataclass(frozen=True)
class Row:
    """One run of one tool; `said` is its last line when it did not succeed."""

    document: str
    tool: str
    run: str
    seconds: float
    cpu_seconds: float
    megabytes: int
    status: int
    operations: str = ""
    said: str = ""


def wirewright(flavour: str) -> Command:
    return lambda spec: [
        str(BIN / "wirewright"), "generate", "--spec", str(spec), "--package", f"ours_{flavour}", "--out", ".",
        "--models", flavour, "--format", "json",
    ]  # fmt: skip


def openapi_python_client(spec: Path) -> list[str]:
    return [
        str(BIN / "openapi-python-client"), "generate", "--path", str(spec), "--meta", "none", "--output-path", "opc",
        "--overwrite",
    ]  # fmt: skip


def datamodel_code_generator(spec: Path) -> list[str]:
    return [
        str(BIN / "datamodel-codegen"), "--input", str(spec), "--input-file-type", "openapi", "--output", "dcg_models",
        "--output-model-type", "pydantic_v2.BaseModel", "--target-python-version", "3.11", "--disable-timestamp",
        "--formatters", "ruff-format", "--generate-client", "httpx2", "--client-output", "dcg_client",
        "--client-package", "dcg_client", "--client-model-package", "dcg_models",
        "--client-default-base-url", "https://api.test",
    ]  # fmt: skip


TOOLS: dict[str, Command] = {
    "wirewright (msgspec)": wirewright("msgspec"),
    "wirewright (pydantic)": wirewright("pydantic"),
    "openapi-python-client": openapi_python_client,
    "datamodel-code-generator": datamodel_code_generator,
}


def run(command: list[str], folder: Path) -> tuple[float, float, int, int, str]:
    """Seconds by the clock and of the CPU, megabytes, exit status and output of one process."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        output.seek(0)
        text = output.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, process.returncode, text


def account(tool: str, text: str, folder: Path) -> str:
    """How many operations came out: by its own account, or counted in what was written."""
    if tool.startswith("wirewright"):
        try:
            found = json.loads(text[text.index("{") :])["packages"][0]["account"]["operations"]
        except (ValueError, KeyError, IndexError):
            return ""
        return f"{found['kept']} of {found['found']}"
    if tool == "openapi-python-client":
        return str(sum(1 for path in folder.glob("opc/api/**/*.py") if path.name != "__init__.py"))
    place = folder / "dcg_client" / "_operations.py"
    return "" if not place.exists() else "all"


def one_line(document: Any) -> None:
    """Another description for one property, deep inside."""
    for schema in document["components"]["schemas"].values():
        for prop in schema.get("properties", {}).values():
            if isinstance(prop, dict) and "$ref" not in prop:
                prop["description"] = "Said in other words."
                return


def rows(name: str, path: Path) -> Iterator[Row]:
    changed = json.loads(path.read_text())
    one_line(changed)
    texts = {"cold": path.read_text(), "unchanged": path.read_text(), "one line changed": json.dumps(changed)}
    for tool, command in TOOLS.items():
        with tempfile.TemporaryDirectory(prefix="wirewright-codegen-") as root:
            folder = Path(root)
            spec = folder / "spec.json"
            for which, source in texts.items():
                spec.write_text(source)
                seconds, cpu, megabytes, status, text = run(command(spec), folder)
                said = "" if status == 0 else next((line for line in reversed(text.split("\n")) if line.strip()), "")
                made = account(tool, text, folder)
                yield Row(name, tool, which, round(seconds, 2), round(cpu, 2), megabytes, status, made, said[:160])


def compare(made: list[Row]) -> None:
    """Ours beside each tool that took the document, run by run."""
    by_tool = {(row.tool, row.run): row for row in made if row.status == 0}
    for (tool, which), row in by_tool.items():
        ours = by_tool.get(("wirewright (pydantic)" if tool.startswith("datamodel") else "wirewright (msgspec)", which))
        if ours is None or tool.startswith("wirewright"):
            continue
        case, headline = f"{row.document}, {which}", row.document == DOCUMENTS[-1] and which != "one line changed"
        figure("Generating", case, ours.seconds, row.seconds, beside=tool, unit="s", headline=headline)
        figure("Generating", f"{case}, memory", ours.megabytes, row.megabytes, beside=tool, unit="MB")


def main() -> None:
    """Print one line for each run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("documents", nargs="*", default=DOCUMENTS, help="names in the corpus, or files")
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    given = parser.parse_args()
    print(f"{'document':<14}{'tool':<26}{'run':<18}{'seconds':>8}{'CPU s':>7}{'MB':>6}{'exit':>5}  operations")
    found: list[Row] = []
    for name in given.documents:
        path = Path(name) if Path(name).suffix else CORPUS / f"{name}.json"
        made: list[Row] = []
        for row in rows(path.stem, path):
            made.append(row)
            print(
                f"{row.document:<14}{row.tool:<26}{row.run:<18}{row.seconds:>8.2f}{row.cpu_seconds:>7.2f}"
                f"{row.megabytes:>6}{row.status:>5}  {row.operations} {row.said}",
                flush=True,
            )
        compare(made)
        found += made
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in found], indent=2) + "\n")


if __name__ == "__main__":
    main()
