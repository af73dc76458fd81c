"""Reads of a cluster: kept addresses and pods with ENI addresses, through each open endpoint."""

import base64
import contextlib
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from pulumi_tke_hybrid.cloud.api_client import Params
from pulumi_tke_hybrid.cloud.calls import CloudError
from pulumi_tke_hybrid.cloud.in_cluster import KeptAddress, LiveCluster, NotReadable
from tests.unit.kube.servers import (
    GROUP,
    NOT_FOUND,
    PLAIN_404,
    Answer,
    Json,
    Objects,
    Reply,
    Served,
    kubeconfig,
    named,
    serving,
    status,
)

WEB = KeptAddress("shop", "web-0", "10.0.64.5")

CLAIMS, ADDRESSES = f"/apis/{GROUP}/v1/vpcipclaims", f"/apis/{GROUP}/v1/vpcips"
PLAIN = {"insecure-skip-tls-verify": True}
"""The server has plain HTTP: reading the machine's certificate authorities for it would take longer than
the test."""


@dataclass
class Cloud:
    """A cloud with these endpoints, intranet first, that hands out that kubeconfig for each: also for one
    that is closed."""

    kubeconfig: Any
    intranet: str = "Created"
    internet: str = "NotFound"
    asked: list[str] = field(default_factory=list[str])

    def call(self, service: str, action: str, params: Params) -> dict[str, Any]:
        self.asked.append(f"{action} {'internet' if params['IsExtranet'] else 'intranet'}")
        if action == "DescribeClusterEndpointStatus":
            return {"Status": self.internet if params["IsExtranet"] else self.intranet, "ErrorMsg": ""}
        assert action == "DescribeClusterKubeconfig"
        return {"Kubeconfig": self.kubeconfig}


@contextlib.contextmanager
def live(answer: Answer) -> Generator[tuple[LiveCluster, Served]]:
    with serving(answer) as served:
        yield (
            LiveCluster.connect(Cloud(json.dumps(kubeconfig(served.url, cluster=PLAIN))), "cls-12345678"),
            served,
        )


def cni(pods: list[Json], claims: list[Json], addresses: list[Json] | None = None, **more: Any) -> Objects:
    """A cluster with VPC-CNI."""
    return Objects(pods, {"apps": "v1", GROUP: "v1"}, {CLAIMS: claims, ADDRESSES: addresses or []}, **more)


def eni(name: str, phase: str = "Running", networks: str = "tke-route-eni") -> Json:
    return named(
        name, metadata={"annotations": {"tke.cloud.tencent.com/networks": networks}}, status={"phase": phase}
    )


def vip(address: str, claim: str) -> Json:
    return {"metadata": {"name": address}, "spec": {"claimRef": {"namespace": "shop", "name": claim}}}


def test_a_claim_is_kept_when_its_pod_is_gone_and_pods_that_are_over_hold_nothing() -> None:
    pods = [
        eni("web-1"),
        eni("job-1", "Succeeded"),
        eni("both", networks="tke-bridge, tke-route-eni"),
        named("plain"),
    ]
    with live(
        cni(pods, [named("web-0"), named("web-1")], [vip("10.0.64.5", "web-0"), vip("10.0.64.6", "web-1")])
    ) as (cluster, _):
        assert cluster.kept_addresses() == [WEB]
        assert cluster.eni_pods() == ["shop/both", "shop/web-1"]


@pytest.mark.parametrize(
    ("claim", "addresses", "address"),
    [
        (named("web-0", spec={"ip": "10.0.64.5"}), [], "10.0.64.5"),
        (named("web-0", status={"address": "10.0.64.5"}), [], "10.0.64.5"),
        (named("web-0", spec={"ip": "10.0.64.9"}), [vip("10.0.64.5", "web-0")], "10.0.64.5"),
        (named("web-0", spec={"a": "10.0.64.5", "b": "10.0.64.6"}), [vip("10.0.64.7", "web-1")], ""),
        (named("web-0", spec={"ip": "10.0.0.9\x1b[2K"}), [vip("no-address", "web-0")], ""),
        (named("web-0"), [{"metadata": {"name": "10.0.64.5"}, "spec": {"note": "web-0"}}], ""),
    ],
)
def test_an_address_is_that_of_the_object_bound_to_the_claim_else_of_the_claim_else_unknown(
    claim: Json, addresses: list[Json], address: str
) -> None:
    with live(cni([], [claim], addresses)) as (cluster, _):
        assert cluster.kept_addresses() == [KeptAddress("shop", "web-0", address)]


