"""Jobs and the cron engine (protocol sheet, section 4.5)."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from symbiont.testing.cron import Cron, CronError

ID = "6f1c0f3e-6f0e-4a53-9a33-1f8fbb1f6f55"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)  # a Friday
JOB = {"name": "nightly", "cron_expression": "0 */10 * * * *", "agent_name": "reporter"}


def make(runtime: Any, **members: Any) -> str:
    return str(runtime.ok("POST", "schedules", JOB | members, 201)["job_id"])


def detail(runtime: Any, job: str) -> Any:
    return runtime.ok("GET", f"schedules/{job}")


# Cron ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "zone", "first"),
    [
        ("0 30 6 * * *", "Europe/Berlin", "2026-01-02T05:30:00"),
        ("5 4 3 * * *", "UTC", "2026-01-03T03:04:05"),  # strictly after now
        ("*/20 * * * * *", "UTC", "2026-01-02T03:04:20"),
        ("0 0 0 * * 1", "UTC", "2026-01-04T00:00:00"),  # 1 is Sunday
        ("0 0 0 * * SUN", "UTC", "2026-01-04T00:00:00"),
        ("0 0 0 * * Mon-Wed", "UTC", "2026-01-05T00:00:00"),
        ("0 0 0 * * 6,7", "UTC", "2026-01-03T00:00:00"),
        ("0 0 0 13 * FRI", "UTC", "2026-02-13T00:00:00"),  # both days must match
        ("0 0 0 1 JAN ? 2027", "UTC", "2027-01-01T00:00:00"),
        ("0 0 12 1 1 * 2026-2030/2", "UTC", "2028-01-01T12:00:00"),
        ("0 0 0 29 2 *", "UTC", "2028-02-29T00:00:00"),
        ("0 0 0 29 2 * 2096", "UTC", "2096-02-29T00:00:00"),
        ("0 10/20 * * * *", "UTC", "2026-01-02T03:10:00"),
        ("@daily", "Asia/Tokyo", "2026-01-02T15:00:00"),
    ],
)
def test_when_an_expression_runs_first(expression: str, zone: str, first: str) -> None:
    found = Cron.parse(expression, zone).after(NOW)
    assert found == datetime.fromisoformat(first).replace(tzinfo=UTC)


@pytest.mark.parametrize("expression", ["0 0 0 1 1 * 2020", "0 0 0 31 2 *"])
def test_some_expressions_never_run(expression: str) -> None:
    assert Cron.parse(expression, "UTC").after(NOW) is None


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * * *",  # five fields
        "0 0 0 * * * * *",
        "60 * * * * *",
        "0 0 24 * * *",
        "0 0 0 0 * *",
        "0 0 0 * 13 *",
        "0 0 0 * * 0",
        "0 0 0 * * 8",
        "0 0 0 * * *-5",
        "0 0 0 5-1 * *",
        "*/0 * * * * *",
        "a * * * * *",
        "0 0 0 * * FOO",
        "@reboot",
    ],
)
def test_what_is_no_cron_expression(expression: str) -> None:
    with pytest.raises(CronError, match="invalid cron expression"):
        Cron.parse(expression, "UTC")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe/"])
def test_what_is_no_time_zone(zone: str) -> None:
    with pytest.raises(CronError, match="invalid timezone"):
        Cron.parse("* * * * * *", zone)


_numbers = {0: (0, 59), 1: (0, 59), 2: (0, 23), 3: (1, 28), 4: (1, 12)}


@given(
    st.tuples(*(st.one_of(st.just("*"), st.integers(*bounds).map(str)) for bounds in _numbers.values())),
    st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)),
)
def test_runs_are_in_order_after_the_moment_and_match_every_field(fields: tuple[str, ...], moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    times = list(itertools.islice(Cron.parse(" ".join([*fields, "*"]), "UTC").times(moment), 3))
    assert times == sorted(set(times))
    assert times[0] > moment
    for time in times:
        parts = (time.second, time.minute, time.hour, time.day, time.month)
        assert all(field in {"*", str(part)} for field, part in zip(fields, parts, strict=True))
        assert time.microsecond == 0


# Jobs ---------------------------------------------------------------------------------------------------------------


def test_a_fresh_job_is_active(runtime: Any) -> None:
    job = make(runtime)
    shown = detail(runtime, job)
    counts = {name: shown[name] for name in ("status", "enabled", "run_count", "failure_count", "last_run", "timezone")}
    assert counts == {
        "status": "Active",
        "enabled": True,
        "run_count": 0,
        "failure_count": 0,
        "last_run": None,
        "timezone": "UTC",
    }
    assert shown["next_run"] == "2026-01-01T00:10:00+00:00"


def test_answers_have_exactly_the_members_that_the_sdks_dataclasses_have(runtime: Any) -> None:
    job = make(runtime)
    summary = {"job_id", "name", "cron_expression", "timezone", "status", "enabled", "next_run", "run_count"}
    assert runtime.ok("GET", "schedules")[0].keys() == summary
    more = {"one_shot", "last_run", "failure_count", "created_at", "updated_at"}
    assert detail(runtime, job).keys() == summary | more


def test_the_clock_runs_a_job_each_time_it_is_due(runtime: Any) -> None:
    job = make(runtime)
    runtime.clock.advance(25 * 60)
    shown = detail(runtime, job)
    assert (shown["run_count"], shown["last_run"]) == (2, "2026-01-01T00:20:00+00:00")
    assert shown["next_run"] == "2026-01-01T00:30:00+00:00"
    runs = runtime.ok("GET", f"schedules/{job}/history")["history"]
    assert [(run["started_at"][11:16], run["status"]) for run in runs] == [
        ("00:20", "Succeeded"),
        ("00:10", "Succeeded"),
    ]
    assert [agent["name"] for agent in runtime.ok("GET", "agents")] == ["reporter"]
    health = runtime.ok("GET", "health/scheduler")
    assert (health["runs_total"], health["runs_succeeded"], health["max_concurrent"]) == (2, 2, 100)


def test_a_job_that_runs_once_completes_and_can_be_revived(runtime: Any) -> None:
    job = make(runtime, one_shot=True)
    runtime.clock.advance(3600)
    shown = detail(runtime, job)
    assert (shown["status"], shown["enabled"], shown["run_count"]) == ("Completed", False, 1)
    runtime.ok("POST", f"schedules/{job}/resume")
    shown = detail(runtime, job)
    assert (shown["status"], shown["next_run"]) == ("Active", "2026-01-01T01:10:00+00:00")


def test_a_paused_job_shows_its_next_run_and_does_not_run(runtime: Any) -> None:
    job = make(runtime)
    for _ in range(2):
        assert runtime.ok("POST", f"schedules/{job}/pause")["status"] == "paused"
    runtime.clock.advance(3600)
    shown = detail(runtime, job)
    assert (shown["status"], shown["run_count"], shown["next_run"]) == ("Paused", 0, "2026-01-01T00:10:00+00:00")
    assert runtime.ok("POST", f"schedules/{job}/resume")["status"] == "active"
    assert detail(runtime, job)["next_run"] == "2026-01-01T01:10:00+00:00"


def test_three_failures_in_a_row_make_a_dead_letter(runtime: Any) -> None:
    job = make(runtime)
    runtime.ok("POST", "/_sandbox/schedules/refuse", {"agent_name": "reporter", "reason": "policy: no"})
    runtime.clock.advance(20 * 60)
    assert (detail(runtime, job)["status"], detail(runtime, job)["failure_count"]) == ("Active", 2)
    runtime.clock.advance(40 * 60)
    shown = detail(runtime, job)
    assert (shown["status"], shown["failure_count"], shown["run_count"]) == ("DeadLetter", 3, 3)
    assert runtime.ok("GET", f"schedules/{job}/history")["history"][0]["error"] == "policy: no"
    assert runtime.ok("GET", "health/scheduler")["jobs_dead_letter"] == 1
    assert runtime.refused("POST", f"schedules/{job}/trigger") == (404, "SCHEDULE_TRIGGER_FAILED")
    runtime.ok("POST", "/_sandbox/schedules/refuse", {"agent_name": "reporter", "reason": None})
    runtime.ok("POST", f"schedules/{job}/resume")
    assert detail(runtime, job)["failure_count"] == 0


def test_a_trigger_is_in_the_history_and_in_no_counter(runtime: Any) -> None:
    job = make(runtime)
    assert runtime.ok("POST", f"schedules/{job}/trigger")["status"] == "triggered"
    shown = detail(runtime, job)
    assert (shown["run_count"], shown["last_run"]) == (0, None)
    assert runtime.ok("GET", "health/scheduler")["runs_total"] == 0
    assert len(runtime.ok("GET", f"schedules/{job}/history")["history"]) == 1


def test_history_and_next_runs_ignore_what_was_asked(runtime: Any) -> None:
    job = make(runtime, cron_expression="0 * * * * *")
    runtime.clock.advance(60 * 60)
    assert len(runtime.ok("GET", f"schedules/{job}/history", params={"limit": 2})["history"]) == 50
    assert len(runtime.ok("GET", f"schedules/{job}/next-runs", params={"count": 3})["next_runs"]) == 10


def test_a_leap_of_the_clock_is_made_up_for_but_not_for_ever(runtime: Any) -> None:
    job = make(runtime, cron_expression="* * * * * *")
    runtime.clock.advance(timedelta(days=2).total_seconds())
    shown = detail(runtime, job)
    assert shown["run_count"] == 10_000
    assert shown["next_run"] == "2026-01-03T00:00:01+00:00"


def test_an_update_changes_what_it_names_and_not_the_status(runtime: Any) -> None:
    job = make(runtime)
    runtime.ok("POST", f"schedules/{job}/pause")
    runtime.clock.advance(60)
    shown = runtime.ok("PUT", f"schedules/{job}", {"timezone": "Asia/Tokyo", "cron_expression": "0 0 0 * * *"})
    assert (shown["status"], shown["next_run"]) == ("Paused", "2026-01-01T15:00:00+00:00")
    assert shown["updated_at"] > shown["created_at"]
    assert runtime.ok("PUT", f"schedules/{job}", {})["cron_expression"] == "0 0 0 * * *"
    assert runtime.refused("PUT", f"schedules/{job}", {"timezone": "X"}) == (500, "UPDATE_SCHEDULE_FAILED")
    assert detail(runtime, job)["timezone"] == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "", (404, "SCHEDULE_NOT_FOUND")),
        ("PUT", "", (500, "UPDATE_SCHEDULE_FAILED")),
        ("DELETE", "", (404, "SCHEDULE_NOT_FOUND")),
        ("POST", "/pause", (404, "SCHEDULE_PAUSE_FAILED")),
        ("POST", "/resume", (404, "SCHEDULE_RESUME_FAILED")),
        ("POST", "/trigger", (404, "SCHEDULE_TRIGGER_FAILED")),
        ("GET", "/next-runs", (404, "SCHEDULE_NEXT_RUNS_FAILED")),
    ],
)
@pytest.mark.parametrize("identity", [ID, "no-uuid"])
def test_unknown_jobs(runtime: Any, identity: str, method: str, path: str, refusal: Any) -> None:
    body = {} if method == "PUT" else None
    assert runtime.refused(method, f"schedules/{identity}{path}", body) == refusal


def test_the_history_of_an_unknown_job_is_empty_and_of_a_malformed_id_refused(runtime: Any) -> None:
    assert runtime.ok("GET", f"schedules/{ID}/history") == {"job_id": ID, "history": []}
    assert runtime.refused("GET", "schedules/x/history") == (404, "SCHEDULE_HISTORY_FAILED")


def test_a_bad_expression_is_the_servers_fault(runtime: Any) -> None:
    answer = runtime("POST", "schedules", JOB | {"cron_expression": "* * * * *"})
    assert answer.status_code == 500
    assert answer.json()["error"].startswith("Scheduler error: invalid cron expression")


# Channels -----------------------------------------------------------------------------------------------------------


def test_a_community_runtime_has_no_channels(runtime: Any) -> None:
    assert runtime.ok("GET", "channels") == []
    body = {"name": "a", "platform": "slack", "config": {}}
    assert runtime.refused("POST", "channels", body) == (500, "REGISTER_CHANNEL_FAILED")
    assert runtime.refused("GET", "channels/x/health") == (404, "CHANNEL_HEALTH_FAILED")
    assert runtime.refused("PUT", "channels/x", {}) == (500, "UPDATE_CHANNEL_FAILED")
    assert runtime.refused("DELETE", "channels/x/mappings/u") == (404, "REMOVE_CHANNEL_MAPPING_FAILED")


def test_a_channel_is_started_stopped_and_logged(sdk: Any) -> None:
    body = {"name": "support", "platform": "slack", "config": {"channels": ["C1"]}}
    channel = sdk.ok("POST", "channels", body, 201)
    assert channel["status"] == "stopped"
    path = f"channels/{channel['id']}"
    assert sdk.ok("POST", f"{path}/start") == {"id": channel["id"], "action": "start", "status": "running"}
    sdk.clock.advance(9)
    health = sdk.ok("GET", f"{path}/health")
    assert (health["connected"], health["uptime_secs"], health["channels_active"]) == (True, 9, 1)
    assert sdk.ok("POST", f"{path}/stop")["status"] == "stopped"
    assert sdk.ok("GET", f"{path}/health")["connected"] is False
    events = [entry["event_type"] for entry in sdk.ok("GET", f"{path}/audit")["entries"]]
    assert events == ["channel_stopped", "channel_started", "channel_registered"]
    changed = sdk.ok("PUT", path, {"config": {"channels": []}})
    assert (changed["config"], changed["updated_at"] > changed["created_at"]) == ({"channels": []}, True)


def test_a_second_mapping_of_a_user_replaces_the_first(sdk: Any) -> None:
    channel = sdk.ok("POST", "channels", {"name": "a", "platform": "teams", "config": {}}, 201)["id"]
    person = {"platform_user_id": "U1", "symbiont_user_id": "ada", "display_name": "Ada", "roles": []}
    for name in ("Ada", "Ada L."):
        sdk.ok("POST", f"channels/{channel}/mappings", person | {"display_name": name}, 201)
    (mapping,) = sdk.ok("GET", f"channels/{channel}/mappings")
    assert (mapping["display_name"], mapping["platform"], mapping["verified"]) == ("Ada L.", "teams", False)
    assert sdk.ok("DELETE", f"channels/{channel}/mappings/U1", status=204) is None
    gone = (404, "REMOVE_CHANNEL_MAPPING_FAILED")
    assert sdk.refused("DELETE", f"channels/{channel}/mappings/U1") == gone
