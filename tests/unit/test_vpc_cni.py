"""The providers of `VpcCni` and `VpcCniReady` in previews, and the region of a `VpcCni` without a cluster."""

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
import tencentcloud_iac_pulumi as tencentcloud

import pulumi_tke_hybrid as tke
from pulumi_tke_hybrid.cloud import api_client
from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.component import dynamic
from pulumi_tke_hybrid.tke.objects import UNKNOWN
from pulumi_tke_hybrid.vpc_cni import VpcCniProvider, VpcCniReadyProvider
from tests.cases.catalogue.described import switch
from tests.unit.cloud.fake_cloud import WISH, A, B, C, FakeCloud
from tests.unit.component_programs import cluster
from tests.unit.programs import run


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeCloud:
    """The cloud behind the providers."""
    cloud = FakeCloud(enabled=True, subnets=[A, B], phase="running", reclaim="300s")
    monkeypatch.setattr(dynamic.CloudProvider, "cloud", lambda self, props: cloud)
    return cloud


def test_another_cluster_under_the_same_name_is_compared_like_a_new_cluster(cloud: FakeCloud) -> None:
    cloud.described = {"NetworkType": "VPC-CNI"}
    moved = VpcCniProvider().check_live({**WISH, "clusterId": "cls-87654321"}, WISH)
    assert [finding.what for finding in moved] == ["was made as VPC-CNI"]
    assert VpcCniProvider().check_live(WISH, WISH) == []


def test_a_preview_that_cannot_read_the_cluster_reports_so_and_goes_on(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.enabled = None
    assert VpcCniProvider().check_live({}, WISH) == []
    assert "could not look at cls-12345678: IncompleteResponse" in capsys.readouterr().out


def test_a_subnet_in_use_is_reported_before_its_registration_and_never_afterwards(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.enabled, cloud.subnets, cloud.used = False, None, {A: 0, B: 3, C: 7}
    provider = VpcCniProvider()
    assert provider.check_live({}, WISH) == []
    assert (
        f"warning: subnets: {B} holds 3 addresses and is not registered as container subnet yet"
        in capsys.readouterr().out
    )
    live = {**WISH, "registeredSubnets": [A, B]}
    assert provider.check_live(live, WISH) == []
    assert capsys.readouterr().out == ""
    assert provider.check_live(live, {**WISH, "subnets": [A, B, C]}) == []
    assert f"{C} holds 7 addresses" in (said := capsys.readouterr().out)
    assert B not in said
    (found,) = provider.check_live(live, {**WISH, "subnets": [A, B, C], "inUse": "error"})
    assert (found.rule.id, found.value) == ("subnet-in-use", C)


def test_the_registered_subnets_of_an_adopted_cluster_may_be_full_of_pods(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.enabled, cloud.subnets, cloud.used, cloud.phase, cloud.reclaim = (
        True,
        [A],
        {A: 200, B: 1},
        "running",
        "300s",
    )
    assert VpcCniProvider().check_live({}, WISH) == []
    assert f"{B} holds 1 addresses" in (said := capsys.readouterr().out)
    assert "holds 200" not in said


def test_a_cluster_that_is_still_to_be_made_gets_no_subnet_in_use_either(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.used = {B: 5}
    assert VpcCniProvider().check_live({}, {**WISH, "clusterId": UNKNOWN}) == []
    assert f"{B} holds 5 addresses" in capsys.readouterr().out
    assert {action for action, _ in cloud.calls} == {"DescribeSubnets"}


def test_subnets_that_could_not_be_looked_at_are_named_as_not_looked_at(
    cloud: FakeCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(action: str) -> None:
        if action == "DescribeSubnets":
            raise CloudError(action, "UnauthorizedOperation", "no")

    cloud.before = refuse
    assert VpcCniProvider().check_live({"clusterId": "cls-12345678"}, WISH) == []
    assert (
        "could not look whether the container subnets are empty (UnauthorizedOperation)"
        in capsys.readouterr().out
    )


def test_readiness_is_gone_while_vpc_cni_is_off(cloud: FakeCloud) -> None:
    assert VpcCniReadyProvider().read("id", WISH).id == "id"
    cloud.enabled = False
    assert VpcCniReadyProvider().read("id", WISH).id == ""


def switched(stated: str | None = None, region: str = "ap-guangzhou", **key: Any) -> tke.VpcCni:
    """A switch of its own, with a provider of its own."""
    provider = tencentcloud.Provider("key", region=region, **key)
    return tke.VpcCni("cni", switch(region=stated), pulumi.ResourceOptions(provider=provider))


def test_vpc_cni_without_a_cluster_component_uses_the_region_of_its_provider() -> None:
    assert run(switched).named("cni-switch").inputs["region"] == "ap-guangzhou"
    assert run(lambda: switched("ap-guangzhou")).named("cni-switch").inputs["region"] == "ap-guangzhou"
    refusal = (
        "region: ap-guangzhou is not ap-shanghai, in which the tencentcloud provider works; use the provider"
        " of region ap-guangzhou"
    )
    with pytest.raises(tke.InvalidInputs, match=refusal):
        run(lambda: switched("ap-guangzhou", region="ap-shanghai"))


def test_vpc_cni_with_an_inherited_provider_uses_its_stated_region() -> None:
    class Team(pulumi.ComponentResource):
        def __init__(self) -> None:
            elsewhere = tencentcloud.Provider("elsewhere", region="ap-shanghai")
            super().__init__("team:index:Team", "team", {}, pulumi.ResourceOptions(providers=[elsewhere]))

    graph = run(
        lambda: tke.VpcCni("cni", switch(region="ap-guangzhou"), pulumi.ResourceOptions(parent=Team()))
    )
    assert graph.named("cni-switch").inputs["region"] == "ap-guangzhou"


def test_an_explicit_provider_of_another_account_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = {"AKIDours0000000": "100000000001", "AKIDtheirs00000": "100000000099"}

    def account_of(cloud: Any) -> str:
        return accounts[cloud._settings.secret_id]

    monkeypatch.setattr(api_client, "account_of", account_of)
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", "AKIDours0000000")

    def program(secret_id: str, **more: Any) -> Callable[[], object]:
        def made() -> object:
            provider = tencentcloud.Provider(
                "key", region="ap-guangzhou", secret_id=secret_id, secret_key="planted"
            )
            return cluster(opts=pulumi.ResourceOptions(providers=[provider]), **more)

        return made

    graph = run(program("AKIDours0000000"))
    assert "demo-guard.region" not in graph.secrets
    refusal = (
        r"opts\.provider: its key \(AKID…0000\) belongs to account 100000000099,"
        r" the stack's to 100000000001"
    )
    with pytest.raises(tke.InvalidInputs, match=refusal):
        run(program("AKIDtheirs00000"))
    with pytest.raises(tke.InvalidInputs, match=refusal):
        run(lambda: switched(secret_id="AKIDtheirs00000", secret_key="planted"))
    allowed = run(program("AKIDtheirs00000", rules={"provider-account": "warning"}))
    assert any("belongs to account 100000000099" in text for _, text in allowed.said)
    assert run(program("")).named("demo-guard")
