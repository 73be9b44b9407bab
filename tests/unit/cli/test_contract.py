"""`wirewright contract` and `wirewright infer` in the terminal: exit codes, results for machines, no secret shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wirewright import Client, Request
from wirewright.cli import main
from wirewright.contract import Recorder
from wirewright.contract.untyped import untyped_operation
from wirewright.sandbox import Answer, Rules, Sandbox, rule

SPEC: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1"},
    "paths": {
        "/notes/{id}": {
            "get": {
                "operationId": "get_note",
                "tags": ["notes"],
                "security": [{"key": []}],
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "example": "1"}
                ],
                "responses": {
                    "200": {
                        "description": "",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["text"],
                                    "properties": {"text": {"type": "string"}},
                                }
                            }
                        },
                    },
                    "401": {"description": ""},
                },
            },
            "delete": {
                "operationId": "delete_note",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"204": {"description": ""}},
            },
        }
    },
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
}


class Broken(Rules):
    @rule("get_note")
    def get(self, call: Any) -> Any:
        return Answer(200, {"text": 7})


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "notes.json"
    path.write_text(json.dumps(SPEC))
    return path


@pytest.fixture
def good(spec: Path) -> Iterator[Sandbox]:
    with Sandbox.from_spec(spec) as running:
        yield running


@pytest.fixture
def broken(spec: Path) -> Iterator[Sandbox]:
    with Sandbox.from_spec(spec, rules=Broken) as running:
        yield running


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line; its exit code, what it printed, and what it complained about."""

    def run(*words: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as raised:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        return int(raised.value.code or 0), printed.out, printed.err

    return run


def test_a_server_that_keeps_the_contract(run: Run, spec: Path, good: Sandbox) -> None:
    code, out, _ = run("contract", spec, "--url", good.url, "--phases", "examples")
    assert code == 0
    assert "kept: of 2 operations 2 held" in out


def test_a_server_that_breaks_it(run: Run, spec: Path, broken: Sandbox, tmp_path: Path) -> None:
    html, junit = tmp_path / "r.html", tmp_path / "r.xml"
    code, out, _ = run(
        "contract", spec, "--url", broken.url, "--phases", "examples", "--auth", "key=open-sesame",
        "--html", html, "--junit", junit,
    )  # fmt: skip
    assert code == 1
    assert "get_note" in out
    assert f"curl -sS -i -g -X GET {broken.url}/notes/1" in out
    for text in (out, html.read_text(), junit.read_text()):
        assert "open-sesame" not in text
        assert "x-key: ***" in text.lower()


def test_a_result_for_machines(run: Run, spec: Path, broken: Sandbox) -> None:
    code, out, _ = run("contract", spec, "--url", broken.url, "--phases", "examples", "--format", "json")
    value = json.loads(out)
    assert (code, value["ok"]) == (1, False)
    (finding,) = value["operations"][0]["findings"]
    assert (finding["check"], finding["status"], finding["severity"]) == ("body", 200, "failure")
    assert finding["message"] == '200: body/text: 7 is not of type "string"'


def test_operations_are_chosen(run: Run, spec: Path, good: Sandbox) -> None:
    def ids(*words: str) -> list[str]:
        _, out, _ = run("contract", spec, "--url", good.url, "--phases", "examples", "--format", "json", *words)
        return [each["id"] for each in json.loads(out)["operations"]]

    assert ids("--safe") == ["get_note"]
    assert ids("--only", "delete_*") == ["delete_note"]
    assert ids("--only", "notes") == ["get_note"]
    assert ids("--without", "GET /notes/*") == ["delete_note"]


def test_data_that_breaks_the_spec_is_sent(run: Run, spec: Path, good: Sandbox) -> None:
    code, out, _ = run("contract", spec, "--url", good.url, "--examples", "2", "--format", "json")
    value = json.loads(out)
    assert (code, value["errors"]) == (0, [])
    assert {"examples", "coverage"} <= value["operations"][0]["tried"].keys()
    # it has no credentials to show, so that none are asked for is a gap, unless the run is strict
    assert [each["state"] for each in value["operations"]] == ["gaps", "held"]
    code, _, _ = run("contract", spec, "--url", good.url, "--examples", "2", "--strict", "--format", "json")
    assert code == 1


def test_that_no_credentials_are_asked_for_is_a_failure_when_there_are_some(
    run: Run, spec: Path, good: Sandbox
) -> None:
    code, out, _ = run("contract", spec, "--url", good.url, "--examples", "2", "--auth", "key=secret-secret")
    assert code == 1
    assert "it answers without credentials" in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--url", "nowhere"], 2, "base_url must be an absolute http or https URL"),
        (["--url", "http://x", "--phases", "examples,magic"], 2, "there is no phase 'magic'"),
        (["--url", "http://x", "--auth", "door=x"], 2, "the spec has no security scheme 'door'; it has key"),
        (["--url", "http://x", "--auth", "key"], 2, "needs a name, '=' and a value"),
        (["--url", "http://x", "--html", "nowhere/page.html"], 2, "nowhere: there is no such folder"),
        (["--url", "http://x", "--auth", "key=env:NO_SUCH_VARIABLE"], 2, "the environment has no variable"),
        (["--url", "http://x", "--only", "none"], 2, "no operation of the spec fits"),
    ],
)
def test_wrong_usage_is_one_sentence(run: Run, spec: Path, words: list[str], code: int, message: str) -> None:
    got, _, err = run("contract", spec, *words)
    assert (got, message in " ".join(err.split())) == (code, True), err


