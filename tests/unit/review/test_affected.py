"""Resources that a finding affects: nodes, pods and load balancers."""

from typing import Any

from pulumi_tke_hybrid.plan import resource_types
from tests.unit.review.previews import preview, resource
from tests.unit.review.recordings import judged, recorded

LABELS, NETWORKS = {"app": "web"}, {"tke.cloud.tencent.com/networks": "tke-route-eni"}


def workload(
    name: str, labels: dict[str, str], replicas: int = 2, namespace: str = "default"
) -> dict[str, Any]:
    template = {
        "metadata": {"labels": labels, "annotations": NETWORKS},
        "spec": {"containers": [{"name": "x"}]},
    }
    given = {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": replicas, "template": template},
    }
    return resource(resource_types.DEPLOYMENT, name, "same", given, given)


def front(kind: str, selector: dict[str, str], address: str = "") -> dict[str, Any]:
    made = resource(
        resource_types.SERVICE,
        "front",
        "delete",
        {"metadata": {"name": "front"}, "spec": {"type": kind, "selector": selector}},
    )
    made["oldState"]["outputs"] = {
        "status": {"loadBalancer": {"ingress": [{"ip": address}] if address else []}}
    }
    return made


def affected(*steps: dict[str, Any]) -> list[str]:
    done = judged(preview(*steps))
    return [done.affected(item) for item in done.causes]


def test_a_service_has_its_address_and_the_pods_that_it_selects() -> None:
    others = (workload("other", {"app": "other"}), workload("elsewhere", LABELS, namespace="shop"))
    assert affected(
        front("LoadBalancer", LABELS, "10.0.0.8"), workload("web", {**LABELS, "tier": "a"}), *others
    ) == ["load balancer of front (10.0.0.8); web (2 pods)"]
    assert affected(front("LoadBalancer", {}), workload("web", LABELS)) == [
        "load balancer of front (address not in the preview)"
    ]


def test_an_ingress_has_the_pods_of_the_services_that_it_names() -> None:
    rule = {"http": {"paths": [{"backend": {"service": {"name": "front"}}}]}}
    given = {"metadata": {"name": "way"}, "spec": {"rules": [rule]}}
    service = front("ClusterIP", LABELS)
    service["op"], service["newState"] = "same", service["oldState"]
    assert affected(
        resource(resource_types.INGRESS, "way", "delete", given), service, workload("web", LABELS, 3)
    ) == ["load balancer of way (address not in the preview); web (3 pods)"]


def test_a_workload_has_the_load_balancer_in_front_of_it() -> None:
    gone = workload("web", LABELS)
    gone["op"] = "delete"
    del gone["newState"]
    kept = front("LoadBalancer", LABELS, "10.0.0.8")
    kept["op"], kept["newState"] = "same", kept["oldState"]
    assert affected(gone, kept) == ["web (2 pods); load balancer of front (10.0.0.8)"]


def test_a_rebuilt_cluster_names_nodes_pods_and_load_balancers() -> None:
    done = judged(recorded("raw-cluster-replaced.json"))
    found = done.affected(done.causes[0])
    assert "2 nodes of pool-ap-guangzhou-4, pool-ap-guangzhou-6 in ap-guangzhou-4, ap-guangzhou-6" in found
    assert "web (2 pods)" in found
    assert "load balancer of front" in found


def test_a_container_subnet_names_its_range_and_zone() -> None:
    done = judged(recorded("raw-list-shrinks.json"))
    assert done.affected(done.causes[0]).startswith(
        "pods with an address in 10.0.68.0/28 in ap-guangzhou-6; those pods of web"
    )
