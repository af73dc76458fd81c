"""What `verify` does with its options: make the request, run it, write the reports."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from pulumi_tke_hybrid.cli import files, options, process, result
from pulumi_tke_hybrid.cli import files as json_files
from pulumi_tke_hybrid.cli.exit_code import ExitCode, FailOn, WrongUse
from pulumi_tke_hybrid.verify import report
from pulumi_tke_hybrid.verify import report as table
from pulumi_tke_hybrid.verify.answers import Version
from pulumi_tke_hybrid.verify.cluster import Front, Subnets
from pulumi_tke_hybrid.verify.in_cluster_job import JobSettings
from pulumi_tke_hybrid.verify.kube import LiveKube
from pulumi_tke_hybrid.verify.pod_tables import Kubectl
from pulumi_tke_hybrid.verify.probe import Plan, shown_on
from pulumi_tke_hybrid.verify.verdict import Wish
from pulumi_tke_hybrid.verify.verify import Wanted, verify


def wanted(
    *,
    url: str,
    service: str,
    ingress: str,
    port: int,
    path: str,
    host: str,
    tcp: bool,
    insecure: bool,
    proxy_protocol: Version | None,
    expect_client: str,
    zones: str,
    min_per_zone: int,
    sample: bool,
    accept_header: bool | None,
    requests: int,
    concurrency: int,
    deadline: float,
    peer_field: str,
    pod_field: str,
    from_log: bool,
    kubectl: tuple[Path | None, str] | None,
    structure_only: bool,
    facts: str,
    subnets: Sequence[str],
    load_balancers: Sequence[str],
    nodes: Sequence[str],
    in_vpc: bool,
    image: str,
    pull_secret: str,
) -> Wanted:
    """The request that the options make. `kubectl` is None without `--from-tcp-table`."""
    if service and ingress:
        raise WrongUse("give --service or --ingress, not both")
    if not in_vpc:
        options.refuse("without --in-vpc there is no Job", {"--image": image, "--pull-secret": pull_secret})
    elif not image:
        raise WrongUse(
            "--in-vpc needs --image: any image with Python and this library: `pip install --no-deps .` in a"
            " clone"
        )
    front = (
        Front.parse("Service", service) if service else Front.parse("Ingress", ingress) if ingress else None
    )
    return Wanted(
        url=url,
        front=front,
        expect=expect_client,
        plan=Plan(
            requests=requests,
            concurrency=concurrency,
            deadline=deadline,
            patience=deadline / 2,
            peer_field=peer_field,
            pod_field=pod_field,
            from_log=from_log,
        ),
        wish=Wish([zone.strip() for zone in zones.split(",") if zone.strip()], min_per_zone, not sample),
        subnets=Subnets.of(_facts(facts), subnets),
        structure_only=structure_only,
        accept_header=accept_header,
        load_balancers=load_balancers,
        nodes=nodes,
        port=port,
        path=path,
        tcp=tcp,
        host=host,
        insecure=insecure,
        proxy_protocol=proxy_protocol,
        kubectl=Kubectl(*kubectl) if kubectl else None,
        job=JobSettings(image, front.namespace if front else "", pull_secret) if in_vpc else None,
    )


def run(
    request: Wanted,
    kubeconfig: Path | None,
    context: str,
    fail_on: FailOn,
    json_file: str,
    markdown_file: str,
) -> ExitCode:
    """Run it and write what was found. Standard output holds the table, or whatever was sent to `-`."""
    options.refuse_change("verify", fail_on)
    files.refuse_two_on_standard_output({"--json": json_file, "--markdown": markdown_file})
    with process.like_ctrl_c(), shown_on(Console(stderr=True)) as progress:
        outcome = replace(
            verify(request, lambda: LiveKube.connect(kubeconfig, context), progress), fail_on=fail_on
        )
    return files.write_all(
        "verify",
        outcome.exit_code,
        lambda: files.write(json_file, report.as_json(outcome)),
        lambda: files.write(markdown_file, report.as_markdown(outcome)),
        lambda: table.show(outcome, result.console(stderr="-" in (json_file, markdown_file))),
    )


def _facts(name: str) -> dict[str, Any] | None:
    if not name:
        return None
    how = "pulumi stack output clusterFacts --json"
    found = json_files.read("--facts", name, how)
    if not _by_zone(found):
        raise WrongUse(f"--facts {name} has no subnets by zone; write it with: {how}")
    return found


def _by_zone(facts: Any) -> bool:
    """Whether they hold zones, each with a list of subnets."""
    try:
        subnets = [subnet for of_zone in facts["zones"].values() for subnet in of_zone]
    except (KeyError, TypeError, AttributeError):
        return False
    return all(isinstance(subnet, dict) for subnet in subnets)