def test_a_server_that_is_not_there(run: Run, spec: Path) -> None:
    code, out, _ = run("contract", spec, "--url", "http://127.0.0.1:9", "--timeout", "1")
    assert code == 1
    assert "no usable answer comes from http://127.0.0.1:9" in out


def test_a_protocol_that_is_not_there(run: Run) -> None:
    code, _, err = run("contract", "nothing", "--url", "http://x")
    assert (code, "there is no protocol 'nothing'" in err) == (3, True)


@pytest.fixture
def recording(broken: Sandbox, tmp_path: Path) -> Path:
    recorder = Recorder(broken.document)
    with Client(broken.url, transport=recorder.over(), retry=None) as client:
        client.send(Request(untyped_operation(broken.document.by_id["get_note"]), path={"id": "1"}))
    return recorder.save(tmp_path / "notes.har")


def test_what_a_spec_lacks(run: Run, spec: Path, recording: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "lacks.yaml"
    code, out, _ = run("infer", recording, spec, "--overlay", overlay)
    assert code == 0
    assert "is a text, and was an integer" in out
    assert "notes.json:1" in out
    assert "extends: notes.json" in overlay.read_text()
    assert run("infer", recording, spec, "--check")[0] == 1


def test_a_spec_is_begun(run: Run, recording: Path) -> None:
    code, out, _ = run("infer", recording, "--format", "json")
    value = json.loads(out)
    assert code == 0
    assert [each["operation"] for each in value["proposals"]] == ["get_notes_note_id"]
    assert value["overlay"]["actions"][0]["target"] == '$["paths"]'


def test_recordings_of_several_servers(run: Run, recording: Path, spec: Path) -> None:
    value = json.loads(recording.read_text())
    entry = json.loads(json.dumps(value["log"]["entries"][0]))
    entry["request"]["url"] = "https://other.example.com/x"
    value["log"]["entries"].append(entry)
    recording.write_text(json.dumps(value))
    code, _, err = run("infer", recording, spec)
    assert (code, "--url" in err) == (2, True)
    assert run("infer", recording, spec, "--url", "https://other.example.com")[0] == 0
    code, _, err = run("infer", recording, spec, "--url", "https://none.example.com")
    assert (code, "the recording has no exchange with" in " ".join(err.split())) == (3, True)


def test_a_file_that_is_no_recording(run: Run, spec: Path) -> None:
    code, _, err = run("infer", spec, spec)
    assert (code, "is no HTTP Archive" in " ".join(err.split())) == (3, True)
