"""Cron triggers (protocol sheet §6.12), on the server's wall clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from exospherehost.testing.manager import cron

Use = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    "expression",
    [
        "*/5 * * * *",
        "0 0 * JAN MON",
        "0 0 * * sun-mon",
        "0 0 L * *",
        "0 0 * * 5#2",
        "0 0 * * 7",
        "  0 0 * * *  ",
        "@daily",
        "@hourly",
        "*/5 * * * * *",
        "* * * * * 0 2030",
        "0 0 ? * *",
        "R * * * *",
        "0 0 31 2 *",
    ],
)
def test_expressions_that_are_taken(expression: str) -> None:
    assert cron.is_valid(expression)


@pytest.mark.parametrize(
    "expression", ["", "@reboot", "H * * * *", "60 * * * *", "0 24 * * *", "0 0 0 * *", "1-", "nonsense", "* * * *"]
)
def test_expressions_that_are_refused(expression: str) -> None:
    assert not cron.is_valid(expression)


def keep(world: Any, use: Use, *expressions: str, **members: Any) -> dict[str, Any]:
    triggers = [{"type": "CRON", "value": {"expression": each}} for each in expressions]
    kept: dict[str, Any] = world.graph(use("a", text="x"), triggers=triggers, **members)
    return kept


def entries(world: Any, namespace: str = "ns") -> list[tuple[str, str]]:
    return [(entry["trigger_time"][11:], entry["status"]) for entry in world.manager.schedule.entries(namespace, "g")]


@pytest.fixture
def at_noon(world: Any) -> Any:
    world.clock.seconds = datetime(2026, 1, 2, 12, 0, 30).timestamp()
    return world


def test_a_valid_graph_plans_the_next_firing_of_each_expression(at_noon: Any, node_use: Use) -> None:
    keep(at_noon, node_use, "*/5 * * * *", "*/5 * * * *", "0 13 * * *")
    assert entries(at_noon) == [("12:05:00", "PENDING"), ("13:00:00", "PENDING")]


def test_what_is_due_starts_a_run_and_plans_the_next(at_noon: Any, node_use: Use) -> None:
    keep(at_noon, node_use, "*/5 * * * *")
    assert at_noon.manager.schedule.tick() == 0
    at_noon.clock.advance(300)
    assert at_noon.manager.schedule.tick() == 1
    assert at_noon.manager.runs.list("ns", 1, 0)["total"] == 1
    assert entries(at_noon) == [("12:05:00", "TRIGGERED"), ("12:10:00", "PENDING")]
    assert at_noon.manager.schedule.tick() == 0


def test_missed_times_are_all_made_up_for(at_noon: Any, node_use: Use) -> None:
    keep(at_noon, node_use, "*/5 * * * *")
    at_noon.clock.advance(20 * 60)
    assert at_noon.manager.schedule.tick() == 4
    assert entries(at_noon)[-1] == ("12:25:00", "PENDING")


def test_a_run_that_cannot_start_has_failed_and_the_next_is_planned(at_noon: Any, node_use: Use) -> None:
    """Cron runs have an empty store, so required keys keep them from starting (§13 no. 12)."""
    keep(at_noon, node_use, "*/5 * * * *", store_config={"required_keys": ["k"]})
    at_noon.clock.advance(300)
    at_noon.manager.schedule.tick()
    assert entries(at_noon) == [("12:05:00", "FAILED"), ("12:10:00", "PENDING")]
    assert at_noon.manager.runs.list("ns", 1, 0)["total"] == 0


def test_an_update_takes_back_what_the_old_graph_had_planned(at_noon: Any, node_use: Use) -> None:
    keep(at_noon, node_use, "*/5 * * * *")
    keep(at_noon, node_use, "0 13 * * *")
    assert entries(at_noon) == [("13:00:00", "PENDING")]


def test_but_not_what_a_graph_of_the_same_name_elsewhere_has_planned(at_noon: Any, node_use: Use) -> None:
    """The original drops it (§13 no. 12)."""
    keep(at_noon, node_use, "*/5 * * * *", namespace="other")
    keep(at_noon, node_use, "*/5 * * * *")
    keep(at_noon, node_use)
    assert entries(at_noon) == []
    assert entries(at_noon, "other") == [("12:05:00", "PENDING")]


def test_an_expression_that_never_fires_makes_the_graph_invalid(at_noon: Any, node_use: Use) -> None:
    kept = keep(at_noon, node_use, "@daily", "0 0 31 2 *")
    assert kept["validation_errors"] == ["Validation failed due to unexpected error: failed to find next date"]
    assert entries(at_noon) == []


def test_an_expression_may_come_to_its_end(at_noon: Any, node_use: Use) -> None:
    keep(at_noon, node_use, "0 13 2 1 * 0 2026")
    at_noon.clock.advance(3600)
    assert at_noon.manager.schedule.tick() == 1
    assert entries(at_noon) == [("13:00:00", "TRIGGERED")]


def test_fired_entries_are_forgotten_after_their_time(at_noon: Any, node_use: Use) -> None:
    keep(at_noon, node_use, "0 13 2 1 * 0 2026")
    at_noon.clock.advance(3600)
    at_noon.manager.schedule.tick()
    at_noon.clock.advance(720 * 3600 + 1)
    at_noon.manager.schedule.tick()
    assert entries(at_noon) == []


def test_a_round_fires_once_in_each_minute(at_noon: Any, node_use: Use) -> None:
    keep(at_noon, node_use, "* * * * *")
    for _ in range(3):
        at_noon.clock.advance(20)
        at_noon.manager.housekeeping.round()
    assert at_noon.manager.runs.list("ns", 1, 0)["total"] == 1
