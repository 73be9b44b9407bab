"""The report of a contract run: what it counts, and how it reads in a terminal, in CI and in a browser."""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from wirewright.contract.curl import as_curl
from wirewright.contract.report import ContractReport, Finding, OperationReport
from wirewright.contract.report_html import html_page
from wirewright.contract.report_junit import junit_xml
from wirewright.contract.report_terminal import print_report

HOSTILE = "</script><img src=x onerror=alert(1)>\x00[bold]]]>&"


@pytest.fixture
def report() -> ContractReport:
    """Of four operations: one each that failed, held with a gap, held, and was not tried."""
    failed = OperationReport("get_note", "GET", "/notes/{id}", "Get a note.", Counter(examples=1), Counter(status=1))
    failed.statuses[200] += 1
    failed.add(Finding("body", f"200: body/text: {HOSTILE}", "examples", "failure", "curl x", 200, HOSTILE))
    failed.add(Finding("body", f"200: body/text: {HOSTILE}", "coverage", "failure", "curl y", 200, "other"))
    gaps = OperationReport("add_note", "POST", "/notes", "", Counter(examples=2, coverage=3), Counter(status=4))
    gaps.add(Finding("status", "400 is not documented", "coverage", "gap", "curl -X POST http://x/notes", 400, "{}"))
    held = OperationReport("list_notes", "GET", "/notes", "", Counter(examples=1), Counter(status=1, body=1))
    skipped = OperationReport("odd", "GET", "/odd", skipped="no example can be sent")
    return ContractReport("Notes", "1", "http://x", [failed, gaps, held, skipped], ("examples",), 1, "2026", 1.5)


def test_what_says_the_same_is_one_finding(report: ContractReport) -> None:
    finding = report.operation("get_note").findings[0]
    assert (finding.count, finding.curl) == (2, "curl x")
    assert report.operation("get_note").broke == {"body": 2}


def test_states_and_verdict(report: ContractReport) -> None:
    assert [each.state for each in report.operations] == ["failed", "gaps", "held", "skipped"]
    assert (report.ok, report.tried) == (False, 7)
    report.operations = report.operations[1:]
    assert report.ok
    report.strict = True
    assert not report.ok
    assert not ContractReport("Nothing was tried", "1", "http://x").ok


def test_an_error_of_the_run_is_no_success(report: ContractReport) -> None:
    report.operations = report.operations[2:3]
    assert report.ok
    report.errors.append("nothing answers")
    assert not report.ok


def text_of(report: ContractReport, *, verbose: bool = False) -> str:
    console = Console(file=io.StringIO(), width=200, highlight=False)
    print_report(report, console, verbose=verbose)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_what_broke_and_how_to_repeat_it(report: ContractReport) -> None:
    text = text_of(report)
    for words in ("✗ get_note", "curl x", "×2", "○ 400 is not documented  add_note", "broken: of 4 operations"):
        assert words in text
    assert "✓ list_notes" not in text
    assert "[bold]]]>" in text, "text of a server is no markup"
    assert "✓ list_notes" in text_of(report, verbose=True)


def test_junit_has_a_case_for_each_check(report: ContractReport) -> None:
    root = ET.fromstring(junit_xml(report))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("6", "1", "1")
    suites = {suite.get("name"): suite for suite in root}
    failure = suites["get_note"].find("testcase/failure")
    assert failure is not None
    assert "curl x" in (failure.text or "")
    assert suites["odd"].find("testcase/skipped") is not None
    assert "400 is not documented" in (suites["add_note"].findtext("testcase/system-out") or "")
    report.strict = True
    assert ET.fromstring(junit_xml(report)).get("failures") == "2"


def test_a_page_needs_nothing_else_and_runs_nothing_of_the_server(report: ContractReport) -> None:
    page = html_page(report)
    assert "<img" not in page
    assert page.count("</script>") == 1
    assert re.findall(r"<[^>]*(?:src|href)=|url\(|@import", page) == []
    for words in ("get_note", "curl x", "1 broke it", "not tried", "GET /notes/{id}"):
        assert words in page


def test_json_says_everything(report: ContractReport) -> None:
    value = json.loads(json.dumps(report.to_json()))
    assert (value["ok"], value["requests"], len(value["operations"])) == (False, 7, 4)
    first = value["operations"][0]
    assert (first["id"], first["state"], first["findings"][0]["curl"]) == ("get_note", "failed", "curl x")


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b"", None),
        (b'{"a": "it\'s"}', b'{"a": "it\'s"}'),
        (b"@file", b"@file"),
        (b"\x00\xff\x80", b"\x00\xff\x80"),
        ("é ✓\n".encode(), "é ✓\n".encode()),
    ],
)
def test_a_command_line_sends_the_same_bytes(body: bytes, data: bytes | None) -> None:
    """The shell reads the command; a stand-in for curl says what it was given."""
    command = as_curl("PUT", "http://x/a?b=c&d='e'", [("X-Q", 'it\'s; "q" $HOME'), ("Host", "x"), ("X-E", "")], body)
    stand_in = (
        'curl() { for a in "$@"; do printf \'%s\\n\' "$a"; done >&2;'
        ' for a in "$@"; do last="$a"; done; if [ "$last" = "@-" ]; then cat; '
        'elif [ "$found" = 1 ]; then :; else printf %s "$last"; fi; }\n'
    )
    done = subprocess.run(["bash", "-c", stand_in + command], capture_output=True, check=True)
    words = done.stderr.decode()
    assert "http://x/a?b=c&d='e'\n" in words
    assert 'X-Q: it\'s; "q" $HOME\n' in words
    assert "X-E;\n" in words
    assert "Host" not in words
    if data is not None:
        assert done.stdout == data


def test_head_is_asked_for_in_curls_way() -> None:
    assert shlex.split(as_curl("HEAD", "http://x/"))[:5] == ["curl", "-sS", "-i", "-g", "-I"]
