"""Agent skills: scanning them for danger, and loading them (protocol sheet §12)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from wirewright.narrow import is_mapping

from symbiont._skill_rules import CLAWHAVOC, RUNTIME, Line
from symbiont.exceptions import SkillLoadError, SkillScanError

if TYPE_CHECKING:
    from symbiont.schemapin import KeyPinStore, SchemaResolver

__all__ = [
    "LoadedSkill",
    "ScanFinding",
    "ScanResult",
    "ScanRule",
    "ScanSeverity",
    "SignatureDetail",
    "SignatureStatus",
    "SkillLoadError",
    "SkillLoader",
    "SkillLoaderConfig",
    "SkillMetadata",
    "SkillScanError",
    "SkillScanner",
]

SKILL_FILE = "SKILL.md"
SIGNATURE_FILE = ".schemapin.sig"
SCANNED = frozenset({".md", ".txt", ".py", ".js", ".ts", ".sh", ".yaml", ".yml", ".json", ".toml"})
_FENCE = re.compile(r"^---[ \t]*$", re.MULTILINE)


class ScanSeverity(Enum):
    """How bad a finding is. `high` and `medium` are the runtime's."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    WARNING = "warning"
    INFO = "info"


class SignatureStatus(Enum):
    """What is known of a skill's signature. `pinned`: there is one, and it was not checked."""

    VERIFIED = "verified"
    PINNED = "pinned"
    UNSIGNED = "unsigned"
    INVALID = "invalid"
    REVOKED = "revoked"


@dataclass
class ScanRule:
    """A regular expression that no line should match."""

    name: str
    pattern: str
    severity: ScanSeverity
    message: str


@dataclass
class ScanFinding:
    """A line that matches a rule. Lines count from 1."""

    rule: str
    severity: ScanSeverity
    message: str
    line: int | None = None
    file: str | None = None


@dataclass
class ScanResult:
    """All findings of a scan; `passed` when none is critical (with the runtime's rules: nor high)."""

    passed: bool
    findings: list[ScanFinding] = field(default_factory=list[ScanFinding])


@dataclass
class SignatureDetail:
    """More about a signature."""

    status: SignatureStatus
    domain: str | None = None
    developer: str | None = None
    reason: str | None = None


@dataclass
class SkillMetadata:
    """The frontmatter of a skill."""

    name: str
    description: str | None = None
    raw_frontmatter: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass
class LoadedSkill:
    """A skill."""

    name: str
    path: str
    signature_status: SignatureStatus
    content: str
    metadata: SkillMetadata | None = None
    scan_result: ScanResult | None = None
    signature: SignatureDetail | None = None


@dataclass
class SkillLoaderConfig:
    """Where skills are, and what is asked of them; what `require_signed` and its like do is said in `SkillLoader`."""

    load_paths: list[str] = field(default_factory=list[str])
    require_signed: bool = False
    allow_unsigned_from: list[str] = field(default_factory=list[str])
    auto_pin: bool = False
    scan_enabled: bool = True
    custom_deny_patterns: list[str] = field(default_factory=list[str])


def _rules(lines: Sequence[Line]) -> list[ScanRule]:
    return [ScanRule(name, pattern, ScanSeverity(severity), message) for name, severity, pattern, message in lines]


class SkillScanner:
    """Looks at every line of a skill, with ten rules and one's own.

    `rules="runtime"` takes the runtime's forty, which also match in other cases and refuse findings that are high.
    """

    def __init__(
        self, custom_rules: list[ScanRule] | None = None, *, rules: Literal["clawhavoc", "runtime"] = "clawhavoc"
    ) -> None:
        self.rules = [*_rules(RUNTIME if rules == "runtime" else CLAWHAVOC), *(custom_rules or ())]
        self._compiled = [(rule, re.compile(rule.pattern)) for rule in self.rules]
        self._fatal = {ScanSeverity.CRITICAL} | ({ScanSeverity.HIGH} if rules == "runtime" else set[ScanSeverity]())

    def scan_content(self, content: str, file_name: str | None = None) -> list[ScanFinding]:
        """The findings in a text, line by line, in the order of the rules."""
        return [
            ScanFinding(rule.name, rule.severity, rule.message, number, file_name)
            for number, line in enumerate(content.splitlines(), start=1)
            for rule, pattern in self._compiled
            if pattern.search(line)
        ]

    def scan_skill(self, skill_dir: str | Path) -> ScanResult:
        """The findings in all files of a directory that hold text. One that is missing passes."""
        findings = [
            finding
            for path in _texts(Path(skill_dir))
            for finding in self.scan_content(path.read_text(encoding="utf-8", errors="replace"), path.name)
        ]
        return ScanResult(not any(finding.severity in self._fatal for finding in findings), findings)


def _texts(directory: Path) -> Iterator[Path]:
    """Files worth scanning that can be read."""
    for path in sorted(directory.rglob("*")):
        if path.suffix.lower() in SCANNED and path.is_file() and _is_readable(path):
            yield path


