"""Dangerous changes of what TKE runs in a cluster for the pod network."""

from collections.abc import Iterator, Sequence

from pulumi_tke_hybrid.tke import ipamd, tokens
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity
from pulumi_tke_hybrid.tke.rules.changes_of_clusters import GR_SOURCE_ADDRESS, list_losses
from pulumi_tke_hybrid.tke.step import Check, Op, Props, Step, at, mapping, unknown

MASQUERADE_CONFIG_MAP = "ip-masq-agent-config"
IPAMD_ADDONS = ("eniipamd", "tke-eni-ipamd")

IPAMD_RESTART = Rule("ipamd-restart", Severity.WARNING, "A restart of ipamd is known of before.", "ipamd's objects and add-on", "article")


def _object_name(step: Step) -> object:
    return at(step.new or step.old, "metadata", "name")


def _data(props: Props) -> object:
    return props.get("data")


def _ipamd_config(step: Step) -> Iterator[Finding]:
    if _object_name(step) != ipamd.NAME or _data(step.old) == _data(step.new) or not step.new or unknown(_data(step.new)):
        return
    before, after = (ipamd.registered_subnets(_strings(_data(props))) for props in (step.old, step.new))
    if not any(unknown(item) for item in after):
        yield from list_losses(f"{step.name}.data.{ipamd.SUBNET_IDS}", before, after)


def _strings(value: object) -> dict[str, str]:
    return {str(key): item for key, item in mapping(value).items() if isinstance(item, str)}


def _ipamd_restart(step: Step) -> Iterator[Finding]:
    if _object_name(step) != ipamd.NAME or not step.new:
        return
    if at(step.old, "spec", "template") != at(step.new, "spec", "template"):
        yield _restart(step.name, "a changed template restarts ipamd")
    elif step.op is Op.REPLACE and "provider" not in step.replace_keys:  # TKE made the object anew, and the patch is on the old one
        yield _restart(step.name, "what is made again restarts ipamd")


def _ipamd_addon(step: Step) -> Iterator[Finding]:
    if (step.new or step.old).get("addonName") in IPAMD_ADDONS and step.op is not Op.CREATE:
        yield _restart(step.name, "a change of ipamd's add-on restarts it")


def _restart(where: str, what: str) -> Finding:
    return IPAMD_RESTART.finding(
        where, what, why="pods that run keep their network; new pods wait until it is back", todo="do not roll workloads at the same time"
    )


def _masquerade_list(step: Step) -> Iterator[Finding]:
    if _object_name(step) == MASQUERADE_CONFIG_MAP and _data(step.old) != _data(step.new):
        yield GR_SOURCE_ADDRESS.finding(
            f"{step.name}.data",
            "the list of ip-masq-agent changes",
            why="it decides whether others see a GlobalRouter pod's own address or its node's",
            todo="check what the destinations admit",
        )


CHECKS: dict[str, Sequence[Check]] = {
    **dict.fromkeys(tokens.CONFIG_MAPS, (_ipamd_config, _masquerade_list)),
    **dict.fromkeys(tokens.IPAMD_WORKLOADS, (_ipamd_restart,)),
    tokens.ADDON: (_ipamd_addon,),
    tokens.ADDON_CONFIG: (_ipamd_addon,),
}
