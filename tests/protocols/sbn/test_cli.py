"""The command line: every path, every line of the seed, and what goes to which stream (protocol sheet, sections
16 and 17).
"""

from __future__ import annotations

import inspect
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sbn.cli._config import masked
from sbn.cli._program import program
from sbn.cli.main import app
from sbn_calls.commands import COMMANDS
from typer.main import get_command
from typer.testing import CliRunner, Result
from wirewright.commands.takes import taken
from wirewright.sandbox import Sandbox

Run = Callable[..., Result]


@pytest.fixture
def run(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a line against the sandbox."""
    monkeypatch.setenv("SBN_BASE_URL", sandbox.url)
    monkeypatch.setenv("SBN_API_KEY", "sbn_live_abc123")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def invoke(line: str, *words: str, input: str | None = None) -> Result:
        return CliRunner().invoke(app, [*shlex.split(line), *words], input=input)

    return invoke


@pytest.fixture
def names(sandbox: Sandbox, command_lines: ModuleType, tmp_path: Path) -> dict[str, str]:
    """What the lines refer to."""
    known: dict[str, str] = command_lines.prepare(tmp_path) | command_lines.seed(sandbox.url)
    return known


def paths(command: Any, path: tuple[str, ...] = ()) -> list[str]:
    if not hasattr(command, "commands"):
        return [" ".join(path)]
    return [line for name, sub in command.commands.items() for line in paths(sub, (*path, name))]


def test_the_documented_paths_are_all_there(command_lines: ModuleType) -> None:
    known = paths(get_command(app))

    assert len(known) == len(set(known)) == 183
    lines = command_lines.lines("0.14")
    unused = [
        path for path in known if not path.startswith("twin") and not any(line.startswith(path) for line in lines)
    ]
    assert unused == ["atlas instrumentation"]


def test_every_argument_of_the_table_is_one_of_its_call() -> None:
    wrong: list[str] = []
    for group, said in COMMANDS.items():
        for path, row in said.get("commands", {}).items():
            whole = program.row(row)
            place = whole.get("by") or whole["call"]
            call = program.named(place) if ":" in place else program.declared(place)
            known = inspect.signature(call).parameters
            open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
            said_here = taken(whole.get("takes", ""), call, {})
            names = {argument.target for argument in said_here} - {whole.get("document")}
            wrong += [f"{group} {path}: {name}" for name in names - known.keys() if not open_ended]

    assert wrong == []


def test_every_line_ends_as_documented(
    sandbox: Sandbox, command_lines: ModuleType, run: Run, names: dict[str, str]
) -> None:
    refused = set(command_lines.ERRORS.strip().splitlines())
    wrong: list[Any] = []
    for line in command_lines.lines("0.14"):
        if "workflows template" in line:
            continue  # needs pgdag; below
        result = run(line.format(**names))
        expected = 1 if line.startswith("ops") else 0
        if line in refused:
            expected = (
                2
                if any(w in line for w in ("nope --", "limit 0", "proposals get", "weight nope", "workflow nope"))
                else 1
            )
        if result.exit_code != expected or (result.exception and not isinstance(result.exception, SystemExit)):
            wrong.append((line, result.exit_code, expected, result.stderr[-200:], result.exception))

    assert wrong == []


REGISTER = (
    'atlas register --name "pt-kinetic" --family kinetic.sessions --workflow pushup_session --workflow '
    "session_integrity "
    "--bind pushup_session=kinetic.pushup.amrap.v1 --bind session_integrity=kinetic.session.integrity.v1 "
    "--pulse pushup_session=slot_stream --pulse session_integrity=pgdag"
)


def test_the_seeds_atlas_lines(run: Run, sandbox: Sandbox) -> None:
    app_id = json.loads(run("-f json " + REGISTER).stdout)["app_id"]
    (said,) = sandbox.requests.of("atlas_register_app")
    key = run(f'-f quiet atlas keys mint {app_id} --label "pt-kinetic network key"').stdout
    record = run(f"-f quiet atlas keys bind {app_id} key_seed").stdout
    frontier = run(
        f"-f quiet atlas bindings set {app_id} --workflow pushup_session --frontier kinetic.pushup.amrap.v2"
    ).stdout
    history = json.loads(run(f"-f json atlas bindings history {app_id} --workflow pushup_session").stdout)["history"]
    restored = run(f"-f quiet atlas bindings restore {app_id} --workflow pushup_session --index 2").stdout

    specs = said.json()["workflow_specs"]
    assert [len(spec) for spec in specs] == [23, 23]
    assert specs[1]["pulse_type"] == "pgdag"
    assert specs[0]["rollup_mode"] is None
    assert key.startswith("sbn_live_")
    assert record == "key_seed"
    assert frontier == "kinetic.pushup.amrap.v2"
    assert {row["action"] for row in history} == {"created", "updated"}
    assert restored in {"kinetic.pushup.amrap.v1", "kinetic.pushup.amrap.v2"}
    last = sandbox.requests.of("atlas_upsert_binding")[-1].json()
    assert last["history_action"] == "restored"


def test_the_seeds_lattice_and_reality_lines(run: Run, names: dict[str, str], tmp_path: Path) -> None:
    packet = tmp_path / "run-packet.json"
    created = run(
        '-f quiet lattice workflows create --name "kinetic.pushup.amrap.v1" --domain kinetic.pushup '
        "--nodes-file {nodes} "
        "--edges-file {edges} --meta-file {metadata} --activate".format(**names)
    )
    fetched = run(f"lattice workflows evidence-packet {names['workflow']} run_seed_1 --output {packet}")
    verified = run(f"-f quiet lattice workflows verify-packet --file {packet}")
    packet.write_text(packet.read_text().replace("completed", "failed"))
    forged = run(f"-f quiet lattice workflows verify-packet --file {packet}")
    accepted = run("-f json reality facts review fact_seed_1 --action accept")
    merged = run(
        "-f json reality facts review fact_seed_1 --action merge --target-fact-id fact_seed_2 --note "
        '"duplicate extraction"'
    )

    assert created.stdout.startswith("wf_")
    assert fetched.exit_code == 0
    assert (verified.stdout, forged.stdout, forged.exit_code) == ("true", "false", 0)
    assert json.loads(accepted.stdout)["state"] == "accepted"
    assert json.loads(merged.stdout)["merge_target"] == {"fact_id": "fact_seed_2"}


def test_a_contract_offline(run: Run, sandbox: Sandbox) -> None:
    line = (
        "frontier workflow-spec --workflow pushup_session --app-name pt_web --gec-domain kinetic --frontier pushup "
        "--constraint-tag amrap --phase execution"
    )

    assert run("-f quiet " + line).stdout == (
        '{"app_name": "pt_web", "gec_domain": "kinetic", "frontier": "pushup", "constraint_tag": "amrap", '
        '"phase": "execution", "frontier_id": "kinetic.pushup.amrap", "phase_ref": "kinetic.pushup.amrap.execution", '
        '"x_mode": "elapsed_time", "workflow": "pushup_session"}'
    )
    assert len(sandbox.requests) == 0


def test_highlighted_values_and_tables_go_to_stderr(run: Run) -> None:
    status, listed = run("acp status proj-123"), run("receipts list")

    assert "  Total Leases     0\n" in status.stdout
    assert "  Enabled          True\n" in status.stderr
    assert status.stderr.startswith("> ")
    assert listed.stdout == "  (no results)\n"


def test_quiet_values_have_no_line_end(run: Run) -> None:
    assert run("-f quiet acp status proj-123").stdout == "proj-123"
    assert run("-f quiet reality facts list").stdout == "fact_seed_2\nfact_seed_1"


def test_json_of_a_bare_list_is_wrapped(run: Run) -> None:
    listed = json.loads(run("-f json acp leases list proj-123").stdout)

    assert listed == {"leases": []}


@pytest.mark.parametrize("line", ["acp leases release proj-123 nope", "receipts get nope", "atlas keys bind nope nope"])
def test_an_error_of_the_network_is_one_line(line: str, run: Run) -> None:
    result = run(line)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("! There is no ")
    assert result.stderr.count("\n") == 1


def test_an_unreachable_network_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    result = CliRunner().invoke(app, ["--base-url", "http://127.0.0.1:1", "acp", "status", "p"])

    assert (result.exit_code, result.stderr) == (1, "! Failed to reach SBN\n")


def test_settings_from_flags_win_over_the_environment(run: Run, sandbox: Sandbox) -> None:
    refused = run("--api-key sbn_live_other acp status proj-123")

    assert refused.exit_code == 1
    assert "status=401" in refused.stderr
    assert "sbn_live_other" not in refused.stderr


def test_credentials_are_masked(run: Run) -> None:
    status = run("auth status")

    assert "sbn_live...c123" in status.stderr
    assert "sbn_live_abc123" not in status.output
    assert [masked(None), masked("short"), masked("sbn_live_abc123")] == ["(not set)", "shor...", "sbn_live...c123"]


def test_instrumentation_needs_an_apps_credentials(run: Run, names: dict[str, str]) -> None:
    without = run("atlas instrumentation")
    options = f"--atlas-client-id {names['client_id']} --atlas-client-secret {names['client_secret']}"
    report = run(f"-f json {options} atlas instrumentation --all")

    assert (without.exit_code, "ATLAS_CLIENT_ID" in without.stderr) == (1, True)
    assert json.loads(report.stdout)["summary"]["total_events"] == 1


def test_a_declined_question_changes_nothing(run: Run, names: dict[str, str], sandbox: Sandbox) -> None:
    result = run(f"atlas revoke {names['app']}", input="n\n")

    assert result.exit_code == 1
    assert sandbox.requests.of("atlas_revoke_app") == []


def test_json_is_read_from_stdin(run: Run) -> None:
    result = run("-f quiet agent snap capture -", input='{"event":"signup","user":"u-42"}')

    assert result.stdout == "e445484b03f4d0fc47843314b4f076cb9796418167bb413fcefe83d8b16cb655"


@pytest.mark.parametrize("content", ["[1]", "nope", ""])
def test_json_that_is_no_object_is_refused(content: str, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    file.write_text(content)

    result = run(f"agent slots open --worker-id w --task-type t --metadata-json {file}")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"! {file}")


@pytest.mark.parametrize("line", ["", "atlas", "agent reality facts"])
def test_help_comes_without_arguments(line: str) -> None:
    result = CliRunner().invoke(app, shlex.split(line))

    assert result.exit_code in {0, 2}
    assert "Commands" in result.output


def test_a_group_is_listed_without_being_imported() -> None:
    code = "import sys; from sbn.cli.main import app; app(['--help'], standalone_mode=False); " + (
        "print([m for m in ('sbn.client', 'sbn.cli.atlas', 'httpx', 'rich') if m in sys.modules])"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert out.rstrip().endswith("[]")


def test_shell_completion_knows_the_commands() -> None:
    words = "sbn atlas b"
    environment = {**os.environ, "_SBN_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "2"}

    out = subprocess.run(
        [sys.executable, "-c", "from sbn.cli.main import app; app(prog_name='sbn')"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    ).stdout

    assert out.split() == ["bindings"]


def test_a_card_travels_from_file_to_network_and_back(run: Run, tmp_path: Path, sandbox: Sandbox) -> None:
    card = tmp_path / "card.json"
    said = "--domain card.one --app-family f --family-class stream_efficiency --authored-by me --c-max 0"
    run(f"atlas cards register {said}")
    run(f"atlas cards export card.one --out {card}")
    refused = run(f"atlas cards import {card}")
    imported = run(f"atlas cards import {card} --supersede-existing --change-note again")

    assert sandbox.requests.of("atlas_register_card")[0].json()["c_max"] == 0.0
    assert (refused.exit_code, "--supersede-existing" in refused.stderr) == (1, True)
    assert imported.exit_code == 0
    assert sandbox.requests.of("atlas_version_card")[0].json()["c_max"] == 0.0
    assert run("atlas cards register --domain d").exit_code == 2
