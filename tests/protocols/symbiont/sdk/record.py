"""What each method of an SDK asks of its `_request`, as JSON. Run with the Python of an environment that has an SDK.

python tests/protocols/symbiont/sdk/record.py > tests/protocols/symbiont/sdk/wire_1_16.json
python tests/protocols/symbiont/sdk/record.py surface [what is known] > .../surface_1_16.json
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import importlib
import inspect
import json
import os
import sys
from pathlib import Path
from unittest.mock import MagicMock

sys.path.insert(0, str(Path(__file__).parent))

import calls

os.environ.setdefault("SYMBIONT_AUTH_JWT_SECRET_KEY", "s" * 32)


def revived(value, module):
    """Instances for `["Model", {...}]`."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
        fields = {name: revived(item, module) for name, item in value[1].items()}
        return getattr(importlib.import_module(module), value[0])(**fields)
    return value


def record():
    from symbiont.client import Client

    lines = []
    for area, table in calls.AREAS.items():
        for name, args, kwargs in table:
            asked = []
            if area == "client":
                target = Client(api_key="k")

                def request(method, endpoint, _asked=asked, **given):
                    _asked.append([method, endpoint, given])
                    raise StopIteration

                target._request = request
            else:
                parent = MagicMock()
                parent._request.side_effect = StopIteration
                module, _, kind = calls.SUB_CLIENTS[area].partition(":")
                try:
                    target = getattr(importlib.import_module(module), kind)(parent)
                except ImportError:
                    continue
            function = getattr(target, name, None)
            if function is None:
                continue
            module = calls.MODULES.get(area, "symbiont")
            with contextlib.suppress(StopIteration):
                function(*[revived(arg, module) for arg in args], **kwargs)
            if area != "client":
                call = parent._request.call_args
                asked = [[*call.args, call.kwargs]]
            [seen] = asked
            lines.append({"area": area, "method": name, "signature": str(inspect.signature(function)), "asked": seen})
    return lines


MODULES = (
    "models reasoning auth config schedules channels metrics skills markdown_memory memory webhooks exceptions client "
    "toolclad reasoning_client agentpin qdrant"
)


def surface():
    """Names, signatures and fields, by module."""
    import symbiont

    found = {"all": sorted(symbiont.__all__), "version": symbiont.__version__}
    for name in MODULES.split():
        try:
            module = importlib.import_module(f"symbiont.{name}")
        except ImportError:
            continue
        own = {n: v for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__}
        found[name] = {n: described(v) for n, v in sorted(own.items()) if not n.startswith("_")}
    return found


def described(thing):
    """What a caller may rely on."""
    if inspect.isfunction(thing):
        return {"signature": arguments(thing)}
    if not inspect.isclass(thing):
        return {}
    if issubclass(thing, enum.Enum):
        return {"members": {n: member.value for n, member in thing.__members__.items()}}
    if hasattr(thing, "model_fields"):
        schema = thing.model_json_schema()
        own = schema.get("$defs", {}).get(thing.__name__, schema)
        return {"properties": plain(own["properties"]), "required": own.get("required", [])}
    said = {"methods": {n: arguments(m) for n, m in inspect.getmembers(thing, inspect.isfunction) if n[0] != "_"}}
    said["init"] = arguments(thing.__init__) if "__init__" in vars(thing) else None
    if dataclasses.is_dataclass(thing):
        said["fields"] = [field.name for field in dataclasses.fields(thing)]
    return said


def arguments(function):
    """Name, kind and default of each."""
    parameters = inspect.signature(function).parameters.values()
    return [[p.name, p.kind.name, None if p.default is p.empty else repr(p.default)] for p in parameters]


def plain(value):
    """A schema without words."""
    if isinstance(value, dict):
        words = {k for k in ("title", "description", "env_names") if not isinstance(value.get(k), dict)}
        return {k: plain(v) for k, v in value.items() if k not in words}
    return [plain(item) for item in value] if isinstance(value, list) else value


def beyond(found, known):
    """Without what another surface says in the same words."""
    kept = {name: value for name, value in found.items() if not isinstance(value, dict)}
    for module, names in found.items():
        if isinstance(names, dict):
            kept[module] = {n: said for n, said in names.items() if known.get(module, {}).get(n) != said}
    return kept


if __name__ == "__main__":
    if sys.argv[1:2] == ["surface"]:
        result = surface()
        for file in sys.argv[2:]:
            result = beyond(result, json.loads(Path(file).read_text()))
    else:
        result = record()
    sys.stdout.write(json.dumps(result, indent=0) + "\n")
