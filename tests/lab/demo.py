"""The main job on the embedded lab: the article's cluster, previewed, applied, grown by a zone, measured and
destroyed."""

import sys
import time
from collections.abc import Callable, Iterable

from rich.console import Console
from rich.table import Table

from tests.lab import article
from tests.lab.cluster_view import PodRow, pods
from tests.lab.lab import ROOT, Lab
from tests.lab.packets import unavailable
from tests.lab.pulumi_cli import PulumiFailed, PulumiProject, PulumiTimeout, Result
from tests.lab.toolchain.errors import ToolchainError

console = Console(highlight=False, width=140)
ZONES = ["ap-guangzhou-4", "ap-guangzhou-6"]
THIRD = "ap-guangzhou-7"


class DemoFailed(Exception):
    """A step did not show the expected result."""


def step(title: str) -> None:
    console.print(f"\n[bold]== {title}[/bold]")


def passed(text: str) -> None:
    console.print(f"[green]ok[/green]   {text}")


def require(condition: object, text: str) -> None:
    """Print the outcome, and stop the demo unless the outcome is the expected one."""
    if not condition:
        raise DemoFailed(text)
    passed(text)


def show(line: str) -> None:
    """Pulumi's own output, indented; its dots of progress are left out."""
    if line.strip() and not line.startswith("@ "):
        console.print(f"     {line}", markup=False)


def quiet(line: str) -> None:
    """For steps whose outcome is one line."""


def set_zones(project: PulumiProject, zones: Iterable[str]) -> None:
    for index, zone in enumerate(zones):
        project.run("config", "set", "--path", f"zones[{index}]", zone)


def table(rows: list[PodRow]) -> Table:
    made = Table("pod", "zone", "node", "address", "network", "ready", "load balancer gate")
    for row in rows:
        made.add_row(row.name, row.zone, row.node, row.address, row.network, row.ready, row.gate)
    return made


def look(lab: Lab, zones: list[str]) -> None:
    rows = pods(lab.kubeconfig(lab.cluster_id()))
    console.print(table(rows))
    for zone in zones:
        require(
            any(row.zone == zone and row.network == "eni" and row.ready == "yes" for row in rows),
            f"an ENI pod runs in {zone}",
        )
    require(
        all(row.network == "overlay" for row in rows if row.name.startswith("nginx-gr")),
        "the GR pods are on the overlay",
    )
    require(
        all(row.gate == "true" for row in rows if row.network == "eni"),
        "every pod behind a direct Service has TKE's readiness gate",
    )


def calls(lab: Lab) -> None:
    made = lab.calls("CreateCluster")
    require(
        len(made) == 1 and not made[0]["request"]["ClusterCIDRSettings"].get("EniSubnetIds"),
        "one CreateCluster, without ENI subnets",
    )
    enabled = lab.calls("EnableVpcCniNetworkType")
    require(
        len(enabled) == 1 and len(enabled[0]["request"]["Subnets"]) == len(ZONES),
        "one EnableVpcCniNetworkType, with both subnets",
    )
    require(
        all(enabled[0]["n"] < pool["n"] for pool in lab.calls("CreateClusterNodePool")),
        "and only then the node pools",
    )
    require(not lab.calls("DisableVpcCniNetworkType"), "DisableVpcCniNetworkType was never called")


def timed(action: Callable[[], Result]) -> Result:
    result = action()
    console.print(f"     ({result.seconds:.1f} s)")
    return result


def demo() -> None:
    started = time.monotonic()
    step("The lab: real Pulumi engine, real API server and scheduler; stand-ins for Tencent's cloud")
    no_packets = unavailable()
    with Lab.started(packets=no_packets is None, draining=False) as lab:  # nothing is rolled under load here
        passed(f"Tencent's API (stand-in) on {lab.address}, {time.monotonic() - started:.1f} s")
        project = lab.project(ROOT)
        project.stack_init("demo")
        try:
            project.run("config", "set", "keyId", "skey-12345678")
            story(lab, project, no_packets)
        finally:
            (ROOT / "Pulumi.demo.yaml").unlink(missing_ok=True)
    console.print(f"\n[bold green]The demo passed[/bold green] in {time.monotonic() - started:.0f} s.")


def measure(lab: Lab, no_packets: str | None) -> None:
    """The article's end: the clients that the pods see."""
    if no_packets is not None:
        console.print(f"left out: {no_packets}", style="yellow", markup=False)
        return
    started = time.monotonic()
    results = article.measure(lab)
    console.print(article.table(results))
    for result in results:
        require(result.as_expected, f"{result.case.name}: {result.case.seen} is seen, {result.case.verdict}")
    console.print(f"     ({time.monotonic() - started:.1f} s)")


def story(lab: Lab, project: PulumiProject, no_packets: str | None) -> None:
    step("pulumi preview: what a reviewer sees before anything exists")
    timed(lambda: project.preview(on_line=show))
    require(not [call for call in lab.calls() if call["write"]], "the preview wrote nothing to the cloud")

    step("pulumi up")
    timed(lambda: project.up(on_line=show))
    calls(lab)

    step("The cluster")
    look(lab, ZONES)

    step("pulumi preview again: nothing to do")
    timed(lambda: project.preview("--expect-no-changes", "--diff", on_line=show))
    passed("no change")

    step(f"A third zone, {THIRD}: preview, then up")
    set_zones(project, [*ZONES, THIRD])
    preview = timed(lambda: project.preview(on_line=show))
    require(
        "to replace" not in preview.stdout and "to delete" not in preview.stdout,
        "no replacement, no deletion",
    )
    timed(lambda: project.up(on_line=quiet))
    look(lab, [*ZONES, THIRD])
    require(len(lab.calls("AddVpcCniSubnets")) == 1, "one AddVpcCniSubnets; VPC-CNI was never switched off")

    step(
        "The article's four results: real packets, from clients 10.0.0.3 and 10.0.0.13, judged by tke-hybrid"
        " verify"
    )
    measure(lab, no_packets)

    step("pulumi destroy")
    timed(lambda: project.destroy(on_line=quiet))
    left = lab.state()
    require(not left["clusters"] and not left["subnets"] and not left["vpcs"], "nothing is left in the cloud")
    require(not lab.calls("DisableVpcCniNetworkType"), "DisableVpcCniNetworkType was never called")


def main() -> None:
    try:
        demo()
    except (DemoFailed, PulumiFailed, PulumiTimeout, ToolchainError) as error:
        console.print(f"[bold red]failed[/bold red] {error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
