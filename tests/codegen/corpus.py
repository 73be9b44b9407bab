"""Generate documents in every flavour and measure what comes out: the table of `nox -s corpus`.

    python tests/codegen/corpus.py DOCUMENT... [--flavour msgspec] [--types] [--format markdown|json] [--write]

For each document and flavour: the account (in = out), losses, problems; seconds cold and unchanged; peak memory;
lines; import time of the root and of all types; sampled values that came back equal; errors of mypy --strict and
pyright strict (with --types). Exit status 1 when anything is not as it should be. `--write` puts the table into
`tests/codegen/CORPUS.md`; with `--rows FILE...` out of what earlier runs said in JSON, one document at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
CORPUS = REPOSITORY.parent / "shared" / "corpus"
FLAVOURS = ("msgspec", "attrs", "pydantic")
PAGE = HERE / "CORPUS.md"


@dataclass
class Row:
    """One document in one flavour."""

    document: str
    flavour: str
    account: str = ""
    losses: int = 0
    problems: int = 0
    cold: float = 0.0
    unchanged: float = 0.0
    stable: bool = False
    names_stable: bool = False
    megabytes: int = 0
    lines: int = 0
    import_root_ms: float = 0.0
    import_all_ms: float = 0.0
    samples: str = ""
    mypy: int | None = None
    pyright: int | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; losses that the document itself causes are listed and no failure."""
        equal = len(set(self.samples.split("/"))) == 1
        return not self.problems and self.stable and self.names_stable and equal and not self.mypy and not self.pyright


def child(document: str, flavour: str, folder: str) -> None:
    """Runs in a process of its own, for its memory: generates twice, and once shuffled."""
    from wirewright_codegen.pipeline import Target, check, generate

    name = package_of(document, flavour)
    out = Path(folder)
    target = Target(Path(document), name, out, flavour, allow_loss=True, cache=out / ".cache")  # type: ignore[arg-type]
    started = time.perf_counter()
    result = generate(target)
    cold = time.perf_counter() - started
    started = time.perf_counter()
    check(target)
    unchanged = time.perf_counter() - started
    again = check(replace(target, cache=None))
    report = {
        "account": result.account.summary(),
        "losses": len(result.account.losses),
        "problems": len(result.problems),
        "notes": [f"{problem.place}: {problem.reason}" for problem in result.problems[:3]],
        "cold": round(cold, 2),
        "unchanged": round(unchanged, 2),
        "stable": not again.changes,
        "lines": result.lines,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    report["names_stable"] = names_hold(Path(document), target.folder, out, flavour)
    print(json.dumps(report))


def names_hold(document: Path, folder: Path, out: Path, flavour: str) -> bool:
    """Whether shuffling the keys of the document changes no name."""
    from wirewright_codegen.pipeline import Target, preview

    if document.suffix != ".json":
        return True
    shuffled = out / f"shuffled-{document.name}"
    shuffled.write_text(json.dumps(shuffle(json.loads(document.read_text()), random.Random(7))))
    target = Target(shuffled, "shuffled", out, flavour, allow_loss=True, cache=out / ".cache")  # type: ignore[arg-type]
    files = preview(target)
    return json.loads(files["names.lock.json"]) == json.loads((folder / "names.lock.json").read_text())


def shuffle(value: Any, order: random.Random) -> Any:
    """The same JSON with the keys of its objects in another order."""
    if isinstance(value, list):
        return [shuffle(item, order) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    order.shuffle(keys)
    return {key: shuffle(value[key], order) for key in keys}


def package_of(document: str, flavour: str) -> str:
    stem = "".join(c if c.isalnum() else "_" for c in Path(document).stem)
    return f"{'c' if stem[:1].isdigit() else ''}{stem}_{flavour}"


IMPORT = """
import sys, time; sys.path.insert(0, sys.argv[1])
import wirewright, importlib
library = {"msgspec": "msgspec", "attrs": "attrs", "pydantic": "pydantic"}[sys.argv[3]]
importlib.import_module("wirewright.codecs." + sys.argv[3])
started = time.perf_counter(); package = importlib.import_module(sys.argv[2]); root = time.perf_counter() - started
models = package.models; models._home_of("")
started = time.perf_counter()
for name in models._homes: getattr(models, name)
print(root * 1000, (time.perf_counter() - started) * 1000)
"""

SAMPLES = """
import sys, json, importlib; sys.path[:0] = [sys.argv[1], sys.argv[3]]
from samples import Sampler
from wirewright import codecs
package = sys.argv[2]
schemas = json.load(open(f"{sys.argv[1]}/{package}/spec.json"))["components"]["schemas"]
models = importlib.import_module(package + ".models")
codec = codecs.get(importlib.import_module(package + "._package").CODEC)
uploads = {name for name in schemas if "_File" in str(getattr(getattr(models, name), "__annotations__", {}).values())}
equal = total = 0; wrong = []
for name in sorted(schemas):
    if name in uploads: continue
    for full in (True, False, None):
        try: wire = Sampler(schemas, 1, full=full).of(name)
        except RecursionError: continue
        text = json.dumps(wire).encode()
        if len(text) > 300_000: continue
        total += 1
        try:
            same = json.loads(codec.encode(codec.decoder(getattr(models, name))(text))) == wire
        except Exception as error:
            same = False; wrong.append(f"{name}: {type(error).__name__} {error}"[:200])
        equal += same
        if not same: wrong.append(name)
print(json.dumps([f"{equal}/{total}", wrong[:3]]))
"""


def python(*arguments: str) -> str:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment)
    if ran.returncode != 0:
        raise RuntimeError(ran.stderr.strip()[-600:] or f"exit status {ran.returncode}")
    return ran.stdout.strip().splitlines()[-1]


def measure(document: Path, flavour: str, out: Path, *, types: bool) -> Row:
    """One row."""
    row = Row(document.stem, flavour)
    name = package_of(str(document), flavour)
    try:
        for key, value in json.loads(python(__file__, "--child", str(document), flavour, str(out))).items():
            setattr(row, key, value)
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(out / name)], check=False)
        root, everything = python("-c", IMPORT, str(out), name, flavour).split()
        row.import_root_ms, row.import_all_ms = round(float(root), 1), round(float(everything), 1)
        row.samples, wrong = json.loads(python("-c", SAMPLES, str(out), name, str(HERE / "back")))
        row.notes += wrong
    except (RuntimeError, ValueError) as error:
        row.problems += 1
        row.notes.append(str(error))
    if types and not row.problems:
        row.mypy, row.pyright = mypy_errors(out, name), pyright_errors(out, name)
    return row


