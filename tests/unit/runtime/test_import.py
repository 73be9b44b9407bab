"""What importing costs, and what is public."""

from __future__ import annotations

import subprocess
import sys

import pytest
import wirewright


def loaded(code: str) -> set[str]:
    script = f"import sys; {code}; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_the_package_loads_neither_http_library_nor_codec():
    modules = loaded("import wirewright")
    assert not modules & {"httpx", "httpcore", "msgspec", "attrs", "pydantic", "asyncio"}


def test_making_a_client_loads_no_http_library_and_opens_nothing():
    modules = loaded("import wirewright; wirewright.Client('http://127.0.0.1:1'); wirewright.AsyncClient('http://x')")
    assert not modules & {"httpx", "httpcore", "attrs", "pydantic"}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_sync_call_loads_neither_httpx_nor_asyncio(scheme):
    call = (
        "import wirewright; from wirewright.calls import Operation, Request; "
        f"wirewright.Client('{scheme}://127.0.0.1:1', retry=wirewright.RetryPolicy(attempts=1))"
        ".deliver(Request(Operation('a', 'GET', '/')))"
    )
    assert {"httpcore", "httpx", "rich", "urllib.request", "asyncio"} & loaded(call) == {"httpcore"}


@pytest.mark.parametrize("name", wirewright.__all__)
def test_every_public_name_is_there(name):
    assert getattr(wirewright, name) is not None


def test_everything_public_can_be_imported_without_any_extra():
    without = "sys.modules.update(dict.fromkeys(['redis', 'h2', 'cryptography', 'aiohttp', 'pydantic'], None))"
    assert "wirewright" in loaded(f"{without}; from wirewright import *")


def test_an_outbox_says_which_extra_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'wirewright\[outbox-redis\]'"):
        wirewright.RedisOutbox("redis://127.0.0.1:1")


def test_public_names_are_those_of_the_table():
    assert sorted(set(wirewright.__all__) - {"UNSET", "Unset", "__version__"}) == sorted(wirewright._HOME_OF)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        wirewright.nope  # noqa: B018
