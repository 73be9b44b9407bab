"""What all tests share."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("wirewright", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("wirewright")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hostile text that a test logged must not end the run: xdist sends reports as UTF-8, which has no surrogates."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report
