"""A contract report as one HTML page that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from wirewright.contract.report import CHECKS, ContractReport, checks_of

_TEMPLATES = Path(__file__).parent / "templates"


def html_page(report: ContractReport) -> str:
    """The page. Everything in it is escaped; it loads no script, style or font from anywhere."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    states = ("failed", "gaps", "held", "skipped")
    return environment.get_template("report.html.jinja2").render(
        report=report,
        checks=checks_of(report.operations),
        meaning=CHECKS,
        counts={state: len(report.in_state(state)) for state in states},
        operations=[each for state in states for each in report.in_state(state)],
    )
