"""The rules that a graph must keep before it is stored (protocol sheet §6.3).

They come in stages: the first stage that fails ends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from exospherehost.models import GraphNodeModel, StoreConfigModel
from exospherehost.testing.manager import placeholders
from exospherehost.testing.manager.ancestry import Ancestry, DisconnectedError
from exospherehost.testing.manager.refusal import Refusal


def check(
    *,
    name: str,
    namespace: str,
    nodes: Sequence[GraphNodeModel],
    secret_names: Sequence[str],
    store: StoreConfigModel,
    joins_are_ancestors: bool,
) -> None:
    """Refuse (400) a graph that breaks a rule, with every problem of the first stage that finds one."""
    _report(_field_problems(name, namespace, nodes, secret_names))
    _report({"": list(_join_target_problems(nodes))})
    root = _root(nodes)
    try:
        ancestry = Ancestry(nodes, root, joins_are_ancestors=joins_are_ancestors)
    except DisconnectedError as error:
        raise _refusal({"": [str(error)]}) from error
    _report({"": list(_connection_problems(nodes, root, ancestry))})
    _report({"": [f"Node {n.identifier} is not acyclic" for n in nodes if n.identifier in ancestry.walk[n.identifier]]})
    _report({"": list(_input_problems(nodes, ancestry, {*store.required_keys, *store.default_values}))})


def root_of(nodes: Sequence[GraphNodeModel]) -> list[str]:
    """The uses that nothing leads to and that join nothing; a graph has exactly one."""
    targets = {target for node in nodes for target in node.next_nodes or ()}
    return [node.identifier for node in nodes if node.identifier not in targets and node.unites is None]


def _field_problems(
    name: str, namespace: str, nodes: Sequence[GraphNodeModel], secret_names: Sequence[str]
) -> dict[str, list[str]]:
    return {
        "name": [] if name.strip() else ["Name cannot be empty"],
        "namespace": [] if namespace.strip() else ["Namespace cannot be empty"],
        "nodes": list(_identifier_problems(nodes)),
        "secrets": ["Secrets cannot be empty" for secret in secret_names if not secret],
    }


def _identifier_problems(nodes: Sequence[GraphNodeModel]) -> Iterator[str]:
    uses = Counter(node.identifier for node in nodes)
    repeated = [identifier for identifier, count in uses.items() for _ in range(count - 1)]
    if repeated:
        yield from (f"Node identifier {identifier} is not unique" for identifier in repeated)
        return
    for node in nodes:
        for target in node.next_nodes or ():
            if target not in uses:
                yield f"Node identifier {target} does not exist in the graph"


def _join_target_problems(nodes: Sequence[GraphNodeModel]) -> Iterator[str]:
    known = {node.identifier for node in nodes}
    for node in nodes:
        if node.unites is None:
            continue
        target = node.unites.identifier
        if target not in known:
            yield f"Node {node.identifier} has an unites target {target} that does not exist"
        elif target == node.identifier:
            yield f"Node {node.identifier} has an unites target {target} that is the same as the node itself"


def _root(nodes: Sequence[GraphNodeModel]) -> str:
    roots = root_of(nodes)
    if len(roots) != 1:
        raise _refusal(
            {
                "": [
                    "There should be exactly one root node in the graph but found "
                    f"{len(roots)} nodes with zero in-degree: {roots}"
                ]
            }
        )
    return roots[0]


def _connection_problems(nodes: Sequence[GraphNodeModel], root: str, ancestry: Ancestry) -> Iterator[str]:
    for node in nodes:
        if node.identifier != root and root not in ancestry.ancestors[node.identifier]:
            yield f"Node {node.identifier} is not connected to the root node"


def _input_problems(nodes: Sequence[GraphNodeModel], ancestry: Ancestry, keys: set[str]) -> Iterator[str]:
    for node in nodes:
        for text in node.inputs.values():
            if isinstance(text, str):
                yield from _text_problems(text, node.identifier, ancestry.ancestors[node.identifier], keys)
            else:
                yield f"Input {text} is not a string"


def _text_problems(text: str, identifier: str, ancestors: set[str], keys: set[str]) -> Iterator[str]:
    try:
        sources = placeholders.parse(text).sources
    except placeholders.PlaceholderError as error:
        yield f"Error creating dependent string for input {text} check syntax string: {error}"
        return
    named = dict.fromkeys(source.identifier for source in sources if not source.is_store)
    for name in named:
        if name not in ancestors:
            yield f"Input {text} depends on {name} but {name} is not a parent of {identifier}"
    for source in sources:
        if source.is_store and source.field not in keys:
            yield f"Input {text} depends on {source.field} but {source.field} is not a required key or a default value"


def _report(problems: Mapping[str, Sequence[str]]) -> None:
    found = {field: texts for field, texts in problems.items() if texts}
    if found:
        raise _refusal(found)


def _refusal(problems: Mapping[str, Sequence[str]]) -> Refusal:
    """The report as pydantic lays it out, for programs that look for the texts in it."""
    count = len(problems)
    lines = [f"{count} validation error{'s' if count > 1 else ''} for GraphTemplate"]
    for field, texts in problems.items():
        lines += [field] if field else []
        joined = "\n".join(texts)
        lines.append(f"  Value error, {joined} [type=value_error]")
    return Refusal(400, "Error validating graph template: " + "\n".join(lines))
