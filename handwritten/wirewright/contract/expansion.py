"""How a test of `@contract` becomes many, and how each is held. Imported when there is such a test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pytest

from wirewright.contract.cases import Case, ContractError, Suite
from wirewright.contract.document import SpecOperation
from wirewright.contract.judging import EXAMPLES, Judge
from wirewright.contract.options import pairs_of
from wirewright.contract.probe import Probe
from wirewright.contract.report import OperationReport
from wirewright.contract.running import credentials
from wirewright.pytest_plugin import CASE


def expand(metafunc: pytest.Metafunc, mark: pytest.Mark) -> None:
    """Parametrizes a test with the cases of its spec; with one that fails, where the spec cannot be had."""
    spec = str(mark.args[0])
    try:
        cases = _cases(metafunc, spec, mark.kwargs)
    except Exception as error:  # of a file, of the generator, of a plug-in: it is told as the one test that fails
        cases = [Case("spec", "operation", f"@contract({spec!r})", partial(_told, str(error)))]
    metafunc.parametrize(CASE, cases, ids=[case.id for case in cases], indirect=True)


def _cases(metafunc: pytest.Metafunc, spec: str, given: Mapping[str, Any]) -> list[Case]:
    suite = open_suite(spec, given["version"], given["package"], metafunc.definition.path.parent)
    operations = [each for each in suite.document.operations if _fits(each.id, given["only"], given["without"])]
    cases = [case for case in suite.cases() if _fits(case.operation, given["only"], given["without"])]
    url = metafunc.config.getoption("--contract-url") or given["url"]
    if url:
        cases += _live_cases(suite, url, operations, metafunc.config)
    if not cases:
        raise ValueError("no operation fits only= and without=")
    return cases


def _told(message: str) -> list[str]:
    return [message]


def hold(case: Case) -> None:
    """Fails the running test, without a traceback, when the contract is not kept."""
    try:
        case.check()
    except ContractError as error:
        pytest.fail(str(error), pytrace=False)


def open_suite(spec: str, version: str | None, package: str | None, folder: Path) -> Suite:
    """A suite by the name of a protocol, or the path of a spec relative to a folder."""
    if is_file(spec):
        path = folder / spec
        return _of_file(str(path if path.exists() else Path(spec)), package)
    return _of_protocol(spec, version)


def is_file(spec: str) -> bool:
    """Whether a spec is named by its path."""
    return "/" in spec or Path(spec).suffix.lower() in {".json", ".yaml", ".yml"}


@lru_cache(maxsize=32)
def _of_file(path: str, package: str | None) -> Suite:
    return Suite.of_file(path, package)


@lru_cache(maxsize=32)
def _of_protocol(name: str, version: str | None) -> Suite:
    return Suite.of_protocol(name, version)


def _fits(operation: str, only: Sequence[str], without: Sequence[str]) -> bool:
    wanted = not only or any(fnmatchcase(operation, pattern) for pattern in only)
    return wanted and not any(fnmatchcase(operation, pattern) for pattern in without)


def _live_cases(suite: Suite, url: str, operations: Sequence[SpecOperation], config: pytest.Config) -> Iterator[Case]:
    secrets = pairs_of(config.getoption("--contract-auth") or (), "=")
    headers = pairs_of(config.getoption("--contract-header") or (), ":")
    safe = bool(config.getoption("--contract-safe"))
    probe = Probe(suite.document, url, auth=credentials(suite.document, secrets), headers=headers)
    judge = Judge(suite.document, url)
    for operation in operations:
        if not safe or operation.method in {"GET", "HEAD"}:
            find = partial(of_server, probe, judge, operation)
            yield Case(f"{operation.id}@server", "server", operation.id, find, operation)


def of_server(probe: Probe, judge: Judge, operation: SpecOperation) -> list[str]:
    """What a live server does wrong with the examples of an operation."""
    report = OperationReport(operation.id, operation.method, operation.path)
    for _, trial in probe.trials(operation):
        judge.note(report, operation, trial, EXAMPLES)
    return [f"{finding.check}: {finding.message}\n    {finding.curl}" for finding in report.failures]
