"""One tiny spec for each construct: the code it gives, what type checkers say, and what a live sandbox of it sees."""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from wirewright import File, NotFound
from wirewright.codecs import CodecError
from wirewright.errors import StatusError
from wirewright.sandbox import Sandbox
from wirewright_codegen.pipeline import generate

REPOSITORY = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
FLAVOURS = ("msgspec", "attrs", "pydantic")


def module(name: str) -> Any:
    found = importlib.util.spec_from_file_location(f"wirewright_{name}", HERE / f"{name}.py")
    assert found is not None and found.loader is not None
    made = importlib.util.module_from_spec(found)
    found.loader.exec_module(made)
    return made


GOLDEN = module("golden")
NAMES: list[str] = GOLDEN.NAMES


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("name", NAMES)
def test_the_code_is_what_it_was(name: str, flavour: str) -> None:
    code = GOLDEN.code_of(name, flavour)
    for part in code.split("# ---- ")[1:]:
        path, _, source = part.partition("\n")
        compile(source, path, "exec")
    assert code == GOLDEN.expected(name, flavour).read_text(encoding="utf-8"), "tests/codegen/golden/golden.py --write"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("golden")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def package(root: Path, name: str, flavour: str) -> Any:
    made = f"golden_{name}_{flavour}"
    if not (root / made).is_dir():
        result = generate(GOLDEN.target_of(name, made, root, flavour))
        assert result.ok and not result.problems
        importlib.invalidate_caches()
    return importlib.import_module(made)


