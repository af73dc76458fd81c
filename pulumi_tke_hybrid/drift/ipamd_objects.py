"""ipamd's objects inside the cluster, as a side."""

from collections.abc import Mapping
from typing import Any

from pulumi_tke_hybrid.drift import network_conf
from pulumi_tke_hybrid.drift.sides import ConfigMapSide
from pulumi_tke_hybrid.tke import ipamd
from pulumi_tke_hybrid.tke.values import at

Json = Mapping[str, Any]


def config_map_side(data: Mapping[str, str] | None, deployment: Json | None, other: Mapping[str, str] | None = None) -> ConfigMapSide:
    """`data`: of the ConfigMap `tke-eni-ipamd`; `other`: of `tke-network-conf`. None: the object is not there."""
    own = data or {}
    text = own.get(network_conf.KEY) or (other or {}).get(network_conf.KEY)
    return ConfigMapSide(
        present=data is not None,
        read_by_deployment=deployment is not None,
        vpc_id=own.get(ipamd.VPC_ID, "").strip(),
        subnets=tuple(ipamd.registered_subnets(own)),
        zones=tuple(part.strip() for part in own.get(ipamd.ZONES, "").split(":") if part.strip()),
        image=_image(deployment or {}),
        conf=network_conf.network_conf(text) if text else None,
    )


def _image(deployment: Json) -> str:
    containers: list[Json] = at(deployment, "spec", "template", "spec", "containers") or []
    return ipamd.own_image({str(item.get("name")): str(item.get("image") or "") for item in containers})
