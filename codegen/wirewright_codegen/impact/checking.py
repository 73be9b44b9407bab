"""An app, type-checked against a generated package: what mypy finds wrong, and what it knows about every name."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import shutil
import sys
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wirewright_codegen.errors import SpecError

if TYPE_CHECKING:
    from mypy.nodes import Expression
    from mypy.options import Options
    from mypy.types import Type

Place = tuple[int, int, int | None, int | None]
"""Line, column, last line, last column, as Python's own syntax tree counts."""
Known = tuple["Expression", "Type"]
_FIRST_LINE = 100_000
_RUNTIME_ONLY = (  # noqa: SIM905 - a list of names reads best as words
    "aiohttp anyio click cryptography h11 h2 hpack httpcore httpx joserfc jsonschema markdown_it multiprocessing "
    "opentelemetry pydantic redis requests rich sqlalchemy typer urllib3 uvloop yaml"
).split()
"""What the runtime imports, and generated code does not show: nothing of it is looked at unless the app names it."""
_SKIP: dict[str, object] = {"follow_imports": "skip"}
_MESSAGE = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): error: (?P<text>.*?)(?:  \[(?P<code>[\w-]+)\])?$")


@dataclass(frozen=True, slots=True)
class TypeProblem:
    """One error of the type checker; `line` counts from 1."""

    file: str
    line: int
    column: int
    text: str
    code: str


@dataclass(slots=True)
class CheckedApp:
    """What the type checker said.

    Attributes:
        problems: its errors in the app.
        known: by file, each expression in it with its type, by place.
    """

    problems: list[TypeProblem]
    known: dict[str, dict[Place, Known]]


def files_of(app: Path) -> list[Path]:
    """The Python files of an app: itself, or all below it that are no environment's and no cache's."""
    if app.is_file():
        return [app]
    found = sorted(path for path in app.rglob("*.py") if not _is_foreign(path.relative_to(app)))
    if not found:
        raise SpecError("there is no Python file here", file=str(app))
    return found


def _is_foreign(path: Path) -> bool:
    return any(part.startswith(".") or part in ("node_modules", "__pycache__", "site-packages") for part in path.parts)


def place_package(root: Path, package: str, files: Mapping[str, str]) -> None:
    """Write a generated package below a folder, in front of the installed one; its siblings stay reachable."""
    folder = root
    parts = package.split(".")
    for depth, part in enumerate(parts[:-1], start=1):
        folder /= part
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text("")
        (folder / "py.typed").touch()
        for sibling in _siblings(".".join(parts[:depth])):
            link = folder / sibling.name
            if sibling.name != parts[depth] and not link.exists():
                _stand_for(sibling, link)
    for path, text in files.items():
        place = folder / parts[-1] / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.write_text(text, encoding="utf-8")


def _stand_for(folder: Path, link: Path) -> None:
    """Another version at its place; copied where links are not allowed."""
    try:
        link.symlink_to(folder, target_is_directory=True)
    except OSError:
        shutil.copytree(folder, link)


def _siblings(package: str) -> Iterator[Path]:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield from (
            child for child in Path(place).iterdir() if child.is_dir() and not child.name.startswith((".", "_"))
        )


