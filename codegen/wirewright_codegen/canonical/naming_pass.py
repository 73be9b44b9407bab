"""Class names for all entries, by place, honouring the names that were published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from wirewright_codegen.canonical.places import Place
from wirewright_codegen.canonical.registry import Entry
from wirewright_codegen.naming import class_name, class_words, spelled, unique

_LONG = 60
_DECLARED, _ROOT, _INNER = 0, 1, 2


def name_all(entries: Iterable[Entry], locked: Mapping[str, str]) -> dict[str, str]:
    """A class name for the id of every entry.

    Declared schemas choose first, then the roots of other places, then what lies inside; a name never depends on order.
    `locked` maps the keys of places to names.
    """
    by_key = _by_place(entries)
    keys = {entry.id: key for key, entry in by_key.items()}
    levels: dict[int, list[str]] = defaultdict(list)
    for key, entry in by_key.items():
        levels[_level(entry)].append(key)
    names: dict[str, str] = {}
    for level in sorted(levels):
        wanted = {key: _wishes(by_key[key], names, keys) for key in levels[level]}
        rank = {key: 0 if _is_exact(by_key[key]) else 1 for key in levels[level]}
        names |= unique(wanted, taken=[*names.values(), *locked.values()], locked=_only(locked, wanted), rank=rank)
    return {entry.id: names[key] for key, entry in by_key.items()}


def place_key(entry: Entry) -> str:
    """What the lock of names calls an entry."""
    assert entry.place is not None
    return entry.place.key


def _only(locked: Mapping[str, str], wanted: Mapping[str, object]) -> dict[str, str]:
    return {key: name for key, name in locked.items() if key in wanted}


def _by_place(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Entries by the key of their place; of several at one place all are told apart by their ids."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[place_key(entry)].append(entry)
    found: dict[str, Entry] = {}
    for key, group in groups.items():
        for entry in group:
            found[key if len(group) == 1 or entry.declared else f"{key} {entry.id}"] = entry
    return found


def _level(entry: Entry) -> int:
    if entry.declared:
        return _DECLARED
    assert entry.place is not None
    return _INNER + len(entry.place.words) if entry.place.words else _ROOT


def _is_exact(entry: Entry) -> bool:
    return entry.place is not None and entry.place.base == class_name(entry.place.base)


def _wishes(entry: Entry, names: Mapping[str, str], keys: Mapping[str, str]) -> list[str]:
    place = entry.place
    assert place is not None
    root = names.get(keys.get(place.entry or "", "")) or class_name(place.base)
    if not place.words:
        return (
            [root, spelled(place.base), f"{root}Model"]
            if entry.declared
            else [root, *_with_file(entry, root), spelled(place.base)]
        )
    return [class_name(name) for name in _composed(root, place)]


def _with_file(entry: Entry, root: str) -> list[str]:
    stem = class_words(entry.at.file.partition(".")[0])
    return [class_name(stem + root)] if stem and stem != root else []


def _composed(root: str, place: Place) -> list[str]:
    """Root and words; when that is long, first the root with as many of the last words as fit."""
    words = [class_words(word) for word in place.words]
    full = root + "".join(words)
    if len(full) <= _LONG:
        return [full, f"{full}Model", root + "".join(spelled(word) for word in place.words)]
    short: list[str] = []
    for count in range(1, len(words)):
        name = root + "".join(words[-count:])
        if len(name) <= _LONG:
            short.append(name)
    return [*reversed(short[-1:]), full, f"{full}Model"]
