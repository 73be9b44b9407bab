"""Every Python snippet of the SDK's own documentation runs, unchanged but for address and key."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from exospherehost import BaseNode, StateManager
from pydantic import BaseModel
from wirewright.sandbox import Sandbox

Use = Callable[..., dict[str, Any]]
KEY = "sandbox-key"
PREAMBLE = "from exospherehost import BaseNode, Runtime\nfrom pydantic import BaseModel\n"


@pytest.fixture(scope="module")
def seed() -> str:
    folder = Path(__file__).resolve().parents[4] / "shared" / "seeds"
    found = next(iter(sorted(folder.glob("004_*.txt"))), None)
    if found is None:
        pytest.skip("the seed is not beside this checkout")
    return found.read_text()


@pytest.fixture
def snippet(seed: str, sandbox: Sandbox) -> Callable[[str], str]:
    """The one Python snippet that holds these words, with the sandbox's address and key."""
    blocks = re.findall(r"```python\n(.*?)```", seed, re.DOTALL)

    def find(words: str) -> str:
        [block] = [block for block in blocks if words in block]
        return block.replace("https://your-state-manager.exosphere.host", sandbox.url).replace("your-api-key", KEY)

    return find


@pytest.fixture(autouse=True)
def environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXOSPHERE_STATE_MANAGER_URI", sandbox.url)
    monkeypatch.setenv("EXOSPHERE_API_KEY", KEY)


def definitions(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(PREAMBLE + code, "snippet", "exec"), names)
    return names


