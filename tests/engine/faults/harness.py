"""One stack, one fault at a time: the run of a case, the expected end, and the repair of the stack between
cases.

A case is a step of Pulumi (up, grow, refresh, destroy), an API action and a fault. The bench brings the
stack to the begin of the step, lets the real engine run the step with the fault in place, and lifts the
fault. Then the bench runs the commands that `tke-hybrid doctor --state` prints, or one more `up` (or
`destroy`) where nothing is gone or pending, and compares the cloud with the cloud after an undisturbed
run.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final

import httpx

from tests.engine.printed_commands import close_endpoint
from tests.lab.lab import Lab, wait_until
from tests.lab.pulumi_cli import PulumiProject, Result, Running

STACK: Final = "faults"
HOLD: Final = 2.0
"""Seconds that an answer is held back, so that the process is surely killed before it comes."""
LIVE: Final = {"ipamd_phase": "live", "ipamd_reason": "live", "slow_add_subnets": 0.0, "enable_error": ""}
_POLL = 0.05
_WRITES = 20
_LONGEST = 150.0


class Step(Enum):
    """What the engine is doing when the fault comes."""

    UP = "up"
    """From nothing to the cluster."""
    GROW = "grow"
    """`up` that adds a container subnet and a node pool to the cluster."""
    REFRESH = "refresh"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Orphan:
    """The exception from "ends as undisturbed": the answer with the new resource's id was lost, and no
    state has the id.

    The next run must not make a second resource. After an adoption or a deletion of the first resource,
    the following run ends as undisturbed.
    """

    kind: str
    """vpc, subnet, pool, endpoint, cluster."""
    says: str
    """The message of the next run; empty if the next run has none, because the provider itself made
    another resource."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong, once an action is called."""

    name: str
    api: Mapping[str, object] = field(default_factory=dict[str, object])
    """For the stand-in's list of faults, see `tests/lab/cloud/faults.py`."""
    kill: bool = False
    """Kill the whole CLI session while the action's answer is held back. The cloud acts on the request all
    the same."""
    spreads: bool = False
    """From then on every action fails like this."""
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    """The stand-in's settings from the start of the step, see `tests/lab/cloud/settings.py` …"""
    looks: int = 0
    """… until this many calls; 0: until the end of the step."""
    deadline: int = 60
    """The program's `deadline_seconds`."""
    says: str = ""
    """What the disturbed run must print."""
    orphan: Orphan | None = None

    def after(self, calls: int) -> "Fault":
        """The same, once so many calls of the action went well."""
        return replace(self, name=f"{self.name} after {calls}", api={**self.api, "skip": calls})

    def leaves(self, orphan: tuple[str, str]) -> "Fault":
        """The same fault with a lost id: the kind of the resource, and the message of the next run."""
        return replace(self, orphan=Orphan(*orphan))


@dataclass(frozen=True)
class Case:
    step: Step
    action: str
    fault: Fault

    @property
    def id(self) -> str:
        return f"{self.step.value}-{self.action}-{self.fault.name}".replace(" ", "-")


def _is_whole(state: Path) -> bool:
    """Whether a file of the state and the file of its attributes are whole."""
    try:
        for path in (state, state.with_name(f"{state.name}.attrs")):
            json.loads(path.read_text())
    except (json.JSONDecodeError, FileNotFoundError):
        return False
    return True


