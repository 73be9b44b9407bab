"""The table of interop results: made from the tests that ran, and from nothing else."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
TESTS = Path(__file__).resolve().parents[1]
MODULE = '''"""The original, unchanged, against our sandbox.

More about it.
"""
import pytest

pytestmark = pytest.mark.interop


def test_one(): ...


@pytest.mark.parametrize("version", ["1", "2"])
def test_two(version):
    assert version == "1"


def test_three():
    pytest.skip("uv is not installed")
'''
NOTES = """
[demo]
original = "`demo` 1"
[[demo.servers]]
name = "Demo | server"
needs = ["no-such-program"]
how = "by hand"
[[demo.servers]]
name = "Hosted"
how = "an account"
[[demo.servers]]
name = "Shell"
needs = ["sh"]
check = ["sh", "-c", "exit 1"]
how = "here"
[[demo.servers]]
name = "Shell"
needs = ["sh"]
how = "here"
"""


def test_a_page_is_made_of_what_ran(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    # given interop tests with every outcome, and others
    tests = pytester.mkdir("tests")
    shutil.copy(TESTS / "interop_table.py", tests)
    (tests / "interop.toml").write_text(NOTES)
    (tests / "protocols" / "demo").mkdir(parents=True)
    (tests / "protocols" / "demo" / "test_originals.py").write_text(MODULE)
    (tests / "test_other.py").write_text("def test_other(): ...\n")
    pytester.makeini("[pytest]\nmarkers = interop\n")
    monkeypatch.setenv("PYTHONPATH", str(tests))

    # when they run with the plugin
    pytester.runpytest_subprocess("-p", "interop_table", "-p", "no:cacheprovider").assert_outcomes(
        passed=3, failed=1, skipped=1
    )

    # then the page says so
    page = (tests / "INTEROP.md").read_text()
    row = (
        "| demo | The original, unchanged, against our sandbox. ([test_originals.py](protocols/demo/test_originals.py))"
    )
    assert f"{row} | 2 | 1 | 1 |" in page
    assert "| | **all** | **2** | **1** | **1** |" in page
    assert "Failed: `tests/protocols/demo/test_originals.py`: test_two[2]" in page
    assert "Skipped: `tests/protocols/demo/test_originals.py`: uv is not installed" in page
    for line in (
        "| demo | Demo \\| server | cannot run: no no-such-program | by hand |",
        "| demo | Hosted | cannot be installed | an account |",
        "| demo | Shell | cannot run: `sh -c exit 1` fails | here |",
        "| demo | Shell | can run | here |",
    ):
        assert line in page
    assert "test_other" not in page

    # and a later run of something else keeps it
    (tests / "protocols" / "demo" / "test_more.py").write_text(MODULE)
    again = pytester.runpytest_subprocess("-p", "interop_table", "-p", "no:cacheprovider", "-k", "test_more and one")
    again.assert_outcomes(passed=1, deselected=8)
    page = (tests / "INTEROP.md").read_text()
    assert f"{row} | 2 | 1 | 1 |" in page
    assert "| | **all** | **3** | **1** | **1** |" in page
    assert "Failed: `tests/protocols/demo/test_originals.py`: test_two[2]" in page

    # nor does a run of a part of a module take the place of the whole
    pytester.runpytest_subprocess("-p", "interop_table", "-p", "no:cacheprovider", "-k", "test_originals and one")
    assert f"{row} | 2 | 1 | 1 |" in (tests / "INTEROP.md").read_text()


def test_every_interop_test_is_in_the_table_and_its_originals_are_told_of() -> None:
    told = tomllib.loads((TESTS / "interop.toml").read_text(encoding="utf-8"))
    page = (TESTS / "INTEROP.md").read_text(encoding="utf-8")
    marked = [
        path.relative_to(TESTS)
        for path in TESTS.rglob("test_*.py")
        if path != Path(__file__) and "pytest.mark.interop\n" in path.read_text(encoding="utf-8")
    ]
    assert len(marked) >= 9
    assert [path.as_posix() for path in marked if f"]({path.as_posix()})" not in page] == []
    assert {path.parts[1] for path in marked} <= told.keys()