@pytest.mark.slow
def test_type_checkers_find_nothing(root: Path) -> None:
    for name in NAMES:
        for flavour in FLAVOURS:
            package(root, name, flavour)
    names = [f"golden_{name}_{flavour}" for name in NAMES for flavour in FLAVOURS]
    environment = {**os.environ, "MYPYPATH": f"{root}:{REPOSITORY / 'handwritten'}"}
    command = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.11", "--cache-dir", str(root / ".mypy")]
    ran = subprocess.run([*command, *names], cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:]
    program = shutil.which("pyright", path=str(Path(sys.executable).parent)) or shutil.which("pyright")
    if program is None:
        pytest.skip("pyright is not installed")
    settings = {"include": names, "extraPaths": [".", str(REPOSITORY / "handwritten")], "typeCheckingMode": "strict"}
    (root / "pyrightconfig.json").write_text(json.dumps({**settings, "pythonVersion": "3.11"}))
    ran = subprocess.run(
        [program, "--pythonpath", sys.executable, "-p", "pyrightconfig.json"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-3000:]


class Live:
    """A package with a sandbox of its spec: `api`, `models` as `m`, and what the sandbox saw last."""

    def __init__(self, package: Any, sandbox: Sandbox, flavour: str) -> None:
        self.package, self.m, self._sandbox, self.flavour = package, package.models, sandbox, flavour
        self.api = package.Api(sandbox.url, retry=None)

    @property
    def last(self) -> Any:
        return self._sandbox.requests[-1]

    @property
    def url(self) -> str:
        return str(self.last.target)


@pytest.fixture(params=FLAVOURS)
def live(request: pytest.FixtureRequest, root: Path) -> Iterator[Callable[[str], Live]]:
    """Starts the sandbox of a construct's spec; at the end every request and answer must have kept the contract."""
    started: list[tuple[Sandbox, Any]] = []

    def start(name: str) -> Live:
        made = package(root, name, request.param)
        spec = json.loads((root / made.__name__ / "spec.json").read_text())
        sandbox = Sandbox.from_spec(spec, verify=True)
        sandbox.__enter__()
        found = Live(made, sandbox, request.param)
        started.append((sandbox, found.api))
        return found

    yield start
    for sandbox, api in started:
        assert not [exchange.brief() for exchange in sandbox.requests.broken()]
        api.close()
        sandbox.__exit__(None, None, None)


Start = Callable[[str], Live]


def name_of(value: object) -> str:
    return type(value).__name__


def test_discriminators(live: Start) -> None:
    it = live("discriminators")
    found = it.api.pets.add(it.m.Cat(kind="cat", lives=9))
    assert (name_of(found), found.bark) == ("Dog", "loud")
    assert it.last.json() == {"kind": "cat", "lives": 9}
    assert name_of(it.api.shapes.get()) == "ShapeCircle"
    assert name_of(it.api.vehicles.get()) == "Truck"
    assert name_of(it.api.events.get()) == "OrgAdded"


def test_compositions(live: Start) -> None:
    it = live("compositions")
    found = it.api.all.get()
    assert (found.name, found.id, found.either, found.maybe) == ("n", 1, [1], None)
    assert name_of(found.owner) == "User"


def test_nulls(live: Start) -> None:
    found = live("nulls").api.a.get()
    assert (found.note, found.id, found.many, found.nothing, found.old) == (None, "x", [1, None], None, None)


def test_recursion(live: Start) -> None:
    found = live("recursion").api.tree.get()
    assert found.children[0].other.node.value == 3
    assert found.expr == ["a", ["b"]]


def test_enums(live: Start) -> None:
    it = live("enums")
    found = it.api.e.get(state="on")
    assert (found.fixed, found.one, found.yes, found.state, found.size, found.mixed) == ("x", 1, True, "on", 2, "a")
    assert it.url == "/e?state=on"


def test_maps(live: Start) -> None:
    found = live("maps").api.m.get()
    assert (found.open, found.typed, found.patterns) == ({"a": 1}, {"k": 1}, {"x-a": 1})
    assert (found.closed.a, found.objects["k"].v, found.extra.named) == ("x", 1, "n")


def test_tuples(live: Start) -> None:
    found = live("tuples").api.t.get()
    assert (tuple(found.pair), found.open, found.anything, found.many) == (("a", 1), ["a", 1, 2], {"a": 1}, [1, "x"])


def test_directions(live: Start) -> None:
    it = live("directions")
    sent = it.m.UserInput(name="n", password="p", address=it.m.AddressInput(street="s"))
    found = it.api.users.add(sent)
    assert it.last.json() == {"name": "n", "password": "p", "address": {"street": "s"}}
    assert (found.id, found.address.verified) == (1, True)
    assert not hasattr(found, "password")


def test_formats(live: Start) -> None:
    it = live("formats")
    found = it.api.f.get(since=dt.datetime(2026, 1, 2, tzinfo=dt.UTC), limit=3)
    assert it.url == "/f?since=2026-01-02T00%3A00%3A00Z&limit=3"
    assert found.at == dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert (found.day, found.price, found.data) == (dt.date(2026, 1, 2), Decimal("1.50"), b"\x00\x01")
    assert (found.id, found.big) == (uuid.UUID("0e7f0a52-3a3b-4c4d-8e8f-0123456789ab"), 9007199254740993)


def test_definitions(live: Start) -> None:
    found = live("definitions").api.d.get()
    assert (found.local.a, found.anchored.b, found.deep) == (1, 2, "x")


def test_parameters(live: Start) -> None:
    it = live("parameters")
    it.api.p.get(
        ["a", "b"], [1, 2], "m", nullable=None, x_trace="t", shared="s", exploded=["a", "b"], joined=["a", "b"],
        piped=["a", "b"], spaced=["a", "b"], deep=it.m.GetPDeep(a=1, b="x y"), filter=it.m.GetPFilter(q="1"),
        raw="a/b?c", x_list=[1, 2], session="x",
    )  # fmt: skip
    path, _, query = it.url.partition("?")
    assert path == "/p/a,b/.1.2/;matrix=m"
    assert query.split("&") == [
        "nullable=null", "shared=s", "exploded=a", "exploded=b", "joined=a,b", "piped=a%7Cb", "spaced=a%20b",
        "deep%5Ba%5D=1", "deep%5Bb%5D=x%20y", "filter=%7B%22q%22%3A%221%22%7D", "raw=a/b?c",
    ]  # fmt: skip
    assert (it.last.header("x-list"), it.last.header("cookie"), it.last.header("x-trace")) == ("1,2", "session=x", "t")


def test_media(live: Start) -> None:
    it = live("media")
    assert it.api.media.choose(it.m.A(a=1)).a == 1
    assert it.last.header("content-type") == "application/json"
    it.api.media.choose("a,b", media_type="text/csv")
    assert it.last.header("content-type") == "text/csv"
    assert it.api.media.get_text() == "hello"
    assert it.api.media.get_bytes() == b"raw"
    assert it.api.media.get_nothing() is None


def test_forms(live: Start) -> None:
    it = live("forms")
    it.api.forms.login(it.m.LoginRequest(user="a&b", scopes=["x", "y"], meta=it.m.LoginRequestMeta(a=1)))
    assert it.last.body.decode() == "user=a%26b&scopes=x+y&meta=%7B%22a%22%3A1%7D"
    file = File(io.BytesIO(b"bits"), filename="a.png")
    scan = File(b"%PDF", filename="s.pdf", media_type="application/pdf")
    meta = it.m.MetaModel(tags=["x"])
    it.api.forms.upload(it.m.UploadRequest(file=file, file_name="a", scan=scan, seal=b"\xff\xfe", meta=meta))
    assert b'name="seal"\r\n\r\n//4=\r\n' in it.last.body
    assert b'filename="a.png"\r\nContent-Type: image/png\r\n\r\nbits' in it.last.body
    assert b'filename="s.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF' in it.last.body
    assert b'name="meta"\r\nContent-Type: application/json\r\n\r\n{"tags":["x"]}\r\n' in it.last.body
    it.api.forms.put_stream(iter([b"one", b"two"]))
    assert it.last.body == b"onetwo"


def test_streams(live: Start) -> None:
    it = live("streams")
    with it.api.things.watch() as stream:
        events = []
        for event in stream.events():
            events.append((event.event, name_of(event.data)))
            if len(events) == 2:
                break
    assert [name for name, _ in events] == ["made", "gone"]
    assert events[0][1] == "Thing"
    with it.api.things.list_lines() as lines:
        assert name_of(next(iter(lines))) == "Thing"
    assert it.api.things.get_either().id == 1


def test_answers(live: Start) -> None:
    it = live("answers")
    response = it.api.with_response.r.get()
    assert (response.value.a, response.headers["x-total"]) == (1, "7")
    assert it.api.r.get_ranges().a == 2
    assert it.api.r.get_default().a == 3
    assert it.api.r.get_undocumented() is None


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (418, StatusError), (503, StatusError)])
def test_answers_that_are_errors(root: Path, status: int, kind: type[Exception]) -> None:
    import httpx

    made = package(root, "answers", "msgspec")
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"title": "t"}))
    with pytest.raises(kind) as caught:
        made.Api("https://x.test", transport=transport, retry=None).r.get()
    assert caught.value.status == status
    if status != 503:
        assert name_of(caught.value.body) == "Problem"


