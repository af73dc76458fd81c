"""Options and help of `tke-hybrid verify`. The module `run_command` is imported when the command runs, so
that the help loads nothing heavy."""

import enum
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pulumi_tke_hybrid.cli.files import report_errors
from pulumi_tke_hybrid.cli.process import FailOn

HELP = """Prove which address the pods see: the client's address, or another address.

Sends requests on new connections until each pod in each zone has answered, compares the address that each
pod saw with the client's, and checks the structure through the Kubernetes API. Changes nothing in the
cluster, apart from the Job of --in-vpc.

[bold]Examples[/bold]

  A direct Service, from a machine of the VPC; the pods answer like traefik/whoami:
    tke-hybrid verify --service default/nginx-deploy --facts facts.json

  An Ingress, where X-Forwarded-For counts as well; the report goes into the pull request:
    tke-hybrid verify --ingress default/shop --host shop.example.com --markdown report.md

  nginx, whose answers do not hold the client's address: read the access log:
    tke-hybrid verify --service default/nginx-deploy --from-log

  An application that neither answers with nor logs the client's address: hold connections open, and read the
  pods' TCP tables with kubectl exec POD -- cat:
    tke-hybrid verify --service default/nginx-deploy --from-tcp-table

  An application that answers {"client": {"ip": "10.0.0.3"}, "hostname": "pod-name"}:
    tke-hybrid verify http://10.0.8.10/debug --peer-field client.ip

  A runner outside the VPC: check the structure alone, or send the traffic from a Job inside the VPC:
    tke-hybrid verify --service default/nginx-deploy --structure-only
    tke-hybrid verify --service default/nginx-deploy --in-vpc --image registry.example.com/tke-hybrid:1

[bold]Verdicts[/bold], the worst verdict wins

  PRESERVED    the peer of the connection is the client
  HEADER_ONLY  the peer is another address, and a header of the load balancer names the client (a success for
               an Ingress)
  UNKNOWN      could not tell; the reason is given
  SNAT_LB      the peer is the load balancer
  SNAT_NODE    the peer is a node, such as cbr0's 192.168.0.65

[bold]Exit codes[/bold]

  0  proven: each pod in each zone sees the client, and the structure has no fault
  2  a pod sees another address, or the structure has a fault; with --fail-on warning: also a warning of the
     structure
  3  could not tell: a zone or pod did not answer, an answer or the cluster could not be read, or a report
     could not be written
  64 wrong use    70 a fault of tke-hybrid itself
"""

FACTS_HELP = (
    "JSON of the stack's cluster facts (- for standard input): pulumi stack output clusterFacts --json >"
    " facts.json"
)


class ProxyVersion(str, enum.Enum):
    """Versions of the PROXY protocol."""

    V1 = "v1"
    V2 = "v2"


