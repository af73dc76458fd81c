"""Kubernetes objects, as far as drift reads them."""

from typing import Any

from pulumi_tke_hybrid.drift.collect import eni_pods, ipamd_objects, node
from pulumi_tke_hybrid.drift.snapshot import EniPod, IpamdObjects, Node

ENI: dict[str, Any] = {"tke.cloud.tencent.com/networks": "tke-bridge, tke-route-eni"}
ASKS: dict[str, Any] = {"resources": {"requests": {"tke.cloud.tencent.com/eni-ip": "1"}}}


def a_pod(**metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web-5d4f-x", "namespace": "shop", "annotations": ENI, **metadata},
        "spec": {"containers": [ASKS], "nodeName": "10.0.0.20"},
        "status": {"podIP": "10.0.64.5", "phase": "Running"},
    }


def test_a_node_with_all_and_with_next_to_nothing() -> None:
    full = {
        "metadata": {
            "name": "n",
            "labels": {
                "topology.kubernetes.io/zone": "100004",
                "topology.com.tencent.cloud.csi.cbs/zone": "ap-x-4",
            },
        },
        "spec": {"podCIDR": "192.168.0.0/26"},
        "status": {
            "addresses": [
                {"type": "Hostname", "address": "n"},
                {"type": "InternalIP", "address": "10.0.0.20"},
            ]
        },
    }
    assert node(full) == Node("n", "10.0.0.20", "100004", "ap-x-4", ("192.168.0.0/26",))
    assert node({"metadata": {"name": "n"}}) == Node("n", "", "")
    for kind, virtual in (("eklet", True), ("external", True), ("S5.LARGE8", False), ("External", False)):
        assert (
            node({"metadata": {"name": "n", "labels": {"node.kubernetes.io/instance-type": kind}}}).virtual
            is virtual
        )


def test_an_eni_pod_belongs_to_its_deployment() -> None:
    owned = a_pod(
        ownerReferences=[{"kind": "ReplicaSet", "name": "web-5d4f"}], labels={"pod-template-hash": "5d4f"}
    )
    assert eni_pods([owned]) == (EniPod("shop", "web-5d4f-x", "web", "10.0.0.20", "10.0.64.5", True),)
    stateful = a_pod(ownerReferences=[{"kind": "StatefulSet", "name": "web"}])
    assert [pod.workload for pod in eni_pods([stateful, a_pod()])] == ["web", "web-5d4f-x"]


def test_pods_that_do_not_ask_or_are_over_are_left_out() -> None:
    over = a_pod()
    over["status"]["phase"] = "Succeeded"
    assert (
        eni_pods([a_pod(annotations=None), a_pod(annotations={}), over, {"metadata": {"name": "bare"}}]) == ()
    )


def test_the_resource_counts_on_the_first_container_only() -> None:
    pod = a_pod()
    pod["spec"] = {"containers": [{}, ASKS], "hostNetwork": True}
    pod["status"] = {}
    assert eni_pods([pod]) == (EniPod("shop", "web-5d4f-x", "web-5d4f-x", "", "", False, True),)


def test_a_configmap_as_people_write_it() -> None:
    data = {
        "TKE_ENI_IPAMD_SUBNET_ID": " subnet-a : subnet-b:",
        "TKE_ENI_IPAMD_VPC_ID": "vpc-a ",
        "TKE_ENI_IPAMD_ZONE": "ap-guangzhou-4:ap-guangzhou-6",
    }
    zones = ("ap-guangzhou-4", "ap-guangzhou-6")
    assert ipamd_objects(data, {}) == IpamdObjects(True, True, "vpc-a", ("subnet-a", "subnet-b"), zones)
    assert ipamd_objects({}, {}) == IpamdObjects(True, True)
    assert ipamd_objects(None, None) == IpamdObjects(False, False)
