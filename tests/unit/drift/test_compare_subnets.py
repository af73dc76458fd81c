"""The ConfigMap is compared as far as ipamd's version reads it; a difference of a newer ipamd is no
danger."""

from dataclasses import replace
from typing import Any

import pytest

from pulumi_tke_hybrid.cli.process import ExitCode
from pulumi_tke_hybrid.drift.collect import ipamd_objects, network_conf
from pulumi_tke_hybrid.drift.compare import compare
from pulumi_tke_hybrid.drift.report import result, setting_rows, subnet_rows
from pulumi_tke_hybrid.drift.snapshot import IpamdObjects, NetworkConf, Snapshot, Unavailable
from pulumi_tke_hybrid.tke.rule import Severity
from tests.unit.drift.snapshots import CLUSTER, HEALTHY, IMAGE, POD4, POD6, POD7, VPC, config_map, ipamd

NAME = "kube-system/tke-eni-ipamd"
NEW = IMAGE.replace("v3.4.4", "v3.11.0")
SPOILT = {
    "deleted": config_map(present=False, image=NEW),
    "emptied": IpamdObjects(True, True, image=NEW),
    "another VPC": config_map(POD4, POD6, vpc_id="vpc-elsewhe", image=NEW),
    "one subnet less": config_map(POD4, image=NEW),
    "one subnet more": config_map(POD4, POD6, POD7, image=NEW),
    "zones swapped": config_map(POD4, POD6, zones=("a", "b"), image=NEW),
}
"""Dangers and differences before 3.5.0."""


def snapshot(
    side: IpamdObjects | Unavailable, addon: str | Unavailable = HEALTHY.addon, **changes: Any
) -> Snapshot:
    return replace(HEALTHY, config_map=side, addon=addon, **changes)


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.parametrize("version", ["v3.5.0", "v3.8.7", "3.11.0", "v3.11.0-tke.1", "v4.0.0"])
def test_the_old_keys_of_a_newer_ipamd_are_not_compared_and_no_edit_is_advised(
    name: str, version: str
) -> None:
    side = replace(SPOILT[name], image=IMAGE.replace("v3.4.4", version))
    (finding,) = compare(found := snapshot(side))
    assert (finding.rule.id, finding.severity, finding.path) == (
        "configmap-not-compared",
        Severity.NOTE,
        NAME,
    )
    assert "IpamdConfig" not in finding.message
    assert result(found, [finding]).exit_code is ExitCode.FINE
    assert all(row.listed["configmap"] is None for row in subnet_rows(found))
    assert not any(row.config_map for row in setting_rows(found))


@pytest.mark.parametrize("version", ["v3.4.9", "3.4", "v3.2.5-rc1", "v2.0.0"])
def test_the_keys_of_an_older_ipamd_are_compared(version: str) -> None:
    older = IMAGE.replace("v3.4.4", version)
    assert compare(snapshot(config_map(POD4, POD6, image=older))) == []
    (finding,) = compare(snapshot(config_map(present=False, image=older)))
    assert (finding.rule.id, finding.severity) == ("configmap-missing", Severity.ERROR)


@pytest.mark.parametrize(
    "image",
    ["", "mirror/ipamd", "mirror/ipamd:latest", "mirror/ipamd@sha256:" + "0" * 64, "mirror/ipamd:20240101"],
)
def test_without_a_version_nothing_is_compared_and_the_exit_code_is_could_not_tell(image: str) -> None:
    for side in SPOILT.values():
        (finding,) = compare(found := snapshot(replace(side, image=image)))
        assert (finding.rule.id, finding.unknown) == ("configmap-not-compared", True)
        assert finding.what == "is not compared"
        assert result(found, [finding]).exit_code is ExitCode.COULD_NOT_TELL
    refused = Unavailable("DescribeAddon failed: UnauthorizedOperation: no")
    (finding,) = compare(snapshot(replace(SPOILT["emptied"], image=image), refused))
    assert "DescribeAddon failed: UnauthorizedOperation" in finding.why


def test_component_management_has_the_version_where_the_image_has_none() -> None:
    side = replace(SPOILT["emptied"], image="mirror/ipamd:latest")
    assert [finding.severity for finding in compare(snapshot(side, "3.8.2"))] == [Severity.NOTE]
    old = compare(snapshot(side, "3.4.4"))
    assert ("configmap-vpc", Severity.ERROR) in [(finding.rule.id, finding.severity) for finding in old]
    # The image decides before component management.
    assert compare(snapshot(config_map(POD4, POD6), "3.11.0")) == []


def test_an_ipamd_outside_of_the_cluster_stays_a_note() -> None:
    nothing = IpamdObjects(False, False)
    assert [finding.rule.id for finding in compare(snapshot(nothing))] == ["configmap-missing"]
    assert [finding.rule.id for finding in compare(snapshot(nothing, "3.11.0"))] == ["configmap-not-compared"]
    assert {finding.severity for finding in compare(snapshot(nothing))} == {Severity.NOTE}


def conf(**fields: Any) -> IpamdObjects:
    return config_map(image=NEW, conf=NetworkConf(**fields))


def test_the_new_configuration_is_compared_and_is_no_danger() -> None:
    assert compare(snapshot(conf(vpc_id=VPC, subnets=(POD6, POD4)))) == []
    assert compare(snapshot(conf(subnets=(POD4, POD6)))) == []
    (vpc,) = compare(snapshot(conf(vpc_id="vpc-elsewhe", subnets=(POD4, POD6))))
    (subnets,) = compare(snapshot(conf(vpc_id=VPC, subnets=(POD4,))))
    assert (vpc.rule.id, vpc.severity, vpc.what) == ("addon-vpc", Severity.WARNING, "is vpc-elsewhe")
    assert (subnets.rule.id, subnets.severity, subnets.what) == (
        "addon-subnets",
        Severity.WARNING,
        f"are {POD4}",
    )
    assert f"ipamd reports {POD6}, {POD4}" in subnets.why


def test_the_reclaim_time_of_a_newer_ipamd_is_a_setting_of_the_addon() -> None:
    changed: dict[str, Any] = {"ipamd": ipamd(POD4, POD6, reclaim_seconds=None)}
    (older,) = compare(snapshot(config_map(POD4, POD6), **changed))
    assert "component management" not in older.message
    (newer,) = [
        item for item in compare(snapshot(conf(subnets=(POD4, POD6)), **changed)) if item.rule.id == "reclaim"
    ]
    assert newer.path == CLUSTER
    assert "from 3.5.0 on it is a setting of the add-on eniipamd" in newer.why
    assert (
        newer.todo
        == "write the live value into the program, or the program's into the settings of eniipamd (component"
        " management)"
    )
    unknown = snapshot(
        Unavailable("--cloud-only", wanted=False), nodes=Unavailable(""), pods=Unavailable(""), **changed
    )
    assert "before 3.5.0" in next(item.why for item in compare(unknown) if item.rule.id == "reclaim")


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
def test_a_field_of_another_shape_counts_as_missing(name: str) -> None:
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
    expected = IpamdObjects(True, True, image=NEW, conf=NetworkConf(VPC))
    assert ipamd_objects({key: text}, deployment) == expected
    assert ipamd_objects({}, deployment, {key: text}) == expected
    assert ipamd_objects(None, None, {key: text}) == IpamdObjects(False, False, conf=NetworkConf(VPC))
