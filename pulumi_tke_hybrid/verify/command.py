"""Options and help of `tke-hybrid verify`. The module `run_command` is imported when the command runs, so
that the help loads nothing heavy."""

import enum
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pulumi_tke_hybrid.cli.files import JsonFile, MarkdownFile, option, report_errors
from pulumi_tke_hybrid.cli.process import FailOn

HELP = """
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
"""The help after its first sentences, which stand in `cli.commands`."""

FACTS_HELP = (
    "JSON of the stack's cluster facts (- for standard input): pulumi stack output clusterFacts --json >"
    " facts.json"
)


class ProxyVersion(str, enum.Enum):
    V1 = "v1"
    V2 = "v2"


@dataclass(frozen=True, eq=False, repr=False)  # a help text pays for each method that is made
class VerifyArguments:
    """The options of the command line."""

    url: Annotated[
        str, typer.Argument(metavar="[URL]", help="http://, https:// or tcp:// address of the load balancer.")
    ] = ""
    service: Annotated[str, option("What", "The Service in front of the pods.", metavar="NS/NAME")] = ""
    ingress: Annotated[str, option("What", "The Ingress in front of the pods.", metavar="NS/NAME")] = ""
    port: Annotated[
        int,
        option(
            "What",
            "Port of the load balancer; default: a Service's first, 443 or 80 of an Ingress.",
            min=0,
            max=65535,
        ),
    ] = 0
    path: Annotated[str, option("What", "Path of the requests.")] = "/"
    host: Annotated[str, option("What", "Host header and TLS name, where they are not the URL's.")] = ""
    tcp: Annotated[
        bool,
        option("What", "The pods take plain TCP, also behind TCP_SSL. UDP is known from the port.", "--tcp"),
    ] = False
    insecure: Annotated[bool, option("What", "Accept any certificate.", "--insecure")] = False
    proxy_protocol: Annotated[
        ProxyVersion | None, option("What", "The port expects a PROXY protocol header.")
    ] = None
    expect_client: Annotated[
        str,
        option("Expected", "The address that pods should see. Default: this machine's own.", metavar="IP"),
    ] = ""
    zones: Annotated[
        str,
        option(
            "Expected",
            "Zones that must answer (--structure-only: have a pod). Default: those with a ready pod.",
            metavar="A,B",
        ),
    ] = ""
    min_per_zone: Annotated[int, option("Expected", "Pods of each zone that must answer.", min=1)] = 1
    sample: Annotated[
        bool, option("Expected", "Not every pod must answer; --min-per-zone is enough.", "--sample")
    ] = False
    accept_header: Annotated[
        bool | None,
        option(
            "Expected",
            "Whether HEADER_ONLY is a success. Default: for an Ingress or an HTTP listener.",
            "--accept-header/--peer-only",
        ),
    ] = None
    fail_on: Annotated[
        FailOn, option("Expected", "End with 2 at a fault (error), or also at a warning of the structure.")
    ] = FailOn.ERROR
    requests: Annotated[int, option("Traffic", "Requests, at the least.", min=1, max=1_000_000)] = 100
    concurrency: Annotated[int, option("Traffic", "Requests at once.", min=1, max=256)] = 16
    deadline: Annotated[float, option("Traffic", "Seconds for all traffic.", min=1)] = 60
    peer_field: Annotated[
        str,
        option("Answers", "Field of the application's JSON that holds the client's address.", metavar="A.B"),
    ] = ""
    pod_field: Annotated[
        str, option("Answers", "Field that holds the pod's name. Default: hostname, pod, …", metavar="A.B")
    ] = ""
    from_log: Annotated[bool, option("Answers", "Read the pods' access logs.", "--from-log")] = False
    from_tcp_table: Annotated[
        bool,
        option(
            "Answers",
            "Read the pods' TCP tables with kubectl exec, until each pod had a connection.",
            "--from-tcp-table",
        ),
    ] = False
    kubeconfig: Annotated[Path | None, option("Cluster", "Default: KUBECONFIG, ~/.kube/config.")] = None
    context: Annotated[str, option("Cluster", "Context of the kubeconfig.")] = ""
    structure_only: Annotated[
        bool, option("Cluster", "Send no traffic; read the Kubernetes API only.", "--structure-only")
    ] = False
    facts: Annotated[str, option("Cluster", FACTS_HELP, metavar="FILE")] = ""
    subnet: Annotated[
        list[str] | None, option("Cluster", "A container subnet; may be repeated.", metavar="ZONE=RANGE")
    ] = None
    lb_address: Annotated[
        list[str] | None, option("Cluster", "A further address of the load balancer.", metavar="IP|RANGE")
    ] = None
    node_address: Annotated[
        list[str] | None, option("Cluster", "A further address of a node.", metavar="IP")
    ] = None
    in_vpc: Annotated[
        bool,
        option("Job in the VPC", "Send the traffic from a Job on a node without target pods.", "--in-vpc"),
    ] = False
    image: Annotated[str, option("Job in the VPC", "Image with Python and pulumi-tke-hybrid.")] = ""
    pull_secret: Annotated[
        str, option("Job in the VPC", "Secret with which the image is pulled.", metavar="NAME")
    ] = ""
    json_file: JsonFile = ""
    markdown_file: MarkdownFile = ""


@functools.wraps(VerifyArguments, updated=())
def verify(**given: Any) -> None:
    with report_errors("verify"):
        from pulumi_tke_hybrid.verify import run_command

        code = run_command.run(VerifyArguments(**given))
    raise typer.Exit(code)
