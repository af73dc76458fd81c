"""Documented strings equal the enumerations, in a program that both type checkers accept."""

from typing import Any

import pulumi_kubernetes as kubernetes
import pytest

import pulumi_tke_hybrid as tke
from tests.unit import typed_program
from tests.unit.programs import run
from tests.unit.workloads import made


def test_strings_have_the_effect_of_the_enumerations() -> None:
    def program() -> None:
        typed_program.cluster()
        typed_program.switch()
        typed_program.workloads(kubernetes.Provider("cluster", kubeconfig="none"))

    graph = run(program)
    assert graph.named("words-vpc-cni-switch").inputs["nonMasquerade"] == "keep"
    assert graph.named("words-switch-switch").inputs["onDelete"] == "disable"
    assert graph.named("words-endpoint").inputs["clusterInternet"] is True
    stateful = graph.named("words-stateful-statefulset").inputs["spec"]
    assert stateful["podManagementPolicy"] == "Parallel"
    assert (
        stateful["template"]["metadata"]["annotations"]["tke.cloud.tencent.com/networks"] == "tke-route-eni"
    )
    overlay = graph.named("words-overlay-service").inputs
    assert overlay["spec"]["externalTrafficPolicy"] == "Local"
    assert (
        graph.named("words-typed-deployment").inputs["spec"]["template"]["spec"]["containers"][0][
            "imagePullPolicy"
        ]
        == "Always"
    )


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"kind": "daemonset"}, "kind: must be 'deployment' or 'statefulset'; got 'daemonset'"),
        ({"network": "overlay"}, "network: must be 'eni' or 'global_route'; got 'overlay'"),
        (
            {"rules": {"zone-pinning": "off"}},
            "rules['zone-pinning']: must be 'error', 'warning' or 'note'; got 'off'",
        ),
    ],
)
def test_an_unknown_string_is_refused_with_the_accepted_strings(more: dict[str, Any], line: str) -> None:
    with pytest.raises(tke.InvalidInputs) as caught:
        made(**more)
    assert [str(problem) for problem in caught.value.problems] == [line]
