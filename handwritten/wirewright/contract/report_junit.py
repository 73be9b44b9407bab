"""A contract report as JUnit XML: a test suite for each operation, a test case for each check."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from wirewright.contract.report import CHECKS, ContractReport, Finding, OperationReport

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(report: ContractReport) -> str:
    """As CI servers read it. A gap is a failure in strict runs, else it is told in `system-out`."""
    root = ET.Element("testsuites", name=_clean(f"contract: {report.title} {report.version}"))
    totals = [0, 0, 0]
    for operation in report.operations:
        suite = _suite(operation, report.strict)
        root.append(suite)
        for index, key in enumerate(("tests", "failures", "skipped")):
            totals[index] += int(suite.get(key, "0"))
    if report.errors:
        suite = ET.SubElement(root, "testsuite", name="run", tests="1", errors="1", failures="0", skipped="0")
        case = ET.SubElement(suite, "testcase", classname="contract", name="run")
        ET.SubElement(case, "error", message="parts of the run did not happen").text = _clean("\n".join(report.errors))
    for key, value in zip(("tests", "failures", "skipped"), totals, strict=True):
        root.set(key, str(value))
    root.set("errors", str(int(bool(report.errors))))
    root.set("time", f"{report.seconds:.3f}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(operation: OperationReport, strict: bool) -> ET.Element:
    name = f"{operation.method} {operation.path}"
    suite = ET.Element("testsuite", name=_clean(operation.id), time=f"{operation.seconds:.3f}")
    counted = operation.findings if strict else operation.failures
    checks = [check for check in CHECKS if operation.held[check] or any(f.check == check for f in operation.findings)]
    for check in checks or ["tried"]:
        case = ET.SubElement(suite, "testcase", classname=_clean(operation.id), name=_clean(f"{name}: {check}"))
        for finding in (each for each in counted if each.check == check):
            _failure(case, finding)
        told = [finding for finding in operation.gaps if finding.check == check and not strict]
        if told:
            ET.SubElement(case, "system-out").text = _clean("\n".join(_text(finding) for finding in told))
        if not checks:
            ET.SubElement(case, "skipped", message=_clean(operation.skipped or "not tried"))
    suite.set("tests", str(max(1, len(checks))))
    suite.set("failures", str(len({finding.check for finding in counted})))
    suite.set("errors", "0")
    suite.set("skipped", "0" if checks else "1")
    return suite


def _failure(case: ET.Element, finding: Finding) -> None:
    element = ET.SubElement(case, "failure", type=finding.check, message=_clean(finding.message))
    element.text = _clean(_text(finding))


def _text(finding: Finding) -> str:
    parts = [f"{finding.check} ({finding.phase}, seen {finding.count} times): {finding.message}"]
    parts += [f"answered {finding.status}: {finding.answer}"] if finding.status else []
    return "\n".join([*parts, finding.curl])


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return _FORBIDDEN.sub("�", text)
