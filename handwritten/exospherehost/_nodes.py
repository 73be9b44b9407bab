"""Node classes as a runtime looks at them: are they sound, and how are they registered (protocol sheet §7.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from exospherehost.node.BaseNode import BaseNode

PARTS = ("Inputs", "Outputs", "Secrets")


def check(nodes: Sequence[type[object]]) -> None:
    """`ValueError` with everything that is wrong with the classes."""
    problems = [problem for node in nodes for problem in _problems(node)]
    names = [node.__name__ for node in nodes]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        problems.append(f"Duplicate node class names found: {repeated}")
    if problems:
        raise ValueError("Following errors while validating nodes: " + "\n".join(problems))


def _problems(node: type[object]) -> Iterator[str]:
    name = node.__name__
    if not issubclass(node, BaseNode):
        yield f"{name} does not inherit from exospherehost.BaseNode"
    yield from (f"{name} does not have an {part} class" for part in PARTS[:2] if not hasattr(node, part))
    yield from (_no_model(name, part) for part in PARTS[:2] if not _is_model(node, part))
    if not hasattr(node, "Secrets"):
        yield f"{name} does not have an Secrets class"
    if not _is_model(node, "Secrets"):
        yield _no_model(name, "Secrets")
    for part in PARTS:
        if _is_model(node, part):
            yield from _field_problems(name, part, getattr(node, part))


def _no_model(name: str, part: str) -> str:
    return f"{name} does not have an {part} class that inherits from pydantic.BaseModel"


def _is_model(node: type[object], part: str) -> bool:
    model = getattr(node, part, None)
    return isinstance(model, type) and issubclass(model, BaseModel)


def _field_problems(name: str, part: str, model: type[BaseModel]) -> Iterator[str]:
    for field, info in model.model_fields.items():
        if info.annotation is not str:
            yield f"{name}.{part} field '{field}' must be of type str, got {info.annotation}"


def registration(node: type[BaseNode], namespace: str) -> dict[str, Any]:
    """What the state manager is told of a node."""
    return {
        "name": node.__name__,
        "namespace": namespace,
        "inputs_schema": node.Inputs.model_json_schema(),
        "outputs_schema": node.Outputs.model_json_schema(),
        "secrets": list(node.Secrets.model_fields),
    }


def needs_secrets(node: type[BaseNode]) -> bool:
    """Whether the node asks for any secret."""
    return bool(node.Secrets.model_fields)
