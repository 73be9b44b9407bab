"""Answers of 1 KB, 100 KB and 10 MB to typed objects and back, in each flavour, beside what people would pick instead.

    python tests/benchmarks/bench_decode.py [--json FILE] [--fast]

Generates one API twice, once with names that are Python's own and once with camelCase ones, and prints times as
multiples of `orjson.loads` to plain dicts (of `orjson.dumps` for encoding): smaller is faster.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from figures import figure
from wirewright import codecs
from wirewright_codegen.pipeline import Target, generate

SIZES = {"1 KB": 1_000, "100 KB": 100_000, "10 MB": 10_000_000}
SECONDS = 0.25
FLAVOURS = ("msgspec", "attrs", "pydantic")
Decode = Callable[[bytes], Any]

PROPERTIES: dict[str, dict[str, Any]] = {
    "Customer": {
        "user_id": {"type": "integer"}, "full_name": {"type": "string"}, "email": {"type": ["string", "null"]},
        "is_admin": {"type": "boolean"},
    },
    "Line": {
        "product_sku": {"type": "string"}, "quantity": {"type": "integer"}, "unit_price": {"type": "number"},
        "gift_note": {"type": "string"},
    },
    "Order": {
        "order_id": {"type": "string"}, "created_at": {"type": "string", "format": "date-time"},
        "order_state": {"type": "string", "enum": ["open", "paid", "shipped"]},
        "customer": {"$ref": "#/components/schemas/Customer"},
        "line_items": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
        "tags": {"type": "array", "items": {"type": "string"}},
        "closed_at": {"type": ["string", "null"], "format": "date-time"}, "discount_code": {"type": "string"},
    },
}  # fmt: skip
OPTIONAL = {"gift_note", "discount_code", "email"}


def camel(name: str) -> str:
    """`order_id` as `orderId`."""
    return re.sub(r"_(.)", lambda found: found[1].upper(), name)


def spec(rename: Callable[[str], str]) -> dict[str, Any]:
    """The API, its properties named by `rename`."""
    schemas = {
        name: {
            "type": "object",
            "properties": {rename(wire): schema for wire, schema in properties.items()},
            "required": [rename(wire) for wire in properties if wire not in OPTIONAL],
        }
        for name, properties in PROPERTIES.items()
    }
    orders = {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}
    answer = {"description": "ok", "content": {"application/json": {"schema": orders}}}
    listing = {"operationId": "list_orders", "tags": ["orders"], "responses": {"200": answer}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Orders", "version": "1"},
        "paths": {"/orders": {"get": listing}},
        "components": {"schemas": schemas},
    }


def body(size: int, rename: Callable[[str], str]) -> bytes:
    """Orders of about `size` bytes; optional members are there half of the time."""
    dice = random.Random(size)
    orders: list[Any] = []
    length = 2
    while length < size:
        order = made("Order", dice, rename)
        length += len(orjson.dumps(order)) + 1
        orders.append(order)
    return orjson.dumps(orders)


def made(name: str, dice: random.Random, rename: Callable[[str], str]) -> dict[str, Any]:
    return {
        rename(wire): value(wire, schema, dice, rename)
        for wire, schema in PROPERTIES[name].items()
        if wire not in OPTIONAL or dice.random() < 0.5
    }


def value(wire: str, schema: dict[str, Any], dice: random.Random, rename: Callable[[str], str]) -> Any:
    if "$ref" in schema:
        return made("Customer", dice, rename)
    if "enum" in schema:
        return dice.choice(schema["enum"])
    if schema["type"] == "array":
        inner = "Line" if wire == "line_items" else ""
        return [made(inner, dice, rename) if inner else f"tag{dice.randrange(99)}" for _ in range(dice.randrange(1, 4))]
    if schema.get("format") == "date-time":
        return f"2026-01-{dice.randrange(10, 29)}T03:04:05Z"
    kind = schema["type"] if isinstance(schema["type"], str) else "string"
    found: Any = {
        "integer": dice.randrange(10**6), "number": dice.randrange(10**4) / 100, "boolean": dice.random() < 0.5,
        "string": f"{wire} {dice.randrange(10**9)}",
    }[kind]  # fmt: skip
    return found


def ours(document: Path, flavour: str, out: Path) -> tuple[Decode, Callable[[Any], bytes]]:
    """The generated package's decoder of the answer, and its encoder."""
    package = f"{document.stem}_{flavour}"
    result = generate(Target(document, package, out, flavour, cache=None), verify=False)  # type: ignore[arg-type]
    assert result.ok, result.as_json()
    importlib.invalidate_caches()
    models: Any = importlib.import_module(f"{package}.models")
    codec = codecs.get(flavour)
    return codec.decoder(list[models.Order]), codec.encode


