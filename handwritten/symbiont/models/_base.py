"""The base of the SDK's own models."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Unknown fields are ignored; values never show in error messages, since some of them are secrets."""

    model_config = ConfigDict(
        hide_input_in_errors=True, populate_by_name=True, defer_build=True, protected_namespaces=()
    )
