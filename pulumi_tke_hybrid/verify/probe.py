"""The traffic: requests on new connections until enough requests are sent and each pod has answered; answers
out of the pods' access logs; and the progress on standard error. Judges no answer."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pulumi_tke_hybrid.cli.process import CouldNotTell, listed, shown
from pulumi_tke_hybrid.kube import KubeError
from pulumi_tke_hybrid.kube.client import KubeClient
from pulumi_tke_hybrid.verify.answers import Answer, from_log_line, read
from pulumi_tke_hybrid.verify.backends import Backends, Tally
from pulumi_tke_hybrid.verify.probe_client import ProbeClient, Reply, resolve
from pulumi_tke_hybrid.verify.target import Limits, Target
from pulumi_tke_hybrid.verify.verdict import FORGED

if TYPE_CHECKING:  # the Job has the standard library alone
    from rich.console import Console
    from rich.status import Status

MORE_PER_POD = 40
"""Further requests for each awaited pod: with random balancing these requests reach each of 30 pods with near
certainty."""
MAX_UNREADABLE = 10
"""Unreadable answers after which the traffic stops, where no answer could be read before."""
MAX_FORGED_REQUESTS = 3
PAUSE = 0.25
"""Seconds before the second request to a load balancer that is not ready; the pause grows from then on."""
MAX_FAILURES = 20
"""Different failures that are kept."""
CANCEL_AGAIN = 0.2
"""Seconds until a swallowed cancellation is repeated."""
MAX_LOG_LINES = 50_000
"""Lines of one log that are read."""
MAX_LOG_LINE = 8192
PROGRESS_SECONDS = 5.0
"""Seconds between two progress lines without a terminal."""


@dataclass(frozen=True)
class ProbePlan:
    """The number of requests, and how answers are read."""

    requests: int = 100
    """Least number of requests."""
    concurrency: int = 16
    deadline: float = 60.0
    """Seconds for all requests."""
    retry: float = 30.0
    """Seconds of the deadline to wait for the first answer: a load balancer that is not ready is not
    judged."""
    peer_field: str = ""
    pod_field: str = ""
    from_log: bool = False
    """The answers are in the pods' logs: bodies are not read."""
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    """Mark of our requests in access logs."""
    limits: Limits = field(default_factory=Limits)

    @property
    def agent(self) -> str:
        """User-Agent of the requests."""
        return f"tke-hybrid-verify/{self.token}"

    @property
    def forging_agent(self) -> str:
        """User-Agent of the requests with a forged header."""
        return f"tke-hybrid-forged/{self.token}"


@dataclass
class Traffic:
    """The requests and their answers. The fields travel through the log of the Job."""

    tally: Tally
    forged: list[Answer] = field(default_factory=list[Answer])
    """Answers to the requests with a forged header."""
    failures: dict[str, int] = field(default_factory=dict[str, int])
    """Requests without an answer, by the failure."""
    requests: int = 0
    replies: int = 0
    """Requests with an answer."""
    seconds: float = 0.0
    waited: float = 0.0
    """Seconds until the first answer."""
    local: str = ""
    """The client's own address."""
    remote: str = ""
    """The address that the requests went to."""
    stopped: str = ""
    """Reason why the traffic ended early."""

    def add_failure(self, what: str) -> None:
        if what not in self.failures and len(self.failures) >= MAX_FAILURES:
            what = "other failures"
        self.failures[what] = self.failures.get(what, 0) + 1


Watch = Callable[[Traffic], None]
"""Called after each request, to show progress."""


async def in_time(work: Coroutine[object, object, None], seconds: float) -> bool:
    """Run the work; return False if the time was up before its end. Errors of the work are raised.

    Not `asyncio.wait_for`, which cancels once: before Python 3.12 a `wait_for` inside the work swallows that
    cancellation if its own task ends at the same moment, and the work would go on.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        ended_by_itself = task.done()
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_AGAIN)
    if not task.cancelled():
        task.result()
    return ended_by_itself


async def run(target: Target, plan: ProbePlan, backends: Backends, watch: Watch) -> Traffic:
    """Send all requests of a plan, within its deadline."""
    probe = _Probe(target, plan, Traffic(Tally(backends)), watch)
    await until_deadline(probe.run(), plan, probe.traffic)
    return probe.traffic


async def until_deadline(work: Coroutine[object, object, None], plan: ProbePlan, traffic: Traffic) -> None:
    """Run the work within the plan's deadline. Errors of the work are raised."""
    started = time.monotonic()
    try:
        if not await in_time(work, plan.deadline):
            traffic.stopped = traffic.stopped or f"the deadline of {plan.deadline:g} s passed"
    finally:
        traffic.seconds = time.monotonic() - started