class Bench:
    """The one stack that all cases share, and the cloud that it is in."""

    def __init__(self, lab: Lab, root: Path) -> None:
        self.lab = lab
        self.project: PulumiProject = lab.project(root)
        self.size: tuple[int, int] | None = None
        """(container subnets, node pools) of the running cluster; None: there is nothing."""
        self._http = httpx.Client(base_url=lab.address, timeout=30, trust_env=False)
        self.project.stack_init(STACK)
        lab.settings(closed_kubeconfig=False)

    # -- where a step begins

    def prepare(self, step: Step) -> None:
        """Undisturbed: nothing before `up`, a running cluster before the other steps."""
        if step is Step.UP and self.size is not None:
            self._run_to_end(Step.DESTROY, None)
            self.size = None
        if step is not Step.UP and self.size is None:
            self._run_to_end(Step.UP, (2, 1))
            self.size = (2, 1)
        if self.size is None:
            assert self.cloud() == nothing()
        self.lab.reset_calls()

    def target(self, step: Step) -> tuple[int, int] | None:
        """The size that the step leads to."""
        if step is Step.DESTROY:
            return None
        eni_subnets, pools = self.size or (2, 1)
        return (eni_subnets + 1, pools + 1) if step is Step.GROW else (eni_subnets, pools)

    # -- the step

    def disturbed(self, case: Case, size: tuple[int, int] | None) -> Result:
        """Run the step with the fault in place; afterwards the fault is gone."""
        fault = case.fault
        self.lab.settings(**fault.settings)
        if fault.api:
            self.lab.fault(action=case.action, **fault.api)
        running = self.project.start(*self._command(case.step, size, fault.deadline))
        try:
            self._watch(running, case)
        finally:
            running.kill()
            self._http.delete("/_lab/faults").raise_for_status()
            self.lab.settings(**LIVE)
            self.project.printed.append(running.result().output)
        hits = [call for call in self.lab.calls(case.action) if call["fault"] or not fault.api]
        assert hits, f"{case.action} was not called, so nothing was tested:\n{running.result().output}"
        if fault.kill:  # the cloud ends the held call and its tasks, although the client is gone
            while not all(call["done"] for call in self.lab.calls(case.action)):
                time.sleep(_POLL)
            time.sleep(0.5)
        return running.result()

    def _watch(self, running: Running, case: Case) -> None:
        """Until it ends: what has to happen once the action is called."""
        fault, spread = case.fault, False
        deadline = time.monotonic() + _LONGEST
        while not running.wait(_POLL):
            assert time.monotonic() < deadline, (
                f"{case.id} is still running after {_LONGEST:.0f} s:\n{running.result().output}"
            )
            asked = self.lab.calls(case.action)
            hit = any(call["fault"] for call in asked)
            if fault.kill and hit:
                return self._kill_between_writes(running)
            if fault.spreads and hit and not spread:
                self.lab.fault(action="*", **fault.api)
                spread = True
            if fault.looks and len(asked) >= fault.looks:
                self.lab.settings(**LIVE)
        return None

    def _kill_between_writes(self, running: Running) -> None:
        """Kill the CLI while the file of its state is whole.

        The file backend writes the attributes of a file in place, and reads no state with half a file of
        attributes. The CLI stands still while the files are read.
        """
        state = self.project.state_file()
        for _ in range(_WRITES):
            running.freeze()
            if _is_whole(state):
                return running.kill()
            running.thaw()
            time.sleep(_POLL)
        raise AssertionError(f"{state} was never whole in {_WRITES} looks")

    def again(self, step: Step, size: tuple[int, int] | None, *, check: bool = True) -> Result:
        """One more run, undisturbed: `up`, or `destroy` if that was the step."""
        return self._run_to_end(step if step is Step.DESTROY else Step.UP, size, check=check)

    def unlock(self) -> None:
        """After a kill: the file backend's lock is still there, and the next run would stop at it."""
        self.project.run("cancel", "--yes")

    # -- the expected end

    def cloud(self) -> dict[str, Any]:
        """The cloud without its ids."""
        state = self.lab.state()
        names = {subnet_id: subnet["name"] for subnet_id, subnet in state["subnets"].items()}
        return {
            "vpcs": sorted(vpc["name"] for vpc in state["vpcs"].values()),
            "subnets": sorted(
                (subnet["name"], subnet["zone"], subnet["cidr_block"]) for subnet in state["subnets"].values()
            ),
            "clusters": [_cluster(cluster, names) for cluster in state["clusters"].values()],
            "load_balancers": len(state["load_balancers"]),
        }

    def settled(self, size: tuple[int, int] | None) -> None:
        """The cloud is as after an undisturbed run, the stack knows every resource, and no call was made
        twice or undone."""
        assert self.cloud() == (running(*size) if size else nothing())
        deployment = self.project.export()["deployment"]
        resources: list[dict[str, Any]] = deployment.get("resources") or []
        assert not deployment.get("pending_operations")
        assert not [
            resource["urn"] for resource in resources if resource.get("delete") or resource.get("initErrors")
        ]
        assert sorted(_cloud_ids(resources)) == sorted(self._all_ids())
        assert self.lab.calls("DisableVpcCniNetworkType") == []
        self.size = size

    def accepted(self) -> Counter[str]:
        """How often the cloud did each thing since the step began."""
        done = [
            call
            for call in self.lab.calls()
            if call["write"] and not call["error"] and call["fault"] != "drop_before"
        ]
        return Counter(call["action"] for call in done)

    # -- what a person does

    def delete_orphan(self, orphan: Orphan) -> None:
        """In the console: delete what no state knows."""
        known = set(_cloud_ids(self.project.export()["deployment"].get("resources") or []))
        if orphan.kind == "endpoint":
            return close_endpoint(self.lab, self.lab.cluster_id())
        unknown = [id_ for id_ in self._all_ids() if id_ not in known]
        assert len(unknown) == 1, f"{unknown} is in the cloud, but not in the stack"
        self._delete(unknown[0])

    def start_over(self) -> None:
        """After a failed case: neither stack nor cloud are used again."""
        self.project.run("cancel", "--yes", check=False)
        self.project.run("stack", "rm", "--force", "--yes")
        state = self.lab.state()
        for kind in ("clusters", "subnets", "vpcs"):
            for id_ in state[kind]:
                self._delete(id_)
        self.project.stack_init(STACK)
        self.size = None

    # -- inside

    def _run_to_end(self, step: Step, size: tuple[int, int] | None, *, check: bool = True) -> Result:
        return self.project.run(*self._command(step, size), check=check, timeout=_LONGEST)

    def _command(self, step: Step, size: tuple[int, int] | None, deadline: int = 60) -> list[str]:
        # The provider reads a gone cluster again and again, for ten times this variable (by default 3
        # minutes), before it goes on.
        self.project.change_environment(
            {"TENCENTCLOUD_READ_RETRY_TIMEOUT": "1" if step is Step.DESTROY else ""}
        )
        if size is None or step is Step.REFRESH:
            return [step.value, "--yes", "--skip-preview"]
        config = {"eniSubnets": size[0], "pools": size[1], "deadline": deadline}
        return [
            "up",
            "--yes",
            "--skip-preview",
            *(word for key, value in config.items() for word in ("-c", f"{key}={value}")),
        ]

    def _statuses(self) -> set[str]:
        return {cluster["status"] for cluster in self.lab.state()["clusters"].values()}

    def _all_ids(self) -> list[str]:
        """Of all that costs money or holds a name."""
        state = self.lab.state()
        pools = [
            f"{cluster_id}#{pool['node_pool_id']}"
            for cluster_id, cluster in state["clusters"].items()
            for pool in cluster["node_pools"]
        ]
        return [*state["vpcs"], *state["subnets"], *state["clusters"], *pools]

    def _delete(self, id_: str) -> None:
        if id_.startswith("cls-") and "#" in id_:
            cluster_id, pool_id = id_.split("#")
            self.lab.call(
                "tke",
                "DeleteClusterNodePool",
                {"ClusterId": cluster_id, "NodePoolIds": [pool_id], "KeepInstance": False},
            )
        elif id_.startswith("cls-"):
            if self.lab.state()["clusters"][id_]["status"] != "Deleting":
                self.lab.call("tke", "DeleteCluster", {"ClusterId": id_, "InstanceDeleteMode": "terminate"})
        elif id_.startswith("subnet-"):
            self.lab.call("vpc", "DeleteSubnet", {"SubnetId": id_})
        else:
            self.lab.call("vpc", "DeleteVpc", {"VpcId": id_})
        wait_until(f"{id_} is gone", lambda: id_ not in self._all_ids())


