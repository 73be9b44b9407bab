"""Judges one exchange with a server: what of the contract held, what broke, and what is merely not documented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from wirewright.contract.bodies import EVENT_STREAM, JSON_LINES, media_type_of
from wirewright.contract.checks import WireRequest, check_request, check_response
from wirewright.contract.curl import as_curl
from wirewright.contract.document import SpecDocument, SpecOperation
from wirewright.contract.masking import Masker, header_value
from wirewright.contract.problems import Problem
from wirewright.contract.report import Finding, OperationReport
from wirewright.contract.routing import Router

REFUSALS = frozenset({400, 405, 406, 411, 413, 414, 415, 417, 422, 428, 431, 501})
"""Statuses that say that the request is at fault (or the server knows no such thing), whatever is stored where."""
UNAUTHORISED = frozenset({401, 403})
EXAMPLES = "examples"  # the phase in which the spec's own examples are sent
_BY_KIND = {"status": "status", "media_type": "media_type"}
_SHOWN = 300


@dataclass(frozen=True)
class Trial:
    """A request that was sent to a server, and what came back. `request.target` is relative to the base URL.

    `status` is None when nothing came back; `error` says why. `complete` is false for an answer that was not heard to
    its end: a stream, or one that is very long.
    """

    request: WireRequest
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    error: str = ""
    complete: bool = True


@dataclass
class Verdict:
    held: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])


class Judge:
    """Knows the spec, where the server is, and what must not be shown."""

    def __init__(self, document: SpecDocument, url: str, masker: Masker | None = None) -> None:
        self.document = document
        self.router = Router(document)
        self.masker = masker or Masker.of(document)
        self._base = url.rstrip("/")
        self._prefix = urlsplit(url).path.rstrip("/")

    def relative(self, target: str) -> str:
        """A target (or URL) without the path of the base URL."""
        parts = urlsplit(target)
        path = parts.path.removeprefix(self._prefix) if parts.path.startswith(self._prefix + "/") else parts.path
        return (path or "/") + (f"?{parts.query}" if parts.query else "")

    def curl(self, request: WireRequest) -> str:
        """How to repeat a request, without its secrets."""
        masked = self.masker
        body = masked.body(request.body, header_value(request.headers, "content-type"))
        url = self._base + masked.target(request.target)
        return masked.text(as_curl(request.method, url, masked.headers(request.headers), body))

    def faults_of(self, operation: SpecOperation, request: WireRequest) -> list[Problem]:
        """What is wrong with a request itself, credentials apart."""
        return check_request(operation, request, security=False, router=self.router)

    def authorised(self, operation: SpecOperation, request: WireRequest) -> bool:
        """Whether the documented credentials were sent, or none are needed."""
        found = check_request(operation, request, router=self.router)
        return not any(problem.kind == "security" for problem in found)

    def finding(self, check: str, message: str, trial: Trial, phase: str, *, gap: bool = False) -> Finding:
        """With the request as a command line, and the beginning of the answer."""
        text = self.masker.body(trial.body, header_value(trial.headers, "content-type")).decode("utf-8", "replace")
        return Finding(
            check,
            self.masker.text(message),
            phase,
            "gap" if gap else "failure",
            self.curl(trial.request),
            trial.status,
            text[:_SHOWN] + ("..." if len(text) > _SHOWN else ""),
        )

    def note(self, report: OperationReport, operation: SpecOperation, trial: Trial, phase: str) -> None:
        """Enters an exchange into the report of its operation."""
        verdict = self.verdict(operation, trial, phase)
        report.tried[phase] += 1
        if trial.status is not None:
            report.statuses[trial.status] += 1
        for check in verdict.held:
            report.hold(check)
        for finding in verdict.findings:
            report.add(finding)

    def verdict(self, operation: SpecOperation, trial: Trial, phase: str) -> Verdict:
        """What the exchange says about the server."""
        verdict = Verdict()
        if trial.status is None:
            verdict.findings.append(self.finding("answers", trial.error or "there was no answer", trial, phase))
            return verdict
        verdict.held.append("answers")
        faults = self.faults_of(operation, trial.request)
        authorised = self.authorised(operation, trial.request)
        for check, message, gap in self._of_answer(operation, trial, blamed=bool(faults) or not authorised):
            verdict.findings.append(self.finding(check, message, trial, phase, gap=gap))
        broken = {finding.check for finding in verdict.findings}
        verdict.held += [check for check in ("status", "media_type", "headers", "body") if check not in broken]
        self._of_failure(operation, trial, phase, verdict)
        if not faults and authorised:
            self._of_acceptance(operation, trial, phase, verdict)
        return verdict

    def _of_answer(self, operation: SpecOperation, trial: Trial, *, blamed: bool) -> Iterator[tuple[str, str, bool]]:
        """Check, message, and whether it is a gap: a refusal of no documented form, of a request that deserves it."""
        body = trial.body if trial.complete else _whole_part(trial)  # None: nothing of it can be judged
        status = trial.status or 0
        found = check_response(operation, status, trial.headers, body or b"", method=trial.request.method)
        for problem in found:
            check = _BY_KIND.get(problem.kind) or ("headers" if problem.place.startswith("header.") else "body")
            if check == "body" and body is None:
                continue
            gap = check in {"status", "media_type"} and blamed and 400 <= status < 500
            yield check, f"{status}: {problem}" if check != "status" else problem.message, gap

    def _of_failure(self, operation: SpecOperation, trial: Trial, phase: str, verdict: Verdict) -> None:
        """A server must not fail; a 500 that is documented by its number is known of, and no more than a gap."""
        status = trial.status or 0
        known = str(status) in operation.responses
        if status < 500 or (known and status != 500):
            verdict.held.append("no_server_error")
            return
        message = f"the server fails with {status}"
        verdict.findings.append(self.finding("no_server_error", message, trial, phase, gap=known))

    def _of_acceptance(self, operation: SpecOperation, trial: Trial, phase: str, verdict: Verdict) -> None:
        """A spec's own example must be accepted; made-up data may break rules that no schema says, if it says so."""
        status = trial.status or 0
        if status not in REFUSALS:
            verdict.held += ["accepted"] if status < 400 else []
            return
        excused = operation.declared.get("x-stateful") is True or not _documents_success(operation)
        gap = excused or (phase != EXAMPLES and str(status) in operation.responses)
        message = f"a request that the spec allows is refused with {status}"
        verdict.findings.append(self.finding("accepted", message, trial, phase, gap=gap))


def _documents_success(operation: SpecOperation) -> bool:
    return any(key[0] in "23d" for key in operation.responses)


def _whole_part(trial: Trial) -> bytes | None:
    """What of an answer that was left early can be judged: its whole lines; events find their own ends."""
    name = media_type_of(header_value(trial.headers, "content-type"))
    if name in JSON_LINES:
        return trial.body[: trial.body.rfind(b"\n") + 1]
    return trial.body if name == EVENT_STREAM else None
