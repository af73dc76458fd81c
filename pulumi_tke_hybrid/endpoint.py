"""The API server's endpoint: its arguments, its resource, its kubeconfig and its Kubernetes provider."""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any, Literal, Optional, Union

import pulumi
import pulumi_kubernetes as kubernetes
import tencentcloud_iac_pulumi as tencentcloud

from pulumi_tke_hybrid.component import resource_hook
from pulumi_tke_hybrid.component.args import Args, args_class, child_options
from pulumi_tke_hybrid.component.inputs import Input
from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
from pulumi_tke_hybrid.component.live_objects import UPSERT
from pulumi_tke_hybrid.tke import names
from pulumi_tke_hybrid.tke.rule import COMBINATION, PROPERTY, Finding
from pulumi_tke_hybrid.tke.rules import ranges_and_pools


class EndpointAccess(str, Enum):
    """From where the API server can be reached."""

    INTRANET = "intranet"
    INTERNET = "internet"


@args_class(subnet_id=names.subnet_problem, security_group_id=names.security_group_problem)
class EndpointArgs(Args):
    """The API server's address."""

    access: Optional[Union[EndpointAccess, Literal["intranet", "internet"]]] = None
    """`intranet` or `internet`. Default: `intranet`. Updated in place: one endpoint is opened, the other one
    is closed."""

    subnet_id: Optional[Input[str]] = None
    """Subnet of an intranet endpoint. Default: the subnet of the first node pool. Read when the endpoint is
    opened; another subnet is refused at preview, also if it follows from another first pool."""

    security_group_id: Optional[Input[str]] = None
    """Security group of an internet endpoint; required for it. Default: none. Updated in place."""

    def problems(self) -> Iterator[Finding]:
        internet = self.access is EndpointAccess.INTERNET
        if internet and self.security_group_id is None:
            yield COMBINATION.finding(
                "security_group_id",
                "is required for an internet endpoint",
                why="it decides who may reach the API server",
                todo="give one",
            )
        own, other = ("internet", "intranet") if internet else ("intranet", "internet")
        belongs_to_other = "subnet_id" if internet else "security_group_id"
        if getattr(self, belongs_to_other) is not None:
            yield COMBINATION.finding(
                belongs_to_other,
                f"belongs to an {other} endpoint",
                why=f"an {own} one has none",
                todo=f"leave it out, or set access={other!r}",
            )


def open_endpoint(
    cluster: pulumi.Resource,
    owner: str,
    name: str,
    args: EndpointArgs,
    cluster_id: pulumi.Output[str],
    first_subnet: Input[str] | None,
    depends_on: Sequence[pulumi.Resource],
) -> tuple[tencentcloud.kubernetes.ClusterEndpoint, pulumi.Output[str]]:
    """Open the endpoint as a child of the cluster's component of that name; return the resource and its
    kubeconfig, a secret.

    `first_subnet` is the subnet of the first node pool, the default of an intranet endpoint.
    """
    internet, resource_name = args.access is EndpointAccess.INTERNET, f"{name}-endpoint"
    endpoint = tencentcloud.kubernetes.ClusterEndpoint(
        resource_name,
        cluster_id=cluster_id,
        cluster_internet=internet,
        cluster_internet_security_group=args.security_group_id if internet else None,
        cluster_intranet=not internet,
        cluster_intranet_subnet_id=None if internet else args.subnet_id or first_subnet,
        opts=child_options(cluster, depends_on=depends_on, hooks=_endpoint_hooks(owner, resource_name)),
    )
    kubeconfig = endpoint.kube_config if internet else endpoint.kube_config_intranet
    return endpoint, pulumi.Output.secret(kubeconfig)


def kubeconfig_problem(text: str | None, or_else: str = "leave it out") -> Finding | None:
    """Return a finding for an empty kubeconfig: the Kubernetes provider would use the machine's own
    kubeconfig."""
    if text and text.strip():
        return None
    why = "workloads would go to the cluster of this machine's own kubeconfig"
    return PROPERTY.finding("", "is empty", why=why, todo=f"give the cluster's own, or {or_else}")


def kubernetes_provider(
    cluster: pulumi.Resource,
    owner: str,
    name: str,
    cluster_id: pulumi.Output[str],
    kubeconfig: pulumi.Output[str],
    upsert: bool | None,
    depends_on: Sequence[pulumi.Resource],
) -> kubernetes.Provider:
    """Make a Kubernetes provider of the cluster. `upsert`: an existing object is taken over; None: not
    stated."""

    def not_empty(text: str | None) -> str:
        problem = kubeconfig_problem(text, "look at its endpoint in the console and run `pulumi refresh`")
        InvalidInputs.raise_if_any(owner, [problem.under("kubeconfig")] if problem else [])
        return str(text)

    # Not every version of pulumi-kubernetes has this argument; `upsert_problems` refuses it for a version
    # that has not.
    further: dict[str, Any] = {} if upsert is None else {UPSERT: upsert}
    return kubernetes.Provider(
        name,
        kubeconfig=kubeconfig.apply(not_empty),
        cluster_identifier=cluster_id,  # a rotated kubeconfig must not replace every object
        enable_server_side_apply=True,
        opts=child_options(cluster, depends_on=depends_on),
        **further,
    )


def _endpoint_hooks(owner: str, name: str) -> pulumi.ResourceHookBinding:
    """Refuse an update that would move the endpoint to another subnet."""

    def stays(hook: pulumi.ResourceHookArgs) -> None:
        before, after = hook.old_inputs or {}, hook.new_inputs or {}
        InvalidInputs.raise_if_any(owner, ranges_and_pools.moved_endpoint_findings(before, after))

    return pulumi.ResourceHookBinding(before_update=[resource_hook(f"{name}-stays", stays, at_preview=True)])
