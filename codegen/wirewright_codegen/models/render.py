"""The writer of models: datamodel-code-generator, called as a library with our templates. No other module imports it.

It is given one cluster of schemas at a time, as a document of its own whose references to other clusters are mapped to
their modules. What it sees are types and safe names alone: no words, constraints, defaults or wire names of a document.
"""

from __future__ import annotations

import json
import warnings
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wirewright_codegen.models.flavours import DELIMITER, END, Item
from wirewright_codegen.models.schemas import REF_PREFIX, Schema, as_schema, children
from wirewright_codegen.targets import Flavour

VERSION = "0.89.0"
TEMPLATES = Path(__file__).parent / "templates"
_OUTPUTS = {"msgspec": "msgspec.Struct", "attrs": "dataclasses.dataclass", "pydantic": "pydantic_v2.BaseModel"}


class RenderError(Exception):
    """The renderer did not answer with every type it was given."""


def render(
    schemas: Mapping[str, Schema], items: Mapping[str, Item], modules: Mapping[str, str], flavour: Flavour
) -> dict[str, str]:
    """The source of each type of a cluster.

    Args:
        schemas: the cluster's schemas, types only.
        items: what the templates write of each.
        modules: class name → module, for all classes.
        flavour: the model library.
    """
    own = set(schemas)
    located = {name: _located(schema, own, modules) for name, schema in schemas.items()}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "models", "version": "0"},
        "paths": {},
        "components": {"schemas": located},
    }
    found = _pieces(_generate(document, {name: {"w": items[name]} for name in own}, modules, flavour))
    missing = sorted(own - found.keys())
    if missing:
        raise RenderError(f"datamodel-code-generator wrote no {', '.join(missing[:5])}")
    return {name: found[name] for name in own}


def _located(schema: Schema, own: set[str], modules: Mapping[str, str]) -> dict[str, Any]:
    """The schema with its references to other clusters pointing at their files."""
    moved: dict[str, Any] = dict(schema)
    if isinstance(ref := schema.get("$ref"), str):
        name = ref.removeprefix(REF_PREFIX)
        if name not in own:
            moved["$ref"] = f"{modules[name]}.json{ref}"
        return moved
    if not any(True for _ in children(schema)):
        return moved
    for key in ("anyOf", "prefixItems"):
        if key in schema:
            moved[key] = [_located(inner, own, modules) for inner in schema[key]]
    for key in ("items", "additionalProperties"):
        if (inner := as_schema(schema.get(key))) is not None:
            moved[key] = _located(inner, own, modules)
    if "properties" in schema:
        moved["properties"] = {name: _located(inner, own, modules) for name, inner in schema["properties"].items()}
    return moved


def _generate(
    document: Mapping[str, Any], data: Mapping[str, dict[str, Any]], modules: Mapping[str, str], flavour: Flavour
) -> str:
    from datamodel_code_generator import LiteralType, generate
    from datamodel_code_generator.config import GenerateConfig
    from datamodel_code_generator.enums import DataModelType, InputFileType, OpenAPIScope
    from datamodel_code_generator.format import DatetimeClassType, PythonVersion

    config = GenerateConfig(
        input_file_type=InputFileType.OpenAPI,
        openapi_scopes=[OpenAPIScope.Schemas],
        output_model_type=DataModelType(_OUTPUTS[flavour]),
        target_python_version=PythonVersion.PY_311,
        custom_class_name_generator=_same,
        custom_template_dir=TEMPLATES,
        extra_template_data=defaultdict(dict, data),
        external_ref_mapping={f"{module}.json": f"models.{module}" for module in set(modules.values())},
        enum_field_as_literal=LiteralType.All,
        use_type_alias=True,
        use_union_operator=True,
        use_standard_collections=True,
        use_standard_primitive_types=True,
        use_tuple_for_fixed_items=True,
        strict_nullable=True,
        keyword_only=True,
        disable_timestamp=True,
        treat_dot_as_module=False,
        allow_remote_refs=False,
        output_datetime_class=DatetimeClassType.Datetime,
        formatters=[],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = generate(json.dumps(document), config=config)
    return written if isinstance(written, str) else ""


def _same(name: str) -> str:
    return name


def _pieces(code: str) -> dict[str, str]:
    """The text between delimiters, by class name; what the renderer adds around it is not ours."""
    pieces: dict[str, str] = {}
    for piece in ("\n" + code).split(f"\n{DELIMITER}")[1:]:
        name, _, body = piece.partition("\n")
        pieces[name.strip()] = body.partition(f"\n{END}")[0].strip("\n") + "\n"
    return pieces
