"""The stand-in controllers' plain functions: ranges, addresses, direct access, gates, ipamd's list."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.lab.controllers import keys
from tests.lab.controllers.addresses import (
    AddressBook,
    duration_seconds,
    nominated,
    overlay_address,
    release_cluster,
    unusable_ids,
)
from tests.lab.controllers.eni_capacity import eni_ips
from tests.lab.controllers.ip_claims import keeps_address
from tests.lab.controllers.ipamd import config_data, split_ids
from tests.lab.controllers.kube import CONFIG_MAP, Json
from tests.lab.controllers.load_balancer import (
    LoadBalancers,
    SyncRefused,
    direct_access,
    direct_owners,
    immutable_change,
    target_port,
)
from tests.lab.controllers.machines import NoPodRangeLeft, Size, next_pod_range, size_of, zone_number
from tests.lab.controllers.nodes import taints_of
from tests.lab.controllers.pod_addresses import wants_eni
from tests.lab.controllers.service_controller import layer_seven, switched_on
from tests.lab.controllers.watching import Mirror, run_together
from tests.lab.controllers.webhook import eni_ip_patch, readiness_gate_patch
from tests.lab.controllers_tests.cluster import ENI, hybrid_world
from tests.lab.machine_types import limits_of
from tests.lab.world import AddressExhausted, Cluster, Instance, LoadBalancer, World


def make_world(cidr: str = "10.0.1.0/24", vpc_cni: bool = True) -> tuple[World, Cluster]:
    world, cluster = hybrid_world({"4": ("ap-guangzhou-4", cidr)}, "subnet-4")
    if not vpc_cni:
        cluster.vpc_cni = None
    elif cluster.vpc_cni is not None:
        cluster.vpc_cni.ipamd_subnet_ids = ["subnet-4"]
    return world, cluster


def make_instance(zone: str = "ap-guangzhou-4", instance_type: str = "S5.MEDIUM4") -> Instance:
    return Instance("ins-1", "np-1", "subnet-nodes", zone, "10.0.0.5", instance_type)


def make_pod(
    annotations: dict[str, str] | None = None, eni_ip_on: str = "", owner: str = "ReplicaSet"
) -> Json:
    containers: list[Json] = [
        {"name": "app", "ports": [{"name": "http", "containerPort": 8080}]},
        {"name": "side"},
    ]
    for container in containers:
        if container["name"] == eni_ip_on:
            container["resources"] = {"requests": {keys.ENI_IP: "1"}, "limits": {keys.ENI_IP: "1"}}
    return {
        "metadata": {
            "name": "app-0",
            "namespace": "shop",
            "labels": {"app": "shop"},
            "annotations": annotations or {},
            "ownerReferences": [{"kind": owner}],
        },
        "spec": {"containers": containers},
    }


def test_node_ranges_are_the_articles() -> None:
    first = next_pod_range("192.168.0.0/20", "192.168.12.0/22", 64, [])
    assert first == "192.168.0.0/26"
    assert next_pod_range("192.168.0.0/20", "192.168.12.0/22", 64, [first]) == "192.168.0.64/26"


def test_node_ranges_stop_before_the_services() -> None:
    taken = [next_pod_range("192.168.0.0/24", "192.168.0.128/25", 64, [])]
    taken.append(next_pod_range("192.168.0.0/24", "192.168.0.128/25", 64, taken))
    with pytest.raises(NoPodRangeLeft):
        next_pod_range("192.168.0.0/24", "192.168.0.128/25", 64, taken)


@pytest.mark.parametrize(
    ("instance_type", "size"),
    [
        ("S5.SMALL1", Size(1, 1)),
        ("S5.MEDIUM2", Size(2, 2)),
        ("S5.LARGE8", Size(4, 8)),
        ("S5.2XLARGE16", Size(8, 16)),
        ("SA2.12XLARGE96", Size(48, 96)),
        ("unknown", Size(4, 8)),
    ],
)
def test_instance_sizes(instance_type: str, size: Size) -> None:
    assert size_of(instance_type) == size


@pytest.mark.parametrize(
    ("kind", "pods"),
    [
        ("S5.SMALL1", 5),
        ("S5.MEDIUM2", 27),
        ("S5.2XLARGE16", 95),
        ("S5.4XLARGE64", 203),
        ("SA2.12XLARGE96", 273),
        ("SA1.MEDIUM4", 9),
    ],
)
def test_eni_pods_of_a_type_are_the_vendors(kind: str, pods: int) -> None:
    assert limits_of(kind).shared == pods


def test_zone_numbers() -> None:
    assert zone_number("ap-guangzhou-4") == "100004"
    assert zone_number("ap-chengdu-1") == "160001"
    assert zone_number("eu-somewhere-2").endswith("002")


def test_taints_in_either_spelling() -> None:
    wanted = [{"key": "a", "value": "b", "effect": "NoSchedule"}]
    assert taints_of([{"Key": "a", "Value": "b", "Effect": "NoSchedule"}]) == wanted
    assert taints_of(wanted) == wanted


def test_overlay_leaves_network_and_cbr0_out() -> None:
    assert overlay_address("192.168.0.64/26", set()) == "192.168.0.66"
    assert overlay_address("192.168.0.64/26", {"192.168.0.66"}) == "192.168.0.67"
    with pytest.raises(AddressExhausted):
        overlay_address("192.168.0.0/30", {"192.168.0.2"})


def test_a_returned_address_is_not_the_next_one() -> None:
    world, _ = make_world()
    subnet, book = world.subnets["subnet-4"], AddressBook()
    first = book.lease(subnet, "a")
    subnet.release(first)
    assert book.lease(subnet, "b") != first


def test_every_usable_address_is_handed_out_once() -> None:
    world, _ = make_world("10.0.1.0/28")
    subnet, book = world.subnets["subnet-4"], AddressBook(first=8)
    taken = {book.lease(subnet, str(number)) for number in range(subnet.usable)}
    assert len(taken) == 13
    assert taken.isdisjoint({"10.0.1.0", "10.0.1.1", "10.0.1.15"})
    with pytest.raises(AddressExhausted):
        book.lease(subnet, "one too many")


def test_nominated_subnets_must_be_registered() -> None:
    assert nominated(["subnet-4", "subnet-6"], "subnet-6, subnet-9") == ["subnet-6"]
    assert nominated(["subnet-4"], None) == ["subnet-4"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("300s", 300), ("1h30m", 5400), ("5m", 300), ("soon", None), ("", None)]
)
def test_go_durations(text: str, seconds: float | None) -> None:
    assert duration_seconds(text) == seconds


def test_ipamd_list_is_colon_joined_and_aligned() -> None:
    world, cluster = make_world()
    data = config_data(world, cluster, ["subnet-4", "subnet-gone"])
    assert data == {
        "TKE_ENI_IPAMD_SUBNET_ID": "subnet-4:subnet-gone",
        "TKE_ENI_IPAMD_VPC_ID": "vpc-1",
        "TKE_ENI_IPAMD_ZONE": "ap-guangzhou-4:",
    }
    assert split_ids(" subnet-4 ::subnet-6") == ["subnet-4", "subnet-6"]
    assert unusable_ids(world, cluster, ["subnet-4", "subnet-gone"]) == ["subnet-gone"]


def test_capacity_is_the_type_limit_or_the_subnet() -> None:
    world, cluster = make_world()
    assert eni_ips(world, cluster, make_instance(), set()) == 27
    world, cluster = make_world("10.0.1.0/29")
    # Five usable, one of them for the ENI itself.
    assert eni_ips(world, cluster, make_instance(), set()) == 4
    subnet = world.subnets["subnet-4"]
    subnet.lease("eni-primary:cls-1/10.0.0.5")
    subnet.lease("eni:cls-1/shop/here")
    subnet.lease("eni:cls-1/shop/there")
    assert eni_ips(world, cluster, make_instance(), {"eni:cls-1/shop/there"}) == 3


def test_no_capacity_without_a_subnet_of_the_zone() -> None:
    world, cluster = make_world()
    assert eni_ips(world, cluster, make_instance("ap-guangzhou-6"), set()) is None
    world, cluster = make_world(vpc_cni=False)
    assert eni_ips(world, cluster, make_instance(), set()) is None


def test_a_deleted_cluster_gives_its_eni_addresses_back() -> None:
    world, cluster = make_world()
    subnet = world.subnets["subnet-4"]
    for owner in (
        "eni:cls-1/shop/app-0",
        "eni-primary:cls-1/10.0.0.5",
        "eni:cls-11/shop/app-0",
        "ins-1",
        "lb-1",
    ):
        subnet.lease(owner)
    release_cluster(world, cluster)
    assert sorted(subnet.leases.values()) == ["eni:cls-11/shop/app-0", "ins-1", "lb-1"]


def test_eni_needs_annotation_and_resource() -> None:
    assert wants_eni(make_pod(ENI, eni_ip_on="app"))
    assert not wants_eni(make_pod(ENI))
    assert not wants_eni(make_pod(eni_ip_on="app"))


def test_only_stateful_pods_in_static_mode_keep_their_address() -> None:
    never = {**ENI, keys.CLAIM_DELETE_POLICY: "Never"}
    assert keeps_address(make_pod(never, owner="StatefulSet"), static_ip=True)
    assert not keeps_address(make_pod(never, owner="StatefulSet"), static_ip=False)
    assert not keeps_address(make_pod(never, owner="ReplicaSet"), static_ip=True)
    assert not keeps_address(make_pod(ENI, owner="StatefulSet"), static_ip=True)


def test_webhook_adds_eni_ip_to_the_first_container_only() -> None:
    patch = eni_ip_patch(make_pod(ENI, eni_ip_on="side"))
    expected = {"requests": {keys.ENI_IP: "1"}, "limits": {keys.ENI_IP: "1"}}
    assert patch == [{"op": "add", "path": "/spec/containers/0/resources", "value": expected}]
    assert eni_ip_patch(make_pod()) == []
    on_host = make_pod(ENI)
    on_host["spec"]["hostNetwork"] = True
    assert eni_ip_patch(on_host) == []


def test_webhook_adds_the_gate_once() -> None:
    pod = make_pod()
    patch = readiness_gate_patch(pod, {"service/shop/web"})
    assert patch[0]["value"] == [{"conditionType": keys.READINESS_GATE}]
    pod["spec"]["readinessGates"] = patch[0]["value"]
    assert readiness_gate_patch(pod, {"service/shop/web"}) == []
    assert readiness_gate_patch(make_pod(), set()) == []


def make_service(direct: str | None, kind: str = "LoadBalancer", name: str = "web") -> Json:
    annotations = {} if direct is None else {keys.SERVICE_DIRECT: direct}
    return {
        "metadata": {"name": name, "namespace": "shop", "annotations": annotations},
        "spec": {"type": kind, "selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": "http"}]},
    }


def make_ingress(direct: str, class_name: str | None = None) -> Json:
    backend = {"service": {"name": "node", "port": {"number": 80}}}
    return {
        "metadata": {"name": "edge", "namespace": "shop", "annotations": {keys.INGRESS_DIRECT: direct}},
        "spec": {
            "ingressClassName": class_name,
            "rules": [{"http": {"paths": [{"path": "/", "backend": backend}]}}],
        },
    }


def test_direct_owners_are_services_and_ingresses_that_lead_to_the_pod() -> None:
    labels = {"app": "shop", "tier": "front"}
    node = make_service(None, "NodePort", "node")
    assert direct_owners(labels, "shop", [make_service("true")], []) == {"service/shop/web"}
    assert direct_owners(labels, "shop", [make_service("false")], []) == set()
    assert direct_owners(labels, "other", [make_service("true")], []) == set()
    assert direct_owners({"app": "x"}, "shop", [make_service("true")], []) == set()
    assert direct_owners(labels, "shop", [node], [make_ingress("true")]) == {"ingress/shop/edge"}
    assert direct_owners(labels, "shop", [node], [make_ingress("false")]) == set()
    assert direct_owners(labels, "shop", [node], [make_ingress("true", "nginx")]) == set()


@pytest.mark.parametrize(
    ("annotation", "first_sight", "default_on", "decision"),
    [
        ("true", True, True, (True, False)),
        ("false", True, True, (False, False)),
        (None, True, True, (True, True)),
        (None, True, False, (False, False)),
        (None, False, True, (False, False)),
    ],
)
def test_direct_access_decision(
    annotation: str | None, first_sight: bool, default_on: bool, decision: tuple[bool, bool]
) -> None:
    assert direct_access(annotation, first_sight, default_on) == decision


def test_a_switch_that_is_missing_is_off() -> None:
    assert switched_on({"data": {"GlobalRouteDirectAccess": "true"}}, "GlobalRouteDirectAccess")
    assert not switched_on({"data": {}}, "GlobalRouteDirectAccess")
    assert not switched_on(None, "GlobalRouteDirectAccess")


def test_target_ports() -> None:
    assert target_port(make_pod(), {"port": 80, "targetPort": "http"}) == 8080
    assert target_port(make_pod(), {"port": 80, "targetPort": 9000}) == 9000
    assert target_port(make_pod(), {"port": 80}) == 80
    assert target_port(make_pod(), {"port": 80, "targetPort": "grpc"}) is None


def test_specified_protocols() -> None:
    assert layer_seven('{"80": {"protocol": ["HTTP"]}}', 80) == "HTTP"
    assert layer_seven('{"80": {"protocol": ["HTTP"]}}', 443) is None
    assert layer_seven(None, 80) is None
    with pytest.raises(SyncRefused):
        layer_seven("HTTP", 80)


def test_internal_vips_start_at_eight_and_go_back() -> None:
    world, cluster = make_world()
    balancers = LoadBalancers(world, cluster)
    made = balancers.obtain("service/shop/web", "subnet-4", "")
    assert (made.vip, made.internal) == ("10.0.1.8", True)
    balancers.drop(made)
    assert world.subnets["subnet-4"].leases == {}
    # The vendor: a rebuilt load balancer has another address.
    assert balancers.obtain("service/shop/web", "subnet-4", "").vip == "10.0.1.9"


def test_load_balancers_of_gone_objects_are_dropped() -> None:
    world, cluster = make_world()
    balancers = LoadBalancers(world, cluster)
    for owner in ("service/shop/web", "service/shop/gone", "ingress/shop/gone"):
        balancers.obtain(owner, "subnet-4", "")
    balancers.drop_orphans("service", {("shop", "web")})
    assert [entry.owner for entry in balancers.all()] == ["service/shop/web", "ingress/shop/gone"]


def test_public_vips_are_unique() -> None:
    world, cluster = make_world()
    balancers = LoadBalancers(world, cluster)
    vips = [balancers.obtain(f"service/shop/{number}", "", "").vip for number in range(3)]
    assert len(set(vips)) == 3
    assert all(vip.startswith("203.0.113.") for vip in vips)


def test_a_customers_load_balancer_is_used_once_and_never_deleted() -> None:
    world, cluster = make_world()
    world.load_balancers["lb-mine"] = LoadBalancer(
        "lb-mine", "", "", "10.0.9.9", "", True, False, user_made=True
    )
    balancers = LoadBalancers(world, cluster)
    adopted = balancers.obtain("service/shop/web", "", "lb-mine")
    assert adopted.owner == "service/shop/web"
    with pytest.raises(SyncRefused, match="E4020"):
        balancers.obtain("service/shop/other", "", "lb-mine")
    balancers.drop(adopted)
    assert world.load_balancers["lb-mine"].owner == ""


def test_subnets_of_load_balancers_must_exist() -> None:
    world, cluster = make_world()
    with pytest.raises(SyncRefused, match="E4091"):
        LoadBalancers(world, cluster).obtain("service/shop/web", "subnet-nowhere", "")


def test_immutable_fields_of_a_load_balancer() -> None:
    internal = LoadBalancer("lb-1", "cls-1", "service/shop/web", "10.0.1.8", "subnet-4", True, True)
    assert immutable_change(internal, "subnet-4", "") is None
    for subnet_id, existing in (("", ""), ("subnet-6", ""), ("subnet-4", "lb-mine")):
        assert immutable_change(internal, subnet_id, existing) is not None
    adopted = LoadBalancer("lb-2", "cls-1", "service/shop/web", "10.0.1.8", "", True, True, user_made=True)
    assert immutable_change(adopted, "", "lb-2") is None
    assert immutable_change(adopted, "", "") is not None


class Unreadable:
    """An API whose first list is no JSON and whose watch ends at once."""

    def __init__(self) -> None:
        self.lists = 0

    async def list_all(self, kind: object, namespace: str | None) -> tuple[list[Json], str]:
        self.lists += 1
        if self.lists == 1:
            raise ValueError("no JSON")
        return [{"metadata": {"name": "later"}}], "1"

    async def watch(self, kind: object, namespace: str | None, version: str) -> AsyncGenerator[Any, None]:
        for item in list[Any]():
            yield item


def test_a_mirror_outlives_an_answer_that_is_no_json(caplog: pytest.LogCaptureFixture) -> None:
    api: Any = Unreadable()

    async def follow() -> None:
        mirror = Mirror(api, CONFIG_MAP)
        task = asyncio.create_task(mirror.run())
        try:
            await asyncio.wait_for(mirror.synced.wait(), 5)
            assert ("", "later") in mirror
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(follow())
    assert "no JSON" in caplog.text


def test_the_failure_that_stops_all_controllers_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise ValueError("no controller")

    with pytest.raises(ValueError, match="no controller"):
        asyncio.run(run_together([fails(), asyncio.sleep(60)]))
    assert "no controller" in caplog.text
