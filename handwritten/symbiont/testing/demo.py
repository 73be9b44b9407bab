"""The quick start, against a sandbox: an agent, a schedule, a loop under a policy, and a governed tool."""

from __future__ import annotations

from collections.abc import Iterator

from symbiont import CedarPolicy, Client, CreateScheduleRequest, LoopConfig, RunReasoningLoopRequest
from symbiont.testing.rules import SANDBOX_TOKEN


def demo(url: str) -> Iterator[str]:
    """Runs the quick start against the server at `url`; yields a line after each step."""
    with Client(api_key=SANDBOX_TOKEN, base_url=f"{url}/api/v1") as client:
        yield f"the runtime is {client.health_check().status}"
        agent = client.create_agent({"name": "reporter", "dsl": 'agent reporter { capabilities: ["read"] }'})
        yield f"agent {agent['id'][:8]}... is {agent['status']}"
        wanted = CreateScheduleRequest(name="nightly", cron_expression="0 30 6 * * *", agent_name="reporter")
        yield f"its job runs next at {client.schedules.create_schedule(wanted).next_run}"
        source = 'forbid(principal, action == "tool_call", resource) when { resource.name == "write_file" };'
        client.reasoning.add_cedar_policy("reporter", CedarPolicy(name="no-writing", source=source))
        told = 'use echo {"text": "hello"}\nuse write_file {"path": "a", "content": "b"}'
        asked = RunReasoningLoopRequest(config=LoopConfig(), initial_message=told)
        result = client.reasoning.run_loop("reporter", asked).result
        yield f"a loop of {result.iterations} rounds: {result.output.splitlines()[-1]}"
        used = client.toolclad.execute_tool("nmap", {"target": "10.0.0.1"})
        yield f"nmap: {used['status']}, evidence {used['output_hash'][:15]}..."
