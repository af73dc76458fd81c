"""IpamdConfig: container subnets registered as in the article, in the ConfigMap that ipamd reads at its
start."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

import pulumi
import pulumi_kubernetes as kubernetes

from pulumi_tke_hybrid.component.args import (
    Args,
    SeverityInput,
    args_class,
    check_deferred,
    child_options,
    parse_args,
    refuse_wrong_options,
    register_declared_outputs,
    report,
    require_provider,
)
from pulumi_tke_hybrid.component.inputs import Input, value_after, value_if_known
from pulumi_tke_hybrid.tke import ipamd, names
from pulumi_tke_hybrid.tke.rule import EMPTY, Finding, twice
from pulumi_tke_hybrid.tke.rules.immutable_fields import SUBNET_REMOVED
from pulumi_tke_hybrid.tke.rules.zones_and_subnets import addon_findings, unknown_version_text

FIELD_MANAGER = "tke-hybrid"
CHECKSUM_ANNOTATION = "tke-hybrid/ipamd-config-checksum"


@args_class(subnet_id=names.subnet_problem, zone=names.zone_problem)
class IpamdSubnetArgs(Args):
    """One entry of ipamd's list."""

    subnet_id: Input[str]
    """Id of a container subnet. A change is refused, as that of a subnet that leaves the list."""

    zone: Input[str]
    """Its zone. Newer ipamd ignores it (457/48040); kept aligned as in the article. Updated in place."""


@args_class(vpc_id=names.vpc_problem)
class IpamdConfigArgs(Args):
    """Arguments of `IpamdConfig`."""

    vpc_id: Input[str]
    """The cluster's VPC. Updated in place; ipamd restarts."""

    eni_subnets: Sequence[IpamdSubnetArgs]
    """Every container subnet, in an order that never changes: append only. A subnet that only ipamd has is
    refused."""

    use_ambient_provider: Optional[bool] = None
    """Use the cluster of the machine's own kubeconfig. Default: false, the program must give a provider. A
    provider of another cluster replaces the objects."""

    rules: Optional[Mapping[str, SeverityInput]] = None
    """Severities of single rules, by their ids in docs/rules.md: `error`, `warning` or `note`. Default: each
    rule's own. Changes nothing that exists."""

    def problems(self) -> Iterator[Finding]:
        if not self.eni_subnets:
            why, todo = "ipamd without subnets gives no pod an address", "list every container subnet"
            yield EMPTY.finding("eni_subnets", "is empty", why=why, todo=todo)
        ids = [value_if_known(subnet.subnet_id) for subnet in self.eni_subnets]
        for index, subnet_id in enumerate(ids):
            if subnet_id is not None and (first := ids.index(subnet_id)) < index:
                yield twice(f"eni_subnets[{index}].subnet_id", subnet_id, f"eni_subnets[{first}]")


