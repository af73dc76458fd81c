"""The ConfigMap is compared as far as the version of ipamd is known to read it; newer ones are never a
danger."""

from dataclasses import replace
from typing import Any

import pytest

from pulumi_tke_hybrid.cli.exit_code import ExitCode
from pulumi_tke_hybrid.drift.collect import config_map_side
from pulumi_tke_hybrid.drift.compare import compare
from pulumi_tke_hybrid.drift.finding import Severity
from pulumi_tke_hybrid.drift.report import Outcome
from pulumi_tke_hybrid.drift.sources import (
    AddonSide,
    ConfigMapSide,
    NetworkConf,
    Picture,
    Unread,
    network_conf,
)
from pulumi_tke_hybrid.drift.views import setting_rows, subnet_rows
from tests.unit.drift.pictures import CLUSTER, HEALTHY, IMAGE, POD4, POD6, POD7, VPC, config_map, ipamd

NAME = "kube-system/tke-eni-ipamd"
NEW = IMAGE.replace("v3.4.4", "v3.11.0")
SPOILT = {
    "deleted": config_map(present=False, image=NEW),
    "emptied": ConfigMapSide(True, True, image=NEW),
    "another VPC": config_map(POD4, POD6, vpc_id="vpc-elsewhe", image=NEW),
    "one subnet less": config_map(POD4, image=NEW),
    "one subnet more": config_map(POD4, POD6, POD7, image=NEW),
    "zones swapped": config_map(POD4, POD6, zones=("a", "b"), image=NEW),
}
"""What is a danger, or a difference, before 3.5.0."""


def picture(
    side: ConfigMapSide | Unread, addon: AddonSide | Unread = HEALTHY.addon, **changes: Any
) -> Picture:
    return replace(HEALTHY, config_map=side, addon=addon, **changes)


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.parametrize("version", ["v3.5.0", "v3.8.7", "3.11.0", "v3.11.0-tke.1", "v4.0.0"])
def test_the_old_keys_of_a_newer_ipamd_are_not_compared_and_no_edit_is_advised(
    name: str, version: str
) -> None:
    side = replace(SPOILT[name], image=IMAGE.replace("v3.4.4", version))
    (finding,) = compare(found := picture(side))
    assert (finding.id, finding.severity, finding.subject) == ("configmap-not-compared", Severity.NOTE, NAME)
    assert "IpamdConfig" not in finding.message
    assert Outcome(found, [finding]).exit_code is ExitCode.FINE
    assert all(row.config_map is None for row in subnet_rows(found))
    assert not any(row.config_map for row in setting_rows(found))


@pytest.mark.parametrize("version", ["v3.4.9", "3.4", "v3.2.5-rc1", "v2.0.0"])
def test_those_of_an_older_one_are(version: str) -> None:
    older = IMAGE.replace("v3.4.4", version)
    assert compare(picture(config_map(POD4, POD6, image=older))) == []
    (finding,) = compare(picture(config_map(present=False, image=older)))
    assert (finding.id, finding.severity) == ("configmap-missing", Severity.DANGER)


@pytest.mark.parametrize(
    "image",
    ["", "mirror/ipamd", "mirror/ipamd:latest", "mirror/ipamd@sha256:" + "0" * 64, "mirror/ipamd:20240101"],
)
def test_without_a_version_nothing_is_compared_and_that_is_could_not_tell(image: str) -> None:
    for side in SPOILT.values():
        (finding,) = compare(found := picture(replace(side, image=image)))
        assert (finding.id, finding.severity, finding.value) == (
            "configmap-not-compared",
            Severity.UNKNOWN,
            "not compared",
        )
        assert Outcome(found, [finding]).exit_code is ExitCode.COULD_NOT_TELL
    refused = Unread("DescribeAddon failed: UnauthorizedOperation: no")
    (finding,) = compare(picture(replace(SPOILT["emptied"], image=image), refused))
    assert "DescribeAddon failed: UnauthorizedOperation" in finding.why


def test_component_management_tells_the_version_where_the_image_does_not() -> None:
    side = replace(SPOILT["emptied"], image="mirror/ipamd:latest")
    assert [finding.severity for finding in compare(picture(side, AddonSide("3.8.2")))] == [Severity.NOTE]
    old = compare(picture(side, AddonSide("3.4.4")))
    assert ("configmap-vpc", Severity.DANGER) in [(finding.id, finding.severity) for finding in old]
    # What runs counts, not what component management has.
    assert compare(picture(config_map(POD4, POD6), AddonSide("3.11.0"))) == []


