# ruff: noqa: E501 - the documents below read better in long lines
"""Hostile text in every position of documents: nothing of it is executed, and all code that comes out parses.

    python tests/codegen/fuzz/fuzz.py [--cases 100000] [--seed 1] [--seconds N] [--flavour msgspec]

A case is one hostile text at one position. Each document has a few hundred of them, all different; what is generated is
parsed, and searched for the mark that every text carries: it may stand in strings alone, and in no annotation that
something could evaluate. Every tenth package is imported in an interpreter that knows the mark as a function.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirewright_codegen.errors import SpecError
from wirewright_codegen.pipeline import Target, preview
from wirewright_codegen.targets import FLAVOURS

MARK = "__pwn__"  # no name that is rebuilt from text looks like this
_CALL = "__pwn__()"
_PIECES = (
    *"\"'\\{}[]()#%\n\r\t`$@:;.,|/=+-*!?<>~^& ab_1é☃", "\u2028", "\x0b", "\x85", "\u202e", "\ufeff", "名", "🎉",
    '"""', "'''", _CALL, _CALL, "\\N{", "{{", "}}", "{%", "%}", "{#", "\\x", "\\u12", "#%%", "#%% Thing\n", "\\\n",
    "__class__", "import os", "lambda: ", " else ", "\n    ", "\n\n", "\\\"", "{0.__class__}", "%s", "f'{", "];", "\\'",
    "# type: ignore", "# noqa", "\n#", "class", "self", "None", "../", "file:///", "http://", "$ref", "allOf", "-->", "\\r",
)  # fmt: skip
_WHOLE = (
    '"""\n__pwn__()\n"""', "'''\n__pwn__()\n'''", '"+__pwn__()+"', "'+__pwn__()+'", '\\"+__pwn__()#', "\\", '"',
    "{__pwn__()}", "{{__pwn__()}} {% __pwn__() %}", "\n__pwn__()\n", "\r__pwn__()", "\u2028__pwn__()", "__pwn__);__pwn__(",
    "__pwn__]|__pwn__[", "__pwn__\\N{DASH}\\x41\\u0041\\777", "__import__('os').system('__pwn__')", '"""', "ends \\",
)  # fmt: skip


@dataclass
class Hostile:
    """Makes hostile texts, and counts where they were put."""

    dice: random.Random
    places: Counter[str] = field(default_factory=Counter[str])

    def text(self, place: str) -> str:
        """One text for a position; each carries the mark."""
        self.places[place] += 1
        if self.dice.random() < 0.2:
            return self.dice.choice(_WHOLE)
        pieces = self.dice.choices(_PIECES, k=self.dice.randrange(1, 9))
        pieces.insert(self.dice.randrange(len(pieces) + 1), self.dice.choice((_CALL, MARK)))
        return "".join(pieces)

    def __call__(self, place: str) -> str:
        return self.text(place)


def schema(hostile: Hostile, names: list[str], depth: int = 0) -> Any:
    """A schema with hostile text wherever one takes text."""
    kind = hostile.dice.randrange(9 if depth < 2 else 5)
    words = {"description": hostile("description"), "title": hostile("title")}
    if kind == 0:
        return {"type": "string", "enum": [hostile("enum"), hostile("enum"), "plain"], **words}
    if kind == 1:
        return {"const": hostile("const"), **words}
    if kind == 2:
        more = {
            "pattern": hostile("pattern"),
            "format": hostile("format"),
            "contentMediaType": hostile("contentMediaType"),
        }
        return {"type": "string", "default": hostile("default"), **more, **words}
    if kind == 3:
        return {"$ref": _reference(hostile.dice.choice(names)), **words}
    if kind == 4:
        return {"type": "array", "items": {"type": "string", "examples": [hostile("example")]}, **words}
    if kind == 5:
        return {"type": "object", "additionalProperties": schema(hostile, names, depth + 1), **words}
    if kind == 6:
        inner = [schema(hostile, names, depth + 1) for _ in range(3)]
        return {hostile.dice.choice(("anyOf", "oneOf")): inner, **words}
    properties = {hostile("property"): schema(hostile, names, depth + 1) for _ in range(3)}
    required = [hostile.dice.choice([*properties]), hostile("required")]
    more = {
        "default": {hostile("default key"): hostile("default value")},
        f"x-{hostile('extension')}": hostile("extension"),
    }
    return {"type": "object", "properties": properties, "required": required, **more, **words}


def _reference(name: str) -> str:
    from urllib.parse import quote

    return "#/components/schemas/" + quote(name.replace("~", "~0").replace("/", "~1"))


def operation(hostile: Hostile, names: list[str], security: list[str]) -> Any:
    """An operation with hostile text wherever one takes text."""
    described = {"description": hostile("response description")}
    parameters = [
        {"name": hostile(f"{place} parameter"), "in": place, "description": hostile("parameter description"),
         "schema": schema(hostile, names, 2)}
        for place in ("query", "header", "cookie", "query")
    ]  # fmt: skip
    form = {"type": "object", "properties": {(part := hostile("form field")): {"type": "string", "format": "binary"}}}
    return {
        "operationId": hostile("operationId"),
        "tags": [hostile("tag")],
        "summary": hostile("summary"),
        "description": hostile("operation description"),
        "externalDocs": {"url": hostile("external url"), "description": hostile("external description")},
        "parameters": parameters,
        "requestBody": {"description": hostile("body description"), "content": {
            "application/json": {"schema": schema(hostile, names)},
            hostile("media type"): {"schema": {"type": "string"}},
            "multipart/form-data": {"schema": form, "encoding": {part: {"contentType": hostile("encoding")}}},
        }},
        "responses": {
            "200": {**described, "headers": {hostile("header"): {"schema": {"type": "string"}}}, "content": {
                "application/json": {"schema": schema(hostile, names), "x-envelope": hostile("envelope")},
                hostile("answer media type"): {"schema": schema(hostile, names, 2)},
                "text/event-stream": {"itemSchema": schema(hostile, names)}}},
            "default": {"description": hostile("response description"), "links": {hostile("link"): {"operationId": hostile("link operation")}}},
            hostile("status"): described,
        },
        "callbacks": {hostile("callback"): {hostile("expression"): {"post": {"responses": {}, "summary": hostile("callback summary")}}}},
        "security": [{hostile.dice.choice(security): [hostile("scope")]}],
        "servers": [{"url": f"https://x.test/{hostile('operation server')}"}],
        "deprecated": hostile.dice.random() < 0.2,
        "x-method": hostile("x-method"),
        "x-idempotency-key": hostile("x-idempotency-key"),
        "x-pagination": {"style": "cursor", "items": f"/{hostile('pagination')}", "next": hostile("pagination"),
                         "parameter": hostile("pagination"), "limit": hostile("pagination")},
    }  # fmt: skip


def document(hostile: Hostile, schemas: int = 8, operations: int = 4) -> Any:
    """A document with hostile text in every position."""
    names = [hostile("schema name") for _ in range(schemas)]
    security = [hostile("security scheme") for _ in range(3)]
    union = {"oneOf": [{"$ref": _reference(names[0])}, {"$ref": _reference(names[1])}], "discriminator": {
        "propertyName": hostile("discriminator"), "mapping": {hostile("mapping"): _reference(names[0])}}}  # fmt: skip
    schemes = [
        {"type": "apiKey", "name": hostile("key name"), "in": "header", "description": hostile("scheme description")},
        {"type": "http", "scheme": hostile("http scheme"), "bearerFormat": hostile("bearer format")},
        {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": hostile("token url"), "scopes": {hostile("scope"): hostile("scope")}}}},
    ]  # fmt: skip
    paths = {
        "/" + hostile("path").replace("{", "").replace("}", ""): {
            "summary": hostile("path summary"),
            hostile.dice.choice(("get", "post", "put", "query")): operation(hostile, names, security),
        }
        for _ in range(operations)
    }
    inner = hostile("path parameter")
    paths["/p/{" + inner.replace("{", "").replace("}", "").replace("/", "") + "}"] = {
        "get": operation(hostile, names, security)
    }
    return {
        "openapi": "3.2.0",
        "info": {"title": hostile("title of all"), "version": hostile("version"), "description": hostile("description of all"),
                 "contact": {"name": hostile("contact")}, "license": {"name": hostile("license")}},
        "servers": [{"url": f"https://{{v}}/{hostile('server')}", "description": hostile("server description"),
                     "variables": {"v": {"default": hostile("variable"), "enum": [hostile("variable")]}}}],
        "tags": [{"name": hostile("tag"), "description": hostile("tag description")}],
        "paths": paths,
        "webhooks": {hostile("webhook"): {"post": operation(hostile, names, security)}},
        "components": {
            "schemas": {**{name: schema(hostile, names) for name in names}, hostile("schema name"): union},
            "securitySchemes": dict(zip(security, schemes, strict=True)),
        },
        f"x-{hostile('extension')}": hostile("extension"),
    }  # fmt: skip


def findings(files: dict[str, str]) -> Iterator[str]:
    """What is wrong with generated files: code that does not parse, or the mark where something may run it."""
    for path, code in files.items():
        if not path.endswith((".py", ".pyi")):
            continue
        try:
            tree = ast.parse(code, path)
            compile(tree, path, "exec")
        except (SyntaxError, ValueError) as error:
            yield f"{path}: does not parse: {error}"
            continue
        for node in ast.walk(tree):
            names = [getattr(node, word, None) for word in ("id", "attr", "arg", "name", "module")]
            if any(isinstance(name, str) and MARK in name for name in names):
                yield f"{path}: {ast.unparse(node)[:200]}"
            annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
            if annotation is not None and MARK in "".join(_evaluated(annotation)):
                yield f"{path}: an annotation: {ast.unparse(annotation)[:200]}"


def _evaluated(node: ast.AST) -> Iterator[str]:
    """The texts of an annotation that are evaluated themselves: not those of a `Literal`, nor what `Annotated` adds."""
    outer = node.value.id if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) else ""
    if outer == "Literal":
        return
    if outer == "Annotated" and isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        yield from _evaluated(node.slice.elts[0])
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from _evaluated(child)


_IMPORT = """
import builtins, importlib, json, pathlib, sys
ran = []
builtins.__pwn__ = lambda *a: ran.append(a)
sys.path.insert(0, sys.argv[1])
root = pathlib.Path(sys.argv[1], "nasty")
from wirewright import codecs
for path in sorted(root.rglob("*.py")):
    parts = path.relative_to(root.parent).with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
import nasty.models as models, nasty._package as package
models._home_of("")
for name in models._homes:
    try: codecs.get(package.CODEC).decoder(getattr(models, name))(b"{}")
    except codecs.CodecError: pass
print(json.dumps(len(ran)))
"""


def imported(files: dict[str, str], folder: Path) -> Iterator[str]:
    """Import everything and build every decoder, where the mark is a function that remembers its calls."""
    for path, code in files.items():
        place = folder / "nasty" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(code, encoding="utf-8", errors="surrogatepass")
    ran = subprocess.run([sys.executable, "-c", _IMPORT, str(folder)], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        yield f"it cannot be imported: {ran.stderr[-800:]}"
    elif ran.stdout.split()[-1] != "0":
        yield "text of the document was executed"


@dataclass
class Report:
    """What a run did."""

    cases: int = 0
    documents: int = 0
    refused: int = 0
    places: Counter[str] = field(default_factory=Counter[str])
    findings: list[str] = field(default_factory=list[str])


def run(
    cases: int, seed: int, *, seconds: float = float("inf"), flavours: tuple[str, ...] = FLAVOURS, every: int = 10
) -> Report:
    """Fuzz until there were so many cases, or for so long. `every`: how often a package is imported as well."""
    report, until, number = Report(), time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory(prefix="wirewright-fuzz-") as root:
        while report.cases < cases and time.monotonic() < until:
            number += 1
            hostile = Hostile(random.Random(f"{seed} {number}"))
            source = Path(root) / "spec.json"
            source.write_text(json.dumps(document(hostile)), encoding="utf-8")
            flavour: Any = flavours[number % len(flavours)]
            try:
                files = preview(Target(source, "nasty", Path(root), flavour, cli=True, allow_loss=True, cache=None))
            except SpecError:
                report.refused += 1
                continue
            except Exception as error:
                report.findings.append(
                    f"seed {seed} document {number} {flavour}: a crash: {type(error).__name__} {error}"
                )
                continue
            found = list(findings(files))
            if every and number % every == 0:
                with tempfile.TemporaryDirectory(dir=root) as folder:
                    found += imported(files, Path(folder))
            report.findings += [f"seed {seed} document {number} {flavour}: {finding}" for finding in found]
            report.documents += 1
            report.cases += hostile.places.total()
            report.places.update(hostile.places)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--flavour", action="append", choices=FLAVOURS)
    given = parser.parse_args()
    report = run(given.cases, given.seed, seconds=given.seconds, flavours=tuple(given.flavour or FLAVOURS))
    print(
        f"{report.cases} cases in {report.documents} documents at {len(report.places)} kinds of places, {report.refused} refused"
    )
    for finding in report.findings[:50]:
        print(finding)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
