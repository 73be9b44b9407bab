"""Whatever comes, decoders answer or raise the one error that they document; in pieces as at once (see `fuzz.py`)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

_spec = importlib.util.spec_from_file_location("fuzz_targets", Path(__file__).with_name("fuzz.py"))
assert _spec is not None
assert _spec.loader is not None
fuzz = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fuzz)


@pytest.mark.promise("Any bytes decode, or raise the one documented error; at once, byte by byte or in pieces alike")
@pytest.mark.parametrize("name", sorted(fuzz.TARGETS))
def test_any_bytes(name):
    seeds = st.sampled_from(fuzz.SEEDS[name])
    mixed = st.lists(st.one_of(seeds, st.binary(max_size=30)), max_size=8).map(b"".join)
    for seed in fuzz.SEEDS[name]:
        fuzz.TARGETS[name](seed)
    settings(max_examples=200, deadline=None)(given(st.one_of(st.binary(max_size=300), mixed))(fuzz.TARGETS[name]))()


@pytest.mark.parametrize("limit", range(1, 24))
def test_the_limit_of_an_event_does_not_depend_on_how_it_comes(limit):
    """Found by fuzzing: near the limit the same bytes gave other events one by one than at once."""
    wire = b"data: 123456789\nid: 12345678\n\ndata:12345678\nevent: abcdefghij\n: comment comment\nretry:123456\n\n"
    fuzz.sse(bytes([limit - 1]) + b"\x01\x01\x01" + wire)
    fuzz.json_lines(
        bytes([limit - 1]) + b"\x01\x01\x01" + b"\xef\xbb\xbf[1,2,3,4]\n" * 2 + b"[1,2,3,4,5,6,7,8,9]\n\n{}"
    )
