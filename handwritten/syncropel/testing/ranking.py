"""A ranking for tests: records and texts as bags of words, close when their words are.

It is no embedding, but it is always there, always the same and explains itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from syncropel.checks import is_array, is_object

EMBEDDER = "bag-of-words"
_words = re.compile(r"\w+").findall


def bag(text: str) -> Counter[str]:
    """The words of a text, in lower case."""
    return Counter(_words(text.lower()))


def texts(value: Any) -> Iterator[str]:
    """Every string in a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif is_object(value):
        for item in value.values():
            yield from texts(item)
    elif is_array(value):
        for item in value:
            yield from texts(item)


def similarity(left: Counter[str], right: Counter[str]) -> float:
    """The cosine of two bags, from 0 to 1."""
    shared = sum(count * right[word] for word, count in left.items())
    length = math.sqrt(sum(n * n for n in left.values()) * sum(n * n for n in right.values()))
    return shared / length if length else 0.0


def rank(query: str, records: Iterable[Mapping[str, Any]], k: int) -> list[tuple[float, Mapping[str, Any]]]:
    """The `k` closest records that share a word with the query, best first; earlier ones first among equals."""
    wanted = bag(query)
    scored = ((similarity(wanted, bag(" ".join(texts(record.get("body"))))), record) for record in records)
    return sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])[:k]