def nothing() -> dict[str, Any]:
    """The cloud before `up` and after `destroy`."""
    return {"vpcs": [], "subnets": [], "clusters": [], "load_balancers": 0}


def running(eni_subnets: int, pools: int) -> dict[str, Any]:
    """The cloud after an undisturbed `up`, in full: what every case is compared with."""
    zones = ("ap-guangzhou-4", "ap-guangzhou-6")
    pod_subnets = [
        (f"pods-{number}", zones[number % 2], f"10.0.{64 + 4 * number}.0/22") for number in range(eni_subnets)
    ]
    node_subnets = [(f"nodes-{number}", zones[number % 2], f"10.0.{number}.0/24") for number in range(pools)]
    registered = sorted(name for name, _, _ in pod_subnets)
    return {
        "vpcs": ["faults"],
        "subnets": sorted([*pod_subnets, *node_subnets]),
        "clusters": [
            {
                "name": "faults",
                "status": "Running",
                "network_type": "GR",
                "vpc_cni": {
                    "listed": registered,
                    "ipamd": registered,
                    "type": "tke-route-eni",
                    "static": True,
                    "reclaim": 300,
                    "phase": "running",
                },
                "pools": [(f"pool-{number}", [f"nodes-{number}"], 1, ["running"]) for number in range(pools)],
                "endpoint": "Created",
                "public": "NotFound",
            }
        ],
        "load_balancers": 0,
    }


def _cluster(cluster: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    vpc_cni = cluster["vpc_cni"]
    return {
        "name": cluster["name"],
        "status": cluster["status"],
        "network_type": cluster["network_type"],
        "vpc_cni": (
            vpc_cni
            and {
                "listed": sorted(names[subnet_id] for subnet_id in vpc_cni["subnet_ids"]),
                "ipamd": sorted(names[subnet_id] for subnet_id in vpc_cni["ipamd_subnet_ids"]),
                "type": vpc_cni["cni_type"],
                "static": vpc_cni["static_ip"],
                "reclaim": vpc_cni["reclaim_seconds"],
                "phase": vpc_cni["phase"],
            }
        ),
        "pools": sorted(
            (
                pool["name"],
                [names[subnet_id] for subnet_id in pool["subnet_ids"]],
                pool["desired"],
                [
                    instance["state"]
                    for instance in cluster["instances"]
                    if instance["node_pool_id"] == pool["node_pool_id"]
                ],
            )
            for pool in cluster["node_pools"]
        ),
        "endpoint": cluster["intranet"]["status"],
        "public": cluster["internet"]["status"],
    }


def _cloud_ids(resources: list[dict[str, Any]]) -> list[str]:
    """Of the resources that are things of their own in the cloud; an endpoint has its cluster's id."""
    of_their_own = (
        "Vpc/instance:Instance",
        "Subnet/instance:Instance",
        "Kubernetes/cluster:Cluster",
        "Kubernetes/nodePool:NodePool",
    )
    return [
        resource["id"]
        for resource in resources
        if resource["type"].removeprefix("tencentcloud:") in of_their_own
    ]