class IpamdConfig(pulumi.ComponentResource):
    """The ConfigMap `kube-system/tke-eni-ipamd` as the article edits it, and a restart of ipamd after a
    change.

    For clusters without `AddVpcCniSubnets`, with an ipamd before 3.5.0. A later ipamd is an add-on that TKE
    manages, and is refused unless the rule `configmap-of-addon` is lowered. Both objects belong to TKE: they
    are read before any change, patched, never created, and left as they are on destroy. If an object is
    missing, the read of `<name>-live` or `<name>-live-deployment` fails: it "does not exist".
    """

    data: pulumi.Output[Mapping[str, str]]
    """The three keys of the ConfigMap."""
    checksum: pulumi.Output[str]
    """Checksum of the content."""

    def __init__(
        self, name: str, args: IpamdConfigArgs | Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Register the subnets in ipamd's ConfigMap, and restart ipamd when the ConfigMap changed.

        `name` is the component's name. `args` may be a dictionary of the same shape. `opts.provider` is the
        cluster's Kubernetes provider. Raises `InvalidInputs`, naming each property, before any change; also
        for an ipamd that is an add-on of version 3.5.0 or later, or that has a subnet which the program does
        not list.
        """
        owner = f"IpamdConfig {name!r}"
        parsed = parse_args(IpamdConfigArgs, args, owner)
        refuse_wrong_options(opts, owner)
        described = [{"id": subnet.subnet_id, "zone": subnet.zone} for subnet in parsed.eni_subnets]
        shown = pulumi.Output.all(vpc_id=parsed.vpc_id, subnets=described).apply(config_data)
        super().__init__("tke-hybrid:index:IpamdConfig", name, {"data": shown, "rules": parsed.rules}, opts)
        if not parsed.use_ambient_provider:
            require_provider(self._providers, owner)
        checked = check_deferred(self, owner, parsed)

        where = f"{ipamd.NAMESPACE}/{ipamd.NAME}"
        live = kubernetes.core.v1.ConfigMap.get(f"{name}-live", where, child_options(self))
        # A read does not wait until ipamd is ready (measured with pulumi-kubernetes 4.25).
        deployment = kubernetes.apps.v1.Deployment.get(f"{name}-live-deployment", where, child_options(self))

        def refuse(values: list[Any]) -> dict[str, str]:
            there, containers, data = values
            image = ipamd.own_image({container["name"]: container["image"] for container in containers})
            report(self, owner, parsed.settings, [*addon_findings(image), *_lost(there or {}, data)])
            if ipamd.version(image) is None:
                pulumi.log.warn(f"{owner}: {unknown_version_text(image)}", self)
            return dict(data)

        self.data = pulumi.Output.all(
            live.data, deployment.spec.template.spec.containers, value_after(shown, checked)
        ).apply(refuse)
        self.checksum = self.data.apply(ipamd.checksum)
        self._patch(name, live.metadata.uid, deployment.metadata.uid)
        register_declared_outputs(self, IpamdConfig)

    def _patch(
        self, name: str, config_map_uid: pulumi.Output[str], deployment_uid: pulumi.Output[str]
    ) -> None:
        """Patch the ConfigMap, then restart ipamd by its checksum.

        TKE deletes both objects some time after VPC-CNI was switched off, and makes new objects once VPC-CNI
        is on again. A refresh before the deletion leaves the patches in the state; the uid of the new object
        then triggers their replacement.
        """
        patching = {"pulumi.com/patchFieldManager": FIELD_MANAGER, "pulumi.com/patchForce": "true"}
        config_map = kubernetes.core.v1.ConfigMapPatch(
            f"{name}-configmap",
            metadata=kubernetes.meta.v1.ObjectMetaPatchArgs(
                name=ipamd.NAME,
                namespace=ipamd.NAMESPACE,
                annotations={**patching, "pulumi.com/skipAwait": "true"},
            ),
            data=self.data,
            opts=child_options(self, retain_on_delete=True, replacement_trigger=config_map_uid),
        )
        restarted = kubernetes.meta.v1.ObjectMetaPatchArgs(annotations={CHECKSUM_ANNOTATION: self.checksum})
        template = kubernetes.core.v1.PodTemplateSpecPatchArgs(metadata=restarted)
        # Pulumi awaits the patch: afterwards the new ipamd runs and has read the ConfigMap.
        kubernetes.apps.v1.DeploymentPatch(
            f"{name}-restart",
            metadata=kubernetes.meta.v1.ObjectMetaPatchArgs(
                name=ipamd.NAME, namespace=ipamd.NAMESPACE, annotations=patching
            ),
            spec=kubernetes.apps.v1.DeploymentSpecPatchArgs(template=template),
            opts=child_options(
                self, depends_on=[config_map], retain_on_delete=True, replacement_trigger=deployment_uid
            ),
        )


def _lost(there: Mapping[str, str], data: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding if the live list has subnets that the program does not list."""
    listed = ipamd.registered_subnets(data)
    missing = [item for item in ipamd.registered_subnets(there) if item not in listed]
    if missing:
        yield SUBNET_REMOVED.finding(
            "eni_subnets",
            "is in ipamd's list but not in the program",
            value=", ".join(missing),
            why="pods may hold addresses in it",
            todo="add it, with its zone, at its place in the list",
        )


def config_data(values: dict[str, Any]) -> dict[str, str]:
    """Return the content of the ConfigMap for `vpc_id` and `subnets`, each with `id` and `zone`."""
    return ipamd.config_data(
        values["vpc_id"], [(subnet["id"], subnet["zone"]) for subnet in values["subnets"]]
    )
