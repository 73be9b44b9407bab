"""The pytest plugin as others meet it: silent until it is used, and clear when something is broken."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

SPEC = """
openapi: 3.1.0
info: {title: Notes, version: "1"}
paths:
  /notes/{id}:
    put:
      operationId: put_note
      parameters: [{name: id, in: path, required: true, schema: {type: string}, example: n1}]
      requestBody:
        content:
          application/json:
            schema: {$ref: "#/components/schemas/Note"}
            example: {text: Milk}
      responses:
        "200":
          description: It.
          content:
            application/json:
              schema: {$ref: "#/components/schemas/Note"}
              example: {text: Milk}
        "404":
          description: None.
          content: {application/json: {schema: {$ref: "#/components/schemas/Problem"}, example: {code: none}}}
components:
  schemas:
    Note: {type: object, required: [text], properties: {text: {type: string}}}
    Problem: {type: object, required: [code], properties: {code: {type: string}}}
"""

BROKEN_CLIENT = """
from wirewright.operation import Content, Operation
from wirewright.request import Request

_PUT = Operation("put_note", "POST", "/notes/{id}", codec="msgspec", request=[Content("application/json")],
                 responses={"200": [Content("application/json", lambda: int)], "404": []})


def put_note(id: str, *, body: dict):
    return Request(_PUT, path={"id": id}, body=body)
"""

TESTS = """
from wirewright import Client, Request
from wirewright.contract import contract
from wirewright.contract.untyped import untyped_operation
from wirewright.sandbox import Answer, Rules, rule


@contract("notes.yaml", package="broken_api")
def test_client(): ...


@contract("missing.yaml")
def test_missing(): ...


@contract("nothing")
def test_nothing(): ...
"""

OWN = """
from wirewright import Request
from wirewright.contract.untyped import untyped_operation
from wirewright.sandbox import Rules, rule


class Wrong(Rules):
    @rule("put_note")
    def put(self, call):
        return {"text": 7}


def test_a_server_that_breaks_its_spec(sandbox_of):
    import httpx

    sandbox = sandbox_of("notes.yaml", rules=Wrong)
    httpx.put(sandbox.url + "/notes/1", json={"text": "Milk"})


def test_a_client_that_breaks_the_spec(sandbox_of, recording_client):
    sandbox = sandbox_of("notes.yaml", verify=False)
    client = recording_client(sandbox, retry=None)
    put = untyped_operation(sandbox.document.by_id["put_note"])
    client.deliver(Request(put, path={"id": "1"}, body={"text": 7}))


async def test_async(sandbox_of, async_recording_client):
    sandbox = sandbox_of("notes.yaml")
    put = untyped_operation(sandbox.document.by_id["put_note"])
    async with async_recording_client(sandbox) as client:
        assert (await client.send(Request(put, path={"id": "1"}, body={"text": "Milk"})))["text"] == "Milk"
    assert len(client.recorder.traffic) == 1


def test_without_a_case(contract_case): ...
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    (pytester.path / "notes.yaml").write_text(SPEC)
    package = pytester.mkpydir("broken_api")
    (package / "_package.py").write_text('CODEC = "msgspec"\n')
    (package / "operations").mkdir()
    (package / "operations" / "__init__.py").write_text(BROKEN_CLIENT)
    return pytester


def test_a_client_that_breaks_its_spec_is_told_what_is_wrong(project: pytest.Pytester) -> None:
    (project.path / "test_it.py").write_text(TESTS.partition('@contract("missing')[0])
    result = project.runpytest_subprocess("-p", "no:xdist", "--strict-markers", "-rA")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "*put_note (PUT /notes/{id}) does not keep its contract:",
            "*- request (example): path: POST /notes/n1 is not <put_note: PUT /notes/{id}>",
            "*- request (no body): cannot be built: TypeError: put_note() missing 1 required keyword-only argument*",
            "*- answer 200 (example): the client refuses it: *",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*promises.py*")


def test_a_spec_that_cannot_be_had_is_one_sentence(project: pytest.Pytester) -> None:
    (project.path / "test_it.py").write_text(TESTS)
    result = project.runpytest_subprocess("-p", "no:xdist", "-k", "missing or nothing", "-rA")
    result.assert_outcomes(failed=2, deselected=2)
    result.stdout.fnmatch_lines(
        ["*- missing.yaml: there is no such file", "*- there is no protocol 'nothing'; installed: *"]
    )
    result.stdout.no_fnmatch_line("*expansion.py*")


def test_fixtures_hold_both_sides_to_the_spec(project: pytest.Pytester) -> None:
    (project.path / "test_own.py").write_text(OWN)
    result = project.runpytest_subprocess("-p", "no:xdist", "-o", "asyncio_mode=auto", "-rA")
    result.assert_outcomes(passed=3, errors=3)
    result.stdout.fnmatch_lines(
        [
            '*PUT /notes/1 -> 200: body/text: 7 is not of type "string"',
            "*put_note: PUT /notes/1 -> 4??: body/text: 7 is not of type *",
            "*contract_case is for tests that are decorated with @contract*",
        ]
    )


SILENT = """
import sys


def test_nothing_was_loaded():
    ours = sorted(name for name in sys.modules if name.startswith(("wirewright.", "schemathesis.specs", "httpx")))
    assert ours == ["wirewright.pytest_plugin"]
"""


def test_a_run_that_does_not_use_it_loads_nothing_of_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(SILENT)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # of others
    pytester.runpytest_subprocess("-p", "wirewright.pytest_plugin").assert_outcomes(passed=1)


def test_a_marker_called_contract_stays_its_owners(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmarkers = contract: mine\n")
    pytester.makepyfile("import pytest\n\n@pytest.mark.contract\ndef test_mine(): ...\n")
    pytester.runpytest_subprocess("-p", "no:xdist", "--strict-markers", "-m", "contract").assert_outcomes(passed=1)


def test_importing_it_is_cheap() -> None:
    """Beside pytest itself it loads no module but its own and the package's empty face."""
    code = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import wirewright.pytest_plugin\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['wirewright', 'wirewright.pytest_plugin']"
