"""What a flavour writes differently: base classes, absent values, wire names, unions. Names and types are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wirewright_codegen.models.hints import rewritten
from wirewright_codegen.models.schemas import as_schema, kind_of
from wirewright_codegen.models.shapes import Field, Shape
from wirewright_codegen.models.unions import Leaf, Tag, Unions, native_members, told_apart
from wirewright_codegen.targets import Flavour
from wirewright_codegen.text import docstring, literal

# A control character: no text of a document brings one into code, docstrings are cleaned and literals escaped.
DELIMITER = "#\x01 "
END = "#\x01"
_WIRE = literal("wire")


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One attribute as it is written."""

    name: str
    annotation: str
    value: str
    doc: str


@dataclass(frozen=True, slots=True)
class AliasLine:
    """One alias as it is written; `runtime` only where it differs from what type checkers see."""

    static: str
    runtime: str
    doc: str


class Item:
    """What a template writes for one schema: a template asks, this answers, so that templates hold no decisions."""

    def __init__(
        self, shape: Shape, flavour: Flavour, unions: Unions, tags: Mapping[str, Tag], *, plain_base: bool = True
    ) -> None:
        self._shape = shape
        self._flavour = flavour
        self._unions = unions
        self._tags = tags
        self._fields = {field.key: field for field in shape.fields}
        self.names: set[str] = set()
        self.delimiter = f"{DELIMITER}{shape.name}"
        self.end = END
        self.base = "Model" if plain_base else "_Model"
        tag = tags.get(shape.name) if flavour == "msgspec" else None
        self._tag = tag
        self.tag = literal(tag.value) if tag else ""
        self.tag_field = literal(tag.wire) if tag else ""
        self.doc = docstring(shape.doc)

    def question(self) -> object:
        """Everything that decides what is written, for the cache: own schema, and what unions make of other ones."""
        shape = self._shape
        members = [] if shape.kind == "class" else [str(leaf) for leaf in self._unions.leaves(shape.name)]
        names = {str(leaf.name) for leaf in self._unions.leaves(shape.name)} if members else {shape.name}
        tags = {name: str(self._tags[name]) for name in sorted(names) if name in self._tags}
        recursive = shape.name in self._unions.recursive
        return [shape.source, shape.rendered_schema(), members, tags, recursive, self.base]

    @property
    def class_lines(self) -> list[str]:
        """Statements of a class that are no fields."""
        extra = as_schema(self._shape.source.get("additionalProperties"))
        if not extra or kind_of(extra) in ("any", "never"):
            return []
        from wirewright_codegen.models.annotations import annotation

        kind = annotation(extra)
        self._use(kind, "ClassVar", "Any")
        return [f"__extra_type__: ClassVar[Any] = lambda: {kind}"]

    @property
    def is_bare(self) -> bool:
        """Whether nothing else is in the class's body."""
        return not self._shape.fields and not self.doc and not self.class_lines

    def field(self, key: str, hint: str) -> FieldLine:
        """One attribute, with the type that the renderer found."""
        field = self._fields[key]
        kind = rewritten(hint)
        if self._tag and field.wire == self._tag.wire:
            self._use(kind, "ClassVar")
            return FieldLine(field.name, f"ClassVar[{kind}]", literal(self._tag.value), docstring(field.doc))
        if not field.required:
            kind = self._absent(kind)
        self._use(kind)
        return FieldLine(field.name, kind, self._value(field), docstring(field.doc))

    def _absent(self, kind: str) -> str:
        if self._flavour == "pydantic":
            return kind if kind == "Any" or kind.endswith("| None") or kind == "None" else f"{kind} | None"
        return f"{kind} | UnsetType"

    def _value(self, field: Field) -> str:
        """What stands right of the `=`; empty where nothing does."""
        renamed = field.wire != field.name
        default = "" if field.required else "None" if self._flavour == "pydantic" else "UNSET"
        if field.required and field.const is not None and self._flavour != "pydantic":
            default = literal(field.const)
        if default == "UNSET":
            self._use("UNSET")
        if not renamed:
            return default
        given = [f"default={default}"] if default else []
        if self._flavour == "msgspec":
            self._use("msgspec")
            return f"msgspec.field({', '.join([*given, f'name={literal(field.wire)}'])})"
        if self._flavour == "attrs":
            return f"attrs.field({', '.join([*given, f'metadata={{{_WIRE}: {literal(field.wire)}}}'])})"
        self._use("Field")
        # Two aliases: with `alias` alone type checkers would ask callers for the wire name.
        wire = literal(field.wire)
        return f"Field({', '.join([*given, f'validation_alias={wire}', f'serialization_alias={wire}'])})"

    def alias(self, hint: str) -> AliasLine:
        """A named type that is no class."""
        static = rewritten(hint)
        runtime = self._runtime(static)
        self._use(static, "TypeAlias")
        if runtime:
            self._use("TYPE_CHECKING")
        name = self._shape.name
        quoted = literal(static) if name in self._unions.recursive else static
        return AliasLine(quoted, runtime, docstring(self._shape.doc, indent=4 if runtime else 0))

    def _runtime(self, static: str) -> str:
        """The expression that decodes; empty where the static one does."""
        shape = self._shape
        leaves = self._unions.leaves(shape.name)
        if self._flavour == "pydantic":
            return self._pydantic(static, leaves)
        if shape.name in self._unions.recursive:
            return self._marker(leaves)
        members = native_members(leaves, self._tags if self._flavour == "msgspec" else {})
        if members is None:
            return self._marker(leaves)
        if shape.kind == "alias":
            return ""
        joined = " | ".join(members)
        self._use(joined)
        return "" if sorted(members) == sorted(static.split(" | ")) else joined

    def _marker(self, leaves: tuple[Leaf, ...]) -> str:
        members = list(dict.fromkeys(leaf.runtime for leaf in leaves))
        self._use("union_marker", *members)
        listed = "".join(f"{member}, " for member in members)
        given = f"{literal(self._shape.name)}, __name__, lambda: ({listed})"
        mapping = [(value, name) for value, name in self._shape.mapping]
        if self._shape.discriminator and mapping:
            pairs = ", ".join(f"{literal(value)}: {name}" for value, name in mapping)
            self._use(*(name for _, name in mapping))
            given += f", discriminator={literal(self._shape.discriminator)}, mapping=lambda: {{{pairs}}}"
        return f"union_marker({given})"

    def _pydantic(self, static: str, leaves: tuple[Leaf, ...]) -> str:
        name = self._shape.name
        if name in self._unions.recursive:
            self._use("TypeAliasType")
            return f"TypeAliasType({literal(name)}, {literal(static)})"
        members = list(dict.fromkeys(leaf.runtime for leaf in leaves))
        if members == ["None"]:
            return "type(None)"  # `None | None` is an error where a class that has it may lack it
        objects = [leaf for leaf in leaves if leaf.category == "object"]
        null = " | None" if any(leaf.category == "None" for leaf in leaves) else ""
        if all(leaf.category in ("object", "None") for leaf in leaves) and (told := self._pydantic_tagged(objects)):
            return told + null
        if len(objects) > 1 and (mapped := self._pydantic_mapped(objects, leaves)):
            return mapped + null
        if len(objects) > 1 and not any(leaf.category in ("map", "any") for leaf in leaves):
            members = [member for member in members if member != "None"]
            self._use("untagged_union", *members)
            return f"untagged_union({', '.join(members)}){null}"
        if self._shape.kind == "alias":
            return ""
        self._use(*members)
        return "" if sorted(members) == sorted(static.split(" | ")) else " | ".join(members)

    def _pydantic_tagged(self, objects: list[Leaf]) -> str:
        """A union that one constant tells apart, in one attribute as pydantic wants; empty where there is none."""
        if len(objects) < 2 or not told_apart(objects, self._tags):
            return ""
        classes = [leaf.runtime for leaf in objects]
        attributes = {self._unions.attribute(name, self._tags[name].wire) for name in classes}
        if len(attributes) > 1:
            return ""
        self._use("tagged_union", *classes)
        return f"tagged_union({literal(attributes.pop())}, {', '.join(classes)})"

    def _pydantic_mapped(self, objects: list[Leaf], leaves: tuple[Leaf, ...]) -> str:
        """A union whose variants a mapping tells apart; empty where that is not the whole story."""
        wire, mapping = self._shape.discriminator, dict(self._shape.mapping)
        classes = [leaf.runtime for leaf in objects]
        others = [leaf for leaf in leaves if leaf.category not in ("object", "None")]
        if wire is None or others or set(mapping.values()) != set(classes):
            return ""
        self._use("mapped_union", *classes)
        pairs = ", ".join(f"{literal(value)}: {name}" for value, name in mapping.items())
        attribute = literal(self._unions.attribute(classes[0], wire))
        return f"mapped_union({literal(wire)}, {attribute}, {{{pairs}}})"

    def _use(self, *expressions: str) -> None:
        from wirewright_codegen.models.hints import names_in

        for expression in expressions:
            self.names |= names_in(expression)