def test_security(live: Start) -> None:
    it = live("security")
    auth = importlib.import_module(f"{it.package.__name__}.auth")
    api = it.package.Api(
        it.api.client.base_url,
        auth={"key": auth.key_auth("k"), "bearer": auth.bearer_auth("t"), "basic": auth.basic_auth("u", "p")},
    )
    with api:
        api.s.get_default()
        assert (it.last.header("x-key"), it.last.header("authorization")) == ("k", None)
        api.s.get_open()
        assert (it.last.header("x-key"), it.last.header("authorization")) == (None, None)
        api.s.get_both()
        assert (it.last.header("x-key"), it.last.header("authorization")) == ("k", "Bearer t")


def test_webhooks(live: Start) -> None:
    it = live("webhooks")
    hooks = importlib.import_module(f"{it.package.__name__}.webhooks")
    seen: list[Any] = []
    message = hooks.parse_thing_made(b'{"id":7}', headers={"a": "b"}, verify=lambda *given: seen.append(given))
    assert message.id == 7
    assert seen == [({"a": "b"}, b'{"id":7}')]
    assert hooks.parse("subscribe.onEvent", b'{"id":8}').id == 8

    form = hooks.parse_thing_form(b"From=%2B49+1&Count=2&Tags=a&Tags=b&New=1")
    assert (form.from_, form.count, form.tags) == ("+49 1", 2, ["a", "b"])
    form = hooks.parse_thing_form(b"From=12&Count=3&Tags=7")
    assert (form.from_, form.count, form.tags) == ("12", 3, ["7"])
    assert hooks.parse_thing_text("h\u00e9".encode()) == "h\u00e9"
    assert hooks.parse_thing_bytes(b"\xff\x00") == b"\xff\x00"
    assert hooks.parse_thing_ping(b"") is None
    for broken in (hooks.parse_thing_text, hooks.parse_thing_form):
        with pytest.raises(CodecError):
            broken(b"\xff")

    def refuse(headers: object, body: object) -> None:
        raise PermissionError("the signature does not fit")

    with pytest.raises(PermissionError):
        hooks.parse_thing_made(b"no JSON", verify=refuse)


