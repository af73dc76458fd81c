"""Nodes, Services, Ingresses and readiness gates of the stand-in controllers, on a real control plane."""

import asyncio
import time

from tests.lab.controllers import keys
from tests.lab.controllers.kube import (
    CONFIG_MAP,
    DEPLOYMENT,
    INGRESS,
    POD,
    SERVICE,
    Json,
    annotations_of,
    child,
    children,
    condition,
    data_of,
    finalizers_of,
    labels_of,
    name_of,
    pod_ip,
    spec_of,
    status_of,
    vips_of,
)
from tests.lab.controllers_tests.cluster import (
    ENI,
    MANAGER,
    Lab,
    gated,
    template,
    within,
)
from tests.lab.world import (
    SecurityGroup,
)


def test_instances_become_nodes(lab: Lab) -> None:
    async def scenario() -> None:
        first, second = await lab.node("10.0.0.4"), await lab.node("10.0.0.6")
        assert first is not None
        assert second is not None
        assert spec_of(first)["podCIDR"] == "192.168.0.0/26"
        assert spec_of(second)["podCIDR"] == "192.168.0.64/26"
        assert spec_of(second)["providerID"] == "qcloud:///100006/ins-6"
        assert labels_of(second)["topology.kubernetes.io/zone"] == "100006"
        assert labels_of(second)["topology.kubernetes.io/region"] == "gz"
        assert labels_of(second)["team"] == "shop"
        assert child(status_of(first), "allocatable")["pods"] == "61"
        assert {instance.state for instance in lab.cluster.instances.values()} == {"running"}
        assert lab.cluster.vpc_cni is not None
        assert lab.cluster.vpc_cni.phase == "running"
        assert await lab.eni_ip_of("10.0.0.4")() == "27"
        assert await lab.eni_ip_of("10.0.0.6")() is None

    lab.run(scenario())


def test_ipamd_config_is_written_by_the_platform(lab: Lab) -> None:
    async def scenario() -> None:
        config = await lab.api.get(CONFIG_MAP, keys.IPAMD, keys.KUBE_SYSTEM)
        assert data_of(config) == {
            "TKE_ENI_IPAMD_SUBNET_ID": "subnet-eni-4",
            "TKE_ENI_IPAMD_VPC_ID": "vpc-1",
            "TKE_ENI_IPAMD_ZONE": "ap-guangzhou-4",
        }
        entries = children(child(config, "metadata"), "managedFields")
        assert [(entry["manager"], entry["operation"]) for entry in entries] == [
            ("tke-controller-manager", "Update")
        ]
        masquerade = await lab.api.get(CONFIG_MAP, "ip-masq-agent-config", keys.KUBE_SYSTEM)
        assert '"192.168.0.0/20", "10.0.0.0/16"' in data_of(masquerade)["config"]

    lab.run(scenario())


