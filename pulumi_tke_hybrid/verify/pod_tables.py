"""Answers from the pods' access logs: for applications that tell their client nothing, like the article's
nginx.

The kernel's tables of TCP connections, `/proc/net/tcp` and `/proc/net/tcp6`, and which entries are a probe's.
Pure functions.

Answers from the pods' TCP tables: for applications that neither tell their client anything nor log it.
Connections are held open while
kubectl reads each pod's table; nothing is sent on them."""

import asyncio
import contextlib
import ipaddress
import re
import shutil
import time
from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from pulumi_tke_hybrid.cli.text import shown
from pulumi_tke_hybrid.kube.objects import children
from pulumi_tke_hybrid.tke.values import Json
from pulumi_tke_hybrid.verify.answers import Answer, address_in, from_log_line
from pulumi_tke_hybrid.verify.backends import Roster, Tally
from pulumi_tke_hybrid.verify.connection import in_time
from pulumi_tke_hybrid.verify.kube import CannotVerify, Kube
from pulumi_tke_hybrid.verify.probe import PAUSE, Plan, Traffic, Watch
from pulumi_tke_hybrid.verify.probe_client import Target, resolve

MOST_LINES = 50_000
"""Lines of one log that are looked at."""
LONGEST_LINE = 8192


def answers_in_logs(kube: Kube, namespace: str, traffic: Traffic, plan: Plan, seconds: int) -> None:
    """Add what the pods logged about our requests, found by the marks in their User-Agent."""
    unread: list[str] = []
    for pod in traffic.tally.roster.pods:
        try:
            lines = kube.log(namespace, pod.name, seconds)
            for _, line in zip(range(MOST_LINES), lines, strict=False):
                if len(line) <= LONGEST_LINE and plan.token in line:
                    answer = replace(from_log_line(line, pod.name), local=traffic.local)
                    if plan.forging_agent in line:
                        traffic.forged.append(answer)
                    elif plan.agent in line:
                        traffic.tally.add(answer)
        except CannotVerify as error:
            unread.append(str(error))
    if unread and not traffic.tally.read:
        raise CannotVerify(f"no log could be read: {unread[0]}")
    if traffic.replies and not traffic.tally.read:
        traffic.stopped = (
            "no log line holds the requests' User-Agent: the access log must go to standard output, with"
            " $http_user_agent (nginx's default)"
        )


ESTABLISHED = "01"
HEADING = b"local_address"
"""Stands in the first line of each table."""

_LINE = re.compile(
    r"\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})"
    r" ([0-9A-F]{2})\s"
)


class Ends(NamedTuple):
    """One connection, as the pod's kernel knows it."""

    local: str
    local_port: int
    peer: str
    peer_port: int


TcpTables = Mapping[str, Collection[Ends]]
"""The connections of each pod that could be read, by the pod's name."""


def established(text: str, ports: Collection[int]) -> frozenset[Ends]:
    """The established connections to one of these local ports. What is no entry of a table is passed over."""
    found: set[Ends] = set()
    for line in text.splitlines():
        entry = _LINE.match(line)
        if entry and entry[5] == ESTABLISHED and int(entry[2], 16) in ports:
            found.add(Ends(_address(entry[1]), int(entry[2], 16), _address(entry[3]), int(entry[4], 16)))
    return frozenset(found)


def _address(digits: str) -> str:
    """Words of 32 bits in the order of the machine's own bytes; TKE's machines, x86 and Arm, are
    little-endian."""
    words = [bytes.fromhex(digits[start : start + 8])[::-1] for start in range(0, len(digits), 8)]
    return address_in(str(ipaddress.ip_address(b"".join(words))))


def ours(
    before: TcpTables,
    held: Collection[TcpTables],
    after: TcpTables,
    own: Collection[tuple[str, int]],
    unread: bool,
) -> list[tuple[str, str]]:
    """(pod, peer) of the connections that were held with the `own` ends: not there before, there in each look
    while they were held,
    and gone after. That leaves out health checks, which are short, and clients that stay.

    Should others still match, only what has our own address and port is certain; the same if fewer match,
    unless a pod is `unread`.
    """
    found = [
        (pod, ends)
        for pod in before
        if pod in after
        for ends in set[Ends]
        .intersection(*(set(look.get(pod, ())) for look in held))
        .difference(before[pod], after[pod])
    ]
    if len(found) > len(own) or (len(found) < len(own) and not unread):
        found = [(pod, ends) for pod, ends in found if (ends.peer, ends.peer_port) in own]
    return [(pod, ends.peer) for pod, ends in found]


