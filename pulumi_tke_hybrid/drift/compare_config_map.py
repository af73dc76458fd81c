"""What ipamd is configured with inside the cluster, as far as its version is known to read it.

Before 3.5.0 ipamd reads three keys of its ConfigMap when it starts, as the article edits them. From then on
TKE manages
it as the add-on eniipamd, with another key whose fields are not documented (457/50360): what is told there is
compared,
never as a danger, and no advice is to edit it.
"""

from collections.abc import Iterator

from pulumi_tke_hybrid.drift import sources
from pulumi_tke_hybrid.drift.finding import Finding, Severity
from pulumi_tke_hybrid.drift.sources import (
    CLOUD,
    IPAMD,
    CloudSide,
    ConfigMapSide,
    NetworkConf,
    Picture,
    Unread,
)
from pulumi_tke_hybrid.tke import ipamd


def findings(picture: Picture) -> Iterator[Finding]:
    """What differs, or why it was not compared."""
    side, version = picture.config_map, picture.ipamd_version
    name = f"{ipamd.NAMESPACE}/{ipamd.NAME}"
    if isinstance(side, Unread):
        return
    if picture.keys_count or (
        not side.present and not side.read_by_deployment and side.conf is None and version is None
    ):
        yield from _keys(picture, side, name)
    elif version is None:
        yield _version_unknown(picture, side, name)
    else:
        yield from _addon(picture, side.conf or NetworkConf(), name, ipamd.shown(version))


def _version_unknown(picture: Picture, side: ConfigMapSide, name: str) -> Finding:
    image = f"its image {side.image} has no version" if side.image else "its Deployment names no image"
    if not side.read_by_deployment:
        image = "its Deployment is not in the cluster"
    addon = (
        picture.addon.reason
        if isinstance(picture.addon, Unread)
        else f"component management has no add-on {ipamd.ADDON}"
    )
    return Finding(
        "configmap-not-compared",
        Severity.UNKNOWN,
        name,
        f"ConfigMap {name}",
        "not compared",
        f"ipamd's version is not known ({image}; {addon}), and from {ipamd.shown(ipamd.ADDON_SINCE)} on it"
        " does not read these keys",
        "look at the version in component management or at ipamd's image; what is known may be given by"
        " --accept configmap-not-compared",
    )


def _addon(picture: Picture, conf: NetworkConf, name: str, version: str) -> Iterator[Finding]:
    """From 3.5.0 on."""
    key, settings = (
        f"{sources.KEY} of ipamd {version}",
        f"look at the settings of {ipamd.ADDON} in component management",
    )
    if conf.vpc_id and isinstance(picture.cloud, CloudSide) and conf.vpc_id != picture.cloud.vpc_id:
        why = f"the cluster is in {picture.cloud.vpc_id}"
        yield Finding("addon-vpc", Severity.WARNING, name, f"VPC in {key}", conf.vpc_id, why, settings)
    lists = picture.lists
    known, words = (
        (lists[IPAMD], "ipamd reports") if lists[IPAMD] is not None else (lists[CLOUD], "the cloud lists")
    )
    if conf.subnets is None:
        yield Finding(
            "configmap-not-compared",
            Severity.NOTE,
            name,
            f"Subnets in {key}",
            "not compared",
            f"TKE manages this ipamd as add-on {ipamd.ADDON}, and its configuration does not name them in a"
            " way that is known",
            "nothing to do: the cloud's list and ipamd's own answer are compared",
        )
    elif known is not None and set(conf.subnets) != set(known):
        listed, why = (
            ", ".join(conf.subnets) or "none",
            f"{words} {', '.join(known) or 'none'}; one of the two may lag behind",
        )
        yield Finding(
            "addon-subnets",
            Severity.WARNING,
            name,
            f"Subnets in {key}",
            listed,
            why,
            f"look again later; if it lasts, {settings}",
        )


def _keys(picture: Picture, side: ConfigMapSide, name: str) -> Iterator[Finding]:
    """Before 3.5.0: the three keys."""
    if not side.present:
        yield (
            Finding(
                "configmap-missing",
                Severity.DANGER,
                name,
                f"ConfigMap {name}",
                "missing",
                "ipamd reads its subnets there when it starts; the one that runs cannot be started again",
                "write it again with IpamdConfig, or switch to registration by the API",
            )
            if side.read_by_deployment
            else Finding(
                "configmap-missing",
                Severity.NOTE,
                name,
                f"ConfigMap {name}",
                "missing, like ipamd's Deployment",
                "newer platforms host ipamd outside the cluster",
                "nothing to do",
            )
        )
        return
    if isinstance(picture.cloud, CloudSide) and side.vpc_id != picture.cloud.vpc_id:
        yield Finding(
            "configmap-vpc",
            Severity.DANGER,
            name,
            f"{ipamd.VPC_ID} in {name}",
            side.vpc_id or "empty",
            f"the cluster is in {picture.cloud.vpc_id}; after its next start ipamd finds no subnet",
            f"write {picture.cloud.vpc_id} there",
        )
    yield from _zones(picture, side, name)


def _zones(picture: Picture, side: ConfigMapSide, name: str) -> Iterator[Finding]:
    if isinstance(picture.network, Unread) or not side.zones:
        return
    zones = {subnet.subnet_id: subnet.zone for subnet in picture.network}
    if not all(subnet in zones for subnet in side.subnets):
        return  # said by itself
    wanted = tuple(zones[subnet] for subnet in side.subnets)
    if side.zones != wanted:
        yield Finding(
            "configmap-zones",
            Severity.WARNING,
            name,
            f"{ipamd.ZONES} in {name}",
            ":".join(side.zones),
            f"the subnets lie in {':'.join(wanted)}; older ipamd reads both lists side by side, newer ignores"
            " this one",
            "align it with the subnets",
        )