def test_an_ipamd_outside_of_the_cluster_stays_a_note() -> None:
    nothing = ConfigMapSide(False, False)
    assert [finding.id for finding in compare(picture(nothing))] == ["configmap-missing"]
    assert [finding.id for finding in compare(picture(nothing, AddonSide("3.11.0")))] == [
        "configmap-not-compared"
    ]
    assert {finding.severity for finding in compare(picture(nothing))} == {Severity.NOTE}


def conf(**fields: Any) -> ConfigMapSide:
    return config_map(image=NEW, conf=NetworkConf(**fields))


def test_what_the_new_configuration_tells_is_compared_and_is_no_danger() -> None:
    assert compare(picture(conf(vpc_id=VPC, subnets=(POD6, POD4)))) == []
    assert compare(picture(conf(subnets=(POD4, POD6)))) == []
    (vpc,) = compare(picture(conf(vpc_id="vpc-elsewhe", subnets=(POD4, POD6))))
    (subnets,) = compare(picture(conf(vpc_id=VPC, subnets=(POD4,))))
    assert (vpc.id, vpc.severity, vpc.value) == ("addon-vpc", Severity.WARNING, "vpc-elsewhe")
    assert (subnets.id, subnets.severity, subnets.value) == ("addon-subnets", Severity.WARNING, POD4)
    assert f"ipamd reports {POD6}, {POD4}" in subnets.why


def test_the_reclaim_time_of_a_newer_ipamd_is_a_setting_of_the_addon() -> None:
    changed: dict[str, Any] = {"ipamd": ipamd(POD4, POD6, reclaim_seconds=None)}
    (older,) = compare(picture(config_map(POD4, POD6), **changed))
    assert "component management" not in older.message
    (newer,) = [
        item for item in compare(picture(conf(subnets=(POD4, POD6)), **changed)) if item.id == "reclaim"
    ]
    assert newer.subject == CLUSTER
    assert "from 3.5.0 on it is a setting of the add-on eniipamd" in newer.why
    assert (
        newer.todo
        == "write the live value into the program, or the program's into the settings of eniipamd (component"
        " management)"
    )
    unknown = picture(Unread("--cloud-only", wanted=False), nodes=Unread(""), pods=Unread(""), **changed)
    assert "before 3.5.0" in next(item.why for item in compare(unknown) if item.id == "reclaim")


TEXTS: dict[str, tuple[str, NetworkConf]] = {
    "dotted": (
        f'api-env.region: "gz"\nvpc-cni.vpc-id: "{VPC}"\nvpc-cni.subnet-ids:\n- {POD4}\n- {POD6}\n',
        NetworkConf(VPC, (POD4, POD6)),
    ),
    "nested": (
        f"vpc-cni:\n  vpc-id: {VPC}\n  route-eni:\n    subnets: [{POD4}]\n",
        NetworkConf(VPC, (POD4,)),
    ),
    "joined": (f"vpc-cni.subnet-ids: {POD4}:{POD6}", NetworkConf(None, (POD4, POD6))),
    "no subnets": (f'vpc-cni.vpc-id: "{VPC}"\ncidr.cluster-cidrs: ["10.0.0.0/16"]\n', NetworkConf(VPC)),
    "two lists of subnets": (f"vpc-cni.a-subnets: [{POD4}]\nvpc-cni.b-subnets: [{POD6}]", NetworkConf()),
    "subnets in another field": (
        f"vpc-cni.note: see {POD4}\nvpc-cni.route-eni.enable-quick-release: true\n",
        NetworkConf(),
    ),
    "something else among them": (f"vpc-cni.subnet-ids: [{POD4}, 10.0.0.0/22]", NetworkConf()),
    "of something else": (f"clb.subnet-ids: [{POD4}]", NetworkConf()),
    "a number": ("7", NetworkConf()),
    "nothing": ("", NetworkConf()),
    "no YAML": ("a: [", NetworkConf()),
    "a VPC that is no text": ("vpc-cni.vpc-id: 7", NetworkConf()),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_not_as_expected_is_not_told(name: str) -> None:
    text, expected = TEXTS[name]
    assert network_conf(text) == expected


def test_the_new_key_is_read_in_either_configmap() -> None:
    key, text = "tke-network-conf.yaml", f"vpc-cni.vpc-id: {VPC}"
    deployment = {
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "tke-eni-ipamd", "image": NEW}, {"name": "proxy", "image": "x:1"}]
                }
            }
        }
    }
    expected = ConfigMapSide(True, True, image=NEW, conf=NetworkConf(VPC))
    assert config_map_side({key: text}, deployment) == expected
    assert config_map_side({}, deployment, {key: text}) == expected
    assert config_map_side(None, None, {key: text}) == ConfigMapSide(False, False, conf=NetworkConf(VPC))
