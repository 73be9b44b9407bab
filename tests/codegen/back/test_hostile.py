# ruff: noqa: E501 - the documents below read better in long lines
"""Spec text is hostile: whatever it says, the code compiles and says nothing of it but in strings."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wirewright_codegen.errors import SpecError
from wirewright_codegen.pipeline import Target, preview

MARK = "__pwn__"  # no name that is rebuilt from text looks like this
NASTY = [
    '"""\n__pwn__()\n"""',
    "'''\n__pwn__()\n'''",
    '"+__pwn__()+"',
    "'+__pwn__()+'",
    "\\",
    '\\"',
    '\\\\"""__pwn__()',
    "{__pwn__}",
    "{{__pwn__}} {% __pwn__ %}",
    "#%% Thing\n__pwn__()",
    "\n__pwn__()\n",
    "\r\n__pwn__()",
    "\u2028__pwn__()",
    "\x00__pwn__\x1b[0m",
    "__pwn__\\N{DASH}\\x41\\u0041",
    "__pwn__);__pwn__(",
    "__pwn__]|__pwn__[",
    "__import__('os').system('__pwn__')",
    "\ud800__pwn__",
    "a" * 5000 + '"__pwn__',
    '"',
    '""',
    'ends with a quote"',
    "ends with a backslash\\",
    "名前 __pwn__",
    "self",
    "class",
    "",
    " ",
]


def hostile_spec(make_spec: Any, text: str) -> Any:
    """A document with the text in every position."""
    nasty = {
        "type": "object",
        "description": text,
        "required": [text],
        "properties": {text: {"type": "string", "title": text}},
    }
    schemas = {
        "Nasty": nasty,
        text: {"type": "object", "description": text, "properties": {"a": {"type": "string", "default": text}}},
        "Choice": {"type": "string", "enum": [text, f"{text}2", "plain"], "description": text},
        "Constant": {"type": "object", "required": ["k"], "properties": {"k": {"const": text}, "p": {"type": "string", "pattern": text}}},
        "Other": {"type": "object", "required": ["k"], "properties": {"k": {"const": f"{text}!"}}},
        "Either": {"oneOf": [{"$ref": "#/components/schemas/Constant"}, {"$ref": "#/components/schemas/Other"}],
                   "discriminator": {"propertyName": "k"}},
    }  # fmt: skip
    media = text.replace("\n", "") or "a/b"
    answer = {"description": text, "headers": {text: {"schema": {"type": "string"}, "description": text}}}
    op = {
        "operationId": text,
        "tags": [text],
        "summary": text,
        "description": text,
        "deprecated": True,
        "parameters": [
            {"name": text or "q", "in": "query", "description": text, "schema": {"type": "string", "enum": [text, "b"]}},
            {"name": f"{text}h", "in": "header", "schema": {"type": "string", "default": text}},
        ],
        "requestBody": {"description": text, "required": True, "content": {
            media: {"schema": {"type": "string"}}, "application/json": {"schema": {"$ref": "#/components/schemas/Nasty"}},
            "multipart/form-data": {"schema": nasty, "encoding": {text: {"contentType": text}}}}},
        "responses": {
            "200": {**answer, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Either"}, "x-envelope": text}}},
            "404": answer,
        },
        "security": [{text: []}],
        "x-idempotency-key": text,
        "x-method": text,
        "x-pagination": {"style": "cursor", "items": f"/{text}", "next": text, "parameter": text, "limit": text},
    }  # fmt: skip
    path = "/" + text.replace("{", "").replace("}", "").replace("\n", "")
    return make_spec(
        {path: {"get": op}},
        schemas,
        components={
            "securitySchemes": {
                text: {"type": "apiKey", "name": text, "in": "header", "description": text},
                f"{text}b": {"type": "http", "scheme": "basic", "description": text},
            }
        },
        webhooks={text: {"post": {"summary": text, "responses": {}, "requestBody": {"content": {"application/json": {"schema": nasty}}}}}},
        tags=[{"name": text, "description": text}],
    ) | {
        "info": {"title": text, "version": text, "description": text},
        "servers": [{"url": f"https://x.test/{{v}}/{text}", "description": text,
                     "variables": {"v": {"default": text, "enum": [text], "description": text}}}],
    }  # fmt: skip


def files_of(folder: Path, document: Any, flavour: Any) -> dict[str, str]:
    source = folder / "spec.json"
    source.write_text(json.dumps(document))
    try:
        return files_for(folder, source, flavour)
    except SpecError as refused:  # a clear error is as good as harmless code
        assert refused.file == "spec.json"
        return {}


def files_for(folder: Path, source: Path, flavour: Any) -> dict[str, str]:
    return preview(Target(source, "nasty", folder / "out", flavour, cli=True, allow_loss=True, cache=None))


def assert_harmless(files: dict[str, str]) -> None:
    for path, code in files.items():
        if not path.endswith((".py", ".pyi")):
            continue
        tree = ast.parse(code, path)
        for node in ast.walk(tree):
            name = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "arg", None)
            assert name is None or MARK not in name, f"{path}: {ast.unparse(node)}"


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_hostile_text_in_every_position(make_spec: Any, tmp_path: Path, text: str) -> None:
    assert_harmless(files_of(tmp_path, hostile_spec(make_spec, text), "msgspec"))


@pytest.mark.parametrize("flavour", ["attrs", "pydantic"])
@pytest.mark.parametrize("text", NASTY[:4], ids=range(4))
def test_hostile_text_in_the_other_flavours(make_spec: Any, tmp_path: Path, text: str, flavour: str) -> None:
    assert_harmless(files_of(tmp_path, hostile_spec(make_spec, text), flavour))


@pytest.mark.parametrize("text", [NASTY[0], NASTY[2], NASTY[5], NASTY[9], NASTY[24]], ids=[0, 2, 5, 9, 24])
@pytest.mark.parametrize("flavour", ["msgspec", "attrs", "pydantic"])
def test_hostile_documents_give_packages_that_work(build: Any, make_spec: Any, text: str, flavour: str) -> None:
    package = build(hostile_spec(make_spec, text), flavour, verify=True, cli=True, allow_loss=True)
    assert package.result.problems == ()


ALPHABET = st.sampled_from(list("\"'\\{}[]()#%\n\r\t`$@:;.,|/ ab_1é☃\u2028\x00")) | st.sampled_from(
    ['"""', "'''", "__pwn__()", "\\N{", "{{", "}}", "{%", "\\x", "\\u12", "#%%", "__class__"]
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(ALPHABET, min_size=1, max_size=12))
def test_any_text_in_every_position(make_spec: Any, tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    assert_harmless(files_of(folder, hostile_spec(make_spec, "".join(parts)), "msgspec"))
