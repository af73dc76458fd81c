"""Addresses of pods, ipamd and the webhook of the stand-in controllers, on a real control plane."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from lightkube.core.generic_client import WatchDriver

from tests.lab.controllers import keys, kube
from tests.lab.controllers.kube import (
    CONFIG_MAP,
    DEPLOYMENT,
    NODE,
    POD,
    VPC_IP_CLAIM,
    Json,
    data_of,
    node_of,
    pod_ip,
    spec_of,
    status_of,
    uid_of,
)
from tests.lab.controllers.watching import Mirror
from tests.lab.controllers_tests.cluster import (
    ENI,
    KEPT,
    MANAGER,
    NAMESPACE,
    STATEFUL_SET,
    Lab,
    template,
    within,
)
from tests.lab.world import (
    VpcCni,
)


def test_fixed_address_comes_back_to_the_same_name(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("fixed")
        await lab.workload(STATEFUL_SET, namespace, 1, template(KEPT))
        (before,) = await lab.until(lab.ready_pods(namespace, 1))
        assert await lab.api.get(VPC_IP_CLAIM, "web-0", namespace) is not None
        await lab.api.delete(POD, "web-0", namespace)

        async def replaced() -> Json | None:
            found = await lab.ready_pods(namespace, 1)()
            return found[0] if found and uid_of(found[0]) != uid_of(before) else None

        after = await lab.until(replaced)
        assert pod_ip(after) == pod_ip(before)

        # The set is scaled down: the claim keeps the address until it expires.
        leases = lab.world.subnets["subnet-eni-4"].leases
        await lab.api.patch(
            STATEFUL_SET, "web", {"spec": {"replicas": 0}}, namespace=namespace, manager=MANAGER
        )

        async def empty() -> bool:
            return not await lab.pods(namespace)

        await lab.until(empty)
        await asyncio.sleep(0.5)
        assert leases[pod_ip(before)] == "eni:cls-1/fixed/web-0"
        lab.clock.skipped += 301

        async def released() -> bool:
            return (
                pod_ip(before) not in leases and await lab.api.get(VPC_IP_CLAIM, "web-0", namespace) is None
            )

        await lab.until(released)

    lab.run(scenario())


def test_a_deleted_claim_frees_the_address(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("manual")
        await lab.workload(STATEFUL_SET, namespace, 1, template(KEPT))
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        await lab.api.delete(STATEFUL_SET, "web", namespace)
        leases = lab.world.subnets["subnet-eni-4"].leases

        async def empty() -> bool:
            return not await lab.pods(namespace)

        await lab.until(empty)
        await asyncio.sleep(0.3)
        assert pod_ip(pod) in leases
        await lab.api.delete(VPC_IP_CLAIM, "web-0", namespace)

        async def released() -> bool:
            return pod_ip(pod) not in leases

        await lab.until(released)

    lab.run(scenario())


def test_other_pods_give_their_address_back(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("floating")
        await lab.workload(STATEFUL_SET, namespace, 1, template(ENI))
        (before,) = await lab.until(lab.ready_pods(namespace, 1))
        await lab.api.delete(POD, "web-0", namespace)

        async def replaced() -> Json | None:
            found = await lab.ready_pods(namespace, 1)()
            return found[0] if found and uid_of(found[0]) != uid_of(before) else None

        after = await lab.until(replaced)
        assert pod_ip(after) != pod_ip(before)
        assert pod_ip(before) not in lab.world.subnets["subnet-eni-4"].leases

    lab.run(scenario())


def test_annotation_alone_is_completed_by_the_webhook(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("completed")
        half = template()
        half["metadata"]["annotations"] = ENI
        await lab.workload(DEPLOYMENT, namespace, 1, half)
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        assert spec_of(pod)["containers"][0]["resources"]["limits"][keys.ENI_IP] == "1"
        assert within(pod_ip(pod), "10.0.4.0/24")
        # In a namespace without the webhook, the annotation alone has no effect.
        await lab.api.create(
            NAMESPACE,
            {"metadata": {"name": "half", "labels": {keys.NO_ENI_IP_LIMIT_LABEL: "true"}}},
            manager=MANAGER,
        )
        await lab.workload(DEPLOYMENT, "half", 1, half)
        (pod,) = await lab.until(lab.ready_pods("half", 1))
        assert within(pod_ip(pod), "192.168.0.0/26")

    lab.run(scenario())


def test_config_map_edit_works_after_ipamd_was_replaced_and_not_before(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("zone-six")
        await lab.workload(DEPLOYMENT, namespace, 1, template(ENI, zone="100006"))
        await lab.until(lab.event(namespace, f"Insufficient {keys.ENI_IP}"))
        data = {
            keys.SUBNET_ID_KEY: "subnet-eni-4:subnet-eni-6",
            keys.ZONE_KEY: "ap-guangzhou-4:ap-guangzhou-6",
        }
        await lab.api.patch(
            CONFIG_MAP, keys.IPAMD, {"data": data}, namespace=keys.KUBE_SYSTEM, manager=MANAGER
        )
        await asyncio.sleep(1.5)
        assert lab.cluster.vpc_cni is not None
        assert lab.cluster.vpc_cni.ipamd_subnet_ids == ["subnet-eni-4"]
        (pod,) = await lab.pods(namespace)
        assert status_of(pod)["phase"] == "Pending"
        assert not node_of(pod)

        restart: Json = {"spec": {"template": {"metadata": {"annotations": {"restarted": "yes"}}}}}
        await lab.api.patch(DEPLOYMENT, keys.IPAMD, restart, namespace=keys.KUBE_SYSTEM, manager=MANAGER)
        (pod,) = await lab.until(lab.ready_pods(namespace, 1), timeout=40)
        assert within(pod_ip(pod), "10.0.6.0/24")
        assert lab.cluster.vpc_cni.ipamd_subnet_ids == ["subnet-eni-4", "subnet-eni-6"]
        # The cloud's own list stays the same.
        assert lab.cluster.vpc_cni.subnet_ids == ["subnet-eni-4"]

    lab.run(scenario())


def test_fixed_address_does_not_cross_zones(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("pinned")
        await lab.workload(STATEFUL_SET, namespace, 1, template(KEPT))
        (pod,) = await lab.until(lab.ready_pods(namespace, 1))
        moved: Json = {"spec": {"template": {"spec": template(KEPT, zone="100006")["spec"]}}}
        await lab.api.patch(STATEFUL_SET, "web", moved, namespace=namespace, manager=MANAGER)
        await lab.until(lab.event(namespace, "belongs to subnet-eni-4 in ap-guangzhou-4"))
        (stuck,) = await lab.pods(namespace)
        assert uid_of(stuck) != uid_of(pod)
        assert status_of(stuck)["phase"] == "Pending"

    lab.run(scenario())


def test_subnets_added_through_the_cloud_need_no_restart(lab: Lab) -> None:
    async def scenario() -> None:
        lab.add_node("ap-guangzhou-7", "10.0.0.7")
        await lab.until(lambda: lab.node("10.0.0.7"))
        assert lab.cluster.vpc_cni is not None
        lab.cluster.vpc_cni.subnet_ids.append("subnet-eni-7")
        lab.controllers.wake()
        # A /29: five usable addresses, one for the ENI.
        assert await lab.until(lab.eni_ip_of("10.0.0.7")) == "4"
        config = await lab.api.get(CONFIG_MAP, keys.IPAMD, keys.KUBE_SYSTEM)
        assert data_of(config)[keys.SUBNET_ID_KEY].split(":")[-1] == "subnet-eni-7"
        assert "subnet-eni-4" in lab.cluster.vpc_cni.ipamd_subnet_ids

    lab.run(scenario())


def test_a_vanished_instance_takes_its_node_and_pods_along(lab: Lab) -> None:
    async def scenario() -> None:
        namespace = await lab.namespace("vanishing")
        lab.add_node("ap-guangzhou-4", "10.0.0.14")
        await lab.until(lambda: lab.node("10.0.0.14"))
        pinned = template(ENI)
        pinned["spec"]["nodeName"] = "10.0.0.14"
        await lab.until(lab.eni_ip_of("10.0.0.14"))
        await lab.api.create(
            POD,
            {
                "metadata": {"name": "bare", "namespace": namespace, **pinned["metadata"]},
                "spec": pinned["spec"],
            },
            manager=MANAGER,
        )
        await lab.until(lab.ready_pods(namespace, 1))
        del lab.cluster.instances["ins-14"]
        lab.controllers.wake()

        async def gone() -> bool:
            return not await lab.pods(namespace) and await lab.api.get(NODE, "10.0.0.14") is None

        await lab.until(gone)

        async def given_back() -> bool:
            owners = set(lab.world.subnets["subnet-eni-4"].leases.values())
            return owners.isdisjoint({"eni:cls-1/vanishing/bare", "eni-primary:cls-1/10.0.0.14"})

        await lab.until(given_back)

    lab.run(scenario())


def test_a_watch_ends_after_a_while_and_the_next_watch_continues(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: Counter[WatchDriver] = Counter()

    def begins(self: WatchDriver, timeout: Any) -> Any:
        begun[self] += 1
        return get_request(self, timeout)

    get_request: Any = WatchDriver.get_request
    monkeypatch.setattr(WatchDriver, "get_request", begins)
    monkeypatch.setattr(kube, "WATCH_SECONDS", 1)

    async def scenario() -> None:
        namespace = await lab.namespace("watched")
        mirror = Mirror(lab.api, CONFIG_MAP, namespace)
        task = asyncio.create_task(mirror.run())
        try:
            await mirror.synced.wait()

            async def third() -> bool:
                return max(begun.values()) >= 3  # those of the controllers last longer

            await lab.until(third)
            await lab.api.create(
                CONFIG_MAP, {"metadata": {"name": "late", "namespace": namespace}}, manager=MANAGER
            )

            async def seen() -> bool:
                return (namespace, "late") in mirror

            await lab.until(seen)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    lab.run(scenario())


def test_turning_vpc_cni_off_takes_everything_away(lab: Lab) -> None:
    async def scenario() -> None:
        lab.cluster.vpc_cni = None
        lab.controllers.wake()

        async def gone() -> bool:
            return (
                await lab.api.get(CONFIG_MAP, keys.IPAMD, keys.KUBE_SYSTEM) is None
                and await lab.api.get(DEPLOYMENT, keys.IPAMD, keys.KUBE_SYSTEM) is None
                and await lab.eni_ip_of("10.0.0.4")() is None
            )

        await lab.until(gone)
        again = VpcCni("tke-route-eni", False, None, ["subnet-eni-4"], True)
        lab.cluster.vpc_cni = again
        lab.controllers.wake()

        async def running() -> bool:
            return again.phase == "running" and await lab.eni_ip_of("10.0.0.4")() == "27"

        await lab.until(running)

    lab.run(scenario())
