"""The traffic: questions on new connections until enough were asked and each pod has answered.

Progress while it runs, on standard error: a moving line on a terminal, a line now and then elsewhere."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from pulumi_tke_hybrid.cli.text import listed, shown
from pulumi_tke_hybrid.verify.answers import Answer, read
from pulumi_tke_hybrid.verify.backends import Roster, Tally
from pulumi_tke_hybrid.verify.connection import in_time
from pulumi_tke_hybrid.verify.probe_client import Asker, Limits, Reply, Target, resolve
from pulumi_tke_hybrid.verify.verdict import FORGED

if TYPE_CHECKING:  # the Job has the standard library alone
    from rich.console import Console
    from rich.status import Status

MORE_PER_POD = 40
"""Further questions for each pod that is waited for: with random balancing 30 pods are all met with near
certainty."""
HOPELESS = 10
"""So many answers in a row that cannot be read, and none before: asking on would not change it."""
FORGED_TRIES = 3
PAUSE = 0.25
"""Seconds before a load balancer that is not ready is asked again; grows from then on."""
MOST_FAILURES = 20
"""Different failures that are kept."""


@dataclass(frozen=True)
class Plan:
    """How much is asked, and how answers are read."""

    requests: int = 100
    """Questions, at the least."""
    concurrency: int = 16
    deadline: float = 60.0
    """Seconds for everything."""
    patience: float = 30.0
    """Seconds of it to wait for the first answer: a load balancer that is not ready is waited for, not
    judged."""
    peer_field: str = ""
    pod_field: str = ""
    from_log: bool = False
    """The answers are in the pods' logs: bodies are not read."""
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    """Marks our requests in access logs."""
    limits: Limits = field(default_factory=Limits)

    @property
    def agent(self) -> str:
        """User-Agent of the questions."""
        return f"tke-hybrid-verify/{self.token}"

    @property
    def forging_agent(self) -> str:
        """User-Agent of those with a forged header."""
        return f"tke-hybrid-forged/{self.token}"


@dataclass
class Traffic:
    """What was asked and what came back."""

    tally: Tally
    forged: list[Answer] = field(default_factory=list[Answer])
    failures: dict[str, int] = field(default_factory=dict[str, int])
    """Questions that no pod answered, by what happened."""
    requests: int = 0
    replies: int = 0
    """Questions that somebody answered."""
    seconds: float = 0.0
    waited: float = 0.0
    """Seconds until the first answer."""
    local: str = ""
    """The client's own address."""
    remote: str = ""
    """The address that was asked."""
    stopped: str = ""
    """Why it ended early, in words."""

    def failed(self, what: str) -> None:
        """Count a failure."""
        if what not in self.failures and len(self.failures) >= MOST_FAILURES:
            what = "other failures"
        self.failures[what] = self.failures.get(what, 0) + 1


Watch = Callable[[Traffic], None]
"""Told after each question, to show progress."""


async def run(target: Target, plan: Plan, roster: Roster, watch: Watch) -> Traffic:
    """All questions of a plan. Ends within its deadline, whatever the other side does."""
    probe = _Probe(target, plan, Traffic(Tally(roster)), watch)
    started = time.monotonic()
    if not await in_time(probe.all(), plan.deadline):
        probe.traffic.stopped = probe.traffic.stopped or f"the deadline of {plan.deadline:g} s passed"
    probe.traffic.seconds = time.monotonic() - started
    return probe.traffic