def mypy_errors(out: Path, name: str) -> int:
    command = ["-m", "mypy", "--strict", "--python-version", "3.11", "--cache-dir", str(out / ".mypy"), name]
    environment = {**os.environ, "MYPYPATH": f"{out}:{REPOSITORY / 'handwritten'}"}
    ran = subprocess.run(
        [sys.executable, *command], cwd=out, env=environment, capture_output=True, text=True, check=False
    )
    return ran.stdout.count(": error:")


def pyright_errors(out: Path, name: str) -> int:
    program = shutil.which("pyright", path=str(Path(sys.executable).parent)) or shutil.which("pyright")
    if program is None:
        return 0
    settings = {"include": [name], "extraPaths": [".", str(REPOSITORY / "handwritten")], "typeCheckingMode": "strict"}
    config = out / f"pyright-{name}.json"
    config.write_text(json.dumps({**settings, "pythonVersion": "3.11"}))
    command = [program, "--pythonpath", sys.executable, "-p", str(config), "--outputjson"]
    ran = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    return int(json.loads(ran.stdout)["summary"]["errorCount"])


COLUMNS = (
    "document", "flavour", "account", "losses", "problems", "cold", "unchanged", "stable", "names_stable", "megabytes",
    "lines", "import_root_ms", "import_all_ms", "samples", "mypy", "pyright",
)  # fmt: skip


def markdown(rows: list[Row]) -> str:
    lines = [" | ".join(COLUMNS), " | ".join("---" for _ in COLUMNS)]
    lines += [" | ".join(str(getattr(row, column)) for column in COLUMNS) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


HEAD = """# Public documents, generated in every flavour

Written by `python tests/codegen/corpus.py --types --write` (`nox -s corpus`); do not edit.

In = out in every row, or there is a loss. *Unchanged* is a run that finds nothing to do; *stable* says that a run
without any cache changes no byte, *names_stable* that shuffling the keys of a document changes no name. *Samples* are
values of schemas that came back equal. Errors are those of `mypy --strict` and of pyright in strict mode. Seconds are
wall time on two cores that other work shared; the import times are those of the package's root, and of all its types.
"""


def from_rows(files: list[Path]) -> list[Row]:
    """What earlier runs said, in JSON, in the order of the corpus."""
    found = [Row(**row) for path in files for row in json.loads(path.read_text())]
    return sorted(found, key=lambda row: (row.document, FLAVOURS.index(row.flavour)))


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:5])
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("documents", nargs="*", type=Path)
    parser.add_argument("--flavour", action="append", choices=FLAVOURS)
    parser.add_argument("--types", action="store_true")
    parser.add_argument("--format", choices=("markdown", "json"), default="markdown")
    parser.add_argument("--write", action="store_true", help="put the table into the page")
    parser.add_argument("--rows", nargs="+", type=Path, help="tables in JSON, instead of a run")
    given = parser.parse_args()
    rows = from_rows(given.rows) if given.rows else run(given)
    if given.write:
        PAGE.write_text(f"{HEAD}\n{markdown(rows)}\n", encoding="utf-8")
    else:
        print(json.dumps([asdict(row) for row in rows], indent=2) if given.format == "json" else markdown(rows))
    return 0 if all(row.ok for row in rows) else 1


def run(given: argparse.Namespace) -> list[Row]:
    """Every document in every flavour."""
    documents = given.documents or sorted(CORPUS.glob("*.json"))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="wirewright-corpus-") as folder:
        for document in documents:
            for flavour in given.flavour or FLAVOURS:
                row = measure(document.resolve(), flavour, Path(folder), types=given.types)
                rows.append(row)
                print(f"{row.document} {flavour}: {row.account} {'ok' if row.ok else row.notes}", file=sys.stderr)
    return rows


if __name__ == "__main__":
    sys.exit(main())
