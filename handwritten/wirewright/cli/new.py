"""`wirewright new`: start a protocol."""

from __future__ import annotations

import importlib.util
import keyword
import re
import sys
from importlib import import_module
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Annotated

import typer

from wirewright.cli.report import USAGE, CliError, Format, FormatOption, show
from wirewright.cli.targets import find_pyproject

if TYPE_CHECKING:
    from rich.console import Console

_FILES = {
    "openapi.yaml.txt": "specs/{name}/1.0/openapi.yaml",
    "init.py.txt": "handwritten/{name}/__init__.py",
    "client.py.txt": "handwritten/{name}/client.py",
    "testing_init.py.txt": "handwritten/{name}/testing/__init__.py",
    "protocol.py.txt": "handwritten/{name}/testing/protocol.py",
    "rules.py.txt": "handwritten/{name}/testing/rules.py",
    "demo.py.txt": "handwritten/{name}/testing/demo.py",
    "test.py.txt": "tests/protocols/{name}/test_{name}.py",
}
_ENTRY_POINTS = '[project.entry-points."wirewright.protocols"]'
_TITLE = re.compile(r"[^\W_][\w .()'&+,/-]*")
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)


def run(
    name: Annotated[str, typer.Argument(help="Of the protocol and its Python package, such as greenhouse.")],
    *,
    title: Annotated[str | None, typer.Option(help="For people.", show_default="the name")] = None,
    folder: Annotated[
        Path | None, typer.Option("--in", help="Where to start it.", show_default="the project around here, or here")
    ] = None,
    generate: Annotated[bool, typer.Option("--generate/--no-generate", help="Generate its client right away.")] = True,
    form: FormatOption = Format.text,
) -> None:
    """Start a protocol: a spec, a client, a sandbox with rules, a demo and tests that pass.

    In a project with \\[tool.wirewright] it joins it; anywhere else it becomes a project of its own.
    """
    check_name(name)
    title = title or name.replace("_", " ").capitalize()
    if not _TITLE.fullmatch(title):
        raise CliError(f"{title!r} is no title: one line of words, with no quotes or colons", code=USAGE)
    root = folder or _project_root() or Path.cwd()
    if generate:
        for part in ("pipeline", "document", "models.render"):  # what is missing is told before anything is written
            import_module(f"wirewright_codegen.{part}")
    written = create(root, name, title)
    if generate:
        from wirewright.cli.generate import generate_all
        from wirewright.cli.targets import choose_targets

        generate_all(choose_targets([name], root / "pyproject.toml", {}), form)
    result = {"name": name, "root": str(root), "files": written}
    show(result, form, lambda console: _print(console, name, written))


def check_name(name: str) -> None:
    """Raises CliError for a name that cannot be a package, or that hides one."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise CliError(
            f"{name!r} is no name of a package: lower case, digits and underscores, as in green_house", code=USAGE
        )
    for package in (name, f"{name}_api"):
        if package in sys.stdlib_module_names or importlib.util.find_spec(package) is not None:
            raise CliError(f"there is already a Python package called {package}: choose another name", code=USAGE)


def create(root: Path, name: str, title: str) -> list[str]:
    """Writes the files, all new, and adds the protocol to pyproject.toml. Answers their paths below `root`."""
    values = {
        "name": name,
        "title": title,
        "class_name": "".join(part.capitalize() for part in name.split("_")),
        "version_id": "v1_0",
    }
    files = {target.format(name=name): _filled(source, values) for source, target in _FILES.items()}
    for path in files:
        if (root / path).exists():
            raise CliError("there is such a file already", place=path)
    pyproject = root / "pyproject.toml"
    if not pyproject.exists() and not (root / ".gitignore").exists():
        files[".gitignore"] = _filled("gitignore.txt", values)
    project = pyproject.read_text(encoding="utf-8") if pyproject.is_file() else _filled("pyproject.toml.txt", values)
    files["pyproject.toml"] = added_to(project, name)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(files)


def added_to(pyproject: str, name: str) -> str:
    """A pyproject.toml with the protocol's entry point and package in it; nothing else of its text changes."""
    entry = f'{name} = "{name}.testing.protocol:PROTOCOL"'
    if _ENTRY_POINTS in pyproject:
        pyproject = pyproject.replace(_ENTRY_POINTS, f"{_ENTRY_POINTS}\n{entry}", 1)
    else:
        pyproject = pyproject.rstrip("\n") + f"\n\n{_ENTRY_POINTS}\n{entry}\n"
    if "[tool.wirewright]" not in pyproject:
        pyproject = pyproject.rstrip("\n") + '\n\n[tool.wirewright]\nout = "generated"\n'
    package = f'[[tool.wirewright.packages]]\nspec = "specs/{name}/1.0"\npackage = "{name}_api.v1_0"\n'
    return pyproject.rstrip("\n") + "\n\n" + package


def _filled(source: str, values: dict[str, str]) -> str:
    text = Path(__file__).with_name("scaffold").joinpath(source).read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _project_root() -> Path | None:
    pyproject = find_pyproject()
    return pyproject.parent if pyproject else None


def _print(console: Console, name: str, written: list[str]) -> None:
    console.print(f"[green]✓[/] [bold]{name}[/] has {len(written)} files:")
    for path in written:
        console.print(f"    {path}")
    console.print("Next:")
    console.print(f"    wirewright demo {name}          [dim]its quick start against its sandbox[/]")
    console.print(f"    wirewright serve {name}         [dim]the sandbox, for other programs[/]")
    console.print(f"    pytest tests/protocols/{name}   [dim]client, sandbox and spec agree[/]")
    console.print(f"    pip install -e . {' ' * len(name)}      [dim]to import it in programs of your own[/]")
    console.print(f"[dim]Then edit specs/{name}/1.0/openapi.yaml, and run wirewright generate {name}.[/]")
