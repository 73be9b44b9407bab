"""Operations as commands of a command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wirewright_codegen import naming, text
from wirewright_codegen.document import plain
from wirewright_codegen.operations.code import Code
from wirewright_codegen.operations.media import is_form, is_json
from wirewright_codegen.operations.values import Body, Operation, Parameter, SecurityChoice

_SCALARS = {"str": "str", "int": "int", "float": "float", "bool": "bool"}
_RESERVED = frozenset({"ctx", "api", "app", "typer", "run", "follow", "parsed", "texts", "body_of", "file"})


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command's function; `passed` is how the call hands it on."""

    name: str
    kind: str
    declaration: str
    default: str
    passed: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    name: str
    function: str
    resource: str
    method: str
    doc: str
    arguments: tuple[Argument, ...]
    call: str
    runner: str
    deprecated: bool

    @property
    def helpers(self) -> set[str]:
        """What its module imports for it."""
        used = {name for name in ("parsed", "texts", "body_of") if f"{name}(" in self.call}
        return used | {self.runner}


@dataclass(frozen=True, slots=True)
class CredentialOption:
    """One security scheme as an option of the program."""

    argument: str
    option: str
    envvar: str
    help: str
    wire: object
    expression: str


def kebab(name: str) -> str:
    """A name as it is typed: `list_apps` → `list-apps`."""
    return name.strip("_").replace("_", "-")


def command_of(operation: Operation) -> Command:
    """The command of an operation."""
    code = Code(operation)
    taken = set(_RESERVED)
    positional = [_argument(p, taken, positional=True) for p in code.path_parameters]
    keywords = [(p, _argument(p, taken, positional=False)) for p in code.keyword_parameters]
    body = _body(operation.body) if operation.body is not None else []
    call = [a.passed for a in positional]
    if operation.body is not None and operation.body.required:
        call.append(body[0].passed)
    call += [f"{p.name}={a.passed}" for p, a in keywords]
    if operation.body is not None and not operation.body.required:
        call.append(f"body={body[0].passed}")
    return Command(
        name=kebab(operation.method),
        function=f"{operation.method}_command",
        resource=operation.resource,
        method=operation.method,
        doc=text.docstring(_help(operation)),
        arguments=(*positional, *_required_first([a for _, a in keywords] + list(body))),
        call=", ".join(call),
        runner="follow" if operation.stream else "run",
        deprecated=operation.deprecated,
    )


def _help(operation: Operation) -> str:
    summary = text.sentence(operation.summary) or text.sentence(operation.description)
    description = text.clean(operation.description)
    return text.paragraphs(
        [summary or f"Call `{operation.function}`.", description if description != operation.summary else ""]
    )


def _required_first(arguments: Iterable[Argument]) -> list[Argument]:
    return sorted(arguments, key=lambda a: bool(a.default))


def _argument(parameter: Parameter, taken: set[str], *, positional: bool) -> Argument:
    name = parameter.name if parameter.name not in taken else f"{parameter.name}_"
    taken.add(name)
    kind, passed = _kind(parameter.annotation, name)
    declared = "typer.Argument" if positional else "typer.Option"
    flag = [] if positional else [text.literal(f"--{kebab(parameter.name)}")]
    shown = text.sentence(parameter.doc)
    declaration = f"{declared}({', '.join([*flag, *([f'help={text.literal(shown)}'] if shown else [])])})"
    if parameter.required:
        return Argument(name, kind, declaration, "", passed)
    return Argument(name, f"{kind} | None", declaration, "None", passed)


def _kind(annotation: str, name: str) -> tuple[str, str]:
    """The type of the option, and the expression that hands it on."""
    base = annotation.removesuffix(" | None")
    if base in _SCALARS:
        return _SCALARS[base], name
    if base.startswith("list["):
        inner = base[len("list[") : -1]
        return "list[str]", f"texts({name})" if inner in ("str", "UUID") or inner.startswith(
            "_dt."
        ) else f"parsed({name})"
    if base in ("UUID", "Decimal") or base.startswith("_dt."):
        return "str", name
    return "str", f"parsed({name})" if "[" in base or "|" in base else name


def _body(body: Body) -> list[Argument]:
    first = plain(body.contents[0].media_type)
    raw = not is_json(first) and not is_form(first)
    words = (
        "The body, `@FILE` or - for standard input." if raw else "The body as JSON, `@FILE` or - for standard input."
    )
    option = f'typer.Option("--body", help={text.literal(words)})'
    passed = "body_of(body, raw=True)" if raw else "body_of(body)"
    if not is_form(first):
        kind, default = ("str", "") if body.required else ("str | None", "None")
        return [Argument("body", kind, option, default, passed)]
    files = Argument(
        "file", "list[str] | None", 'typer.Option("--file", help="A file of the form, as NAME=FILE.")', "None", ""
    )
    return [Argument("body", "str | None", option, "None", "body_of(body, file)"), files]


def credential_options(schemes: Iterable[SecurityChoice], prefix: str) -> list[CredentialOption]:
    """An option for each security scheme that has a helper in `auth.py`."""
    found: list[CredentialOption] = []
    for scheme in schemes:
        made = _credential(scheme)
        if made is None:
            continue
        name = naming.identifier(f"{scheme.name}_credential")
        option = f"--{kebab(scheme.name)}"
        option = f"{option}-auth" if option in ("--format", "--timeout", "--base-url", "--help") else option
        envvar = f"{prefix}_{scheme.name.upper()}"
        words = text.sentence(scheme.doc) or f"Credentials for {text.clean(plain(scheme.wire))}."
        found.append(CredentialOption(name, option, envvar, words, scheme.wire, made.format(name=name)))
    return found


def _credential(scheme: SecurityChoice) -> str | None:
    if scheme.kind == "apiKey" and scheme.key is not None and scheme.location in ("header", "query", "cookie"):
        key = text.literal(scheme.key).replace("{", "{{").replace("}", "}}")
        return f"_api_key({key}, {{name}}, {text.literal(scheme.location)})"
    if scheme.kind == "http" and scheme.scheme == "basic":
        return "_basic({name})"
    if scheme.kind in ("oauth2", "openIdConnect") or (scheme.kind == "http" and scheme.scheme == "bearer"):
        return "_bearer({name})"
    return None
