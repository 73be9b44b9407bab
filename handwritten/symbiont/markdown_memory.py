"""What an agent knows, as Markdown files that people can read (protocol sheet §11).

<root>/<agent>/memory.md        the context: facts, procedures, learned patterns
<root>/<agent>/logs/<day>.md    one entry for every time it was saved
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from symbiont.exceptions import MemoryStorageError

MEMORY_FILE = "memory.md"
_SECTIONS = {"Facts": "facts", "Procedures": "procedures", "Learned Patterns": "learned_patterns"}


@dataclass
class StorageStats:
    """How much is stored. `last_cleanup` is not recorded."""

    total_contexts: int
    total_size_bytes: int
    last_cleanup: str | None
    storage_path: str


@dataclass
class AgentMemoryContext:
    """What an agent knows. `metadata` is not stored."""

    agent_id: str
    facts: list[str] = field(default_factory=list[str])
    procedures: list[str] = field(default_factory=list[str])
    learned_patterns: list[str] = field(default_factory=list[str])
    metadata: dict[str, str] = field(default_factory=dict[str, str])


class MarkdownMemoryStore:
    """Contexts in a directory. Saving replaces the file in one step, so readers see the old or the new one."""

    def __init__(self, root_dir: str | Path, retention_days: int = 30) -> None:
        """`retention_days`: how long `compact` keeps logs."""
        self.root_dir = Path(root_dir)
        self.retention_days = retention_days
        self._root_dir = str(root_dir)
        try:
            self.root_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unstored(f"The directory {root_dir} cannot be made", error) from error

    def save_context(self, agent_id: str, context: AgentMemoryContext) -> None:
        """Store a context and log that it was. Line breaks within an item become spaces.

        Raises `MemoryStorageError`.
        """
        directory = self._directory(agent_id)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            _replace(directory / MEMORY_FILE, _rendered(context))
            _append_log(directory / "logs", context)
        except OSError as error:
            raise _unstored(f"The memory of {agent_id} cannot be stored", error) from error

    def load_context(self, agent_id: str) -> AgentMemoryContext | None:
        """A context, or None when there is none. Raises `MemoryStorageError`."""
        try:
            text = (self._directory(agent_id) / MEMORY_FILE).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise _unstored(f"The memory of {agent_id} cannot be read", error) from error
        return _parsed(agent_id, text)

    def delete_context(self, agent_id: str) -> None:
        """Remove a context with its logs; one that is missing is fine. Raises `MemoryStorageError`."""
        try:
            shutil.rmtree(self._directory(agent_id))
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unstored(f"The memory of {agent_id} cannot be removed", error) from error

    def list_agent_contexts(self) -> list[str]:
        """The agents, by name."""
        return sorted(entry.name for entry in self._entries() if entry.is_dir())

    def compact(self, agent_id: str) -> None:
        """Remove logs older than `retention_days`."""
        logs = self._directory(agent_id) / "logs"
        oldest = time.time() - self.retention_days * 86400
        for log in logs.iterdir() if logs.is_dir() else ():
            if log.is_file() and log.stat().st_mtime < oldest:
                log.unlink()

    def get_storage_stats(self) -> StorageStats:
        """How much is stored, logs included."""
        sizes = (path.stat().st_size for path in self.root_dir.rglob("*") if path.is_file())
        return StorageStats(len(self.list_agent_contexts()), sum(sizes), None, self._root_dir)

    def _entries(self) -> list[Path]:
        return list(self.root_dir.iterdir()) if self.root_dir.is_dir() else []

    def _directory(self, agent_id: str) -> Path:
        """The agent's directory: one level below the root, whatever the name."""
        if agent_id in {"", ".", ".."} or "\0" in agent_id or "/" in agent_id or os.sep in agent_id:
            raise MemoryStorageError(f"{agent_id!r} is no name for a directory", storage_type="markdown")
        return self.root_dir / agent_id


def _unstored(message: str, error: Exception) -> MemoryStorageError:
    return MemoryStorageError(f"{message}: {error}", storage_type="markdown")


def _items(context: AgentMemoryContext, section: str) -> list[str]:
    found: list[str] = getattr(context, _SECTIONS[section])
    return found


def _rendered(context: AgentMemoryContext) -> str:
    parts = [f"# Agent Memory: {_one_line(context.agent_id)}\n"]
    for section in _SECTIONS:
        parts.append(f"\n## {section}\n")
        parts += [f"- {_one_line(item)}\n" for item in _items(context, section)]
    return "".join(parts)


def _one_line(item: str) -> str:
    return " ".join(item.splitlines()) if len(item.splitlines()) > 1 else item.rstrip("\r\n")


def _parsed(agent_id: str, text: str) -> AgentMemoryContext:
    """A line `## Name` begins a section, `- item` adds to it; everything else is for people."""
    context = AgentMemoryContext(agent_id)
    by_name = {section.lower(): section for section in _SECTIONS}
    section: str | None = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("## "):
            section = by_name.get(line[3:].strip().lower())
        elif line.startswith("- ") and section is not None:
            _items(context, section).append(line[2:])
    return context


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=".memory_", suffix=".md", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _append_log(directory: Path, context: AgentMemoryContext) -> None:
    now = datetime.now()
    directory.mkdir(exist_ok=True)
    counts = "".join(f"- {section}: {len(_items(context, section))}\n" for section in _SECTIONS)
    with (directory / f"{now:%Y-%m-%d}.md").open("a", encoding="utf-8", newline="\n") as log:
        log.write(f"### Update at {now:%H:%M:%S}\n{counts}")
