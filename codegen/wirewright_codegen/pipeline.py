"""The pipeline behind `wirewright generate` and `wirewright check`: read → canonical → models, operations → publish."""

from __future__ import annotations

from dataclasses import dataclass

from wirewright_codegen.account import Account
from wirewright_codegen.cache import Cache
from wirewright_codegen.earlier import sharing_with
from wirewright_codegen.flat import compare_calls, publish_calls
from wirewright_codegen.publish import compare, finished, publish
from wirewright_codegen.remembered import read_target, recall, remember, run_key, run_key_of
from wirewright_codegen.targets import LOCK, SPEC, Problem, Progress, Result, Target, lock_of, timed

__all__ = ["LOCK", "SPEC", "Problem", "Progress", "Result", "Target", "check", "generate", "lock_of", "preview"]


@dataclass(slots=True)
class _Built:
    """Everything that a folder should hold."""

    files: dict[str, str]
    result: Result


def _quiet(step: str, done: int, total: int) -> None:
    """No progress."""


def generate(target: Target, *, progress: Progress = _quiet, verify: bool = True) -> Result:
    """Write a package, all of it or nothing.

    With a loss that is not allowed nothing is written. With `verify`, and when something changed, the modules are
    imported in a fresh interpreter and a decoder is built for each class.

    Raises:
        SpecError: the document cannot be used; nothing was written.
    """
    built = _build(target, progress)
    result = built.result
    if not (target.allow_loss or result.account.complete):
        return result
    with timed(result, "publish"):
        result.changes = publish(target.folder, built.files).changes + publish_calls(target, built.files[SPEC])
        _publish_parents(target)
    if verify and result.changes:
        from wirewright_codegen.verify import verify_package

        with timed(result, "verify"):
            progress("verify", 0, 1)
            result.problems = tuple(Problem(*found) for found in verify_package(target.out, target.package))
            progress("verify", 1, 1)
    return result


def check(target: Target, *, progress: Progress = _quiet) -> Result:
    """What `generate` would change; nothing is written.

    Raises:
        SpecError: the document cannot be used.
    """
    built = _build(target, progress)
    built.result.changes = compare(target.folder, built.files).changes + compare_calls(target, built.files[SPEC])
    return built.result


def preview(target: Target, *, progress: Progress = _quiet) -> dict[str, str]:
    """The files of a package, by path inside it; nothing is written."""
    return _build(target, progress).files


def _build(target: Target, progress: Progress) -> _Built:
    result = Result(target, Account())
    lock = lock_of(target)
    cache = Cache(target.cache)
    with timed(result, "read"):
        progress("read", 0, 1)
        document = read_target(target)
        earlier = {run_key_of(other): other for other in sharing_with(target)}
        options = target.deciding | {"earlier": list(earlier)}
        progress("read", 1, 1)
        kept = recall(cache, run_key(document, target.overlay, options, lock))
    if kept is not None:
        files, result.account = kept
    else:
        from wirewright_codegen.making import make

        files, names = make(target, document, lock, result, earlier=earlier, progress=progress)
        remember(cache, run_key(document, target.overlay, options, names), files, result.account)
    result.files = len(files)
    result.canonical = files[SPEC]
    result.lines = sum(code.count("\n") for path, code in files.items() if path.endswith((".py", ".pyi")))
    return _Built(files, result)


def _publish_parents(target: Target) -> None:
    """The packages above a dotted one: an empty module each, and the typed marker at the top."""
    folder = target.out
    for depth, part in enumerate(target.package.split(".")[:-1]):
        folder /= part
        init = folder / "__init__.py"
        if not init.exists():
            init.write_text(
                finished({"__init__.py": '"""Generated APIs, one package for each version."""\n'})["__init__.py"]
            )
        if depth == 0 and not (folder / "py.typed").exists():
            (folder / "py.typed").touch()
