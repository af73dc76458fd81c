"""Which side lists which container subnet."""

from collections.abc import Iterator

from pulumi_tke_hybrid.drift.finding import Finding, FindingId, Severity
from pulumi_tke_hybrid.drift.sources import CLOUD, CONFIG_MAP, IPAMD, PROGRAM, Picture, Unread, WishedSubnet

WORDS = {CLOUD: "the cloud's list", IPAMD: "ipamd", CONFIG_MAP: "the ConfigMap"}
"""The live sides, in words."""


def findings(picture: Picture) -> Iterator[Finding]:
    """One for each subnet that the sides do not agree on."""
    lists = picture.lists
    live = {name: lists[name] for name in WORDS if lists[name] is not None}
    program = lists[PROGRAM]
    for subnet in dict.fromkeys(item for side in lists.values() for item in side or ()):
        having = [name for name in live if subnet in (live[name] or ())]
        lacking = [name for name in live if name not in having]
        if having:
            yield from _live(picture, subnet, having, lacking, program)
            yield from _gone(picture, subnet)
        if program is not None and not having and live:
            yield Finding(
                "subnet-only-in-program",
                Severity.WARNING,
                subnet,
                f"Subnet {subnet}",
                "in the program only",
                "the cluster does not know it, so no pod gets an address in it",
                "`pulumi up` registers it",
            )
        if program is not None and having and subnet not in program:
            yield Finding(
                "subnet-not-in-program",
                Severity.WARNING,
                subnet,
                f"Subnet {subnet}",
                f"listed by {_words(having)}, not in the program",
                "somebody added it elsewhere; it is never removed",
                "add it, with its zone, to eni_subnets",
            )
    yield from _described(picture)


def _live(
    picture: Picture, subnet: str, having: list[str], lacking: list[str], program: tuple[str, ...] | None
) -> Iterator[Finding]:
    if not lacking:
        return
    value = f"listed by {_words(having)}, not by {_words(lacking)}"
    meant = program is not None and subnet in program
    if lacking == [CLOUD] and (IPAMD in having or meant):
        # The article's way: registered by the ConfigMap, never told to the cloud.
        yield _subnet(
            "subnet-by-configmap",
            Severity.NOTE if meant else Severity.WARNING,
            subnet,
            value,
            f"it was registered {_elsewhere(picture)}, so the cloud does not protect it from deletion",
            "nothing to do" if meant else "if it is meant, give --facts of the program that says so",
        )
    elif picture.lists[IPAMD] is None:
        yield _subnet(
            "subnet-not-everywhere",
            Severity.WARNING,
            subnet,
            value,
            "ipamd says nothing now",
            "look again once ipamd is running",
        )
    elif having == [CONFIG_MAP]:
        yield _subnet(
            "subnet-one-side",
            Severity.DANGER,
            subnet,
            value,
            "the ConfigMap was edited by hand and ipamd not restarted; at its next restart it takes this"
            " list",
            f"if it is meant: add it to the program, then `pulumi up`; if not: take {subnet} out of the"
            " ConfigMap",
        )
    elif having == [IPAMD]:
        yield _subnet(
            "subnet-one-side",
            Severity.DANGER,
            subnet,
            value,
            "ipamd works with it until its next restart, then pods there get no address",
            "register it again: `pulumi up` with the subnet in the program",
        )
    elif having == [CLOUD]:
        yield _subnet(
            "subnet-one-side",
            Severity.DANGER,
            subnet,
            value,
            "ipamd does not work with it, so no pod gets an address in it",
            "see whether AddVpcCniSubnets is still under way, then look at tke-eni-ipamd in kube-system",
        )
    elif lacking == [IPAMD]:
        yield _subnet(
            "subnet-not-everywhere",
            Severity.WARNING,
            subnet,
            value,
            "ipamd does not work with it yet",
            "if it stays so: kubectl -n kube-system rollout restart deployment/tke-eni-ipamd",
        )
    else:
        yield _subnet(
            "subnet-not-everywhere",
            Severity.WARNING,
            subnet,
            value,
            "ipamd works with it, but one that reads the ConfigMap at its start loses it at its next restart",
            f"put {subnet} back into the ConfigMap, then restart ipamd",
        )


def _elsewhere(picture: Picture) -> str:
    by = {True: "by the ConfigMap", False: "by the settings of the add-on", None: "by ipamd's own settings"}
    return f"{by[picture.keys_count]}, not by the API"


def _gone(picture: Picture, subnet: str) -> Iterator[Finding]:
    if not isinstance(picture.network, Unread) and subnet not in {
        known.subnet_id for known in picture.network
    }:
        yield _subnet(
            "subnet-gone",
            Severity.DANGER,
            subnet,
            "registered, but not in the cluster's VPC",
            "it was deleted, or never belonged there; allocation from it fails",
            "add another subnet of its zone; a registered one cannot be taken out",
        )


def _described(picture: Picture) -> Iterator[Finding]:
    """Zone and range as the program says, against those of the VPC."""
    if picture.wish is None or isinstance(picture.network, Unread):
        return
    known = {subnet.subnet_id: subnet for subnet in picture.network}
    for wished in picture.wish.subnets:
        live = known.get(wished.subnet_id)
        if live is not None and _other(wished, live.zone, live.block):
            yield _subnet(
                "subnet-described-wrongly",
                Severity.WARNING,
                wished.subnet_id,
                f"{live.block} in {live.zone}",
                f"the program says {wished.block or live.block} in {wished.zone}; its checks of zones and"
                " capacity rest on that",
                "write the live values into the program",
            )


def _other(wished: WishedSubnet, zone: str, block: str) -> bool:
    return wished.zone != zone or bool(wished.block and wished.block != block)


def _subnet(finding: FindingId, severity: Severity, subnet: str, value: str, why: str, todo: str) -> Finding:
    return Finding(finding, severity, subnet, f"Subnet {subnet}", value, why, todo)


def _words(sides: list[str]) -> str:
    return " and ".join(WORDS[side] for side in sides)