class _Probe:
    def __init__(self, target: Target, plan: Plan, traffic: Traffic, watch: Watch) -> None:
        self._target, self._plan, self.traffic, self._watch = target, plan, traffic, watch
        wanted = len(traffic.tally.roster.wanted)
        self._most = plan.requests + (0 if plan.from_log else MORE_PER_POD * wanted)

    async def all(self) -> None:
        """First answer, forged header, then the rest."""
        try:
            self.traffic.remote = await resolve(self._target.host, self._target.port)
        except OSError as error:
            self.traffic.stopped = f"the name {self._target.host} was not found: {error.strerror}"
            return
        self._asker = Asker(self._target, self.traffic.remote, self._plan.limits)
        if await self._first():
            await self._forge()
            await asyncio.gather(*(self._worker() for _ in range(self._plan.concurrency)))

    async def _first(self) -> bool:
        started, pause = time.monotonic(), PAUSE
        while True:
            await self._one()
            self.traffic.waited = time.monotonic() - started
            if self.traffic.replies:
                self.traffic.failures.clear()  # it was not ready then, and is now
                return True
            if self.traffic.waited + pause > self._plan.patience:
                self.traffic.stopped = (
                    f"no answer within {self._plan.patience:g} s: the load balancer is not ready, or not"
                    " reached from here"
                )
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 2.0)

    async def _forge(self) -> None:
        if not self._target.http:
            return
        headers = {"User-Agent": self._plan.forging_agent, "X-Forwarded-For": FORGED}
        for _ in range(FORGED_TRIES):
            reply = await self._asker.ask(headers)
            if not reply.failure:
                if not self._plan.from_log:
                    self.traffic.forged.append(self._answer(reply))
                return

    async def _worker(self) -> None:
        while not self._enough():
            await self._one()

    def _enough(self) -> bool:
        traffic = self.traffic
        if traffic.stopped:
            return True
        if traffic.requests >= HOPELESS and not self._plan.from_log and traffic.tally.read == 0:
            traffic.stopped = f"none of the first {traffic.requests} answers could be read"
            return True
        return traffic.requests >= self._most or (
            traffic.requests >= self._plan.requests and traffic.tally.complete
        )

    async def _one(self) -> None:
        traffic = self.traffic
        traffic.requests += 1
        reply = await self._asker.ask({"User-Agent": self._plan.agent})
        traffic.local = reply.local or traffic.local
        if reply.failure:
            traffic.failed(reply.failure)
        else:
            traffic.replies += 1
            if not self._plan.from_log:
                traffic.tally.add(self._answer(reply))
        self._watch(traffic)

    def _answer(self, reply: Reply) -> Answer:
        if reply.problem:
            return Answer(local=reply.local, problem=reply.problem)
        return replace(read(reply.body, self._plan.peer_field, self._plan.pod_field), local=reply.local)


EVERY = 5.0
"""Seconds between two lines where there is no terminal."""


class Progress(Protocol):
    """Told what happens."""

    def say(self, line: str) -> None:
        """A step."""
        ...

    def watch(self, traffic: Traffic) -> None:
        """After each question."""
        ...


class Silent:
    """Shows nothing."""

    def say(self, line: str) -> None:
        del line

    def watch(self, traffic: Traffic) -> None:
        del traffic


class Shown:
    """Shows it to a person or to a pipeline's log."""

    def __init__(self, console: "Console", status: "Status | None") -> None:
        self._console, self._status = console, status
        self._next = time.monotonic() + EVERY

    def say(self, line: str) -> None:
        self._console.print(shown(line, 300), markup=False, highlight=False)

    def watch(self, traffic: Traffic) -> None:
        if self._status is None and time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        line = _line(traffic)
        if self._status is None:
            self.say(line)
        else:
            self._status.update(self._console.render_str(line, markup=False, highlight=False))


@contextlib.contextmanager
def shown_on(console: "Console") -> Generator[Progress]:
    """Progress on this console for as long as it takes."""
    if not console.is_terminal:
        yield Shown(console, None)
        return
    with console.status("reading") as status:
        yield Shown(console, status)


def _line(traffic: Traffic) -> str:
    tally = traffic.tally
    pods = f", {len(tally.answered)}/{len(tally.roster.wanted)} pods answered" if tally.roster.wanted else ""
    failed = sum(traffic.failures.values())
    failures = (
        f", {failed} failed ({listed([shown(text, 60) for text in traffic.failures], 1)})" if failed else ""
    )
    if not traffic.replies:
        return f"waiting for the load balancer: {traffic.requests} requests{failures}"
    return f"{traffic.requests} requests{pods}{failures}"
