"""The committed table of the corpus: every document in every flavour, and nothing wrong in any row."""

from __future__ import annotations

from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
PAGE = Path(__file__).with_name("CORPUS.md")


def rows() -> list[dict[str, str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def test_every_document_is_there_in_every_flavour() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public documents is not beside this checkout")
    wanted = {(path.stem, flavour) for path in CORPUS.glob("*.json") for flavour in ("msgspec", "attrs", "pydantic")}
    assert {(row["document"], row["flavour"]) for row in rows()} == wanted


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['document']} {row['flavour']}")
def test_nothing_is_wrong(row: dict[str, str]) -> None:
    assert (row["losses"], row["problems"], row["mypy"], row["pyright"]) == ("0", "0", "0", "0")
    assert (row["stable"], row["names_stable"]) == ("True", "True")
    equal, total = row["samples"].split("/")
    assert equal == total
    for count in row["account"].split(",")[:-1]:
        kept, found = count.split()[0], count.split()[2]
        assert kept == found
