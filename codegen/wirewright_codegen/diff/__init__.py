"""What changed between two canonical documents, and what it means for those who send and those who receive.

    compare(old, new).changes        every difference, each with a place, a rule, two classes and a fingerprint

The comparison finds facts (`operations`, `messages`, `schemas`, `keywords` ...); what they mean is one table
(`table`, read by `rules`). Nothing that differs is passed over: what no rule names is `keyword-changed` or
`extension-changed`.
"""

from wirewright_codegen.diff.approved import Approved, ApprovedError
from wirewright_codegen.diff.compare import Diff, compare
from wirewright_codegen.diff.rules import RULES, Rule
from wirewright_codegen.diff.values import Bump, Change, Class, Effect, Element, Flow

__all__ = [
    "RULES",
    "Approved",
    "ApprovedError",
    "Bump",
    "Change",
    "Class",
    "Diff",
    "Effect",
    "Element",
    "Flow",
    "Rule",
    "compare",
]
