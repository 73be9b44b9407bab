"""What a change does to an app: every planted line is named, with its change, and no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from wirewright_codegen.diff import RULES, Diff, compare
from wirewright_codegen.errors import SpecError
from wirewright_codegen.impact import Impact, assess
from wirewright_codegen.impact.touching import TOUCHES
from wirewright_codegen.pipeline import Target, preview

SHOP = Path(__file__).parent / "shop"
APP = SHOP / "app.py"
CACHE = Path(__file__).resolve().parents[3] / ".wirewright" / "types"


def package(spec: Path, folder: Path, flavour: Any = "attrs") -> dict[str, str]:
    return preview(Target(spec, "shop_api.v1", folder / "none", models=flavour, cache=None))


def assessed(app: Path, before: Path, after: Path, folder: Path, flavour: Any = "attrs") -> tuple[Impact, Diff]:
    old, new = package(before, folder, flavour), package(after, folder, flavour)
    diff = compare(json.loads(old["spec.json"]), json.loads(new["spec.json"]))
    return assess(app, "shop_api.v1", old=old, new=new, diff=diff, folder=folder, cache=CACHE), diff


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Impact:
    return assessed(APP, SHOP / "before.yaml", SHOP / "after.yaml", tmp_path_factory.mktemp("shop"))[0]


def planted(app: Path, word: str) -> list[int]:
    lines = enumerate(app.read_text().splitlines(), start=1)
    return [number for number, line in lines if line.endswith(f"  # {word}")]


def told(found: Impact, *, breaks: bool) -> list[int]:
    return sorted({finding.line for finding in found.findings if finding.breaks is breaks})


def test_the_app_is_as_long_as_one_that_people_write() -> None:
    assert len(APP.read_text().splitlines()) >= 300


@pytest.mark.promise("`impact` names every line that a change touches, and none that is safe")
def test_every_planted_line_is_named_and_no_safe_one(shop: Impact) -> None:
    assert told(shop, breaks=True) == planted(APP, "breaks")
    assert told(shop, breaks=False) == planted(APP, "look")


@pytest.mark.promise("`impact` names every line that a change touches, and none that is safe")
def test_other_ways_of_using_a_client_are_seen_as_well(tmp_path: Path) -> None:
    app = SHOP / "styles.py"
    found, _ = assessed(app, SHOP / "before.yaml", SHOP / "after.yaml", tmp_path)
    assert told(found, breaks=True) == planted(app, "breaks")
    assert told(found, breaks=False) == planted(app, "look")
    reasons = {
        app.read_text().splitlines()[f.line - 1].strip().split("  #")[0]: f.change.rule
        for f in found.findings
        if f.change
    }
    assert reasons["archive = partial(shop.Api().items.archive)"] == "operation-removed"
    assert reasons["return self.api.items.create(m.ItemCreate(price=3, **options))"] == "required-property-added"
    assert reasons["print(order.total)"] == "property-became-optional"


def test_every_line_has_the_change_that_is_its_reason(shop: Impact) -> None:
    source = APP.read_text().splitlines()
    reasons = {source[f.line - 1].strip().split("  #")[0]: f.change.rule for f in shop.findings if f.change}
    assert len(reasons) > 20
    assert reasons["return api.items.list(tag=tag, limit=PAGE)"] == "parameter-removed"
    assert reasons["weight = item.weight"] == "property-removed"
    assert reasons["api.items.archive(item_id)"] == "operation-removed"
    assert reasons["total += order.total"] == "property-became-optional"
    assert reasons["quantity: int = line.quantity"] == "type-widened"
    assert reasons["return api.customers.get(order.customer)"] == "operation-id-changed"
    assert reasons['return customer.email.partition("@")[2]'] == "became-nullable"
    assert reasons['return [item for item in items if item.state == "draft"]'] == "enum-value-removed"
    assert reasons["match order.status:"] == "enum-value-added"
    assert all(finding.change is not None for finding in shop.findings)


def test_the_safe_lines_were_looked_at(shop: Impact) -> None:
    assert shop.files == 1
    assert shop.uses > 2 * len(shop.findings)


@pytest.mark.parametrize("flavour", ["msgspec", "pydantic"])
def test_other_flavours_and_several_files(flavour: str, tmp_path: Path) -> None:
    app = tmp_path / "app"
    (app / "inner").mkdir(parents=True)
    (app / "inner/__init__.py").touch()
    (app / "inner/one.py").write_text(
        "from shop_api.v1 import models as m\n\n\ndef f(item: m.Item) -> object:\n    return item.weight\n"
    )
    (app / "two.py").write_text(
        "from inner.one import f\nfrom shop_api.v1 import models as m\n\nm.ItemCreate(name='n', price=1)\nf\n"
    )
    found, _ = assessed(app, SHOP / "before.yaml", SHOP / "after.yaml", tmp_path, flavour)
    told = [(Path(f.file).name, f.line, f.change.rule if f.change else None) for f in found.findings]
    assert told == [("one.py", 5, "property-removed"), ("two.py", 4, "required-property-added")]


def test_nothing_changed_touches_nothing(tmp_path: Path) -> None:
    found, diff = assessed(APP, SHOP / "before.yaml", SHOP / "before.yaml", tmp_path)
    assert diff.changes == ()
    assert found.findings == ()


def test_an_app_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n")
    with pytest.raises(SpecError, match=r"broken\.py"):
        assessed(broken, SHOP / "before.yaml", SHOP / "after.yaml", tmp_path)


def test_what_types_do_not_show_is_a_rule_that_exists() -> None:
    assert set(TOUCHES) <= set(RULES)