class _Probe:
    def __init__(self, target: Target, plan: ProbePlan, traffic: Traffic, watch: Watch) -> None:
        self._target, self._plan, self.traffic, self._watch = target, plan, traffic, watch
        expected = len(traffic.tally.backends.expected)
        self._most = plan.requests + (0 if plan.from_log else MORE_PER_POD * expected)

    async def run(self) -> None:
        """Send until the first answer, then a forged header, then all other requests."""
        try:
            self.traffic.remote = await resolve(self._target.host, self._target.port)
        except OSError as error:
            self.traffic.stopped = f"the name {self._target.host} was not found: {error.strerror}"
            return
        self._client = ProbeClient(self._target, self.traffic.remote, self._plan.limits)
        if await self._first_answer():
            await self._forged_request()
            await asyncio.gather(*(self._worker() for _ in range(self._plan.concurrency)))

    async def _first_answer(self) -> bool:
        started, pause = time.monotonic(), PAUSE
        while True:
            await self._request()
            self.traffic.waited = time.monotonic() - started
            if self.traffic.replies:
                self.traffic.failures.clear()  # the load balancer was not ready before
                return True
            if self.traffic.waited + pause > self._plan.retry:
                self.traffic.stopped = (
                    f"no answer within {self._plan.retry:g} s: the load balancer is not ready, or not"
                    " reached from here"
                )
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 2.0)

    async def _forged_request(self) -> None:
        if not self._target.http:
            return
        headers = {"User-Agent": self._plan.forging_agent, "X-Forwarded-For": FORGED}
        for _ in range(MAX_FORGED_REQUESTS):
            reply = await self._client.send(headers)
            if not reply.failure:
                if not self._plan.from_log:
                    self.traffic.forged.append(self._answer(reply))
                return

    async def _worker(self) -> None:
        while not self._enough():
            await self._request()

    def _enough(self) -> bool:
        traffic = self.traffic
        if traffic.stopped:
            return True
        if traffic.requests >= MAX_UNREADABLE and not self._plan.from_log and traffic.tally.read == 0:
            traffic.stopped = f"none of the first {traffic.requests} answers could be read"
            return True
        return traffic.requests >= self._most or (
            traffic.requests >= self._plan.requests and traffic.tally.complete
        )

    async def _request(self) -> None:
        traffic = self.traffic
        traffic.requests += 1
        reply = await self._client.send({"User-Agent": self._plan.agent})
        traffic.local = reply.local or traffic.local
        if reply.failure:
            traffic.add_failure(reply.failure)
        else:
            traffic.replies += 1
            if not self._plan.from_log:
                traffic.tally.add(self._answer(reply))
        self._watch(traffic)

    def _answer(self, reply: Reply) -> Answer:
        if reply.problem:
            return Answer(local=reply.local, problem=reply.problem)
        return replace(read(reply.body, self._plan.peer_field, self._plan.pod_field), local=reply.local)


def add_answers_in_logs(
    kube: KubeClient,
    namespace: str,
    containers: Mapping[str, str],
    traffic: Traffic,
    plan: ProbePlan,
    seconds: int,
) -> None:
    """Add the lines of the access logs that hold the marks of our requests. `containers`: pod to the
    container whose log is read. For applications that do not answer with the client's address, like the
    article's nginx."""
    unread: list[str] = []
    for pod, container in containers.items():
        try:
            lines = kube.log(namespace, pod, container, seconds)
        except KubeError as error:
            unread.append(str(error))
            continue
        for line in lines[:MAX_LOG_LINES]:
            if len(line) <= MAX_LOG_LINE and plan.token in line:
                answer = replace(from_log_line(line, pod), local=traffic.local)
                if plan.forging_agent in line:
                    traffic.forged.append(answer)
                elif plan.agent in line:
                    traffic.tally.add(answer)
    if unread and not traffic.tally.read:
        raise CouldNotTell(f"no log could be read: {unread[0]}")
    if traffic.replies and not traffic.tally.read:
        traffic.stopped = (
            "no log line holds the requests' User-Agent: the access log must go to standard output, with"
            " $http_user_agent (nginx's default)"
        )


class Progress:
    """Progress for a person, or for the log of a pipeline; without a console nothing is shown."""

    def __init__(self, console: "Console | None" = None, status: "Status | None" = None) -> None:
        self._console, self._status = console, status
        self._next = time.monotonic() + PROGRESS_SECONDS

    def step(self, line: str) -> None:
        if self._console is not None:
            self._console.print(shown(line, 300), markup=False, highlight=False)

    def watch(self, traffic: Traffic) -> None:
        if self._console is not None and self._status is not None:
            self._status.update(self._console.render_str(_line(traffic), markup=False, highlight=False))
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_SECONDS
            self.step(_line(traffic))


@contextlib.contextmanager
def progress_on(console: "Console") -> Generator[Progress]:
    """Show progress on this console: a moving line on a terminal, a line now and then elsewhere."""
    with console.status("reading") if console.is_terminal else contextlib.nullcontext() as status:
        yield Progress(console, status)


def _line(traffic: Traffic) -> str:
    tally, expected = traffic.tally, len(traffic.tally.backends.expected)
    pods = f", {len(tally.answered)}/{expected} pods answered" if expected else ""
    failed = sum(traffic.failures.values())
    seen = listed([shown(text, 60) for text in traffic.failures], 1)
    failures = f", {failed} failed ({seen})" if failed else ""
    if not traffic.replies:
        return f"waiting for the load balancer: {traffic.requests} requests{failures}"
    return f"{traffic.requests} requests{pods}{failures}"
