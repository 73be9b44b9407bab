"""Tiny specs, one for each construct, and the code they give: `python tests/codegen/golden/golden.py --write`.

A spec is a file, a folder of files, or a bare JSON Schema (`*.schema.json`); `NAME.overlay.yaml` mends `NAME.yaml`.

The expected code of a spec is one file for each flavour, its modules one after the other. The msgspec flavour shows
models, operations and whatever else the construct changes; the others show their models.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from wirewright_codegen.pipeline import Target, preview
from wirewright_codegen.targets import FLAVOURS, Flavour

HERE = Path(__file__).resolve().parent
SPECS = HERE / "specs"
EXPECTED = HERE / "expected"
ALSO = {"security": ("auth.py",), "webhooks": ("webhooks.py",), "pagination": ("resources/items.py",)}
OVERLAY, BARE = ".overlay.yaml", ".schema.json"
SOURCES = {
    path.name.partition(".")[0]: path for path in sorted(SPECS.iterdir()) if not path.name.endswith(OVERLAY)
}  # a folder is a document of many files
NAMES = sorted(SOURCES)


def target_of(name: str, package: str, out: Path, flavour: Flavour) -> Target:
    """What is generated of a spec: itself, mended by its overlay if it has one."""
    overlay = SPECS / f"{name}{OVERLAY}"
    return Target(SOURCES[name], package, out, flavour, overlay=(overlay,) if overlay.exists() else (), cache=None)


def code_of(name: str, flavour: Flavour) -> str:
    """The code that a spec gives, in one text."""
    with tempfile.TemporaryDirectory() as folder:
        files = preview(target_of(name, name, Path(folder), flavour))
    folders = ("models", "operations") if flavour == "msgspec" else ("models",)
    also = ALSO.get(name, ()) if flavour == "msgspec" else ()
    shown = [
        path
        for path in sorted(files)
        if path in also or (path.split("/")[0] in folders and path.endswith(".py") and "__init__" not in path)
    ]
    return "\n".join(f"# ---- {path}\n{files[path]}" for path in shown)


def expected(name: str, flavour: str) -> Path:
    """Where the expected code is kept."""
    return EXPECTED / f"{name}.{flavour}.txt"


def main() -> int:
    for name in NAMES:
        for flavour in FLAVOURS:
            text, place = code_of(name, flavour), expected(name, flavour)
            if "--write" in sys.argv[1:]:
                place.write_text(text, encoding="utf-8")
            elif not place.exists() or place.read_text(encoding="utf-8") != text:
                print(f"{place.name} differs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
