"""Rules on the stack itself: resources that leave the stack and stay in the cloud, and versions of
providers.

Rules on TKE's own objects for the pod network: ipamd's Deployment, ConfigMap and add-on."""

from collections.abc import Iterator

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Step, is_patch
from pulumi_tke_hybrid.plan.rules.cluster_rules import POD_NETWORK_OFF, POD_SUBNET_LEAVES, list_losses
from pulumi_tke_hybrid.plan.rules.registry import EVERY, Shape, rule
from pulumi_tke_hybrid.tke import ipamd
from pulumi_tke_hybrid.tke.objects import at, mapping, unknown
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

LEFT_UNMANAGED = Rule(
    "left-unmanaged",
    "A resource with `retain_on_delete` that leaves the stack and stays in the cloud is named.",
    "the operation; retainOnDelete in the stack's last state",
    "Pulumi, resource option retainOnDelete: the engine makes no call of the provider",
    severity=Severity.NOTE,
)
VERSION_CHANGE = Rule(
    "version-change",
    "A change of a provider's version is named.",
    "versions of the providers",
    "lists of the provider that are ordered in one version and sets in another: tf-tencent#4121",
    severity=Severity.NOTE,
)


@rule(LEFT_UNMANAGED, on=Shape.ANY)
def _left_unmanaged(step: Step) -> Iterator[Finding]:
    """Report a retained resource of the network that leaves the program, or beside which a new one is
    created."""
    if not step.left or not step.custom or not _is_of_network(step):
        return
    beside = step.op is not Op.LEAVE
    if beside and is_patch(step.type):
        return
    yield LEFT_UNMANAGED.finding(
        step.name,
        (
            "stays in the cloud as it is, and a new one is made beside it"
            if beside
            else "leaves the stack only, and stays in the cloud as it is"
        ),
        value=step.id,
        why="the program retains it, so nothing is deleted; from then on no program changes or guards it",
        todo="keep its id, so that a program can import it again or somebody can delete it",
    )


def _is_of_network(step: Step) -> bool:
    if step.type.startswith("tencentcloud:"):
        return resource_types.may_hold_network(step.type)
    return step.type.startswith("kubernetes:") or step.type == resource_types.SWITCH


@rule(VERSION_CHANGE, on=Shape.PROVIDER)
def _version_changed(step: Step) -> Iterator[Finding]:
    before, after = step.old.get("version"), step.new.get("version")
    if before and after and before != after:
        yield VERSION_CHANGE.finding(
            step.name,
            f"instead of {before}",
            value=f"{step.type.removeprefix(resource_types.PROVIDERS)} {after}",
            why="differences without a line in the program may come from it",
            todo="read its list of changes",
        )


IPAMD_ADDONS = ("eniipamd", "tke-eni-ipamd")

IPAMD_REMOVED = Rule(
    "ipamd-removed",
    "ipamd, which gives pods the addresses of container subnets, stays: its add-on is not deleted or "
    "replaced, its Deployment and its ConfigMap are not deleted.",
    "the operation on ipamd's add-on, Deployment or ConfigMap",
    "article: ipamd hands out the addresses; 457/50360",
)
IPAMD_RESTART = Rule(
    "ipamd-restart",
    "A restart of ipamd is known before the apply: its pod template or its add-on changes.",
    "ipamd's objects and add-on",
    "article",
    severity=Severity.WARNING,
)


def object_name(step: Step) -> object:
    """The name of an object of Kubernetes."""
    return at(step.new or step.old, "metadata", "name")


@rule(IPAMD_REMOVED, POD_NETWORK_OFF, POD_SUBNET_LEAVES, on=resource_types.CONFIG_MAPS)
def _ipamd_config(step: Step) -> Iterator[Finding]:
    if (
        object_name(step) != ipamd.NAME
        or step.old.get("data") == step.new.get("data")
        or unknown(step.new.get("data"))
    ):
        return
    if step.op is Op.DELETE and not is_patch(step.type):
        yield _removed(step, "ipamd's configuration would be deleted")
        return
    before, after = (ipamd.registered_subnets(strings(props.get("data"))) for props in (step.old, step.new))
    if not any(unknown(item) for item in after):
        yield from list_losses(f"{step.name}.data.{ipamd.SUBNET_IDS}", before, after, refused=False)


def strings(value: object) -> dict[str, str]:
    """The entries of a JSON object whose values are strings."""
    return {str(key): item for key, item in mapping(value).items() if isinstance(item, str)}


@rule(IPAMD_REMOVED, IPAMD_RESTART, on=resource_types.IPAMD_WORKLOADS)
def _ipamd_restart(step: Step) -> Iterator[Finding]:
    if object_name(step) != ipamd.NAME:
        return
    if step.op is Op.DELETE and not is_patch(step.type):
        yield _removed(step, "ipamd would be deleted")
    elif at(step.old, "spec", "template") != at(step.new, "spec", "template"):
        yield _restart(step.name, "a changed template restarts ipamd")
    elif step.op is Op.REPLACE and "provider" not in step.replace_keys:
        # TKE created a new Deployment; the old patch was on the old one.
        yield _restart(step.name, "what is made again restarts ipamd")


def addon_name(step: Step) -> str:
    """Return the add-on's name, from `Addon`, `AddonConfig` or `AddonAttachment`."""
    given = step.new or step.old
    return next((found for key in ("addonName", "name") if isinstance(found := given.get(key), str)), "")


@rule(IPAMD_REMOVED, IPAMD_RESTART, on=resource_types.ADDONS, operations=EVERY - {Op.CREATE})
def _ipamd_addon(step: Step) -> Iterator[Finding]:
    if addon_name(step) not in IPAMD_ADDONS:
        return
    if not step.op.ends or step.type == resource_types.ADDON_CONFIG:
        yield _restart(step.name, "a change of ipamd's add-on restarts it", _versions(step))
        return
    again = f"replaced ({step.replaced_for})" if step.op is Op.REPLACE else "deleted"
    yield _removed(step, f"ipamd's add-on would be {again}", _versions(step))


def _removed(step: Step, what: str, value: str = "") -> Finding:
    return IPAMD_REMOVED.finding(
        step.name,
        what,
        value=value,
        why=(
            "certain, when it is applied: no new pod gets an address of a container subnet, and no address"
            " comes back; pods that run keep theirs"
        ),
        todo="go back to the old value" if step.op is Op.REPLACE else "keep it in the program",
    )


def _versions(step: Step) -> str:
    """The add-on's version, before → after."""
    found = [
        next((v for key in ("addonVersion", "version") if (v := props.get(key))), "")
        for props in (step.old, step.new)
    ]
    before, after = (value if isinstance(value, str) and not unknown(value) else "" for value in found)
    return f"{before} → {after}" if before and after and before != after else before


def _restart(where: str, what: str, value: str = "") -> Finding:
    return IPAMD_RESTART.finding(
        where,
        what,
        value=value,
        why=(
            "certain, for about a minute: new pods wait for their address of a container subnet, because"
            " ipamd gives none; pods that run keep theirs, and no connection breaks"
        ),
        todo="apply it while no workload is rolled out",
    )
