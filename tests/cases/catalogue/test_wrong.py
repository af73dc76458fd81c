"""Every wrong program ends with its lines, before any resource is made and any call."""

import inspect
from functools import cache

import pytest

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.component.args import Args, parse_args
from pulumi_tke_hybrid.tke import cidrs, ipamd, names, rule
from pulumi_tke_hybrid.tke.rule import Rule
from pulumi_tke_hybrid.tke.rules import (
    address_capacity,
    load_balancer_rules,
    pod_rules,
    ranges_and_pools,
    zones_and_subnets,
)
from tests.cases.catalogue.described import CLASSES, properties
from tests.cases.catalogue.wrong_clusters import POOLS, SUBNETS, ZONES
from tests.cases.catalogue.wrong_options import OPTIONS
from tests.cases.catalogue.wrong_pods import PODS_OF_WORKLOADS
from tests.cases.catalogue.wrong_program import Wrong
from tests.cases.catalogue.wrong_ranges import IDS, RANGES, SIZES
from tests.cases.catalogue.wrong_settings import SETTINGS, WRONG_TYPES
from tests.cases.catalogue.wrong_workloads import WORKLOADS
from tests.unit.programs import Graph, run

WRONG_INPUTS = [*ZONES, *RANGES, *SIZES, *SUBNETS, *IDS, *POOLS, *SETTINGS, *WRONG_TYPES]
CATALOGUE = [*WRONG_INPUTS, *WORKLOADS, *PODS_OF_WORKLOADS, *OPTIONS]
PROPERTIES = [(cls, name) for cls in CLASSES for name in properties(cls)]
NEEDS_A_STATE_OR_THE_CLOUD = {
    "adopted-as-it-is",
    "not-global-router",
    "subnet-full",
    "subnet-in-use",
    "cluster-fixed",
    "pool-fixed",
    "pool-resized",
    "switch-fixed",
    "subnet-removed",
    "configmap-of-addon",
    "stack-place",
    "endpoint-fixed",
    "one-step-at-a-time",
    "address-change",
    "load-balancer-named-twice",
    "other-vpc",
}


class Nothing:
    """A value that is of no property's type."""


@cache
def refusal(wrong: Wrong) -> tuple[tke.InvalidInputs, Graph]:
    graph = Graph()
    with pytest.raises(tke.InvalidInputs) as caught:
        run(wrong.program, into=graph)
    return caught.value, graph


@pytest.mark.parametrize("wrong", CATALOGUE, ids=lambda wrong: wrong.name)
def test_a_wrong_program_ends_with_its_lines_before_any_resource_or_call(wrong: Wrong) -> None:
    refused, graph = refusal(wrong)
    said = str(refused).splitlines()[1:]
    assert len(said) == len(wrong.lines), said
    for line, beginning in zip(said, wrong.lines, strict=True):
        assert line.startswith(f"  {beginning}")
    made = [resource.type for resource in graph.resources if not resource.type.startswith("tke-hybrid:")]
    assert (made, graph.invokes) == ([], [])


@pytest.mark.parametrize(
    ("cls", "name"), PROPERTIES, ids=[f"{cls.__name__}.{name}" for cls, name in PROPERTIES]
)
def test_a_value_of_the_wrong_type_is_refused_by_its_property(cls: type[Args], name: str) -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        parse_args(cls, {**CLASSES[cls], name: Nothing()}, "it")
    (line,) = [str(problem) for problem in caught.value.problems]
    assert line.startswith(f"{name}: must be ")


def test_the_catalogue_is_large_and_covers_every_public_input() -> None:
    classes = {
        value
        for name in tke.__all__
        if inspect.isclass(value := getattr(tke, name)) and issubclass(value, Args)
    }
    assert set(CLASSES) == classes
    assert {(cls, name) for cls in classes for name in properties(cls)} == set(PROPERTIES)
    assert len(CATALOGUE) >= 150
    assert len({wrong.name for wrong in CATALOGUE}) == len(CATALOGUE)


def test_every_rule_on_programs_is_broken_by_a_program() -> None:
    seen = {finding.rule.id for wrong in CATALOGUE for finding in refusal(wrong)[0].problems}
    rules = (
        address_capacity,
        rule,
        load_balancer_rules,
        pod_rules,
        ranges_and_pools,
        ranges_and_pools,
        zones_and_subnets,
    )
    subjects = (cidrs, names, ipamd, *rules)
    told = {value.id for module in subjects for value in vars(module).values() if isinstance(value, Rule)}
    assert told - seen - NEEDS_A_STATE_OR_THE_CLOUD == {"not-known-yet", "not-stated"}
