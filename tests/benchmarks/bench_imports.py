"""Importing: each SDK beside its original, and the largest document of the corpus beside what other tools make of it.

    python tests/benchmarks/bench_imports.py [--rounds N] [--document FILE]

Every figure is the median over processes of their own, ours and the other's in turn, without the interpreter's own
start. Originals are installed in environments of their own (see peers.py); one that cannot be is left out, with a line
that says so.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import peers
from figures import figure

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT.parent / "shared" / "corpus" / "openai31.json"
TIMED = """
import json, resource, sys, time
{before}
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
{code}
seconds = time.perf_counter() - started
print(json.dumps([seconds * 1000, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024]))
"""
SDKS = {
    "syncropel": "syncropel==0.7.0",
    "sbn": "sbn-sdk==0.14.0",
    "pgdag": "sbn-sdk==0.14.0",
    "holokai_neuron_sdk": "holokai-neuron-sdk==0.2.0",
    "exospherehost": "exospherehost==0.0.3",
    "symbiont": "symbiont-sdk==1.16.0",
}
BODY = '{"object":"list","data":[{"id":"m","object":"model","created":1,"owned_by":"x"}]}'
MOCK = f"""
import httpx
transport = httpx.MockTransport(lambda _: httpx.Response(200, json={BODY}))
"""
CASES = {
    "the package": ("", "import ours", "import opc"),
    "a first call": (
        MOCK,
        "import ours; ours.Api('http://x', transport=transport).models.list()",
        "from opc import AuthenticatedClient\nfrom opc.api.models import list_models\n"
        "client = AuthenticatedClient('http://x', token='t', httpx_args={'transport': transport})\n"
        "list_models.sync_detailed(client=client)",
    ),
}
ALL_MODELS = (
    "import ours.models as m\nfor name in [n for n in dir(m) if n[:1].isupper()]: getattr(m, name)",
    "import dcg",
)


def timed(python: str, code: str, before: str = "", folder: str | None = None) -> tuple[float, float]:
    """Milliseconds, and MiB that the peak grew by."""
    program = TIMED.format(before=f"sys.path.insert(0, {folder!r})\n{before}" if folder else before, code=code)
    printed = subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout
    ms, mib = json.loads(printed.splitlines()[-1])
    return ms, mib


def medians(rounds: int, *runs: tuple[str, ...]) -> list[tuple[float, float]]:
    for run in runs:
        timed(*run)  # the first one compiles
    samples = [[timed(*run) for run in runs] for _ in range(rounds)]
    columns = zip(*samples, strict=True)
    return [tuple(statistics.median(part) for part in zip(*column, strict=True)) for column in columns]  # type: ignore[misc]


def compare(topic: str, case: str, beside: str, rounds: int, runs: list[tuple[str, ...]], **options: object) -> None:
    (ours, ours_mib), (other, other_mib) = medians(rounds, *runs)
    times = figure(topic, case, ours, other, beside=beside, unit="ms", **options)  # type: ignore[arg-type]
    figure(topic, f"{case}, memory", max(ours_mib, 0.01), max(other_mib, 0.01), beside=beside, unit="MiB")
    print(
        f"{case:<44}{ours:>9.1f} ms{ours_mib:>7.1f} MiB{other:>10.1f} ms{other_mib:>7.1f} MiB{times:>8.1f}x  {beside}"
    )


def sdks(rounds: int) -> None:
    for module, requirement in SDKS.items():
        beside = requirement.replace("==", " ")
        try:
            python = peers.python_of(requirement, at_least=(3, 12) if module == "exospherehost" else (3, 11))
        except peers.NoPeerError as error:
            print(f"import {module}: {error}")
            continue
        code = f"import {module}"
        compare("Imports", code, beside, rounds, [(sys.executable, code), (str(python), code)], target=1.0)


def document(path: Path, rounds: int) -> None:
    """One document as three tools write it."""
    tools = Path(sys.executable).parent
    with tempfile.TemporaryDirectory(prefix="wirewright-imports-") as folder:
        made = Path(folder)
        commands: list[list[str | Path]] = [
            [tools / "wirewright", "generate", "--spec", path, "--package", "ours", "--out", made],
            [tools / "openapi-python-client", "generate", "--path", path, "--meta", "none",
             "--output-path", made / "opc"],
            [tools / "datamodel-codegen", "--input", path, "--output", made / "dcg.py", "--output-model-type",
             "pydantic_v2.BaseModel", "--input-file-type", "openapi"],
        ]  # fmt: skip
        for command in commands:
            subprocess.run([str(part) for part in command], check=True, capture_output=True, cwd=made)
        name, here = path.stem, (sys.executable,)
        for case, (before, ours, theirs) in CASES.items():
            runs = [(*here, ours, before, folder), (*here, theirs, before, folder)]
            compare("Imports", f"{name}: {case}", "openapi-python-client", rounds, runs, headline=True)
        runs = [(*here, code, "", folder) for code in ALL_MODELS]
        beside = "datamodel-code-generator, pydantic"
        compare("Imports", f"{name}: all models", beside, max(1, rounds // 2), runs, target=5.0, headline=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    options = parser.parse_args()
    print(f"{'':<44}{'ours':>12}{'':>11}{'other':>13}")
    sdks(options.rounds)
    if options.document.exists():
        document(options.document, options.rounds)
    else:
        print(f"no {options.document.name} beside this checkout: its imports are not measured")


if __name__ == "__main__":
    main()
