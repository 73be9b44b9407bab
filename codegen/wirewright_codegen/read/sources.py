"""Where bytes come from: files under one root, and remote addresses when they are allowed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urljoin

from wirewright_codegen.errors import ForbiddenReferenceError, SpecError
from wirewright_codegen.read.options import ReadOptions
from wirewright_codegen.read.remote import fetch

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def is_remote(name: str) -> bool:
    """Whether a name is a web address."""
    return scheme_of(name) in ("http", "https")


def scheme_of(name: str) -> str:
    """The scheme that an address begins with, in lower case; empty when it has none."""
    found = _SCHEME.match(name)
    return found[1].lower() if found else ""


def joined(base: str, reference: str) -> str:
    """A reference without fragment, seen from an address; as it is when it is no address at all (`http://[`)."""
    address = reference.partition("#")[0]
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def resolve_name(base: str, reference: str) -> str:
    """The name of the file that a reference without fragment points to, seen from the file `base`."""
    reference = reference.partition("#")[0]
    if not reference:
        return base
    if is_remote(reference) or is_remote(base):
        return joined(base, reference)
    scheme = scheme_of(reference)
    if scheme == "file":
        return re.sub(r"(?i)file:(//[^/]*)?", "", reference, count=1)
    if len(scheme) > 1:
        return reference  # urn: and the like: only ever found by $id
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(reference)))


@dataclass(frozen=True, slots=True)
class Sources:
    """Fetches the bytes of files by name. `folder` is what relative names are relative to."""

    folder: Path
    root: Path
    options: ReadOptions
    trusted: str | None = None

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises ForbiddenReferenceError for what may not be read, SpecError for what cannot be.
        """
        if is_remote(name):
            return self._remote(name)
        if len(scheme_of(name)) > 1:
            raise SpecError(f"{name} cannot be fetched", file=name)
        if self.trusted and not Path(name).is_absolute() and is_remote(self.trusted):
            raise ForbiddenReferenceError("a remote document may not refer to a local file", file=name)
        return self._local(name)

    def holding(self, text: bytes) -> Iterator[str]:
        """Names of the local files in the folder whose bytes hold a text, as many of them as a document may have."""
        if self.trusted and is_remote(self.trusted):
            return
        files = (path for path in self.folder.rglob("*") if path.suffix in (".yaml", ".yml", ".json"))
        for path in sorted(islice(files, self.options.max_files)):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and text in self.read(name):
                yield name

    def _remote(self, name: str) -> bytes:
        if name != self.trusted and not self.options.allow_remote:
            raise ForbiddenReferenceError(
                f"{name} is on the network; references to it are followed only with allow_remote", file=name
            )
        return fetch(name, self.options, trust_host=name == self.trusted)

    def _local(self, name: str) -> bytes:
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise ForbiddenReferenceError(f"{name} lies outside the folder that may be read", file=name)
        if not path.is_file():
            raise SpecError("there is no such file", file=name)
        if path.stat().st_size > self.options.max_bytes:
            raise SpecError(f"the file is larger than the {self.options.max_bytes} bytes allowed", file=name)
        try:
            return path.read_bytes()
        except OSError as error:
            raise SpecError(f"the file cannot be read: {error.strerror}", file=name) from None
