"""Reading documents: JSON and YAML, limits, several files, references that must not be followed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from wirewright_codegen.canonical import canonicalise
from wirewright_codegen.canonical.check import assert_canonical
from wirewright_codegen.errors import ForbiddenReferenceError, SpecError
from wirewright_codegen.read import ReadOptions, document_of, read_document
from wirewright_codegen.read.parse import parse

OPTIONS = ReadOptions()
HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files below a folder of their own."""

    def run(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / "spec" / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "spec"

    return run


# -- YAML and JSON


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ("2024-01-02", "2024-01-02"),
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
        ("12", 12),
        ("-3", -3),
        ("012", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1.2.3", "1.2.3"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("=", "="),
        ("0.0.0.0", "0.0.0.0"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    found = parse(f"a: {text}\nb: 1".encode(), "f.yaml", OPTIONS)

    assert found == {"a": value, "b": 1}
    assert type(found["a"]) is type(value)  # type: ignore[index]


def test_keys_are_text_as_written() -> None:
    assert parse(b"200: a\ntrue: b\non: c\n1.0: d\n2024-01-01: e", "f", OPTIONS) == {
        "200": "a",
        "true": "b",
        "on": "c",
        "1.0": "d",
        "2024-01-01": "e",
    }


def test_merge_keys_and_aliases() -> None:
    text = b"base: &b {x: 1, y: 2}\nit:\n  <<: *b\n  y: 3\nlist:\n  <<: [*b, {z: 4}]\nsame: *b\nplain: {'<<': 5}"

    found = parse(text, "f", OPTIONS)

    assert found == {
        "base": {"x": 1, "y": 2},
        "it": {"x": 1, "y": 3},
        "list": {"x": 1, "y": 2, "z": 4},
        "same": {"x": 1, "y": 2},
        "plain": {"<<": 5},
    }


@pytest.mark.parametrize(
    "data", ["\ufeff{}".encode(), "{}".encode("utf-16"), "\ufeffa: 1".encode()], ids=["utf-8", "utf-16", "yaml"]
)
def test_byte_order_marks(data: bytes) -> None:
    assert parse(data, "f", OPTIONS) in ({}, {"a": 1})


def test_characters_outside_the_basic_plane_have_two_halves() -> None:
    assert parse(b'{"\\ud83D\\uDe00": "\\\\ud83d"}', "f", OPTIONS) == {"\U0001f600": "\\ud83d"}


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (char, char, b",".join([b"*%c" % (char - 1)] * 9)) for char in range(98, 112)
)


@pytest.mark.parametrize(
    ("data", "reason", "line"),
    [
        (b"a: 1\nb:\n  c: 1\n  c: 2", "the key 'c' is there twice", 4),
        (b'{"a": 1,\n "a": 2}', "the key 'a' is there twice", 2),
        (b"[" * 10_000, "nest deeper", None),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nest deeper", None),
        (b"- " * 10_000 + b"x", "nest deeper", 1),
        (b"a: &x [*x]", "contains itself", 1),
        (b"a: *x", "has no anchor", None),
        (BOMB, "aliases counted in full", 7),
        (b"a: !!python/object/apply:os.system ['true']", "is not allowed", 1),
        (b"a: !custom 1", "is not allowed", 1),
        (b"? [a]\n: 1", "a key of an object must be a plain value", 1),
        (b"a: 1\n---\nb: 2", "more than one YAML document", 2),
        (b"a: [1,\nb: 2", "not valid YAML", None),
        (b'{"a": 1,}}', "not valid JSON", 1),
        (b'{"a": 1e999}', "too large", None),
        (b'{"a": ' + b"9" * 5000 + b"}", "too large", None),
        (b'{"a": 1,\n "b": "x\\uD83D"}', "half of a character", 2),
        (b'{"a": "\\ude00"}', "half of a character", 1),
        (b"a: 1e999", "too large", 1),
        (b"a: " + b"9" * 5000, "too large", 1),
        (b'{"a": NaN}', "no JSON value", None),
        (b"", "the file is empty", None),
        (b"\xff\xfe\xff", "the file is not text", None),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(data: bytes, reason: str, line: int | None) -> None:
    with pytest.raises(SpecError) as caught:
        parse(data, "spec.yaml", OPTIONS)

    assert reason in caught.value.reason
    assert caught.value.file == "spec.yaml"
    assert str(caught.value).startswith("spec.yaml")
    assert line is None or caught.value.line == line


@pytest.mark.parametrize(
    ("options", "reason"),
    [(ReadOptions(max_bytes=5), "bytes"), (ReadOptions(max_nodes=3), "values"), (ReadOptions(max_depth=2), "deeper")],
)
@pytest.mark.parametrize("data", [b'{"a": [[1, 2, 3]]}', b"a: [[1, 2, 3]]"])
def test_limits(options: ReadOptions, reason: str, data: bytes) -> None:
    with pytest.raises(SpecError, match=reason):
        parse(data, "f", options)


# -- kinds of documents


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"openapi": "3.0.0"}, "openapi"),
        ({"openapi": "3.1.1"}, "openapi"),
        ({"openapi": "3.2.0"}, "openapi"),
        ({"swagger": "2.0"}, "swagger"),
        ({"swagger": 2.0}, "swagger"),
        ({"type": "object"}, "schema"),
        ({"$defs": {}}, "schema"),
        (True, "schema"),
    ],
)
def test_kinds(value: Any, kind: str) -> None:
    assert document_of(value).kind == kind


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"hello": 1}, "neither OpenAPI"),
        ([1], "must be an object"),
        ("text", "must be an object"),
        ({"openapi": "4.0"}, "version 4.0 is not supported"),
        ({"swagger": "1.2"}, "version 1.2 is not supported"),
        ({"type": object()}, "no JSON value"),
    ],
)
def test_what_is_no_document(value: Any, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        document_of(value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"nope\.yaml: there is no such file"):
        read_document(tmp_path / "nope.yaml")


# -- several files


def test_references_across_files_and_in_circles(write: Write) -> None:
    folder = write(
        openapi_DOT_yaml=HEAD + "paths:\n  /a: {$ref: 'paths/a.yaml'}\n  /b: {$ref: 'paths/all.yaml#/~1b'}\n"
        "components: {schemas: {Pet: {$ref: 'schemas/pet.yaml'}}}\n",
        paths__a_DOT_yaml="get:\n  operationId: a\n  responses:\n    200: {description: ok, "
        "content: {application/json: "
        "{schema: {$ref: '../schemas/pet.yaml'}}}}\n",
        paths__all_DOT_yaml="/b:\n  get: {operationId: b, parameters: [{$ref: '#/limit'}]}\n"
        "limit: {name: limit, in: query, schema: {$ref: '../schemas/all.json#/$defs/limit size'}}\n",
        schemas__pet_DOT_yaml="type: object\nproperties:\n  owner: {$ref: 'owner.yaml'}\n  tag: {type: object, "
        "properties: {x: {type: string}}}\n",
        schemas__owner_DOT_yaml="type: object\nproperties:\n  pets: {type: array, items: {$ref: './pet.yaml'}}\n"
        "  first: {$ref: '../openapi.yaml#/components/schemas/Pet'}\n",
        schemas__all_DOT_json='{"$defs": {"limit size": {"type": "integer", "maximum": 5}}}',
    )

    result = canonicalise(read_document(folder))

    assert_canonical(result.document)
    schemas = result.document["components"]["schemas"]
    assert set(schemas) == {"Pet", "Owner", "PetTag"}
    assert schemas["Owner"]["x-source"] == "schemas/owner.yaml#"
    assert schemas["Owner"]["properties"]["first"] == {"$ref": "#/components/schemas/Pet"}
    assert result.document["paths"]["/b"]["get"]["parameters"][0]["schema"] == {"type": "integer", "maximum": 5}
    assert result.account.complete


def test_a_folder_is_its_openapi_file_and_its_schema_files(write: Write) -> None:
    folder = write(
        openapi_DOT_yaml=HEAD + "components: {schemas: {A: {$ref: 'message.schema.yaml'}}}",
        message_DOT_schema_DOT_yaml="$id: https://example.com/message\ntype: object\n"
        "properties: {id: {$ref: '#/$defs/Id'}}\n"
        "$defs: {Id: {type: string}}",
        deeper__other_DOT_schema_DOT_json='{"type": "object", "properties": {"m": {"$ref": "https://example.com/message"}}}',
    )

    result = canonicalise(read_document(folder))

    assert_canonical(result.document)
    schemas = result.document["components"]["schemas"]
    assert schemas["A"] == {"$ref": "#/components/schemas/Message", "x-source": "#/components/schemas/A"}
    assert schemas["Other"]["properties"]["m"] == {"$ref": "#/components/schemas/Message"}
    assert set(schemas) == {"A", "Message", "Id", "Other"}
    assert result.account.complete


def test_a_folder_of_schemas_alone(write: Write) -> None:
    folder = write(
        a_DOT_schema_DOT_yaml="type: object\nproperties: {b: {$ref: b.schema.yaml}}",
        b_DOT_schema_DOT_yaml="type: string",
    )

    result = canonicalise(read_document(folder))

    assert set(result.document["components"]["schemas"]) == {"A", "B"}
    assert result.account.schemas.kept == 2


def test_a_bare_json_schema(write: Write) -> None:
    folder = write(
        order_DOT_json=json.dumps(
            {
                "type": "object",
                "properties": {"lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}, "parent": {"$ref": "#"}},
                "$defs": {"line": {"type": "object", "properties": {"n": {"type": "integer"}}}},
            }
        )
    )

    result = canonicalise(read_document(folder / "order.json"))

    assert_canonical(result.document)
    schemas = result.document["components"]["schemas"]
    assert schemas["Order"]["properties"] == {
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
        "parent": {"$ref": "#/components/schemas/Order"},
    }
    assert result.document["info"]["title"] == "order"


def test_a_reference_that_is_only_an_example_is_never_missed(write: Write) -> None:
    folder = write(openapi_DOT_yaml=HEAD + "components: {schemas: {A: {type: object, example: {$ref: 'gone.yaml'}}}}")

    result = canonicalise(read_document(folder))

    assert result.account.complete


def test_a_missing_file_costs_only_what_refers_to_it(write: Write) -> None:
    folder = write(
        openapi_DOT_yaml=HEAD + "components: {schemas: {A: {type: object, properties: {b: {$ref: 'gone.yaml'}}}}}"
    )

    result = canonicalise(read_document(folder))

    assert "there is no such file" in result.account.losses[0].reason
    assert result.account.schemas.kept == 1


def test_an_error_knows_its_line(write: Write) -> None:
    folder = write(openapi_DOT_yaml=HEAD + "components:\n  schemas:\n    A:\n      $ref: '../secret.yaml'\n")

    with pytest.raises(ForbiddenReferenceError) as caught:
        canonicalise(read_document(folder))

    assert (caught.value.file, caught.value.pointer, caught.value.line) == ("openapi.yaml", "/components/schemas/A", 5)


# -- what must not be read


@pytest.mark.parametrize(
    "reference",
    [
        "../secret.yaml",
        "../spec2/secret.yaml",
        "/etc/passwd",
        "file:///etc/passwd",
        "%2e%2e/secret.yaml",
        "sub/../../secret.yaml",
        "link.yaml",
    ],
)
@pytest.mark.parametrize("where", ["schema", "parameter", "path"])
def test_files_outside_the_folder_are_never_read(write: Write, tmp_path: Path, reference: str, where: str) -> None:
    (tmp_path / "secret.yaml").write_text("type: string\nname: s\nin: query\n")
    places = {
        "schema": f"components: {{schemas: {{A: {{$ref: '{reference}'}}}}}}",
        "parameter": f"paths: {{/a: {{get: {{parameters: [{{$ref: '{reference}'}}]}}}}}}",
        "path": f"paths: {{/a: {{$ref: '{reference}'}}}}",
    }
    folder = write(openapi_DOT_yaml=HEAD + places[where])
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")

    with pytest.raises(ForbiddenReferenceError, match="outside the folder"):
        canonicalise(read_document(folder))


def test_a_wider_root_is_a_choice(write: Write, tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text("type: string")
    folder = write(openapi_DOT_yaml=HEAD + "components: {schemas: {A: {$ref: '../shared.yaml'}}}")

    result = canonicalise(read_document(folder, ReadOptions(root=tmp_path)))

    assert result.document["components"]["schemas"]["A"]["type"] == "string"


def test_a_version_may_refer_to_another_version_of_its_protocol(tmp_path: Path) -> None:
    for name, text in (("1.0", HEAD), ("2.0", HEAD + "components: {schemas: {A: {$ref: '../1.0/a.yaml'}}}")):
        (tmp_path / "specs" / "proto" / name).mkdir(parents=True)
        (tmp_path / "specs" / "proto" / name / "openapi.yaml").write_text(text)
    (tmp_path / "specs" / "proto" / "1.0" / "a.yaml").write_text("type: string")

    result = canonicalise(read_document(tmp_path / "specs" / "proto" / "2.0"))

    assert result.account.complete


@pytest.mark.parametrize("address", ["https://example.com/a.yaml", "http://169.254.169.254/latest/meta-data"])
def test_the_network_is_not_touched_unless_asked(write: Write, address: str) -> None:
    folder = write(openapi_DOT_yaml=HEAD + f"components: {{schemas: {{A: {{$ref: '{address}'}}}}}}")

    with pytest.raises(ForbiddenReferenceError, match="allow_remote"):
        canonicalise(read_document(folder))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
def test_private_addresses_are_never_asked(write: Write, host: str) -> None:
    folder = write(openapi_DOT_yaml=HEAD + f"components: {{schemas: {{A: {{$ref: 'http://{host}:9/a.yaml'}}}}}}")

    with pytest.raises(ForbiddenReferenceError, match="private address"):
        canonicalise(read_document(folder, ReadOptions(allow_remote=True)))


@pytest.fixture
def server() -> Iterator[tuple[str, dict[str, tuple[int, dict[str, str], bytes]]]]:
    """A web server on this machine, and what it answers by path."""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", answers
        http.shutdown()
        thread.join()


def test_a_document_by_address_is_what_the_user_asked_for(server: Any) -> None:
    base, answers = server
    answers["/openapi.json"] = (200, {}, b'{"openapi": "3.1.0", "components": {"schemas": {"A": {"type": "string"}}}}')

    result = canonicalise(read_document(f"{base}/openapi.json"))

    assert result.document["components"]["schemas"]["A"]["type"] == "string"


@pytest.mark.parametrize("reference", ["other.json", "/etc/passwd"])
def test_what_a_remote_document_refers_to_is_not_the_users_wish(server: Any, reference: str) -> None:
    base, answers = server
    answers["/openapi.json"] = (
        200,
        {},
        json.dumps({"openapi": "3.1.0", "components": {"schemas": {"A": {"$ref": reference}}}}).encode(),
    )
    answers["/other.json"] = (200, {}, b'{"type": "string"}')

    with pytest.raises(ForbiddenReferenceError, match="private address"):
        canonicalise(read_document(f"{base}/openapi.json", ReadOptions(allow_remote=True)))


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        (404, {}, "answered 404"),
        (302, {"Location": "/loop"}, "private address"),
        (302, {"Location": "file:///etc/passwd"}, "no web address"),
    ],
)
def test_answers_that_are_no_document(server: Any, status: int, headers: dict[str, str], reason: str) -> None:
    base, answers = server
    answers["/openapi.json"] = (status, headers, b"")

    with pytest.raises(SpecError, match=reason):
        read_document(f"{base}/openapi.json")


# -- overlays


def overlaid(write: Write, actions: list[Any], document: str = "") -> Any:
    folder = write(
        openapi_DOT_yaml=HEAD
        + (document or "paths: {/a: {get: {operationId: a, tags: [x], description: old}}, /b: {get: {}}}"),
        overlay_DOT_json=json.dumps({"overlay": "1.0.0", "info": {"title": "o", "version": "1"}, "actions": actions}),
    )
    return read_document(folder / "openapi.yaml", ReadOptions(overlays=(folder / "overlay.json",))).root


def test_an_overlay_merges_appends_and_removes(write: Write) -> None:
    root = overlaid(
        write,
        [
            {"target": "$.paths['/a'].get", "update": {"description": "new", "x-method": "go", "tags": ["y"]}},
            {"target": "$.paths['/a'].get.tags", "update": "z"},
            {"target": "$.paths['/b']", "remove": True},
            {"target": "$.nothing", "remove": True},
            {"target": "$", "update": {"x-top": 1}},
        ],
    )

    assert root["paths"] == {
        "/a": {"get": {"operationId": "a", "tags": ["x", "y", "z"], "description": "new", "x-method": "go"}}
    }
    assert root["x-top"] == 1


def test_an_overlay_removes_every_match(write: Write) -> None:
    document = "paths: {/a: {get: {tags: [x, y, x, z]}}}"

    root = overlaid(write, [{"target": "$.paths['/a'].get.tags[?@ == 'x']", "remove": True}], document)

    assert root["paths"]["/a"]["get"]["tags"] == ["y", "z"]


def test_an_overlay_changes_one_of_two_that_were_aliases(write: Write) -> None:
    document = "x-base: &b {k: 1}\nx-other: *b\npaths: {}"

    root = overlaid(write, [{"target": "$['x-base']", "update": {"k": 2}}], document)

    assert (root["x-base"], root["x-other"]) == ({"k": 2}, {"k": 1})


@pytest.mark.parametrize(
    ("actions", "reason"),
    [
        ([{"update": {}}], "an action needs a `target`"),
        ([{"target": "$..[", "remove": True}], "no JSONPath"),
        ([{"target": "$.info", "update": 5}], "the update must be one"),
        ([{"target": "$", "remove": True}], "cannot remove the whole document"),
        (5, "`actions` must be a list"),
    ],
)
def test_overlays_that_make_no_sense(write: Write, actions: Any, reason: str) -> None:
    with pytest.raises(SpecError, match=reason) as caught:
        overlaid(write, actions)

    assert caught.value.file == "overlay.json"


# -- sections in files of their own, which bundlers read and no version of OpenAPI has


def test_sections_may_stand_in_files_of_their_own(write: Write) -> None:
    folder = write(
        openapi_DOT_yaml="openapi: 3.0.3\ninfo: {$ref: info.yaml}\npaths: {$ref: paths/index.yaml}\n"
        "components:\n  schemas: {$ref: schemas/index.yaml, Own: {type: string}}\n"
        "  parameters: {$ref: 'all.yaml#/p'}\n",
        info_DOT_yaml="{title: In parts, version: '2'}",
        paths__index_DOT_yaml="/a/{id}: {get: {operationId: a, parameters: "
        "[{$ref: '../openapi.yaml#/components/parameters/P'}], responses: {$ref: '../all.yaml#/answers'}}}\n"
        "/b: {$ref: b.yaml}\n",
        paths__b_DOT_yaml="get: {operationId: b, parameters: {$ref: '../all.yaml#/list'}, "
        "responses: {204: {description: ok}}}",
        schemas__index_DOT_yaml="A: {$ref: a.yaml}\nB: {type: object, properties: {$ref: 'b.yaml'}}\n",
        schemas__a_DOT_yaml="{type: object, properties: {b: {$ref: '../openapi.yaml#/components/schemas/B'}}}",
        schemas__b_DOT_yaml="x: {type: integer}\n",
        all_DOT_yaml="p: {P: {name: id, in: path, required: true, schema: {type: integer}}}\n"
        "list: [{name: q, in: query, schema: {type: boolean}}]\n"
        "answers: {200: {description: ok, content: {application/json: {schema: "
        "{$ref: 'openapi.yaml#/components/schemas/A/properties/b'}}}}}\n",
    )

    result = canonicalise(read_document(folder))

    assert_canonical(result.document)
    assert result.account.complete, result.account.losses
    assert result.document["info"]["title"] == "In parts"
    one, other = (result.document["paths"][path]["get"] for path in ("/a/{id}", "/b"))
    assert (one["parameters"][0]["schema"], other["parameters"][0]["name"]) == ({"type": "integer"}, "q")
    assert one["responses"]["200"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/B"}
    schemas = result.document["components"]["schemas"]
    assert set(schemas) == {"A", "B", "Own"}
    assert schemas["B"]["properties"] == {"x": {"type": "integer"}}


@pytest.mark.parametrize("reference", ["http://[", "//[", "urn:x", "file://[/x", "::", "http://[#/a", "%", "\\\\x\\y"])
def test_addresses_that_are_none(write: Write, reference: str) -> None:
    folder = write(
        openapi_DOT_yaml=f"{HEAD}components: {{schemas: {{A: {{$id: '{reference}', $ref: '{reference}x'}}}}}}\n"
    )

    try:
        assert not canonicalise(read_document(folder)).account.complete
    except SpecError as error:
        assert "openapi.yaml" in str(error)


@pytest.mark.parametrize("reference", ["missing.yaml", "#/nowhere", "openapi.yaml#/components/schemas"])
def test_a_section_that_cannot_be_had_is_in_the_account(write: Write, reference: str) -> None:
    folder = write(openapi_DOT_yaml=f"{HEAD}components: {{schemas: {{$ref: '{reference}'}}}}\n")

    assert not canonicalise(read_document(folder)).account.complete


def test_pointers_lead_through_references_and_never_in_circles(write: Write) -> None:
    folder = write(
        openapi_DOT_yaml=HEAD
        + "components: {schemas: {A: {$ref: 'a.yaml'}, B: {$ref: '#/components/schemas/A/properties/x'}, "
        "C: {$ref: '#/components/schemas/C/properties/x'}}}\n",
        a_DOT_yaml="{$ref: 'b.yaml#/here'}",
        b_DOT_yaml="here: {type: object, properties: {x: {type: integer}}}",
    )

    result = canonicalise(read_document(folder))

    assert result.document["components"]["schemas"]["B"]["type"] == "integer"
    assert [loss.pointer for loss in result.account.losses] == ["#/components/schemas/C"]


# -- documents that have a name of their own (`$self` of OpenAPI 3.2)

SELF = "openapi: 3.2.0\n$self: https://api.test/v1/openapi\ninfo: {title: Self, version: '1'}\n"


def test_a_document_may_refer_to_itself_by_its_own_name(write: Write) -> None:
    folder = write(
        openapi_DOT_yaml=SELF
        + "components: {schemas: {A: {$ref: 'https://api.test/v1/openapi#/components/schemas/B'}, B: {type: string}}}\n"
    )

    result = canonicalise(read_document(folder))

    assert result.document["components"]["schemas"]["A"] == {"$ref": "#/components/schemas/B", "x-source": ANY}
    assert result.account.complete


def test_documents_find_each_other_by_what_they_call_themselves(write: Write) -> None:
    folder = write(
        openapi_DOT_yaml=SELF + "components: {schemas: {A: {$ref: 'shared/foo#/components/schemas/B'}}}\n",
        elsewhere__bar_DOT_yaml=SELF.replace("v1/openapi", "v1/shared/foo")
        + "components: {schemas: {B: {type: object, properties: {a: {$ref: '../openapi#/components/schemas/A'}}}}}\n",
        elsewhere__unrelated_DOT_yaml="not: [a document\n",
    )

    result = canonicalise(read_document(folder))

    schemas = result.document["components"]["schemas"]
    assert schemas["A"]["properties"] == {"a": {"$ref": "#/components/schemas/A"}}
    assert result.account.complete


def test_by_its_own_name_a_document_reaches_nothing_else(write: Write) -> None:
    folder = write(openapi_DOT_yaml=SELF + "components: {schemas: {A: {$ref: 'https://api.test/v1/no#/x'}}}\n")

    with pytest.raises(ForbiddenReferenceError):
        canonicalise(read_document(folder))