def test_pagination(root: Path) -> None:
    import httpx

    pages = {None: {"items": [{"id": 1}, {"id": 2}], "next": "c"}, "c": {"items": [{"id": 3}], "next": None}}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=pages[request.url.params.get("cursor")]))
    for flavour in FLAVOURS:
        api = package(root, "pagination", flavour).Api("https://x.test", transport=transport)
        assert [item.id for item in api.items.list_cursor_all()] == [1, 2, 3]


def test_words(live: Start) -> None:
    it = live("words")
    found = it.api.words.get_old(gone="x")
    assert (found.a, found.class_, found.self_, found.from_) == (1, "c", "s", "f")
    assert "Deprecated." in it.api.words.get_old.__doc__
    assert it.m.Client(model="m", client="c").client == "c"


def test_swagger(live: Start) -> None:
    it = live("swagger")
    assert it.api.things.get(1, tags=["a", "b"], ids=[1, 2]).id == 1
    assert it.url == "/things/1?tags=a&tags=b&ids=1,2"
    it.api.things.put(1, it.m.Thing(id=1, note=None))
    assert it.last.json() == {"id": 1, "note": None}
    it.api.things.upload(it.m.UploadRequest(file=File(b"bits", filename="f"), note="n"))
    assert b'name="note"\r\n\r\nn\r\n' in it.last.body


def test_methods_of_openapi_3_2(live: Start) -> None:
    it = live("methods")
    assert [thing.id for thing in it.api.things.query(it.m.Filter(a=1))] == [1]
    assert (it.last.method, it.last.json()) == ("QUERY", {"a": 1})
    it.api.things.link()
    assert it.last.method == "LINK"
    it.api.things.find(whole=it.m.Filter(a=1, b=["x", "y"]))
    assert it.url == "/things?a=1&b=x&b=y"
    assert it.api.things.peek() is None
    assert it.last.method == "HEAD"


def test_unions(live: Start) -> None:
    found = live("unions").api.u.get()
    assert [name_of(value) for value in (found.untagged, found.lists[0], found.nested)] == ["Team", "User", "GoneUser"]
    assert {key: name_of(value) for key, value in found.maps.items()} == {"n": "User"}
    assert (found.enums, found.switch, found.numbers) == ("b", False, 1.5)
    assert found.moments == dt.date(2026, 1, 2)


def test_an_overlay_mends_a_document_of_others(live: Start) -> None:
    it = live("overlaid")
    found = it.api.o.get()
    assert found.right == 1
    assert not hasattr(found, "wrong")
    assert not hasattr(it.api, "internal")


def test_many_files(live: Start) -> None:
    it = live("files")
    found = it.api.pets.list(limit=3)
    assert it.url == "/pets?limit=3"
    assert name_of(found[0]) == name_of(found[0].owner.pets[0]) == "Pet"


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_bare_json_schema(root: Path, flavour: str) -> None:
    from wirewright import codecs

    made = package(root, "bare", flavour)
    wire = {
        "id": str(uuid.UUID(int=1)),
        "lines": [{"sku": "a"}],
        "note": None,
        "parent": {"id": str(uuid.UUID(int=2)), "lines": []},
    }
    order = codecs.get(flavour).decoder(made.models.Bare)(json.dumps(wire).encode())
    assert (order.id, order.lines[0].sku, order.parent.id) == (uuid.UUID(int=1), "a", uuid.UUID(int=2))
    assert json.loads(codecs.get(flavour).encode(order)) == wire


def test_downloads_are_streamed(live: Start) -> None:
    it = live("media")
    operations = importlib.import_module(f"{it.package.__name__}.operations")
    with it.api.client.download(operations.get_bytes()) as download:
        assert b"".join(download) == b"raw"
