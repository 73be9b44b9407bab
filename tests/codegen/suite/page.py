"""Runs the JSON Schema 2020-12 suite against generated models, and writes the page that says what types cannot.

    python tests/codegen/suite/page.py [--write]

Every schema of the suite is canonicalised by the letter (no types inferred from keywords), all of them are generated as
one set of models for each flavour, and every instance is decoded and encoded. The page is
`tests/codegen/JSON-SCHEMA.md`.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from wirewright import codecs
from wirewright.codecs import CodecError
from wirewright_codegen.canonical import CanonicalOptions, canonicalise
from wirewright_codegen.models import build_models
from wirewright_codegen.read.document import Document, SourceFile
from wirewright_codegen.targets import FLAVOURS, Flavour

HERE = Path(__file__).resolve()
SUITE = HERE.parents[4] / "shared" / "vectors" / "json-schema"
PAGE = HERE.parents[1] / "JSON-SCHEMA.md"
PREFIX = "#/components/schemas/"
LETTER = CanonicalOptions(infer_types=False)
LEFT_OUT = ("optional/format", "optional/ecmascript-regex", "optional/non-bmp-regex", "format")

Verdict = Literal["kept", "refused", "changed", "accepted", "rejected"]


@dataclass
class Group:
    """One schema of the suite with its instances; `root` is the class of the schema in the models."""

    keyword: str
    description: str
    tests: list[dict[str, Any]]
    root: str
    schemas: dict[str, Any]


@dataclass
class Outcome:
    """What a flavour made of the suite: verdicts by keyword, and the instances that are right and did not pass."""

    flavour: str
    counts: dict[str, Counter[Verdict]] = field(default_factory=dict[str, Counter[Verdict]])
    failures: list[str] = field(default_factory=list[str])


def groups() -> Iterator[Group]:
    """All groups, their canonical schemas under names that are theirs alone."""
    remotes = {
        (address := f"http://localhost:1234/{path.relative_to(SUITE / 'remotes').as_posix()}"): SourceFile(
            address, json.loads(path.read_text())
        )
        for path in sorted((SUITE / "remotes").glob("**/*.json"))
    }
    number = 0
    for path in sorted((SUITE / "tests").glob("**/*.json")):
        keyword = path.relative_to(SUITE / "tests").as_posix().removesuffix(".json").removeprefix("draft2020-12/")
        if keyword.startswith(LEFT_OUT[0]) or keyword in LEFT_OUT:
            continue
        for raw in json.loads(path.read_text()):
            number += 1
            files = {"schema.json": SourceFile("schema.json", raw["schema"]), **remotes}
            document = canonicalise(Document("schema.json", files, ("schema.json",)), LETTER).document
            schemas: dict[str, Any] = document["components"]["schemas"]
            renamed = {name: f"G{number}{name}" for name in schemas}
            root = next(name for name, schema in schemas.items() if schema["x-source"] == "#")
            moved = {renamed[name]: _moved(schema, renamed) for name, schema in schemas.items()}
            yield Group(keyword, raw["description"], raw["tests"], renamed[root], moved)


def _moved(node: Any, names: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_moved(item, names) for item in node]
    if not isinstance(node, dict):
        return f"{PREFIX}{names[node.removeprefix(PREFIX)]}" if _is_reference(node, names) else node
    return {
        key: value if key in ("const", "enum", "default", "examples", "x-constraints") else _moved(value, names)
        for key, value in node.items()
    }


def _is_reference(value: object, names: Mapping[str, str]) -> bool:
    return isinstance(value, str) and value.startswith(PREFIX) and value.removeprefix(PREFIX) in names


def run(flavour: Flavour, suite: list[Group], out: Path) -> Outcome:
    """Generate all models of the suite in one flavour, and try every instance."""
    package = f"suite_{flavour}"
    schemas = {name: schema for group in suite for name, schema in group.schemas.items()}
    folder = out / package / "models"
    folder.mkdir(parents=True)
    (out / package / "__init__.py").touch()
    for path, source in build_models(schemas, {}, flavour).files.items():
        (folder / path).write_text(source, encoding="utf-8")
    importlib.invalidate_caches()
    models = importlib.import_module(f"{package}.models")
    codec, outcome = codecs.get(flavour), Outcome(flavour)
    for group in suite:
        counts = outcome.counts.setdefault(group.keyword, Counter())
        decode = codec.decoder(getattr(models, group.root))
        for test in group.tests:
            verdict = judge(codec, decode, test)
            counts[verdict] += 1
            if verdict in ("refused", "changed"):
                outcome.failures.append(f"{group.keyword}: {group.description}, {test['description']} ({verdict})")
    return outcome


def judge(codec: Any, decode: Any, test: Mapping[str, Any]) -> Verdict:
    """What became of an instance. `kept`, `refused`, `changed` are right ones, `rejected`, `accepted` wrong ones."""
    try:
        value = decode(json.dumps(test["data"]).encode())
    except CodecError:
        return "refused" if test["valid"] else "rejected"
    if not test["valid"]:
        return "accepted"
    return "kept" if same(json.loads(codec.encode(value)), test["data"]) else "changed"


def same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: 1 is 1.0, and true is neither."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def outcomes() -> list[Outcome]:
    """The suite in every flavour."""
    suite = list(groups())
    with tempfile.TemporaryDirectory(prefix="wirewright-suite-") as folder:
        sys.path.insert(0, folder)
        try:
            return [run(flavour, suite, Path(folder)) for flavour in FLAVOURS]
        finally:
            sys.path.remove(folder)


def page(found: list[Outcome]) -> str:
    """The page, in Markdown."""
    keywords = list(found[0].counts)
    lines = [
        "# JSON Schema 2020-12 and the types that are generated",
        "",
        "Written by `python tests/codegen/suite/page.py --write`; a test keeps it true. Do not edit.",
        "",
        "Every schema of the official test suite (formats and regular expressions aside: a validator's matter) is",
        "generated as models. *Right* are the instances that a schema allows: they decode, and encode to equal JSON.",
        "*Wrong* are those it forbids: a decoder refuses them as far as types can say. *Accepted* are those that only",
        "a validator finds: limits, patterns, conditions and counts, what `oneOf` excludes, unknown values of enums,",
        "which are open by design. The sandbox and `wirewright contract` check all that with the schemas themselves.",
        "",
        "| keyword | right | wrong | " + " | ".join(f"{one.flavour}: wrong ones accepted" for one in found) + " |",
        "|---|---|---|" + "---|" * len(found),
    ]
    totals: list[Counter[Verdict]] = [Counter() for _ in found]
    for keyword in keywords:
        row = [one.counts[keyword] for one in found]
        for total, counts in zip(totals, row, strict=True):
            total.update(counts)
        lines.append(_row(keyword, row))
    lines.append(_row("**all**", totals))
    for one in found:
        lines += ["", f"## {one.flavour}: right instances that do not come back", ""]
        if one is found[0]:
            lines += ["A number is a Python float, and text with `contentEncoding: base64` is bytes.", ""]
        lines += [f"- {_escaped(failure)}" for failure in one.failures] or ["None."]
    return "\n".join(lines) + "\n"


def _row(name: str, row: list[Counter[Verdict]]) -> str:
    first = row[0]
    right, wrong = first["kept"] + first["refused"] + first["changed"], first["accepted"] + first["rejected"]
    accepted = " | ".join(str(counts["accepted"]) for counts in row)
    return f"| {name} | {right} | {wrong} | {accepted} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    found = outcomes()
    text = page(found)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
