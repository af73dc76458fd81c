"""An outcome, and a proposal, as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pulumi_tke_hybrid.capacity.outcome import Outcome
from pulumi_tke_hybrid.tke.layout import Placed

FORMAT = 2
"""Changes when a key of the JSON changes its meaning or goes."""


def as_data(outcome: Outcome) -> dict[str, Any]:
    """The whole outcome as plain data."""
    return {
        "format": FORMAT,
        "cluster": outcome.after.cluster,
        "staticIp": outcome.after.static_ip,
        "exitCode": int(outcome.exit_code),
        "result": outcome.exit_code.name,
        "growth": asdict(outcome.growth) if outcome.growth else None,
        "unsaid": list(outcome.unsaid),
        "zones": [
            {
                "zone": row.zone, "subnets": list(row.subnets), "size": row.size, "used": row.used, "counted": row.counted,
                "free": row.free, "nodes": row.nodes, "nodesWorkedOut": row.about, "mostNodes": row.most_nodes, "nodesFit": row.nodes_fit,
                "pods": row.pods, "podsFit": row.pods_fit, "podsFitOnMostNodes": row.pods_fit_on_most, "podsLacking": row.lacking,
                "limitsByTable": row.by_table, "boundBy": row.bound, "change": row.change,
                "periodsUntilFull": row.periods, "result": outcome.verdict(row).name, "words": outcome.words(row),
            }
            for row in outcome.rows
        ],
    }  # fmt: skip


def as_json(outcome: Outcome) -> str:
    """The whole outcome as JSON text."""
    return json.dumps(as_data(outcome), indent=2) + "\n"


def proposal_as_json(placed: Sequence[Placed], vpc: str) -> str:
    """A proposal as JSON text."""
    subnets = [
        {
            "zone": item.zone, "cidrBlock": item.block, "addresses": item.addresses, "needed": item.needed, "wanted": item.wanted,
            "reasons": list(item.reasons),
        }
        for item in placed
    ]  # fmt: skip
    return json.dumps({"format": FORMAT, "vpcCidr": vpc, "subnets": subnets}, indent=2) + "\n"
