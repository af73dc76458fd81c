"""The program's wish, read from the stack's output `cluster_facts`."""

from collections.abc import Mapping
from typing import Any, cast

from pulumi_tke_hybrid.console import json_files
from pulumi_tke_hybrid.console.errors import WrongUse
from pulumi_tke_hybrid.drift.sides import Wish, WishedSubnet
from pulumi_tke_hybrid.tke import reclaim

HOW = "pulumi stack output <name of the exported cluster_facts> --json"


def read(name: str) -> Wish | None:
    """The wish in a file, `-` for standard input; None without one."""
    if not name:
        return None
    found = json_files.read("--facts", name, HOW)
    try:
        return wish(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WrongUse(f"--facts {name} is not a cluster's facts ({type(error).__name__}: {error}); write it with: {HOW}") from None


def wish(facts: Mapping[str, Any]) -> Wish:
    """The facts as the component writes them."""
    zones = cast(Mapping[str, list[Mapping[str, Any]]], facts["zones"])
    return Wish(
        cluster_id=str(facts["clusterId"]),
        vpc_id=str(facts["vpcId"]),
        region=str(facts["region"]),
        subnets=tuple(
            WishedSubnet(str(item["subnetId"]), zone, str(item.get("cidrBlock") or "")) for zone, items in zones.items() for item in items
        ),
        static_ip=bool(facts["staticIp"]),
        reclaim_seconds=reclaim.seconds_of(str(facts["ipReclaim"])),
    )