async def run(code: str, **names: Any) -> dict[str, Any]:
    """Run a snippet that awaits at its top level."""
    result = eval(compile(code, "snippet", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    if inspect.isawaitable(result):
        await result
    return names


def test_the_document_has_the_snippets_that_are_tested_here(seed: str) -> None:
    assert len(re.findall(r"```python\n", seed)) == 7
    assert "EXOSPHERE_STATE_MANAGER_URI" in seed
    assert "EXOSPHERE_API_KEY" in seed


def test_basic_node_creation(snippet: Callable[[str], str], play: Any, node_use: Use) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", snippet("class SampleNode")],
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait(lambda: play.manager.nodes.list("MyProject")["count"])
        from exospherehost.testing.manager import bodies

        use = node_use("a", "SampleNode", namespace="MyProject", name="Ada", data="x")
        body = bodies.UpsertGraph.model_validate({"secrets": {}, "nodes": [use]})
        play.manager.graphs.upsert("MyProject", "g", body)
        run_id = play.manager.launch.trigger("MyProject", "g", bodies.TriggerGraph())["run_id"]
        _wait(lambda: play.manager.runs.graph("MyProject", run_id)["execution_summary"]["SUCCESS"])
    finally:
        program.terminate()
        output, _ = program.communicate(timeout=20)
    assert "Processing data for: Ada" in output
    assert program.returncode == 0
    [state] = play.manager.runs.graph("MyProject", run_id)["nodes"]
    details = play.manager.runs.node("MyProject", "g", run_id, state["id"])
    assert details["outputs"] == {"message": "success", "processed_data": "completed:x"}


def _wait(condition: Callable[[], Any]) -> None:
    """Another process is waited for, so there is no loop to await in."""
    import time

    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_custom_node_configuration(
    snippet: Callable[[str], str], running: Any, play: Any, node_use: Use, until: Any
) -> None:
    node = definitions(snippet("class ConfigurableNode"))["ConfigurableNode"]
    async with running(node):
        run_id = play.start(node_use("a", "ConfigurableNode", text="abcdef", max_length="3"))
        await until(lambda: play.has_ended(run_id))
    [state] = play.manager.runs.graph("ns", run_id)["nodes"]
    assert play.manager.runs.node("ns", "g", run_id, state["id"])["outputs"] == {"result": "abc", "length": "3"}


async def test_error_handling(
    snippet: Callable[[str], str], running: Any, play: Any, node_use: Use, until: Any
) -> None:
    node = definitions(snippet("class RobustNode"))["RobustNode"]
    policy = {"max_retries": 2, "strategy": "FIXED", "backoff_factor": 1}
    async with running(node):
        run_id = play.start(node_use("a", "RobustNode", data="x"), retry_policy=policy)
        await until(lambda: play.has_ended(run_id))
    assert play.statuses(run_id) == ["a RETRY_CREATED", "a RETRY_CREATED", "a ERRORED"]
    assert set(play.errors(run_id)) == {"This is a test error"}


@pytest.fixture
def echo_server() -> Iterator[str]:
    """Answers a POST with what it was sent."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            answer = {"path": self.path, "authorization": self.headers["authorization"], "body": json.loads(body)}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_working_with_secrets(
    snippet: Callable[[str], str], running: Any, play: Any, node_use: Use, until: Any, echo_server: str
) -> None:
    node = definitions(snippet("class APINode"))["APINode"]
    secrets = {"api_key": "sesame", "api_endpoint": echo_server, "database_url": "db"}
    async with running(node):
        run_id = play.start(node_use("a", "APINode", user_id="7", query="q"), secrets=secrets)
        await until(lambda: play.has_ended(run_id))
    assert play.statuses(run_id) == ["a SUCCESS"]
    [state] = play.manager.runs.graph("ns", run_id)["nodes"]
    outputs = play.manager.runs.node("ns", "g", run_id, state["id"])["outputs"]
    assert json.loads(outputs["response"]) == {
        "path": "/process", "authorization": "Bearer sesame", "body": {"user_id": "7", "query": "q"},
    }  # fmt: skip


async def test_initialization(snippet: Callable[[str], str]) -> None:
    names = await run(snippet("state_manager_version="))
    assert isinstance(names["state_manager"], StateManager)
    with pytest.raises(Exception, match="Graph template g not found in namespace MyProject"):
        await names["state_manager"].get_graph("g")


class DataProcessorNode(BaseNode):
    class Inputs(BaseModel):
        source: str
        format: str

    class Outputs(BaseModel):
        processed_data: str

    async def execute(self) -> Any:
        return self.Outputs(processed_data=f"{self.inputs.source}/{self.inputs.format}")


class DataValidatorNode(BaseNode):
    class Inputs(BaseModel):
        data: str
        validation_rules: str

    async def execute(self) -> None:
        return None


async def test_creating_and_triggering_a_graph(
    snippet: Callable[[str], str], running: Any, play: Any, until: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(DataProcessorNode, DataValidatorNode, namespace="MyProject"):
        names = await run(snippet("async def create_graph"))
        kept = await names["create_graph"]()
        assert capsys.readouterr().out == "Graph created/updated: VALID\n"
        assert kept["store_config"] == {
            "required_keys": ["cursor", "batch_id"], "default_values": {"cursor": "0", "batch_size": "100"},
        }  # fmt: skip
        run_id = (await StateManager("MyProject").trigger("my-workflow", store={"cursor": "1", "batch_id": "2"}))[
            "run_id"
        ]
        await until(lambda: play.manager.runs.graph("MyProject", run_id)["execution_summary"]["SUCCESS"] == 2)
    second = play.manager.runs.graph("MyProject", run_id)["nodes"][1]
    inputs = play.manager.runs.node("MyProject", "my-workflow", run_id, second["id"])["inputs"]
    assert inputs == {"data": "initial/json", "validation_rules": "initial"}


async def test_triggering_graph_execution(
    snippet: Callable[[str], str], play: Any, node_use: Use, sandbox: Sandbox
) -> None:
    from exospherehost.testing.manager import bodies

    node = {"name": "N", "inputs_schema": {}, "outputs_schema": {}, "secrets": []}
    play.manager.nodes.register(
        "MyProject", bodies.RegisterNodes.model_validate({"runtime_name": "r", "nodes": [node]})
    )
    use = node_use("login", "N", namespace="MyProject", user_id="?", session_token="?")
    play.manager.graphs.upsert(
        "MyProject", "my-graph", bodies.UpsertGraph.model_validate({"secrets": {}, "nodes": [use]})
    )
    names = await run(snippet("# Create a single trigger state"), state_manager=StateManager("MyProject"))
    assert names["result"]["status"] == "CREATED"
    assert names["trigger_state"].inputs["user_id"] == "12345"
    [sent] = sandbox.requests.of("trigger_graph")
    assert json.loads(sent.body)["store"] == {"cursor": "0"}
