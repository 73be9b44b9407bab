"""Changes that people approved: `.wirewright-approved.toml`.

[[approved]]
fingerprint = "2f4a90c17be3"
change = "Slot.state: property state is gone"      # for people; not read
reason = "nobody has used it since 0.10"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wirewright_codegen.diff.values import Change
from wirewright_codegen.read.values import is_list, is_map

FILE = ".wirewright-approved.toml"
_HEAD = "# Changes of specs that people approved: `wirewright diff` and `wirewright check` do not fail on them.\n"


class ApprovedError(ValueError):
    """The file cannot be read; the message says where."""


@dataclass(frozen=True, slots=True)
class Approved:
    """Fingerprints with the reason of each."""

    reasons: dict[str, str] = field(default_factory=dict[str, str])

    def __contains__(self, change: Change) -> bool:
        return change.fingerprint in self.reasons

    @classmethod
    def load(cls, path: Path) -> Approved:
        """Those of a file; none when there is no file.

        Raises:
            ApprovedError: it is no TOML, or an entry has no fingerprint.
        """
        try:
            content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ApprovedError(f"{path.name} cannot be read: {error}") from None
        entries = content.get("approved", [])
        if not is_list(entries):
            raise ApprovedError(f"{path.name}: `approved` is not a list of tables")
        reasons: dict[str, str] = {}
        for number, entry in enumerate(entries):
            if not is_map(entry) or not isinstance(entry.get("fingerprint"), str):
                raise ApprovedError(f"{path.name}: approved[{number}] has no fingerprint")
            reasons[str(entry["fingerprint"])] = str(entry.get("reason", ""))
        return cls(reasons)


def approve(path: Path, changes: Iterable[Change], reason: str) -> list[Change]:
    """Add changes to a file; what is in it already stays as it is. Answers those that were added."""
    known = Approved.load(path)
    added = [change for change in changes if change not in known]
    if added:
        text = path.read_text(encoding="utf-8") if path.exists() else _HEAD
        path.write_text(
            text.rstrip("\n") + "\n" + "".join(_entry(change, reason) for change in added), encoding="utf-8"
        )
    return added


def _entry(change: Change, reason: str) -> str:
    values = {"fingerprint": change.fingerprint, "change": f"{change.place}: {change.text}", "reason": reason}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n[[approved]]\n" + "\n".join(lines) + "\n"
