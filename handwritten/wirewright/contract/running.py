"""One contract run against a server: the spec's examples first, then what schemathesis makes up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from wirewright.auth import Auth
from wirewright.contract.credentials import auth_of
from wirewright.contract.document import SpecDocument, SpecOperation
from wirewright.contract.examples import NoValueError
from wirewright.contract.fuzzing import Fuzzer, FuzzOptions
from wirewright.contract.judging import EXAMPLES, UNAUTHORISED, Judge
from wirewright.contract.links import dead_links
from wirewright.contract.masking import Masker
from wirewright.contract.probe import Probe
from wirewright.contract.report import ContractReport, Finding, OperationReport
from wirewright.errors import WirewrightError

ALL_PHASES = (EXAMPLES, "coverage", "fuzzing", "stateful")
Progress = Callable[[str, str], None]
"""Called with the phase and what was done in it."""


@dataclass(frozen=True)
class RunOptions:
    """How a server is tried.

    `auth`: secrets by security scheme (`user:password` for basic). `headers` are sent with every request. `only` and
    `without` are patterns of operationIds, `METHOD /path` or tags. `safe` leaves out what may change something on the
    server. `examples`: the most cases made up per operation. `seconds`: for schemathesis, in all.
    """

    phases: tuple[str, ...] = ALL_PHASES
    auth: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    only: Sequence[str] = ()
    without: Sequence[str] = ()
    safe: bool = False
    examples: int = 20
    seed: int = 1
    seconds: int | None = None
    timeout: float = 10.0
    workers: int = 1
    strict: bool = False


def run_contract(
    document: SpecDocument,
    url: str,
    options: RunOptions = RunOptions(),
    *,
    progress: Progress = lambda phase, what: None,
    transport: Any = None,
) -> ContractReport:
    """Tries every operation of a spec on the server at a base URL. Raises ValueError for an unknown security scheme.

    `transport` carries the examples instead of the network (a sandbox's, say); schemathesis always uses the network.
    """
    started = time.monotonic()
    secrets = [*options.auth.values(), *options.headers.values()]
    masker = Masker.of(document, [part for secret in secrets for part in (secret, secret.rpartition(" ")[2])])
    judge = Judge(document, url, masker)
    report = ContractReport(
        document.title,
        str(document.raw.get("info", {}).get("version", "")),
        masker.target(url),
        [_empty(operation) for operation in document.operations if chosen(operation, options)],
        options.phases,
        options.seed,
        datetime.now(UTC).isoformat(timespec="seconds"),
        strict=options.strict,
    )
    reports = {each.id: each for each in report.operations}
    _links(document, reports)
    auth = credentials(document, options.auth)
    if EXAMPLES in options.phases:
        probe = Probe(document, url, auth=auth, headers=options.headers, timeout=options.timeout, transport=transport)
        _examples(document, probe, judge, reports, progress)
        probe.close()
    if set(options.phases) - {EXAMPLES} and reports and not _unreachable(report):
        fuzzer = Fuzzer(document, url, judge, _fuzz_options(document, options))
        for phase, what in fuzzer.run({name: each for name, each in reports.items() if not each.silent}):
            if phase == "error":
                sentence = masker.text(what)
                report.errors += [] if sentence in report.errors else [sentence]
            else:
                progress(phase, what)
    report.notes += _locked_out(document, reports, options)
    report.seconds = time.monotonic() - started
    return report


def credentials(document: SpecDocument, secrets: Mapping[str, str]) -> dict[str, Auth]:
    """Credentials by security scheme. Raises ValueError for a scheme that the spec does not have."""
    found: dict[str, Auth] = {}
    for name, secret in secrets.items():
        scheme = document.security_schemes.get(name)
        if scheme is None:
            known = ", ".join(document.security_schemes) or "none"
            raise ValueError(f"the spec has no security scheme {name!r}; it has {known}")
        auth = auth_of(scheme, secret)
        if auth is None:
            raise ValueError(f"credentials of the kind {scheme.get('type')!r} ({name}) cannot be sent as a header")
        found[name] = auth
    return found


def chosen(operation: SpecOperation, options: RunOptions) -> bool:
    """Whether the options ask for an operation."""
    if options.safe and operation.method not in {"GET", "HEAD", "OPTIONS"}:
        return False
    tags: Sequence[Any] = operation.declared.get("tags", ())
    names = [operation.id, f"{operation.method} {operation.path}", *map(str, tags)]

    def fits(patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)

    return (not options.only or fits(options.only)) and not fits(options.without)


def _empty(operation: SpecOperation) -> OperationReport:
    summary = str(operation.declared.get("summary", ""))
    return OperationReport(operation.id, operation.method, operation.path, summary)


def _examples(
    document: SpecDocument,
    probe: Probe,
    judge: Judge,
    reports: Mapping[str, OperationReport],
    progress: Progress,
) -> None:
    for operation in document.operations:
        report = reports.get(operation.id)
        if report is None:
            continue
        started = time.monotonic()
        try:
            for _, trial in probe.trials(operation):
                judge.note(report, operation, trial, EXAMPLES)
        except (NoValueError, WirewrightError) as error:
            report.skipped = f"no example can be sent: {error}"
        report.seconds += time.monotonic() - started
        progress(EXAMPLES, operation.id)


def _links(document: SpecDocument, reports: Mapping[str, OperationReport]) -> None:
    """Links that lead nowhere are the spec's fault, and nobody follows them."""
    for name, report in reports.items():
        for message in dead_links(document.by_id[name]):
            report.add(Finding("links", message, EXAMPLES, "gap"))


def _unreachable(report: ContractReport) -> bool:
    """Whether nothing ever answered: schemathesis would only find the same."""
    tried = [each for each in report.operations if each.tried]
    silent = bool(tried) and all(each.silent for each in tried)
    if silent:
        report.errors.append(f"no usable answer comes from {report.url}")
    return silent


def _locked_out(document: SpecDocument, reports: Mapping[str, OperationReport], options: RunOptions) -> Iterator[str]:
    """What was only ever refused for want of credentials has shown little."""
    names = [name for name, each in reports.items() if each.statuses and each.statuses.keys() <= UNAUTHORISED]
    locked = [document.by_id[name] for name in names if document.by_id[name].needs_credentials]
    missing = dict.fromkeys(
        scheme for each in locked for choice in each.security for scheme in choice if scheme not in options.auth
    )
    if locked:
        help_ = f"; it takes --auth {' --auth '.join(f'{scheme}=SECRET' for scheme in missing)}" if missing else ""
        count = "1 operation was" if len(locked) == 1 else f"{len(locked)} operations were"
        yield f"{count} only ever refused for want of credentials{help_}"


def _fuzz_options(document: SpecDocument, options: RunOptions) -> FuzzOptions:
    return FuzzOptions(
        tuple(phase for phase in options.phases if phase != EXAMPLES),
        options.examples,
        options.seed,
        options.seconds,
        options.timeout,
        options.workers,
        {**options.headers, **_as_headers(document, options.auth)},
        {name: secret for name, secret in options.auth.items() if _is_elsewhere(document, name)},
        credentials=bool(options.auth) or any(name.lower() == "authorization" for name in options.headers),
    )


def _is_elsewhere(document: SpecDocument, name: str) -> bool:
    scheme = document.security_schemes[name]
    return bool(scheme.get("type") == "apiKey" and scheme.get("in") != "header")


def _as_headers(document: SpecDocument, secrets: Mapping[str, str]) -> dict[str, str]:
    """Credentials as the headers that carry them."""
    from wirewright.clock import SystemClock
    from wirewright.messages import HttpRequest

    request = HttpRequest("GET", "http://contract.invalid", "/", {})
    for name, auth in credentials(document, secrets).items():
        if not _is_elsewhere(document, name):
            auth.apply(request, SystemClock())
    return request.headers
