"""The run of one case: the end is the same as if nothing had happened."""

import re

from tests.engine.faults.harness import Bench, Case, Step
from tests.engine.printed_commands import Ending, follow, printed_commands


def run_case(bench: Bench, case: Case) -> None:
    """Run the case. After a failure the stack and the cloud are emptied, because the next case uses them."""
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
