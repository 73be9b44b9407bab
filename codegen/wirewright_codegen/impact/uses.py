"""The uses of a generated package in an app, found by what mypy resolved every name to.

The app's text is walked as Python's own syntax tree; what mypy knows about an expression is found by its place.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mypy.nodes import Expression, RefExpr, TypeInfo
from mypy.types import CallableType, Instance, ProperType, Type, UnionType, get_proper_type

from wirewright_codegen.impact.checking import Known, Place
from wirewright_codegen.impact.names import GeneratedNames, Signature

Kind = Literal["read", "show", "branch", "write", "omit", "spread", "call", "name"]
UNKNOWN = object()
"""The value of an argument that is not written out."""
_SHOWS = frozenset({"print", "str", "repr", "format"})


@dataclass(frozen=True, slots=True)
class Use:
    """One use.

    Attributes:
        file, line: where.
        end: the last line of the statement's expression.
        kind: `read` of a property, `show` of it as text, `branch` on its value, `write` of a property or argument,
            `omit` of one that could be given, `spread` of a mapping in place of arguments, `call` of an operation
            (or its function handed on), `name` of a class.
        schema: the class; None for an operation.
        operation: the operationId; None for a class.
        member: wire name of the property or parameter.
        values: the constants that a branch compares with, or that are written; `UNKNOWN` for what is no constant.
        scope: the function that it is in.
    """

    file: str
    line: int
    end: int
    kind: Kind
    schema: str | None = None
    operation: str | None = None
    member: str | None = None
    values: tuple[object, ...] = ()
    scope: str = ""


def uses_in(file: str, text: str, known: Mapping[Place, Known], package: str, names: GeneratedNames) -> list[Use]:
    """All uses in one module of the app, by line.

    Args:
        file: its name.
        text: its source.
        known: what mypy knows about its expressions.
        package: the generated package.
        names: what the package's names stand for.
    """
    visitor = _Uses(file, known, package, names)
    visitor.visit(ast.parse(text))
    return sorted(visitor.found, key=lambda use: (use.line, use.kind, use.schema or "", use.member or ""))


class _Uses(ast.NodeVisitor):
    def __init__(self, file: str, known: Mapping[Place, Known], package: str, names: GeneratedNames) -> None:
        self.found: list[Use] = []
        self._file, self._package, self._names = file, package, names
        self._known = known
        self._branching: dict[ast.AST, tuple[object, ...]] = {}
        self._showing: set[ast.AST] = set()
        self._scope = ""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._inside(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._inside(node)

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outer, self._scope = self._scope, f"{self._scope}.{node.name}"
        self.generic_visit(node)
        self._scope = outer

    def visit_Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        constants = tuple(value for operand in operands for value in _constants(operand))
        self._branching |= dict.fromkeys(operands, constants)
        self.generic_visit(node)

    def visit_Match(self, node: ast.Match) -> None:
        patterns = [inner for case in node.cases for inner in ast.walk(case.pattern)]
        values = [inner.value for inner in patterns if isinstance(inner, ast.MatchValue)]
        self._branching[node.subject] = tuple(constant for value in values for constant in _constants(value))
        self.generic_visit(node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        self._showing.add(node.value)
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        self._named(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._named(node)
        for model in self._models(node.value):
            wire = self._names.attributes.get(model, {}).get(node.attr, node.attr)
            constants = self._branching.get(node)
            if constants is None:
                self._note(node, "show" if node in self._showing else "read", schema=model, member=wire)
            else:
                self._note(node, "branch", schema=model, member=wire, values=constants)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        model = self._model_of(node.func)
        signature = self._signature_of(node.func)
        if model is not None:
            self._constructed(node, model)
        elif signature is not None:
            self._called(node, signature)
        elif isinstance(node.func, ast.Name) and node.func.id == "isinstance" and node.args:
            self._branching[node.args[0]] = ()
        elif isinstance(node.func, ast.Name) and node.func.id in _SHOWS:
            self._showing |= set(node.args)
        self.generic_visit(node)

    def _constructed(self, call: ast.Call, model: str) -> None:
        attributes = self._names.attributes.get(model, {})
        given: set[str] = set()
        for keyword in call.keywords:
            if keyword.arg is not None:
                wire = attributes.get(keyword.arg, keyword.arg)
                given.add(wire)
                self._note(keyword.value, "write", schema=model, member=wire, values=_written(keyword.value))
            else:
                self._note(call.func, "spread", schema=model)
        for wire in attributes.values():
            if wire not in given:
                self._note(call.func, "omit", schema=model, member=wire)

    def _called(self, call: ast.Call, signature: Signature) -> None:
        names = [name for name in signature.arguments if name != "body"]
        given = dict(zip(names, call.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
        for name, value in given.items():
            wire = signature.arguments.get(name, name)
            self._note(value, "write", operation=signature.operation, member=wire, values=_written(value))
        if any(keyword.arg is None for keyword in call.keywords):
            self._note(call.func, "spread", operation=signature.operation)
        for name, wire in signature.arguments.items():
            if name not in given:
                self._note(call.func, "omit", operation=signature.operation, member=wire)

    def _named(self, node: ast.expr) -> None:
        model = self._model_of(node)
        if model is not None:
            self._note(node, "name", schema=model)
        elif (signature := self._signature_of(node)) is not None:
            self._note(node, "call", operation=signature.operation)

    def _expression(self, node: ast.expr) -> Expression | None:
        return self._known.get(_place(node), (None, None))[0]

    def _type(self, node: ast.expr) -> Type | None:
        return self._known.get(_place(node), (None, None))[1]

    def _model_of(self, node: ast.expr) -> str | None:
        """The model class that a name stands for."""
        found = self._expression(node)
        if not isinstance(found, RefExpr):
            return None
        if isinstance(found.node, TypeInfo) and self._is_model(found.node.fullname):
            return found.node.name
        name = found.fullname.rpartition(".")[2]
        if self._is_model(found.fullname) and name in self._names.attributes:
            return name
        kind = get_proper_type(self._type(node))
        if isinstance(kind, CallableType) and kind.is_type_obj() and self._is_model(kind.type_object().fullname):
            return kind.type_object().name
        return None

    def _is_model(self, fullname: str) -> bool:
        return fullname.startswith(f"{self._package}.models.")

    def _signature_of(self, node: ast.expr) -> Signature | None:
        """The operation that a function or method of the package calls."""
        found = self._expression(node)
        if isinstance(found, RefExpr) and found.fullname.startswith(f"{self._package}.operations."):
            return self._names.functions.get(".".join(found.fullname.split(".")[-2:]))
        if isinstance(node, ast.Attribute):
            for kind in _instances(self._type(node.value)):
                if kind.type.fullname.startswith(f"{self._package}.resources."):
                    resource = kind.type.fullname.split(".")[-2]
                    return self._names.functions.get(f"{resource}.{node.attr}")
        return None

    def _models(self, node: ast.expr) -> Iterator[str]:
        for instance in _instances(self._type(node)):
            if self._is_model(instance.type.fullname):
                yield instance.type.name

    def _note(self, node: ast.expr, kind: Kind, **more: Any) -> None:
        end = node.end_lineno or node.lineno
        self.found.append(Use(self._file, node.lineno, end, kind, scope=self._scope, **more))


def _place(node: ast.expr) -> Place:
    return (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def _instances(kind: Type | None) -> Iterator[Instance]:
    found: ProperType | None = get_proper_type(kind)
    if isinstance(found, Instance):
        yield found
    elif isinstance(found, UnionType):
        for item in found.items:
            yield from _instances(item)


def _constants(node: ast.expr) -> Iterator[object]:
    if isinstance(node, ast.Constant):
        yield node.value
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        for item in node.elts:
            yield from _constants(item)


def _written(node: ast.expr) -> tuple[object, ...]:
    return (node.value,) if isinstance(node, ast.Constant) else (UNKNOWN,)
