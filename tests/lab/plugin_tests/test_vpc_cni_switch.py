"""`eniSubnetIds` of the stand-in plugin's cluster: the vendor's state machine and its refusals."""

import pytest

from tests.lab.cloud_tests.sdk import Lab
from tests.lab.plugin_tests.scene import CLUSTER, GR, A, B, C, hybrid, meanwhile
from tests.lab.tencentcloud_plugin.driver import Client, Failed, Managed
from tests.lab.tencentcloud_plugin.values import Object
from tests.lab.tencentcloud_plugin.vpc_cni import ADD_WITH_TYPE_OR_CLAIM, ONLY_TYPE_OR_CLAIM

OUT_OF_BAND = ("eniSubnetIds", "vpcCniType", "claimExpiredSeconds")


def test_phantom_hybrid_never_enables(cloud: Lab, cluster: Managed) -> None:
    cluster.up(hybrid(A, B))
    assert cloud.sent("CreateCluster")[0]["ClusterCIDRSettings"]["EniSubnetIds"] == []
    assert cloud.sent("CreateCluster")[0]["ClusterAdvancedSettings"]["VpcCniType"] == ""
    assert cluster.state["eniSubnetIds"] == [A, B]
    cluster.refresh()
    assert cluster.up(hybrid(A, B)).kind == "same"
    assert cloud.world.clusters[cluster.id].vpc_cni is None


def test_an_empty_list_from_the_api_enables_at_the_second_up(cloud: Lab, cluster: Managed) -> None:
    cloud.set(plain_subnets_null=False)
    cluster.up(hybrid(A, B))
    assert cluster.state["eniSubnetIds"] == []
    assert cluster.up(hybrid(A, B)).detailed == {"eniSubnetIds": "ADD"}
    assert cloud.sent("EnableVpcCniNetworkType")[0]["Subnets"] == [A, B]


def test_enable_add_disable(cloud: Lab, cluster: Managed) -> None:
    cluster.up(GR)
    cloud.set(ipamd_phase="initializing")

    def run_ipamd_after_one_look() -> None:
        if "DescribeIPAMD" in cloud.actions():
            cloud.set(ipamd_phase="running")

    with meanwhile(run_ipamd_after_one_look):
        assert cluster.up(hybrid(A, B)).kind == "update"
    assert len(cloud.sent("DescribeIPAMD")) > 1
    assert cloud.sent("EnableVpcCniNetworkType") == [
        {
            "ClusterId": cluster.id,
            "VpcCniType": "tke-route-eni",
            "EnableStaticIp": True,
            "Subnets": [A, B],
            "ExpiredSeconds": 300,
        }
    ]
    assert cluster.state["vpcCniType"] == "tke-route-eni"
    assert cluster.up(hybrid(A, B, C)).detailed == {"eniSubnetIds[2]": "ADD"}
    assert cloud.sent("AddVpcCniSubnets")[0]["SubnetIds"] == [C]
    assert cluster.up(GR).detailed == {"eniSubnetIds": "DELETE"}
    assert cloud.world.clusters[cluster.id].vpc_cni is None
    assert "eniSubnetIds" not in cluster.state
    cluster.up(hybrid(C))
    assert cloud.sent("EnableVpcCniNetworkType")[1]["Subnets"] == [C]


def test_reorder_is_a_difference_that_does_nothing(cloud: Lab, cluster: Managed) -> None:
    cluster.up(GR)
    cluster.up(hybrid(A, B))
    before = len(cloud.calls())
    assert cluster.up(hybrid(B, A)).kind == "update"
    assert not [call["action"] for call in cloud.calls()[before:] if call["write"]]
    assert cluster.state["eniSubnetIds"] == [A, B]
    assert cluster.plan(hybrid(B, A)).kind == "update"


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (hybrid(A), "does not allow modification of existing subnet ID data [subnet-a subnet-b]"),
        ({**hybrid(A, B), "claimExpiredSeconds": 600}, ONLY_TYPE_OR_CLAIM),
        ({**hybrid(A, B), "vpcCniType": "tke-direct-eni"}, ONLY_TYPE_OR_CLAIM),
        ({**hybrid(A, B, C), "claimExpiredSeconds": 600}, ADD_WITH_TYPE_OR_CLAIM),
        ({**hybrid(A, B), "cdcId": "cdc-1"}, "argument `cdc_id` cannot be changed"),
        ({**hybrid(A, B), "disableAddons": ["x"]}, "argument `disable_addons` cannot be changed"),
    ],
)
def test_refused_updates(cloud: Lab, cluster: Managed, wanted: Object, text: str) -> None:
    cluster.up(GR)
    cluster.up(hybrid(A, B))
    before = len(cloud.calls())
    with pytest.raises(Failed) as failure:
        cluster.up(wanted)
    assert text in str(failure.value)
    assert str(failure.value).startswith(f"updating {cluster.urn}: 1 error occurred:\n\t* ")
    assert not [call["action"] for call in cloud.calls()[before:] if call["write"]]


