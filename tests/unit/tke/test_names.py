"""What TKE is: zones, ids, ranges, reclaim, the ConfigMap's text."""

import ipaddress

import pytest

from pulumi_tke_hybrid.tke import annotations, cidrs, ipamd, names
from pulumi_tke_hybrid.tke import ipamd as reclaim
from pulumi_tke_hybrid.tke import names as ids


@pytest.mark.parametrize("zone", ["ap-guangzhou-4", "ap-hongkong-2", "na-siliconvalley-1", "eu-frankfurt-12"])
def test_a_zone_has_a_region(zone: str) -> None:
    assert names.region_of(zone) == zone.rsplit("-", 1)[0]
    assert names.zone_problem(zone) is None


@pytest.mark.parametrize(
    "zone",
    ["", "ap-guangzhou", "guangzhou-4", "ap-guangzhou-", "100004", "ap-guangzhou-4 ", "AP-GUANGZHOU-4"],
)
def test_a_text_that_is_no_zone_is_refused_with_an_example(zone: str) -> None:
    problem = names.zone_problem(zone)
    assert problem is not None
    assert repr(zone) in str(problem)
    assert "ap-guangzhou-4" in str(problem)


def test_ids_have_the_clouds_shape() -> None:
    assert ids.subnet_problem("subnet-f3m8i0xi") is None
    assert ids.vpc_problem("vpc-p1v99tgl") is None
    for wrong in ("subnet-", "subnet-f3m8i0x", "vpc-f3m8i0xi", "subnet-f3m8:0xi", " subnet-f3m8i0xi"):
        assert ids.subnet_problem(wrong) is not None


def test_the_articles_configmap_is_made_from_its_subnets() -> None:
    data = ipamd.config_data(
        "vpc-p1v99tgl", [("subnet-f3m8i0xi", "ap-guangzhou-4"), ("subnet-ef66oja6", "ap-guangzhou-6")]
    )
    assert data == {
        "TKE_ENI_IPAMD_SUBNET_ID": "subnet-f3m8i0xi:subnet-ef66oja6",
        "TKE_ENI_IPAMD_VPC_ID": "vpc-p1v99tgl",
        "TKE_ENI_IPAMD_ZONE": "ap-guangzhou-4:ap-guangzhou-6",
    }
    assert ipamd.registered_subnets(data) == ["subnet-f3m8i0xi", "subnet-ef66oja6"]
    assert ipamd.registered_subnets({}) == []


def test_the_checksum_follows_the_content_and_nothing_else() -> None:
    one = ipamd.config_data("vpc-1", [("subnet-a", "z-1")])
    assert ipamd.checksum(one) == ipamd.checksum(dict(reversed(one.items())))
    assert ipamd.checksum(one) != ipamd.checksum(
        ipamd.config_data("vpc-1", [("subnet-a", "z-1"), ("subnet-b", "z-2")])
    )


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("registry.example.com/tke/tke-eni-ipamd:v3.4.4", (3, 4, 4)),
        ("registry:5000/tke-eni-ipamd:3.5.0", (3, 5, 0)),
        ("tke-eni-ipamd:v3.5", (3, 5, 0)),
        ("tke-eni-ipamd:v3.4.10-rc.1", (3, 4, 10)),
        ("tke-eni-ipamd:v3.5.0@sha256:0a1b", (3, 5, 0)),
        ("registry:5000/tke-eni-ipamd@sha256:0a1b", None),
        ("registry:5000/tke-eni-ipamd", None),
        ("tke-eni-ipamd:latest", None),
        ("tke-eni-ipamd:2021.02.05", None),
        ("tke-eni-ipamd:v3", None),
        ("", None),
    ],
)
def test_the_version_of_ipamd_is_its_images_tag(image: str, version: tuple[int, int, int] | None) -> None:
    assert ipamd.version(image) == version


def test_the_image_of_ipamd_is_found_among_its_pods_containers() -> None:
    assert ipamd.own_image({"ipamd": "a:v1.0.0"}) == "a:v1.0.0"
    assert ipamd.own_image({"sidecar": "b:v9.0.0", "tke-eni-ipamd": "a:v1.0.0"}) == "a:v1.0.0"
    assert ipamd.own_image({"sidecar": "b:v9.0.0", "other": "a:v1.0.0"}) == ""


@pytest.mark.parametrize("value", ["299s", "15768001s", "5m", "", "-300s", "Never", "300"])
def test_a_wrong_reclaim_is_refused(value: str) -> None:
    assert reclaim.reclaim_problem(value) is not None


def test_never_is_a_reclaim_setting_without_seconds() -> None:
    assert reclaim.reclaim_problem(reclaim.never()) is None
    assert reclaim.seconds_of(reclaim.never()) is None


def test_the_articles_service_range_is_the_tail_of_its_cluster_range() -> None:
    assert cidrs.nodes_that_fit("192.168.0.0/20", 64, 1024) == 48