@dataclass(frozen=True)
class VerifyArguments:
    """The options of the command line."""

    url: Annotated[
        str, typer.Argument(metavar="[URL]", help="http://, https:// or tcp:// address of the load balancer.")
    ] = ""
    service: Annotated[
        str, typer.Option(metavar="NS/NAME", help="The Service in front of the pods.", rich_help_panel="What")
    ] = ""
    ingress: Annotated[
        str, typer.Option(metavar="NS/NAME", help="The Ingress in front of the pods.", rich_help_panel="What")
    ] = ""
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            help="Port of the load balancer; default: a Service's first, 443 or 80 of an Ingress.",
            rich_help_panel="What",
        ),
    ] = 0
    path: Annotated[str, typer.Option(help="Path of the requests.", rich_help_panel="What")] = "/"
    host: Annotated[
        str,
        typer.Option(help="Host header and TLS name, where they are not the URL's.", rich_help_panel="What"),
    ] = ""
    tcp: Annotated[
        bool,
        typer.Option(
            "--tcp",
            help="The pods take plain TCP, also behind TCP_SSL. UDP is known from the port.",
            rich_help_panel="What",
        ),
    ] = False
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Accept any certificate.", rich_help_panel="What")
    ] = False
    proxy_protocol: Annotated[
        ProxyVersion | None,
        typer.Option(help="The port expects a PROXY protocol header.", rich_help_panel="What"),
    ] = None
    expect_client: Annotated[
        str,
        typer.Option(
            metavar="IP",
            help="The address that pods should see. Default: this machine's own.",
            rich_help_panel="Expected",
        ),
    ] = ""
    zones: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="Zones that must answer (--structure-only: have a pod). Default: those with a ready pod.",
            rich_help_panel="Expected",
        ),
    ] = ""
    min_per_zone: Annotated[
        int, typer.Option(min=1, help="Pods of each zone that must answer.", rich_help_panel="Expected")
    ] = 1
    sample: Annotated[
        bool,
        typer.Option(
            "--sample",
            help="Not every pod must answer; --min-per-zone is enough.",
            rich_help_panel="Expected",
        ),
    ] = False
    accept_header: Annotated[
        bool | None,
        typer.Option(
            "--accept-header/--peer-only",
            help="Whether HEADER_ONLY is a success. Default: for an Ingress or an HTTP listener.",
            rich_help_panel="Expected",
        ),
    ] = None
    fail_on: Annotated[
        FailOn,
        typer.Option(
            help="End with 2 at a fault (error), or also at a warning of the structure.",
            rich_help_panel="Expected",
        ),
    ] = FailOn.ERROR
    requests: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Requests, at the least.", rich_help_panel="Traffic")
    ] = 100
    concurrency: Annotated[
        int, typer.Option(min=1, max=256, help="Requests at once.", rich_help_panel="Traffic")
    ] = 16
    deadline: Annotated[
        float, typer.Option(min=1, help="Seconds for all traffic.", rich_help_panel="Traffic")
    ] = 60
    peer_field: Annotated[
        str,
        typer.Option(
            metavar="A.B",
            help="Field of the application's JSON that holds the client's address.",
            rich_help_panel="Answers",
        ),
    ] = ""
    pod_field: Annotated[
        str,
        typer.Option(
            metavar="A.B",
            help="Field that holds the pod's name. Default: hostname, pod, …",
            rich_help_panel="Answers",
        ),
    ] = ""
    from_log: Annotated[
        bool, typer.Option("--from-log", help="Read the pods' access logs.", rich_help_panel="Answers")
    ] = False
    from_tcp_table: Annotated[
        bool,
        typer.Option(
            "--from-tcp-table",
            help="Read the pods' TCP tables with kubectl exec, until each pod had a connection.",
            rich_help_panel="Answers",
        ),
    ] = False
    kubeconfig: Annotated[
        Path | None, typer.Option(help="Default: KUBECONFIG, ~/.kube/config.", rich_help_panel="Cluster")
    ] = None
    context: Annotated[str, typer.Option(help="Context of the kubeconfig.", rich_help_panel="Cluster")] = ""
    structure_only: Annotated[
        bool,
        typer.Option(
            "--structure-only",
            help="Send no traffic; read the Kubernetes API only.",
            rich_help_panel="Cluster",
        ),
    ] = False
    facts: Annotated[str, typer.Option(metavar="FILE", help=FACTS_HELP, rich_help_panel="Cluster")] = ""
    subnet: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ZONE=RANGE", help="A container subnet; may be repeated.", rich_help_panel="Cluster"
        ),
    ] = None
    lb_address: Annotated[
        list[str] | None,
        typer.Option(
            metavar="IP|RANGE", help="A further address of the load balancer.", rich_help_panel="Cluster"
        ),
    ] = None
    node_address: Annotated[
        list[str] | None,
        typer.Option(metavar="IP", help="A further address of a node.", rich_help_panel="Cluster"),
    ] = None
    in_vpc: Annotated[
        bool,
        typer.Option(
            "--in-vpc",
            help="Send the traffic from a Job on a node without target pods.",
            rich_help_panel="Job in the VPC",
        ),
    ] = False
    image: Annotated[
        str, typer.Option(help="Image with Python and pulumi-tke-hybrid.", rich_help_panel="Job in the VPC")
    ] = ""
    pull_secret: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Secret with which the image is pulled.", rich_help_panel="Job in the VPC"
        ),
    ] = ""
    json_file: Annotated[
        str,
        typer.Option(
            "--json",
            metavar="FILE",
            help="Write JSON there (- for standard output).",
            rich_help_panel="Report",
        ),
    ] = ""
    markdown_file: Annotated[
        str,
        typer.Option(
            "--markdown",
            metavar="FILE",
            help="Write Markdown there (- for standard output).",
            rich_help_panel="Report",
        ),
    ] = ""


@functools.wraps(VerifyArguments, updated=())
def verify(**given: Any) -> None:
    with report_errors("verify"):
        from pulumi_tke_hybrid.verify import run_command

        code = run_command.run(VerifyArguments(**given))
    raise typer.Exit(code)
