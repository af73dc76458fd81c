"""Peers out of the pods' TCP tables (`/proc/net/tcp` and `/proc/net/tcp6`), for applications that neither
answer with nor log the client's address. Connections are held open while kubectl reads the tables; nothing is
sent on them."""

import asyncio
import contextlib
import ipaddress
import re
import shutil
import time
from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pulumi_tke_hybrid.cli.process import CouldNotTell, shown
from pulumi_tke_hybrid.tke.objects import Json, children
from pulumi_tke_hybrid.verify.answers import Answer, address_in
from pulumi_tke_hybrid.verify.backends import Backends, Tally
from pulumi_tke_hybrid.verify.probe import PAUSE, ProbePlan, Traffic, Watch, until_deadline
from pulumi_tke_hybrid.verify.probe_client import resolve
from pulumi_tke_hybrid.verify.target import Target

ESTABLISHED = "01"
HEADING = b"local_address"
"""Part of the first line of each table."""

_LINE = re.compile(
    r"\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})"
    r" ([0-9A-F]{2})\s"
)


class Ends(NamedTuple):
    """Both ends of one connection, as the pod's kernel lists them."""

    local: str
    local_port: int
    peer: str
    peer_port: int


TcpTables = Mapping[str, Collection[Ends]]
"""The connections of each pod whose table could be read, by the pod's name."""


def established(text: str, ports: Collection[int]) -> frozenset[Ends]:
    """Return the established connections to one of these local ports. Other lines are skipped."""
    found: set[Ends] = set()
    for line in text.splitlines():
        entry = _LINE.match(line)
        if entry and entry[5] == ESTABLISHED and int(entry[2], 16) in ports:
            found.add(Ends(_address(entry[1]), int(entry[2], 16), _address(entry[3]), int(entry[4], 16)))
    return frozenset(found)


def _address(digits: str) -> str:
    """Read words of 32 bits in the machine's byte order; TKE's machines, x86 and Arm, are little-endian."""
    words = [bytes.fromhex(digits[start : start + 8])[::-1] for start in range(0, len(digits), 8)]
    return address_in(str(ipaddress.ip_address(b"".join(words))))


def held_connections(
    before: TcpTables,
    held: Collection[TcpTables],
    after: TcpTables,
    own: Collection[tuple[str, int]],
    unread: bool,
) -> list[tuple[str, str]]:
    """Return (pod, peer) of the held connections, whose client ends are `own`: absent before, present in each
    table while held, and absent afterwards. Health checks are shorter, and other clients stay longer.

    Where more connections match than were held, or fewer although no pod is `unread`, only connections from
    our own address and port count.
    """
    found = [
        (pod, ends)
        for pod in before
        if pod in after
        for ends in set[Ends]
        .intersection(*(set(tables.get(pod, ())) for tables in held))
        .difference(before[pod], after[pod])
    ]
    if len(found) > len(own) or (len(found) < len(own) and not unread):
        found = [(pod, ends) for pod, ends in found if (ends.peer, ends.peer_port) in own]
    return [(pod, ends.peer) for pod, ends in found]


MAX_BYTES = 8 * 1024 * 1024
"""Bytes of one table: about 50,000 connections."""
SETTLE = 0.3
"""Seconds from opening or closing a connection until the pod's kernel lists the change."""
_REASONS = {
    "executable file not found": "the image has no cat; use an answer of the application, or its log",
    "forbidden": "not allowed: the kubeconfig's user needs create on pods/exec",
    "unauthorized": "the API server does not accept the credentials",
    "getting credentials": "the credential helper of the kubeconfig failed",
    "unable to connect to the server": "the API server was not reached",
    "container not found": "the container does not run",
}
"""Parts of kubectl's messages, in lower case."""
MAX_EMPTY_ROUNDS = 5
"""Rounds of held connections without a match in any pod, after which the search stops."""


