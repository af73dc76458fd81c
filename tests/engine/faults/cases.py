"""The faults of each step and API action, in two lists: cases that kill the run, and cases in which a call
fails."""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain, zip_longest

from tests.engine.faults.harness import HOLD, Case, Fault, Step

ERROR = Fault("error", {"kind": "error"})
TWICE = Fault("error twice", {"kind": "error", "times": 2})
THROTTLED = Fault("throttled", {"kind": "throttle", "times": 2})
UNSENT = Fault("connection lost before", {"kind": "drop_before"})
# The library waits until its deadline, because the request may have arrived. 30 s is the shortest deadline.
UNSENT_WRITE = replace(UNSENT, deadline=30)
LOST = Fault("answer lost", {"kind": "drop_after"})
EXPIRED = Fault(
    "credentials expired",
    {
        "kind": "error",
        "code": "AuthFailure.TokenFailure",
        "message": "The token has expired.",
        "times": 10_000,
    },
    spreads=True,
)
KILLED = Fault("killed", {"kind": "delay", "seconds": HOLD}, kill=True)
NO_PHASE = Fault("no phase yet", settings={"ipamd_phase": ""}, looks=8)
INITIALIZING = Fault("initializing", settings={"ipamd_phase": "initializing"}, looks=8)
UPGRADING = Fault("upgrading", settings={"ipamd_phase": "upgrading"}, looks=8)
FAILED = Fault(
    "failed",
    settings={"ipamd_phase": "Failed", "ipamd_reason": "no quota for ENIs"},
    says="no quota for ENIs",
)
DEGRADED = Fault("a phase that nobody knows", settings={"ipamd_phase": "Degraded"}, looks=8)
TASK_FAILS = Fault(
    "the task fails", settings={"enable_error": "install eniipamd failed"}, says="install eniipamd failed"
)
FOR_EVER = Fault(
    "initializing past the deadline",
    settings={"ipamd_phase": "initializing"},
    deadline=30,
    says="not there after 30 s; last seen: ipamd is initializing",
)
LATE = Fault("listed late", settings={"slow_add_subnets": 4.0})
LATE_LOST = replace(LOST, name="answer lost and listed late", settings={"slow_add_subnets": 4.0})
LATE_KILLED = replace(KILLED, name="killed and listed late", settings={"slow_add_subnets": 4.0})


# The message of the next run about a resource whose id was lost with an answer.
CLUSTER = ("cluster", "adopt cls-[a-z0-9]+ or delete it")
POOL = ("pool", "adopt cls-[a-z0-9]+#np-[a-z0-9]+ or delete it")
SUBNET = ("subnet", "overlaps `subnet-[a-z0-9]+`")
ENDPOINT = ("endpoint", "the endpoint of cls-[a-z0-9]+ exists already")
# The provider repeats a creation whose answer was lost: there are two, and one is in no state. No later run
# can know.
SECOND_VPC, SECOND_POOL = ("vpc", ""), ("pool", "")

UP: dict[str, list[Fault]] = {
    "CreateVpc": [ERROR, LOST.leaves(SECOND_VPC), KILLED],
    "CreateSubnet": [KILLED],
    "CreateCluster": [THROTTLED, UNSENT, LOST.leaves(CLUSTER), KILLED.leaves(CLUSTER)],
    "DescribeClusters": [ERROR.after(3), EXPIRED.after(2)],
    "DescribeClusterInstances": [KILLED.leaves(CLUSTER)],
    "DescribeClusterVirtualNode": [ERROR.leaves(CLUSTER)],
    "EnableVpcCniNetworkType": [ERROR, UNSENT_WRITE, LOST, EXPIRED, KILLED, TASK_FAILS],
    "DescribeIPAMD": [KILLED.after(1), NO_PHASE, INITIALIZING, UPGRADING, DEGRADED, FAILED, FOR_EVER],
    "CreateClusterEndpoint": [LOST.leaves(ENDPOINT)],
    "DescribeClusterKubeconfig": [KILLED.leaves(ENDPOINT)],
}
GROW: dict[str, list[Fault]] = {
    "CreateSubnet": [LOST.leaves(SUBNET)],
    "AddVpcCniSubnets": [ERROR, THROTTLED, UNSENT_WRITE, LOST, KILLED, LATE, LATE_LOST, LATE_KILLED],
    "CreateClusterNodePool": [UNSENT, LOST.leaves(SECOND_POOL), EXPIRED, KILLED.leaves(POOL)],
    "DescribeClusterNodePoolDetail": [EXPIRED.leaves(POOL), KILLED.leaves(POOL)],
}
REFRESH: dict[str, list[Fault]] = {
    "DescribeSubnets": [EXPIRED],
    "DescribeClusters": [ERROR, UNSENT, KILLED],
    "DescribeIPAMD": [ERROR, NO_PHASE, replace(FAILED, says="")],
    "DescribeClusterKubeconfig": [THROTTLED],
}
DESTROY: dict[str, list[Fault]] = {
    "DeleteClusterEndpoint": [ERROR, LOST, KILLED],
    "DeleteClusterNodePool": [TWICE, LOST, EXPIRED, KILLED],
    "DescribeClusterNodePoolDetail": [KILLED],
    "DeleteCluster": [TWICE, THROTTLED, LOST, EXPIRED, KILLED],
    "DescribeSubnets": [ERROR, KILLED],
    "DeleteSubnet": [THROTTLED, LOST, KILLED],
    "DeleteVpc": [ERROR, LOST, KILLED],
}


TABLES = {Step.UP: UP, Step.REFRESH: REFRESH, Step.GROW: GROW, Step.DESTROY: DESTROY}


def _in_turns(fits: Callable[[Fault], bool]) -> list[Case]:
    """Return the cases whose fault fits. Each case makes its own start if the start is missing. In this
    order, most cases begin where the case before ended."""
    steps = (
        [Case(step, action, fault) for action, faults in table.items() for fault in faults if fits(fault)]
        for step, table in TABLES.items()
    )
    return [case for case in chain.from_iterable(zip_longest(*steps)) if case is not None]


# Two files of tests, so that two workers share the cases.
KILLED_RUNS = _in_turns(lambda fault: fault.kill)
FAILED_CALLS = _in_turns(lambda fault: not fault.kill)
