"""Runs in the originals' environment: calls what it is told to on standard input, one JSON line each, and answers.

A call is `{"module": "agentpin", "name": "verify_jwt", "args": [...], "options": {...}}`; `{"$": name}` among the
arguments makes an object of the library first. An answer is `{"value": ...}` or `{"error": [class, code, message]}`.
"""

import dataclasses
import enum
import importlib
import json
import sys


def made(value):
    if isinstance(value, dict) and "$" in value:
        kind = value["$"]
        owner = importlib.import_module(kind.rpartition(".")[0])
        target = getattr(owner, kind.rpartition(".")[2])
        if "json" in value:
            return target.from_json(value["json"])
        if "dict" in value:
            return target.from_dict(value["dict"])
        return target(*[made(item) for item in value.get("args", [])])
    if isinstance(value, dict):
        return {name: made(item) for name, item in value.items()}
    if isinstance(value, list):
        return [made(item) for item in value]
    return value


def plain(value):
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "to_json"):
        return {"json": value.to_json()}
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


for line in sys.stdin:
    call = json.loads(line)
    target = importlib.import_module(call["module"])
    try:
        for part in call["name"].split("."):
            target = getattr(target, part)
        arguments = [made(argument) for argument in call["args"]]
        answer = {"value": plain(target(*arguments, **made(call["options"])))}
        kept = [plain(argument) for argument in arguments if hasattr(argument, "to_json")]
        if kept:
            answer["kept"] = kept
    except Exception as error:
        code = getattr(error, "code", None)
        answer = {"error": [type(error).__name__, plain(code), str(error)]}
    print(json.dumps(answer), flush=True)
