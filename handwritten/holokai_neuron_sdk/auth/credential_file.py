"""The credential on disk, readable by its owner only."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import cast

from holokai_neuron_sdk.auth.types import StoredCredential


def default_credential_path() -> Path:
    """`~/.holokai/neuron-credentials.json`."""
    return Path.home() / ".holokai" / "neuron-credentials.json"


def read_credential_file(path: str | Path) -> StoredCredential | None:
    """The stored credential, None when there is no file.

    Raises:
        json.JSONDecodeError: the file is no JSON.
        ValueError: it is no object with the four strings.
        OSError: it cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    found: object = json.loads(text)
    document = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    strings = {field.name: document.get(field.name) for field in fields(StoredCredential)}
    if not all(isinstance(value, str) for value in strings.values()):
        raise ValueError(f"{path} is a malformed credential file: it needs the strings {', '.join(strings)}")
    return StoredCredential(**cast("dict[str, str]", strings))


def write_credential_file(path: str | Path, credential: StoredCredential) -> None:
    """Write it whole or not at all, mode 0600; a folder that has to be made gets 0700."""
    target = Path(path)
    if not target.parent.exists():
        target.parent.mkdir(parents=True, mode=0o700)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(asdict(credential), indent=2) + "\n")
        draft.chmod(0o600)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