def plain_pydantic(document: Path, out: Path) -> tuple[Decode, Callable[[Any], bytes]]:
    """datamodel-code-generator's own pydantic models."""
    import pydantic
    from datamodel_code_generator import generate as write
    from datamodel_code_generator.config import GenerateConfig
    from datamodel_code_generator.enums import DataModelType, InputFileType

    name = f"{document.stem}_dcg"
    kind = DataModelType.PydanticV2BaseModel
    config = GenerateConfig(
        input_file_type=InputFileType.OpenAPI, output=out / f"{name}.py", output_model_type=kind,
        enum_field_as_literal="all", snake_case_field=True, strict_nullable=True,
    )  # fmt: skip
    write(document.read_text(), config=config)
    importlib.invalidate_caches()
    adapter: Any = pydantic.TypeAdapter(list[importlib.import_module(name).Order])
    return adapter.validate_json, lambda orders: bytes(adapter.dump_json(orders, by_alias=True, exclude_unset=True))


def from_dict(document: Path, out: Path) -> tuple[Decode, Callable[[Any], bytes]]:
    """openapi-python-client's models; its calls read a body with `json.loads`."""
    name = f"{document.stem}_opc"
    (out / f"{name}.yaml").write_text("post_hooks: []\n")
    command = [str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--path", str(document)]
    command += ["--meta", "none", "--output-path", str(out / name), "--config", str(out / f"{name}.yaml")]
    subprocess.run(command, check=True, capture_output=True, cwd=out)
    importlib.invalidate_caches()
    order: Any = importlib.import_module(f"{name}.models").Order
    return (
        lambda content: [order.from_dict(item) for item in json.loads(content)],
        lambda orders: json.dumps([item.to_dict() for item in orders]).encode(),
    )


def seconds(run: Callable[[Any], Any], argument: Any, budget: float) -> float:
    """One call, the best of many; the collector runs as it always does, from a clean start."""
    run(argument)
    gc.collect()
    best, spent, rounds = float("inf"), 0.0, 0
    while spent < budget or rounds < 3:
        started = time.perf_counter()
        run(argument)
        took = time.perf_counter() - started
        best, spent, rounds = min(best, took), spent + took, rounds + 1
    return best


def table(names: str, rename: Callable[[str], str], out: Path, budget: float) -> list[dict[str, Any]]:
    """All rows of one way to name things."""
    document = out / f"{names}.json"
    document.write_text(json.dumps(spec(rename)))
    kinds: dict[str, tuple[Decode, Callable[[Any], bytes]]] = {
        "orjson, dicts": (orjson.loads, orjson.dumps),
        **{f"wirewright {flavour}": ours(document, flavour, out) for flavour in FLAVOURS},
        "pydantic (datamodel-code-generator)": plain_pydantic(document, out),
        "from_dict (openapi-python-client)": from_dict(document, out),
    }
    rows: list[dict[str, Any]] = []
    for size, length in SIZES.items():
        content = body(length, rename)
        floor: tuple[float, float] | None = None
        for kind, (decode, encode) in kinds.items():
            times = seconds(decode, content, budget), seconds(encode, decode(content), budget)
            floor = floor or times
            rows.append({
                "names": names, "size": size, "kind": kind, "bytes": len(content),
                "decode": times[0], "decode_ratio": times[0] / floor[0],
                "encode": times[1], "encode_ratio": times[1] / floor[1],
            })  # fmt: skip
    return rows


TARGETS = {("msgspec", "agree"): 1.0, ("msgspec", "differ"): 1.0, ("attrs", "agree"): 1.5, ("attrs", "differ"): 2.0}


def keep(row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Ours beside orjson's plain dicts; the pydantic flavour beside the models that datamodel-code-generator writes."""
    flavour = row["kind"].removeprefix("wirewright ")
    if flavour not in FLAVOURS:
        return
    beside = "pydantic (datamodel-code-generator)" if flavour == "pydantic" else "orjson, dicts"
    [other] = [r for r in rows if (r["names"], r["size"], r["kind"]) == (row["names"], row["size"], beside)]
    case = f"{row['size']} to {flavour}, names {row['names']}"
    target = 1 / TARGETS.get((flavour, row["names"]), 1.0)
    headline = (row["size"], row["names"]) == ("100 KB", "agree")
    ours, theirs = row["decode"] * 1e6, other["decode"] * 1e6
    figure("Decoding", case, ours, theirs, beside=beside, unit="us", target=target, headline=headline)


def main() -> None:
    """Print one line per kind, size and naming."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the rows there as well")
    parser.add_argument("--fast", action="store_true", help="without the 10 MB answer, and shorter")
    given = parser.parse_args()
    if given.fast:
        SIZES.pop("10 MB")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="wirewright-decode-") as folder:
        sys.path.insert(0, folder)
        for names, rename in (("agree", str), ("differ", camel)):
            rows += table(names, rename, Path(folder), 0.1 if given.fast else SECONDS)
    print(f"{'names':<8}{'size':<8}{'kind':<38}{'decode':>12}{'x orjson':>10}{'encode':>12}{'x orjson':>10}")
    for row in rows:
        decode, encode = row["decode"] * 1e6, row["encode"] * 1e6
        place = f"{row['names']:<8}{row['size']:<8}{row['kind']:<38}"
        keep(row, rows)
        print(f"{place}{decode:>9.0f} us{row['decode_ratio']:>10.2f}{encode:>9.0f} us{row['encode_ratio']:>10.2f}")
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
