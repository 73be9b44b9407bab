"""Whether a credential is held to no less than its agent's declaration (protocol sheet §9.5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from symbiont.agentpin._values import texts
from symbiont.agentpin.types import DATA_CLASSIFICATION_ORDER

__all__ = ["DATA_CLASSIFICATION_ORDER", "constraints_subset_of", "domain_pattern_matches", "parse_rate_limit"]

_PER_HOUR = {"second": 3600, "minute": 60, "hour": 1}
_RATE = re.compile(r"(-?[0-9]{1,12})/(second|minute|hour)\Z")


def parse_rate_limit(rate: str) -> int | None:
    """Requests an hour; None when it cannot be read."""
    match = _RATE.match(rate)
    return int(match[1]) * _PER_HOUR[match[2]] if match else None


def domain_pattern_matches(pattern: str, domain: str) -> bool:
    """Whether a domain is the pattern, or strictly below `*.pattern`."""
    if pattern.startswith("*."):
        return domain.endswith(pattern[1:]) and len(domain) > len(pattern) - 1
    return pattern == domain


def constraints_subset_of(
    discovery_constraints: Mapping[str, Any] | None, credential_constraints: Mapping[str, Any] | None
) -> bool:
    """Whether a credential's constraints are not looser than the declared ones.

    Compared are the data classification, the rate and the allowed domains, each where both sides have it: a
    credential that leaves one out passes, since verifiers read the declaration too.
    """
    if not discovery_constraints or not credential_constraints:
        return True
    rules = (_classification, _rate, _domains)
    return all(rule(discovery_constraints, credential_constraints) for rule in rules)


def _classification(declared: Mapping[str, Any], claimed: Mapping[str, Any]) -> bool:
    ranks = [DATA_CLASSIFICATION_ORDER.get(str(one.get("data_classification_max"))) for one in (declared, claimed)]
    return ranks[0] is None or ranks[1] is None or ranks[1] <= ranks[0]


def _rate(declared: Mapping[str, Any], claimed: Mapping[str, Any]) -> bool:
    rates = [parse_rate_limit(str(one.get("rate_limit"))) for one in (declared, claimed)]
    return rates[0] is None or rates[1] is None or rates[1] <= rates[0]


def _domains(declared: Mapping[str, Any], claimed: Mapping[str, Any]) -> bool:
    patterns, domains = texts(declared.get("allowed_domains")), texts(claimed.get("allowed_domains"))
    if not patterns or not domains:
        return True
    return all(any(domain_pattern_matches(pattern, domain) for pattern in patterns) for domain in domains)
