"""The whole run, on loopback, with a cluster of a few lists."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from pulumi_tke_hybrid.cli import result
from pulumi_tke_hybrid.cli.exit_code import CouldNotTell, ExitCode, WrongUse
from pulumi_tke_hybrid.kube.client import ENDPOINT_SLICE, NODE, POD, Kind
from pulumi_tke_hybrid.tke.cluster_facts import ClusterFacts
from pulumi_tke_hybrid.tke.values import Json
from pulumi_tke_hybrid.verify.answers import Answer
from pulumi_tke_hybrid.verify.backends import Backends, Coverage, Pod, results
from pulumi_tke_hybrid.verify.caveats import name_of_caveat
from pulumi_tke_hybrid.verify.cluster import ClusterObjects, ContainerSubnets, Frontend, FrontendKind
from pulumi_tke_hybrid.verify.inside import JobSettings
from pulumi_tke_hybrid.verify.pod_tables import Kubectl
from pulumi_tke_hybrid.verify.probe import ProbePlan, Progress
from pulumi_tke_hybrid.verify.report import Verification, as_result
from pulumi_tke_hybrid.verify.run_command import VerifyOptions, target_of, verify
from pulumi_tke_hybrid.verify.target import Limits, Target
from pulumi_tke_hybrid.verify.verdict import FORGED, Addresses, Case, Verdict
from tests.unit.verify.objects import SUBNETS, FakeKube, good_pods, ingress, pod, service
from tests.unit.verify.servers import Handler, Whoami, http, serving

CLIENT = "127.0.0.1"
PODS = Backends((Pod("web-0", address="10.0.64.2"), Pod("web-1", address="10.0.68.2")))
FRONTEND = Frontend("Service", "default", "web")
OPTIONS = VerifyOptions(
    frontend=FRONTEND,
    subnets=SUBNETS,
    plan=ProbePlan(requests=20, deadline=5, retry=0.1, limits=Limits(connect=2, answer=2)),
)


@contextlib.contextmanager
def background(handler: Handler) -> Generator[int]:
    """A server in a thread of its own, for what runs its own event loop."""
    ready, ports, loop = threading.Event(), list[int](), asyncio.new_event_loop()
    done = asyncio.Event()

    async def main() -> None:
        async with serving(handler) as port:
            ports.append(port)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    try:
        assert ready.wait(5)
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(5)
        loop.close()


def run(handler: Handler, kube: FakeKube | None = None, **changes: Any) -> Verification:
    with background(handler) as port:
        wanted = replace(OPTIONS, url=f"http://127.0.0.1:{port}/", **changes)
        return verify(wanted, lambda: kube or FakeKube(), Progress())


def seeing(peers: dict[str, str], adds: str = "") -> Handler:
    return Whoami(PODS, lambda one: peers.get(one.name), adds).handle


def names(outcome: Verification) -> list[str]:
    return [name_of_caveat(caveat) for caveat in outcome.caveats]


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


def test_one_bad_zone_is_named_and_decides() -> None:
    outcome = run(seeing({"web-1": "192.168.0.129"}), expect=CLIENT)
    assert outcome.exit_code is ExitCode.NOT_FINE
    assert outcome.headline.startswith("SNAT_NODE in ap-guangzhou-6: ")


@pytest.mark.parametrize(
    ("accept", "code"), [(None, ExitCode.FINE), (True, ExitCode.FINE), (False, ExitCode.NOT_FINE)]
)
def test_a_header_is_enough_for_an_ingress_unless_the_peer_is_wanted(
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
    """As behind an HTTP load balancer that appends its client to X-Forwarded-For."""

    def __init__(self, backends: Backends, peer_of: Callable[[Pod], str | None]) -> None:
        super().__init__(backends, peer_of, f"X-Forwarded-For: {CLIENT}")


def test_header_only_is_no_success_for_a_service() -> None:
    turns = Appending(PODS, lambda _: "10.0.8.10")
    assert run(turns.handle).exit_code is ExitCode.NOT_FINE


def test_a_load_balancer_that_translates_is_snat_lb() -> None:
    outcome = run(seeing({"web-0": "10.0.8.10", "web-1": "10.0.8.10"}))
    assert outcome.exit_code is ExitCode.NOT_FINE
    assert outcome.headline.startswith("SNAT_LB")


def test_a_client_behind_nat_is_told_which_address_differs() -> None:
    outcome = run(seeing({"web-0": "119.29.9.9", "web-1": "119.29.9.9"}))
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    (caveat,) = [caveat for caveat in outcome.caveats if name_of_caveat(caveat) == "client behind NAT"]
    assert f"expected {CLIENT}" in caveat.message
    assert "--expect-client 119.29.9.9" in caveat.message
    assert (
        run(seeing({"web-0": "119.29.9.9", "web-1": "119.29.9.9"}), expect="119.29.9.9").exit_code
        is ExitCode.FINE
    )


def test_an_application_that_believes_a_forged_header_is_reported_and_not_preserved() -> None:
    turns = iter(range(10**6))

    async def believes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        client = FORGED if FORGED in request else CLIENT
        writer.write(http(json.dumps({"ip": client, "hostname": f"web-{next(turns) % 2}"}).encode()))

    outcome = run(believes, plan=replace(OPTIONS.plan, peer_field="ip"))
    assert outcome.exit_code is ExitCode.NOT_FINE
    assert "forged header believed" in names(outcome)


def test_a_pod_that_never_answers_is_coverage_not_reached() -> None:
    only = Whoami(Backends(PODS.pods[:1]))
    outcome = run(only.handle)
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert "ap-guangzhou-6" in outcome.headline
    assert "pinned" in names(outcome)
    sticky = FakeKube(services={"web": service(sessionAffinity="ClientIP")})
    assert "session persistence" in names(run(Whoami(Backends(PODS.pods[:1])).handle, sticky))


def test_a_fault_that_traffic_does_not_show_is_a_fault_of_structure() -> None:
    outcome = run(seeing({}), FakeKube(pods=[good_pods()[0], pod("web-1", "10.0.1.4", "10.0.68.2", gate="")]))
    assert outcome.exit_code is ExitCode.NOT_FINE
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.headline.startswith("UNKNOWN (answers: PRESERVED): ")
    assert outcome.headline.endswith("; structure: 1 fault in ap-guangzhou-6")


def test_a_zone_that_must_answer_and_has_no_pod_is_not_covered_with_traffic_either() -> None:
    outcome = run(seeing({}), coverage=Coverage(zones=["ap-guangzhou-9"]))
    assert outcome.exit_code is ExitCode.COULD_NOT_TELL
    assert f"; coverage not reached: {NINE}" in outcome.headline


def test_nothing_answering_is_no_verdict() -> None:
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


def test_access_logs_are_read_for_our_own_requests_only(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_service_without_an_address_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_where_the_questions_go_follows_the_object(
    frontend: FrontendKind, body: Json, expected: Target
) -> None:
    assert target_of(OPTIONS, ClusterObjects(Frontend(frontend, "default", "web"), body)) == expected


@pytest.mark.parametrize(("columns", "whole"), [("", True), ("80", False)])
def test_names_and_addresses_are_whole_in_a_log_and_never_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str, whole: bool
) -> None:
    monkeypatch.setattr("os.isatty", lambda _: False)
    monkeypatch.setenv("COLUMNS", columns)
    kube = FakeKube(pods=[pod("web-deployment-7b9c6d5f4-x2v8q", "10.0.0.4", "10.0.64.2")])
    result.show(
        as_result(verify(replace(OPTIONS, structure_only=True), lambda: kube, Progress())), result.console()
    )
    result.show(as_result(run(seeing({}), kube)), result.console())
    shown = capsys.readouterr().out
    assert (
        all(name in shown for name in ("ap-guangzhou-4", "web-deployment-7b9c6d5f4-x2v8q", "10.0.64.2"))
        is whole
    )
    assert "\u2026" not in shown
    assert max(map(len, shown.splitlines())) <= int(columns or result.WIDTH_OF_A_LOG)


def test_tables_obey_nothing_of_what_a_cluster_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    kube = FakeKube(pods=[pod("web-\x1b[31m", "10.0.0.4", "10.0.64.2\x1b[32m"), good_pods()[1]])
    subnets = ContainerSubnets.of(
        ClusterFacts.of({"zones": {"ap-\x1b[33m": [{"cidrBlock": "10.0.72.0/22"}]}})
    )
    console = result.console()
    result.show(as_result(verify(replace(OPTIONS, structure_only=True), lambda: kube, Progress())), console)
    result.show(
        as_result(run(seeing({}), kube, subnets=subnets, coverage=Coverage(zones=["ap-\x1b[33m"]))), console
    )
    shown = capsys.readouterr().out
    assert "web-?[31m" in shown
    assert "\x1b" not in shown


def test_reports_show_what_pods_sent_as_text() -> None:
    evil = Answer(problem="x | y <script> `rm` \x1b[31m\n@all [link](http://evil)")
    found = results({evil: 1}, Backends(), Case(Addresses(), CLIENT), Coverage())
    outcome = Verification("http://10.0.8.10:80/", CLIENT, False, found)
    text = result.as_markdown(as_result(outcome))
    assert "\x1b" not in text
    assert "<script>" not in text
    assert "x \\| y" in text
    assert "\\[link\\]" in text
    assert "\\@\u200ball" in text  # a code host would mention them without the space of no width
    data = json.loads(result.as_json(as_result(outcome)))
    assert (data["exitCode"], data["verdict"], data["pods"][0]["pod"]) == (3, "UNKNOWN", "(no name)")


def test_the_markdown_of_a_bad_zone_names_it_first() -> None:
    outcome = run(seeing({"web-1": "192.168.0.129"}))
    lines: Sequence[str] = result.as_markdown(as_result(outcome)).splitlines()
    assert lines[0] == "<!-- tke-hybrid:verify -->"
    assert lines[1].startswith("### ⛔ SNAT\\_NODE in ap-guangzhou-6")
    assert "| ap-guangzhou-4 | 1/1 | PRESERVED |" in lines
    assert "| ap-guangzhou-6 | 1/1 | SNAT\\_NODE |" in lines


def test_an_address_of_the_load_balancer_without_traffic_is_not_proven() -> None:
    """A dual-stack load balancer has two addresses, and one of them proves nothing of the other."""

    def outcome(entries: list[dict[str, str]]) -> Verification:
        with background(seeing({})) as port:
            body = {**service(ports=[{"port": port}]), "status": {"loadBalancer": {"ingress": entries}}}
            return verify(OPTIONS, lambda: FakeKube({"web": body}), Progress())

    one, two = outcome([{"ip": CLIENT}]), outcome([{"ip": "fd00::8"}, {"ip": CLIENT}])
    assert one.exit_code == 0
    assert two.exit_code not in (0, 1)
    assert any("fd00::8 got no traffic" in text for text in two.uncovered)


@pytest.mark.parametrize("kind", [POD, NODE, ENDPOINT_SLICE])
def test_what_may_not_be_read_is_never_proven_by_traffic_alone(kind: Kind) -> None:
    assert run(seeing({}), FakeKube(forbidden={kind})).exit_code is ExitCode.COULD_NOT_TELL
