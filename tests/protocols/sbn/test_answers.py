"""Every call, with real things behind the ids it names: the network answers each, as its spec allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from wirewright.sandbox import Sandbox


@pytest.mark.parametrize("version", ["0.12", "0.14"])
def test_every_call_is_answered(
    version: str, wire: ModuleType, furnish: Callable[[Sandbox], None], tmp_path: Path
) -> None:
    file = tmp_path / "x.MD"
    file.write_text("One is one.")
    with Sandbox("sbn", version, verify=True) as sandbox:
        furnish(sandbox)
        answers: list[dict[str, Any]] = wire.ask(version, sandbox.url, file, api_version=version)

    refused = Counter((answer["call"], answer["outcome"]) for answer in answers if answer["outcome"] != "ok")
    assert refused == wire.REFUSED[version]
