"""Every door that the README names is there. Its Python blocks are run with those of the other pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import symbiont

README = Path(symbiont.__file__).with_name("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", sorted(set(re.findall(r"`symbiont\.(\w+)`", README))))
def test_every_door_exists(module: str) -> None:
    assert getattr(symbiont, module)
