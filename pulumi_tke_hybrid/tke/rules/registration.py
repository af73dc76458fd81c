"""Rules about the way in which the zones reach ipamd."""

from collections.abc import Iterator

from pulumi_tke_hybrid.tke import ipamd
from pulumi_tke_hybrid.tke.rule import Finding, Rule, Severity

CONFIG_MAP_OF_ADDON = Rule(
    "configmap-of-addon",
    Severity.ERROR,
    f"Only an ipamd before {ipamd.shown(ipamd.ADDON_SINCE)} gets its zones by an edit of its ConfigMap.",
    "the image of ipamd in the cluster",
    f"457/50360: a later one is managed as add-on {ipamd.ADDON}, unless component management does not have it",
)

_MANAGED = f"TKE manages it as add-on {ipamd.ADDON} and may write its ConfigMap and Deployment back"
_BY_API = "register the zones by the API: zone_registration=ZoneRegistration.API, the default (without HybridCluster: list them in VpcCni)"
_BY_HAND = f"lower this rule where component management has no {ipamd.ADDON} (`tke DescribeAddon`)"


def addon_findings(image: str) -> Iterator[Finding]:
    """Whether the ipamd of this image is an add-on."""
    version = ipamd.version(image)
    if version is not None and version >= ipamd.ADDON_SINCE:
        yield CONFIG_MAP_OF_ADDON.finding(
            "", "is the version of ipamd", value=ipamd.tag(image), why=_MANAGED, todo=_BY_API, intended=_BY_HAND
        )


def version_not_told(image: str) -> str:
    """What is said where `addon_findings` could not look."""
    told = f"its image {image} does not tell it" if image else "its Deployment has several containers and none of its name"
    return f"could not tell the version of ipamd ({told}); from {ipamd.shown(ipamd.ADDON_SINCE)} on {_MANAGED}"
