"""Which packages a command is about: those of `[tool.wirewright]`, or one that the options describe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirewright.cli import complete
from wirewright.cli.report import CliError

if TYPE_CHECKING:
    from wirewright_codegen.pipeline import Target

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PROTOCOL]...",
        help="As listed in \\[tool.wirewright]: syncropel, sbn/0.14; all by default.",
        autocompletion=complete.packages,
    ),
]
SpecOption = Annotated[str | None, typer.Option(help="Any spec: a file, a folder or a web address.")]
PackageOption = Annotated[str | None, typer.Option(help="Dotted name of the package.")]
OutOption = Annotated[
    Path | None, typer.Option(help="Folder that packages are written into.", show_default="generated")
]
ModelsOption = Annotated[str | None, typer.Option(help="msgspec, attrs or pydantic.", show_default="msgspec")]
CliOption = Annotated[bool | None, typer.Option("--cli", help="Write a command line, too.", show_default=False)]
OverlayOption = Annotated[list[Path] | None, typer.Option(help="An OpenAPI Overlay to apply; may be repeated.")]
PruneOption = Annotated[
    bool | None, typer.Option("--prune", help="Leave out schemas that nothing reaches.", show_default=False)
]
RemoteOption = Annotated[
    bool | None, typer.Option("--allow-remote", help="Follow references to web addresses.", show_default=False)
]
RootOption = Annotated[Path | None, typer.Option(help="Folder that no referenced file may lie outside of.")]
LossOption = Annotated[
    bool | None, typer.Option("--allow-loss", help="What could not be generated is no failure.", show_default=False)
]
ConfigOption = Annotated[
    Path | None, typer.Option(help="The pyproject.toml to read.", show_default="the nearest with [tool.wirewright]")
]


def find_pyproject(start: Path | None = None) -> Path | None:
    """The nearest pyproject.toml, here or above, that has a `[tool.wirewright]`."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        candidate = folder / "pyproject.toml"
        if candidate.is_file() and "[tool.wirewright" in candidate.read_text(encoding="utf-8", errors="replace"):
            return candidate
    return None


def choose_targets(names: list[str], config: Path | None, options: dict[str, Any]) -> list[Target]:
    """The targets to work on. `options` are those given on the command line, None for those that were not."""
    given = {key: value for key, value in options.items() if value not in (None, [])}
    if "spec" in given or "package" in given:
        if names:
            raise CliError("name protocols, or give --spec and --package, not both", code=2)
        return [_single(given)]
    found = _narrowed(_configured(config), names)
    changes: dict[str, Any] = {key: tuple(value) if key == "overlay" else value for key, value in given.items()}
    _check_flavour(changes.get("models"))
    return [replace(target, **changes) for target in found]


def of_their_protocols(targets: list[Target], config: Path | None) -> list[Target]:
    """The targets, and the other versions of their protocols: what is told about a protocol needs them all."""
    from wirewright_codegen.diff.history import protocol_folder

    pyproject = config or find_pyproject()
    folders = {protocol_folder(target) for target in targets}
    others = _configured(pyproject) if pyproject else []
    return [
        *targets,
        *(other for other in others if other not in targets and protocol_folder(other) in folders - {None}),
    ]


def _check_flavour(name: str | None) -> None:
    from wirewright_codegen.targets import FLAVOURS

    if name is not None and name not in FLAVOURS:
        raise CliError(f"{name!r} is no flavour; there are {', '.join(FLAVOURS)}", place="--models", code=2)


def _single(given: dict[str, Any]) -> Target:
    from wirewright_codegen.config import ConfigError, make_target

    missing = [f"--{key}" for key in ("spec", "package") if key not in given]
    if missing:
        raise CliError(f"{missing[0]} is missing", hint="wirewright generate --spec FILE --package NAME", code=2)
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in given.items()}
    if "overlay" in plain:
        plain["overlay"] = [str(path) for path in plain["overlay"]]
    try:
        return make_target(plain, Path.cwd(), "")
    except ConfigError as error:
        raise CliError(str(error), code=2) from None


def _configured(config: Path | None) -> list[Target]:
    from wirewright_codegen.config import ConfigError, load_config

    pyproject = config or find_pyproject()
    if pyproject is None:
        raise CliError(
            "there is no pyproject.toml with [tool.wirewright] here or above",
            hint="any spec: wirewright generate --spec FILE --package NAME; a new protocol: wirewright new NAME",
        )
    try:
        return load_config(pyproject)
    except ConfigError as error:
        raise CliError(str(error), place=pyproject.name) from None


def _narrowed(targets: list[Target], names: list[str]) -> list[Target]:
    chosen: list[Target] = []
    for name in names:
        matching = [target for target in targets if name in names_of(target)]
        if not matching:
            known = sorted({names_of(target)[0] for target in targets})
            raise CliError(f"[tool.wirewright] lists no {name!r}; it has {', '.join(known) or 'nothing'}")
        chosen += [target for target in matching if target not in chosen]
    return chosen if names else targets


def names_of(target: Target) -> list[str]:
    """What a target may be called: `syncropel`, `syncropel/0.7`, `syncropel_api`, `syncropel_api.v0_7`."""
    spec = Path(str(target.spec))
    folder = spec.parent if spec.suffix in {".json", ".yaml", ".yml"} else spec
    top = target.package.partition(".")[0]
    protocol = folder.parent.name if folder.parent.parent.name == "specs" else top.removesuffix("_api")
    return [protocol, f"{protocol}/{folder.name}", top, target.package, target.label]
