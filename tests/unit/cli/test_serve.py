"""serve, as a program of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from wirewright.cli.report import CliError
from wirewright.cli.serve import parse_options
from wirewright.sandbox import Rules

SPEC: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "2"},
    "paths": {
        "/pets": {
            "get": {
                "operationId": "list_pets",
                "responses": {
                    "200": {
                        "description": "",
                        "content": {"application/json": {"schema": {"type": "array"}, "example": [{"name": "Rex"}]}},
                    }
                },
            }
        }
    },
}


@contextmanager
def serving(*arguments: str, form: str = "json") -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """The program and what it announced, its URL as text; it is interrupted at the end, and must end well."""
    command = [sys.executable, "-c", "from wirewright.cli import main; main()", "serve", *arguments, "--format", form]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            told = program.stdout.readline()
            yield program, json.loads(told)["serving"] if form == "json" else told.split()[-1]
        finally:
            program.send_signal(signal.SIGINT)
            assert program.wait(10) == 0


def test_a_spec_file_is_served_until_interrupted(tmp_path: Path) -> None:
    spec = tmp_path / "pets.json"
    spec.write_text(json.dumps(SPEC))
    with serving(str(spec), "--port", "0", "--chaos", "status=503x1") as (program, told):
        assert (told["title"], told["version"], told["from_spec"]) == ("Pets", "2", 1)
        assert httpx.get(told["url"] + "/pets").status_code == 503
        assert httpx.get(told["url"] + "/pets").json() == [{"name": "Rex"}]
        assert program.stdout is not None
        listed = [json.loads(program.stdout.readline())["exchange"] for _ in range(2)]
    assert [(entry["status"], entry["answered_by"]) for entry in listed] == [(503, "fault"), (200, "example")]


@pytest.mark.parametrize("form", ["text", "json"])
def test_it_serves_on_when_nobody_reads_the_list_of_requests(tmp_path: Path, form: str) -> None:
    spec = tmp_path / "pets.json"
    spec.write_text(json.dumps(SPEC))
    with serving(str(spec), "--port", "0", form=form) as (program, url):
        assert program.stdout is not None
        program.stdout.close()
        url = url if form == "text" else url["url"]
        assert [httpx.get(url + "/pets").status_code for _ in range(3)] == [200, 200, 200]


def test_options_of_the_rules_are_read_by_their_types() -> None:
    class Typed(Rules):
        def setup(self, *, strict: bool = False, beat: float = 1.0, size: int | None = None, key: str = "") -> None:
            pass

    given = ["strict=yes", "beat=0.5", "size=3", "key=a=b"]
    assert parse_options(Typed, given) == {"strict": True, "beat": 0.5, "size": 3, "key": "a=b"}
    mistakes = {"fast=1": "strict, beat, size, key", "size=big": "'big' is no value for size", "key": "no option"}
    for wrong, said in mistakes.items():
        with pytest.raises(CliError, match=said):
            parse_options(Typed, [wrong])
