"""The program's wish, read from the stack's output `cluster_facts`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pulumi_tke_hybrid.console.errors import WrongUse
from pulumi_tke_hybrid.drift.sides import Wish, WishedSubnet
from pulumi_tke_hybrid.tke import reclaim

HOW = "write it with: pulumi stack output <name of the exported cluster_facts> --json"


def read(name: str) -> Wish | None:
    """The wish in a file, `-` for standard input; None without one."""
    if not name:
        return None
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        found: Any = json.loads(text)
    except (OSError, ValueError) as error:
        raise WrongUse(f"--facts {name} cannot be read as JSON ({type(error).__name__}); {HOW}") from None
    try:
        return wish(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WrongUse(f"--facts {name} is not a cluster's facts ({type(error).__name__}: {error}); {HOW}") from None


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