@dataclass(frozen=True)
class Kubectl:
    """The kubectl of this machine, with the command's options."""

    kubeconfig: Path | None = None
    context: str = ""
    timeout: float = 15.0
    """Seconds for one call."""

    def program(self) -> str:
        """Return the path of kubectl. Raises CouldNotTell."""
        found = shutil.which("kubectl")
        if found is None:
            raise CouldNotTell("--from-tcp-table needs kubectl, and there is none on PATH")
        return found

    async def table(self, namespace: str, pod: str) -> str:
        """Read a pod's TCP tables. Raises CouldNotTell."""
        argv = [self.program(), "exec"]
        argv += ["--kubeconfig", str(self.kubeconfig)] if self.kubeconfig else []
        argv += ["--context", self.context] if self.context else []
        argv += ["-n", namespace, pod, "--", "cat", "/proc/net/tcp", "/proc/net/tcp6"]
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
            )
        except OSError as error:
            raise CouldNotTell(f"kubectl does not start: {error.strerror}") from None
        assert process.stdout, "a pipe"
        assert process.stderr, "a pipe"
        try:
            reading = asyncio.gather(_all(process.stdout, MAX_BYTES), _all(process.stderr, 2000))
            output, errors = await asyncio.wait_for(reading, self.timeout)
        except (asyncio.TimeoutError, TimeoutError):
            raise CouldNotTell(f"kubectl exec {pod} gave no table within {self.timeout:g} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if len(output) > MAX_BYTES:
            raise CouldNotTell(f"the TCP table of {pod} is longer than {MAX_BYTES} bytes")
        if HEADING not in output:  # kubectl also fails on a node without IPv6, which has no tcp6
            reason = _reason(errors.decode("utf-8", "replace"), pod)
            raise CouldNotTell(f"the TCP table of {pod} could not be read with cat: {reason}")
        return output.decode("ascii", "replace")


def _reason(errors: str, pod: str) -> str:
    """Return why kubectl printed no table. The text of kubectl is not shown: it can hold output of a
    credential helper."""
    known = next((reason for part, reason in _REASONS.items() if part in errors.casefold()), "")
    return known or f"no table came; `kubectl exec {pod} -- cat /proc/net/tcp` shows why"


async def _all(stream: asyncio.StreamReader, most: int) -> bytes:
    """Read the whole stream, and keep one byte over the bound at most."""
    data = bytearray()
    while chunk := await stream.read(65536):
        data += chunk[: most + 1 - len(data)]
    return bytes(data)


def ports_of(services: Collection[Json], pod: Json) -> frozenset[int]:
    """Return the pod's own ports behind the Services."""
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
class TcpTableReader:
    """Reader of the tables of the pods that should answer."""

    kubectl: Kubectl
    namespace: str
    ports: Mapping[str, Collection[int]]
    """Ports of each pod."""
    unread: dict[str, str] = field(default_factory=dict[str, str])
    """Pods whose table could not be read the last time, with the reason."""

    async def read(self, concurrency: int) -> dict[str, frozenset[Ends]]:
        slots = asyncio.Semaphore(concurrency)

        async def read_one(pod: str) -> tuple[str, frozenset[Ends] | None]:
            async with slots:
                try:
                    text = await self.kubectl.table(self.namespace, pod)
                except CouldNotTell as error:
                    self.unread[pod] = str(error)
                    return pod, None
                self.unread.pop(pod, None)
                return pod, established(text, self.ports[pod])

        tables = await asyncio.gather(*map(read_one, self.ports))
        return {pod: table for pod, table in tables if table is not None}


async def run(
    target: Target, plan: ProbePlan, backends: Backends, tables: TcpTableReader, watch: Watch
) -> Traffic:
    """Hold as many connections at a time as the plan allows, until each pod had a held connection or the
    deadline ends."""
    tables.kubectl.program()
    traffic = Traffic(Tally(backends))
    if not tables.ports:
        traffic.stopped = "no pod is ready"
    try:
        await until_deadline(_rounds(target, plan, tables, traffic, watch), plan, traffic)
    except OSError as error:
        traffic.stopped = f"the name {target.host} was not found: {error.strerror}"
    for pod, why in tables.unread.items():
        if pod not in traffic.tally.answered:
            traffic.tally.add(Answer(pod=pod, local=traffic.local, problem=why))
    return traffic


async def _rounds(
    target: Target, plan: ProbePlan, tables: TcpTableReader, traffic: Traffic, watch: Watch
) -> None:
    traffic.remote = await resolve(target.host, target.port)
    before, empty_rounds, started = await tables.read(plan.concurrency), 0, time.monotonic()
    while before and traffic.tally.backends.expected - traffic.tally.answered - tables.unread.keys():
        async with _held(target.port, plan, traffic) as own:
            await asyncio.sleep(SETTLE)
            during = [await tables.read(plan.concurrency), await tables.read(plan.concurrency)] if own else []
        watch(traffic)
        if not own:
            traffic.waited = time.monotonic() - started
            if not traffic.replies and traffic.waited > plan.retry:
                traffic.stopped = (
                    f"no connection within {plan.retry:g} s: the load balancer is not ready, or not"
                    " reached from here"
                )
                return
            await asyncio.sleep(4 * PAUSE)
            continue
        await asyncio.sleep(SETTLE)
        after = await tables.read(plan.concurrency)
        found = held_connections(before, during, after, own, bool(tables.unread))
        for pod, peer in found:
            traffic.tally.add(Answer(peer=peer, pod=pod, local=traffic.local))
        empty_rounds = 0 if found else empty_rounds + 1
        if empty_rounds == MAX_EMPTY_ROUNDS:
            traffic.stopped = (
                "the held connections could not be recognised in the pods' TCP tables: a layer 7 listener"
                " opens none before a request is complete, and other clients' or a sidecar's connections may"
                " look the same"
            )
            return
        before = after


@contextlib.asynccontextmanager
async def _held(port: int, plan: ProbePlan, traffic: Traffic) -> AsyncGenerator[list[tuple[str, int]]]:
    """Hold open connections, on which nothing is sent; the value is their own addresses and ports."""
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> None:
        traffic.requests += 1
        try:
            _, writer = await asyncio.wait_for(
                asyncio.open_connection(traffic.remote, port), plan.limits.connect
            )
        except (asyncio.TimeoutError, TimeoutError):
            traffic.add_failure(f"no connection within {plan.limits.connect:g} s")
        except OSError as error:
            traffic.add_failure(f"no connection: {shown(error.strerror or type(error).__name__)}")
        else:
            writers.append(writer)

    try:
        await asyncio.gather(*(connect() for _ in range(plan.concurrency)))
        names = [writer.get_extra_info("sockname") for writer in writers]
        own = [(address_in(str(name[0])), int(name[1])) for name in names]
        if own:
            if not traffic.replies:
                traffic.failures.clear()  # the load balancer was not ready before
            traffic.replies += len(own)
            traffic.local = own[0][0]
        yield own
    finally:
        for writer in writers:
            writer.transport.abort()