MOST_BYTES = 8 * 1024 * 1024
"""Of one table: about 50,000 connections."""
SETTLE = 0.3
"""Seconds from opening or closing a connection until the pod's kernel knows."""
_REASONS = {
    "executable file not found": "the image has no cat; use an answer of the application, or its log",
    "forbidden": "not allowed: the kubeconfig's user needs create on pods/exec",
    "unauthorized": "the API server does not accept the credentials",
    "getting credentials": "the credential helper of the kubeconfig failed",
    "unable to connect to the server": "the API server was not reached",
    "container not found": "the container does not run",
}
"""Parts of kubectl's messages, in lower case."""
FRUITLESS = 5
"""So many rounds of connections that were seen in no pod: further ones would not be either."""


@dataclass(frozen=True)
class Kubectl:
    """The machine's own kubectl, with the command's options."""

    kubeconfig: Path | None = None
    context: str = ""
    timeout: float = 15.0
    """Seconds for one call."""

    def program(self) -> str:
        """Where it is. Raises CannotVerify."""
        found = shutil.which("kubectl")
        if found is None:
            raise CannotVerify("--from-tcp-table needs kubectl, and there is none on PATH")
        return found

    async def table(self, namespace: str, pod: str) -> str:
        """A pod's TCP tables. Raises CannotVerify."""
        where = [
            *(["--kubeconfig", str(self.kubeconfig)] if self.kubeconfig else []),
            *(["--context", self.context] if self.context else []),
        ]
        argv = [
            self.program(),
            "exec",
            *where,
            "-n",
            namespace,
            pod,
            "--",
            "cat",
            "/proc/net/tcp",
            "/proc/net/tcp6",
        ]
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
            )
        except OSError as error:
            raise CannotVerify(f"kubectl does not start: {error.strerror}") from None
        assert process.stdout, "a pipe"
        assert process.stderr, "a pipe"
        try:
            reading = asyncio.gather(_all(process.stdout, MOST_BYTES), _all(process.stderr, 2000))
            said, told = await asyncio.wait_for(reading, self.timeout)
        except (asyncio.TimeoutError, TimeoutError):
            raise CannotVerify(f"kubectl exec {pod} gave no table within {self.timeout:g} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if len(said) > MOST_BYTES:
            raise CannotVerify(f"the TCP table of {pod} is longer than {MOST_BYTES} bytes")
        if (
            HEADING not in said
        ):  # the exit code does not tell: a node without IPv6 has no tcp6, and that is no error
            raise CannotVerify(
                f"the TCP table of {pod} could not be read with cat:"
                f" {_reason(told.decode('utf-8', 'replace'), pod)}"
            )
        return said.decode("ascii", "replace")


def _reason(told: str, pod: str) -> str:
    """Why kubectl returned no table. Its text is not shown: what a credential helper of the kubeconfig
    printed is in it too."""
    known = next((reason for part, reason in _REASONS.items() if part in told.casefold()), "")
    return known or f"no table came; `kubectl exec {pod} -- cat /proc/net/tcp` shows why"


async def _all(stream: asyncio.StreamReader, most: int) -> bytes:
    """All of it, and no more than one byte over the bound is kept."""
    data = bytearray()
    while chunk := await stream.read(65536):
        data += chunk[: most + 1 - len(data)]
    return bytes(data)


def ports_of(services: Collection[Json], pod: Json) -> frozenset[int]:
    """The pod's own ports behind the Services."""
    named: Json = {
        str(port.get("name")): port.get("containerPort")
        for item in children(pod, "spec", "containers")
        for port in children(item, "ports")
    }
    targets = [
        port.get("targetPort") or port.get("port")
        for service in services
        for port in children(service, "spec", "ports")
    ]
    return frozenset(
        int(port) for port in (str(named.get(str(target), target)) for target in targets) if port.isdecimal()
    )


@dataclass
class Tables:
    """Reads the tables of the pods that should answer."""

    kubectl: Kubectl
    namespace: str
    ports: Mapping[str, Collection[int]]
    """Of each pod."""
    unread: dict[str, str] = field(default_factory=dict[str, str])
    """Pods whose table could not be read the last time, and why."""

    async def look(self, at_once: int) -> dict[str, frozenset[Ends]]:
        """All tables."""
        room = asyncio.Semaphore(at_once)

        async def one(pod: str) -> tuple[str, frozenset[Ends] | None]:
            async with room:
                try:
                    text = await self.kubectl.table(self.namespace, pod)
                except CannotVerify as error:
                    self.unread[pod] = str(error)
                    return pod, None
                self.unread.pop(pod, None)
                return pod, established(text, self.ports[pod])

        return {pod: found for pod, found in await asyncio.gather(*map(one, self.ports)) if found is not None}


async def run(target: Target, plan: Plan, roster: Roster, tables: Tables, watch: Watch) -> Traffic:
    """Hold as many connections at a time as the plan allows, until one was seen in each pod or the deadline
    ends."""
    tables.kubectl.program()
    traffic, started = Traffic(Tally(roster)), time.monotonic()
    if not tables.ports:
        traffic.stopped = "no pod is ready"
    try:
        if not await in_time(_rounds(target, plan, tables, traffic, watch), plan.deadline):
            traffic.stopped = traffic.stopped or f"the deadline of {plan.deadline:g} s passed"
    except OSError as error:
        traffic.stopped = f"the name {target.host} was not found: {error.strerror}"
    for pod, why in tables.unread.items():
        if pod not in traffic.tally.answered:
            traffic.tally.add(Answer(pod=pod, local=traffic.local, problem=why))
    traffic.seconds = time.monotonic() - started
    return traffic


async def _rounds(target: Target, plan: Plan, tables: Tables, traffic: Traffic, watch: Watch) -> None:
    traffic.remote = await resolve(target.host, target.port)
    before, fruitless, started = await tables.look(plan.concurrency), 0, time.monotonic()
    while before and traffic.tally.roster.wanted - traffic.tally.answered - tables.unread.keys():
        async with _held(target.port, plan, traffic) as own:
            await asyncio.sleep(SETTLE)
            looks = [await tables.look(plan.concurrency), await tables.look(plan.concurrency)] if own else []
        watch(traffic)
        if not own:
            traffic.waited = time.monotonic() - started
            if not traffic.replies and traffic.waited > plan.patience:
                traffic.stopped = (
                    f"no connection within {plan.patience:g} s: the load balancer is not ready, or not"
                    " reached from here"
                )
                return
            await asyncio.sleep(4 * PAUSE)
            continue
        await asyncio.sleep(SETTLE)
        after = await tables.look(plan.concurrency)
        found = ours(before, looks, after, own, bool(tables.unread))
        for pod, peer in found:
            traffic.tally.add(Answer(peer=peer, pod=pod, local=traffic.local))
        fruitless = 0 if found else fruitless + 1
        if fruitless == FRUITLESS:
            traffic.stopped = (
                "the held connections could not be told apart in the pods' TCP tables: a layer 7 listener"
                " opens none before a request is complete, and other clients' or a sidecar's connections may"
                " look the same"
            )
            return
        before = after


@contextlib.asynccontextmanager
async def _held(port: int, plan: Plan, traffic: Traffic) -> AsyncGenerator[list[tuple[str, int]]]:
    """Open connections on which nothing is said, by their own addresses and ports."""
    writers: list[asyncio.StreamWriter] = []

    async def one() -> None:
        traffic.requests += 1
        try:
            _, writer = await asyncio.wait_for(
                asyncio.open_connection(traffic.remote, port), plan.limits.connect
            )
        except (asyncio.TimeoutError, TimeoutError):
            traffic.failed(f"no connection within {plan.limits.connect:g} s")
        except OSError as error:
            traffic.failed(f"no connection: {shown(error.strerror or type(error).__name__)}")
        else:
            writers.append(writer)

    try:
        await asyncio.gather(*(one() for _ in range(plan.concurrency)))
        names = [writer.get_extra_info("sockname") for writer in writers]
        own = [(address_in(str(name[0])), int(name[1])) for name in names]
        if own:
            if not traffic.replies:
                traffic.failures.clear()  # it was not ready then, and is now
            traffic.replies += len(own)
            traffic.local = own[0][0]
        yield own
    finally:
        for writer in writers:
            writer.transport.abort()
