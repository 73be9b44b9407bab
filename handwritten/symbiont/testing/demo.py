"""The quick start, against a sandbox: agents, schedules, a reasoning loop under a policy, and a governed tool."""

from __future__ import annotations

from collections.abc import Iterator

from symbiont_api import v1_10, v1_16
from wirewright.auth import Bearer
from wirewright.client import Client

from symbiont.testing.rules import SANDBOX_TOKEN


def demo(url: str) -> Iterator[str]:
    """Runs the quick start against the server at `url`; yields a line after each step."""
    with Client(url, auth=Bearer(SANDBOX_TOKEN)) as client:
        runtime, first = v1_16.Api(client=client), v1_10.Api(client=client)
        m = v1_16.models
        yield f"the runtime is {runtime.health.check().status}"
        program = 'agent reporter { capabilities: ["read"] }'
        agent = runtime.agents.create(m.CreateAgentRequest(name="reporter", dsl=program))
        yield f"agent {agent.id[:8]}... is {agent.status}"
        wanted = m.CreateScheduleRequest(name="nightly", cron_expression="0 30 6 * * *", agent_name="reporter")
        job = runtime.schedules.create(wanted)
        yield f"job {job.job_id[:8]}... runs next at {job.next_run}"
        yield from _reason(first)


def _reason(api: v1_10.Api) -> Iterator[str]:
    m = v1_10.models
    source = 'forbid(principal, action, resource) when { resource.name == "write_file" };'
    api.reasoning.add_cedar_policy("reporter", m.CedarPolicy(name="no-writing", source=source))
    told = 'use echo {"text": "hello"}\nuse write_file {"path": "a", "content": "b"}'
    wanted = m.RunReasoningLoopRequest(config=m.LoopConfig(), initial_message=told)
    loop = api.reasoning.run_loop("reporter", wanted)
    yield f"a loop of {loop.result.iterations} rounds: {loop.result.output.splitlines()[-1]}"
    used = api.tools.execute("nmap", m.ToolArguments(args={"target": "10.0.0.1"}))
    yield f"nmap: {used.status}, evidence {str(used.output_hash)[:15]}..."
