"""`tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint` of the stand-in plugin."""

from collections.abc import Mapping
from typing import ClassVar

from tests.lab.tencentcloud_plugin.client import Api
from tests.lab.tencentcloud_plugin.cluster_read import SECURITY
from tests.lab.tencentcloud_plugin.resource import Data, Resource
from tests.lab.tencentcloud_plugin.schema import Prop
from tests.lab.tencentcloud_plugin.tke import (
    Side,
    close_endpoint,
    describe_cluster,
    describe_security,
    kubeconfig,
    open_endpoint,
    wait_for_worker,
)

_SLEEP_AFTER_INTERNET = 120


class ClusterEndpoint(Resource):
    type_name = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
    tf_name = "tencentcloud_kubernetes_cluster_endpoint"
    importable = False
    props: ClassVar[Mapping[str, Prop]] = {
        "certificationAuthority": Prop(output=True),
        "clusterDeployType": Prop(output=True),
        "clusterExternalEndpoint": Prop(output=True),
        "clusterId": Prop(required=True, force_new=True),
        "clusterInternet": Prop("boolean", default=False),
        "clusterInternetDomain": Prop(),
        "clusterInternetSecurityGroup": Prop(),
        "clusterIntranet": Prop("boolean", default=False),
        "clusterIntranetDomain": Prop(),
        "clusterIntranetSubnetId": Prop(),
        "domain": Prop(output=True),
        "extensiveParameters": Prop(force_new=True),
        "kubeConfig": Prop(output=True, secret=True),
        "kubeConfigIntranet": Prop(output=True, secret=True),
        "managedClusterInternetSecurityPolicies": Prop("strings"),
        "password": Prop(output=True, secret=True),
        "pgwEndpoint": Prop(output=True),
        "userName": Prop(output=True),
    }

    def create(self, api: Api, data: Data) -> None:
        cluster_id = data.string("clusterId")
        intranet, subnet = data.boolean("clusterIntranet"), data.string("clusterIntranetSubnetId")
        if intranet and not subnet:
            raise ValueError("`cluster_intranet_subnet_id` must set when `cluster_intranet` is true")
        if subnet and not intranet:
            raise ValueError("`cluster_intranet_subnet_id` can only set when `cluster_intranet` is true")
        wait_for_worker(api, cluster_id, needed=True)
        if intranet:
            _open(api, data, cluster_id, "intranet")
        if data.boolean("clusterInternet"):
            _open(api, data, cluster_id, "internet")
            api.timing.sleep(_SLEEP_AFTER_INTERNET)
        data.id = cluster_id
        self.read(api, data)

    def read(self, api: Api, data: Data, *, importing: bool = False) -> None:
        cluster = describe_cluster(api, data.id)
        if cluster is None:
            # Unlike other resources: an error, not "gone".
            raise RuntimeError(f"cluster {data.id} not found")
        data.set("clusterId", data.id)
        data.set("clusterDeployType", str(cluster["ClusterType"]).upper())
        security = describe_security(api, data.id)
        data.set_fields(security, **SECURITY)
        # Whether a side is open is taken from the state: what was closed elsewhere is not noticed.
        if data.boolean("clusterInternet"):
            data.set("kubeConfig", _kubeconfig(api, data.id, "internet"))
        if data.boolean("clusterIntranet"):
            data.set("kubeConfigIntranet", _kubeconfig(api, data.id, "intranet"))

    def update(self, api: Api, data: Data) -> None:
        internet = data.boolean("clusterInternet")
        if (
            data.has_change("clusterInternetSecurityGroup")
            and not data.has_change("clusterInternet")
            and internet
        ):
            api.retried_call(
                "tke",
                "ModifyClusterEndpointSP",
                {"ClusterId": data.id, "SecurityGroup": data.string("clusterInternetSecurityGroup")},
                api.timing.write,
            )
        _toggle(api, data, "internet", "clusterInternet", "clusterInternetDomain")
        # A change of the subnet alone does nothing.
        _toggle(api, data, "intranet", "clusterIntranet", "clusterIntranetDomain")
        self.read(api, data)

    def delete(self, api: Api, data: Data) -> None:
        security = describe_security(api, data.id)
        errors: list[str] = []
        for side, field in (("internet", "ClusterExternalEndpoint"), ("intranet", "PgwEndpoint")):
            if not security.get(field):
                continue
            try:
                close_endpoint(api, data.id, "internet" if side == "internet" else "intranet")
            except (RuntimeError, TimeoutError) as error:
                errors.append(str(error))
        if errors:
            raise RuntimeError(errors[-1])


def _open(api: Api, data: Data, cluster_id: str, side: Side) -> None:
    internet = side == "internet"
    open_endpoint(
        api,
        cluster_id,
        side,
        subnet_id="" if internet else data.string("clusterIntranetSubnetId"),
        security_group=data.string("clusterInternetSecurityGroup") if internet else "",
        domain=data.string("clusterInternetDomain" if internet else "clusterIntranetDomain"),
    )


def _toggle(api: Api, data: Data, side: Side, name: str, domain: str) -> None:
    on = data.boolean(name)
    switched = data.has_change(name)
    domain_only = on and not switched and data.has_change(domain)
    if (switched and not on) or domain_only:
        close_endpoint(api, data.id, side)
    if on and (switched or domain_only):
        _open(api, data, data.id, side)


def _kubeconfig(api: Api, cluster_id: str, side: Side) -> str:
    return api.timing.retry(api.timing.read, lambda: api.retrying(lambda: kubeconfig(api, cluster_id, side)))