def test_a_type_on_a_plain_cluster_breaks_the_next_up(cluster: Managed) -> None:
    cluster.up({**GR, "vpcCniType": "tke-route-eni"})
    assert cluster.state["vpcCniType"] == ""
    with pytest.raises(Failed, match="changing only"):
        cluster.up({**GR, "vpcCniType": "tke-route-eni"})


@pytest.mark.parametrize("phase", ["", "upgrading"])
def test_a_bad_phase_after_an_accepted_enable(cloud: Lab, cluster: Managed, phase: str) -> None:
    cluster.up(GR)
    cloud.set(ipamd_phase=phase)
    wanted: Object = {**hybrid(A), "vpcCniType": "tke-route-eni"}
    with pytest.raises(Failed) as failure:
        cluster.up(wanted)
    text = f"task disableVpcCniMode is false and phase is {phase},we won't wait for it finish"
    assert f"{cluster.id} enable vpc cni network type {text}" in str(failure.value)
    assert failure.value.kept
    assert "eniSubnetIds" not in cluster.state
    with pytest.raises(Failed, match="modifying `vpc_cni_type`"):
        cluster.up(wanted)
    cluster.refresh()
    assert cluster.up(wanted).kind == "same"


def test_a_retry_without_a_type_is_a_no_op(cloud: Lab, cluster: Managed) -> None:
    cluster.up(GR)
    cloud.set(ipamd_phase="")
    with pytest.raises(Failed):
        cluster.up(hybrid(A))
    cluster.up(hybrid(A))
    assert len(cloud.sent("EnableVpcCniNetworkType")) == 1
    assert cluster.plan(hybrid(A)).kind == "same"


def test_vpc_cni_error_comes_after_tags_and_before_attributes(cloud: Lab, cluster: Managed) -> None:
    cluster.up(GR)
    cloud.fail("ModifyClusterTags", "FailedOperation.TagCommon")
    wanted: Object = {**GR, "clusterName": "other", "claimExpiredSeconds": 600, "tags": {"a": "b"}}
    with pytest.raises(Failed, match="TagCommon"):
        cluster.up(wanted)
    assert cloud.actions()[-1] == "ModifyClusterTags"
    wanted.pop("tags")
    with pytest.raises(Failed, match="changing only"):
        cluster.up(wanted)
    assert "ModifyClusterAttribute" not in cloud.actions()


def test_out_of_band_without_ignore_changes_is_disabled(cloud: Lab, cluster: Managed) -> None:
    cluster.up(GR)
    cloud.enable(cluster.id, [A, B])
    cluster.refresh()
    assert cluster.state["eniSubnetIds"] == [A, B]
    assert cluster.plan(GR).detailed == {"eniSubnetIds": "DELETE"}
    cluster.up({**GR, "clusterName": "renamed"})
    assert cloud.world.clusters[cluster.id].vpc_cni is None


def test_out_of_band_with_ignore_changes_stays(cloud: Lab, client: Client) -> None:
    cluster = Managed(client, CLUSTER, ignore=OUT_OF_BAND)
    cluster.up(GR)
    cloud.enable(cluster.id, [A, B])
    cluster.refresh()
    assert cluster.up(GR).kind == "same"
    step = cluster.up({**GR, "clusterName": "renamed"})
    assert step.detailed == {"clusterName": "UPDATE"}
    assert cloud.world.clusters[cluster.id].name == "renamed"
    assert cloud.world.clusters[cluster.id].vpc_cni is not None
    assert cluster.state["eniSubnetIds"] == [A, B]
    assert cluster.preview(GR)["eniSubnetIds"] == [A, B]


def test_import_of_a_hybrid_cluster(cloud: Lab, cluster: Managed) -> None:
    cluster.up(GR)
    cloud.enable(cluster.id, [A, B])
    imported = Managed(cluster.client, CLUSTER)
    imported.import_(cluster.id)
    assert imported.inputs["eniSubnetIds"] == [A, B]
    assert imported.inputs["vpcCniType"] == "tke-route-eni"
    assert imported.inputs["serviceCidr"] == "172.16.255.0/24"
    assert "claimExpiredSeconds" not in imported.state
    # The program omits the carved service CIDR: the plan replaces the live cluster.
    assert imported.plan(hybrid(A, B)).detailed == {
        "serviceCidr": "DELETE_REPLACE",
        "runtimeVersion": "DELETE",
    }
