"""The Ingress of a workload: `IngressArgs`, checks, and the object itself."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Optional

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.args import Args, args_class
from pulumi_tke_hybrid.component.inputs import EachItem, Input, value_if_known
from pulumi_tke_hybrid.tke import annotations, keys, names
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.rule import COMBINATION, EMPTY, Finding, twice_findings
from pulumi_tke_hybrid.tke.rules.annotation_checks import TLS
from pulumi_tke_hybrid.tke.rules.load_balancer_rules import (
    NO_LOAD_BALANCER,
    SHARED_INGRESS_FINDING,
    ingress_port_findings,
    same_load_balancer_findings,
)
from pulumi_tke_hybrid.workload import hooks
from pulumi_tke_hybrid.workload.exposure_args import INGRESS_KEYS, ExposureArgs
from pulumi_tke_hybrid.workload.ports import port_problem
from pulumi_tke_hybrid.workload.workload_objects import INGRESS, WorkloadObjects
from pulumi_tke_hybrid.workload.workload_service import (
    ADDRESS_ONLY,
    annotation_findings,
    front_options,
    make_certificate,
)

if TYPE_CHECKING:
    from pulumi_tke_hybrid.workload.workload_args import ClientIpWorkloadArgs

Routes = Sequence[tuple[Input[str], Input[str], Input[int]]]
"""Path, and name and port of the Service that requests go to."""


def _path_problem(value: str) -> str | None:
    return None if value.startswith("/") else f"{value!r} does not start with '/'"


def _hosts_problem(hosts: Sequence[object]) -> str | None:
    return None if hosts else "is empty; leave it out for every host"


@args_class(path=_path_problem, port=port_problem)
class IngressPathArgs(Args):
    """One path and where its requests go."""

    path: Input[str]
    """Path, starting with `/`; TKE matches it as a prefix. Updated in place."""

    port: Optional[Input[int]] = None
    """Port of the Service that requests go to. Default: the Ingress's `port`. Updated in place."""


@args_class(
    hosts=EachItem(names.host_problem, whole=_hosts_problem),
    path=_path_problem,
    port=port_problem,
    certificate_id=names.certificate_problem,
)
class IngressArgs(Args):
    """A layer-7 load balancer in front of the workload."""

    exposure: ExposureArgs
    """Which load balancer; a Service and an Ingress cannot share a load balancer. `ExposureArgs` names what
    is fixed; the rest is updated in place."""

    hosts: Optional[Sequence[Input[str]]] = None
    """Host names, each with a dot (E4052), `*.example.com` too. Default: every host, as in the article.
    Updated in place."""

    path: Optional[Input[str]] = None
    """The one path. Default: `/`. Updated in place."""

    paths: Optional[Sequence[IngressPathArgs]] = None
    """Several paths, for each host; instead of `path`. Default: `path` alone. Updated in place."""

    port: Optional[Input[int]] = None
    """Port of the Service that requests go to. Default: the first one. Updated in place."""

    certificate_id: Optional[Input[str]] = None
    """Tencent's id of the certificate for HTTPS. Default: HTTP only. With a certificate the rules are on
    HTTPS only, without `redirect` and `both_protocols`. Updated in place."""

    redirect: Optional[bool] = None
    """Answer HTTP with a redirect to HTTPS. Needs `certificate_id`. Default: false. Updated in place."""

    both_protocols: Optional[bool] = None
    """Serve the same rules on HTTP and on HTTPS. Needs `certificate_id`. Default: false. Updated in place."""

    annotations: Optional[Mapping[str, Input[str]]] = None
    """Further annotations of the Ingress, except the component's own. Updated in place; a change of an
    annotation that TKE reads only when it makes the load balancer (creation parameters, region, VPC) is
    refused at preview until `allow_address_change`. Default: none."""

    def problems(self) -> Iterator[Finding]:
        if not self.exposure.has_load_balancer:
            todo = "choose public, internal or existing, or leave ingress out"
            yield NO_LOAD_BALANCER.finding("exposure.kind", "'none' makes no Ingress", todo=todo)
        if self.exposure.shared:
            yield SHARED_INGRESS_FINDING
        if self.path is not None and self.paths is not None:
            yield COMBINATION.finding("paths", "path is given as well", todo="give one of them")
        if self.paths is not None and not self.paths:
            yield EMPTY.finding("paths", "is empty", todo="leave it out for '/'")
        for name in ("redirect", "both_protocols"):
            if getattr(self, name) and self.certificate_id is None:
                why = "without HTTPS there is only one protocol"
                yield COMBINATION.finding(name, "needs certificate_id", why=why)
        if self.redirect and self.both_protocols:
            what = "contradicts redirect: HTTP either serves or redirects"
            yield COMBINATION.finding("both_protocols", what, todo="leave one out")
        yield from annotation_findings(On.INGRESS, self.annotations, self._written(), "annotations")

    def _written(self) -> dict[str, str]:
        """Return the annotations that the component writes on the Ingress, each with its argument."""
        found = self.exposure.argument_of(INGRESS_KEYS, "exposure")
        if self.certificate_id is not None:
            found[TLS] = "certificate_id"
        if self.redirect:
            found[keys.INGRESS_REDIRECT] = "redirect"
        if self.both_protocols:
            rules = (keys.INGRESS_RULE_MIX, keys.INGRESS_HTTP_RULES, keys.INGRESS_HTTPS_RULES)
            found |= dict.fromkeys(rules, "both_protocols")
        return found

    @property
    def all_paths(self) -> Sequence[IngressPathArgs]:
        """The paths of each host."""
        return self.paths or [IngressPathArgs(path="/" if self.path is None else self.path)]