def test_claims_are_read_in_the_version_that_the_cluster_prefers() -> None:
    answers = Objects(
        [],
        {GROUP: "v1beta1"},
        {f"/apis/{GROUP}/v1beta1/vpcipclaims": [named("web-0", spec={"ip": "10.0.64.5"})]},
    )
    with live(answers) as (cluster, _):
        assert cluster.kept_addresses() == [WEB]


def test_without_the_group_there_are_no_claims_and_with_the_group_missing_claims_are_an_error() -> None:
    with live(Objects([], {"apps": "v1"})) as (cluster, _):
        assert cluster.kept_addresses() == [], "a cluster without VPC-CNI knows no claims"
    for missing in (NOT_FOUND, PLAIN_404):
        answers = Objects([], {GROUP: "v9"}, replies={("GET", f"/apis/{GROUP}/v9/vpcipclaims"): missing})
        with live(answers) as (cluster, _), pytest.raises(NotReadable, match="list vpcipclaims: "):
            cluster.kept_addresses()


@pytest.mark.parametrize(
    "groups",
    [NOT_FOUND, PLAIN_404, status(403), Reply({"kind": "APIGroupList"}), Reply({"groups": []}), Reply(b"[]")],
)
def test_groups_that_cannot_be_listed_are_not_absent(groups: Reply) -> None:
    with live(cni([], [], replies={("GET", "/apis"): groups})) as (cluster, _), pytest.raises(NotReadable):
        cluster.kept_addresses()


def test_pods_on_every_kind_of_eni_are_seen_by_annotation_or_resource() -> None:
    def asking(name: str, resource: str, containers: str = "containers", kind: str = "limits") -> Json:
        return named(
            name, spec={containers: [{"resources": {kind: {resource: "1"}}}]}, status={"phase": "Running"}
        )

    pods = [
        eni("direct", networks="tke-direct-eni"),
        eni("sub", networks="tke-sub-eni"),
        asking("by-resource", "tke.cloud.tencent.com/eni-ip"),
        asking("at-first", "tke.cloud.tencent.com/direct-eni", "initContainers", "requests"),
        asking("plain", "cpu"),
    ]
    with live(Objects(pods)) as (cluster, _):
        assert cluster.eni_pods() == ["shop/at-first", "shop/by-resource", "shop/direct", "shop/sub"]


def test_the_other_endpoint_is_tried_and_silence_is_not_nothing() -> None:
    nowhere = json.dumps(kubeconfig("http://127.0.0.1:1"))

    @dataclass
    class Two(Cloud):
        internet: str = "Created"

        def call(self, service: str, action: str, params: Params) -> dict[str, Any]:
            found = super().call(service, action, params)
            return {"Kubeconfig": nowhere} if "Kubeconfig" in found and not params["IsExtranet"] else found

    with serving(Objects([eni("web-1")])) as served:
        assert LiveCluster.connect(Two(json.dumps(kubeconfig(served.url))), "cls-12345678").eni_pods() == [
            "shop/web-1"
        ]
    with pytest.raises(NotReadable, match="is this machine in the VPC"):
        LiveCluster.connect(Two(nowhere), "cls-12345678").eni_pods()


def test_a_claim_that_is_gone_already_is_released_and_a_refusal_is_named() -> None:
    path = f"/apis/{GROUP}/v1/namespaces/shop/vpcipclaims/web-0"
    with live(cni([], [])) as (cluster, served):
        cluster.release(WEB)
        assert [request.path for request in served.requests if request.method == "DELETE"] == [path]
    for refusal, reason in (
        (status(403), r"not allowed with this kubeconfig \(403\).*tke:AcquireClusterAdminRole"),
        (PLAIN_404, "HTTP 404"),
    ):
        with (
            live(cni([], [], replies={("DELETE", path): refusal})) as (cluster, _),
            pytest.raises(NotReadable, match=reason),
        ):
            cluster.release(WEB)


