"""Contexts as Markdown files (protocol sheet, section 11)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from symbiont import AgentMemoryContext, MarkdownMemoryStore
from symbiont.exceptions import MemoryStorageError

CONTEXT = AgentMemoryContext("agent-1", ["likes tea"], ["greet first"], ["short replies work"], {"lost": "yes"})
TEXT = (
    "# Agent Memory: agent-1\n\n## Facts\n- likes tea\n\n## Procedures\n- greet first\n\n"
    "## Learned Patterns\n- short replies work\n"
)


@pytest.fixture
def store(tmp_path: Path) -> MarkdownMemoryStore:
    return MarkdownMemoryStore(str(tmp_path / "memory"))


def file(store: MarkdownMemoryStore, agent: str = "agent-1") -> Path:
    return store.root_dir / agent / "memory.md"


def test_the_file_is_that_of_the_original_byte_for_byte(store: MarkdownMemoryStore) -> None:
    store.save_context("agent-1", CONTEXT)
    store.save_context("e", AgentMemoryContext("e"))

    assert file(store).read_bytes() == TEXT.encode()
    assert file(store, "e").read_text() == "# Agent Memory: e\n\n## Facts\n\n## Procedures\n\n## Learned Patterns\n"
    assert stat.S_IMODE(file(store).stat().st_mode) == 0o600


def test_a_context_comes_back_without_its_metadata(store: MarkdownMemoryStore) -> None:
    store.save_context("agent-1", CONTEXT)

    assert store.load_context("agent-1") == AgentMemoryContext(
        "agent-1", CONTEXT.facts, CONTEXT.procedures, CONTEXT.learned_patterns
    )
    assert store.load_context("nobody") is None


def test_what_people_and_runtimes_write_is_read(store: MarkdownMemoryStore) -> None:
    file(store).parent.mkdir()
    file(store).write_text(
        "# Agent Memory\nUpdated: 2026-01-01T00:00:00Z\n- before any section\n\n##  FACTS \n-  two spaces\n### deeper\n"
        "- still a fact\n* no item\n## Other\n- not kept\n## learned patterns\n  - indented  \n"
    )

    found = store.load_context("agent-1")

    assert found is not None
    assert (found.facts, found.procedures) == ([" two spaces", "still a fact"], [])
    assert found.learned_patterns == ["indented"]


LINES = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)


@given(facts=st.lists(LINES), patterns=st.lists(LINES))
def test_every_item_comes_back_on_one_line(facts: list[str], patterns: list[str], tmp_path_factory: object) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as root:
        store = MarkdownMemoryStore(root)
        store.save_context("a", AgentMemoryContext("a", facts, [], patterns))
        found = store.load_context("a")

    def folded(items: list[str]) -> list[str]:
        lines = [" ".join(item.splitlines()).rstrip() if item.splitlines() else "" for item in items]
        return [line for line in lines if line]

    assert found is not None
    assert [item for item in found.facts if item] == folded(facts)
    assert [item for item in found.learned_patterns if item] == folded(patterns)


@pytest.mark.parametrize("agent", ["", ".", "..", "../x", "a/b", "/etc", "a\0b"])
@pytest.mark.promise("Symbiont: no agent's name leads out of the memory's directory")
def test_no_name_leads_out_of_the_root(agent: str, store: MarkdownMemoryStore) -> None:
    for act in (
        lambda: store.save_context(agent, CONTEXT),
        lambda: store.load_context(agent),
        lambda: store.delete_context(agent),
        lambda: store.compact(agent),
    ):
        with pytest.raises(MemoryStorageError) as caught:
            act()
        assert caught.value.storage_type == "markdown"


def test_saving_is_logged_and_old_logs_are_removed(store: MarkdownMemoryStore) -> None:
    store.save_context("agent-1", CONTEXT)
    store.save_context("agent-1", CONTEXT)
    [log] = (store.root_dir / "agent-1" / "logs").iterdir()
    entry = "- Facts: 1\n- Procedures: 1\n- Learned Patterns: 1\n"
    assert log.read_text().count(entry) == 2
    assert log.read_text().startswith("### Update at ")
    old = log.with_name("2020-01-01.md")
    old.write_text("x")
    os.utime(old, (0, 0))

    store.compact("agent-1")
    store.compact("nobody")

    assert [path.name for path in log.parent.iterdir()] == [log.name]


def test_contexts_are_listed_counted_and_removed(store: MarkdownMemoryStore) -> None:
    for agent in ("b", "a"):
        store.save_context(agent, AgentMemoryContext(agent))

    stats = store.get_storage_stats()
    assert store.list_agent_contexts() == ["a", "b"]
    assert (stats.total_contexts, stats.last_cleanup, stats.storage_path) == (2, None, str(store.root_dir))
    assert stats.total_size_bytes == sum(path.stat().st_size for path in store.root_dir.rglob("*") if path.is_file())

    store.delete_context("a")
    store.delete_context("a")
    assert store.list_agent_contexts() == ["b"]


def test_a_disk_that_refuses_leaves_the_old_file(store: MarkdownMemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save_context("agent-1", CONTEXT)

    def refuse(self: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(MemoryStorageError, match="disk full"):
        store.save_context("agent-1", AgentMemoryContext("agent-1"))

    assert file(store).read_text() == TEXT
    assert sorted(path.name for path in file(store).parent.iterdir()) == ["logs", "memory.md"]