def ingress_findings(args: "ClientIpWorkloadArgs", ingress: IngressArgs) -> Iterator[Finding]:
    """Compare the Ingress with the Service behind it."""
    paths = [path.port for path in ingress.paths or ()]
    by_default = ingress.port is None and (not paths or None in paths)
    targets = [("ingress.port", args.all_ports[0].port if by_default else ingress.port)]
    targets += [(f"ingress.paths[{index}].port", port) for index, port in enumerate(paths)]
    ports = [(value_if_known(port.port), port.transport) for port in args.all_ports]
    for path, target in targets:
        number = value_if_known(target)
        if number is not None:
            yield from ingress_port_findings(path, number, ports)
    yield from twice_findings("ingress.hosts", ingress.hosts or ())
    yield from twice_findings("ingress.paths", [path.path for path in ingress.paths or ()])
    service, own = args.exposure.load_balancer_id, ingress.exposure.load_balancer_id
    yield from same_load_balancer_findings(value_if_known(service), value_if_known(own))


def make_ingress(
    objects: WorkloadObjects, service: pulumi.Resource
) -> "kubernetes.networking.v1.Ingress | None":
    """Make the Ingress, with the Secret of its certificate; None without an Ingress."""
    args, ingress, certificate = objects.args, objects.args.ingress, None
    if ingress is None:
        return None
    if ingress.certificate_id is not None:
        certificate = make_certificate(objects, "ingress-certificate", ingress.certificate_id)
    default = args.all_ports[0].port if ingress.port is None else ingress.port
    routes = [
        (path.path, objects.service_name, default if path.port is None else path.port)
        for path in ingress.all_paths
    ]
    written = {**_ingress_annotations(ingress, args.is_direct, routes), **ADDRESS_ONLY}
    name = f"{objects.name}-ingress"
    made = kubernetes.networking.v1.Ingress(
        name,
        metadata=objects.metadata(child=INGRESS, written=written),
        spec=_ingress_spec(ingress, routes, certificate),
        opts=front_options(objects, On.INGRESS, name, hooks.check_ingress, [service]),
    )
    objects.fronts[On.INGRESS] = made.metadata, made.spec
    return made


def _ingress_annotations(args: IngressArgs, direct: bool, routes: Routes) -> dict[str, Input[str]]:
    """Return all annotations of the Ingress that TKE reads."""
    found: dict[str, Input[str]] = {
        **(args.annotations or {}),
        **annotations.ingress_annotations(direct, args.exposure.load_balancer_annotations(INGRESS_KEYS)),
    }
    # Written always: the removal of the annotation would not switch the redirect off.
    found[keys.INGRESS_REDIRECT] = annotations.flag(bool(args.redirect))
    if args.both_protocols:
        rules = _mixed_rules(args, routes)
        found |= {
            keys.INGRESS_RULE_MIX: annotations.flag(True),
            keys.INGRESS_HTTP_RULES: rules,
            keys.INGRESS_HTTPS_RULES: rules,
        }
    return found


def _hosts(args: IngressArgs) -> list[Input[str] | None]:
    return list(args.hosts) if args.hosts else [None]


def _mixed_rules(args: IngressArgs, routes: Routes) -> pulumi.Output[str]:
    rules = [
        {"host": host, "path": path, "backend": {"serviceName": service, "servicePort": port}}
        for host in _hosts(args)
        for path, service, port in routes
    ]
    return pulumi.Output.from_input(rules).apply(_as_json)


def _as_json(rules: Sequence[Mapping[str, Any]]) -> str:
    shown = [{key: value for key, value in rule.items() if value is not None} for rule in rules]
    return json.dumps(shown, separators=(",", ":"))


def _ingress_spec(
    args: IngressArgs, routes: Routes, certificate: Input[str] | None
) -> "kubernetes.networking.v1.IngressSpecArgs":
    """Return the rules for every host and path, and the Secret that names the certificate."""
    v1 = kubernetes.networking.v1
    tls = None
    paths = [
        v1.HTTPIngressPathArgs(
            path=path,
            path_type="ImplementationSpecific",
            backend=v1.IngressBackendArgs(
                service=v1.IngressServiceBackendArgs(
                    name=service, port=v1.ServiceBackendPortArgs(number=port)
                )
            ),
        )
        for path, service, port in routes
    ]
    rule = v1.HTTPIngressRuleValueArgs(paths=paths)
    if certificate is not None:
        hosts = list(args.hosts) if args.hosts else None
        tls = [v1.IngressTLSArgs(hosts=hosts, secret_name=certificate)]
    return v1.IngressSpecArgs(
        rules=[v1.IngressRuleArgs(host=host, http=rule) for host in _hosts(args)], tls=tls
    )
