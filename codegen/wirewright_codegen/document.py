"""The calls of a document, as openapi-python-client's models. The only module that imports its `schema` package.

Every name, path and text in them is an `UntrustedString`: it prints as an object, so that a forgotten escape shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import pydantic
from openapi_python_client.schema import OpenAPI, Operation, Parameter, PathItem, Response
from openapi_python_client.schema.openapi_schema_pydantic.components import Components
from openapi_python_client.schema.openapi_schema_pydantic.media_type import MediaType
from openapi_python_client.schema.openapi_schema_pydantic.request_body import RequestBody
from openapi_python_client.schema.openapi_schema_pydantic.security_scheme import SecurityScheme
from openapi_python_client.schema.openapi_schema_pydantic.server import Server
from openapi_python_client.schema.untrusted_string import UntrustedString

from wirewright_codegen.errors import SpecError

__all__ = [
    "Components",
    "MediaType",
    "OpenAPI",
    "Operation",
    "Parameter",
    "PathItem",
    "RequestBody",
    "Response",
    "SecurityScheme",
    "Server",
    "UntrustedString",
    "plain",
    "read_document",
    "read_operation",
    "read_path_item",
]  # fmt: skip

M = TypeVar("M", bound=pydantic.BaseModel)


def plain(text: UntrustedString | str | None) -> str:
    """The raw text; from here on the caller answers for it. Empty for none."""
    if isinstance(text, UntrustedString):
        return text.get_untrusted_value()
    return text or ""


def read_document(projection: Mapping[str, Any]) -> OpenAPI:
    """A projection as models. Raises `SpecError` with the place."""
    return _validated(OpenAPI, projection, "")


def read_path_item(value: Mapping[str, Any], pointer: str) -> PathItem:
    """One path item or webhook that stands at `pointer`."""
    return _validated(PathItem, value, pointer)


def read_operation(value: Mapping[str, Any], pointer: str) -> Operation:
    """One operation that stands at `pointer`."""
    return _validated(Operation, value, pointer)


def _validated(model: type[M], value: Mapping[str, Any], pointer: str) -> M:
    try:
        return model.model_validate(value)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        steps = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in first["loc"])
        raise SpecError(f"{first['msg']}", pointer=f"{pointer}{steps}") from None
