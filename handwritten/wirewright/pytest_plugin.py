"""Contract tests in pytest: installed with `wirewright`, silent until it is used.

    from wirewright.contract import contract

    @contract("sbn")                       # or @contract("openapi.yaml")
    def test_sbn(): ...

becomes one test for each operation, event and documented error. The fixtures `sandbox_of`, `recorder_of`,
`recording_client` and `async_recording_client` are for tests of one's own; see `wirewright/contract/README.md`.

Nothing but pytest is imported here until a test asks for one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from wirewright.contract.cases import Case
    from wirewright.contract.recording import Recorder
    from wirewright.sandbox import Sandbox

MARK = "wirewright_contract"
CASE = "contract_case"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("wirewright", "contract tests (wirewright)")
    group.addoption("--contract-url", metavar="URL", help="also hold the live server at this base URL to its contract")
    group.addoption(
        "--contract-auth",
        metavar="SCHEME=SECRET",
        action="append",
        default=[],
        help="credentials for it, by security scheme; SCHEME=env:NAME takes them from the environment",
    )
    group.addoption(
        "--contract-header", metavar="'NAME: VALUE'", action="append", default=[], help="sent with every request to it"
    )
    group.addoption("--contract-safe", action="store_true", help="only send it GET and HEAD requests")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARK}(spec, ...): becomes the contract tests of a spec; set by @contract")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker(MARK)
    if mark is not None:
        from wirewright.contract.expansion import expand

        expand(metafunc, mark)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Holds the case of a test to the contract, before the body of the test runs."""
    if pyfuncitem.get_closest_marker(MARK) is not None:
        from wirewright.contract.expansion import hold

        hold(cast("Case", pyfuncitem.callspec.params[CASE]))


@pytest.fixture
def contract_case(request: pytest.FixtureRequest) -> Case:
    """The case that a test of `@contract` is about: its operation, its kind."""
    case: Case | None = getattr(request, "param", None)
    if case is None:
        pytest.fail("contract_case is for tests that are decorated with @contract", pytrace=False)
    return case


@pytest.fixture
def sandbox_of(request: pytest.FixtureRequest) -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes: `sandbox_of("sbn", version="0.14")`, `sandbox_of("openapi.yaml")`.

    They check their own answers, and stop at the end of the test; an answer that broke the spec fails it.
    """
    from wirewright.contract.fixtures import SandboxStarter

    with SandboxStarter(request.path.parent) as starter:
        yield starter.start


@pytest.fixture
def recorder_of(request: pytest.FixtureRequest) -> Iterator[Callable[..., Recorder]]:
    """Makes recorders: `recorder_of("sbn").over(transport)` goes into any client's `transport=`.

    At the end of the test every exchange must have kept the spec, on both sides.
    """
    from wirewright.contract.fixtures import Recorders

    recorders = Recorders(request.path.parent)
    yield recorders.make
    recorders.assert_kept()


@pytest.fixture
def recording_client(recorder_of: Callable[..., Recorder]) -> Iterator[Callable[..., Any]]:
    """Makes recording clients: `recording_client(sandbox)`, or `recording_client("sbn", "https://...", auth=...)`.

    A `wirewright.Client` with its `recorder`; give it to a generated `Api(client=...)`.
    """
    from wirewright.contract.fixtures import make_client

    made: list[Any] = []

    def make(spec: Any, url: str | None = None, **settings: Any) -> Any:
        made.append(make_client(recorder_of, spec, url, **settings))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def async_recording_client(recorder_of: Callable[..., Recorder]) -> Iterator[Callable[..., Any]]:
    """As `recording_client`, for `wirewright.AsyncClient`; close it in the test (`async with`)."""
    from wirewright.contract.fixtures import make_async_client

    def make(spec: Any, url: str | None = None, **settings: Any) -> Any:
        return make_async_client(recorder_of, spec, url, **settings)

    yield make
