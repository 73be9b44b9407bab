"""What importing costs, and what happens where the extra is missing."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
import wirewright
from wirewright import WirewrightError, signing
from wirewright.signing import errors


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("module", ["wirewright", "wirewright.signing", "wirewright.signing.errors"])
def test_importing_loads_no_library_of_the_extra(module):
    modules = set(run(f"import sys, {module}; print(*sys.modules)").split())
    assert not modules & {"cryptography", "joserfc", "rfc8785", "http_sfv", "httpx"}


@pytest.mark.parametrize(
    ("name", "library"),
    [("Key", "cryptography"), ("canonical_json", "rfc8785"), ("HttpSigner", "http_sfv"), ("verify_jwt", "joserfc")],
)
def test_a_missing_library_names_the_extra(name, library):
    code = (
        "import sys\n"
        f"sys.modules[{library!r}] = None\n"
        "from wirewright import signing\n"
        "try:\n"
        f"    signing.{name}\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error)"
    )
    said = run(code)
    assert said.startswith(f"wirewright.signing needs {library}")
    assert "pip install 'wirewright[signing]'" in said


def test_the_old_schemes_of_webhooks_need_no_library_of_the_extra():
    modules = set(run("import sys; from wirewright.signing import GitHubWebhooks; print(*sys.modules)").split())
    assert not modules & {"cryptography", "joserfc"}


@pytest.mark.parametrize("name", signing.__all__)
def test_every_public_name_is_there(name):
    assert getattr(signing, name) is not None


def test_public_names_are_listed_and_others_are_attribute_errors():
    assert set(signing.__all__) <= set(dir(signing))
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        signing.nope  # noqa: B018


def test_errors_are_one_tree_that_the_module_draws():
    named = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.SigningError)]
    assert len(named) == 12
    for kind in named:
        assert issubclass(kind, WirewrightError)
        assert kind.__name__ in (errors.__doc__ or "")
    assert issubclass(errors.ClockSkewError, wirewright.AuthError)
    assert issubclass(errors.InvalidKeyError, ValueError)


def test_errors_survive_pickling():
    error = pickle.loads(pickle.dumps(errors.TimestampError("old", skew=5.0, tolerance=1.0)))
    assert (str(error), error.skew, error.tolerance) == ("old", 5.0, 1.0)
    assert pickle.loads(pickle.dumps(errors.ClaimError("no", claim="iss"))).claim == "iss"
