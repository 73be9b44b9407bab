"""Documents as large providers write them: nothing is lost, and what is called is what the document says."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from wirewright import codecs
from wirewright_codegen.errors import SpecError
from wirewright_codegen.pipeline import Target, preview

REPOSITORY = Path(__file__).resolve().parents[3]
DOCUMENTS = Path(__file__).parent / "documents"
NAMES = sorted(path.name for path in DOCUMENTS.iterdir())
FLAVOURS = ("msgspec", "attrs", "pydantic")
Load = Callable[..., Any]


@pytest.mark.parametrize("document", NAMES)
def test_nothing_is_lost_and_everything_works(document: str, make: Load) -> None:
    result = make(document)[1]
    assert result.account.complete, result.account.losses
    assert not result.problems


@pytest.mark.parametrize("document", NAMES)
def test_the_order_of_keys_names_nothing(document: str, make: Load, hard_root: Path, tmp_path: Path) -> None:
    from wirewright_codegen.read import read_document

    def shuffled(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffled(item) for item in value]
        if not isinstance(value, dict):
            return value
        keys = list(value)
        random.Random(len(keys)).shuffle(keys)
        return {key: shuffled(value[key]) for key in keys}

    other = tmp_path / "shuffled.json"
    other.write_text(json.dumps(shuffled(read_document(DOCUMENTS / document).root)))
    names = json.loads(preview(Target(other, "other", tmp_path, cache=None))["names.lock.json"])
    assert names == json.loads((hard_root / make(document)[0] / "names.lock.json").read_text())


@pytest.fixture(scope="module")
def sampler() -> Any:
    place = Path(__file__).parents[1] / "back" / "samples.py"
    found = importlib.util.spec_from_file_location("wirewright_hard_samples", place)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.Sampler


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("document", ["discord.yaml", "github.yaml", "msgraph.yaml", "recursion.yaml", "yaml11.yaml"])
def test_sampled_values_come_back_equal(
    document: str, flavour: str, package: Load, canonical: Load, sampler: Any
) -> None:
    schemas = canonical(document)["components"]["schemas"]
    models, codec = package(document, flavour).models, codecs.get(flavour)
    for name in schemas:
        for full in (True, False, None):
            wire = sampler(schemas, 1, full=full).of(name)
            decoded = codec.decoder(getattr(models, name))(json.dumps(wire).encode())
            assert json.loads(codec.encode(decoded)) == wire, name


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("openapi: 3.0.0\ninfo:\n\ttitle: tabs\n", ":3"),
        ("openapi: 3.0.0\npaths: {/a: {get: {tags: [a, a}}}\n", ":2"),
        ("openapi: 3.0.0\ncomponents: {schemas: {A: {example: !!set {a}}}}\n", "example"),
        ("openapi: 3.0.0\ncomponents: {schemas: {A: {example: !!python/object:os.system {}}}}\n", "example"),
        ("- a\n- b\n", ""),
        ("", ""),
        ("{", ""),
        ("openapi: 9.9.9\n", ""),
    ],
    ids=["tab", "bracket", "set", "object", "list", "empty", "half", "version"],
)
def test_what_cannot_be_read_is_one_clear_error(text: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(text)
    with pytest.raises(SpecError) as caught:
        preview(Target(tmp_path / "spec.yaml", "spec", tmp_path, cache=None))
    assert "spec.yaml" in str(caught.value)
    assert place in str(caught.value)


def sent(package: Any, call: Callable[[Any], Any], status: int = 200, **answer: Any) -> httpx.Request:
    """The request that a call sends."""
    requests: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        request.read()
        requests.append(request)
        return httpx.Response(status, **(answer or {"json": {}}))

    call(package.Api("https://api.test", transport=httpx.MockTransport(handler)))
    return requests[-1]


def target(request: httpx.Request) -> str:
    return f"{request.method} {request.url.raw_path.decode()}"


def test_a_fragment_in_a_path_is_no_part_of_the_request(package: Load) -> None:
    aws = package("aws.yaml")
    request = sent(aws, lambda api: api.api.abort_multipart_upload("b", "k", upload_id="u"), 204)
    assert target(request) == "DELETE /b/k?uploadId=u"
    item = aws.models.GetItemInput(table_name="abc", key={"a": aws.models.AttributeValue(s="x")})
    request = sent(aws, lambda api: api.api.get_item(item, x_amz_target="DynamoDB_20120810.GetItem"))
    assert target(request) == "POST /"
    assert json.loads(request.content) == {"TableName": "abc", "Key": {"a": {"S": "x"}}}


def test_a_query_in_a_path_is_sent_as_it_stands(package: Load) -> None:
    request = sent(package("aws.yaml"), lambda api: api.api.upload_part("b", "k", "<x/>"))
    assert target(request) == "PUT /b/k?partNumber&uploadId"


def test_azure_keeps_operations_under_a_key_of_its_own(package: Load) -> None:
    azure = package("azure.yaml")
    request = sent(azure, lambda api: api.api.container_acquire_lease("c"), 201)
    assert target(request) == "PUT /c?restype=container&comp=lease&acquire"


def test_values_of_several_segments_keep_their_slashes(package: Load) -> None:
    google = package("google.yaml")
    request = sent(google, lambda api: api.api.pubsub_projects_get("projects/p/topics/t"))
    assert target(request) == "GET /v1/projects/p/topics/t"
    request = sent(google, lambda api: api.projects.pubsub_topics_publish("a b/c"))
    assert target(request).startswith("POST /v1/a%20b%2Fc:publish")
    github = package("github.yaml")
    request = sent(github, lambda api: api.c_quoted.repos_get_content("o", "r", "docs/a b.md"), json=[])
    assert target(request) == "GET /repos/o/r/contents/docs/a%20b.md"


def test_parameters_in_the_middle_of_segments(package: Load) -> None:
    request = sent(package("google.yaml"), lambda api: api.a_format.mixed("x", 3, "y"))
    assert target(request) == "GET /v1/a.x/b-3.y"
    graph = package("msgraph.yaml")
    operations = importlib.import_module(f"{graph.__name__}.operations")
    paths = {getattr(module, name).path for module in map(operations.__getattr__, _modules(operations))
             for name in dir(module) if name.startswith("_") and hasattr(getattr(module, name), "path")}  # fmt: skip
    assert "/users(userPrincipalName='{userPrincipalName}')" in paths


def _modules(package: Any) -> list[str]:
    return [path.stem for path in Path(package.__file__).parent.glob("*.py") if path.stem != "__init__"]


def test_one_name_in_four_places_is_four_arguments(package: Load) -> None:
    parameters = package("parameters.yaml")

    def call(api: Any) -> Any:
        method = api.things.same_names
        names = list(inspect.signature(method).parameters)
        assert len(names) == len(set(names)) > 20
        return method(1, 2, **{name: "v" for name in names[2:] if name.startswith("id")})

    request = sent(parameters, call)
    assert request.url.path == "/things/1/2"
    assert request.url.params["id"] == "v"
    assert request.headers["id"] == "v"
    assert "id=v" in request.headers["cookie"]


def test_forms_of_swagger_in_each_collection_format(package: Load) -> None:
    slack = package("slack.yaml")
    request = sent(
        slack,
        lambda api: api.conversations_list.get(types=["public", "x"], sort=["a", "b"], tabs=["c", "d"]),
        json=[],
    )
    assert request.url.query.decode() == "types=public%7Cx&sort=a%20b&tabs=c%09d"
    body = slack.models.FilesUploadRequestForm(channels=["a", "b"])
    request = sent(
        slack, lambda api: api.files_upload.upload(body=body, media_type="application/x-www-form-urlencoded")
    )
    assert request.content == b"channels=a&channels=b"
    body = slack.models.ChatPostMessageRequest(users=["a", "b"])
    answer = {"ok": True, "message": {"type": "message", "ts": "1.0"}}
    request = sent(slack, lambda api: api.chat.post_message(token="t", body=body), json=answer)
    assert request.content == b"users=a,b"


def test_brackets_are_what_stripe_reads(package: Load) -> None:
    stripe = package("stripe.yaml")
    m, answer = stripe.models, {"id": "c", "object": "customer"}
    request = sent(stripe, lambda api: api.customers.get_customer("c", expand=["a", "b"], created=5), json=answer)
    assert request.url.query.decode() == "expand%5B%5D=a&expand%5B%5D=b&created=5"
    items = [
        m.PostCustomersCustomerRequestItemsItem(price="p", quantity=2),
        m.PostCustomersCustomerRequestItemsItem(price="q"),
    ]
    body = m.PostCustomersCustomerRequest(items=items, metadata={"k": "v"})
    request = sent(stripe, lambda api: api.customers.post_customer("c", body=body), json=answer)
    assert unquote(request.content.decode()).split("&") == [
        "items[0][price]=p", "items[0][quantity]=2", "items[1][price]=q", "metadata[k]=v",
    ]  # fmt: skip


def test_of_several_names_of_json_its_own_is_sent(package: Load) -> None:
    aspnet = package("aspnet.yaml")
    user = aspnet.models.WebModelsUser(name="n")
    request = sent(aspnet, lambda api: api.users.post_api(body=user))
    assert request.headers["content-type"] == "application/json"
    request = sent(aspnet, lambda api: api.users.post_api_import(body=user), json=None)
    assert (request.headers["content-type"], request.content) == ("application/json", b'{"name":"n"}')
    request = sent(aspnet, lambda api: api.notes.put_api("text"), json=None)
    assert (request.headers["content-type"], request.content) == ("text/plain", b"text")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_variants_of_a_hierarchy_are_told_apart(package: Load, flavour: str) -> None:
    graph = package("msgraph.yaml", flavour)
    codec = codecs.get(flavour)
    wire = {"@odata.type": "#microsoft.graph.user", "id": "1", "manager": {"@odata.type": "#microsoft.graph.group"}}
    found = codec.decoder(graph.models.MicrosoftGraphEntity)(json.dumps(wire).encode())
    assert type(found).__name__ == "MicrosoftGraphUser"
    assert type(found.manager).__name__ == "MicrosoftGraphGroup"
    assert json.loads(codec.encode(found)) == wire


@pytest.mark.slow
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_type_checkers_find_nothing(flavour: str, make: Load, hard_root: Path) -> None:
    names = [make(document, flavour)[0] for document in NAMES]
    environment = {**os.environ, "MYPYPATH": f"{hard_root}:{REPOSITORY / 'handwritten'}"}
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-version",
        "3.11",
        "--cache-dir",
        str(hard_root / ".mypy"),
    ]
    ran = subprocess.run(
        [*command, *names], cwd=hard_root, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout[-3000:]
    program = shutil.which("pyright", path=str(Path(sys.executable).parent)) or shutil.which("pyright")
    if program is None:
        pytest.skip("pyright is not installed")
    settings = {"include": names, "extraPaths": [".", str(REPOSITORY / "handwritten")], "typeCheckingMode": "strict"}
    (hard_root / "pyrightconfig.json").write_text(json.dumps({**settings, "pythonVersion": "3.11"}))
    ran = subprocess.run(
        [program, "--pythonpath", sys.executable, "-p", "pyrightconfig.json"],
        cwd=hard_root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-3000:]
