"""What the command line is given, as values: templates, run documents, JSON, steps."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from wirewright.narrow import is_mapping

from pgdag.runner import StepFn
from pgdag.template import DAGTemplate, Plan, TemplateError

__all__ = ["InputError", "read_object", "read_steps", "read_template", "template_of"]


class InputError(Exception):
    """An input cannot be used; the message is for the person who gave it."""


def read_object(text: str, what: str) -> dict[str, Any]:
    """A JSON object: the text itself, or with `@` the name of a file that holds it (`@-` is standard input)."""
    if text.startswith("@"):
        return _read_file(text[1:], what)
    return _object(text, what)


def read_template(file: str) -> DAGTemplate:
    """A template that can run."""
    return template_of(_read_file(file, "template"), file)


def template_of(data: Mapping[str, Any], place: str) -> DAGTemplate:
    """The template in a document of the schema; `place` is what messages call it."""
    import msgspec
    from pgdag_api.v0_9 import models

    try:
        msgspec.convert(data, models.Template)
        template = DAGTemplate.from_dict(data)
        Plan(template)
    except msgspec.ValidationError as error:
        raise InputError(f"{place}: {error}") from None
    except (TypeError, KeyError) as error:
        raise InputError(f"{place}: not a template: {error}") from None
    except TemplateError as error:
        raise InputError(f"{place}: {error}") from None
    return template


def read_steps(reference: str) -> dict[str, StepFn]:
    """The steps behind `module:registry`: a mapping of functions, or a function that returns one; `module` alone is all
    its functions.
    """
    name, _, attribute = reference.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(name)
        found: Any = getattr(module, attribute) if attribute else _functions(module)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"--steps {reference}: {error}") from None
    registry = found() if callable(found) and not is_mapping(found) else found
    if not is_mapping(registry) or not all(map(callable, cast("Mapping[str, Any]", registry).values())):
        raise InputError(
            f"--steps {reference}: this is {type(registry).__name__}, not a mapping of step ids to functions"
        )
    return {str(step): function for step, function in cast("Mapping[str, StepFn]", registry).items()}


def _functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    own = {name: getattr(module, name) for name in dir(module)}
    own = {name: value for name, value in own.items() if callable(value) and not name.startswith("_")}
    return {name: value for name, value in own.items() if getattr(value, "__module__", None) == module.__name__}


def _read_file(name: str, what: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"{what} {name}: {reason}") from None
    return _object(text, f"{what} {name}")


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{what}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f"{what}: a JSON object is wanted, not {type(value).__name__}")
    return cast("dict[str, Any]", value)