def share(one: str, other: str) -> bool:
    first, second = ipaddress.IPv4Network(one), ipaddress.IPv4Network(other)
    return first[0] <= second[-1] and second[0] <= first[-1]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ("10.0.0.1/24", "10.0.0.0/24"),
        ("10.0.0.0", "prefix"),
        ("ten", "not an IPv4 range"),
        ("10.0.0.0/33", "not an IPv4 range"),
        (
            "10.0.64.0/255.255.252.0",
            "is not in CIDR notation; the cloud gets the text unchanged; write it as '10.0.64.0/22'",
        ),
        ("10.0.64.0/0.0.3.255", "write it as '10.0.64.0/22'"),
        ("10.0.64.0/022", "write it as '10.0.64.0/22'"),
        ("10.0.64.1/255.255.252.0", "host bits set; the range around this address is 10.0.64.0/22"),
    ],
)
def test_a_wrong_range_is_explained(block: str, part: str) -> None:
    problem = cidrs.cidr_problem(block)
    assert problem is not None
    assert part in str(problem)


@pytest.mark.parametrize(
    ("block", "private"),
    [("172.16.0.0/16", True), ("9.1.0.0/16", True), ("11.0.0.0/16", True), ("192.168.0.0/20", True),
        ("10.0.0.0/8", True),
     ("12.0.0.0/16", False), ("172.32.0.0/16", False), ("100.64.0.0/16", False), ("8.0.0.0/7", False),
     ("30.0.0.0/16", False)],
)  # fmt: skip
def test_a_range_of_the_overlay_is_one_that_the_provider_takes(block: str, private: bool) -> None:
    assert [finding.path for finding in cidrs.private_findings("cluster_cidr", block)] == (
        [] if private else ["cluster_cidr"]
    )


@pytest.mark.parametrize("value", [-1, 0, 1, 2, 3, 257, 512, 1024])
def test_a_node_has_no_fewer_and_no_more_addresses_than_tke_accepts(value: int) -> None:
    problem = cidrs.pods_per_node_problem(value)
    assert problem is not None
    assert problem.rule is cidrs.SIZE_BOUNDS
    assert problem.head == f"{value} is outside 16 to 256, the range TKE accepts"


@pytest.mark.parametrize("value", [4, 8, 16, 32, 64, 128, 256])
def test_four_and_eight_addresses_a_node_are_a_warning_and_more_are_fine(value: int) -> None:
    assert cidrs.pods_per_node_problem(value) is None
    assert [finding.severity.value for finding in cidrs.few_pods_findings("", value)] == (
        ["warning"] if value < 16 else []
    )


def test_flags_are_the_two_strings_that_tke_reads() -> None:
    assert (annotations.flag(True), annotations.flag(False)) == ("true", "false")


def test_direct_access_is_written_both_ways() -> None:
    assert annotations.service_annotations(True, {})["service.cloud.tencent.com/direct-access"] == "true"
    assert annotations.service_annotations(False, {}) == {"service.cloud.tencent.com/direct-access": "false"}


@pytest.mark.parametrize("host", ["localhost", "", ".", "*", "*."])
def test_hosts_that_the_controller_refuses_are_refused(host: str) -> None:
    assert "(E4052)" in str(names.host_problem(host))


@pytest.mark.parametrize(
    "host",
    ["Shop.example.com", "a b.c", "a..b.com", "a-.b.com", "-a.b.com", ".a.b", "a.b.", f"{'a' * 64}.com",
        "a.*.com", "*a.com", "*.*.com",
     ".".join(["a" * 50] * 5)],
)  # fmt: skip
def test_hosts_that_kubernetes_refuses_are_refused(host: str) -> None:
    assert "is not a DNS name" in str(names.host_problem(host))


@pytest.mark.parametrize("value", ["", "a", "A.b_c-9", "x" * 63])
def test_a_labels_value_has_kubernetes_syntax(value: str) -> None:
    assert names.label_value_problem(value) is None
    assert names.label_value_problem(f"{value} ") is not None


@pytest.mark.parametrize("key", ["app", "app.kubernetes.io/name", "A_b.c", "x" * 63, f"a.b/{'x' * 63}"])
def test_a_labels_key_may_begin_with_a_domain(key: str) -> None:
    assert names.label_keys_problem({key: ""}) is None


@pytest.mark.parametrize("key", ["", "a b", "-a", "a/", "/a", "a/b/c", "A.b/c", "x" * 64, f"{'a.' * 127}a/b"])
def test_a_wrong_key_of_a_label_is_refused_with_its_path(key: str) -> None:
    assert str(names.label_keys_problem({"ok": "", key: ""})).startswith(f"[{key!r}]: is no key of a label")


def test_an_address_is_no_host() -> None:
    assert "'10.0.0.1' is an address; an Ingress goes by names" in str(names.host_problem("10.0.0.1"))


@pytest.mark.parametrize(
    "host",
    [
        "shop.example.com",
        "*.example.com",
        "a.b",
        "10.0.0.1.nip.io",
        f"{'a' * 63}.com",
        ".".join(["a" * 50] * 4),
    ],
)
def test_hosts_with_a_dot_are_accepted(host: str) -> None:
    assert names.host_problem(host) is None