def test_a_claim_is_not_kept_because_the_pods_cannot_be_listed() -> None:
    answers = cni([], [named("web-1")], replies={("GET", "/api/v1/pods"): NOT_FOUND})
    with live(answers) as (cluster, _), pytest.raises(NotReadable, match="list pods: not found"):
        cluster.kept_addresses()


def test_the_error_of_a_sub_account_without_rights_has_the_cure() -> None:
    def problem(reply: Reply) -> str:
        with (
            live(cni([], [], replies={("GET", "/api/v1/pods"): reply})) as (cluster, _),
            pytest.raises(NotReadable) as caught,
        ):
            cluster.eni_pods()
        return str(caught.value)

    forbidden = problem(status(403, "User 100001 cannot list pods"))
    assert forbidden.startswith("list pods: not allowed with this kubeconfig (403)")
    assert "tke:AcquireClusterAdminRole" in forbidden
    assert "100001" not in forbidden
    refused = problem(status(401, "Unauthorized"))
    assert "does not accept the credentials (401)" in refused
    assert "AcquireClusterAdminRole" not in refused


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html>hunter2</html>", headers={"Content-Type": "text/html"}),
        Reply({}),
        Reply(b"[]"),
        Reply({"items": [3]}),
        Reply({"items": [{}]}),
        Reply({"items": {"hunter2": 1}}),
        Reply(b"<html>hunter2</html>", 404),
        Reply(b"hunter2", 404),
        Reply(b"<html>hunter2</html>", 404, {"Content-Type": "text/html"}),
        Reply(b"<html>hunter2</html>", 403),
        Reply(b"", 302, {"Location": "https://hunter2.example.com/"}),
    ],
)
def test_an_answer_that_cannot_be_read_is_not_nothing(reply: Reply) -> None:
    with live(lambda _: reply) as (cluster, _):
        for question in (cluster.eni_pods, cluster.kept_addresses):
            with pytest.raises(NotReadable) as caught:
                question()
            assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "null",
        "[]",
        "hunter2",
        "{}",
        "{",
        json.dumps({"clusters": 3}),
        json.dumps(kubeconfig("https://[::1")),
        json.dumps(
            kubeconfig(
                "https://127.0.0.1:1",
                cluster={"certificate-authority-data": base64.b64encode(b"hunter2").decode()},
            )
        ),
        json.dumps(kubeconfig("https://127.0.0.1:1", cluster={"certificate-authority": "/hunter2"})),
    ],
)
def test_a_kubeconfig_that_does_not_fit_is_named_and_not_quoted(text: str | None) -> None:
    with pytest.raises(
        NotReadable,
        match=r"cls-12345678 has no endpoint that can be used \(intranet: .*; internet: NotFound\)$",
    ) as caught:
        LiveCluster.connect(Cloud(text), "cls-12345678")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("state", ["NotFound", "Creating", "CreateFailed", "Deleting", "hunter2", ""])
def test_the_kubeconfig_of_a_closed_endpoint_is_not_taken(state: str) -> None:
    cloud = Cloud(json.dumps(kubeconfig("http://cls-12345678.ccs.tencent-cloud.com")), intranet=state)
    with pytest.raises(NotReadable, match=rf"\(intranet: {state or 'no status'}; internet: NotFound\)"):
        LiveCluster.connect(cloud, "cls-12345678")
    assert cloud.asked == ["DescribeClusterEndpointStatus intranet", "DescribeClusterEndpointStatus internet"]


def test_a_cloud_that_refuses_is_named_by_its_codes() -> None:
    class Closed:
        def call(self, service: str, action: str, params: Mapping[str, object]) -> dict[str, Any]:
            raise CloudError(action, "FailedOperation.KubeClientConf", "not open")

    with pytest.raises(
        NotReadable, match=r"intranet: DescribeClusterEndpointStatus failed: FailedOperation.KubeClientConf"
    ):
        LiveCluster.connect(Closed(), "cls-12345678")
