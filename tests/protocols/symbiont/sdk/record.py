"""What each method of an SDK asks of its `_request`, as JSON. Run with the Python of an environment that has an SDK.

python tests/protocols/symbiont/sdk/record.py > tests/protocols/symbiont/sdk/wire_1_16.json
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
from pathlib import Path
from unittest.mock import MagicMock, patch

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
            try:
                function(*[revived(arg, module) for arg in args], **kwargs)
            except StopIteration:
                pass
            if area != "client":
                call = parent._request.call_args
                asked = [[*call.args, call.kwargs]]
            [seen] = asked
            lines.append({"area": area, "method": name, "signature": str(inspect.signature(function)), "asked": seen})
    return lines


if __name__ == "__main__":
    import symbiont

    sys.stdout.write(json.dumps(record(), indent=0) + "\n")
