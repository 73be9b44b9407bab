"""Frontiers in words: a builder for operation contracts, with the network's archetypes and cost profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, fields
from typing import Any, Self

from sbn_calls.constants import ARCHETYPES, COST_PROFILES
from wirewright.calls import is_array

from sbn.gec_contract import GecOperationContract, clean_list, clean_notes, clean_weights


def _names(names: Iterable[str] | None, weights: Mapping[str, float] | None = None) -> list[str]:
    return clean_list([*(names or ()), *(weights or {})], lower=True)


def _merge(known: list[str], more: Iterable[str]) -> None:
    known += [name for name in more if name not in known]


@dataclass(slots=True, init=False)
class FrontierContractBuilder(GecOperationContract):
    """A contract in the making: every method returns the builder, `build` the contract."""

    def __init__(
        self, frontier: str, gec_domain: str | None = None, app_name: str | None = None, **values: Any
    ) -> None:
        GecOperationContract.__init__(self, app_name=app_name, gec_domain=gec_domain, frontier=frontier, **values)

    def actions(self, *accepted: str, weights: Mapping[str, float] | None = None) -> Self:
        """Actions that count; those with a weight are accepted too."""
        _merge(self.accepted_action_types, _names(accepted, weights))
        self.action_weight_map |= clean_weights(weights, lower=True)
        return self

    def interactions(self, *accepted: str, weights: Mapping[str, float] | None = None) -> Self:
        """Interactions that count; those with a weight are accepted too."""
        _merge(self.accepted_interaction_types, _names(accepted, weights))
        self.interaction_weight_map |= clean_weights(weights, lower=True)
        return self

    def events(self, *accepted: str, weights: Mapping[str, float] | None = None) -> Self:
        """Events that count, and the weights of their polarities."""
        _merge(self.accepted_event_types, _names(accepted))
        self.event_polarity_weights |= clean_weights(weights, lower=True)
        return self

    def strategy(self, weighting_strategy: str | None) -> Self:
        """How weights combine."""
        self.weighting_strategy = weighting_strategy
        return self

    def archetype(self, frontier_archetype: str | None) -> Self:
        """What kind of frontier it is."""
        self.frontier_archetype = frontier_archetype
        return self

    def native_defaults(self, frontier_archetype: str | None = None) -> Self:
        """Fill what is not set from the archetype; an unknown one changes nothing."""
        if frontier_archetype is not None:
            self.frontier_archetype = frontier_archetype
        defaults = ARCHETYPES.get(self.frontier_archetype or "")
        if defaults is None:
            return self
        for name, value in defaults.items():
            if name != "native_notes" and not getattr(self, name):
                setattr(self, name, list(value) if is_array(value) else value)
        notes = {"archetype_default": str(self.frontier_archetype), **defaults["native_notes"]}
        self.native_notes = {**notes, **self.native_notes}
        return self

    def canonical_cost_profile(self, profile: str | None) -> Self:
        """Add the weights of a known cost profile where they are missing."""
        weights = COST_PROFILES.get(profile or "")
        if weights is not None:
            self.cost_components = {**weights, **self.cost_components}
            self.native_notes["canonical_cost_profile"] = str(profile)
        return self

    def native_profile(self, profile: str | None) -> Self:
        """The profile of native metrics."""
        self.native_metric_profile = profile
        return self

    def yield_rule(self, mode: str | None, *, unit: str | None = None) -> Self:
        """What counts as yield, and in which unit."""
        self.yield_mode = mode
        self.yield_unit = unit or self.yield_unit
        return self

    def cost_rule(
        self,
        mode: str | None,
        *,
        composition_rule: str | None = None,
        components: Mapping[str, float] | None = None,
        required_components: Iterable[str] | None = None,
        optional_components: Iterable[str] | None = None,
    ) -> Self:
        """How cost is composed."""
        self.cost_mode = mode
        self.cost_composition_rule = composition_rule or self.cost_composition_rule
        self.cost_components |= clean_weights(components, lower=True)
        _merge(self.cost_required_components, _names(required_components))
        _merge(self.cost_optional_components, _names(optional_components))
        return self

    def cmax_rule(self, mode: str | None, *, override: float | None = None) -> Self:
        """Where the ceiling comes from."""
        self.c_max_mode = mode
        self.c_max_override = override if override is not None else self.c_max_override
        return self

    def interpretation(
        self,
        *,
        entropy_mode: str | None = None,
        compression_mode: str | None = None,
        trust_mode: str | None = None,
        reflex_mode: str | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> Self:
        """How results are read."""
        self.entropy_mode = entropy_mode or self.entropy_mode
        self.compression_mode = compression_mode or self.compression_mode
        self.trust_mode = trust_mode or self.trust_mode
        self.reflex_mode = reflex_mode or self.reflex_mode
        self.native_notes |= clean_notes(notes)
        return self

    def build(self) -> GecOperationContract:
        """The contract, a copy of its own."""
        values: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(GecOperationContract)}
        copied: dict[str, Any] = {name: copy(value) for name, value in values.items()}
        return GecOperationContract(**copied)


def define_frontier(
    *,
    frontier: str,
    gec_domain: str | None = None,
    app_name: str | None = None,
    constraint_tag: str | None = None,
    phase: str | None = None,
    frontier_archetype: str | None = None,
    x_mode: str = "elapsed_time",
    x_override: float | None = None,
    accepted_action_types: Iterable[str] | None = None,
    accepted_interaction_types: Iterable[str] | None = None,
    accepted_event_types: Iterable[str] | None = None,
    action_weight_map: Mapping[str, float] | None = None,
    interaction_weight_map: Mapping[str, float] | None = None,
    event_polarity_weights: Mapping[str, float] | None = None,
    weighting_strategy: str | None = None,
    native_metric_profile: str | None = None,
    yield_mode: str | None = None,
    yield_unit: str | None = None,
    cost_mode: str | None = None,
    cost_composition_rule: str | None = None,
    cost_components: Mapping[str, float] | None = None,
    cost_required_components: Iterable[str] | None = None,
    cost_optional_components: Iterable[str] | None = None,
    apply_native_defaults: bool = False,
    canonical_cost_profile: str | None = None,
    c_max_mode: str | None = None,
    c_max_override: float | None = None,
    entropy_mode: str | None = None,
    compression_mode: str | None = None,
    trust_mode: str | None = None,
    reflex_mode: str | None = None,
    native_notes: Mapping[str, Any] | None = None,
) -> GecOperationContract:
    """A contract in one call; see `FrontierContractBuilder` for what each part means."""
    builder = FrontierContractBuilder(
        frontier=frontier,
        gec_domain=gec_domain,
        app_name=app_name,
        constraint_tag=constraint_tag,
        phase=phase,
        frontier_archetype=frontier_archetype,
        x_mode=x_mode,
        x_override=x_override,
    )
    builder.actions(*(accepted_action_types or ()), weights=action_weight_map)
    builder.interactions(*(accepted_interaction_types or ()), weights=interaction_weight_map)
    builder.events(*(accepted_event_types or ()), weights=event_polarity_weights)
    builder.strategy(weighting_strategy).native_profile(native_metric_profile).yield_rule(yield_mode, unit=yield_unit)
    builder.cost_rule(
        cost_mode,
        composition_rule=cost_composition_rule,
        components=cost_components,
        required_components=cost_required_components,
        optional_components=cost_optional_components,
    )
    builder.cmax_rule(c_max_mode, override=c_max_override)
    builder.interpretation(
        entropy_mode=entropy_mode,
        compression_mode=compression_mode,
        trust_mode=trust_mode,
        reflex_mode=reflex_mode,
        notes=native_notes,
    )
    if apply_native_defaults:
        builder.native_defaults()
    return builder.canonical_cost_profile(canonical_cost_profile).build()
