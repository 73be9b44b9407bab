"""The tables `schemas.yaml` and `operations.yaml`: every change has its rule, and its class for both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from wirewright_codegen.diff import RULES, Change, Class, Diff, compare

Changes = Callable[[Any], list[Change]]
TEXT = {"description-changed", "example-changed"}
CONSEQUENCES = {"schema-added", "schema-removed", "schema-renamed"}


@pytest.mark.promise("A change of a spec is classed for those who send and for those who receive it")
def test_a_change_has_its_rule_and_its_class_for_senders_and_receivers(case: Any, changes_of: Changes) -> None:
    found = [change for change in changes_of(case) if change.rule not in CONSEQUENCES]
    told = [change for change in found if change.rule not in TEXT - set(case.rules)]
    assert sorted(change.rule for change in told) == sorted(case.rules)
    assert max(change.senders for change in told).name == case.senders
    assert max(change.receivers for change in told).name == case.receivers


def test_the_tables_are_large_enough_to_trust(all_cases: list[Any]) -> None:
    assert len(all_cases) >= 150


def test_every_rule_has_a_change_that_shows_it(all_cases: list[Any], differences: Diff) -> None:
    shown = {rule for case in all_cases for rule in case.rules} | {change.rule for change in differences.changes}
    by_documents = {rule for rule in RULES if rule.startswith(("server-", "default-server-", "security-scheme-"))}
    assert sorted(RULES.keys() - shown - by_documents) == []  # test_documents.py


def test_every_change_has_a_place_and_a_fingerprint_of_its_own(differences: Diff) -> None:
    repeated = [
        key for key, count in Counter(change.fingerprint for change in differences.changes).items() if count > 1
    ]
    assert repeated == []
    assert all(change.place and change.text for change in differences.changes)


def test_changes_do_not_disturb_each_other(differences: Diff, all_cases: list[Any], changes_of: Changes) -> None:
    """All cases in one pair of documents give what each gives alone, fingerprints included."""
    together = {change.fingerprint for change in differences.changes}
    alone = {change.fingerprint for case in all_cases[::7] for change in changes_of(case)}
    assert alone - together == set()


def test_equal_documents_have_no_changes(documents: tuple[Any, Any]) -> None:
    assert compare(documents[0], documents[0]).changes == ()


def test_the_worst_comes_first(differences: Diff) -> None:
    classes = [change.clients for change in differences.changes]
    assert classes == sorted(classes, reverse=True)
    assert classes[0] is Class.breaking
