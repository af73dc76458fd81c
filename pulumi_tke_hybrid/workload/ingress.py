"""A layer-7 load balancer in front of the workload."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.args import Args, args_class
from pulumi_tke_hybrid.component.inputs import EachItem, Input
from pulumi_tke_hybrid.tke import annotations, keys, names
from pulumi_tke_hybrid.tke import names as ids
from pulumi_tke_hybrid.tke.annotations import On
from pulumi_tke_hybrid.tke.rule import Finding
from pulumi_tke_hybrid.tke.rules.inputs import PROPERTY
from pulumi_tke_hybrid.workload.exposure import INGRESS_KEYS, ExposureArgs
from pulumi_tke_hybrid.workload.ports import port_problem
from pulumi_tke_hybrid.workload.service import given_findings, ingress_keys


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
    certificate_id=ids.certificate_problem,
)
class IngressArgs(Args):
    """A layer-7 load balancer in front of the workload."""

    exposure: ExposureArgs
    """Which load balancer; a Service and an Ingress cannot share one. `ExposureArgs` names what of it is
    fixed; the rest is updated in place."""

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
    """Tencent's id of the certificate for HTTPS. Default: HTTP only. With it the rules are on HTTPS only,
    unless one of the next two says otherwise. Updated in place."""

    redirect: Optional[bool] = None
    """Answer HTTP with a redirect to HTTPS. Needs `certificate_id`. Default: false. Updated in place."""

    both_protocols: Optional[bool] = None
    """Serve the same rules on HTTP and on HTTPS. Needs `certificate_id`. Default: false. Updated in place."""

    annotations: Optional[Mapping[str, Input[str]]] = None
    """Further annotations of the Ingress; none that the component writes itself. Updated in place, but for
    those that
    TKE reads only when it makes the load balancer (creation parameters, its region and VPC): a change of
    these is
    refused at preview until `allow_address_change`. Default: none."""

    def problems(self) -> Iterator[Finding]:
        if not self.exposure.is_there:
            yield PROPERTY.finding(
                "exposure.kind",
                "'none' makes no Ingress; say public, internal or existing, or leave ingress out",
            )
        if self.exposure.shared:
            yield PROPERTY.finding(
                "exposure.shared",
                "is about Services; an Ingress has a load balancer of its own (457/45490); leave it out",
            )
        if self.path is not None and self.paths is not None:
            yield PROPERTY.finding("paths", "path is given as well; give one of them")
        if self.paths is not None and not self.paths:
            yield PROPERTY.finding("paths", "is empty; leave it out for '/'")
        for name in ("redirect", "both_protocols"):
            if getattr(self, name) and self.certificate_id is None:
                yield PROPERTY.finding(name, "needs certificate_id; without HTTPS there is only one protocol")
        if self.redirect and self.both_protocols:
            yield PROPERTY.finding(
                "both_protocols", "contradicts redirect: HTTP either serves or redirects; leave one out"
            )
        written = ingress_keys(
            self.exposure,
            certificate=self.certificate_id is not None,
            redirect=bool(self.redirect),
            both_protocols=bool(self.both_protocols),
        )
        yield from given_findings(On.INGRESS, self.annotations, written, "annotations")

    @property
    def all_paths(self) -> Sequence[IngressPathArgs]:
        """The paths of each host."""
        return self.paths or [IngressPathArgs(path="/" if self.path is None else self.path)]


def ingress_annotations(
    args: IngressArgs, direct: bool, backend: Input[str], first_port: Input[int]
) -> dict[str, Input[str]]:
    """All annotations of the Ingress that TKE reads."""
    found: dict[str, Input[str]] = {
        **(args.annotations or {}),
        **annotations.ingress_annotations(direct, args.exposure.placement(INGRESS_KEYS)),
    }
    found[keys.INGRESS_REDIRECT] = annotations.flag(
        bool(args.redirect)
    )  # always: removing it would not switch it off
    if args.both_protocols:
        rules = _mixed_rules(args, backend, first_port)
        found |= {
            keys.INGRESS_RULE_MIX: annotations.flag(True),
            keys.INGRESS_HTTP_RULES: rules,
            keys.INGRESS_HTTPS_RULES: rules,
        }
    return found


def _hosts(args: IngressArgs) -> list[Input[str] | None]:
    return list(args.hosts) if args.hosts else [None]


def _port(args: IngressArgs, path: IngressPathArgs, first_port: Input[int]) -> Input[int]:
    return next(port for port in (path.port, args.port, first_port) if port is not None)


def _mixed_rules(args: IngressArgs, backend: Input[str], first_port: Input[int]) -> pulumi.Output[str]:
    rules = [
        {
            "host": host,
            "path": path.path,
            "backend": {"serviceName": backend, "servicePort": _port(args, path, first_port)},
        }
        for host in _hosts(args)
        for path in args.all_paths
    ]
    return pulumi.Output.from_input(rules).apply(_as_json)


def _as_json(rules: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(
        [{key: value for key, value in rule.items() if value is not None} for rule in rules],
        separators=(",", ":"),
    )


def ingress_spec(
    args: IngressArgs, backend: Input[str], first_port: Input[int], certificate: Input[str] | None
) -> kubernetes.networking.v1.IngressSpecArgs:
    """Rules for every host and path, and the Secret that names the certificate."""
    paths = [
        kubernetes.networking.v1.HTTPIngressPathArgs(
            path=path.path,
            path_type="ImplementationSpecific",
            backend=kubernetes.networking.v1.IngressBackendArgs(
                service=kubernetes.networking.v1.IngressServiceBackendArgs(
                    name=backend,
                    port=kubernetes.networking.v1.ServiceBackendPortArgs(
                        number=_port(args, path, first_port)
                    ),
                )
            ),
        )
        for path in args.all_paths
    ]
    return kubernetes.networking.v1.IngressSpecArgs(
        rules=[
            kubernetes.networking.v1.IngressRuleArgs(
                host=host, http=kubernetes.networking.v1.HTTPIngressRuleValueArgs(paths=paths)
            )
            for host in _hosts(args)
        ],
        tls=(
            None
            if certificate is None
            else [
                kubernetes.networking.v1.IngressTLSArgs(
                    hosts=list(args.hosts) if args.hosts else None, secret_name=certificate
                )
            ]
        ),
    )
