"""`verify` on load balancers whose ports have different protocols: scheme, layer and hosts are those of the
port that is verified."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pulumi_tke_hybrid.cli.process import CouldNotTell, WrongUse
from pulumi_tke_hybrid.verify.cluster_snapshot import ClusterObjects, Frontend, FrontendKind
from pulumi_tke_hybrid.verify.probe import Progress
from pulumi_tke_hybrid.verify.report import Verification
from pulumi_tke_hybrid.verify.run_command import VerifyOptions, target_of, verify
from tests.unit.verify.objects import SUBNETS, FakeKube, ingress, service

PROTOCOLS = "service.cloud.tencent.com/specify-protocol"
HOST = "shop.example.com"
WEB = Frontend.parse("Service", "default/web")


def recorded(name: str) -> FakeKube:
    objects = json.loads(Path(__file__).with_name("data").joinpath(f"{name}.json").read_text())
    return FakeKube(
        {"web": objects["services"][0]},
        pods=objects["pods"],
        nodes=objects["nodes"],
        slices=objects["slices"],
    )


def target(
    body: dict[str, Any], port: int = 0, kind: FrontendKind = "Service", **changes: Any
) -> tuple[str, int, str]:
    found = target_of(
        VerifyOptions(frontend=WEB, port=port, **changes),
        ClusterObjects(Frontend(kind, "default", "web"), body),
    )
    return found.scheme, found.port, found.host_header


def structure(kube: FakeKube, port: int = 0, frontend: str = "Service") -> Verification:
    request = VerifyOptions(
        frontend=Frontend.parse("Ingress" if frontend == "Ingress" else "Service", "default/web"),
        structure_only=True,
        port=port,
    )
    return verify(replace(request, subnets=SUBNETS), lambda: kube, Progress())


def specified(text: object, ports: list[dict[str, Any]], direct: bool = True) -> dict[str, Any]:
    body = service(direct=direct, ports=ports)
    body["metadata"]["annotations"][PROTOCOLS] = text if isinstance(text, str) else json.dumps(text)
    return body


@pytest.mark.parametrize(
    ("name", "port", "wanted"),
    [
        ("http-and-https", 18080, ("http", 18080, HOST)),
        ("http-and-https", 18443, ("https", 18443, HOST)),
        ("http-and-https", 0, ("http", 18080, HOST)),
        ("tcp-and-https", 18080, ("http", 18080, "")),
        ("tcp-and-https", 18443, ("https", 18443, HOST)),
    ],
)
def test_scheme_and_host_are_those_of_the_port(name: str, port: int, wanted: tuple[str, int, str]) -> None:
    assert target(dict(recorded(name).services["web"]), port) == wanted


@pytest.mark.parametrize(
    ("protocols", "port", "tcp", "scheme"),
    [
        ({"8443": {"protocol": ["TCP_SSL"], "tls": "cert"}}, 8443, False, "https"),
        ({"8443": {"protocol": ["TCP_SSL"], "tls": "cert"}}, 8443, True, "tls"),
        ({"8443": {"protocol": ["HTTPS"], "hosts": {HOST: {"tls": "cert"}}}}, 8080, False, "http"),
        ({"8443": {"protocol": ["HTTPS"], "hosts": {HOST: {"tls": "cert"}}}}, 8080, True, "tcp"),
        ({"8080": {"protocol": ["TCP", "UDP"]}}, 8080, False, "http"),
        ({"9999": {"protocol": ["HTTPS"]}}, 8080, False, "http"),
    ],
)
def test_the_protocol_of_a_port_does_not_follow_from_another_port(
    protocols: object, port: int, tcp: bool, scheme: str
) -> None:
    body = specified(protocols, [{"port": 8080}, {"port": 8443}])
    assert target(body, port, tcp=tcp)[0] == scheme


def test_a_udp_port_gets_datagrams_and_a_port_of_both_protocols_gets_tcp() -> None:
    assert target(service(ports=[{"port": 53, "protocol": "UDP"}]), 53)[0] == "udp"
    assert (
        target(service(ports=[{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]), 53)[0]
        == "http"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '"HTTP"',
        '{"80": "HTTPS"}',
        '{"80": {"protocol": "HTTP"}}',
        '{"80": {"protocol": [80]}}',
        '{"80": {}}',
    ],
)
def test_an_annotation_that_cannot_be_read_is_no_protocol(text: str) -> None:
    body = specified(text, [{"port": 80}])
    with pytest.raises(CouldNotTell, match="not known"):
        target(body)
    outcome = structure(FakeKube({"web": body}))
    assert (
        any(PROTOCOLS in finding.message for finding in outcome.structure.findings)
        if outcome.structure
        else False
    )
    assert int(outcome.exit_code) not in (0, 1)


@pytest.mark.parametrize("protocol", ["QUIC", "SCTP", "GRPC"])
def test_an_unknown_protocol_is_refused_by_name(protocol: str) -> None:
    body = specified({"80": {"protocol": [protocol]}}, [{"port": 80}])
    with pytest.raises(CouldNotTell, match=protocol):
        target(body)
    assert int(structure(FakeKube({"web": body})).exit_code) not in (0, 1)


def test_tcp_is_refused_where_the_load_balancer_answers_http() -> None:
    body = specified({"80": {"protocol": ["HTTP"]}}, [{"port": 80}])
    with pytest.raises(WrongUse, match="--tcp does not go with port 80"):
        target(body, tcp=True)


@pytest.mark.parametrize("port", [0, 18080])
def test_a_tcp_port_without_direct_access_is_a_fault_beside_any_port(port: int) -> None:
    kube = recorded("tcp-and-https")
    kube.services["web"]["metadata"]["annotations"]["service.cloud.tencent.com/direct-access"] = "false"
    outcome = structure(kube, port)
    assert outcome.structure is not None
    assert any(
        "pods see a node" in fault.message and "18080" in fault.message for fault in outcome.structure.faults
    )


def test_an_http_port_beside_a_tcp_port_is_judged_as_http() -> None:
    kube = recorded("tcp-and-https")
    kube.services["web"]["metadata"]["annotations"]["service.cloud.tencent.com/direct-access"] = "false"
    outcome = structure(kube, 18443)
    assert outcome.structure is not None
    assert (outcome.structure.layer7, outcome.structure.faults) == (True, {})
    assert any("18080" in finding.message for finding in outcome.structure.findings)


def test_a_service_of_another_type_has_no_extended_protocols() -> None:
    body = specified({"80": {"protocol": ["HTTPS"]}}, [{"port": 80}])
    body["spec"]["type"] = "NodePort"
    assert target(body)[0] == "http"


MIX = {
    "kubernetes.io/ingress.rule-mix": "true",
    "kubernetes.io/ingress.http-rules": json.dumps([{"host": "plain.example.com", "path": "/"}]),
    "kubernetes.io/ingress.https-rules": json.dumps([{"host": HOST, "path": "/"}]),
}


@pytest.mark.parametrize(
    ("annotations", "tls", "port", "wanted"),
    [
        ({}, True, 443, ("https", 443, HOST)),
        (MIX, True, 80, ("http", 80, "plain.example.com")),
        (MIX, True, 443, ("https", 443, HOST)),
        ({"ingress.cloud.tencent.com/rule-mix-both": "true"}, True, 80, ("http", 80, HOST)),
        (
            {"ingress.cloud.tencent.com/listen-ports": '[{"HTTP": 8080}, {"HTTPS": 8443}]'},
            True,
            8080,
            ("http", 8080, HOST),
        ),
        (
            {"ingress.cloud.tencent.com/listen-ports": '[{"HTTP": 8080}, {"HTTPS": 8443}]'},
            True,
            8443,
            ("https", 8443, HOST),
        ),
    ],
)
def test_the_port_of_an_ingress_has_its_own_scheme_and_hosts(
    annotations: dict[str, str], tls: bool, port: int, wanted: tuple[str, int, str]
) -> None:
    body = ingress(tls=[{"secretName": "c"}] if tls else [])
    body["metadata"]["annotations"].update(annotations)
    assert target(body, port, "Ingress") == wanted


@pytest.mark.parametrize(("tls", "port"), [(True, 80), (False, 443), (True, 8080)])
def test_a_port_that_an_ingress_does_not_have_is_refused(tls: bool, port: int) -> None:
    with pytest.raises(WrongUse, match=f"has no port {port}"):
        target(ingress(tls=[{"secretName": "c"}] if tls else []), port, "Ingress")


@pytest.mark.parametrize("text", ["{", "[80]", '[{"HTTP": "80"}]', '[{"GRPC": 80}]', '{"HTTP": 80}'])
def test_ports_of_an_ingress_that_cannot_be_read_are_not_known(text: str) -> None:
    body = ingress()
    body["metadata"]["annotations"]["ingress.cloud.tencent.com/listen-ports"] = text
    with pytest.raises(CouldNotTell, match="cannot be read"):
        target(body, 80, "Ingress")
    assert int(structure(FakeKube(ingresses={"web": body}), frontend="Ingress").exit_code) not in (0, 1)


def test_only_a_session_of_the_port_pins_its_clients() -> None:
    kube = recorded("tcp-and-https")
    kube.services["web"]["metadata"]["annotations"]["service.cloud.tencent.com/tke-service-config"] = (
        "settings"
    )
    domains = [{"domain": HOST, "rules": [{"url": "/", "session": {"enable": True}}]}]
    listeners = {"l7Listeners": [{"protocol": "HTTPS", "port": 18443, "domains": domains}]}
    kube.configs = {"settings": {"metadata": {"name": "settings"}, "spec": {"loadBalancer": listeners}}}
    https, plain = structure(kube, 18443).structure, structure(kube, 18080).structure
    assert https is not None
    assert plain is not None
    assert "settings" in https.session
    assert plain.session == ""
