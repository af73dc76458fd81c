"""Wrong inputs on the real engine: one line a property, no stack trace, no call to the cloud."""

from collections.abc import Iterator

import pytest

from tests.engine.stacks import PROGRAMS, configure
from tests.lab.lab import Lab
from tests.lab.pulumi_cli import PulumiProject

EXPECTED = {
    "uncovered-zone": [
        "HybridCluster 'demo': 1 invalid input",
        (
            "node_pools[1].zone: ap-guangzhou-6 has no container subnet (zones with a container subnet:"
            " ap-guangzhou-4)"
        ),
    ],
    "foreign-zone": [
        "eni_subnets[1].zone: ap-shanghai-2 is not in region ap-guangzhou; a cluster spans zones of one"
        " region"
    ],
    "several-at-once": [
        "HybridClusterArgs: 3 invalid inputs",
        "cluster_cidr: 192.168.1.0/20 has host bits set; the range around this address is 192.168.0.0/20",
        "cluster_max_pod_num: 63 is not a power of two; TKE rounds it up; use 64",
        "ip_reclaim: 60 s is outside 300 to 15768000 s",
    ],
    "pool-log-in": ["node_pools[0].key_ids: exactly one of key_ids and password is needed"],
    "endpoint": ["endpoint.security_group_id: is required for an internet endpoint"],
    "subnet-outside": ["cidr_block: 10.1.0.0/22 does not lie in the VPC's range 10.0.0.0/16"],
    "inside-an-output": [
        "EniZoneSubnetArgs: 1 invalid input",
        "zone: 'guangzhou' is not a zone; write it as region and number",
    ],
    "inside-an-output-beside-a-warning": [
        "NodePoolArgs 'a': 1 invalid input",
        "size: -1 is too few; a pool's size is 0 or more",
    ],
    "switch": [
        "cluster_id: 'cls-1' is not a cluster id",
        "ip_reclaim: 'soon' is not a reclaim setting; use after(seconds)",
    ],
    "empty-list": [
        "subnets",
        "is empty; an empty list would switch the pod network of every ENI workload off",
    ],
    "configmap": ["eni_subnets: is empty; ipamd without subnets gives no pod an address"],
    "fixed-deployment": ["fixed_ip: needs kind='statefulset'"],
    "exposure": ["bandwidth: 4096 Mbit/s is outside 1 to 2048"],
    "misspelt": ["replica: is not a property; did you mean 'replicas'?"],
    "own-annotation": ["pod_annotations: tke.cloud.tencent.com/networks is written by the component"],
    "autoscale": [
        "node_pools[0].autoscale.min_size: 5 is greater than max_size 2",
        "node_pools[0].size: 1 is outside the autoscaler's bounds 5 to 2",
    ],
    "port": ["PortArgs 70000: 1 invalid input", "port: 70000 is not a port; use 1 to 65535"],
    "ipamd-subnet": [
        "IpamdSubnetArgs 'ap-guangzhou-4': 1 invalid input",
        "subnet_id: 'subnet-a:b' is not a subnet id",
    ],
    "eni-subnet": [
        "EniSubnetArgs 'ap-guangzhou-4': 1 invalid input",
        "cidr_block: 10.0.64.1/22 has host bits set; the range around this address is 10.0.64.0/22",
    ],
    "ingress-host": ["ingress.hosts[0]: 'shop' is not a host TKE accepts (E4052)"],
}


@pytest.fixture(scope="module")
def project(lab: Lab) -> Iterator[PulumiProject]:
    root = PROGRAMS / "wrong_inputs"
    made = lab.project(root)
    made.stack_init("wrong")
    yield made
    (root / "Pulumi.wrong.yaml").unlink()


@pytest.mark.parametrize("case", EXPECTED)
def test_a_wrong_program_ends_with_its_mistakes_and_nothing_else(
    lab: Lab, project: PulumiProject, case: str
) -> None:
    configure(project, {"case": case})
    lab.reset_calls()
    result = project.preview(check=False)
    output = result.stdout + result.stderr
    assert result.exit_code != 0
    for line in EXPECTED[case]:
        assert line in output
    assert "Traceback" not in output
    assert lab.calls() == []
