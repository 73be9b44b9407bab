"""What `pip install .` brings, without `-e`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CONFIG: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL: list[str] = CONFIG["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_an_installed_checkout_holds_every_module_that_its_commands_and_entry_points_name():
    project = CONFIG["project"]
    tables = [project["scripts"], *project["entry-points"].values()]
    named = {reference.partition(":")[0].partition(".")[0] for table in tables for reference in table.values()}

    assert named <= {Path(path).stem for path in WHEEL}


def test_an_installed_checkout_holds_what_is_published():
    published = {path for each in CONFIG["tool"]["release"].values() for path in each["include"]}

    assert published == set(WHEEL)
    assert [path for path in WHEEL if not (ROOT / path).exists()] == []
