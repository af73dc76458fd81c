"""Faults at steps of the engine: each case ends, after at most one more run, as if nothing had happened."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, zip_longest
from pathlib import Path

import pytest

from tests.engine.faults.harness import HOLD, Bench, Case, Fault, Step
from tests.engine.printed_commands import Ending, follow, printed_commands
from tests.lab.lab import Lab

ERROR = Fault("error", {"kind": "error"})
TWICE = Fault("error twice", {"kind": "error", "times": 2})
THROTTLED = Fault("throttled", {"kind": "throttle", "times": 2})
UNSENT = Fault("connection lost before", {"kind": "drop_before"})
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
    "EnableVpcCniNetworkType": [ERROR, UNSENT, LOST, EXPIRED, KILLED, TASK_FAILS],
    "DescribeIPAMD": [KILLED.after(1), NO_PHASE, INITIALIZING, UPGRADING, DEGRADED, FAILED, FOR_EVER],
    "CreateClusterEndpoint": [LOST.leaves(ENDPOINT)],
    "DescribeClusterKubeconfig": [KILLED.leaves(ENDPOINT)],
}
GROW: dict[str, list[Fault]] = {
    "CreateSubnet": [LOST.leaves(SUBNET)],
    "AddVpcCniSubnets": [ERROR, THROTTLED, UNSENT, LOST, KILLED, LATE, LATE_LOST, LATE_KILLED],
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


def _cases(step: Step, table: dict[str, list[Fault]]) -> Iterator[Case]:
    return (Case(step, action, fault) for action, faults in table.items() for fault in faults)


# Each case makes its own start if the start is missing. In this order, most cases begin where the case
# before ended.
TURNS = zip_longest(
    _cases(Step.UP, UP), _cases(Step.REFRESH, REFRESH), _cases(Step.GROW, GROW), _cases(Step.DESTROY, DESTROY)
)
CASES = [case for case in chain.from_iterable(TURNS) if case is not None]


@pytest.fixture(scope="module")
def bench(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    root = tmp_path_factory.mktemp("faults") / "program"
    shutil.copytree(Path(__file__).with_name("program"), root)
    made = Bench(lab, root)
    yield made
    lab.settings(closed_kubeconfig=True)
    made.prepare(Step.UP)  # which takes down what is left and looks whether the cloud is empty


def test_an_undisturbed_run_ends_in_what_the_cases_are_compared_with(bench: Bench) -> None:
    bench.prepare(Step.REFRESH)
    bench.settled(bench.target(Step.REFRESH))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_ends_as_if_nothing_had_happened(bench: Bench, case: Case) -> None:
    try:
        _run(bench, case)
    except BaseException:
        bench.start_over()
        raise


def _run(bench: Bench, case: Case) -> None:
    fault, orphan = case.fault, case.fault.orphan
    bench.prepare(case.step)
    size = bench.target(case.step)
    disturbed = bench.disturbed(case, size)
    assert re.search(fault.says, disturbed.output)
    if orphan is not None and orphan.says:
        if fault.kill:
            bench.unlock()
        stopped = bench.again(case.step, size, check=False)
        assert stopped.exit_code != 0
        assert re.search(orphan.says, stopped.output)
    ending: Ending = "destroy" if case.step is Step.DESTROY else "up"
    commands = printed_commands(bench.lab, bench.project, ending)
    adopted = any(command.startswith("pulumi import ") for command in commands)
    if orphan is not None and not any("import " in command or "close " in command for command in commands):
        bench.delete_orphan(orphan)
    if commands:
        follow(bench.lab, bench.project, commands)
    else:
        if fault.kill:
            bench.unlock()
        if disturbed.exit_code:
            bench.again(case.step, size)
    bench.settled(size)
    accepted = bench.accepted()
    made = 1 if case.step is Step.UP else 0
    again = 1 if "enable_error" in fault.settings else 0  # a task that failed is begun anew by the next run
    assert accepted["EnableVpcCniNetworkType"] == made + again
    assert accepted["CreateCluster"] == (
        2 if orphan is not None and orphan.kind == "cluster" and not adopted else made
    )
    if case.step is Step.REFRESH:
        assert not accepted
