"""The effect on requests, and on waiting commands, while the pods of a workload are replaced. Real packets,
real sockets."""

from collections.abc import Iterator

import pytest

from pulumi_tke_hybrid.tke import keys
from tests.engine.baseline import leaves_earlier_states_alone
from tests.engine.stacks import configure
from tests.lab.load.scene import Json, Scene
from tests.lab.pulumi_cli import PulumiProject, Result

REPLICAS = 4
TIMEOUT = 15
"""Seconds that Pulumi waits for a rollout that cannot end."""
TOO_MANY = 26
"""Two more than the two zones have addresses."""
CLOSED: Json = {"Ingress": [{"Protocol": "ALL", "Port": "ALL", "CidrBlock": "0.0.0.0/0", "Action": "DROP"}]}
OPEN: Json = {"Ingress": [{"Protocol": "TCP", "Port": "80", "CidrBlock": "10.0.0.0/16", "Action": "ACCEPT"}]}


@pytest.fixture(scope="module")
def web(scene: Scene) -> Iterator[PulumiProject]:
    """A workload with nothing but defaults, in the load balancer."""
    with scene.workload("rolled", replicas=REPLICAS) as project:
        scene.bound(REPLICAS)
        leaves_earlier_states_alone(project, "rollouts")
        yield project


def test_the_measure_measures_a_plain_deployment_loses_requests(scene: Scene) -> None:
    with scene.plain("plain", REPLICAS) as address:
        scene.bound(REPLICAS, "plain")
        with scene.load(address) as load:
            scene.restart(namespace="plain")
            scene.rolled_out(REPLICAS, namespace="plain")
    print(load.report)
    assert load.report.failures
    assert len(load.report.answered) > REPLICAS


def test_a_restart_and_an_image_change_lose_nothing_with_the_defaults(
    scene: Scene, web: PulumiProject
) -> None:
    """Once each. `python -m benchmarks.rollouts` runs each ten times, and measures the defaults."""
    with scene.load(scene.address()) as load:
        scene.roll_twice(web, REPLICAS)
    print(load.report)
    assert load.report.failures == ()
    assert len(load.report.answered) == 3 * REPLICAS


def test_a_closed_security_group_is_named_by_pod_and_gate_and_its_cure_ends_the_rollout(
    scene: Scene, web: PulumiProject
) -> None:
    made = scene.lab.call(
        "vpc", "CreateSecurityGroup", {"GroupName": "enis", "GroupDescription": "of the nodes' ENIs"}
    )
    group = str(made["SecurityGroup"]["SecurityGroupId"])
    scene.lab.call(
        "vpc", "ModifySecurityGroupPolicies", {"SecurityGroupId": group, "SecurityGroupPolicySet": CLOSED}
    )
    scene.security_groups(group)
    try:
        before = {pod["metadata"]["name"] for pod in scene.pods()}
        configure(web, {"image": "nginx:3", "timeout": TIMEOUT})
        (said,) = stuck(web.up(check=False))
        (new,) = {pod["metadata"]["name"] for pod in scene.pods()} - before
        assert f"web: the rollout is stuck: pod {new}: readiness gate {keys.READINESS_GATE} is False" in said
        assert "listen on its port (80)" in said
        assert "security groups" in said
        scene.lab.call(
            "vpc", "ModifySecurityGroupPolicies", {"SecurityGroupId": group, "SecurityGroupPolicySet": OPEN}
        )
        configure(web, {"timeout": 120})
        web.up()
        assert {pod["spec"]["containers"][0]["image"] for pod in scene.pods() if scene.is_ready(pod)} >= {
            "nginx:3"
        }
        web.preview("--expect-no-changes")
    finally:
        scene.security_groups()


def test_a_rollout_with_too_few_addresses_names_the_lack(scene: Scene, web: PulumiProject) -> None:
    configure(web, {"replicas": TOO_MANY, "timeout": TIMEOUT})
    said = next(line for line in stuck(web.up(check=False)) if "Insufficient" in line)
    assert f"Insufficient {keys.ENI_IP}" in said
    assert "container subnets" in said
    waiting = {pod["metadata"]["name"] for pod in scene.pods() if not pod["spec"].get("nodeName")}
    assert waiting
    assert all(name in said for name in waiting)
    configure(web, {"replicas": REPLICAS, "timeout": 120})
    web.up()


def stuck(result: Result) -> list[str]:
    """The component's message about a failed rollout."""
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert "timed out waiting to be Ready" in result.output
    return [
        line
        for line in result.output.splitlines()
        if line.strip().startswith("error: web: the rollout is stuck")
    ]
