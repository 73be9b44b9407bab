"""The papers of a release: bill of materials (CycloneDX), licences, known vulnerabilities."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TOOLS = Path(sys.executable).parent


def write(python: Path, out: Path) -> str:
    """Write the papers of an environment in which everything is; what they say, in a line."""
    made = out / "sbom.cdx.json"
    command = [TOOLS / "cyclonedx-py", "environment", "--output-reproducible", "--of", "JSON", "-o", made, python]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    materials = json.loads(made.read_text(encoding="utf-8"))
    (out / "licenses.md").write_text(licences(materials["components"]), encoding="utf-8")
    page = vulnerabilities(audited(python))
    (out / "vulnerabilities.md").write_text(page, encoding="utf-8")
    return f"{len(materials['components'])} components; {page.splitlines()[2].replace('**', '')}"


def licences(components: list[dict[str, Any]]) -> str:
    """A table of what each component is licensed under, as its metadata says."""
    rows = sorted((each["name"], each["version"], licence(each)) for each in components)
    lines = ["# Licences", "", "| Package | Version | Licence |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def licence(component: dict[str, Any]) -> str:
    found = [
        each.get("expression") or each["license"].get("id") or each["license"].get("name", "")
        for each in component.get("licenses", [])
    ]
    return ", ".join(dict.fromkeys(text.splitlines()[0][:60] for text in found if text)) or "not said"


def audited(python: Path) -> list[dict[str, Any]] | None:
    """What pip-audit knows of each package of an environment; None when it could not ask."""
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
    options = ("--format", "json", "--progress-spinner", "off", "--timeout", "15", "--path", folder)
    asked = subprocess.run([TOOLS / "pip-audit", *options], check=False, capture_output=True, text=True)
    try:
        found: list[dict[str, Any]] = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    return found


def vulnerabilities(found: list[dict[str, Any]] | None) -> str:
    """What is known, and of how many packages nothing is: no answer is not a good answer."""
    asked = [each for each in found or () if "vulns" in each]
    if not asked:
        return "# Known vulnerabilities\n\n**Not known: no database could be reached.** Run this again online.\n"
    unknown = sorted(each["name"] for each in found or () if "vulns" not in each)
    known = [
        f"| {each['name']} | {each['version']} | {flaw['id']} | {', '.join(flaw.get('fix_versions', ())) or '–'} |"
        for each in asked
        for flaw in each["vulns"]
    ]
    silence = f"; of {len(unknown)} nothing is known" if unknown else ""
    lines = ["# Known vulnerabilities", "", f"**{len(known)} known in the {len(asked)} packages looked up{silence}.**"]
    if known:
        lines += ["", "| Package | Version | Known as | Mended in |", "|---|---|---|---|", *known]
    if unknown:
        lines += ["", f"No database that could be reached has these: {', '.join(unknown)}."]
    return "\n".join([*lines, ""])
