"""Whole runs on loopback, with a cluster that is a few lists."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pulumi_tke_hybrid.cli import result
from pulumi_tke_hybrid.cli.process import CouldNotTell, ExitCode, WrongUse
from pulumi_tke_hybrid.kube.client import ENDPOINT_SLICE, NODE, POD, Kind
from pulumi_tke_hybrid.tke.objects import Json
from pulumi_tke_hybrid.verify.backends import Backends, Coverage, Pod
from pulumi_tke_hybrid.verify.cluster_snapshot import ClusterObjects, Frontend, FrontendKind
from pulumi_tke_hybrid.verify.inside import JobSettings
from pulumi_tke_hybrid.verify.pod_tables import Kubectl
from pulumi_tke_hybrid.verify.probe import ProbePlan, Progress
from pulumi_tke_hybrid.verify.report import Verification, as_result
from pulumi_tke_hybrid.verify.run_command import target_of, verify
from pulumi_tke_hybrid.verify.target import Target
from pulumi_tke_hybrid.verify.verdict import Verdict
from tests.unit.verify.objects import FakeKube, good_pods, ingress, pod, service
from tests.unit.verify.runs import CLIENT, OPTIONS, PODS, background, names, run, seeing
from tests.unit.verify.servers import Whoami, http


def test_a_direct_service_is_proven() -> None:
    outcome = run(seeing({}))
    assert outcome.exit_code is ExitCode.FINE
    assert outcome.headline.startswith("PRESERVED: ")
    assert outcome.expected == CLIENT
    assert names(outcome) == ["forged header arrives"]


def test_the_articles_first_result_is_snat_node() -> None:
    kube = FakeKube(
        services={"web": service(direct=False)},
        pods=[pod("web-0", "10.0.0.4", "10.0.64.2", gate=""), pod("web-1", "10.0.1.4", "10.0.68.2", gate="")],
    )
    outcome = run(seeing({"web-0": "192.168.0.65", "web-1": "192.168.0.129"}), kube)
    assert outcome.exit_code is ExitCode.NOT_FINE
    assert outcome.results is not None
    assert {one.pod: one.reason for one in outcome.results.pods}["web-0"].startswith(
        "the peer 192.168.0.65 is cbr0 of node 10.0.0.4"
    )


def test_a_bad_zone_is_named_and_decides() -> None:
    outcome = run(seeing({"web-1": "192.168.0.129"}), expect=CLIENT)
    assert outcome.exit_code is ExitCode.NOT_FINE
    assert outcome.headline.startswith("SNAT_NODE in ap-guangzhou-6: ")


@pytest.mark.parametrize(
    ("accept", "code"), [(None, ExitCode.FINE), (True, ExitCode.FINE), (False, ExitCode.NOT_FINE)]
)
def test_a_header_suffices_for_an_ingress_unless_the_peer_is_required(
    accept: bool | None, code: ExitCode
) -> None:
    balancer = {"web-0": "10.0.8.8", "web-1": "100.64.0.7"}

    turns = Appending(PODS, lambda one: balancer[one.name])
    outcome = run(turns.handle, frontend=Frontend("Ingress", "default", "web"), accept_header=accept)
    assert outcome.exit_code is code
    assert outcome.results is not None
    assert outcome.results.verdict is Verdict.HEADER_ONLY
    assert "layer 7" in names(outcome)


class Appending(Whoami):
    """whoami behind an HTTP load balancer that appends its client to X-Forwarded-For."""

    def __init__(self, backends: Backends, peer_of: Callable[[Pod], str | None]) -> None:
        super().__init__(backends, peer_of, f"X-Forwarded-For: {CLIENT}")


def test_header_only_is_no_success_for_a_service() -> None:
    turns = Appending(PODS, lambda _: "10.0.8.10")
    assert run(turns.handle).exit_code is ExitCode.NOT_FINE


def test_a_load_balancer_that_translates_is_snat_lb() -> None:
    outcome = run(seeing({"web-0": "10.0.8.10", "web-1": "10.0.8.10"}))
    assert outcome.exit_code is ExitCode.NOT_FINE
    assert outcome.headline.startswith("SNAT_LB")


def test_a_fault_of_the_structure_decides_despite_good_answers() -> None:
    outcome = run(seeing({}), FakeKube(pods=[good_pods()[0], pod("web-1", "10.0.1.4", "10.0.68.2", gate="")]))
    assert outcome.exit_code is ExitCode.NOT_FINE
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.headline.startswith("UNKNOWN (answers: PRESERVED): ")
    assert outcome.headline.endswith("; structure: 1 fault in ap-guangzhou-6")


def test_a_required_zone_without_a_pod_is_not_covered_by_traffic() -> None:
    outcome = run(seeing({}), coverage=Coverage(zones=["ap-guangzhou-9"]))
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert f"; coverage not reached: {NINE}" in outcome.headline


def test_a_load_balancer_without_answers_gives_no_verdict() -> None:
    async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    outcome = run(closes)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert "not ready" in names(outcome)


def test_hostile_answers_are_unknown_with_the_reason() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"x" * 100_000)

    outcome = run(nonsense)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert outcome.results is not None
    assert outcome.results.pods[0].reason == "the answer's head is longer than 65536 bytes"


def test_only_our_own_requests_count_in_access_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    plan = replace(OPTIONS.plan, from_log=True)

    def line(peer: str, agent: str) -> str:
        return f'{peer} - - [05/Feb/2021:09:16:25 +0800] "GET / HTTP/1.1" 200 612 "-" "{agent}" "-"'

    logs = {
        name: [
            line("100.64.0.1", "clb-healthcheck"),
            line(CLIENT, plan.agent),
            line(CLIENT, plan.forging_agent),
        ]
        for name in ("web-0", "web-1")
    }

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(b"<h1>Welcome to nginx!</h1>"))

    outcome = run(welcome, FakeKube(logs=logs), plan=plan)
    assert outcome.exit_code is ExitCode.FINE
    assert outcome.results is not None
    assert {one.pod: one.answers for one in outcome.results.pods} == {"web-0": 1, "web-1": 1}
    nothing = run(welcome, FakeKube(), plan=plan)
    assert nothing.exit_code is ExitCode.COULD_NOT_TELL
    assert "$http_user_agent" in nothing.caveats[0].message


NINE = (
    "zone ap-guangzhou-9 has no ready pod (zones that have one: ap-guangzhou-4, ap-guangzhou-6); nothing is"
    " proven there"
)


@pytest.mark.parametrize(
    ("kube", "coverage", "code", "missing"),
    [
        (FakeKube(), Coverage(zones=["ap-guangzhou-4"]), ExitCode.FINE, []),
        (FakeKube(services={"web": service(direct=False)}), Coverage(), ExitCode.NOT_FINE, []),
        (FakeKube(forbidden={NODE}), Coverage(zones=["ap-guangzhou-4"]), ExitCode.COULD_NOT_TELL, []),
        (FakeKube(), Coverage(zones=["ap-guangzhou-4", "ap-guangzhou-9"]), ExitCode.COULD_NOT_TELL, [NINE]),
        (
            FakeKube(pods=[*good_pods(), pod("web-2", "10.0.0.4", "10.0.64.3")]),
            Coverage(min_per_zone=2),
            ExitCode.COULD_NOT_TELL,
            ["zone ap-guangzhou-6 has 1 ready pod, 2 wanted"],
        ),
    ],
)
def test_structure_alone_sends_nothing(
    kube: FakeKube, coverage: Coverage, code: ExitCode, missing: list[str]
) -> None:
    outcome = verify(replace(OPTIONS, structure_only=True, coverage=coverage), lambda: kube, Progress())
    assert outcome.exit_code is code
    assert (not missing) or outcome.headline.endswith(
        f"no traffic was sent; coverage not reached: {missing[0]}"
    )
    assert json.loads(result.as_json(as_result(outcome)))["uncovered"] == missing
    assert outcome.results is None
    assert json.loads(result.as_json(as_result(outcome)))["verdict"] is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frontend": None}, "nothing to verify"),
        ({"frontend": None, "url": "http://x", "structure_only": True}, "needs --service"),
        ({"frontend": None, "url": "http://x", "plan": ProbePlan(from_log=True)}, "needs --service"),
        ({"expect": "me"}, "is no address"),
        ({"load_balancers": ["10.0.8.10", "lb"]}, "'lb' is no address or range; write --lb-address"),
        ({"nodes": ["10.0.0.4", "10.0.0.0/22"]}, "'10.0.0.0/22' is no address; write --node-address"),
        ({"url": "ftp://x"}, "must begin with"),
        ({"url": "http://"}, "name a host"),
        ({"url": "http://user:secret@x/"}, "holds credentials"),
        ({"url": "http://x:99999/"}, "cannot be read"),
        ({"url": "tcp://x"}, "needs a port"),
        ({"url": "http://x/\u00e9"}, "plain ASCII"),
        ({"url": "http://x/a b"}, "plain ASCII"),
        ({"url": "http://x/", "port": 8080}, "leave out --port$"),
        ({"url": "http://x/", "path": "/who", "tcp": True}, "leave out --path, --tcp$"),
        ({"frontend": Frontend.parse("Ingress", "shop/web"), "tcp": True}, "an Ingress takes HTTP"),
        (
            {"structure_only": True, "url": "http://x/", "expect": CLIENT},
            "sends no traffic; leave out the URL, --expect-client$",
        ),
        (
            {"structure_only": True, "plan": ProbePlan(from_log=True), "job": JobSettings("i", "n")},
            "leave out --in-vpc, --from-log$",
        ),
        ({"structure_only": True, "kubectl": Kubectl()}, "leave out --from-tcp-table$"),
        ({"port": 81}, "has no port 81; it has 80"),
        ({"port": 81, "structure_only": True}, "has no port 81; it has 80"),
    ],
)
def test_wrong_use_is_refused_before_any_traffic(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(WrongUse, match=words) as refused:
        verify(replace(OPTIONS, **changes), FakeKube, Progress())
    assert "secret" not in str(refused.value)


def test_verify_waits_for_the_address_of_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    pending = {**service(), "status": {}}
    with pytest.raises(CouldNotTell, match="no load balancer address"):
        verify(
            replace(OPTIONS, plan=replace(OPTIONS.plan, retry=0)),
            lambda: FakeKube(services={"web": pending}),
            Progress(),
        )


@pytest.mark.parametrize(
    ("frontend", "body", "expected"),
    [
        ("Service", service(), Target("http", "10.0.8.10", 80)),
        ("Service", service(ports=[{"port": 443}]), Target("https", "10.0.8.10", 443)),
        ("Ingress", ingress(), Target("http", "10.0.8.8", 80, host_header="shop.example.com")),
        (
            "Ingress",
            ingress(tls=[{"secretName": "c"}]),
            Target("https", "10.0.8.8", 443, host_header="shop.example.com"),
        ),
    ],
)
def test_the_target_follows_from_the_object(frontend: FrontendKind, body: Json, expected: Target) -> None:
    assert target_of(OPTIONS, ClusterObjects(Frontend(frontend, "default", "web"), body)) == expected


def test_an_address_of_the_load_balancer_without_traffic_is_not_proven() -> None:
    """A dual-stack load balancer has two addresses, and each needs its own proof."""

    def outcome(entries: list[dict[str, str]]) -> Verification:
        with background(seeing({})) as port:
            body = {**service(ports=[{"port": port}]), "status": {"loadBalancer": {"ingress": entries}}}
            return verify(OPTIONS, lambda: FakeKube({"web": body}), Progress())

    one, two = outcome([{"ip": CLIENT}]), outcome([{"ip": "fd00::8"}, {"ip": CLIENT}])
    assert one.exit_code == 0
    assert two.exit_code not in (0, 1)
    assert any("fd00::8 got no traffic" in text for text in two.uncovered)


@pytest.mark.parametrize("kind", [POD, NODE, ENDPOINT_SLICE])
def test_unreadable_objects_are_never_proven_by_traffic_alone(kind: Kind) -> None:
    assert run(seeing({}), FakeKube(forbidden={kind})).exit_code is ExitCode.COULD_NOT_TELL
