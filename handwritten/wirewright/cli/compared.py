"""What `diff`, `impact` and `check` compare: a spec, a version of a protocol, or either at a git revision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from wirewright.cli.report import CliError
from wirewright.cli.targets import find_pyproject, names_of

if TYPE_CHECKING:
    from wirewright_codegen.diff.sources import Source
    from wirewright_codegen.pipeline import Target


class Sides:
    """Resolves what people write. Targets of the nearest `[tool.wirewright]` lend their names and options."""

    def __init__(self, config: Path | None) -> None:
        self._pyproject = config or find_pyproject()
        self._targets: list[Target] | None = None

    @property
    def folder(self) -> Path:
        """The folder of the configuration; the working directory without one."""
        return self._pyproject.parent if self._pyproject else Path.cwd()

    @property
    def targets(self) -> list[Target]:
        """The targets of the configuration; none without one."""
        if self._targets is None:
            from wirewright_codegen.config import ConfigError, load_config

            try:
                self._targets = load_config(self._pyproject) if self._pyproject else []
            except ConfigError as error:
                raise CliError(str(error), place=self._pyproject.name if self._pyproject else None) from None
        return self._targets

    def source(self, text: str) -> Source:
        """A document for `specs/sbn/0.12`, `sbn/0.12`, `HEAD~1:specs/sbn/0.12`, `spec.json`, or a web address.

        Raises CliError with what there is.
        """
        from wirewright_codegen.diff.sources import source_of, spec_at, split_revision

        if text.startswith(("http://", "https://")) or Path(text).exists():
            return source_of(self._target_of(text), text)
        named = [target for target in self.targets if text in names_of(target)]
        if len(named) == 1:
            return source_of(named[0], text)
        if len(named) > 1:
            versions = ", ".join(names_of(target)[1] for target in named)
            raise CliError(f"{text} has several versions: say which of {versions}", code=2)
        if revised := split_revision(text):
            return spec_at(self._target_of(str(self.folder / revised[1])), *revised)
        return self._installed(text)

    def package(self, text: str) -> tuple[str, str] | None:
        """Name and flavour of the package that clients of such a spec import: configured here, or installed."""
        target = self._known(text)
        return (target.package, target.models) if target else self._installed_package(text)

    def _known(self, text: str) -> Target | None:
        """The configured target that a text stands for, at any revision."""
        from wirewright_codegen.diff.sources import split_revision

        named = [target for target in self.targets if text in names_of(target)]
        if len(named) == 1:
            return named[0]
        revised = None if Path(text).exists() else split_revision(text)
        place = str(self.folder / revised[1]) if revised else text
        return next((target for target in self.targets if _same(target, place)), None)

    @staticmethod
    def _installed_package(text: str) -> tuple[str, str] | None:
        from importlib import import_module

        from wirewright.protocols import find_protocol, names

        name, _, version = text.partition("/")
        if name not in names():
            return None
        protocol = find_protocol(name)
        package = protocol.versions[protocol.version(version or None)].package
        return package, str(import_module(f"{package}._package").CODEC)

    def _target_of(self, text: str) -> Target:
        from wirewright_codegen.pipeline import Target

        known = next((target for target in self.targets if _same(target, text)), None)
        if known is not None:
            return known
        spec = text if text.startswith(("http://", "https://")) else Path(text)
        return Target(
            spec, "unnamed", self.folder / ".wirewright" / "none", cache=self.folder / ".wirewright" / "cache"
        )

    @staticmethod
    def _installed(text: str) -> Source:
        """A version of an installed protocol: `sbn/0.12`."""
        from wirewright_codegen.diff.sources import Source

        from wirewright.protocols import find_protocol, names

        name, _, version = text.partition("/")
        if name not in names():
            raise CliError(
                f"{text!r} is neither a file nor a version of a protocol nor REVISION:PATH",
                hint="wirewright diff specs/sbn/0.12 sbn/0.14; wirewright diff HEAD~1:specs/sbn/0.14 specs/sbn/0.14",
            )
        document = find_protocol(name).document(version or None)
        return Source(text, json.loads(json.dumps(document.raw)))


def _same(target: Target, text: str) -> bool:
    spec = target.spec
    if not isinstance(spec, Path):
        return str(spec) == text
    own, other = spec.resolve(), Path(text).resolve()
    return own == other or (own == other.parent and other.stem in ("openapi", "swagger"))
