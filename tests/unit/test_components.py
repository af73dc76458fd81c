"""The public names. Names, tokens, providers and inputs that all components register, with known and with
unknown values."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.dynamic.dynamic import serialize_provider

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.workload.guard import WorkloadGuardProvider
from tests.unit.component_programs import EXAMPLE, all_components, example

FROZEN = Path(__file__).with_name("frozen_names.json")


def test_every_public_name_is_there() -> None:
    for name in tke.__all__:
        assert getattr(tke, name).__doc__ or name == "Input", name


def test_type_tokens_child_names_and_pickled_providers_are_frozen() -> None:
    """A changed name is a deleted and made-again resource in every user's stack. Change the file only
    together with aliases."""
    graph = all_components()
    seen = {
        "resources": {
            resource.name: resource.type for resource in sorted(graph.resources, key=lambda item: item.name)
        },
        "providers": {
            item.type: item.inputs["__provider"]
            for item in sorted(graph.resources, key=lambda i: i.type)
            if "__provider" in item.inputs
        },
    }
    frozen = json.loads(FROZEN.read_text())
    left = {
        kind: {name: item for name, item in frozen[kind].items() if {name, item} & _LEFT} for kind in seen
    }
    assert seen == {
        kind: {name: item for name, item in frozen[kind].items() if name not in left[kind]} for kind in seen
    }
    # The engine deletes the guards of an earlier state with the pickled class.
    assert serialize_provider(WorkloadGuardProvider()) == left["providers"][_GUARD]


_GUARD = "pulumi-python:dynamic/tke-hybrid:WorkloadGuard"
"""The type of the guards of earlier versions, two for each workload."""
_LEFT = {_GUARD, "api-vpc-cni", "configmap-vpc-cni"}
"""Types and names that earlier versions alone made: also the component between a cluster and its switch."""


def test_the_pickled_provider_is_a_reference_of_well_under_200_bytes() -> None:
    for resource in example().resources:
        assert len(resource.inputs.get("__provider", "")) < 120


def test_the_example_is_short_and_exports_what_the_commands_and_the_gateway_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exported: dict[str, Any] = {}
    monkeypatch.setattr(pulumi, "export", exported.__setitem__)
    example.__wrapped__()
    plain = {name: value for name, value in exported.items() if isinstance(value, pulumi.Output)}
    assert {name: asyncio.run(value.is_secret()) for name, value in plain.items()} == {
        "clusterId": False, "kubeconfig": True, "clusterFacts": False,
    }  # fmt: skip
    assert len(EXAMPLE.read_text().splitlines()) < 60
    assert len(example().resources) < 32  # a preview also counts the stack


def test_two_instances_of_everything_do_not_collide() -> None:
    names = [(resource.type, resource.name) for resource in all_components().resources]
    assert len(names) == len(set(names))


def test_every_kubernetes_object_goes_to_the_given_cluster() -> None:
    for resource in example().resources:
        if resource.type.startswith("kubernetes:"):
            assert "hybrid-kubernetes" in resource.provider, resource.name


def test_only_a_kept_address_carries_the_delete_policy() -> None:
    graph = example()
    kept = [
        resource.name
        for resource in graph.resources
        if "vpc-ip-claim-delete-policy" in json.dumps(resource.inputs, default=str)
        and resource.type.startswith("kubernetes:")
    ]
    assert kept == ["nginx-sts-statefulset"]


def test_a_preview_with_everything_unknown_registers_the_same_resources() -> None:
    known = {(resource.type, resource.name) for resource in example().resources}
    unknown = {(resource.type, resource.name) for resource in example(preview=True).resources}
    assert known == unknown