def test_direct_service_first_then_an_eni_deployment(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("direct")
        await lab.service(namespace, {keys.SERVICE_SUBNET: "subnet-clb", keys.SERVICE_DIRECT: "true"})
        vip = await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        assert within(vip, "10.0.8.8/29")
        begin = time.monotonic()
        await lab.workload(DEPLOYMENT, namespace, 2, template(ENI))
        pods = await lab.until(lab.ready_pods(namespace, 2))
        took = time.monotonic() - begin
        assert all(gated(pod) and condition(pod, keys.READINESS_GATE) for pod in pods)
        assert all(within(pod_ip(pod), "10.0.4.0/24") for pod in pods)
        balancer = lab.balancer("service/direct/web")
        assert balancer is not None
        assert balancer.direct
        assert balancer.vip == vip
        assert balancer.listeners[0].backends == sorted((pod_ip(pod), 8080) for pod in pods)
        assert took < 5, f"two ENI pods took {took:.1f} s"
        print(f"two ENI pods ready in {took:.2f} s")
        # One address of the subnet is the ENI's own.
        assert "eni-primary:cls-1/10.0.0.4" in lab.world.subnets["subnet-eni-4"].leases.values()

    lab.run(scenario())


def test_pods_before_the_service_have_no_gate(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("late")
        await lab.workload(DEPLOYMENT, namespace, 1, template(ENI))
        await lab.until(lab.ready_pods(namespace, 1))
        await lab.service(namespace, {keys.SERVICE_DIRECT: "true"})
        await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        (pod,) = await lab.pods(namespace)
        assert not gated(pod)

        async def bound() -> bool:
            balancer = lab.balancer("service/late/web")
            return balancer is not None and balancer.listeners[0].backends == [(pod_ip(pod), 8080)]

        await lab.until(bound)

    lab.run(scenario())


def test_plain_service_with_direct_access_off_goes_through_node_ports(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("plain")
        await lab.service(namespace, {keys.SERVICE_SUBNET: "subnet-clb", keys.SERVICE_DIRECT: "false"})
        await lab.workload(DEPLOYMENT, namespace, 1, template(zone="100006"))
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        assert not gated(pod)
        assert within(pod_ip(pod), "192.168.0.64/26")
        await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        service = await lab.api.get(SERVICE, "web", namespace)
        assert service is not None
        node_port = spec_of(service)["ports"][0]["nodePort"]
        balancer = lab.balancer("service/plain/web")
        assert balancer is not None
        assert not balancer.direct
        assert balancer.listeners[0].backends == [("10.0.0.4", node_port), ("10.0.0.6", node_port)]
        assert annotations_of(service)[keys.SERVICE_DIRECT] == "false"

    lab.run(scenario())


def test_new_service_gets_direct_access_by_default(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("default-direct")
        await lab.service(namespace, {})
        vip = await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        assert within(vip, "203.0.113.0/24")
        service = await lab.api.get(SERVICE, "web", namespace)
        assert service is not None
        assert annotations_of(service)[keys.SERVICE_DIRECT] == "true"
        balancer = lab.balancer("service/default-direct/web")
        assert balancer is not None
        assert annotations_of(service)[keys.SERVICE_LB_ID] == balancer.lb_id
        await lab.workload(DEPLOYMENT, namespace, 1, template())
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        assert gated(pod)
        assert balancer.listeners[0].backends == [(pod_ip(pod), 8080)]
        assert within(pod_ip(pod), "192.168.0.0/26")

    lab.run(scenario())


def test_a_load_balancer_goes_with_its_service_and_never_changes_in_place(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("moving")
        await lab.service(namespace, {keys.SERVICE_SUBNET: "subnet-clb"})
        vip = await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        public: Json = {"metadata": {"annotations": {keys.SERVICE_SUBNET: None}}}
        await lab.api.patch(SERVICE, "web", public, namespace=namespace, manager=MANAGER)
        await lab.until(lab.event(namespace, "cannot be changed between public and internal"))
        assert await lab.vip_of(SERVICE, namespace, "web")() == vip

        plain: Json = {"spec": {"type": "ClusterIP"}}
        await lab.api.patch(SERVICE, "web", plain, namespace=namespace, manager=MANAGER)

        async def withdrawn() -> bool:
            service = await lab.api.get(SERVICE, "web", namespace)
            return (
                service is not None
                and not finalizers_of(service)
                and not vips_of(service)
                and keys.SERVICE_LB_ID not in annotations_of(service)
            )

        await lab.until(withdrawn)
        assert lab.balancer("service/moving/web") is None
        assert vip not in lab.world.subnets["subnet-clb"].leases
        back: Json = {"spec": {"type": "LoadBalancer"}}
        await lab.api.patch(SERVICE, "web", back, namespace=namespace, manager=MANAGER)
        assert within(await lab.until(lab.vip_of(SERVICE, namespace, "web")), "203.0.113.0/24")
        await lab.api.delete(SERVICE, "web", namespace)

        async def gone() -> bool:
            return await lab.api.get(SERVICE, "web", namespace) is None

        await lab.until(gone)
        assert lab.balancer("service/moving/web") is None

    lab.run(scenario())


def ingress_body(namespace: str, annotations: dict[str, str]) -> Json:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return {
        "metadata": {"name": "edge", "namespace": namespace, "annotations": annotations},
        "spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]},
    }


def test_direct_ingress(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("edge")
        await lab.service(namespace, {}, kind="ClusterIP")
        await lab.api.create(
            INGRESS,
            ingress_body(namespace, {keys.INGRESS_DIRECT: "true", keys.INGRESS_SUBNET: "subnet-clb"}),
            manager=MANAGER,
        )
        await lab.until(lab.event(namespace, "E4047"))
        assert lab.balancer("ingress/edge/edge") is None
        await lab.api.patch(
            SERVICE, "web", {"spec": {"type": "NodePort"}}, namespace=namespace, manager=MANAGER
        )
        vip = await lab.until(lab.vip_of(INGRESS, namespace, "edge"))
        await lab.workload(DEPLOYMENT, namespace, 1, template(ENI))
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        assert gated(pod)
        balancer = lab.balancer("ingress/edge/edge")
        assert balancer is not None
        assert balancer.vip == vip
        (listener,) = balancer.listeners
        assert (listener.protocol, listener.port) == ("HTTP", 80)
        (rule,) = listener.rules
        assert (rule.host, rule.path, rule.backends) == ("", "/", [(pod_ip(pod), 8080)])
        await lab.api.delete(INGRESS, "edge", namespace)

        async def gone() -> bool:
            return await lab.api.get(INGRESS, "edge", namespace) is None

        await lab.until(gone)
        assert lab.balancer("ingress/edge/edge") is None

    lab.run(scenario())


def test_graceful_deletion_holds_a_pod_until_its_load_balancer_lets_go(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("graceful")
        graceful = {
            keys.SERVICE_SUBNET: "subnet-clb",
            keys.SERVICE_DIRECT: "true",
            keys.SERVICE_GRACE: "true",
        }
        await lab.service(namespace, graceful)
        await lab.until(lab.vip_of(SERVICE, namespace, "web"))
        await lab.workload(DEPLOYMENT, namespace, 1, template(ENI))
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))

        def behind() -> list[str]:
            balancer = lab.balancer("service/graceful/web")
            assert balancer is not None
            return [address for address, _ in balancer.listeners[0].backends]

        async def held() -> bool:
            found = await lab.api.get(POD, name_of(pod), namespace)
            return found is not None and annotations_of(found).get(keys.DELETION_HOLD) == "true"

        async def gone() -> bool:
            return await lab.api.get(POD, name_of(pod), namespace) is None

        await lab.until(held)
        lab.world.load_balancer_sync_seconds = 1.5
        try:
            await lab.api.delete(POD, name_of(pod), namespace)
            await asyncio.sleep(0.7)
            assert await held()
            assert pod_ip(pod) in behind()
            await lab.until(gone)
            assert pod_ip(pod) not in behind()
        finally:
            lab.world.load_balancer_sync_seconds = 0.0

    lab.run(scenario())


def test_a_gate_opens_only_for_a_pod_that_the_health_check_reaches(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("closed")
        assert lab.cluster.vpc_cni is not None
        group = SecurityGroup("sg-1", "enis", "", "0", "ap-guangzhou")
        lab.world.security_groups["sg-1"], lab.cluster.vpc_cni.security_group_ids = group, ["sg-1"]
        try:
            await lab.service(namespace, {keys.SERVICE_SUBNET: "subnet-clb", keys.SERVICE_DIRECT: "true"})
            await lab.until(lab.vip_of(SERVICE, namespace, "web"))
            await lab.workload(DEPLOYMENT, namespace, 1, template(ENI))

            async def refused() -> bool:
                return [
                    (entry["status"], entry.get("reason"))
                    for pod in await lab.pods(namespace)
                    for entry in children(status_of(pod), "conditions")
                    if entry["type"] == keys.READINESS_GATE and condition(pod, "ContainersReady")
                ] == [("False", keys.NOT_READY_REASON)]

            await lab.until(refused)
            await asyncio.sleep(1.0)  # several times the time to open
            assert await refused()
            group.ingress.append(
                {"Action": "ACCEPT", "CidrBlock": "10.0.8.0/24", "Protocol": "TCP", "Port": "8080"}
            )
            await lab.until(lab.ready_pods(namespace, 1))
        finally:
            lab.cluster.vpc_cni.security_group_ids = None

    lab.run(scenario())