def check_app(app: Path, root: Path, cache: Path) -> CheckedApp:
    """Type-check an app with the packages below `root` in front of the installed ones.

    Args:
        app: a file, or the folder that its imports start at.
        root: where generated packages were placed.
        cache: a folder that mypy keeps what it knows about libraries in.

    Raises:
        SpecError: the app has a syntax error, or no Python file.
    """
    from mypy.build import build
    from mypy.errors import CompileError
    from mypy.fscache import FileSystemCache
    from mypy.modulefinder import BuildSource

    folder = app if app.is_dir() else app.parent
    texts = {str(path): text_of(path) for path in files_of(app)}
    shifts = _shifts(texts)
    copies = Path(tempfile.mkdtemp(prefix="app-", dir=root.parent))
    placed = {str(copies / Path(file).relative_to(folder)): file for file in texts}
    for copy, file in placed.items():
        Path(copy).parent.mkdir(parents=True, exist_ok=True)
        unseen = f"\n# {copies.name}\n"  # a text that is known would come from the cache, without its expressions
        Path(copy).write_text("\n" * shifts[file] + texts[file] + unseen, encoding="utf-8")
    sources = [BuildSource(copy, _module(Path(file), folder)) for copy, file in placed.items()]
    used = "\n".join([*texts.values(), *(file.read_text() for file in root.rglob("models/*.py"))])
    options = _options(root, copies, cache, used)
    written: list[str] = []

    def gather(filename: str | None, new_messages: list[str], is_serious: bool) -> None:
        written.extend(new_messages)

    try:
        result = build(sources, options, None, gather, FileSystemCache(), io.StringIO(), io.StringIO())
    except CompileError as error:
        raise SpecError(f"the app cannot be read: {error.messages[0] if error.messages else error}") from None
    return CheckedApp(list(_problems(written, placed, shifts)), _by_file(result.types, shifts))


def _shifts(texts: Mapping[str, str]) -> dict[str, int]:
    """How many lines each file is moved down for the type checker, whose answer does not say which file an expression
    is in: no two files, and no library's, have a line in common then.
    """
    shifts: dict[str, int] = {}
    line = _FIRST_LINE
    for file, text in texts.items():
        shifts[file] = line
        line += text.count("\n") + 2
    return shifts


def _by_file(types: Mapping[Expression, Type], shifts: Mapping[str, int]) -> dict[str, dict[Place, Known]]:
    files, starts = list(shifts), list(shifts.values())
    found: dict[str, dict[Place, Known]] = {file: {} for file in files}
    for expression, kind in types.items():
        index = bisect_right(starts, expression.line) - 1
        if index >= 0:
            start = starts[index]
            end = None if expression.end_line is None else expression.end_line - start
            place = (expression.line - start, expression.column, end, expression.end_column)
            found[files[index]][place] = (expression, kind)
    return found


def _options(root: Path, folder: Path, cache: Path, used: str) -> Options:
    from mypy.options import Options

    options = Options()
    options.python_executable = sys.executable
    options.mypy_path = [str(root), str(folder)]
    options.cache_dir = str(cache)
    options.follow_imports = "silent"
    options.ignore_missing_imports = True
    options.check_untyped_defs = True
    options.namespace_packages = True
    options.explicit_package_bases = True
    options.export_types = True
    options.preserve_asts = True
    options.show_column_numbers = True
    options.hide_error_codes = False
    options.pretty = False
    options.color_output = False
    options.error_summary = False
    options.show_error_end = False
    options.python_version = sys.version_info[:2]
    options.platform = sys.platform
    options.follow_imports_for_stubs = True
    for library in _RUNTIME_ONLY:
        if not re.search(rf"\b{library}\b", used):
            options.per_module_options |= {library: _SKIP, f"{library}.*": _SKIP}
    return options


def _module(path: Path, folder: Path) -> str:
    parts = list(path.relative_to(folder).with_suffix("").parts)
    if len(parts) > 1 and parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(part if part.isidentifier() else re.sub(r"\W", "_", part) for part in parts)


def text_of(path: Path) -> str:
    """The text of a source file. Raises `SpecError`."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"it cannot be read: {error}", file=str(path)) from None


def _problems(lines: Iterable[str], placed: Mapping[str, str], shifts: Mapping[str, int]) -> Iterator[TypeProblem]:
    files = {os.path.relpath(copy): file for copy, file in placed.items()} | dict(placed)
    for line in lines:
        found = _MESSAGE.match(line)
        file = files.get(found["file"]) if found else None
        if found and file is not None:
            number = int(found["line"]) - shifts[file]
            yield TypeProblem(file, number, int(found["column"]), found["text"], found["code"] or "")
