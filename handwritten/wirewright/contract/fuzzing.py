"""Drives schemathesis: data that breaks the spec, statuses that it does not know, operations in sequence.

Schemathesis generates; what it reports about requests is believed where the bytes on the wire bear it out. Its idea of
"a wrong type" may serialise to a value that the spec allows (`null` in a path is the text `null`), and its requests for
"another method" may meet another operation. The judge of `wirewright.contract.judging` is the second opinion.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wirewright.contract.bodies import media_type_of
from wirewright.contract.checks import WireRequest
from wirewright.contract.document import SpecDocument, SpecOperation
from wirewright.contract.judging import UNAUTHORISED, Judge, Trial
from wirewright.contract.links import with_links_to
from wirewright.contract.problems import Problem
from wirewright.contract.report import OperationReport
from wirewright.contract.untyped import streams

if TYPE_CHECKING:
    from schemathesis.engine.events import EngineEvent
    from schemathesis.engine.recorder import CheckNode, Interaction, ScenarioRecorder

PHASES = ("coverage", "fuzzing", "stateful")
_LISTENING = 1.0
_NAMES = {
    "not_a_server_error": "no_server_error",
    "status_code_conformance": "status",
    "content_type_conformance": "media_type",
    "response_headers_conformance": "headers",
    "response_schema_conformance": "body",
    "negative_data_rejection": "refused",
    "positive_data_acceptance": "accepted",
    "missing_required_header": "required_headers",
    "unsupported_method": "methods",
    "allow_header_conformance": "allow",
    "ignored_auth": "auth",
    "use_after_free": "use_after_free",
    "ensure_resource_availability": "availability",
    "object_level_authorization": "access",
}
_OURS = frozenset({"status", "media_type", "headers", "body", "accepted", "no_server_error"})
"""Checks that the judge makes on every exchange itself."""
_STATEFUL = frozenset({"use_after_free", "availability", "access"})
logging.getLogger("hypothesis").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class FuzzOptions:
    """`examples` is the most cases made up for an operation; `seconds` how long it may take in all."""

    phases: tuple[str, ...] = PHASES
    examples: int = 20
    seed: int = 1
    seconds: int | None = None
    timeout: float = 10.0
    workers: int = 1
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    keys: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)  # API keys that no header carries
    credentials: bool = False  # whether there are some: only then is it a fault that none are asked for


@dataclass(frozen=True)
class _Said:
    """One judgement of schemathesis, and where it was made."""

    recorder: ScenarioRecorder
    node: CheckNode
    phase: str


class Fuzzer:
    """One run against one server; enters what it sees into the reports of the operations."""

    def __init__(self, document: SpecDocument, url: str, judge: Judge, options: FuzzOptions) -> None:
        self._document = document
        self._url = url.rstrip("/")
        self._judge = judge
        self._options = options
        self._by_label = {f"{each.method} {each.path}": each for each in document.operations}

    def run(self, reports: Mapping[str, OperationReport]) -> Iterator[tuple[str, str]]:
        """Runs, and yields (phase, label) after each scenario, (`error`, sentence) for what could not be tried."""
        from schemathesis.engine import from_schema

        self._serialise_everything()
        crashes: list[str] = []
        with _crashes_told(crashes):
            yield from self._events(from_schema(self._schema(reports)).execute(), reports)
        for crash in crashes:
            yield "error", crash

    def _events(self, seen: Iterable[EngineEvent], reports: Mapping[str, OperationReport]) -> Iterator[tuple[str, str]]:
        from schemathesis.engine import events

        for event in seen:
            if isinstance(event, events.ScenarioFinished):
                phase = event.phase.value.lower().removesuffix(" testing")
                self._enter(event.recorder, phase, reports)
                yield phase, event.label or ""
            elif isinstance(event, events.NonFatalError):
                yield "error", f"{event.label}: {event.info.title}: {event.info.message}".strip(": ")
            elif isinstance(event, events.FatalError):
                yield "error", f"{type(event.exception).__name__}: {event.exception}"

    def _serialise_everything(self) -> None:
        """Forms that schemathesis does not know (`application/x-tar`) are bytes."""
        import schemathesis
        from schemathesis.transport.requests import REQUESTS_TRANSPORT

        forms = {name for each in self._document.operations if each.body for name in each.body.content}
        for name in sorted(media_type_of(form) for form in forms):
            if REQUESTS_TRANSPORT.get_first_matching_media_type(name) is None and "*" not in name:
                schemathesis.serializer.alias(name, "application/octet-stream")

    def _schema(self, reports: Mapping[str, OperationReport]) -> Any:
        import schemathesis
        from schemathesis.config import SchemathesisConfig

        raw = dict(self._document.raw)
        chosen = {each.path for each in self._document.operations if each.id in reports}
        raw["paths"] = {path: self._only(item, reports.keys()) for path, item in raw["paths"].items() if path in chosen}
        configuration: Any = SchemathesisConfig  # its reader is typed for a bare dict
        return schemathesis.openapi.from_dict(raw, config=configuration.from_dict(self._config(reports)))

    def _only(self, item: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
        """A path with some of its operations, and the links between those."""
        return {
            key: with_links_to(self._document, value, names) if _is_operation(value) else value
            for key, value in item.items()
            if not _is_operation(value) or value["operationId"] in names
        }

    def _config(self, reports: Mapping[str, OperationReport]) -> dict[str, Any]:
        options = self._options
        slow = [each for each in self._document.operations if each.id in reports and streams(each)]
        config: dict[str, Any] = {
            "seed": options.seed,
            "base-url": self._url,
            "headers": dict(options.headers),
            "request-timeout": options.timeout,
            "workers": options.workers,
            "continue-on-failure": True,
            "warnings": False,
            "cache": {"enabled": False},
            "generation": {"max-examples": options.examples, "database": "none", "no-shrink": True},
            "phases": {"enabled": False} | {phase: {"enabled": True} for phase in options.phases},
            "operations": [
                {"include-operation-id": each.id, "request-timeout": _LISTENING, "max-stream-events": 1}
                for each in slow
            ],
        }
        if options.keys:
            config["auth"] = {"openapi": {name: {"api_key": secret} for name, secret in options.keys.items()}}
        return config | ({"max-time": options.seconds} if options.seconds else {})

    # What was seen ---------------------------------------------------------------------------------------------------

    def _enter(self, recorder: ScenarioRecorder, phase: str, reports: Mapping[str, OperationReport]) -> None:
        for case_id, interaction in recorder.interactions.items():
            trial = self._trial(interaction)
            meant = self._meant(recorder, case_id)
            operation = self._met(trial) or meant
            report = reports.get(operation.id) if operation is not None else None
            if operation is None or report is None:
                continue
            if operation is self._met(trial):
                self._judge.note(report, operation, trial, phase)
            else:
                report.tried[phase] += 1
            if meant is not None and meant.id in reports:
                for check in recorder.checks.get(case_id, ()):
                    self._opinion(_Said(recorder, check, phase), meant, reports[meant.id], trial)

    def _trial(self, interaction: Interaction) -> Trial:
        sent, response = interaction.request, interaction.response
        headers = tuple((name, ", ".join(values)) for name, values in sent.headers.items())
        request = WireRequest(sent.method, self._judge.relative(sent.uri), headers, sent.body or b"")
        if response is None:
            return Trial(request, error="there was no answer")
        pairs = tuple((name, value) for name, values in response.headers.items() for value in values)
        streamed = response.headers.get("content-type", [""])[0].startswith("text/event-stream")
        complete = not streamed and not response.is_truncated
        return Trial(request, response.status_code, pairs, response.content or b"", complete=complete)

    def _meant(self, recorder: ScenarioRecorder, case_id: str) -> SpecOperation | None:
        node: Any = recorder.cases.get(case_id)
        return self._by_label.get(node.value.operation.label if node else recorder.label)

    def _met(self, trial: Trial) -> SpecOperation | None:
        """The operation that the request is one of, wherever it was meant to go."""
        request = trial.request
        match = self._judge.router.match(request.method, request.raw_path, request.query)
        return match.operation if match else None

    def _opinion(self, said: _Said, operation: SpecOperation, report: OperationReport, trial: Trial) -> None:
        """What schemathesis says of an exchange, where the judge has not judged it and the wire bears it out."""
        check = _NAMES.get(said.node.name, said.node.name)
        failure = said.node.failure_info
        if check in _OURS:
            return
        if failure is None:
            if said.node.status.value == "success" and self._was_tested(check, operation, trial, said.phase):
                report.hold(check)
            return
        borne_out = self._borne_out(check, operation, trial)
        if borne_out is None:
            return
        finding = self._judge.finding(check, borne_out or failure.failure.title, trial, said.phase)
        undocumented = check == "methods" and (trial.status or 0) < 400  # that a server can do more is nobody's harm
        if undocumented or (check == "auth" and not self._options.credentials):
            finding.severity = "gap"
        seen = said.recorder.interactions
        steps = [seen[step.case_id] for step in failure.steps if step.case_id in seen]
        if len(steps) > 1:
            finding.curl = "\n".join(self._judge.curl(self._trial(each).request) for each in steps)
        report.add(finding)

    def _was_tested(self, check: str, operation: SpecOperation, trial: Trial, phase: str) -> bool:
        """Whether the exchange could have shown it: schemathesis also calls a success what does not apply."""
        request, status = trial.request, trial.status or 0
        if check == "access":
            return False  # it takes two users, and a run has the credentials of one
        if check in _STATEFUL:
            return phase == "stateful" and status < 500 and not _is_example(trial)
        if check in {"methods", "allow"}:
            return self._met(trial) is None and request.method != operation.method
        if self._met(trial) is not operation or status < 400:
            return False
        if check == "auth":
            return status in UNAUTHORISED and not self._judge.authorised(operation, request)
        faults = self._judge.faults_of(operation, request)
        if check == "required_headers":
            return any(fault.kind == "missing" and fault.place.startswith("header.") for fault in faults)
        return bool(faults)

    def _borne_out(self, check: str, operation: SpecOperation, trial: Trial) -> str | None:
        """A message (empty for schemathesis' own), or None when the wire shows something else."""
        judge, request, status = self._judge, trial.request, trial.status or 0
        if check in _STATEFUL:
            return None if _is_example(trial) else ""
        if check == "methods":
            return None if self._met(trial) else f"a method that is not documented is answered with {status}, not 405"
        if check == "allow":  # that a server has more methods than its spec is nobody's harm
            missing = set(judge.router.allowed(request.raw_path)) - _allowed(trial)
            return f"`Allow` does not list {', '.join(sorted(missing))}" if missing else None
        if self._met(trial) is not operation:
            return None
        if check == "auth":
            unasked = status not in UNAUTHORISED and status < 400 and not judge.authorised(operation, request)
            return "it answers without credentials" if unasked else None
        if check in {"refused", "required_headers"}:
            faults = judge.faults_of(operation, request)
            return f"answered {status}, although {_briefly(faults[0])}" if faults and status < 400 else None
        return ""


@contextmanager
def _crashes_told(crashes: list[str]) -> Generator[None]:
    """What schemathesis' own threads die of (a server's answers may be hostile) is a sentence, not a traceback."""
    usual = threading.excepthook

    def told(crash: threading.ExceptHookArgs) -> None:
        if crash.thread is not None and crash.thread.name.startswith("schemathesis"):
            crashes.append(f"schemathesis stopped: {crash.exc_type.__name__}: {crash.exc_value}")
        else:
            usual(crash)

    threading.excepthook = told
    try:
        yield
    finally:
        threading.excepthook = usual


def _allowed(trial: Trial) -> set[str]:
    return {each.strip() for name, value in trial.headers if name.lower() == "allow" for each in value.split(",")}


def _briefly(problem: Problem) -> str:
    """Without the value that was sent, so that the same fault is the same sentence."""
    if problem.kind == "schema" and problem.rule:
        return f"{problem.place} breaks `{problem.rule.rpartition('/')[2]}`"
    return f"{problem.place} is missing" if problem.kind == "missing" else str(problem)


def _is_example(trial: Trial) -> bool:
    """A sandbox says of answers that it has no rule for: they are examples, nothing is kept behind them."""
    return any(
        name.lower() == "x-sandbox-answer" and value in {"example", "synthetic"} for name, value in trial.headers
    )


def _is_operation(value: Any) -> bool:
    return isinstance(value, dict) and "operationId" in value
