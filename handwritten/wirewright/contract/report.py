"""The result of a contract run, as values: for each operation what was tried, what held, and what did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["failure", "gap"]
"""A failure breaks the contract. A gap is where spec and server are not wrong but leave each other alone: a refusal
with a status that is not documented, a protected operation that answers without credentials."""

CHECKS = {
    "answers": "the server answers at all",
    "accepted": "requests that the spec allows are accepted",
    "status": "the status is documented",
    "media_type": "the form of the answer is documented",
    "headers": "the headers of the answer are as documented",
    "body": "the body of the answer is as its schema says",
    "no_server_error": "no server error",
    "refused": "requests that break the spec are refused",
    "required_headers": "a request without a required header is refused",
    "methods": "other methods are answered with 405",
    "allow": "the header Allow lists the methods there are",
    "auth": "requests without credentials are refused",
    "use_after_free": "what was deleted is gone",
    "availability": "what was created is there",
    "links": "links lead to operations that there are",
    "access": "one user cannot reach what is another's",
}
"""Name and meaning of each check, in the order of reports."""


@dataclass
class Finding:
    """One way in which an operation did not hold, however often it was seen. `curl` repeats it."""

    check: str
    message: str
    phase: str
    severity: Severity = "failure"
    curl: str = ""
    status: int | None = None
    answer: str = ""  # the beginning of the answer's body
    count: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "message": self.message,
            "phase": self.phase,
            "severity": self.severity,
            "status": self.status,
            "answer": self.answer,
            "count": self.count,
            "curl": self.curl,
        }


@dataclass
class OperationReport:
    """One operation. `tried` counts requests by phase, `held` and `broke` judgements by check."""

    id: str
    method: str
    path: str
    summary: str = ""
    tried: Counter[str] = field(default_factory=Counter[str])
    held: Counter[str] = field(default_factory=Counter[str])
    broke: Counter[str] = field(default_factory=Counter[str])
    statuses: Counter[int] = field(default_factory=Counter[int])
    findings: list[Finding] = field(default_factory=list[Finding])
    skipped: str = ""  # why it was not tried
    seconds: float = 0.0

    @property
    def failures(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "failure"]

    @property
    def gaps(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "gap"]

    @property
    def state(self) -> Literal["failed", "gaps", "held", "skipped"]:
        if self.failures:
            return "failed"
        if self.gaps:
            return "gaps"
        return "held" if self.tried else "skipped"

    @property
    def silent(self) -> bool:
        """Whether it was tried, and nothing ever came back."""
        return bool(self.tried) and not self.statuses

    def hold(self, check: str) -> None:
        self.held[check] += 1

    def add(self, finding: Finding) -> None:
        """Counts it with the finding that says the same, if there is one."""
        if finding.severity == "failure":
            self.broke[finding.check] += 1
        for known in self.findings:
            if (known.check, known.message, known.severity) == (finding.check, finding.message, finding.severity):
                known.count += 1
                return
        self.findings.append(finding)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "method": self.method,
            "path": self.path,
            "state": self.state,
            "tried": dict(self.tried),
            "held": dict(self.held),
            "broke": dict(self.broke),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "findings": [finding.to_json() for finding in self.findings],
            "skipped": self.skipped,
            "seconds": round(self.seconds, 3),
        }


@dataclass
class ContractReport:
    """One run against one server."""

    title: str
    version: str
    url: str
    operations: list[OperationReport] = field(default_factory=list[OperationReport])
    phases: tuple[str, ...] = ()
    seed: int | None = None
    started: str = ""  # ISO 8601
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list[str])  # what kept parts of the run from happening
    notes: list[str] = field(default_factory=list[str])  # what the run could not show, and what would help
    strict: bool = False  # whether gaps count as failures

    @property
    def ok(self) -> bool:
        """Whether the server keeps the contract, as far as was tried."""
        broken = any(each.failures or (self.strict and each.gaps) for each in self.operations)
        return not broken and not self.errors and self.tried > 0

    @property
    def tried(self) -> int:
        """The number of requests."""
        return sum(each.tried.total() for each in self.operations)

    def in_state(self, *states: str) -> list[OperationReport]:
        return [each for each in self.operations if each.state in states]

    def operation(self, name: str) -> OperationReport:
        """By operationId. Raises KeyError."""
        for each in self.operations:
            if each.id == name:
                return each
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "version": self.version,
            "url": self.url,
            "ok": self.ok,
            "phases": list(self.phases),
            "seed": self.seed,
            "started": self.started,
            "seconds": round(self.seconds, 3),
            "requests": self.tried,
            "errors": self.errors,
            "notes": self.notes,
            "operations": [each.to_json() for each in self.operations],
        }


def checks_of(operations: Iterable[OperationReport]) -> list[tuple[str, int, int]]:
    """Check, times it held, times it broke; in the order of reports."""
    held, broke = Counter[str](), Counter[str]()
    for each in operations:
        held += each.held
        broke += each.broke
    return [(name, held[name], broke[name]) for name in CHECKS if held[name] or broke[name]]