def _is_readable(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False


class SkillLoader:
    """Loads skills from directories.

    Alone it tells whether there is a signature. With a `resolver` (`symbiont.schemapin`: where domains' keys are found)
    signatures are verified; with `auto_pin` the key that a domain first signed a skill with is the one it stays with.

    With `enforce`, `SkillLoadError` refuses a skill whose signature or scan is not good, and with `require_signed` one
    that is not signed, unless it lies below a directory of `allow_unsigned_from`; that takes a resolver, since a file
    that nobody checks is no signature (`ValueError`). Otherwise all of that is only told (`signature_status`,
    `scan_result`), as older programs expect.
    """

    def __init__(
        self, config: SkillLoaderConfig, *, enforce: bool = False, resolver: SchemaResolver | None = None
    ) -> None:
        if enforce and config.require_signed and resolver is None:
            raise ValueError("require_signed is enforced with a resolver: it knows the keys of domains")
        self.config = config
        self.enforce = enforce
        self._resolver = resolver
        self._pins: KeyPinStore | None = None
        denied = [
            ScanRule(f"custom-deny-{number}", pattern, ScanSeverity.CRITICAL, "Matches a pattern that is denied here")
            for number, pattern in enumerate(config.custom_deny_patterns)
        ]
        self.scanner = SkillScanner(denied)

    def load_all(self) -> list[LoadedSkill]:
        """All skills of all directories, by name; those that cannot be loaded are left out."""
        loaded: list[LoadedSkill] = []
        for entry in self._entries():
            try:
                loaded.append(self.load_skill(entry))
            except SkillLoadError:
                continue
        return loaded

    def _entries(self) -> Iterator[Path]:
        for root in map(Path, self.config.load_paths):
            if root.is_dir():
                yield from (entry for entry in sorted(root.iterdir()) if _holds_skill(entry))

    def load_skill(self, path: str | Path) -> LoadedSkill:
        """One skill. Raises `SkillLoadError`."""
        directory = Path(path)
        if not _holds_skill(directory):
            raise SkillLoadError(f"{SKILL_FILE} not found in {path}", skill_path=str(path))
        try:
            content = (directory / SKILL_FILE).read_text(encoding="utf-8")
            metadata = _metadata(content, directory.name)
            scan = self.scanner.scan_skill(directory) if self.config.scan_enabled else None
            signature = self._signature(directory)
        except (OSError, ValueError) as error:
            raise SkillLoadError(f"The skill in {path} cannot be read: {error}", skill_path=str(path)) from error
        name = metadata.name if metadata else directory.name
        skill = LoadedSkill(name, str(path), signature.status, content, metadata, scan, signature)
        if self.enforce:
            self._check(skill, directory)
        return skill

    def _signature(self, directory: Path) -> SignatureDetail:
        if not (directory / SIGNATURE_FILE).is_file():
            return SignatureDetail(SignatureStatus.UNSIGNED)
        if self._resolver is None:
            return SignatureDetail(SignatureStatus.PINNED, reason="the signature was not checked")
        return self._verified(directory, self._resolver)

    def _verified(self, directory: Path, resolver: SchemaResolver) -> SignatureDetail:
        """What the domain's key says of the files. A domain that cannot be resolved vouches for nothing."""
        from symbiont.schemapin.skill import SkillSigner
        from symbiont.schemapin.verification import ErrorCode, KeyPinStore

        if self.config.auto_pin and self._pins is None:
            self._pins = KeyPinStore()
        try:
            domain = str(SkillSigner.load_signature(directory).get("domain") or "")
        except (OSError, ValueError):
            return SignatureDetail(SignatureStatus.INVALID, reason="the signature cannot be read")
        found = SkillSigner.verify_skill_with_resolver(directory, domain, resolver, self._pins)
        if found.valid:
            return SignatureDetail(SignatureStatus.VERIFIED, domain, found.developer_name)
        revoked = found.error_code is ErrorCode.KEY_REVOKED
        status = SignatureStatus.REVOKED if revoked else SignatureStatus.INVALID
        return SignatureDetail(status, domain, found.developer_name, found.error_message)

    def _check(self, skill: LoadedSkill, directory: Path) -> None:
        status = skill.signature_status
        if status in {SignatureStatus.INVALID, SignatureStatus.REVOKED}:
            raise SkillLoadError(f"The signature of the skill in {skill.path} is {status.value}", skill_path=skill.path)
        is_unsigned = status is SignatureStatus.UNSIGNED
        if self.config.require_signed and is_unsigned and not self._may_be_unsigned(directory):
            raise SkillLoadError(f"The skill in {skill.path} is not signed", skill_path=skill.path)
        if skill.scan_result is not None and not skill.scan_result.passed:
            raise SkillLoadError(f"The skill in {skill.path} did not pass its scan", skill_path=skill.path)

    def _may_be_unsigned(self, directory: Path) -> bool:
        place = directory.resolve()
        return any(place.is_relative_to(Path(root).resolve()) for root in self.config.allow_unsigned_from)


def _holds_skill(entry: Path) -> bool:
    return entry.is_dir() and (entry / SKILL_FILE).is_file()


def _metadata(content: str, directory_name: str) -> SkillMetadata | None:
    """The YAML between two lines of three dashes at the beginning. Broken YAML is none; `ValueError` for a list."""
    import yaml

    if not content.startswith("---"):
        return None
    fences = list(_FENCE.finditer(content))
    if len(fences) < 2 or fences[0].start() != 0:
        return None
    text = content[fences[0].end() : fences[1].start()]
    if not text.strip():
        return None
    try:
        found: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        found = None
    if found is not None and not is_mapping(found):
        raise ValueError("its frontmatter is no mapping")
    raw = dict(found or {})
    return SkillMetadata(raw.get("name", directory_name), raw.get("description"), raw)
