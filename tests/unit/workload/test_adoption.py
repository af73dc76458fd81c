"""`adopt`: live objects are compared with the program before the first object is made."""

from typing import Any

import pytest

import pulumi_tke_hybrid as tke
from tests.unit.live import LABELS, PULUMI, cluster_of, holder, live, no_cluster
from tests.unit.programs import Graph, run
from tests.unit.workloads import SUBNET, refusals, workload

CLAIM: dict[str, Any] = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}},
}
ADDRESS = {"loadBalancer": {"ingress": [{"ip": "10.0.8.10"}]}}
INTERNAL = "service.kubernetes.io/qcloud-loadbalancer-internal-subnetid"
EXISTING = "service.kubernetes.io/tke-existed-lbid"
INGRESS_INTERNAL = "kubernetes.io/ingress.subnetId"


def stateful(**spec: Any) -> dict[str, Any]:
    return holder("StatefulSet", spec={"serviceName": "w", **spec})


def balanced(annotations: dict[str, str], kind: str = "Service", **more: Any) -> dict[str, Any]:
    return live(
        kind,
        **more,
        spec={"type": "LoadBalancer", "clusterIP": "10.96.0.10"},
        annotations=annotations,
        status=ADDRESS,
    )


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    (
        "a governing Service of its own",
        stateful(serviceName="db-peers"),
        {"kind": "statefulset"},
        (
            "service_name: w instead of db-peers (spec.serviceName of the live object); Kubernetes cannot"
            " change it in place; set service_name='db-peers'"
        ),
    ),
    (
        "pods all at once",
        stateful(podManagementPolicy="Parallel"),
        {"kind": "statefulset"},
        (
            "pod_management_policy: OrderedReady instead of Parallel (spec.podManagementPolicy of the live"
            " object); "
        ),
    ),
    (
        "pods one by one",
        stateful(podManagementPolicy="OrderedReady"),
        {"kind": "statefulset", "pod_management_policy": "Parallel"},
        (
            "pod_management_policy: Parallel instead of OrderedReady (spec.podManagementPolicy of the live"
            " object); "
        ),
    ),
    (
        "claims that the program leaves out",
        stateful(volumeClaimTemplates=[CLAIM]),
        {"kind": "statefulset"},
        "volume_claims: none instead of data (spec.volumeClaimTemplates of the live object); ",
    ),
    (
        "claims that are not there",
        stateful(),
        {"kind": "statefulset", "volume_claims": [CLAIM]},
        "volume_claims: data instead of none ",
    ),
    (
        "a smaller claim",
        stateful(volumeClaimTemplates=[CLAIM]),
        {
            "kind": "statefulset",
            "volume_claims": [{**CLAIM, "spec": {"resources": {"requests": {"storage": "20Gi"}}}}],
        },
        (
            "volume_claims[0].spec.resources.requests.storage: 20Gi instead of 10Gi"
            " (spec.volumeClaimTemplates of the live object); "
        ),
    ),
    (
        "another class of a claim",
        stateful(volumeClaimTemplates=[CLAIM]),
        {
            "kind": "statefulset",
            "volume_claims": [{**CLAIM, "spec": {**CLAIM["spec"], "storageClassName": "cbs"}}],
        },
        "volume_claims[0].spec.storageClassName: cbs instead of none ",
    ),
    (
        "labels of the pods",
        holder(spec={"selector": {"matchLabels": {"app": "w"}}}),
        {},
        (
            "selector: app.kubernetes.io/name=w instead of app=w (spec.selector of the live object);"
            " Kubernetes cannot change it in place; set selector={'app': 'w'}"
        ),
    ),
    (
        "expressions",
        holder(spec={"selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}),
        {},
        "selector: is matchExpressions in the live object; ",
    ),
    (
        "a headless Service of that name",
        live("Service", spec={"clusterIP": "None"}),
        {},
        "name: w is the name of a headless Service (spec.clusterIP: None); ",
    ),
    (
        "a Service with an address",
        live("Service", "peers", spec={"clusterIP": "10.96.0.9"}),
        {"kind": "statefulset", "service_name": "peers", "headless_service": True},
        "service_name: is a Service with an address (spec.clusterIP: 10.96.0.9); ",
    ),
    (
        "another subnet",
        balanced({INTERNAL: "subnet-11111111"}),
        {},
        (
            f"exposure.subnet_id: {SUBNET} instead of subnet-11111111 (annotation {INTERNAL} of the live"
            " object); TKE read it when it made"
        ),
    ),
    (
        "an internal load balancer that would become public",
        balanced({INTERNAL: SUBNET}),
        {"exposure": {"kind": "public"}},
        f"exposure.subnet_id: none instead of {SUBNET} ",
    ),
    (
        "another load balancer",
        balanced({EXISTING: "lb-11111111"}),
        {"exposure": {"kind": "existing", "load_balancer_id": "lb-22222222"}},
        "exposure.load_balancer_id: lb-22222222 instead of lb-11111111 ",
    ),
    (
        "none at all",
        balanced({INTERNAL: SUBNET}),
        {"exposure": {"kind": "none"}},
        "exposure.kind: none instead of the load balancer of the live Service (spec.type: LoadBalancer); ",
    ),
    (
        "an Ingress elsewhere",
        balanced({INGRESS_INTERNAL: "subnet-11111111"}, "Ingress"),
        {"ingress": {"exposure": {"kind": "public"}}},
        "ingress.exposure.subnet_id: none instead of subnet-11111111 ",
    ),
]


def adopted(preview: bool = False, **more: Any) -> Graph:
    described: dict[str, Any] = {"adopt": True, **more}
    return run(lambda: workload(**described), preview=preview)


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize(
    ("there", "more", "start"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_different_immutable_field_is_refused_before_the_first_object(
    monkeypatch: pytest.MonkeyPatch, there: dict[str, Any], more: dict[str, Any], start: str, preview: bool
) -> None:
    cluster_of(monkeypatch, there)
    graph = Graph(preview=preview)
    with pytest.raises(tke.InvalidInputs) as caught:
        run(lambda: workload(adopt=True, **more), preview=preview, into=graph)
    assert [str(problem)[: len(start)] for problem in caught.value.problems] == [start]
    assert [resource.type for resource in graph.resources if resource.type.startswith("kubernetes:")] == []


@pytest.mark.parametrize(
    ("there", "more"),
    [
        ((), {}),
        ((holder(), live("Service", spec={"clusterIP": "10.96.0.9", "type": "ClusterIP"})), {}),
        ((balanced({INTERNAL: SUBNET}),), {}),
        (
            (balanced({EXISTING: "lb-11111111"}),),
            {"exposure": {"kind": "existing", "load_balancer_id": "lb-11111111"}},
        ),
        # Billing is compared only where the program states it.
        (
            (
                balanced(
                    {
                        "service.kubernetes.io/qcloud-loadbalancer-internet-charge-type": (
                            "TRAFFIC_POSTPAID_BY_HOUR"
                        )
                    }
                ),
            ),
            {"exposure": {"kind": "public"}},
        ),
        ((balanced({INTERNAL: "subnet-11111111"}),), {"allow_address_change": True}),
        # A stack applies the object: a later change of the annotation does not replace the load balancer.
        ((balanced({INTERNAL: "subnet-11111111"}, managers=PULUMI),), {}),
        ((balanced({}, managers=PULUMI),), {"exposure": {"kind": "none"}}),
        # Annotations that no load balancer was made from.
        (
            (
                live(
                    "Service",
                    spec={"type": "ClusterIP", "clusterIP": "10.96.0.9"},
                    annotations={INTERNAL: "subnet-11111111"},
                ),
            ),
            {},
        ),
        (
            (stateful(serviceName="peers", podManagementPolicy="Parallel", volumeClaimTemplates=[CLAIM]),),
            {
                "kind": "statefulset",
                "service_name": "peers",
                "pod_management_policy": "Parallel",
                "volume_claims": [CLAIM],
            },
        ),
        # The API server writes quantities in its own way.
        (
            (stateful(volumeClaimTemplates=[CLAIM]),),
            {
                "kind": "statefulset",
                "volume_claims": [{**CLAIM, "spec": {"resources": {"requests": {"storage": "10240Mi"}}}}],
            },
        ),
        (
            (stateful(serviceName="w"), live("Service", spec={"clusterIP": "None"})),
            {"kind": "statefulset", "service_name": "w", "front_service_name": "w-clients"},
        ),
    ],
)
def test_an_object_that_matches_its_declaration_is_adopted(
    monkeypatch: pytest.MonkeyPatch, there: tuple[Any, ...], more: dict[str, Any]
) -> None:
    cluster_of(monkeypatch, *there)
    assert adopted(**more).of_type(":Service")


def test_adopt_reads_every_object_and_without_adopt_none_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = cluster_of(monkeypatch)
    adopted(kind="statefulset", headless_service=True, ingress={"exposure": {"kind": "public"}})
    assert sorted(read) == [
        "Ingress/w",
        "PodDisruptionBudget/w",
        "Service/w",
        "Service/w-headless",
        "StatefulSet/w",
    ]
    read.clear()
    adopted(adopt=False)
    assert read == []


def test_an_unreadable_cluster_is_a_warning_at_preview_and_an_error_in_an_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_cluster(monkeypatch)
    text = (
        "the cluster could not be read (ConnectTimeout); what exists already is compared with the program"
        " during `up`, before anything"
    )
    assert [(level, text in message) for level, message in adopted(preview=True).said] == [("warning", True)]
    graph = Graph()
    with pytest.raises(
        tke.InvalidInputs,
        match=r"opts\.provider: could not be read; what exists already is compared with the program \(Con",
    ):
        run(lambda: workload(adopt=True), into=graph)
    assert [resource.type for resource in graph.resources if resource.type.startswith("kubernetes:")] == []


def test_the_service_for_clients_may_have_a_name_of_its_own_which_is_fixed() -> None:
    graph = run(
        lambda: workload(
            front_service_name="w-clients", kind="statefulset", ingress={"exposure": {"kind": "public"}}
        )
    )
    assert graph.named("w-service").inputs["metadata"]["name"] == "w-clients"
    assert graph.named("w-statefulset").inputs["spec"]["serviceName"] == "w-clients"
    (path,) = graph.named("w-ingress").inputs["spec"]["rules"][0]["http"]["paths"]
    assert path["backend"]["service"]["name"] == "w-clients"
    before = {"name": "w", "namespace": "default", "service": {"kind": "public"}, "selector": LABELS}
    (line,) = refusals(before, {**before, "frontService": "w-clients"})
    assert line.startswith(
        "front_service_name: w-clients instead of w; a Service cannot change its name in place"
    )
    assert refusals({**before, "frontService": "x"}, {**before, "frontService": "x"}) == []
    assert refusals(before, {**before, "frontService": "x", "allowAddressChange": True}) == []
