"""TKE's hybrid pod network as Pulumi components: GlobalRouter for all pods, ENI addresses for pods that
need the client's address."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi_tke_hybrid.client_ip_workload import ClientIpWorkload
    from pulumi_tke_hybrid.component.inputs import Input
    from pulumi_tke_hybrid.component.invalid_inputs import InvalidInputs
    from pulumi_tke_hybrid.endpoint import EndpointAccess, EndpointArgs
    from pulumi_tke_hybrid.eni_zone_subnet import EniSubnetArgs, EniZoneSubnet, EniZoneSubnetArgs
    from pulumi_tke_hybrid.gateways import direct_service_annotations, eni_pod_template, gateway_transform
    from pulumi_tke_hybrid.hybrid_cluster import HybridCluster
    from pulumi_tke_hybrid.hybrid_cluster_args import HybridClusterArgs, ZoneRegistration
    from pulumi_tke_hybrid.ipamd_config import IpamdConfig, IpamdConfigArgs, IpamdSubnetArgs
    from pulumi_tke_hybrid.node_pools import AutoscaleArgs, NodePoolArgs
    from pulumi_tke_hybrid.tke.ipamd import after, never
    from pulumi_tke_hybrid.tke.rule import Severity
    from pulumi_tke_hybrid.vpc_cni import NonMasquerade, OnDelete, VpcCni, VpcCniArgs
    from pulumi_tke_hybrid.workload.exposure_args import (
        ChargeType,
        ExposureArgs,
        ExposureKind,
        existing_clb,
        internal,
        not_exposed,
        public,
    )
    from pulumi_tke_hybrid.workload.ingress import IngressArgs, IngressPathArgs
    from pulumi_tke_hybrid.workload.pod_template import PodManagementPolicy, PodNetwork, WorkloadKind
    from pulumi_tke_hybrid.workload.ports import (
        ClientIpFrom,
        ExternalTrafficPolicy,
        HealthCheckArgs,
        ListenerArgs,
        PortArgs,
        Scheduler,
    )
    from pulumi_tke_hybrid.workload.rollout import RolloutArgs
    from pulumi_tke_hybrid.workload.workload_args import ClientIpWorkloadArgs

_HOMES = {
    "client_ip_workload": "ClientIpWorkload",
    "workload.workload_args": "ClientIpWorkloadArgs",
    "component.invalid_inputs": "InvalidInputs",
    "component.inputs": "Input",
    "endpoint": "EndpointAccess EndpointArgs",
    "eni_zone_subnet": "EniSubnetArgs EniZoneSubnet EniZoneSubnetArgs",
    "gateways": "direct_service_annotations eni_pod_template gateway_transform",
    "hybrid_cluster": "HybridCluster",
    "hybrid_cluster_args": "HybridClusterArgs ZoneRegistration",
    "ipamd_config": "IpamdConfig IpamdConfigArgs IpamdSubnetArgs",
    "node_pools": "AutoscaleArgs NodePoolArgs",
    "tke.ipamd": "after never",
    "tke.rule": "Severity",
    "vpc_cni": "NonMasquerade OnDelete VpcCni VpcCniArgs",
    "workload.exposure_args": "ChargeType ExposureArgs ExposureKind existing_clb internal not_exposed public",
    "workload.ingress": "IngressArgs IngressPathArgs",
    "workload.pod_template": "PodManagementPolicy PodNetwork WorkloadKind",
    "workload.ports": "ClientIpFrom ExternalTrafficPolicy HealthCheckArgs ListenerArgs PortArgs Scheduler",
    "workload.rollout": "RolloutArgs",
}
"""The public names of each module."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "AutoscaleArgs",
    "ChargeType",
    "ClientIpFrom",
    "ClientIpWorkload",
    "ClientIpWorkloadArgs",
    "EndpointAccess",
    "EndpointArgs",
    "EniSubnetArgs",
    "EniZoneSubnet",
    "EniZoneSubnetArgs",
    "ExposureArgs",
    "ExposureKind",
    "ExternalTrafficPolicy",
    "HealthCheckArgs",
    "HybridCluster",
    "HybridClusterArgs",
    "IngressArgs",
    "IngressPathArgs",
    "Input",
    "InvalidInputs",
    "IpamdConfig",
    "IpamdConfigArgs",
    "IpamdSubnetArgs",
    "ListenerArgs",
    "NodePoolArgs",
    "NonMasquerade",
    "OnDelete",
    "PodManagementPolicy",
    "PodNetwork",
    "PortArgs",
    "RolloutArgs",
    "Scheduler",
    "Severity",
    "VpcCni",
    "VpcCniArgs",
    "WorkloadKind",
    "ZoneRegistration",
    "after",
    "direct_service_annotations",
    "eni_pod_template",
    "existing_clb",
    "gateway_transform",
    "internal",
    "never",
    "not_exposed",
    "public",
]


def __getattr__(name: str) -> object:
    """Import a component on its first use: a workload's program does not load the Tencent modules."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = found  # the next use does not come here
    return found


def __dir__() -> list[str]:
    return __all__
