"""What names of generated code stand for: attributes for properties, functions and methods for operations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wirewright_codegen.document import plain
from wirewright_codegen.models.shapes import shapes_of
from wirewright_codegen.naming import Names
from wirewright_codegen.operations.reader import read_api


@dataclass(frozen=True, slots=True)
class Signature:
    """A generated function: the operation, and its arguments by wire name."""

    operation: str
    arguments: Mapping[str, str]


@dataclass(slots=True)
class GeneratedNames:
    """The names of one generated package.

    Attributes:
        attributes: class → attribute → wire name.
        functions: `<resource>.<function or method>` → what it calls.
    """

    attributes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    functions: dict[str, Signature] = field(default_factory=dict[str, Signature])

    @classmethod
    def of(cls, files: Mapping[str, str]) -> GeneratedNames:
        """Those of a package, out of its `spec.json` and its lock of names."""
        document: dict[str, Any] = json.loads(files["spec.json"])
        shapes = shapes_of(document.get("components", {}).get("schemas", {}))
        names = cls({n: {field.name: field.wire for field in shape.fields} for n, shape in shapes.items()})
        api, _ = read_api(document, Names.loads(files["names.lock.json"]))
        for operation in api.operations:
            arguments = {parameter.name: plain(parameter.wire) for parameter in operation.parameters}
            signature = Signature(plain(operation.id), arguments | {"body": "body"})
            for name in (operation.function, operation.method, f"{operation.method}_stream"):
                names.functions.setdefault(f"{operation.resource}.{name}", signature)
            if operation.pagination is not None:
                names.functions.setdefault(f"{operation.resource}.{operation.pagination.method}", signature)
        return names
