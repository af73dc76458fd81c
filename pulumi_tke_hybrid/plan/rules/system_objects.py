"""Dangerous changes of what TKE runs in a cluster for the pod network."""

import re
from collections.abc import Iterator
from ipaddress import ip_network

from pulumi_tke_hybrid.plan import resource_types
from pulumi_tke_hybrid.plan.model import Op, Step
from pulumi_tke_hybrid.plan.resource_types import is_patch
from pulumi_tke_hybrid.plan.rules.clusters import (
    GR_SOURCE_ADDRESS,
    POD_NETWORK_OFF,
    POD_SUBNET_LEAVES,
    list_losses,
)
from pulumi_tke_hybrid.plan.rules.registry import EVERY, rule
from pulumi_tke_hybrid.tke import ipamd
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.values import Props, at, mapping, unknown

MASQUERADE_CONFIG_MAP = "ip-masq-agent-config"
IPAMD_ADDONS = ("eniipamd", "tke-eni-ipamd")

IPAMD_REMOVED = Rule(
    "ipamd-removed",
    Severity.ERROR,
    "ipamd, which gives pods the addresses of container subnets, stays: its add-on is not deleted or "
    "replaced, its Deployment and its ConfigMap are not deleted.",
    "the operation on ipamd's add-on, Deployment or ConfigMap",
    "article: ipamd hands out the addresses; 457/50360",
)
IPAMD_RESTART = Rule(
    "ipamd-restart",
    Severity.WARNING,
    "A restart of ipamd is known before the apply: its pod template or its add-on changes.",
    "ipamd's objects and add-on",
    "article",
)


def _object_name(step: Step) -> object:
    return at(step.new or step.old, "metadata", "name")


def _data(props: Props) -> object:
    return props.get("data")


@rule(IPAMD_REMOVED, POD_NETWORK_OFF, POD_SUBNET_LEAVES, on=resource_types.CONFIG_MAPS)
def _ipamd_config(step: Step) -> Iterator[Finding]:
    if _object_name(step) != ipamd.NAME or _data(step.old) == _data(step.new) or unknown(_data(step.new)):
        return
    if step.op is Op.DELETE and not is_patch(step.type):
        yield _removed(step, "ipamd's configuration would be deleted")
        return
    before, after = (ipamd.registered_subnets(_strings(_data(props))) for props in (step.old, step.new))
    if not any(unknown(item) for item in after):
        yield from list_losses(f"{step.name}.data.{ipamd.SUBNET_IDS}", before, after, refused=False)


def _strings(value: object) -> dict[str, str]:
    return {str(key): item for key, item in mapping(value).items() if isinstance(item, str)}


@rule(IPAMD_REMOVED, IPAMD_RESTART, on=resource_types.IPAMD_WORKLOADS)
def _ipamd_restart(step: Step) -> Iterator[Finding]:
    if _object_name(step) != ipamd.NAME:
        return
    if step.op is Op.DELETE and not is_patch(step.type):
        yield _removed(step, "ipamd would be deleted")
    elif at(step.old, "spec", "template") != at(step.new, "spec", "template"):
        yield _restart(step.name, "a changed template restarts ipamd")
    elif (
        step.op is Op.REPLACE and "provider" not in step.replace_keys
    ):  # TKE made the object anew, and the patch is on the old one
        yield _restart(step.name, "what is made again restarts ipamd")


def addon_name(step: Step) -> str:
    """The add-on's name, as `Addon`, `AddonConfig` and `AddonAttachment` write it."""
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
            "certain, when it is applied: no new pod gets an address of a pod subnet, and no address comes"
            " back; pods that run keep theirs"
        ),
        todo="go back to the old value" if step.op is Op.REPLACE else "keep it in the program",
    )


def _versions(step: Step) -> str:
    """The add-on's version, from and to."""
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
            "certain, for about a minute: new pods wait for their address of a pod subnet, because ipamd"
            " gives none; pods that run keep theirs, and no connection breaks"
        ),
        todo="apply it while no workload is rolled out",
    )


@rule(GR_SOURCE_ADDRESS, on=resource_types.CONFIG_MAPS)
def _masquerade_list(step: Step) -> Iterator[Finding]:
    if _object_name(step) == MASQUERADE_CONFIG_MAP and _data(step.old) != _data(step.new):
        yield GR_SOURCE_ADDRESS.finding(
            f"{step.name}.data",
            _ranges_text(step),
            why=(
                "certain, as soon as it is applied: these destinations see another source address of pods on"
                " the overlay (GlobalRouter); the pod's own for ranges in this list (non-masquerade), the"
                " node's for all others; possible: a firewall or allow-list there refuses them"
            ),
            todo="keep the list as it is",
            intended=(
                "admit the cluster's pod range at the added destinations, and the nodes' addresses at the"
                " removed ones"
            ),
        )


_MOST = 5
_RANGE = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}")


def _overlap(one: str, other: str) -> bool:
    """Whether two ranges share addresses; text that is no range may hold any."""
    try:
        return ip_network(one, strict=False).overlaps(ip_network(other, strict=False))
    except ValueError:
        return True


def _ranges_text(step: Step) -> str:
    """The ranges that the list gains and loses; it is text in YAML or JSON, of which only the ranges are
    read."""
    before, after = (
        _RANGE.findall(" ".join(_strings(_data(props)).values())) for props in (step.old, step.new)
    )
    added, removed = (
        [item for item in one if item not in other][:_MOST]
        for one, other in ((after, before), (before, after))
    )
    rest = (
        ", as far as no other range of the list holds them"
        if any(_overlap(gone, left) for gone in removed for left in after)
        else ""
    )
    told = [f"+{', '.join(added)}: these destinations see the pods' own address from now on"] if added else []
    told += (
        [f"-{', '.join(removed)}: these destinations see the node's address from now on{rest}"]
        if removed
        else []
    )
    change = f" ({'; '.join(told)})" if told else ""
    return (
        "the list of ip-masq-agent (non-masquerade ranges)"
        f" {'goes' if step.op is Op.DELETE else 'changes'}{change}"
    )
