"""A client for a spec that has none yet: generated into the user's cache, once for each spec and generator."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from importlib import invalidate_caches
from pathlib import Path

from wirewright import __version__
from wirewright.contract.document import SpecDocument


class NotGenerableError(RuntimeError):
    """The generator could not write the whole client; the message says what is lost."""


def package_for(spec: Path, document: SpecDocument) -> str:
    """The name of an importable package that was generated from a spec. Raises NotGenerableError, or SpecError."""
    text = json.dumps(document.raw, sort_keys=True, ensure_ascii=False)
    package = f"contract_{hashlib.sha256((__version__ + text).encode()).hexdigest()[:16]}_api"
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    if not (folder / package / "spec.json").is_file():
        _generate(spec, package, folder)
        invalidate_caches()
    return package


def cache_folder() -> Path:
    """`$WIREWRIGHT_CACHE`, else `wirewright/contract` in the user's cache folder, else one for temporary files."""
    given = os.environ.get("WIREWRIGHT_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given) / "wirewright" / "contract"
    try:
        return Path.home() / ".cache" / "wirewright" / "contract"
    except RuntimeError:
        return Path(tempfile.gettempdir()) / "wirewright" / "contract"


def _generate(spec: Path, package: str, folder: Path) -> None:
    """Written beside its place and moved there whole, so that two test runs at once do not disturb each other."""
    from wirewright_codegen.pipeline import Target, generate

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        result = generate(Target(spec=spec, package=package, out=Path(scratch), cache=None), verify=False)
        if not result.ok:
            raise NotGenerableError(f"{spec.name} cannot be generated whole: {result.account.summary()}")
        try:
            (Path(scratch) / package).rename(folder / package)
        except OSError:
            if not (folder / package / "spec.json").is_file():
                raise
