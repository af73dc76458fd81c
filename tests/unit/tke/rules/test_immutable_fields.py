"""Changes of immutable fields against the last state."""

from pulumi_tke_hybrid.tke.objects import UNKNOWN
from pulumi_tke_hybrid.tke.rules.immutable_fields import cluster_findings, pool_findings

BEFORE = {"clusterCidr": "192.168.0.0/20", "clusterMaxPodNum": 64.0, "staticIp": True}


def test_the_service_range_of_tkes_choice_is_fixed_too() -> None:
    (finding,) = cluster_findings(BEFORE, {**BEFORE, "serviceCidr": "10.9.0.0/20"})
    assert (
        str(finding)
        == "service_cidr: 10.9.0.0/20 instead of TKE's own choice; TKE fixes the range of Services when the"
        " cluster is made, so this would rebuild the whole cluster; leave it out; if the rebuild is"
        " intended, set allow_cluster_replacement=True"
    )
    (finding,) = cluster_findings({**BEFORE, "serviceCidr": "10.9.0.0/20"}, BEFORE)
    assert "service_cidr: (left out) instead of 10.9.0.0/20" in str(finding)


def test_whole_numbers_have_no_fraction_and_a_new_cluster_has_no_finding() -> None:
    (finding,) = cluster_findings(BEFORE, {**BEFORE, "clusterMaxPodNum": 32})
    assert "32 instead of 64;" in str(finding)
    assert list(cluster_findings({}, BEFORE)) == []
    assert list(cluster_findings(BEFORE, {**BEFORE, "clusterCidr": UNKNOWN})) == []


def test_a_number_that_the_engine_stores_as_a_float_is_shown_whole() -> None:
    before, after = [{"native": {"systemDiskSize": size, "size": 2.0}} for size in (50.0, 100.0)]
    fixed = {"systemDiskSize": ("system_disk_size", "the size of the system disk")}
    (finding,) = pool_findings(before, after, fixed)
    assert str(finding).startswith("node_pools[native].system_disk_size: 100 instead of 50; ")
