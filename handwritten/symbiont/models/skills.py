"""Skills, as plain values. `symbiont.skills` scans and loads them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from symbiont.models._base import Model


class SignatureStatusType(StrEnum):
    """What is known of a signature."""

    VERIFIED = "verified"
    PINNED = "pinned"
    UNSIGNED = "unsigned"
    INVALID = "invalid"
    REVOKED = "revoked"


class ScanSeverityType(StrEnum):
    """How bad a finding is."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class ScanFindingModel(Model):
    """One finding."""

    rule: str
    severity: ScanSeverityType
    message: str
    line: int | None = None
    file: str | None = None


class ScanResultModel(Model):
    """All findings of a scan."""

    passed: bool
    findings: list[ScanFindingModel] = Field(default_factory=list[ScanFindingModel])


class SkillMetadataModel(Model):
    """The frontmatter of a skill."""

    name: str
    description: str | None = None
    raw_frontmatter: dict[str, Any] = Field(default_factory=dict[str, Any])


class LoadedSkillModel(Model):
    """A skill."""

    name: str
    path: str
    signature_status: SignatureStatusType
    content: str
    metadata: SkillMetadataModel | None = None
    scan_result: ScanResultModel | None = None


class SkillsConfig(Model):
    """Where skills are, and what is asked of them."""

    load_paths: list[str] = Field(default_factory=list[str])
    require_signed: bool = False
    allow_unsigned_from: list[str] = Field(default_factory=list[str])
    auto_pin: bool = False
    scan_enabled: bool = True
    custom_deny_patterns: list[str] = Field(default_factory=list[str])
